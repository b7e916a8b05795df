//! Rules that open incidents for nothing: remembered while the daemon runs, told once in a while.

use std::time::Duration;

use jiff::Timestamp;

use super::conductor::Conductor;
use crate::incident::Incident;
use crate::incident::noise::{self, Noise, Noisy};
use crate::ledger::LedgerError;

/// Incidents that are read after a start to know which rules open them for nothing.
const REMEMBERED: u32 = 1_000;

impl Conductor {
    /// Whether what has just ended was the one too many of its rule; each rule is told once in a while.
    pub(super) async fn noisy(
        &mut self,
        incident: &Incident,
        now: Timestamp,
    ) -> Result<Option<(String, Noisy)>, LedgerError> {
        if incident.state.is_open() || incident.told.is_empty() {
            return Ok(None);
        }
        let noise = match self.noise.take() {
            Some(noise) => self.noise.insert(noise),
            None => self.noise.insert(Noise::of(&self.ledger.recent(REMEMBERED).await?)),
        };
        let Some(noisy) = noise.ended(incident, now, &self.rules) else { return Ok(None) };
        let noted = self.ledger.watermark(&noted(&noisy)).await?;
        let noted = noted.and_then(|at| at.parse::<Timestamp>().ok());
        let lately = noted.is_some_and(|at| {
            Duration::try_from(now.duration_since(at)).unwrap_or_default() < self.rules.noisy.within
        });
        Ok((!lately).then(|| (incident.id.clone(), noisy)))
    }

    /// Commits the note, and that it was made.
    pub(super) async fn note_noise(
        &self,
        id: &str,
        noisy: &Noisy,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let Some(incident) = self.ledger.incident(id).await? else { return Ok(()) };
        let (entry, say) = noise::note(noisy, now);
        let (name, at) = (noted(noisy), now.to_string());
        self.add_reply(incident, entry, say, Some((&name, &at)), now).await
    }
}

/// Under which name it is kept when a rule was noted last.
fn noted(noisy: &Noisy) -> String {
    format!("noisy-rule/{}", noisy.rule)
}
