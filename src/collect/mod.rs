//! The cluster, or a dump of it, → [`Evidence`](crate::diagnosis::Evidence), bounded and redacted.
//!
//! Enters: a cluster and a subject, or a folder in the layout of `kubectl cluster-info dump`. Leaves:
//! evidence, each source read or `Unavailable` with its reason.
//!
//! *Nothing here writes to the cluster, asks for a Secret, watches, or keeps a cache; no value of a
//! ConfigMap or Secret leaves this room, and no text leaves it before redaction.* Collecting cannot
//! fail, only know less.

mod client;
mod custom;
mod decode;
pub mod dump;
mod keyed;
mod live;
mod permissions;
mod redact;
mod settings;
mod status;
mod tail;

pub use self::client::{client, default_namespace};
pub use self::live::{Collector, Lifted, LiftedBy, PrometheusSource};
pub use self::permissions::{PERMISSIONS, Permission};
pub use self::redact::redact;
pub use self::settings::{ClusterSettings, Settings};
