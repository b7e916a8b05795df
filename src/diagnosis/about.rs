//! What people have written on a workload about it: whose it is, of which service, and what its failure means.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Evidence, ObjectRef, World};

/// The longest text that is taken over, in characters.
const LONGEST: usize = 200;

/// Where on a workload it stands whose it is. Each key is looked for among the annotations, then among the
/// labels; the first that is there counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Names {
    /// The team: the label `team` of routes, unless the alert has one of its own.
    pub team: Vec<String>,
    /// The service that the workload is a part of.
    pub service: Vec<String>,
    /// What people notice when it fails, in a sentence.
    pub impact: Vec<String>,
    /// How much depends on it: `incident.severity` names which values make a failure worse or milder.
    pub tier: Vec<String>,
    /// Where it says `true`, nothing is told of the workload, whatever happens to it.
    pub ignore: Vec<String>,
    /// Labels of the workload that routes may match by. A label of the alert with the same name overrules.
    pub labels: Vec<String>,
}

impl Default for Names {
    fn default() -> Self {
        let all = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
        Self {
            team: all(&["firsthand/owner", "a8r.io/owner", "team", "owner"]),
            service: all(&["firsthand/service", "app.kubernetes.io/part-of"]),
            impact: all(&["firsthand/impact"]),
            tier: all(&["firsthand/tier", "tier"]),
            ignore: all(&["firsthand/ignore"]),
            labels: Vec::new(),
        }
    }
}

/// What a workload says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct About {
    /// Whose it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// The service it is a part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// What people notice when it fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impact: Option<String>,
    /// How much depends on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// Whether nothing is to be told of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ignore: bool,
    /// The labels that routes may match by.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// What this object says about itself; `None` where it was not seen.
pub fn about(evidence: &Evidence, object: &ObjectRef, names: &Names) -> Option<About> {
    let world = World::new(evidence);
    let metadata = world.metadata_of(object)?;
    let find = |key: &String| {
        let noted = metadata.annotations.as_ref().and_then(|all| all.get(key));
        let text = noted.or_else(|| metadata.labels.as_ref()?.get(key))?.trim();
        (!text.is_empty()).then(|| text.chars().take(LONGEST).collect::<String>())
    };
    let labels = metadata.labels.iter().flatten();
    Some(About {
        team: names.team.iter().find_map(find),
        service: names.service.iter().find_map(find),
        impact: names.impact.iter().find_map(find),
        tier: names.tier.iter().find_map(find),
        ignore: names.ignore.iter().find_map(find).is_some_and(|text| text == "true"),
        labels: labels
            .filter(|(key, _)| names.labels.contains(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Source;

    #[test]
    fn annotations_come_before_labels_and_names_in_their_order() {
        let deployment = serde_json::from_value(serde_json::json!({"metadata": {
            "namespace": "shop", "name": "web",
            "labels": {"team": "a", "app.kubernetes.io/part-of": "store", "tier": "front", "x": "y"},
            "annotations": {"a8r.io/owner": "b", "firsthand/impact": " Customers cannot pay. "}}}))
        .expect("a deployment");
        let evidence =
            Evidence { deployments: Source::Read(vec![deployment]), ..Evidence::default() };
        let names = Names { labels: vec!["tier".into()], ..Names::default() };
        let web = ObjectRef::new("Deployment", "shop", "web");
        let about = about(&evidence, &web, &names).expect("seen");
        assert_eq!(about.team.as_deref(), Some("b"));
        assert_eq!(about.service.as_deref(), Some("store"));
        assert_eq!(about.impact.as_deref(), Some("Customers cannot pay."));
        assert_eq!(about.tier.as_deref(), Some("front"));
        assert_eq!(about.labels, BTreeMap::from([("tier".to_owned(), "front".to_owned())]));
        let other = ObjectRef::new("Deployment", "shop", "db");
        assert_eq!(super::about(&evidence, &other, &names), None);
    }
}
