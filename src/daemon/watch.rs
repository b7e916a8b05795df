//! What is asked again and again: Prometheus for what moved, the API server whether it is there, the
//! ledger to forget what is old.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderMap;
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::reconcile::Asked;
use super::watchman::Watchman;
use crate::collect::{self, Collector, PrometheusSource, Redactor};
use crate::config::Settings;
use crate::incident::watch::Part;
use crate::intake::{Asker, Namespaces, Poller, Watermark, Will};
use crate::ledger::{Ledger, LedgerError};
use crate::telemetry::{Telemetry, events};
use crate::web::Readiness;

const PROMETHEUS: &str = "prometheus";
const KUBERNETES: &str = "kubernetes";

/// The name of the poll's watermark in the ledger.
const WATERMARK: &str = "prometheus-poll";

/// How often the API server is asked whether it is there, and how long it may take.
const PROBE_EVERY: Duration = Duration::from_secs(15);
const PROBE_WITHIN: Duration = Duration::from_secs(5);

/// How often old rows are pruned.
const PRUNE_EVERY: Duration = Duration::from_secs(3600);

/// What must answer before the daemon is ready.
pub(super) fn parts(settings: &Settings) -> Vec<&'static str> {
    let prometheus = settings.prometheus.url.is_some().then_some(PROMETHEUS);
    [Some(KUBERNETES), prometheus].into_iter().flatten().collect()
}

/// What reads the cluster, and what keeps its credentials for Prometheus fresh.
pub(super) struct Sources {
    pub(super) collector: Collector,
    pub(super) kubernetes: kube::Client,
    pub(super) headers: tokio::sync::watch::Sender<HeaderMap>,
}

impl Sources {
    /// Built without a call to anyone: what is away does not keep the daemon from starting.
    pub(super) async fn of(settings: &Settings) -> anyhow::Result<Self> {
        let kubernetes = collect::client(&settings.cluster).await.context("cluster")?;
        let (headers, watched) = tokio::sync::watch::channel(HeaderMap::new());
        let prometheus = match poller(settings)? {
            Some(poller) => {
                let client = poller.client().await.map_err(anyhow::Error::msg)?;
                let matchers = settings.prometheus.matchers.join(",");
                Some(PrometheusSource { client, headers: watched, matchers })
            }
            None => None,
        };
        let collector = Collector::new(settings.collect.clone(), kubernetes.clone(), prometheus);
        Ok(Self { collector, kubernetes, headers })
    }
}

/// The poller, where Prometheus is named.
pub(super) fn poller(settings: &Settings) -> anyhow::Result<Option<Poller>> {
    if settings.prometheus.url.is_none() {
        return Ok(None);
    }
    Ok(Some(Poller::new(settings.prometheus.clone(), &settings.cluster.name)?))
}

/// Who asks Alertmanager, where one is named.
pub(super) fn asker(settings: &Settings) -> anyhow::Result<Option<Asker>> {
    Asker::new(&settings.alertmanager, &settings.cluster.name).map_err(anyhow::Error::msg)
}

/// The watcher.
pub(super) struct Watch {
    pub(super) ledger: Ledger,
    pub(super) kubernetes: kube::Client,
    pub(super) headers: tokio::sync::watch::Sender<HeaderMap>,
    pub(super) telemetry: Telemetry,
    pub(super) readiness: Readiness,
    pub(super) heard: Arc<Notify>,
    pub(super) keep: Duration,
    pub(super) every: Duration,
    /// How often Alertmanager is asked.
    pub(super) asked: Duration,
    /// Which namespaces are watched.
    pub(super) namespaces: Namespaces,
    /// Our cluster's name.
    pub(super) cluster: String,
    /// Takes the secrets out of what people wrote in Alertmanager.
    pub(super) redactor: Redactor,
    /// What Alertmanager said last.
    pub(super) will: tokio::sync::watch::Sender<Option<Arc<Will>>>,
    /// Who says what Firsthand has to say of itself.
    pub(super) watchman: Watchman,
}

impl Watch {
    /// Watches until stopped.
    ///
    /// # Errors
    /// When the ledger cannot be used any more.
    pub(super) async fn run(
        self,
        poller: Option<Poller>,
        asker: Option<Asker>,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        let mut asked = asker.map(Asked::of);
        let watched = async {
            // What people want to hear nothing of is known before the first poll.
            if let Some(asked) = &mut asked {
                passing(self.ask_alertmanager(asked, poller.as_ref()).await)?;
            }
            tokio::try_join!(
                self.poll_again(poller.as_ref()),
                self.ask_again(asked.as_mut(), poller.as_ref()),
                self.probe_again(),
                self.watchman.run(&self.ledger, &self.heard),
                self.prune_again()
            )
            .map(drop)
        };
        tokio::select! {
            () = stop.cancelled() => Ok(()),
            failed = watched => Ok(failed?),
        }
    }

    async fn ask_again(
        &self,
        asked: Option<&mut Asked>,
        poller: Option<&Poller>,
    ) -> Result<(), LedgerError> {
        let Some(asked) = asked else { return Ok(()) };
        let mut tick = interval(self.asked);
        tick.tick().await;
        loop {
            tick.tick().await;
            passing(self.ask_alertmanager(asked, poller).await)?;
        }
    }

    async fn poll_again(&self, poller: Option<&Poller>) -> Result<(), LedgerError> {
        let Some(poller) = poller else { return Ok(()) };
        let mut tick = interval(self.every);
        loop {
            tick.tick().await;
            passing(self.poll(poller).await)?;
        }
    }

    /// One poll: the signals are committed before the watermark that says they were seen.
    async fn poll(&self, poller: &Poller) -> Result<(), LedgerError> {
        let kept = self.ledger.watermark(WATERMARK).await?;
        let watermark = kept.and_then(|kept| serde_json::from_str::<Watermark>(&kept).ok());
        if let Ok(headers) = poller.headers().await {
            self.headers.send_replace(headers);
        }
        let (began, now) = (Instant::now(), Timestamp::now());
        let mut polled = match poller.poll(watermark, now).await {
            Ok(polled) => polled,
            Err(error) => {
                let why = error.to_string();
                let seconds = began.elapsed().as_secs_f64();
                self.telemetry.emit(events::PollFailed { why: &why, seconds });
                self.told(PROMETHEUS, events::Target::Prometheus, Some(why));
                return Ok(());
            }
        };
        self.told(PROMETHEUS, events::Target::Prometheus, None);
        self.watchman.saw(Part::Answers, polled.partial.take());
        self.namespaces.keep_wanted(&mut polled.signals);
        let all = polled.signals.len();
        let new = self.ledger.accept(&polled.signals).await?;
        if let Ok(mark) = serde_json::to_string(&polled.watermark) {
            self.ledger.set_watermark(WATERMARK, &mark).await?;
        }
        if new > 0 {
            self.heard.notify_one();
        }
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        self.telemetry.emit(events::SignalsAccepted {
            source: events::Source::Prometheus,
            new: count(new),
            repeated: count(all - new),
        });
        for warning in &polled.warnings {
            tracing::warn!(
                warning,
                "prometheus answered with a warning; the answer may be partial"
            );
        }
        self.telemetry.emit(events::PollDone {
            at: now.as_second(),
            seconds: began.elapsed().as_secs_f64(),
            signals: count(all),
            warnings: count(polled.warnings.len()),
        });
        Ok(())
    }

    async fn probe_again(&self) -> Result<(), LedgerError> {
        let mut tick = interval(PROBE_EVERY.min(self.watchman.every));
        loop {
            tick.tick().await;
            let away = match timeout(PROBE_WITHIN, self.kubernetes.apiserver_version()).await {
                Ok(Ok(_)) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(_) => Some(format!("no answer within {} s", PROBE_WITHIN.as_secs())),
            };
            self.told(KUBERNETES, events::Target::Kubernetes, away);
        }
    }

    async fn prune_again(&self) -> Result<(), LedgerError> {
        let mut tick = interval(PRUNE_EVERY);
        loop {
            tick.tick().await;
            let keep = SignedDuration::try_from(self.keep).unwrap_or(SignedDuration::MAX);
            let before = Timestamp::now().checked_sub(keep).unwrap_or(Timestamp::MIN);
            passing(self.ledger.prune(before).await.map(drop))?;
        }
    }

    /// Sets readiness, and says so once when it changed.
    fn told(&self, part: &'static str, target: events::Target, away: Option<String>) {
        let watched = if part == PROMETHEUS { Part::Prometheus } else { Part::Kubernetes };
        self.watchman.saw(watched, away.clone());
        if self.readiness.set(part, away.clone()) {
            self.telemetry.emit(events::UpChanged { target, down: away.as_deref() });
        }
    }
}

/// A ledger that is full or busy now is tried again at the next turn.
pub(super) fn passing(done: Result<(), LedgerError>) -> Result<(), LedgerError> {
    match done {
        Err(error) if error.passes() => {
            tracing::warn!(%error, "the ledger cannot be written now");
            Ok(())
        }
        done => done,
    }
}

pub(super) fn interval(every: Duration) -> tokio::time::Interval {
    let mut tick = tokio::time::interval(every);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    tick
}
