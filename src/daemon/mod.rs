//! The one place that knows every room: builds them, connects them, and takes them down in order.
//!
//! Enters: [`Settings`] and a token that ends the daemon. Leaves: nothing but what the rooms sent.
//!
//! *Nothing is decided here, and it never renders, weighs or sends anything itself.* The daemon carries signals from intake to the ledger, evidence from
//! collect to diagnosis, decisions from incident to the ledger, and wakes whoever has work.

mod afterwards;
mod clusters;
mod collector;
mod conductor;
mod debts;
mod look;
mod noise;
mod owners;
mod postmortem;
mod reconcile;
mod watch;
mod watchman;

pub use self::collector::collector;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::brief::Context;
use crate::collect;
use crate::config::Settings;
use crate::delivery::{Outbox, Receiver};
use crate::incident::Audience;
use crate::intake;
use crate::ledger::Ledger;
use crate::telemetry::{Telemetry, events};
use crate::web::{self, Accept, Accepted, Readiness, Refusal};

/// How long the messages in hand may take when the daemon is told to stop. Less than the 30 s that
/// Kubernetes gives a pod; what is not done by then is done by the next daemon.
const LAST_MESSAGES: Duration = Duration::from_secs(12);

/// What outlives one daemon: it ends and begins anew when settings change.
#[derive(Default)]
pub struct Lifecycle {
    /// The socket to listen on, so that nobody finds it closed in between.
    pub listener: Option<std::net::TcpListener>,
    /// What `POST /-/reload` does.
    pub reload: Option<web::Reload>,
}

/// A daemon that listens and works.
pub struct Daemon {
    telemetry: Telemetry,
    address: SocketAddr,
    readiness: Readiness,
    tasks: TaskTracker,
    stop: CancellationToken,
    failed: Arc<std::sync::OnceLock<anyhow::Error>>,
}

impl Daemon {
    /// Builds and connects everything, and starts to listen.
    ///
    /// # Errors
    /// When the ledger cannot be opened, the address cannot be listened on, or a client cannot be
    /// built. Prometheus, Kubernetes and receivers may all be away: that is said, and waited for.
    pub async fn start(settings: Settings, stop: CancellationToken) -> anyhow::Result<Self> {
        Self::start_with(settings, stop, Lifecycle::default()).await
    }

    /// The same with what outlives it.
    ///
    /// # Errors
    /// As [`Daemon::start`].
    pub async fn start_with(
        settings: Settings,
        stop: CancellationToken,
        lifecycle: Lifecycle,
    ) -> anyhow::Result<Self> {
        let names: Vec<String> =
            settings.receivers.iter().map(|receiver| receiver.name.clone()).collect();
        let telemetry = Telemetry::new(names.iter().map(String::as_str));
        let ledger = Ledger::open_with(&settings.store).await?;
        let listener = match lifecycle.listener {
            Some(listener) => TcpListener::from_std(listener)?,
            None => TcpListener::bind(&settings.listen)
                .await
                .with_context(|| format!("listen: cannot listen on {}", settings.listen))?,
        };
        let address = listener.local_addr()?;
        let heard = Arc::new(Notify::new());
        let readiness = Readiness::of(watch::parts(&settings));
        let sources = watch::Sources::of(&settings).await?;

        telemetry.emit(events::SettingsRead { faulty: None, at: Timestamp::now().as_second() });
        let daemon = Self {
            telemetry: telemetry.clone(),
            address,
            readiness: readiness.clone(),
            tasks: TaskTracker::new(),
            stop: stop.clone(),
            failed: Arc::default(),
        };
        let watchman = watchman::Watchman::of(&settings, &ledger).await?;
        let heartbeat = watchman.clone();
        let accept =
            accept(&settings, ledger.clone(), Arc::clone(&heard), telemetry.clone(), heartbeat);
        let mut router =
            web::router(accept, settings.web.clone(), readiness.clone(), telemetry.clone());
        if let Some(reload) = lifecycle.reload {
            router = router.merge(web::reloading(reload, settings.web.clone()));
        }
        daemon
            .spawn(async move { Ok(web::serve(listener, router, stop.cancelled_owned()).await?) });

        let outbox = outbox(&settings, &ledger, &telemetry, &daemon.stop).await?;
        let owed = Arc::new(outbox.nudger());
        let until = daemon.stop.clone();
        daemon.spawn(async move {
            until.cancelled().await;
            outbox.finish(LAST_MESSAGES).await;
            Ok(())
        });

        let (poller, asker) = (watch::poller(&settings)?, watch::asker(&settings)?);
        let (will, wanted) = tokio::sync::watch::channel(None);
        let watch = watch::Watch {
            ledger: ledger.clone(),
            kubernetes: sources.kubernetes,
            headers: sources.headers,
            telemetry: telemetry.clone(),
            readiness,
            heard: Arc::clone(&heard),
            keep: settings.store.keep,
            every: settings.prometheus.poll_interval,
            asked: settings.alertmanager.ask_interval,
            namespaces: settings.namespaces.clone(),
            cluster: settings.cluster.name.clone(),
            redactor: collect::Redactor::of(&settings.collect.redaction),
            will,
            watchman: watchman.clone(),
        };
        let until = daemon.stop.clone();
        daemon.spawn(async move { watch.run(poller, asker, until).await });

        let clusters = clusters::Clusters::of(&settings, sources.collector).await?;
        let conductor = conductor::Conductor {
            ledger,
            owners: owners::Owners::new(clusters.clone()),
            book: None,
            clusters,
            noise: None,
            rules: settings.incident.clone(),
            route: settings.route.clone(),
            schedule: settings.time_intervals.clone(),
            stakeholders: stakeholders(&settings),
            names: Arc::new(settings.ownership.clone()),
            telemetry,
            heard,
            owed,
            will: wanted,
            watchman,
        };
        let until = daemon.stop.clone();
        daemon.spawn(async move { Ok(conductor.run(until).await?) });
        Ok(daemon)
    }

    /// What it counts and logs with.
    pub fn telemetry(&self) -> Telemetry {
        self.telemetry.clone()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What does not answer yet, with its reason; empty once everything does.
    pub fn missing(&self) -> Vec<(&'static str, String)> {
        self.readiness.missing()
    }

    /// Waits until every task has ended: after the token, or because one of them cannot go on.
    ///
    /// # Errors
    /// What it was that could not go on: a broken ledger.
    pub async fn ended(self) -> anyhow::Result<()> {
        self.tasks.close();
        self.tasks.wait().await;
        match Arc::into_inner(self.failed).and_then(std::sync::OnceLock::into_inner) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Runs a task; when it fails the daemon stops, since half a daemon would look alive.
    fn spawn(&self, task: impl Future<Output = anyhow::Result<()>> + Send + 'static) {
        let (stop, failed) = (self.stop.clone(), Arc::clone(&self.failed));
        self.tasks.spawn(async move {
            if let Err(error) = task.await {
                tracing::error!(error = format!("{error:#}"), "the daemon cannot go on");
                let _ = failed.set(error);
                stop.cancel();
            }
        });
    }
}

/// Receivers that hear what stakeholders hear.
fn stakeholders(settings: &Settings) -> BTreeSet<String> {
    let public = settings.receivers.iter().filter(|it| it.audience == Audience::Stakeholders);
    public.map(|receiver| receiver.name.clone()).collect()
}

/// The workers that tell what is owed. What was being sent when the last daemon ended may have
/// arrived: it is searched for before it is sent again.
async fn outbox(
    settings: &Settings,
    ledger: &Ledger,
    telemetry: &Telemetry,
    stop: &CancellationToken,
) -> anyhow::Result<Outbox> {
    let uncertain = ledger.recover(Timestamp::now()).await?;
    if uncertain > 0 {
        tracing::info!(uncertain, "messages were being sent when the last daemon ended");
    }
    let receivers: Result<Vec<Receiver>, String> = settings
        .receivers
        .iter()
        .map(|receiver| Receiver::new(receiver, &settings.delivery))
        .collect();
    let receivers = receivers.map_err(|why| anyhow::anyhow!("receivers: {why}"))?;
    let context = Context {
        at: Timestamp::now(),
        cluster: settings.cluster.name.clone(),
        alertmanager_url: settings.alertmanager.url.clone(),
        rules: settings.incident.clone(),
        route: settings.route.clone(),
        mentions: Vec::new(),
        audience: Audience::Oncall,
        links: settings.cluster.links.clone(),
        others: settings.clusters.iter().map(|it| (it.name.clone(), it.links.clone())).collect(),
    };
    Ok(Outbox::start(ledger, receivers, &settings.delivery, &context, telemetry, stop))
}

/// Reads, redacts and commits a webhook; what the web room calls before it answers.
fn accept(
    settings: &Settings,
    ledger: Ledger,
    heard: Arc<Notify>,
    telemetry: Telemetry,
    heartbeat: watchman::Watchman,
) -> Accept {
    let cluster = settings.cluster.name.clone();
    let label = settings.alertmanager.cluster_label.clone();
    let namespaces = Arc::new(settings.namespaces.clone());
    let redactor = collect::Redactor::of(&settings.collect.redaction);
    Arc::new(move |body| {
        let (cluster, label) = (cluster.clone(), label.clone());
        let redactor = redactor.clone();
        let namespaces = Arc::clone(&namespaces);
        let (ledger, heard, telemetry) = (ledger.clone(), Arc::clone(&heard), telemetry.clone());
        let heartbeat = heartbeat.clone();
        Box::pin(async move {
            let now = Timestamp::now();
            let mut said = match intake::parse(&body, &cluster, &label, now) {
                Ok(said) => said,
                Err(bad) => {
                    let sample = redactor.redact(&intake::sample(&body));
                    // A full disk must not turn a bad body into one that is sent again for ever.
                    let _ = ledger
                        .keep_sample("alertmanager", sample.as_bytes(), &bad.to_string(), now)
                        .await;
                    return Err(Refusal::Unreadable { why: bad.to_string(), sample });
                }
            };
            heartbeat.beat(&said.beats);
            said.map_text(|text| redactor.redact(text));
            let unwatched = namespaces.keep_wanted(&mut said.signals);
            telemetry.emit(events::AlertsIgnored {
                unwatched: u64::try_from(unwatched).unwrap_or(u64::MAX),
                heartbeats: said.heartbeats,
                inhibitors: said.inhibitors,
                unreadable: said.unreadable,
                truncated: said.truncated,
                at: now.as_second(),
            });
            let all = said.signals.len();
            let new = ledger
                .accept(&said.signals)
                .await
                .map_err(|error| Refusal::CannotStore(error.to_string()))?;
            heard.notify_one();
            let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
            telemetry.emit(events::SignalsAccepted {
                source: events::Source::Alertmanager,
                new: count(new),
                repeated: count(all - new),
            });
            Ok(Accepted { new: count(new), repeated: count(all - new) })
        })
    })
}
