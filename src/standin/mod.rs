//! Stand-ins for the world outside: a Kubernetes API, a Prometheus and a small simulated cluster, on
//! loopback. The demo runs the real daemon over them, and quick tests do too.
//!
//! *Nothing here is ever reached in production, and nothing here decides anything about an incident*:
//! a stand-in shows what a world shows and refuses what the real one refuses.

pub mod alertmanager;
pub mod kubernetes;
pub mod page;
pub mod prometheus;
pub mod slack;
pub mod terminal;
pub mod world;
