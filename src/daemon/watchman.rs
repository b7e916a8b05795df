//! What Firsthand notices of itself and of what it depends on, told like anything else.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;

use super::watch::{interval, passing};
use crate::collect;
use crate::config::Settings;
use crate::delivery::ReceiverSettings;
use crate::incident::Audience;
use crate::incident::watch::{self, Heartbeat, Part};
use crate::ledger::{Ledger, LedgerError};

/// The name of the heartbeat's memory in the ledger.
const HEARTBEAT: &str = "heartbeat";

/// How often it is asked whether something is to be said, at the most.
const EVERY: Duration = Duration::from_secs(15);

/// Shared by all who notice something.
#[derive(Clone)]
pub(super) struct Watchman {
    keeps: Arc<Mutex<watch::Watchman>>,
    receivers: Arc<[String]>,
    /// Those who asked to hear it.
    pub(super) told: Arc<[String]>,
    /// How often it looks.
    pub(super) every: Duration,
}

impl Watchman {
    /// With what the ledger kept.
    pub(super) async fn of(settings: &Settings, ledger: &Ledger) -> Result<Self, LedgerError> {
        let kept = ledger.watermark(HEARTBEAT).await?;
        let heartbeat = kept.and_then(|kept| serde_json::from_str(&kept).ok()).unwrap_or_default();
        let (rules, now) = (settings.watch.clone(), Timestamp::now());
        let every = EVERY.min(rules.away / 2).max(Duration::from_millis(50));
        let keeps = watch::Watchman::new(rules, &settings.cluster.name, heartbeat, now);
        let names = |watch: bool| {
            let asked = |it: &&ReceiverSettings| it.watch && it.audience == Audience::Oncall;
            let all = settings.receivers.iter().filter(|it| !watch || asked(it));
            all.map(|it| it.name.clone()).collect()
        };
        Ok(Self {
            keeps: Arc::new(Mutex::new(keeps)),
            receivers: names(false),
            told: names(true),
            every,
        })
    }

    /// A part is well (`None`), or is not, and why.
    pub(super) fn saw(&self, part: Part, wrong: Option<String>) {
        let wrong = wrong.map(|why| collect::redact(&why).0.into_owned());
        self.keeps().saw(part, wrong, Timestamp::now());
    }

    /// Heartbeats came, each of a cluster, firing or ended.
    pub(super) fn beat(&self, beats: &[(String, bool)]) {
        for (cluster, fires) in beats {
            self.keeps().beat(cluster, *fires, Timestamp::now());
        }
    }

    /// A look was taken; it saw its subject, or did not, and why.
    pub(super) fn looked(&self, blind: Option<String>) {
        let blind = blind.map(|why| collect::redact(&why).0.into_owned());
        self.keeps().looked(blind, Timestamp::now());
    }

    /// Says what is to be said, for ever.
    ///
    /// # Errors
    /// When the ledger cannot be used any more.
    pub(super) async fn run(&self, ledger: &Ledger, heard: &Notify) -> Result<(), LedgerError> {
        let mut tick = interval(self.every);
        let mut kept = None;
        loop {
            tick.tick().await;
            passing(self.once(ledger, heard, &mut kept).await)?;
        }
    }

    async fn once(
        &self,
        ledger: &Ledger,
        heard: &Notify,
        kept: &mut Option<Heartbeat>,
    ) -> Result<(), LedgerError> {
        let mut failing = Vec::new();
        for receiver in self.receivers.iter() {
            if let Some((messages, why)) = ledger.failing(receiver).await? {
                failing.push(format!("{messages} to {receiver} ({why})"));
            }
        }
        self.saw(Part::Deliveries, (!failing.is_empty()).then(|| failing.join(", ")));
        let (signals, heartbeat) = {
            let mut keeps = self.keeps();
            (keeps.due(Timestamp::now()), keeps.heartbeat().clone())
        };
        if kept.as_ref() != Some(&heartbeat)
            && let Ok(text) = serde_json::to_string(&heartbeat)
        {
            ledger.set_watermark(HEARTBEAT, &text).await?;
            *kept = Some(heartbeat);
        }
        if ledger.accept(&signals).await? > 0 {
            heard.notify_one();
        }
        Ok(())
    }

    fn keeps(&self) -> MutexGuard<'_, watch::Watchman> {
        // Whoever panicked while holding it left something whole.
        self.keeps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
