//! Alertmanager asked again and again: what people want to hear nothing of, and what has ended unheard.

use std::sync::Arc;

use jiff::Timestamp;

use super::watch::Watch;
use crate::incident::Signal;
use crate::incident::watch::Part;
use crate::intake::{Asker, Poller, Reconciler, Will};
use crate::ledger::LedgerError;
use crate::telemetry::events;

/// Who asks, and what it remembers from one answer to the next.
pub(super) struct Asked {
    asker: Asker,
    reconciler: Reconciler,
    away: Option<bool>,
}

impl Asked {
    pub(super) fn of(asker: Asker) -> Self {
        Self { asker, reconciler: Reconciler::default(), away: None }
    }
}

impl Watch {
    /// Asks once. What was read is shared with whoever hears the poll's signals; then open alerts are
    /// compared with it. An Alertmanager that is away changes nothing.
    pub(super) async fn ask_alertmanager(
        &self,
        asked: &mut Asked,
        poller: Option<&Poller>,
    ) -> Result<(), LedgerError> {
        let will = asked.asker.ask(Timestamp::now()).await;
        if asked.away.replace(will.is_err()) != Some(will.is_err()) {
            let (target, down) = (events::Target::Alertmanager, will.as_ref().err());
            self.telemetry.emit(events::UpChanged { target, down: down.map(String::as_str) });
        }
        self.watchman.saw(Part::Alertmanager, will.as_ref().err().cloned());
        let Ok(mut will) = will else { return Ok(()) };
        will.map_text(|text| self.redactor.redact(text));
        let signals = self.unheard(&will, &mut asked.reconciler, poller).await?;
        self.will.send_replace(Some(Arc::new(will)));
        if self.ledger.accept(&signals).await? > 0 {
            self.heard.notify_one();
        }
        Ok(())
    }

    async fn unheard(
        &self,
        will: &Will,
        reconciler: &mut Reconciler,
        poller: Option<&Poller>,
    ) -> Result<Vec<Signal>, LedgerError> {
        let open = self.ledger.open_incidents().await?;
        // What Firsthand says of itself is not Alertmanager's to know.
        let heard = open.iter().filter(|incident| !incident.subject.is_watched());
        let joined = heard.flat_map(|incident| {
            incident
                .alerts
                .iter()
                .map(|(fingerprint, alert)| (&incident.subject, fingerprint, alert))
        });
        let (suspects, mut signals) = reconciler.compare(joined, will);
        for suspect in suspects {
            let (now, alert) = (Timestamp::now(), &suspect.alert);
            let word = match poller {
                Some(poller) if suspect.subject.cluster == self.cluster => {
                    match poller.word(&alert.labels, alert.starts_at, now).await {
                        Ok(word) => Some(word),
                        Err(why) => {
                            tracing::debug!(alert = alert.name, why, "an end cannot be confirmed");
                            continue;
                        }
                    }
                }
                _ => None,
            };
            signals.extend(suspect.ended(word, now));
        }
        Ok(signals)
    }
}
