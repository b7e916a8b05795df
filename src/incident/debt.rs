//! A debt: one message owed to one receiver, from the commit that decided it until it is told.
//!
//! The value stands here because the ledger keeps it and the delivery room pays it, and neither of
//! the two knows the other.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Incident, Reply};

/// One message owed to one receiver, claimed for one attempt to tell it.
#[derive(Clone, Debug, PartialEq)]
pub struct Debt {
    /// The row of the ledger.
    pub id: i64,
    /// The incident as it is *now*: after an hour of outage the message says what is true then.
    pub incident: Incident,
    /// Which message.
    pub what: Owed,
    /// Names this message for ever, the same in every attempt: what a receiver can drop repeats by
    /// and what is searched for after an attempt whose outcome is unknown.
    pub key: String,
    /// Counts what was wanted of this message; told back in [`Outcome::Told`].
    pub revision: i64,
    /// Where the message already stands. It is edited there.
    pub place: Option<Place>,
    /// For replies: where the main message stands.
    pub thread: Option<Place>,
    /// An earlier attempt may have arrived: ask before telling it again.
    pub uncertain: bool,
    /// Failed attempts so far.
    pub attempts: u32,
    /// How often the main message has vanished and been told anew.
    pub anew: u32,
}

/// Which message of the incident.
#[derive(Clone, Debug, PartialEq)]
pub enum Owed {
    /// The main message, always its newest state.
    Main,
    /// A reply in its thread.
    Reply {
        /// Its number in the thread, from 1. Told strictly in order.
        seq: i64,
        /// What it says.
        reply: Box<Reply>,
        /// Also shown in the channel itself.
        broadcast: bool,
    },
}

/// Where a message stands at a receiver that can name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The channel, by the id the receiver gave it.
    pub channel: String,
    /// The message in it.
    pub ts: String,
}

/// What is there to be told to a receiver.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// This, now.
    Owed(Box<Debt>),
    /// Nothing now, and nothing before `until` unless something new is committed.
    Nothing {
        /// When the next debt falls due.
        until: Option<Timestamp>,
    },
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was told.
    Told {
        /// [`Debt::revision`] of what was told; a newer one stays owed.
        revision: i64,
        /// Where it stands, at receivers that can name it.
        place: Option<Place>,
        /// Edits of the same message wait until then.
        not_before: Timestamp,
    },
    /// It was not told, for a reason that passes.
    Retry {
        /// Not before.
        at: Timestamp,
        /// The reason, one word or a short sentence without secrets.
        why: String,
    },
    /// It may or may not have been told.
    Unknown {
        /// Not before.
        at: Timestamp,
        /// The reason.
        why: String,
    },
    /// It cannot be told until somebody repairs the receiver (an archived channel, a revoked
    /// token). Tried again slowly, so that the repair is all it takes.
    Parked {
        /// Not before.
        at: Timestamp,
        /// The reason, in the receiver's own word.
        why: String,
    },
    /// The receiver will never take this message as it is. The main message is tried again when it
    /// changes; a reply is given up, and the ones after it go on.
    Refused {
        /// The reason, in the receiver's own word.
        why: String,
    },
    /// The message that was to be edited cannot be edited any more: it is told anew.
    Vanished {
        /// The reason.
        why: String,
    },
}
