//! What comes in from outside: something says that something is wrong, or no longer.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::diagnosis::ObjectRef;

/// What a signal is about: an object of a cluster, or nothing in Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// The cluster's name, as the settings or the alert's label give it.
    pub cluster: String,
    /// The object: named by the alert at first, lifted to its root owner before an incident opens.
    /// `None`: the alert is about nothing in Kubernetes; `group` then tells incidents apart.
    pub object: Option<ObjectRef>,
    /// For subjects without an object: the alert's name and the labels that identify it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
}

/// How the groups of our own begin; no alert from outside has one that does.
const WATCHED: &str = "firsthand watch: ";

impl Subject {
    /// What Firsthand watches of itself and of what it depends on, as people call it.
    pub fn watched(cluster: &str, part: &str) -> Self {
        Self { cluster: cluster.to_owned(), object: None, group: format!("{WATCHED}{part}") }
    }

    /// Whether it is one of these.
    pub fn is_watched(&self) -> bool {
        self.object.is_none() && self.group.starts_with(WATCHED)
    }

    /// A group from outside, which must not look like one of ours.
    pub fn group_from_outside(group: String) -> String {
        if group.starts_with(WATCHED) { format!("alert {group}") } else { group }
    }

    /// The stable text that one open incident is kept for: `prod-eu/shop/Deployment/checkout`.
    pub fn key(&self) -> String {
        match &self.object {
            Some(o) => format!("{}/{}/{}/{}", self.cluster, o.namespace, o.kind.as_str(), o.name),
            None => format!("{}//{}", self.cluster, self.group),
        }
    }

    /// What people call it: `checkout`.
    pub fn name(&self) -> &str {
        let group = self.group.strip_prefix(WATCHED).unwrap_or(&self.group);
        self.object.as_ref().map_or(group, |o| o.name.as_str())
    }
}

/// Something says that something is wrong, or no longer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// Makes repeats recognisable: one key, one signal, however often it arrives. That of an alert is
    /// `alert/FINGERPRINT/STARTS/firing`, and `alert/FINGERPRINT/STARTS/resolved/ENDS` when it has ended.
    pub key: String,
    /// What it is about.
    pub subject: Subject,
    /// When it arrived.
    pub heard_at: Timestamp,
    /// What it says.
    pub kind: SignalKind,
    /// For what the poll saw: people want to hear nothing of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted: Option<Muted>,
}

/// People told Alertmanager that they want to hear nothing of this. It is recorded all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Muted {
    /// Until when that holds.
    pub until: Timestamp,
    /// What they said: `silenced in Alertmanager until 04:00 UTC by alice: moving the database`.
    pub why: String,
}

impl Signal {
    /// For an alert that fires: what the keys of its ends begin with, since it may end, and fire on as
    /// if nothing had been. `None` for anything else.
    pub fn ends(&self) -> Option<String> {
        let SignalKind::Alert(AlertSignal { status: AlertStatus::Firing, .. }) = &self.kind else {
            return None;
        };
        Some(format!("{}/resolved/", self.key.strip_suffix("/firing")?))
    }
}

/// What a signal says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignalKind {
    /// Alertmanager says that an alert fires or has ended.
    Alert(AlertSignal),
    /// The Prometheus poll saw something.
    Poll(PollSignal),
    /// Somebody wrote an update about an incident.
    Written(WrittenSignal),
}

/// Somebody's own words about an incident, for everyone who hears of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenSignal {
    /// The incident's id.
    pub incident: String,
    /// Who, as they call themselves.
    pub by: String,
    /// What they wrote, redacted.
    pub text: String,
}

/// An alert, firing or resolved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertSignal {
    /// Alertmanager's fingerprint of its labels.
    pub fingerprint: String,
    /// Firing or resolved.
    pub status: AlertStatus,
    /// All labels, bounded.
    pub labels: BTreeMap<String, String>,
    /// All annotations, bounded and redacted.
    pub annotations: BTreeMap<String, String>,
    /// When it began to fire.
    pub starts_at: Timestamp,
    /// When it ended, for resolved ones.
    pub ends_at: Option<Timestamp>,
    /// Link to the rule's graph.
    pub generator_url: Option<String>,
    /// Link to Alertmanager.
    pub external_url: Option<String>,
    /// How many alerts of its group Alertmanager cut off (`max_alerts`).
    #[serde(default)]
    pub truncated: u64,
    /// Alertmanager did not send it: it was found by asking, and this is what was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
}

impl AlertSignal {
    /// The alert's name.
    pub fn name(&self) -> &str {
        self.labels.get("alertname").map_or("alert", String::as_str)
    }
}

/// Firing or resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertStatus {
    /// It fires.
    Firing,
    /// It has ended.
    Resolved,
}

/// Restarts from a time in which nobody looked: Firsthand or Prometheus was down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    /// How many.
    pub times: i64,
    /// Not before then.
    pub from: Timestamp,
    /// Not after then.
    pub until: Timestamp,
}

impl Missed {
    /// `restarted 6 times, the last time at 02:31`.
    pub fn words(&self) -> String {
        let times = match self.times {
            1 => "once".to_owned(),
            times => format!("{times} times"),
        };
        let at = if self.times == 1 { "at about" } else { "the last time at about" };
        format!("restarted {times}, {at} {}", super::hear::clock(self.until))
    }
}

/// What the poll of Prometheus sees of one container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PollSignal {
    /// A container's raw restart counter moved.
    Restarted {
        /// The pod.
        pod: String,
        /// The pod's uid, where the metric has one.
        uid: String,
        /// The container.
        container: String,
        /// The counter now.
        count: i64,
        /// By how much it moved since the last poll.
        by: i64,
        /// Why the last run ended: `OOMKilled`, `Error`.
        reason: Option<String>,
        /// With which exit code.
        exit_code: Option<i32>,
        /// It happened while nobody looked: no news, but history.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        missed: Option<Missed>,
    },
    /// A container waits for a bad reason.
    Waiting {
        /// The pod.
        pod: String,
        /// The pod's uid, where the metric has one.
        uid: String,
        /// The container.
        container: String,
        /// `CrashLoopBackOff`, `ImagePullBackOff`, …
        reason: String,
    },
    /// A workload is not what it should be, though nothing need have restarted or wait.
    Lacking {
        /// What it lacks, in words: `fewer pods are available than it should have`.
        what: String,
    },
}
