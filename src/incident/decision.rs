//! What the room decides, with its reason.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::public::Standing;
use super::{Incident, Severity, State};
use crate::diagnosis::{BlindSpot, Finding, Health};

/// What one look at the subject brought.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// When the evidence was taken.
    pub taken_at: Timestamp,
    /// What is wrong with the subject, if anything.
    pub finding: Option<Finding>,
    /// Its health; `Presence::Unknown` where it could not be seen.
    pub health: Health,
    /// What could not be seen.
    pub blind_spots: Vec<BlindSpot>,
    /// How many values redaction took out.
    pub redacted: u32,
}

/// What follows from a signal, a look, or time.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The incident as it is now.
    pub incident: Incident,
    /// What happened and what was decided, with reasons; appended to the timeline.
    pub entries: Vec<Entry>,
    /// What is to be said, in order. Empty: hold; the entries say why.
    pub say: Vec<Say>,
}

/// What hearing a signal leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// The signal opened an incident or changed one.
    Decided(Box<Decision>),
    /// It changes nothing, and this is why. It is done with all the same.
    Ignored(String),
}

/// One line of the timeline. Append-only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it happened, UTC.
    pub at: Timestamp,
    /// Who says so: `alertmanager`, `prometheus`, `kubernetes`, `firsthand`.
    pub source: String,
    /// What, in one sentence, with the reason where it is a decision.
    pub text: String,
}

/// Something to be said to everyone who hears of this incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Say {
    /// The main message: post it, or bring it up to date.
    Main,
    /// A reply in its thread.
    Reply {
        /// What it says.
        reply: Reply,
        /// Also shown in the channel itself.
        broadcast: bool,
    },
    /// The message to stakeholders: post it, or bring it up to date.
    Public,
    /// A reply in the thread of that.
    Update(Reply),
}

/// Whom a receiver's messages are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Whoever repairs it: everything, with evidence and commands.
    #[default]
    Oncall,
    /// Whoever depends on it: plain words, no names of pods, no logs, and when they hear next.
    Stakeholders,
}

impl Say {
    /// What of a decision that audience hears, as its own main message and thread.
    pub fn heard_by(audience: Audience, say: &[Self]) -> Vec<Self> {
        let heard = say.iter().filter_map(|say| match (audience, say) {
            (Audience::Oncall, Self::Main | Self::Reply { .. }) => Some(say.clone()),
            (Audience::Stakeholders, Self::Public) => Some(Self::Main),
            (Audience::Stakeholders, Self::Update(reply)) => {
                Some(Self::Reply { reply: reply.clone(), broadcast: false })
            }
            _ => None,
        });
        heard.collect()
    }
}

/// What a thread reply says. Kept as facts; `brief` finds the words when it is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// The evidence behind the main message: excerpt, events, other hypotheses, diff.
    Evidence {
        /// When it was taken.
        at: Timestamp,
        /// The finding, as it was then.
        finding: Box<Finding>,
    },
    /// The severity changed.
    Severity {
        /// When.
        at: Timestamp,
        /// Before.
        from: Severity,
        /// After.
        to: Severity,
        /// Why.
        reason: String,
    },
    /// The first certain cause, after a message that had none.
    Identified {
        /// When.
        at: Timestamp,
        /// The cause in one sentence.
        summary: String,
        /// The proof, verbatim.
        quote: Option<String>,
        /// Where it stands.
        source: Option<String>,
    },
    /// Something worth hearing happened: health came back, pods were deleted by hand, only the alert is left.
    Note {
        /// When.
        at: Timestamp,
        /// In one or two sentences.
        text: String,
    },
    /// It is over.
    Resolved {
        /// When.
        at: Timestamp,
        /// When it began.
        since: Timestamp,
        /// `recovered`, `gone`, …
        how: String,
        /// The proof.
        because: String,
    },
    /// Members of a storm, by name.
    Members {
        /// When.
        at: Timestamp,
        /// How many it has by now, those named before included.
        total: usize,
        /// Those named here, by namespace and name.
        members: Vec<Named>,
    },
    /// For stakeholders: what changed, or that nothing did.
    Update {
        /// When.
        at: Timestamp,
        /// What they were told last.
        was: Box<Standing>,
        /// What is true now.
        is: Box<Standing>,
        /// By when they hear again.
        next_at: Option<Timestamp>,
    },
    /// Somebody's own words.
    Words {
        /// When.
        at: Timestamp,
        /// Who, as they call themselves.
        by: String,
        /// What they wrote.
        text: String,
    },
    /// What whoever leads has to see to, ticked where it is known to be done.
    Checklist {
        /// When.
        at: Timestamp,
        /// How bad it is.
        severity: Severity,
        /// Done or not, and what.
        items: Vec<(bool, String)>,
    },
    /// The draft of a postmortem, from the record.
    Postmortem {
        /// When.
        at: Timestamp,
        /// The timeline, as far as it goes into a message.
        timeline: Vec<Entry>,
    },
    /// It came back.
    Relapse {
        /// When.
        at: Timestamp,
        /// When it had been resolved.
        resolved_at: Timestamp,
        /// What is wrong.
        reason: String,
    },
}

/// A member of a storm, as the thread names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Where it lives; empty for what has no namespace.
    pub namespace: String,
    /// What it is; empty for an alert that names nothing in Kubernetes.
    pub kind: String,
    /// What people call it.
    pub name: String,
}

impl State {
    /// Whether anything may still happen to an incident in this state without a new signal.
    pub fn is_open(self) -> bool {
        self != Self::Resolved
    }
}
