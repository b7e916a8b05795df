//! Firsthand: takes the evidence of a Kubernetes incident first hand, before the pod is gone, and
//! says in one message what it proves and what it only suggests.
//!
//! The rooms, in the order a newcomer should read them. The first three are pure: they do no I/O,
//! read no clock and cannot fail. Time is an argument.
//!
//! 1. [`diagnosis`]: evidence in, diagnosis out.
//! 2. [`incident`]: what is known about one subject, what was learned, the time → a decision.
//! 3. [`brief`]: an incident → words for an audience.
//! 4. [`collect`]: the cluster → evidence, bounded and redacted.
//! 5. [`intake`]: alerts and metrics → signals.
//! 6. [`ledger`]: state, timeline and deliveries, committed together.
//! 7. [`delivery`]: one message owed to one receiver, sent until it is told.
//! 8. [`web`]: what listens.
//! 9. [`config`] composes every room's settings; [`daemon`] joins the rooms; [`cli`] asks them.
//!
//! Imports run one way: `cli → daemon → config → intake · collect · ledger · delivery · web → brief →
//! incident → diagnosis`; `tests/house.rs` reads the `use` lines and fails on any other.

pub mod brief;
pub mod cli;
pub mod collect;
pub mod config;
pub mod daemon;
pub mod delivery;
pub mod diagnosis;
pub mod incident;
pub mod intake;
pub mod ledger;
pub mod standin;
pub mod telemetry;
pub mod tls;
pub mod web;
