//! The draft of a postmortem, posted into the thread of an incident that has ended, where that is set.

use jiff::Timestamp;

use super::conductor::Conductor;
use crate::incident::{Decision, Entry, Reply, Say};
use crate::ledger::LedgerError;

/// Lines of the timeline that go into the draft; the first ones tell how it began, the last how it ended.
const LINES: usize = 200;

impl Conductor {
    /// The incident, where this decision ends it for people and it was grave enough.
    pub(super) fn wants_postmortem(&self, decision: &Decision) -> Option<String> {
        let from = self.rules.postmortem_from?;
        let over = |say: &Say| matches!(say, Say::Reply { reply: Reply::Resolved { .. }, .. });
        let incident = &decision.incident;
        (incident.severity >= from && decision.say.iter().any(over)).then(|| incident.id.clone())
    }

    /// Says it after the end itself was committed: the record is whole by then.
    pub(super) async fn draft_postmortem(
        &self,
        id: &str,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let Some(incident) = self.ledger.incident(id).await? else { return Ok(()) };
        let mut timeline = self.ledger.timeline(id).await?;
        if timeline.len() > LINES {
            timeline.drain(LINES / 2..timeline.len() - LINES / 2);
        }
        let entry = Entry {
            at: now,
            source: "firsthand".to_owned(),
            text: "posted the draft of the postmortem".to_owned(),
        };
        let reply = Reply::Postmortem { at: now, timeline };
        let say = Say::Reply { reply, broadcast: false };
        self.add_reply(incident, entry, say, None, now).await
    }
}
