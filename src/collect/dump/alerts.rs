//! Alerts that fired, from an Alertmanager webhook body.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::files;
use crate::diagnosis::AlertFact;

/// The firing alerts of `alerts.json`; none where there is no such file or it makes no sense.
pub(super) fn read(dir: &Path) -> Vec<AlertFact> {
    let text = files::text(&dir.join("alerts.json")).unwrap_or_default();
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    let alerts = match &body {
        Value::Array(alerts) => alerts.as_slice(),
        body => body["alerts"].as_array().map_or(&[][..], Vec::as_slice),
    };
    alerts.iter().filter(|alert| alert["status"] != "resolved").map(alert).collect()
}

fn alert(alert: &Value) -> AlertFact {
    let texts = |field: &str| -> BTreeMap<String, String> {
        let pairs = alert[field].as_object().into_iter().flatten();
        pairs.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect()
    };
    AlertFact {
        labels: texts("labels"),
        annotations: texts("annotations"),
        starts_at: alert["startsAt"].as_str().and_then(|at| at.parse().ok()),
    }
}
