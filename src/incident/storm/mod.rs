//! Many subjects at once: one parent that names them all, instead of a message for each.
//!
//! A parent opens when many subjects begin to fail within a minute, or when several of which people
//! were told prove to share a cause. From then on it speaks for its members: they are looked at and
//! recorded as ever, and their own messages, where they have one, are kept true without a sound.
//! Members leave when they end, or when the storm is over and they are not; the parent ends with the
//! last.
//!
//! [`Book`] is what the daemon remembers of all open incidents between two decisions; it can be made
//! again from the incidents themselves at any time.

mod book;
mod member;
mod parent;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use book::{Book, Opening, Place};
pub use member::{Fate, Member};
pub use parent::{Tended, release};

use super::{Decision, Entry, Say};
use crate::diagnosis::{Certainty, Choice};

/// What a parent knows beyond what every incident knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Storm {
    /// It opened because many began to fail at once, and not because of what they share.
    pub crowd: bool,
    /// Whom it speaks for, and spoke for, by incident.
    pub members: BTreeMap<String, Member>,
    /// The cause that most of them share, once one is known.
    pub shared: Option<Shared>,
    /// When the newest member joined.
    pub joined_at: Timestamp,
    /// When the thread last named members.
    #[serde(default)]
    pub named_at: Option<Timestamp>,
}

/// A cause that several members share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shared {
    /// What they share, as one word for it: `Node node-7`, `registry ghcr.io`.
    pub what: String,
    /// How many of those that still fail share it.
    pub members: usize,
    /// How sure the best of them is.
    pub certainty: Certainty,
    /// The cause in one sentence.
    pub summary: String,
    /// The proof, verbatim.
    pub quote: Option<String>,
    /// Where it stands.
    pub source: Option<String>,
    /// What to do about it.
    pub next: Vec<Choice>,
}

impl Storm {
    /// The members that still fail, or are not yet verified to be well.
    pub fn open(&self) -> impl Iterator<Item = &Member> {
        self.members.values().filter(|member| member.fate.is_open())
    }
}

/// What a member's own decision comes to: its parent speaks for it. What people can read of it alone
/// is kept true.
pub fn held(mut decision: Decision, parent: &str, now: Timestamp) -> Decision {
    let incident = &mut decision.incident;
    let own = !incident.told.is_empty();
    decision.say.retain(|say| own && matches!(say, Say::Main | Say::Public));
    if incident.state.is_open() && incident.parent.as_deref() != Some(parent) {
        incident.parent = Some(parent.to_owned());
        incident.revision += 1;
        decision.say = if own { vec![Say::Main] } else { Vec::new() };
        if let Some(public) = incident.public.as_mut().filter(|_| own) {
            public.standing.merged = true;
            public.next_at = None;
            decision.say.push(Say::Public);
        }
        let text = format!("hold: part of {parent}, which speaks for it");
        decision.entries.push(Entry { at: now, source: "firsthand".to_owned(), text });
    } else if !incident.state.is_open() {
        incident.parent = None;
    }
    decision
}
