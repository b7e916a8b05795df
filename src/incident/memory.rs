//! What the room remembers from decision to decision. Nobody else reads it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Closed, Muted, Severity};
use crate::diagnosis::Revision;

/// What the room remembers of one incident for its own decisions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// The end that a reopening took back, until the relapse has been told: what heals before anyone
    /// was told goes back to the end it had.
    pub(super) taken_back: Option<Earlier>,
    /// Whether the finding that is kept belongs to an earlier failure.
    pub(super) stale: bool,
    /// Since when the subject fails without a healthy look in between.
    pub(super) failing_since: Option<Timestamp>,
    /// When the subject was last seen failing.
    pub(super) failed_at: Option<Timestamp>,
    /// Since when the subject cannot be seen.
    pub(super) unseen_since: Option<Timestamp>,
    /// How many looks in a row said that it is gone, or meant to have no pods.
    pub(super) absent: u32,
    /// How many looks in a row brought a weaker diagnosis than the one that is kept.
    pub(super) weaker: u32,
    /// How many looks in a row changed nothing: the pace slows with it.
    pub(super) steady: u32,
    /// The latest restart, or ending of a run, that was seen.
    pub(super) restarted_at: Option<Timestamp>,
    /// The longest run between two restarts that a pod itself tells of, in seconds.
    pub(super) longest_run: u64,
    /// Living pods: uid and name.
    pub(super) pods: BTreeMap<String, String>,
    /// Of late: templates whose pods came, and crashed pods that went.
    pub(super) came: BTreeMap<String, Timestamp>,
    pub(super) went: BTreeMap<String, Timestamp>,
    /// The newest revision seen.
    pub(super) revision: Option<Revision>,
    /// The highest severity that was told.
    pub(super) peak: Option<Severity>,
    /// When it was last said that it still fails, and how often.
    pub(super) reminded: Option<(Timestamp, u32)>,
    /// A milder severity that must hold before the incident falls to it, and since when it does.
    pub(super) milder: Option<(Severity, Timestamp)>,
    /// Notes that were told since the incident opened or came back, and when.
    pub(super) noted: BTreeMap<Noted, Timestamp>,
    /// Cause of the newest evidence reply, when it was decided, and how many there were.
    pub(super) evidence: Option<(String, Timestamp, u32)>,
    /// An alert that was heard to fire since the incident opened or came back: it is told even if it
    /// ends before the first look.
    pub(super) alerted: Option<String>,
    /// Whether a certain cause has been told.
    pub(super) identified: bool,
    /// Why it was last held back, in words.
    pub(super) hold: String,
    /// What people told Alertmanager of it, while the poll alone speaks of it.
    pub(super) muted: Option<Muted>,
    /// Templates whose rollout has been noted.
    pub(super) templates: BTreeSet<String>,
}

/// How an incident stood when it ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Earlier {
    pub(super) closed: Closed,
    pub(super) since: Timestamp,
    pub(super) severity: Severity,
    pub(super) severity_reason: String,
}

/// Things that are noted in the thread once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Noted {
    /// All alerts ended while the subject fails.
    AlertsEnded,
    /// Health holds while an alert fires.
    AlertsLeft,
    /// Health came back.
    Healthy,
    /// It fails again after health came back.
    Failing,
    /// What whoever leads has to see to.
    Checklist,
    /// Pods were replaced without a rollout.
    Replaced,
    /// The subject cannot be seen.
    Unseen,
    /// The subject is gone, or meant to have no pods, while an alert fires.
    Absent,
}

impl Memory {
    /// Something changed: looks come faster again. Not at the very first pace, or a subject that flaps
    /// would be looked at every few seconds for ever.
    pub(super) fn news(&mut self) {
        self.steady = self.steady.min(2);
    }

    /// Forgets what belongs to the failure that ended; keeps what tells old restarts from new ones.
    pub(super) fn start_over(&mut self) {
        *self = Self {
            taken_back: self.taken_back.take(),
            // What is found next belongs to the new failure, and replaces it whatever it proves.
            stale: true,
            restarted_at: self.restarted_at,
            longest_run: self.longest_run,
            pods: std::mem::take(&mut self.pods),
            revision: self.revision.take(),
            ..Self::default()
        };
    }
}
