//! What a parent keeps of one member.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::{Incident, Severity, State};
use crate::diagnosis::{Certainty, Hypothesis, ObjectRef};

/// One member of a storm, as its parent shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// The object; `None` for an alert that names nothing in Kubernetes.
    pub object: Option<ObjectRef>,
    /// What people call it.
    pub name: String,
    /// How bad it is by itself.
    pub severity: Severity,
    /// What is wrong, as it follows the name: `is crash-looping`. Empty while nothing is known.
    pub predicate: String,
    /// Its Services that serve nobody.
    pub silent: Vec<String>,
    /// What others may share with it: `Node node-7`, its own object, the registry it pulls from.
    pub shares: BTreeSet<String>,
    /// What became of it.
    pub fate: Fate,
    /// Since when it fails.
    pub since: Timestamp,
    /// Whether the thread has named it.
    #[serde(default)]
    pub named: bool,
}

/// What became of a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It fails, or nobody has looked yet.
    Failing,
    /// Its health is back and being verified.
    Watched,
    /// It ended: `recovered`, `gone`, …
    Ended(String),
    /// It outlived the storm and is told on its own.
    Left,
}

impl Fate {
    /// Whether the parent still speaks for it.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Failing | Self::Watched)
    }
}

impl Member {
    /// An incident as its parent sees it.
    pub(super) fn of(incident: &Incident) -> Self {
        let finding = incident.finding.as_ref();
        let silent = incident.health.services.iter().filter(|service| service.ready == 0);
        Self {
            object: incident.subject.object.clone(),
            name: incident.subject.name().to_owned(),
            severity: incident.severity,
            predicate: finding.map_or_else(String::new, |finding| finding.predicate.clone()),
            silent: silent.map(|service| service.name.clone()).collect(),
            shares: shares(incident),
            fate: fate(incident),
            since: incident.since,
            named: false,
        }
    }

    /// Where it lives; empty for what has no namespace.
    pub fn namespace(&self) -> &str {
        self.object.as_ref().map_or("", |object| object.namespace.as_str())
    }
}

fn fate(incident: &Incident) -> Fate {
    match (&incident.closed, incident.state) {
        (Some(closed), State::Resolved) => Fate::Ended(closed.how.clone()),
        (_, State::Monitoring) => Fate::Watched,
        _ => Fate::Failing,
    }
}

/// What an incident may share with others. Only what is at least likely counts: a possibility that
/// many have in common is still only a possibility.
fn shares(incident: &Incident) -> BTreeSet<String> {
    let own = incident.subject.object.as_ref();
    let mut shares: BTreeSet<String> = own.map(ToString::to_string).into_iter().collect();
    let best = incident.top().filter(|best| best.certainty >= Certainty::Likely);
    if let Some(Hypothesis { target, facts, .. }) = best {
        shares.extend(target.as_ref().map(ToString::to_string));
        shares.extend(facts.get("registry").map(|registry| format!("registry {registry}")));
    }
    shares
}
