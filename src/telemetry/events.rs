//! The events: one struct per thing worth counting.
//!
//! A label's value comes from a closed enum here, from the cause catalogue, or from the settings.
//! *No event ever carries a secret, a log line of a workload, or a pod's name into a label.*

use std::time::Duration;

use super::{Event, Labels, Metrics};

pub use super::ids::{LookOutcome, Source, Target, WebhookOutcome};

/// One or more signals were committed.
#[derive(Debug)]
pub struct SignalsAccepted {
    /// Where they came from.
    pub source: Source,
    /// How many were new.
    pub new: u64,
    /// How many were known already.
    pub repeated: u64,
}

impl Event for SignalsAccepted {
    fn record(&self, m: &Metrics) {
        let source = self.source.id();
        if self.new > 0 {
            let (new, repeated) = (self.new, self.repeated);
            tracing::info!(source, new, repeated, "signals accepted");
        }
        m.signals.get_or_create(&one("source", source)).inc_by(self.new);
        m.signals_repeated.get_or_create(&one("source", source)).inc_by(self.repeated);
    }
}

/// A webhook was answered, after it was read and committed or refused.
#[derive(Debug)]
pub struct WebhookAnswered<'a> {
    /// What became of it.
    pub outcome: WebhookOutcome,
    /// Why, where it was not accepted; never the body itself.
    pub why: &'a str,
    /// From the request's head to the answer.
    pub took: Duration,
}

impl Event for WebhookAnswered<'_> {
    fn record(&self, m: &Metrics) {
        let (outcome, why, seconds) = (self.outcome.id(), self.why, self.took.as_secs_f64());
        match self.outcome {
            WebhookOutcome::Accepted => tracing::debug!(seconds, "webhook accepted"),
            _ => tracing::warn!(outcome, why, seconds, "webhook refused"),
        }
        m.webhook_requests.get_or_create(&one("outcome", outcome)).inc();
        m.webhook_duration.observe(seconds);
    }
}

/// A body that could never be read; the start of it is kept in the log, redacted by the caller.
#[derive(Debug)]
pub struct WebhookSample<'a> {
    /// What is wrong with it.
    pub why: &'a str,
    /// The start of the body, bounded and redacted.
    pub sample: &'a str,
}

impl Event for WebhookSample<'_> {
    fn record(&self, _: &Metrics) {
        tracing::warn!(why = self.why, sample = self.sample, "webhook body could not be read");
    }
}

/// A webhook held alerts that are no signal, or was cut short by Alertmanager.
#[derive(Debug, Default)]
pub struct AlertsIgnored {
    /// `Watchdog` alerts: the heartbeat of the alert path.
    pub heartbeats: u64,
    /// `InfoInhibitor` alerts: helpers of inhibition rules.
    pub inhibitors: u64,
    /// Entries of the body that could not be read.
    pub unreadable: u64,
    /// Alerts about namespaces that are not watched.
    pub unwatched: u64,
    /// Alerts that Alertmanager cut off.
    pub truncated: u64,
    /// When it was heard, seconds since 1970.
    pub at: i64,
}

impl Event for AlertsIgnored {
    fn record(&self, m: &Metrics) {
        let &Self { heartbeats, inhibitors, unreadable, unwatched, truncated, at } = self;
        if unreadable > 0 {
            tracing::warn!(unreadable, "alerts without a name or start were left out");
        }
        if truncated > 0 {
            tracing::warn!(
                truncated,
                "alertmanager cut alerts off; raise max_alerts or set it to 0"
            );
        }
        if heartbeats > 0 {
            m.heartbeat.set(at as f64);
        }
        for (why, n) in IGNORED.iter().zip([heartbeats, inhibitors, unreadable, unwatched]) {
            m.alerts_ignored.get_or_create(&one("why", why)).inc_by(n);
        }
        m.alerts_truncated.inc_by(truncated);
    }
}

/// Prometheus was polled in full.
#[derive(Debug)]
pub struct PollDone {
    /// When, seconds since 1970.
    pub at: i64,
    /// How long all queries took.
    pub seconds: f64,
    /// How many signals it brought.
    pub signals: u64,
    /// How many warnings the answers carried.
    pub warnings: u64,
}

impl Event for PollDone {
    fn record(&self, m: &Metrics) {
        let &Self { seconds, signals, warnings, .. } = self;
        tracing::debug!(seconds, signals, warnings, "prometheus polled");
        m.polls.get_or_create(&one("outcome", "ok")).inc();
        m.poll_warnings.inc_by(warnings);
        m.poll_duration.observe(seconds);
        m.last_poll.set(self.at as f64);
    }
}

/// A poll of Prometheus failed; nothing is known about what it would have said.
#[derive(Debug)]
pub struct PollFailed<'a> {
    /// Why, in words.
    pub why: &'a str,
    /// How long it took to fail.
    pub seconds: f64,
}

impl Event for PollFailed<'_> {
    fn record(&self, m: &Metrics) {
        let (why, seconds) = (self.why, self.seconds);
        tracing::warn!(why, seconds, "prometheus could not be polled");
        m.polls.get_or_create(&one("outcome", "failed")).inc();
        m.poll_duration.observe(seconds);
    }
}

/// A dependency began or ceased to answer. Emit it when it changes, and once at start.
#[derive(Debug)]
pub struct UpChanged<'a> {
    /// What it is.
    pub target: Target,
    /// `None`: it answers. Else why not.
    pub down: Option<&'a str>,
}

impl Event for UpChanged<'_> {
    fn record(&self, m: &Metrics) {
        let target = self.target.id();
        match self.down {
            None => tracing::info!(target, "dependency answers"),
            Some(why) => tracing::warn!(target, why, "dependency is away"),
        }
        let up = i64::from(self.down.is_none());
        m.up.get_or_create(&one("target", target)).set(up);
    }
}

/// The settings were read: at start, and when somebody asks for it.
#[derive(Debug)]
pub struct SettingsRead<'a> {
    /// `None`: they are good, and hold from this second on. Else what is wrong; the ones before go on.
    pub faulty: Option<&'a str>,
    /// Seconds since 1970.
    pub at: i64,
}

impl Event for SettingsRead<'_> {
    fn record(&self, m: &Metrics) {
        m.config_last_reload_successful.set(i64::from(self.faulty.is_none()));
        match self.faulty {
            None => {
                m.config_last_reload.set(self.at as f64);
                tracing::info!("settings are good and hold from now on");
            }
            Some(faults) => {
                tracing::error!(faults, "settings are faulty; the ones before go on");
            }
        }
    }
}

/// Evidence was taken.
#[derive(Debug)]
pub struct LookDone<'a> {
    /// The subject, for the log only.
    pub subject: &'a str,
    /// How much could be seen.
    pub outcome: LookOutcome,
    /// How long it took.
    pub seconds: f64,
    /// How many requests it made to the Kubernetes API.
    pub api_calls: u64,
    /// How many values redaction took out.
    pub redacted: u64,
    /// The first hypothesis' cause, by its id, and its certainty.
    pub cause: Option<(&'a str, &'a str)>,
}

impl Event for LookDone<'_> {
    fn record(&self, m: &Metrics) {
        let &Self { subject, outcome, seconds, api_calls, redacted, cause } = self;
        let outcome = outcome.id();
        let (cause, certainty) = cause.unwrap_or(("none", "none"));
        tracing::info!(
            subject,
            outcome,
            seconds,
            api_calls,
            redacted,
            cause,
            certainty,
            "evidence taken"
        );
        m.looks.get_or_create(&one("outcome", outcome)).inc();
        m.look_duration.observe(seconds);
        m.kubernetes_requests.inc_by(api_calls);
        m.values_redacted.inc_by(redacted);
        m.diagnoses.get_or_create(&two(("cause", cause), ("certainty", certainty))).inc();
    }
}

/// An incident was opened.
#[derive(Debug)]
pub struct IncidentOpened<'a> {
    /// Its id, for the log only.
    pub incident: &'a str,
    /// Its subject, for the log only.
    pub subject: &'a str,
    /// Whether it is an earlier one that came back.
    pub relapse: bool,
}

impl Event for IncidentOpened<'_> {
    fn record(&self, m: &Metrics) {
        let &Self { incident, subject, relapse } = self;
        tracing::info!(incident, subject, relapse, "incident opened");
        if relapse {
            m.incidents_relapsed.inc()
        } else {
            m.incidents_opened.inc()
        };
    }
}

/// An incident was closed.
#[derive(Debug)]
pub struct IncidentClosed<'a> {
    /// Its id, for the log only.
    pub incident: &'a str,
    /// How it ended, one of the words of `incident::Closed`.
    pub how: &'a str,
}

impl Event for IncidentClosed<'_> {
    fn record(&self, m: &Metrics) {
        let &Self { incident, how } = self;
        tracing::info!(incident, how, "incident closed");
        m.incidents_closed.get_or_create(&one("how", &how.replace(' ', "_"))).inc();
    }
}

/// How many incidents are open in a state; set after each decision.
#[derive(Debug)]
pub struct IncidentsOpen<'a> {
    /// `investigating`, `identified` or `monitoring`.
    pub state: &'a str,
    /// How many.
    pub n: u64,
}

impl Event for IncidentsOpen<'_> {
    fn record(&self, m: &Metrics) {
        m.incidents_open.get_or_create(&one("state", self.state)).set(self.n as i64);
    }
}

/// A receiver took a message.
#[derive(Debug)]
pub struct DeliverySent<'a> {
    /// The receiver, from the settings.
    pub receiver: &'a str,
    /// What was sent: `post`, `edit` or `reply`.
    pub kind: &'a str,
    /// The incident, for the log only.
    pub incident: &'a str,
}

impl Event for DeliverySent<'_> {
    fn record(&self, m: &Metrics) {
        let &Self { receiver, kind, incident } = self;
        tracing::info!(receiver, kind, incident, "delivery sent");
        m.deliveries_sent.get_or_create(&two(("receiver", receiver), ("kind", kind))).inc();
    }
}

/// An attempt failed and will be repeated.
#[derive(Debug)]
pub struct DeliveryRetry<'a> {
    /// The receiver, from the settings.
    pub receiver: &'a str,
    /// A short id of the reason: `ratelimited`, `timeout`, `http_500`; becomes a label.
    pub why: &'a str,
    /// The reason in words, for the log only.
    pub detail: &'a str,
    /// When it is tried again, from now.
    pub after: Duration,
}

impl Event for DeliveryRetry<'_> {
    fn record(&self, m: &Metrics) {
        let &Self { receiver, why, detail, after } = self;
        let after = after.as_secs_f64();
        tracing::warn!(receiver, why, detail, after, "delivery will be tried again");
        m.delivery_retries.get_or_create(&two(("receiver", receiver), ("why", why))).inc();
    }
}

/// A delivery cannot be made until somebody does something.
#[derive(Debug)]
pub struct DeliveryParked<'a> {
    /// The receiver, from the settings.
    pub receiver: &'a str,
    /// A short id of the reason, the receiver's own error code; becomes a label.
    pub why: &'a str,
    /// What to do, for the log only.
    pub advice: &'a str,
}

impl Event for DeliveryParked<'_> {
    fn record(&self, m: &Metrics) {
        let &Self { receiver, why, advice } = self;
        tracing::error!(receiver, why, advice, "delivery parked");
        m.deliveries_parked.get_or_create(&two(("receiver", receiver), ("why", why))).inc();
    }
}

/// What a receiver is still owed; set at every turn of its worker.
#[derive(Debug)]
pub struct DeliveryBacklog<'a> {
    /// The receiver, from the settings.
    pub receiver: &'a str,
    /// Deliveries waiting to be sent.
    pub due: u64,
    /// Deliveries parked.
    pub parked: u64,
    /// How long the oldest has been due.
    pub oldest: Duration,
}

impl Event for DeliveryBacklog<'_> {
    fn record(&self, m: &Metrics) {
        let receiver = one("receiver", self.receiver);
        m.deliveries_due.get_or_create(&receiver).set(self.due as i64);
        m.deliveries_parked_now.get_or_create(&receiver).set(self.parked as i64);
        m.delivery_oldest_due.get_or_create(&receiver).set(self.oldest.as_secs_f64());
    }
}

/// A task panicked and was started again.
#[derive(Debug)]
pub struct TaskPanicked<'a> {
    /// Which: `web`, `poll`, `look`, `deliver`, `decide`.
    pub task: &'a str,
    /// What it said.
    pub message: &'a str,
}

impl Event for TaskPanicked<'_> {
    fn record(&self, m: &Metrics) {
        let &Self { task, message } = self;
        tracing::error!(task, message, "a task panicked");
        m.task_panics.get_or_create(&one("task", task)).inc();
    }
}

/// Why an alert is no signal.
const IGNORED: [&str; 4] = ["heartbeat", "inhibitor", "unreadable", "unwatched"];

/// Creates every series whose labels are known before anything happens.
pub(super) fn at_zero<'a>(m: &Metrics, receivers: impl IntoIterator<Item = &'a str>) {
    for source in Source::ALL.map(Source::id) {
        drop(m.signals.get_or_create(&one("source", source)));
        drop(m.signals_repeated.get_or_create(&one("source", source)));
    }
    for outcome in WebhookOutcome::ALL.map(WebhookOutcome::id) {
        drop(m.webhook_requests.get_or_create(&one("outcome", outcome)));
    }
    for why in IGNORED {
        drop(m.alerts_ignored.get_or_create(&one("why", why)));
    }
    for outcome in ["ok", "failed"] {
        drop(m.polls.get_or_create(&one("outcome", outcome)));
    }
    for target in Target::ALL.map(Target::id) {
        drop(m.up.get_or_create(&one("target", target)));
    }
    for outcome in LookOutcome::ALL.map(LookOutcome::id) {
        drop(m.looks.get_or_create(&one("outcome", outcome)));
    }
    for state in ["investigating", "identified", "monitoring"] {
        drop(m.incidents_open.get_or_create(&one("state", state)));
    }
    for how in ["recovered", "gone", "alert_ended", "never_spoken"] {
        drop(m.incidents_closed.get_or_create(&one("how", how)));
    }
    for receiver in receivers {
        let labels = one("receiver", receiver);
        drop(m.deliveries_due.get_or_create(&labels));
        drop(m.deliveries_parked_now.get_or_create(&labels));
        drop(m.delivery_oldest_due.get_or_create(&labels));
        for kind in ["post", "edit", "reply"] {
            let labels = two(("receiver", receiver), ("kind", kind));
            drop(m.deliveries_sent.get_or_create(&labels));
        }
    }
}

fn one(name: &'static str, value: &str) -> Labels {
    vec![(name, value.to_owned())]
}

fn two(a: (&'static str, &str), b: (&'static str, &str)) -> Labels {
    vec![(a.0, a.1.to_owned()), (b.0, b.1.to_owned())]
}
