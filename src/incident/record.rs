//! The record of one incident: everything about one subject from the first signal to verified recovery.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::public::Public;
use super::rules::after;
use super::storm::Storm;
use super::{LooksBack, lookback, recovery};
use super::{Memory, Missed, Rules, Subject};
use crate::diagnosis::{About, BlindSpot, Finding, Health, Hypothesis, ObjectRef};

/// One incident, as the ledger keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Short, sortable, said aloud: `FH-20261121-0211-checkout`? The ledger gives it; unique.
    pub id: String,
    /// What it is about.
    pub subject: Subject,
    /// What its signals named, while its owner is only guessed from that name because the cluster could
    /// not be asked; `subject` is the guess.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<ObjectRef>,
    /// Where it stands.
    pub state: State,
    /// How bad, with the reason.
    pub severity: Severity,
    /// Why that severity, in words: `no ready pod, Service checkout has no endpoints`.
    pub severity_reason: String,
    /// When the first signal came.
    pub opened_at: Timestamp,
    /// When the failure began, as far as the evidence tells.
    pub since: Timestamp,
    /// When the house first spoke of it; `None` while it only looks.
    pub spoken_at: Option<Timestamp>,
    /// When and how it ended.
    pub closed: Option<Closed>,
    /// How often it came back after it was resolved.
    pub relapses: u32,
    /// Joined alerts by fingerprint.
    pub alerts: BTreeMap<String, JoinedAlert>,
    /// Restarts seen, newest last, bounded.
    pub restarts: Vec<Restarted>,
    /// Last raw counter per `uid/container` of living pods.
    pub counters: BTreeMap<String, i64>,
    /// Bad waiting reasons by `uid/container/reason`: when the poll first and last saw each, and in how
    /// many polls running.
    pub waiting: BTreeMap<String, (Timestamp, Timestamp, u32)>,
    /// The newest finding about the subject; kept after it heals, because it is the proof.
    pub finding: Option<Finding>,
    /// When that finding's evidence was taken.
    pub found_at: Option<Timestamp>,
    /// The newest health.
    pub health: Health,
    /// When health was last looked at.
    pub looked_at: Option<Timestamp>,
    /// Since when the subject's health holds; `None` while it does not.
    pub healthy_since: Option<Timestamp>,
    /// What could not be seen at the newest look.
    pub blind_spots: Vec<BlindSpot>,
    /// How many values redaction took out of its evidence.
    pub redacted: u32,
    /// When to look (or decide) again; `None` once it is closed.
    pub look_at: Option<Timestamp>,
    /// How many looks were taken.
    pub looks: u32,
    /// Receivers that were told. They stay to the end.
    pub told: BTreeSet<String>,
    /// Counts every change of what would be said; the main message is current when its delivery has sent this.
    pub revision: u64,
    /// How many thread replies were decided.
    pub replies: u32,
    /// The incident of the same subject before this one, where it ended too long ago to be continued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// Alerts that fired beyond those kept in `alerts`, because there were too many.
    #[serde(default)]
    pub more_alerts: u64,
    /// What happened to it while nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<Missed>,
    /// The incident that speaks for this one, while one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// For a parent: whom it speaks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storm: Option<Box<Storm>>,
    /// What the workload says about itself: whose it is, of which service, what its failure means.
    #[serde(default)]
    pub about: About,
    /// What stakeholders were told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public: Option<Public>,
    /// What the room remembers for its own decisions.
    #[serde(default)]
    pub memory: Memory,
}

impl Incident {
    /// An incident that has just been opened: nothing is known but what it is about.
    pub fn open(id: &str, subject: Subject, at: Timestamp) -> Self {
        Self {
            id: id.to_owned(),
            subject,
            named: None,
            state: State::Investigating,
            severity: Severity::Sev4,
            severity_reason: "not looked at yet".to_owned(),
            opened_at: at,
            since: at,
            spoken_at: None,
            closed: None,
            relapses: 0,
            alerts: BTreeMap::new(),
            restarts: Vec::new(),
            counters: BTreeMap::new(),
            waiting: BTreeMap::new(),
            finding: None,
            found_at: None,
            health: Health::default(),
            looked_at: None,
            healthy_since: None,
            blind_spots: Vec::new(),
            redacted: 0,
            look_at: Some(at),
            looks: 0,
            told: BTreeSet::new(),
            revision: 0,
            replies: 0,
            previous: None,
            more_alerts: 0,
            missed: None,
            parent: None,
            storm: None,
            about: About::default(),
            public: None,
            memory: Memory::default(),
        }
    }

    /// Its labels for the route tree: those of its alerts (where several disagree, the one that fired
    /// first speaks) over those of its workload that the settings select and its `team`, then what the house
    /// knows itself: `cluster`, `namespace`, `kind`, `workload`, `cause`, `sev`, `state`.
    pub fn labels(&self) -> BTreeMap<String, String> {
        let mut labels = self.about.labels.clone();
        labels.extend(self.about.team.clone().map(|team| ("team".to_owned(), team)));
        let mut alerts: Vec<_> = self.alerts.values().collect();
        // Those that fire overrule those that ended; among equals the first to fire overrules.
        alerts.sort_by_key(|alert| (alert.ended_at.is_none(), std::cmp::Reverse(alert.starts_at)));
        for alert in alerts {
            labels.extend(alert.labels.clone());
        }
        let mut own = |name: &str, value: &str| {
            if !value.is_empty() {
                labels.insert(name.to_owned(), value.to_owned());
            }
        };
        own("cluster", &self.subject.cluster);
        if let Some(object) = &self.subject.object {
            own("namespace", &object.namespace);
            own("kind", object.kind.as_str());
            own("workload", &object.name);
        }
        own("cause", self.top().map_or("", |hypothesis| &hypothesis.cause));
        own("sev", self.severity.word());
        own("state", self.state.word());
        labels
    }

    /// The best hypothesis of its finding.
    pub fn top(&self) -> Option<&Hypothesis> {
        self.finding.as_ref().and_then(|finding| finding.hypotheses.first())
    }

    /// Whether people have been told of what it is now: the house has spoken of it, and not only of an
    /// earlier failure from which it came back unnoticed.
    pub fn is_told(&self) -> bool {
        self.spoken_at.is_some() && self.memory.taken_back.is_none()
    }

    /// Whether a joined alert still fires.
    pub fn alert_fires(&self) -> bool {
        self.alerts.values().any(|alert| alert.ended_at.is_none())
    }

    /// Health holds, and alerts still fire because their rules look back. `None` where that is not known, or
    /// they are about something else.
    pub fn looks_back(&self, now: Timestamp) -> Option<LooksBack> {
        lookback::ends_by(self, now)
    }

    /// Until when health must hold for the incident to be resolved; `None` while it does not hold.
    pub fn watched_until(&self, rules: &Rules) -> Option<Timestamp> {
        self.healthy_since.map(|since| after(since, recovery::window(self, rules)))
    }
}

/// Where an incident stands; the words of public status pages.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Something is wrong; the cause is not certain.
    Investigating,
    /// The cause is certain.
    Identified,
    /// Health came back and is being verified.
    Monitoring,
    /// It ended; `closed` says how.
    Resolved,
}

impl State {
    /// The word people read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Investigating => "investigating",
            Self::Identified => "identified",
            Self::Monitoring => "monitoring",
            Self::Resolved => "resolved",
        }
    }
}

/// How bad. SEV1 is the worst; the order of the variants is from mild to grave.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// Nobody is hurt.
    Sev4,
    /// Redundancy is lost.
    Sev3,
    /// Something does not work.
    Sev2,
    /// Several things do not work for many.
    Sev1,
}

impl Severity {
    /// `SEV2`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sev1 => "SEV1",
            Self::Sev2 => "SEV2",
            Self::Sev3 => "SEV3",
            Self::Sev4 => "SEV4",
        }
    }
}

/// How an incident ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// When.
    pub at: Timestamp,
    /// `recovered`, `gone`, `scaled to zero`, `alert ended` or `unverified`: the word the message uses.
    pub how: String,
    /// The proof, in words: `healthy 15 min, no restart since 02:26, alert ended 02:41`.
    pub because: String,
}

/// An alert that joined the incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JoinedAlert {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// When it began to fire.
    pub starts_at: Timestamp,
    /// When it ended; `None` while it fires.
    pub ended_at: Option<Timestamp>,
    /// Link to the rule's graph.
    pub generator_url: Option<String>,
    /// Link to Alertmanager.
    pub external_url: Option<String>,
}

/// One restart of one container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restarted {
    /// When it was noticed, or when the run ended where that is known.
    pub at: Timestamp,
    /// The pod.
    pub pod: String,
    /// The container.
    pub container: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::ObjectRef;

    fn alert(name: &str, team: &str, starts_at: i64, ended: bool) -> (String, JoinedAlert) {
        let at = |seconds| Timestamp::from_second(seconds).expect("a time");
        let labels = BTreeMap::from([
            ("alertname".to_owned(), name.to_owned()),
            ("team".to_owned(), team.to_owned()),
            ("namespace".to_owned(), "monitoring".to_owned()),
        ]);
        let joined = JoinedAlert {
            name: name.to_owned(),
            labels,
            annotations: BTreeMap::new(),
            starts_at: at(starts_at),
            ended_at: ended.then(|| at(starts_at + 1)),
            generator_url: None,
            external_url: None,
        };
        (name.to_owned(), joined)
    }

    #[test]
    fn the_alert_that_fires_longest_routes_and_our_own_labels_overrule() {
        let subject = Subject {
            cluster: "prod-eu".to_owned(),
            object: Some(ObjectRef::new("Deployment", "shop", "web")),
            group: String::new(),
        };
        let mut incident = Incident::open("FH-1", subject, Timestamp::UNIX_EPOCH);
        incident.alerts = BTreeMap::from([
            alert("Ended", "a", 1, true),
            alert("First", "b", 2, false),
            alert("Second", "c", 3, false),
        ]);
        let labels = incident.labels();
        let got = |name: &str| labels.get(name).map_or("", String::as_str);
        assert_eq!((got("alertname"), got("team")), ("First", "b"));
        assert_eq!((got("namespace"), got("kind"), got("workload")), ("shop", "Deployment", "web"));
        assert_eq!((got("sev"), got("state"), got("cause")), ("SEV4", "investigating", ""));
    }

    #[test]
    fn an_incident_survives_being_stored() {
        let subject = Subject { cluster: "c".to_owned(), object: None, group: "X".to_owned() };
        let incident = Incident::open("FH-1", subject, Timestamp::UNIX_EPOCH);
        let text = serde_json::to_string(&incident).expect("json");
        assert_eq!(serde_json::from_str::<Incident>(&text).expect("incident"), incident);
    }
}
