//! Evidence in, diagnosis out.
//!
//! Enters: an [`Evidence`], everything that could be read about a cluster at one moment, each source
//! either read or [`Source::Unavailable`] with its reason. Leaves: a [`Diagnosis`], ranked hypotheses
//! with their proof, and what could not be seen.
//!
//! *Nothing in this room does I/O, reads a clock, sleeps or fails.* An object it cannot make sense of
//! weakens the diagnosis; it never stops it.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod about;
mod advice;
mod blame;
mod blind;
mod case;
mod cause;
pub mod causes;
mod claims;
mod complaint;
mod container;
mod cron;
mod edge;
mod ended;
mod ending;
mod engine;
mod event;
mod eviction;
mod evidence;
mod finding;
mod health;
mod kinds;
pub mod log;
mod memory;
mod migration;
mod mistakes;
mod object;
mod owner;
mod phrase;
mod pod;
mod policy;
mod probes;
mod pull;
mod rank;
mod references;
mod refusal;
mod rollout;
mod room;
mod runlog;
mod scheduler;
pub mod signs;
mod steward;
mod symptom;
mod told;
mod trouble;
mod wiring;
mod world;

pub use about::{About, Names, about};
pub use blame::leads;
pub use case::Case;
pub use cause::{Cause, Reads};
pub use container::ContainerView;
pub use ended::Ended;
pub use engine::{Scope, diagnose};
pub use event::EventView;
pub use evidence::{AlertFact, Evidence, Instance, KeyedObject, Log, Metrics, Series, Source};
pub use finding::{
    Behind, BlindSpot, Certainty, Change, Choice, Diagnosis, EventLine, Excerpt, Finding, Health,
    Hypothesis, Neighbours, Presence, Proof, RestartCount, Revision, Rollout, ServiceHealth,
    Waiting,
};
pub use health::health;
pub use kinds::{Condition, CustomResource, ForEachKind};
pub use object::{Kind, ObjectRef};
pub use owner::{lift, lift_by_name};
pub use phrase::placeholders;
pub use pod::PodView;
pub use pull::PullFault;
pub use runlog::LogView;
pub use steward::Steward;
pub use told::{Missing, Told};
pub use trouble::Trouble;
pub use world::World;
