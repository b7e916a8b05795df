//! Alerts and metrics in, signals out.
//!
//! Enters: the body of an Alertmanager webhook ([`parse`]), and what Prometheus answers to a handful of
//! instant queries ([`Poller`]). Leaves: [`Signal`](crate::incident::Signal)s, each with a key by which a
//! repeat is recognised, and in words what could not be read; and what people told Alertmanager that they
//! want to hear nothing of ([`Will`]).
//!
//! *Nothing in this room decides that something is an incident, stores anything, or takes silence for
//! health*: metrics that are absent are an error, never a zero. Untrusted text is bounded here; it is
//! redacted by whoever commits it, through [`Heard::map_text`].

mod access;
mod alertmanager;
mod answer;
mod catch_up;
mod foreign;
mod lacking;
mod object;
mod prometheus;
mod promql;
mod reconcile;
mod scope;
mod settings;
mod silence;
mod watermark;
mod will;

pub use alertmanager::{BadBody, Heard, parse, sample};
pub use object::subject_of;
pub use prometheus::{PollError, Polled, Poller};
pub use reconcile::{Reconciler, Suspect, Word};
pub use scope::Namespaces;
pub use settings::{AlertmanagerSettings, BasicAuth, PrometheusSettings, Queries, TlsFiles};
pub use watermark::Watermark;
pub use will::{Asker, Will};
