//! What leaves this room: findings, hypotheses with their proof, health, and blind spots.
//!
//! These values serialise to the published form `firsthand/diagnosis/v1`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ObjectRef, Steward};

/// What the evidence proves and suggests. Findings in order of importance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// One per workload (or other object) with something wrong.
    pub findings: Vec<Finding>,
    /// Workloads that were looked at and have no fault, with the health that says whether they are well,
    /// scaled to zero, or in the middle of a rollout.
    pub healthy: Vec<(ObjectRef, Health)>,
    /// What could not be seen, and what that hides.
    pub blind_spots: Vec<BlindSpot>,
}

impl Diagnosis {
    /// Of the workloads without a fault, those that are not well yet: they are starting or rolling out.
    pub fn starting(&self) -> impl Iterator<Item = &(ObjectRef, Health)> {
        let unready = |it: &&(ObjectRef, Health)| {
            it.1.presence == Presence::Present && it.1.ready < it.1.desired
        };
        self.healthy.iter().filter(unready)
    }
}

/// What is wrong with one object, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The root owner: a Deployment, not its pod.
    pub object: ObjectRef,
    /// The symptom in the field's own word: `CrashLoopBackOff`, `ImagePullBackOff`, `NotReady`.
    pub symptom: String,
    /// The symptom as the rest of a sentence: "is crash-looping".
    pub predicate: String,
    /// When it began, as far as the evidence reaches back.
    pub since: Option<Timestamp>,
    /// Who is hurt.
    pub health: Health,
    /// Best first. Never empty: without proof it holds `not-enough-evidence`.
    pub hypotheses: Vec<Hypothesis>,
    /// What is behind the Service that it waits for: where the fault is then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<Behind>,
    /// The rollout that lines up with the failure, and what it changed.
    pub rollout: Option<Rollout>,
    /// Who applies the object, and would revert what a hand changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steward: Option<Steward>,
    /// What to do: two or three choices, each a whole command or a sentence. Best first.
    pub next: Vec<Choice>,
    /// What not to do, only where someone is about to do it.
    pub avoid: Vec<String>,
    /// What is not known and would matter.
    pub unknown: Vec<String>,
    /// The part of the log around the line that matters.
    pub excerpt: Option<Excerpt>,
    /// Events of the object and its living pods, oldest first.
    pub events: Vec<EventLine>,
}

/// What keeps a Service from answering those that wait for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Behind {
    /// The Services on the way, the nearest first; empty where it waits for the workload itself.
    pub via: Vec<ObjectRef>,
    /// The object where the fault is.
    pub object: ObjectRef,
    /// What is wrong with it, as the rest of a sentence: "cannot start".
    pub predicate: String,
    /// Why, where something was found: the best hypothesis about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hypothesis: Option<Hypothesis>,
    /// What to do about it, the best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<Choice>,
}

/// How sure a hypothesis is. The order is the ranking's.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// Not excluded.
    Possible,
    /// Fits best; what would settle it is named.
    Likely,
    /// Proved, and the proof is quoted.
    Certain,
}

impl Certainty {
    /// The word people read: `certain`, `likely`, `possible`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}

/// One cause that may explain the finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Hypothesis {
    /// Id of the catalogue entry: `image-not-found`.
    pub cause: String,
    /// How sure.
    pub certainty: Certainty,
    /// The cause in one sentence, names filled in.
    pub summary: String,
    /// What speaks for it, the strongest first.
    pub because: Vec<Proof>,
    /// What speaks against it.
    pub against: Vec<Proof>,
    /// Commands or looks that would settle it.
    pub settle: Vec<String>,
    /// The object whose repair clears the fault, when that is not the finding's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<ObjectRef>,
    /// Named values: `container`, `exit_code`, `limit`. What the catalogue's sentences are filled from.
    pub facts: BTreeMap<String, String>,
}

/// One fact, with the words that prove it and where they stand.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Proof {
    /// The fact in our words.
    pub fact: String,
    /// The evidence's own words, verbatim (redacted where it held a secret).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// Where the quote stands: `previous log of checkout-67cb7-85lnb, line 214`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// A change of revision, and what differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rollout {
    /// The revision that worked, where known: `41`.
    pub from_revision: Option<String>,
    /// The revision that fails: `42`.
    pub to_revision: Option<String>,
    /// When the failing revision was rolled out.
    pub at: Option<Timestamp>,
    /// Everything that differs. Empty: nothing in the pod template differs.
    pub changes: Vec<Change>,
    /// Whether going back to `from_revision` is known to be possible (it is still there).
    pub can_roll_back: bool,
}

/// One difference between the revision that worked and the one that fails.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// What differs: `image`, `env DB_HOST`, `command`, `memory limit`, `readiness probe`, `ConfigMap app-config`.
    pub what: String,
    /// The container it is about, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// Before; absent where it was not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// After; absent where it was taken away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// When, where it is not the rollout's own time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

impl Change {
    /// Whether it is an edit of something beside the pod template, as of a ConfigMap: no revision brings
    /// back what was there before.
    pub fn is_edit(&self) -> bool {
        self.from.is_none() && self.to.as_deref() == Some(Self::EDITED)
    }

    /// What [`Change::to`] says of an edit.
    pub(crate) const EDITED: &str = "edited";
}

/// One thing that can be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Choice {
    /// Short label: `roll back`, `fix`, `look`.
    pub label: String,
    /// A whole command, copyable, or nothing where it is not one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The sentence: what it does, when to take it.
    pub text: String,
}

/// Lines of a log, around the one that matters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Excerpt {
    /// `previous log of checkout-67cb7-85lnb, container server`.
    pub source: String,
    /// Number of the first line shown.
    pub first_line: u64,
    /// The lines, verbatim.
    pub lines: Vec<String>,
}

/// One event, with repeats folded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventLine {
    /// When it was last seen.
    pub at: Option<Timestamp>,
    /// How often.
    pub count: i32,
    /// `Warning` or `Normal`.
    pub kind: String,
    /// The object's kind and name: `Pod checkout-67cb7-85lnb`.
    pub object: String,
    /// The reason: `BackOff`.
    pub reason: String,
    /// The message, verbatim.
    pub message: String,
}

/// Whether the object is there at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// It is.
    Present,
    /// It is, and is meant to have no pods.
    ScaledToZero,
    /// The API server says it does not exist.
    Gone,
    /// It could not be asked; the reason.
    #[serde(rename = "unknown")]
    Unknown(String),
    /// Nobody asked.
    #[default]
    NotAsked,
}

/// The health of one workload: what recovery is verified on and what "who is hurt" is read from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Health {
    /// Whether it is there.
    pub presence: Presence,
    /// Pods that should be ready.
    pub desired: i32,
    /// Pods that are ready (of the present revision and older ones).
    pub ready: i32,
    /// Pods of the present revision.
    pub updated: i32,
    /// Whether the controller has observed and finished the present revision.
    pub rollout_complete: bool,
    /// Containers that wait for a bad reason, or pods that cannot be scheduled or created.
    pub waiting: Vec<Waiting>,
    /// Restart counters of its living pods.
    pub restarts: Vec<RestartCount>,
    /// When the last unready pod became ready, where all are.
    pub ready_since: Option<Timestamp>,
    /// The revision its controller wants now, where the kind has revisions.
    pub revision: Option<Revision>,
    /// Services that select its pods.
    pub services: Vec<ServiceHealth>,
    /// The other workloads of its namespace.
    pub neighbours: Option<Neighbours>,
    /// What is not as it should be, in words; empty = healthy. `unknown: …` entries mean it could not be seen.
    pub failing: Vec<String>,
}

impl Health {
    /// Healthy: present, nothing failing. Absence of data is never health.
    pub fn is_healthy(&self) -> bool {
        self.presence == Presence::Present && self.failing.is_empty()
    }

    /// `1 of 2 pods ready`; of what has no pods, that nothing is wrong with it or what is.
    pub fn pods_ready(&self) -> String {
        if self.desired == 0 && self.ready <= 0 {
            let wrong = self.failing.first().map(String::as_str);
            return wrong.unwrap_or("nothing is wrong with it").to_owned();
        }
        let pods = if self.desired == 1 { "pod" } else { "pods" };
        format!("{} of {} {pods} ready", self.ready.max(0), self.desired)
    }
}

/// One container (or pod) that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// The pod.
    pub pod: String,
    /// The container; empty for the pod itself.
    pub container: String,
    /// The reason: `CrashLoopBackOff`, `Unschedulable`.
    pub reason: String,
}

/// A container's restart counter. Compare by uid and container: a recreated pod starts from zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestartCount {
    /// The pod's uid.
    pub uid: String,
    /// The pod's name.
    pub pod: String,
    /// The container.
    pub container: String,
    /// The counter.
    pub count: i32,
    /// When its last run ended.
    pub last_ended_at: Option<Timestamp>,
    /// When that run had begun: with a counter of two or more, the gap between two restarts.
    #[serde(default)]
    pub last_started_at: Option<Timestamp>,
}

/// A revision of a workload. A roll-back brings an old template back under a new number, so compare
/// templates, not numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Revision {
    /// Its number now: `43`.
    pub number: String,
    /// What identifies its pod template: the `pod-template-hash`, or the revision object's name.
    pub template: String,
    /// When its ReplicaSet (or ControllerRevision) was created; older than the one before = rolled back.
    pub created_at: Option<Timestamp>,
}

/// A Service that selects the workload's pods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceHealth {
    /// Its name.
    pub name: String,
    /// Endpoints that serve.
    pub ready: usize,
    /// All endpoints, ready or not.
    pub total: usize,
}

/// How many workloads of the namespace fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neighbours {
    /// Workloads with missing replicas, this one included.
    pub failing: usize,
    /// All workloads.
    pub total: usize,
}

/// A source that was not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BlindSpot {
    /// The source: `events`, `previous log of web-7d9/app`, `metrics`.
    pub source: String,
    /// Why: `forbidden`, `timed out`.
    pub why: String,
}
