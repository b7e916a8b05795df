//! What people have written on a workload about it: whose it is, of which service, and what its failure means.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::world::name;
use super::{Evidence, ObjectRef, World};

/// The longest text that is taken over, in characters.
const LONGEST: usize = 200;

/// Where on a workload it stands whose it is. Each key is looked for among the annotations, then among the
/// labels; the first that is there counts. What a workload does not say its namespace says.
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
    /// Where it says `true`, on the workload or on its namespace, nothing is told of it, whatever happens
    /// to it.
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

/// What this object says about itself, and where it says nothing what its namespace says; `None` where it was
/// not seen.
pub fn about(evidence: &Evidence, object: &ObjectRef, names: &Names) -> Option<About> {
    let world = World::new(evidence);
    let spaces = evidence.namespaces.items().iter();
    let space = spaces.map(|it| &it.metadata).find(|it| name(it) == object.namespace);
    // A workload that is not seen may say something else than its namespace.
    let own = match world.metadata_of(object) {
        Some(own) => Some(own),
        None if is_workload(object) => return None,
        None => None,
    };
    let said: Vec<&ObjectMeta> = own.into_iter().chain(space).collect();
    if said.is_empty() {
        return None;
    }
    let find =
        |keys: &[String]| said.iter().find_map(|it| keys.iter().find_map(|key| text(it, key)));
    let labels = said.iter().rev().flat_map(|it| it.labels.iter().flatten());
    Some(About {
        team: find(&names.team),
        service: find(&names.service),
        impact: find(&names.impact),
        tier: find(&names.tier),
        ignore: find(&names.ignore).is_some_and(|text| text == "true"),
        labels: labels
            .filter(|(key, _)| names.labels.contains(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    })
}

/// The annotation of that name, else the label.
fn text(metadata: &ObjectMeta, key: &str) -> Option<String> {
    let noted = metadata.annotations.as_ref().and_then(|all| all.get(key));
    let text = noted.or_else(|| metadata.labels.as_ref()?.get(key))?.trim();
    (!text.is_empty()).then(|| text.chars().take(LONGEST).collect())
}

/// Whether it is one of the kinds that are read themselves.
fn is_workload(object: &ObjectRef) -> bool {
    let kinds = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod"];
    kinds.contains(&object.kind.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Source;

    #[test]
    fn what_a_workload_does_not_say_its_namespace_says() {
        let meta = |text: &str| serde_json::from_str(text).expect("an object");
        let evidence =
            Evidence {
                deployments: Source::Read(vec![meta(
                    r#"{"metadata": {"namespace": "shop", "name": "web",
                    "annotations": {"firsthand/owner": "web", "firsthand/ignore": "false"}}}"#,
                )]),
                namespaces: Source::Read(vec![serde_json::from_str(
                r#"{"metadata": {"name": "shop", "labels": {"stage": "prod", "team": "shop"},
                    "annotations": {"firsthand/ignore": "true", "firsthand/tier": "1"}}}"#,
            )
            .expect("a namespace")]),
                ..Evidence::default()
            };
        let names = Names { labels: vec!["stage".into()], ..Names::default() };
        let of =
            |kind: &str, name: &str| about(&evidence, &ObjectRef::new(kind, "shop", name), &names);
        let web = of("Deployment", "web").expect("seen");
        assert_eq!((web.team.as_deref(), web.tier.as_deref()), (Some("web"), Some("1")));
        assert!(!web.ignore, "its own word counts");
        assert_eq!(web.labels["stage"], "prod");
        let claim = of("PersistentVolumeClaim", "data").expect("its namespace is seen");
        assert!(claim.ignore && claim.team.as_deref() == Some("shop"));
        assert_eq!(of("Deployment", "unseen"), None);
    }

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
