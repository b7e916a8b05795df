//! What is known about one subject, what was learned, and the time: a decision.
//!
//! Enters: a [`Signal`] (something says that something is wrong, or no longer) or a [`Look`] (evidence
//! was taken and diagnosed), and `now`. Leaves: a [`Decision`]: the incident as it is after that, the
//! timeline entries that say why, and what is to be said.
//!
//! *Nothing in this room does I/O, reads a clock, sleeps, retries or fails.* It decides that something
//! is to be said; who hears it is read from the route tree, how it is worded is `brief`'s, and when it
//! arrives is `delivery`'s.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod debt;
mod decision;
mod discreet;
mod draft;
mod glob;
mod hear;
mod learn;
mod lookback;
mod matcher;
mod memory;
pub mod noise;
mod notes;
pub mod public;
mod record;
mod recovery;
pub mod route;
mod rules;
mod see;
mod settle;
pub mod severity;
mod signal;
pub mod storm;
mod voice;
pub mod watch;

pub use debt::{Claim, Debt, Outcome, Owed, Place};
pub use decision::{Audience, Decision, Entry, Heard, Look, Named, Reply, Say};
pub use discreet::{Logs, without_logs};
pub use glob::glob;
pub use hear::hear;
pub use learn::{learn, pass};
pub use lookback::LooksBack;
pub use matcher::{BadMatcher, Matchers};
pub use memory::Memory;
pub use record::{Closed, Incident, JoinedAlert, Restarted, Severity, State};
pub use rules::{Burst, Looks, Rules, Storms};
pub use signal::{
    AlertSignal, AlertStatus, Missed, Muted, PollSignal, Signal, SignalKind, Subject, WrittenSignal,
};
