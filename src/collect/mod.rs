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
pub use self::settings::{
    ClusterSettings, LogSettings, Logs, OwnPattern, RedactionSettings, Settings,
};

/// Redaction with the settings' own rules, for texts that belong to no collection. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Redactor(std::sync::Arc<redact::Rules>);

impl Redactor {
    /// With the rules of these settings.
    pub fn of(settings: &RedactionSettings) -> Self {
        Self(std::sync::Arc::new(redact::Rules::of(settings)))
    }

    /// The text without its secrets, and without what the settings want taken out.
    pub fn redact(&self, text: &str) -> String {
        redact::redact_with(text, &self.0)
    }
}
