//! What the daemon tells about itself: one struct per thing worth counting, one [`Telemetry::emit`]
//! that both logs it and counts it, so that a log line and its metric cannot drift apart.
//!
//! Enters: [`events`]. Leaves: log lines through `tracing`, and the page of `/metrics`.
//!
//! *Nothing here ever fails, blocks, or carries a pod's name into a label*: labels are ids from the
//! catalogue, the settings and the closed lists of [`events`], so the number of series is known before
//! the first incident. Messages are constant sentences; what varies is a field.

pub mod events;
mod ids;
mod process;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

/// The content type of [`Telemetry::page`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Something worth counting and worth a log line.
pub trait Event {
    /// Logs it and counts it.
    fn record(&self, metrics: &Metrics);
}

/// Where events go. Cheap to clone; all clones count into the same metrics.
#[derive(Clone, Debug)]
pub struct Telemetry(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    metrics: Metrics,
}

impl Telemetry {
    /// A fresh set of metrics, all at zero, those of `receivers` (names from the settings) included:
    /// a series that only appears with the first failure cannot be alerted on.
    pub fn new<'a>(receivers: impl IntoIterator<Item = &'a str>) -> Self {
        let metrics = Metrics::default();
        let mut registry = Registry::default();
        metrics.register(registry.sub_registry_with_prefix("firsthand"));
        registry.register_collector(Box::new(process::Process));
        events::at_zero(&metrics, receivers);
        Self(Arc::new(Inner { registry, metrics }))
    }

    /// Logs and counts one event.
    pub fn emit(&self, event: impl Event) {
        event.record(&self.0.metrics);
    }

    /// The page of `/metrics`, as OpenMetrics text; send it with [`CONTENT_TYPE`].
    pub fn page(&self) -> String {
        let mut page = String::with_capacity(16 * 1024);
        // Writing into a String cannot fail; a collector that could not read /proc leaves lines out.
        if text::encode(&mut page, &self.0.registry).is_err() {
            tracing::warn!("the metrics page could not be written in full");
        }
        page
    }
}

type Labels = Vec<(&'static str, String)>;
type Counters = Family<Labels, Counter>;
type Gauges = Family<Labels, Gauge>;
type Seconds = Gauge<f64, AtomicU64>;

/// Every metric of the daemon. Only [`events`] touches them.
#[derive(Debug)]
pub struct Metrics {
    webhook_requests: Counters,
    webhook_duration: Histogram,
    signals: Counters,
    signals_repeated: Counters,
    alerts_ignored: Counters,
    alerts_truncated: Counter,
    heartbeat: Seconds,
    polls: Counters,
    poll_warnings: Counter,
    poll_duration: Histogram,
    last_poll: Seconds,
    up: Gauges,
    looks: Counters,
    look_duration: Histogram,
    kubernetes_requests: Counter,
    diagnoses: Counters,
    values_redacted: Counter,
    incidents_opened: Counter,
    incidents_relapsed: Counter,
    incidents_closed: Counters,
    incidents_open: Gauges,
    deliveries_sent: Counters,
    delivery_retries: Counters,
    deliveries_parked: Counters,
    deliveries_due: Gauges,
    deliveries_parked_now: Gauges,
    delivery_oldest_due: Family<Labels, Seconds>,
    task_panics: Counters,
    config_last_reload_successful: Gauge,
    config_last_reload: Seconds,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            webhook_requests: Family::default(),
            webhook_duration: seconds(&[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0]),
            signals: Family::default(),
            signals_repeated: Family::default(),
            alerts_ignored: Family::default(),
            alerts_truncated: Counter::default(),
            heartbeat: Seconds::default(),
            polls: Family::default(),
            poll_warnings: Counter::default(),
            poll_duration: seconds(&[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0]),
            last_poll: Seconds::default(),
            up: Family::default(),
            looks: Family::default(),
            look_duration: seconds(&[0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0]),
            kubernetes_requests: Counter::default(),
            diagnoses: Family::default(),
            values_redacted: Counter::default(),
            incidents_opened: Counter::default(),
            incidents_relapsed: Counter::default(),
            incidents_closed: Family::default(),
            incidents_open: Family::default(),
            deliveries_sent: Family::default(),
            delivery_retries: Family::default(),
            deliveries_parked: Family::default(),
            deliveries_due: Family::default(),
            deliveries_parked_now: Family::default(),
            delivery_oldest_due: Family::default(),
            task_panics: Family::default(),
            config_last_reload_successful: Gauge::default(),
            config_last_reload: Seconds::default(),
        }
    }
}

/// A histogram of seconds with these upper bounds.
fn seconds(bounds: &[f64]) -> Histogram {
    Histogram::new(bounds.iter().copied())
}

impl Metrics {
    /// Names, helps and units; `_total` is added to counters and the unit to what has one.
    fn register(&self, r: &mut Registry) {
        r.register(
            "build",
            "The version that runs",
            Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]),
        );
        r.register_with_unit(
            "heartbeat_timestamp",
            "When the Watchdog alert was last heard; 0 is never",
            Unit::Seconds,
            self.heartbeat.clone(),
        );
        r.register_with_unit(
            "last_successful_poll_timestamp",
            "When Prometheus was last polled in full; 0 is never",
            Unit::Seconds,
            self.last_poll.clone(),
        );
        r.register("up", "1 while the dependency answers", self.up.clone());
        r.register(
            "config_last_reload_successful",
            "1 where the settings file was good when it was last read",
            self.config_last_reload_successful.clone(),
        );
        r.register_with_unit(
            "config_last_reload_success_timestamp",
            "When settings were last taken over",
            Unit::Seconds,
            self.config_last_reload.clone(),
        );
        r.register("task_panics", "Panics caught, by task", self.task_panics.clone());
        self.register_intake(r);
        self.register_incidents(r);
        self.register_deliveries(r);
    }

    fn register_intake(&self, r: &mut Registry) {
        r.register(
            "webhook_requests",
            "Requests to /alertmanager, by what became of them",
            self.webhook_requests.clone(),
        );
        r.register_with_unit(
            "webhook_duration",
            "From the first byte of a webhook to its answer",
            Unit::Seconds,
            self.webhook_duration.clone(),
        );
        r.register("signals", "Signals committed, by source", self.signals.clone());
        r.register(
            "signals_repeated",
            "Signals known already, by source",
            self.signals_repeated.clone(),
        );
        r.register("alerts_ignored", "Alerts that are no signal", self.alerts_ignored.clone());
        r.register(
            "alerts_truncated",
            "Alerts cut off by Alertmanager's max_alerts",
            self.alerts_truncated.clone(),
        );
        r.register("polls", "Polls of Prometheus, by outcome", self.polls.clone());
        r.register("poll_warnings", "Warnings in answers", self.poll_warnings.clone());
        r.register_with_unit(
            "poll_duration",
            "How long a poll of Prometheus took, all queries",
            Unit::Seconds,
            self.poll_duration.clone(),
        );
    }

    fn register_incidents(&self, r: &mut Registry) {
        r.register("looks", "Evidence taken, by outcome", self.looks.clone());
        r.register_with_unit(
            "look_duration",
            "How long taking evidence took",
            Unit::Seconds,
            self.look_duration.clone(),
        );
        r.register(
            "kubernetes_requests",
            "Requests made to the Kubernetes API for evidence",
            self.kubernetes_requests.clone(),
        );
        r.register("diagnoses", "First hypotheses, by cause", self.diagnoses.clone());
        r.register(
            "values_redacted",
            "Values redaction took out of evidence",
            self.values_redacted.clone(),
        );
        r.register("incidents_opened", "Incidents opened", self.incidents_opened.clone());
        r.register("incidents_relapsed", "Incidents reopened", self.incidents_relapsed.clone());
        r.register("incidents_closed", "Incidents closed, by how", self.incidents_closed.clone());
        r.register("incidents_open", "Open incidents, by state", self.incidents_open.clone());
    }

    fn register_deliveries(&self, r: &mut Registry) {
        r.register(
            "deliveries_sent",
            "Messages and edits a receiver took",
            self.deliveries_sent.clone(),
        );
        r.register(
            "delivery_retries",
            "Attempts that will be repeated",
            self.delivery_retries.clone(),
        );
        r.register(
            "deliveries_refused",
            "Deliveries parked because they cannot heal by themselves",
            self.deliveries_parked.clone(),
        );
        r.register("deliveries_due", "Deliveries waiting to be sent", self.deliveries_due.clone());
        r.register(
            "deliveries_parked",
            "Deliveries parked now; `firsthand check` lists them",
            self.deliveries_parked_now.clone(),
        );
        r.register_with_unit(
            "delivery_oldest_due",
            "How long the oldest due delivery has waited",
            Unit::Seconds,
            self.delivery_oldest_due.clone(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::events::{PollDone, SignalsAccepted, Source};
    use super::*;

    #[test]
    fn every_series_stands_at_zero_before_anything_happened() {
        let page = Telemetry::new(["oncall"]).page();
        for line in [
            "firsthand_build_info{version=",
            "firsthand_signals_total{source=\"alertmanager\"} 0",
            "firsthand_webhook_requests_total{outcome=\"unreadable\"} 0",
            "firsthand_up{target=\"kubernetes\"} 0",
            "firsthand_last_successful_poll_timestamp_seconds 0.0",
            "firsthand_incidents_open{state=\"investigating\"} 0",
            "firsthand_deliveries_due{receiver=\"oncall\"} 0",
            "firsthand_deliveries_parked{receiver=\"oncall\"} 0",
            "process_resident_memory_bytes ",
            "process_cpu_seconds_total ",
        ] {
            assert!(page.contains(line), "no `{line}` in\n{page}");
        }
        assert!(page.ends_with("# EOF\n"));
    }

    #[test]
    fn an_event_is_counted_in_every_clone() {
        let telemetry = Telemetry::new([]);
        let clone = telemetry.clone();
        clone.emit(SignalsAccepted { source: Source::Prometheus, new: 3, repeated: 2 });
        clone.emit(PollDone { at: 1_795_000_000, seconds: 0.2, signals: 3, warnings: 1 });
        let page = telemetry.page();
        assert!(page.contains("firsthand_signals_total{source=\"prometheus\"} 3"), "{page}");
        assert!(page.contains("firsthand_signals_repeated_total{source=\"prometheus\"} 2"));
        assert!(page.contains("firsthand_last_successful_poll_timestamp_seconds 1795000000.0"));
    }
}
