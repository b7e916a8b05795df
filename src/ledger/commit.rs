//! The one write of the house: what was decided and everything that follows from it, or nothing.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sqlx::{Row, SqliteConnection};

use super::{Ledger, Result, incidents, keep, ms, owe, signals};
use crate::diagnosis::{Evidence, Source};
use crate::incident::{Audience, Decision, Entry, Incident, Say};

/// Entries of one timeline that are kept: the first ones tell how it began, the last ones where it
/// stands.
const TIMELINE: (i64, i64) = (200, 800);

/// Pieces of evidence of one incident that are kept, from the beginning and from the end.
const EVIDENCE: (i64, i64) = (3, 5);

/// The largest piece of evidence, as JSON. Eight of them for each of a thousand incidents a month
/// still fit a small disk.
const EVIDENCE_BYTES: usize = 512 * 1024;

/// What is left of each log when the evidence is too large.
const LOG_BYTES: usize = 16 * 1024;

/// A decision and what follows from it.
#[derive(Clone, Copy, Debug)]
pub struct Commit<'a> {
    /// Rows of the signals that are hereby worked off.
    pub done: &'a [i64],
    /// What was decided: the incident as it is now, why, and what is to be said.
    pub decision: &'a Decision,
    /// Who hears it, by name. Empty: nobody, whatever was to be said.
    pub receivers: &'a [String],
    /// Which of them hear what stakeholders hear.
    pub stakeholders: &'a BTreeSet<String>,
    /// The evidence it rests on, redacted.
    pub evidence: Option<&'a Evidence>,
    /// A watermark to move with it: name and value.
    pub watermark: Option<(&'a str, &'a str)>,
    /// The time.
    pub now: Timestamp,
}

impl Ledger {
    /// Commits a decision, and says how many messages are owed because of it: after this has
    /// returned they will be told, whatever happens; had it failed, nothing would have changed.
    ///
    /// # Errors
    /// [`super::LedgerError::Full`] or [`super::LedgerError::Busy`]: commit the same again later.
    pub async fn commit(&self, commit: Commit<'_>) -> Result<usize> {
        let Commit { done, decision, receivers, stakeholders, evidence, watermark, now } = commit;
        let incident = &decision.incident;
        let mut write = self.store.write().await?;
        let conn = write.conn();
        incidents::keep(conn, incident).await?;
        append(conn, incident, &decision.entries).await?;
        if let Some(evidence) = evidence {
            testify(conn, incident, evidence).await?;
        }
        let mut owed = 0;
        for receiver in receivers {
            let audience = if stakeholders.contains(receiver) {
                Audience::Stakeholders
            } else {
                Audience::Oncall
            };
            let say = Say::heard_by(audience, &decision.say);
            owed += owe::owe(conn, incident, receiver, &say, now).await?;
        }
        signals::done(conn, done).await?;
        if let Some((name, value)) = watermark {
            keep::mark(conn, name, value).await?;
        }
        write.commit().await?;
        Ok(owed)
    }

    /// Marks signals as worked off that led to no incident.
    ///
    /// # Errors
    /// The store's.
    pub async fn done(&self, ids: &[i64]) -> Result<()> {
        let mut write = self.store.write().await?;
        signals::done(write.conn(), ids).await?;
        write.commit().await
    }
}

/// Appends to the timeline; from its middle the oldest go when it is full.
async fn append(conn: &mut SqliteConnection, incident: &Incident, entries: &[Entry]) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let row =
        sqlx::query("SELECT COALESCE(MAX(seq), 0) AS last FROM timeline WHERE incident_id = $1")
            .bind(&incident.id)
            .fetch_one(&mut *conn)
            .await?;
    let mut seq: i64 = row.try_get("last")?;
    for entry in entries {
        seq += 1;
        sqlx::query(
            "INSERT INTO timeline (incident_id, seq, at_ms, source, text) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(&incident.id)
        .bind(seq)
        .bind(ms(entry.at))
        .bind(&entry.source)
        .bind(&entry.text)
        .execute(&mut *conn)
        .await?;
    }
    sqlx::query("DELETE FROM timeline WHERE incident_id = $1 AND seq > $2 AND seq <= $3")
        .bind(&incident.id)
        .bind(TIMELINE.0)
        .bind(seq - TIMELINE.1)
        .execute(conn)
        .await?;
    Ok(())
}

/// Keeps evidence, so that a deleted pod does not delete the proof. One look's evidence is kept
/// once.
async fn testify(
    conn: &mut SqliteConnection,
    incident: &Incident,
    evidence: &Evidence,
) -> Result<()> {
    let row = sqlx::query(
        "SELECT COALESCE(MAX(seq), 0) AS last, COALESCE(MAX(taken_ms), 0) AS taken_ms
         FROM evidence WHERE incident_id = $1",
    )
    .bind(&incident.id)
    .fetch_one(&mut *conn)
    .await?;
    let (last, taken_ms): (i64, i64) = (row.try_get("last")?, row.try_get("taken_ms")?);
    if last > 0 && taken_ms == ms(evidence.taken_at) {
        return Ok(());
    }
    sqlx::query("INSERT INTO evidence (incident_id, seq, taken_ms, body) VALUES ($1, $2, $3, $4)")
        .bind(&incident.id)
        .bind(last + 1)
        .bind(ms(evidence.taken_at))
        .bind(bounded(evidence)?)
        .execute(&mut *conn)
        .await?;
    sqlx::query("DELETE FROM evidence WHERE incident_id = $1 AND seq > $2 AND seq <= $3")
        .bind(&incident.id)
        .bind(EVIDENCE.0)
        .bind(last + 1 - EVIDENCE.1)
        .execute(conn)
        .await?;
    Ok(())
}

/// The evidence as JSON within [`EVIDENCE_BYTES`]: logs are cut first, then what is not about pods
/// goes; what goes says so in its place.
fn bounded(evidence: &Evidence) -> Result<String> {
    let whole = serde_json::to_string(evidence)?;
    if whole.len() <= EVIDENCE_BYTES {
        return Ok(whole);
    }
    let mut less = evidence.clone();
    for log in &mut less.logs {
        if let Source::Read(text) = &mut log.text
            && text.len() > LOG_BYTES
        {
            let from = text.ceil_char_boundary(text.len() - LOG_BYTES);
            *text = text.split_off(from);
            log.cut = true;
        }
    }
    let cut = serde_json::to_string(&less)?;
    if cut.len() <= EVIDENCE_BYTES {
        return Ok(cut);
    }
    let too_large = "too large to keep";
    let bare = Evidence {
        taken_at: less.taken_at,
        pods: Source::Unavailable(too_large.into()),
        events: Source::Unavailable(too_large.into()),
        metrics: Source::Unavailable(too_large.into()),
        redacted: less.redacted,
        logs: less.logs.into_iter().take(EVIDENCE_BYTES / LOG_BYTES / 2).collect(),
        ..Evidence::default()
    };
    Ok(serde_json::to_string(&bare)?)
}
