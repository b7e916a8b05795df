//! One worker per receiver: takes what is owed, tells it, writes down how that ended.

use std::collections::HashMap;
use std::fmt::Display;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::pacing::{Lane, Patience};
use super::{Receiver, Settings, Told, Trouble};
use crate::brief::Context;
use crate::incident::{Claim, Debt, Outcome, Owed};
use crate::telemetry::Telemetry;
use crate::telemetry::events::{
    DeliveryBacklog, DeliveryParked, DeliveryRetry, DeliverySent, TaskPanicked,
};

/// How often one message is the one to probe an absent receiver with before the next gets its turn.
/// One at a time keeps the number of messages with unknown outcome small; taking turns keeps one
/// poisoned message from holding up the rest.
const PROBES: u32 = 3;

/// How often a message that vanished is told anew. Somebody deletes one or two; more is a channel
/// that takes no edits, and a new message for every edit would be a flood.
const ANEW: u32 = 3;

/// The longest pause a receiver may ask for. It is obeyed to the second, but not for a year.
const AT_MOST: Duration = Duration::from_secs(3600);

/// A worker looks again after this long even if nobody wakes it.
const GLANCE: Duration = Duration::from_secs(30);

/// How long to wait when the debts themselves cannot be read or written.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Whoever keeps the debts.
pub trait Debts: Clone + Send + Sync + 'static {
    /// Why it cannot be read or written now.
    type Error: Display + Send;

    /// Takes the next message owed to a receiver, for one attempt.
    fn claim(
        &self,
        receiver: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<Claim, Self::Error>> + Send;

    /// Writes down how the attempt ended. Until that has worked the debt stays claimed.
    fn settle(
        &self,
        id: i64,
        outcome: &Outcome,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// What a receiver is still owed.
    fn backlog(&self, receiver: &str) -> impl Future<Output = Result<Backlog, Self::Error>> + Send;
}

/// What a receiver is still owed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Messages on their way.
    pub due: u64,
    /// Messages that wait for somebody's help.
    pub parked: u64,
    /// Since when the oldest has been due.
    pub oldest: Option<Timestamp>,
}

/// The workers. Dropping it ends them at once, as a kill would: nothing is lost by that either.
#[derive(Debug)]
pub struct Outbox {
    workers: JoinSet<()>,
    wake: Vec<Arc<Notify>>,
}

impl Outbox {
    /// Starts a worker for every receiver. They end, each after the message in hand, when `stop` is
    /// cancelled. `context` is what messages are rendered with; its time is set anew for each.
    pub fn start<D: Debts>(
        debts: &D,
        receivers: Vec<Receiver>,
        settings: &Settings,
        context: &Context,
        telemetry: &Telemetry,
        stop: &CancellationToken,
    ) -> Self {
        let mut lanes = HashMap::new();
        let mut outbox = Self { workers: JoinSet::new(), wake: Vec::new() };
        for receiver in receivers {
            let wake = Arc::new(Notify::new());
            let worker = Worker {
                debts: debts.clone(),
                lane: Lane::named(&mut lanes, receiver.lane(), settings.channel_pause),
                patience: Patience::new(settings.retry_max),
                context: Context { audience: receiver.audience(), ..context.clone() },
                receiver,
                settings: settings.clone(),
                telemetry: telemetry.clone(),
                wake: Arc::clone(&wake),
                stop: stop.clone(),
            };
            outbox.wake.push(wake);
            outbox.workers.spawn(worker.run());
        }
        outbox
    }

    /// Something new was committed.
    pub fn nudge(&self) {
        for wake in &self.wake {
            wake.notify_one();
        }
    }

    /// A handle that nudges.
    pub fn nudger(&self) -> impl Fn() + Send + Sync + Clone + 'static {
        let wake: Arc<[Arc<Notify>]> = self.wake.clone().into();
        move || wake.iter().for_each(|wake| wake.notify_one())
    }

    /// After `stop`: waits for the messages in hand, at most this long. What is cut off then is
    /// asked about at the next start.
    pub async fn finish(mut self, within: Duration) {
        let all = async { while self.workers.join_next().await.is_some() {} };
        if tokio::time::timeout(within, all).await.is_err() {
            tracing::warn!(
                "messages in hand were cut off; the next start asks whether they arrived"
            );
        }
    }
}

struct Worker<D> {
    debts: D,
    receiver: Receiver,
    lane: Lane,
    patience: Patience,
    settings: Settings,
    context: Context,
    telemetry: Telemetry,
    wake: Arc<Notify>,
    stop: CancellationToken,
}

impl<D: Debts> Worker<D> {
    async fn run(mut self) {
        while !self.stop.is_cancelled() {
            let ready = self.patience.until().max(self.lane.free_at());
            if ready > Instant::now() {
                self.sleep_until(ready).await;
                continue;
            }
            match self.debts.claim(self.receiver.name(), Timestamp::now()).await {
                Ok(Claim::Owed(debt)) => self.pay(&debt).await,
                Ok(Claim::Nothing { until }) => {
                    self.report().await;
                    self.idle(until).await;
                }
                Err(error) => {
                    tracing::warn!(receiver = self.receiver.name(), %error, "debts cannot be read now");
                    self.sleep_until(Instant::now() + STORE_PAUSE).await;
                }
            }
        }
    }

    /// One attempt, from the claim to the written outcome.
    async fn pay(&mut self, debt: &Debt) {
        self.lane.turn().await;
        let result = AssertUnwindSafe(self.attempt(debt)).catch_unwind().await;
        let result = result.unwrap_or_else(|_| {
            self.telemetry.emit(TaskPanicked { task: "deliver", message: "while telling" });
            Err(Failed { asking: debt.uncertain, trouble: Trouble::Unsure("panicked".into()) })
        });
        let outcome = match result {
            Ok(told) => self.told(debt, told),
            Err(failed) => self.failed(debt, failed),
        };
        while let Err(error) = self.debts.settle(debt.id, &outcome).await {
            tracing::warn!(receiver = self.receiver.name(), %error, "an outcome cannot be written now");
            if self.stop.is_cancelled() {
                return;
            }
            self.sleep_until(Instant::now() + STORE_PAUSE).await;
        }
        if self.patience.until() > Instant::now() {
            self.report().await;
        }
    }

    /// Asks first where an earlier attempt may have arrived. A message that already has its place
    /// is only edited, and an edit may be repeated.
    async fn attempt(&self, debt: &Debt) -> Result<Told, Failed> {
        if debt.uncertain && debt.place.is_none() {
            let found = self.receiver.find(debt).await;
            if let Some(told) = found.map_err(|trouble| Failed { asking: true, trouble })? {
                return Ok(told);
            }
        }
        let context = self.context.to(self.receiver.name(), &debt.incident, Timestamp::now());
        let told = self.receiver.tell(debt, &context).await;
        told.map_err(|trouble| Failed { asking: false, trouble })
    }

    fn told(&mut self, debt: &Debt, told: Told) -> Outcome {
        self.patience.over();
        let kind = match (&debt.what, &debt.place) {
            (Owed::Reply { .. }, _) => "reply",
            (Owed::Main, Some(_)) => "edit",
            (Owed::Main, None) => "post",
        };
        self.telemetry.emit(DeliverySent {
            receiver: self.receiver.name(),
            kind,
            incident: &debt.incident.id,
        });
        Outcome::Told {
            revision: told.revision,
            place: told.place,
            not_before: after(self.settings.edit_pause),
        }
    }

    fn failed(&mut self, debt: &Debt, failed: Failed) -> Outcome {
        let Failed { asking, trouble } = failed;
        match trouble {
            Trouble::Limited(pause) => {
                let pause = self.patience.exactly(pause.min(AT_MOST));
                self.retry(asking, after(pause), "ratelimited".into(), pause)
            }
            Trouble::Away(why) => {
                let pause = self.patience.longer();
                self.retry(asking, next_probe(debt, pause), why, pause)
            }
            Trouble::Unsure(why) => {
                let pause = self.patience.longer();
                self.retry(true, next_probe(debt, pause), why, pause)
            }
            Trouble::Broken(why, advice) => {
                self.patience.exactly(self.settings.parked_retry);
                self.parked(&why, advice);
                Outcome::Parked { at: after(self.settings.parked_retry), why }
            }
            Trouble::Refused(why) => {
                self.parked(&why, "the receiver does not take this message; please report it");
                Outcome::Refused { why }
            }
            Trouble::Vanished(why) if debt.anew >= ANEW => {
                self.parked(
                    &why,
                    "messages vanish or cannot be edited; look at the channel's rules",
                );
                Outcome::Refused { why }
            }
            Trouble::Vanished(why) => {
                tracing::info!(
                    receiver = self.receiver.name(),
                    why,
                    "message vanished; posting anew"
                );
                Outcome::Vanished { why }
            }
        }
    }

    fn retry(&self, unknown: bool, at: Timestamp, why: String, pause: Duration) -> Outcome {
        let detail = if unknown { "it may have arrived" } else { "it did not arrive" };
        let receiver = self.receiver.name();
        self.telemetry.emit(DeliveryRetry { receiver, why: &why, detail, after: pause });
        if unknown { Outcome::Unknown { at, why } } else { Outcome::Retry { at, why } }
    }

    fn parked(&self, why: &str, advice: &str) {
        self.telemetry.emit(DeliveryParked { receiver: self.receiver.name(), why, advice });
    }

    async fn report(&self) {
        let Ok(backlog) = self.debts.backlog(self.receiver.name()).await else { return };
        let Backlog { due, parked, oldest } = backlog;
        let oldest = oldest.map(|since| Timestamp::now().duration_since(since).unsigned_abs());
        self.telemetry.emit(DeliveryBacklog {
            receiver: self.receiver.name(),
            due,
            parked,
            oldest: oldest.unwrap_or_default(),
        });
    }

    /// Until something is due, or new, or it is over.
    async fn idle(&self, until: Option<Timestamp>) {
        let pause = until.map(|at| at.duration_since(Timestamp::now()));
        let pause = pause.map_or(GLANCE, |left| Duration::try_from(left).unwrap_or_default());
        tokio::select! {
            () = self.sleep_until(Instant::now() + pause.min(GLANCE)) => {}
            () = self.wake.notified() => {}
        }
    }

    async fn sleep_until(&self, at: Instant) {
        tokio::select! {
            () = tokio::time::sleep_until(at) => {}
            () = self.stop.cancelled() => {}
        }
    }
}

/// Trouble, and whether it came while asking: then whatever was unknown still is.
struct Failed {
    asking: bool,
    trouble: Trouble,
}

/// The message that failed is the next to be tried, until others have waited long enough.
fn next_probe(debt: &Debt, pause: Duration) -> Timestamp {
    if (debt.attempts + 1).is_multiple_of(PROBES) { after(pause * 2) } else { Timestamp::now() }
}

fn after(pause: Duration) -> Timestamp {
    Timestamp::now().checked_add(pause).unwrap_or(Timestamp::MAX)
}
