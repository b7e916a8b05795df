//! What is owed to whom: one row per message, from the commit until it is told.
//!
//! The states of a row:
//!
//! ```text
//!            owe            claim              settle: told
//!   (none) ───────▶ due ───────────▶ sending ───────────────▶ sent ──▶ due again, when the main message changes
//!                    ▲                 │ │ │
//!                    ├── retry ────────┘ │ └── refused: never as it is; the main message when it changes
//!                    ├── unknown ◀───────┤     (a crash while sending ends here too: ask first, then tell)
//!                    └── parked ◀────────┘     (slowly again, until somebody has repaired the receiver)
//! ```
//!
//! Order within one incident and receiver: the main message first, then its replies one after the
//! other. A row that waits holds up its own thread and nothing else.

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::{Ledger, LedgerError, Result, at, ms};
use crate::incident::{Claim, Debt, Outcome, Owed, Place};

/// What may be claimed once its time has come: no reply before the main message stands, none before
/// the one ahead of it is told or given up.
macro_rules! claimable {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " FROM deliveries d
             JOIN deliveries m ON m.incident_id = d.incident_id AND m.receiver = d.receiver AND m.kind = 'main'
             WHERE d.receiver = $1 AND d.state <> 'sent' AND d.state IN ('due', 'unknown', 'parked')
               AND (d.kind = 'main' OR (m.sent_rev IS NOT NULL AND NOT EXISTS (
                 SELECT 1 FROM deliveries e WHERE e.incident_id = d.incident_id AND e.receiver = d.receiver
                   AND e.kind = 'reply' AND e.seq < d.seq AND e.state NOT IN ('sent', 'refused')))) ",
            $after
        )
    };
}

/// First messages go before edits and replies: in a storm everybody hears of everything before
/// details follow.
const NEXT: &str = claimable!(
    "SELECT d.id",
    "AND d.due_ms <= $2
     ORDER BY CASE WHEN d.kind = 'main' AND d.sent_rev IS NULL THEN 0 ELSE 1 END, d.due_ms, d.kind, d.id
     LIMIT 1"
);

/// One debt with all it needs. Apart from [`NEXT`], which so sorts row numbers and not whole
/// incidents.
const DEBT: &str = "
    SELECT d.id, d.incident_id, d.receiver, d.kind, d.seq, d.body, d.broadcast, d.wanted_rev, d.state,
      d.attempts, d.channel, d.ts, d.posts, m.posts AS anew, m.channel AS main_channel, m.ts AS main_ts,
      i.body AS incident
    FROM deliveries d
    JOIN deliveries m ON m.incident_id = d.incident_id AND m.receiver = d.receiver AND m.kind = 'main'
    JOIN incidents i ON i.id = d.incident_id
    WHERE d.id = $1";

const NEXT_AT: &str = claimable!("SELECT MIN(d.due_ms) AS due_ms", "");

/// A message that cannot be told without somebody's help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// The incident.
    pub incident: String,
    /// The receiver, by name.
    pub receiver: String,
    /// `main`, or `reply 3`.
    pub what: String,
    /// The receiver's own word: `channel_not_found`.
    pub why: String,
    /// When it is tried again; `None`: never as it is.
    pub again_at: Option<Timestamp>,
}

impl Ledger {
    /// Takes the next message owed to a receiver, for one attempt to tell it. The claim is on disk
    /// before this returns: a crash from here on leaves a row whose outcome is unknown, never one
    /// that looks untouched.
    ///
    /// # Errors
    /// The store's.
    pub async fn claim(&self, receiver: &str, now: Timestamp) -> Result<Claim> {
        // Most calls find nothing and need not wait for a writer.
        let next_at = next_at(&mut *self.store.read().await?, receiver).await?;
        if next_at.is_none_or(|at| at > now) {
            return Ok(Claim::Nothing { until: next_at });
        }
        let mut write = self.store.write().await?;
        let next =
            sqlx::query(NEXT).bind(receiver).bind(ms(now)).fetch_optional(write.conn()).await?;
        let Some(next) = next else { return Ok(Claim::Nothing { until: None }) };
        let id: i64 = next.try_get("id")?;
        let row = sqlx::query(DEBT).bind(id).fetch_one(write.conn()).await?;
        let debt = match debt(&row) {
            Ok(debt) => debt,
            // Written by a version that was rolled back. It must not hold up what can be read.
            Err(error) => {
                failed(write.conn(), id, "refused", None, &error.to_string()).await?;
                write.commit().await?;
                return Ok(Claim::Nothing { until: Some(now) });
            }
        };
        sqlx::query("UPDATE deliveries SET state = 'sending' WHERE id = $1")
            .bind(id)
            .execute(write.conn())
            .await?;
        write.commit().await?;
        Ok(Claim::Owed(Box::new(debt)))
    }

    /// Records how an attempt ended.
    ///
    /// # Errors
    /// The store's; then the row is still claimed, and the same outcome should be recorded again.
    pub async fn settle(&self, id: i64, outcome: &Outcome) -> Result<()> {
        let mut write = self.store.write().await?;
        let conn = write.conn();
        match outcome {
            Outcome::Told { revision, place, not_before } => {
                told(conn, id, *revision, place.as_ref(), *not_before).await?;
            }
            Outcome::Retry { at, why } => failed(conn, id, "due", Some(*at), why).await?,
            Outcome::Unknown { at, why } => failed(conn, id, "unknown", Some(*at), why).await?,
            Outcome::Parked { at, why } => failed(conn, id, "parked", Some(*at), why).await?,
            Outcome::Refused { why } => failed(conn, id, "refused", None, why).await?,
            Outcome::Vanished { why } => {
                failed(conn, id, "due", None, why).await?;
                anew(conn, id).await?;
            }
        }
        write.commit().await
    }

    /// Puts right what an earlier run left behind; call it once, before anything is claimed. What
    /// was being sent is now uncertain; what was parked, and main messages that were refused, are
    /// tried at once, because settings or version may have changed. Says how many are uncertain.
    ///
    /// # Errors
    /// The store's.
    pub async fn recover(&self, now: Timestamp) -> Result<u64> {
        let mut write = self.store.write().await?;
        let uncertain = sqlx::query(
            "UPDATE deliveries SET state = 'unknown', due_ms = $1 WHERE state = 'sending'",
        )
        .bind(ms(now))
        .execute(write.conn())
        .await?
        .rows_affected();
        sqlx::query(
            "UPDATE deliveries SET state = 'due', due_ms = $1
             WHERE state <> 'sent' AND (state = 'parked' OR (state = 'refused' AND kind = 'main'))",
        )
        .bind(ms(now))
        .execute(write.conn())
        .await?;
        write.commit().await?;
        Ok(uncertain)
    }

    /// What a receiver is still owed: messages on their way, messages that wait for somebody's
    /// help, and since when the oldest of the first has been due.
    ///
    /// # Errors
    /// The store's.
    pub async fn owed(&self, receiver: &str) -> Result<(u64, u64, Option<Timestamp>)> {
        let row = sqlx::query(
            "SELECT COUNT(CASE WHEN state IN ('due', 'sending', 'unknown') THEN 1 END) AS due,
                    COUNT(CASE WHEN state IN ('parked', 'refused') THEN 1 END) AS parked,
                    MIN(CASE WHEN state IN ('due', 'sending', 'unknown') THEN due_ms END) AS oldest
             FROM deliveries WHERE receiver = $1 AND state <> 'sent'",
        )
        .bind(receiver)
        .fetch_one(&mut *self.store.read().await?)
        .await?;
        let count = |name: &str| -> Result<u64> {
            Ok(u64::try_from(row.try_get::<i64, _>(name)?).unwrap_or_default())
        };
        let oldest = row.try_get::<Option<i64>, _>("oldest")?.map(at);
        Ok((count("due")?, count("parked")?, oldest))
    }

    /// How many messages to a receiver failed and are still owed, and what was last said of one of them;
    /// `None` where there are none.
    ///
    /// # Errors
    /// The store's.
    pub async fn failing(&self, receiver: &str) -> Result<Option<(u64, String)>> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS failing, MAX(last_error) AS why FROM deliveries
             WHERE receiver = $1 AND state IN ('due', 'sending', 'unknown', 'parked') AND attempts > 0",
        )
        .bind(receiver)
        .fetch_one(&mut *self.store.read().await?)
        .await?;
        let failing = u64::try_from(row.try_get::<i64, _>("failing")?).unwrap_or_default();
        let why = row.try_get::<Option<String>, _>("why")?.unwrap_or_default();
        Ok((failing > 0).then_some((failing, why)))
    }

    /// The messages that wait for somebody's help, oldest first; at most 1,000.
    ///
    /// # Errors
    /// The store's.
    pub async fn parked(&self) -> Result<Vec<Stuck>> {
        let rows = sqlx::query(
            "SELECT incident_id, receiver, kind, seq, state, due_ms, last_error FROM deliveries
             WHERE state IN ('parked', 'refused') ORDER BY id LIMIT 1000",
        )
        .fetch_all(&mut *self.store.read().await?)
        .await?;
        rows.iter().map(stuck).collect()
    }
}

async fn next_at(conn: &mut SqliteConnection, receiver: &str) -> Result<Option<Timestamp>> {
    let row = sqlx::query(NEXT_AT).bind(receiver).fetch_one(conn).await?;
    Ok(row.try_get::<Option<i64>, _>("due_ms")?.map(at))
}

fn debt(row: &SqliteRow) -> Result<Debt> {
    let place = |channel: &str, ts: &str| -> Result<Option<Place>> {
        let channel: Option<String> = row.try_get(channel)?;
        let ts: Option<String> = row.try_get(ts)?;
        Ok(channel.zip(ts).map(|(channel, ts)| Place { channel, ts }))
    };
    let (incident, receiver): (&str, &str) =
        (row.try_get("incident_id")?, row.try_get("receiver")?);
    let (kind, seq, posts): (&str, i64, i64) =
        (row.try_get("kind")?, row.try_get("seq")?, row.try_get("posts")?);
    let (what, thread) = if kind == "main" {
        (Owed::Main, None)
    } else {
        let reply = serde_json::from_str(row.try_get("body")?)?;
        let broadcast = row.try_get::<i64, _>("broadcast")? != 0;
        (Owed::Reply { seq, reply, broadcast }, place("main_channel", "main_ts")?)
    };
    Ok(Debt {
        id: row.try_get("id")?,
        incident: serde_json::from_str(row.try_get("incident")?)?,
        what,
        key: key(incident, receiver, seq, posts),
        revision: row.try_get("wanted_rev")?,
        place: place("channel", "ts")?,
        thread,
        uncertain: row.try_get::<&str, _>("state")? == "unknown",
        attempts: u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or(u32::MAX),
        anew: u32::try_from(row.try_get::<i64, _>("anew")?).unwrap_or(u32::MAX),
    })
}

/// `FH-20261121-0211-checkout/oncall/0`; a message told anew is another message: `…/0.1`.
fn key(incident: &str, receiver: &str, seq: i64, posts: i64) -> String {
    if posts == 0 {
        format!("{incident}/{receiver}/{seq}")
    } else {
        format!("{incident}/{receiver}/{seq}.{posts}")
    }
}

async fn told(
    conn: &mut SqliteConnection,
    id: i64,
    revision: i64,
    place: Option<&Place>,
    not_before: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE deliveries SET sent_rev = $2, attempts = 0, last_error = NULL, due_ms = $3,
           state = CASE WHEN wanted_rev > $2 THEN 'due' ELSE 'sent' END,
           channel = COALESCE($4, channel), ts = COALESCE($5, ts)
         WHERE id = $1",
    )
    .bind(id)
    .bind(revision)
    .bind(ms(not_before))
    .bind(place.map(|place| place.channel.as_str()))
    .bind(place.map(|place| place.ts.as_str()))
    .execute(conn)
    .await?;
    Ok(())
}

async fn failed(
    conn: &mut SqliteConnection,
    id: i64,
    state: &'static str,
    at: Option<Timestamp>,
    why: &str,
) -> Result<()> {
    sqlx::query(
        "UPDATE deliveries SET state = $2, attempts = attempts + 1, last_error = $3,
           due_ms = COALESCE($4, due_ms) WHERE id = $1",
    )
    .bind(id)
    .bind(state)
    .bind(why)
    .bind(at.map(ms))
    .execute(conn)
    .await?;
    Ok(())
}

/// The main message is told anew, and replies that are still owed follow it into the new thread.
async fn anew(conn: &mut SqliteConnection, id: i64) -> Result<()> {
    sqlx::query(
        "UPDATE deliveries SET state = 'due', sent_rev = NULL, channel = NULL, ts = NULL, posts = posts + 1
         WHERE kind = 'main' AND incident_id = (SELECT incident_id FROM deliveries WHERE id = $1)
           AND receiver = (SELECT receiver FROM deliveries WHERE id = $1)",
    )
    .bind(id)
    .execute(conn)
    .await?;
    Ok(())
}

fn stuck(row: &SqliteRow) -> std::result::Result<Stuck, LedgerError> {
    let what = match row.try_get::<i64, _>("seq")? {
        0 => "main".to_owned(),
        seq => format!("reply {seq}"),
    };
    let parked = row.try_get::<&str, _>("state")? == "parked";
    let due: i64 = row.try_get("due_ms")?;
    Ok(Stuck {
        incident: row.try_get("incident_id")?,
        receiver: row.try_get("receiver")?,
        what,
        why: row.try_get::<Option<String>, _>("last_error")?.unwrap_or_default(),
        again_at: parked.then(|| at(due)),
    })
}
