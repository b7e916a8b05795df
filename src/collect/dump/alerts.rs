//! Alerts that fired, from an Alertmanager webhook body.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::files;
use crate::collect::redact::Seen;
use crate::diagnosis::AlertFact;

/// The firing alerts of `alerts.json`; none where there is no such file or it makes no sense.
pub(super) fn read(dir: &Path, seen: &Seen) -> Vec<AlertFact> {
    let text = files::text(&dir.join("alerts.json")).unwrap_or_default();
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    let alerts = match &body {
        Value::Array(alerts) => alerts.as_slice(),
        body => body["alerts"].as_array().map_or(&[][..], Vec::as_slice),
    };
    let firing = alerts.iter().filter(|alert| alert["status"] != "resolved");
    firing.map(|body| alert(body, seen)).collect()
}

fn alert(alert: &Value, seen: &Seen) -> AlertFact {
    let texts = |field: &str| -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        for (name, value) in alert[field].as_object().into_iter().flatten() {
            let mut text = value.as_str().unwrap_or_default().to_owned();
            seen.clean(&mut text, name);
            all.insert(name.clone(), text);
        }
        all
    };
    AlertFact {
        labels: texts("labels"),
        annotations: texts("annotations"),
        starts_at: alert["startsAt"].as_str().and_then(|at| at.parse().ok()),
    }
}
