//! What is said of an incident after its end was committed.

use jiff::Timestamp;

use super::conductor::Conductor;
use crate::incident::{Decision, Entry, Incident, Say};
use crate::ledger::{Commit, LedgerError};

impl Conductor {
    /// Commits one more entry and one more reply, for those who were told of the incident. `watermark` is kept
    /// in the same transaction.
    pub(super) async fn add_reply(
        &self,
        mut incident: Incident,
        entry: Entry,
        say: Say,
        watermark: Option<(&str, &str)>,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        incident.replies = incident.replies.saturating_add(1);
        let receivers: Vec<String> = incident.told.iter().cloned().collect();
        let decision = Decision { incident, entries: vec![entry], say: vec![say] };
        let commit = Commit {
            done: &[],
            decision: &decision,
            receivers: &receivers,
            stakeholders: &self.stakeholders,
            evidence: None,
            watermark,
            now,
        };
        if self.ledger.commit(commit).await? > 0 {
            (self.owed)();
        }
        Ok(())
    }
}
