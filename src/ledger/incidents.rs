//! Incidents, as they were last committed: by subject, by id, by when they want to be looked at.

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::{Ledger, Result, at, ms};
use crate::diagnosis::Evidence;
use crate::incident::{Entry, Incident, Subject};

/// The longest name that still goes into an incident's id; the rest of the id is 17 characters.
const NAME_IN_ID: usize = 40;

impl Ledger {
    /// The open incident of that subject; there is at most one.
    ///
    /// # Errors
    /// The store's.
    pub async fn open_incident(&self, subject_key: &str) -> Result<Option<Incident>> {
        let row =
            sqlx::query("SELECT body FROM incidents WHERE subject_key = $1 AND closed_ms IS NULL")
                .bind(subject_key)
                .fetch_optional(&mut *self.store.read().await?)
                .await?;
        row.as_ref().map(incident).transpose()
    }

    /// The incident of that subject that closed last.
    ///
    /// # Errors
    /// The store's.
    pub async fn last_closed(&self, subject_key: &str) -> Result<Option<Incident>> {
        let row = sqlx::query(
            "SELECT body FROM incidents WHERE subject_key = $1 AND closed_ms IS NOT NULL
             ORDER BY closed_ms DESC, id DESC LIMIT 1",
        )
        .bind(subject_key)
        .fetch_optional(&mut *self.store.read().await?)
        .await?;
        row.as_ref().map(incident).transpose()
    }

    /// The incident of that id.
    ///
    /// # Errors
    /// The store's.
    pub async fn incident(&self, id: &str) -> Result<Option<Incident>> {
        let row = sqlx::query("SELECT body FROM incidents WHERE id = $1")
            .bind(id)
            .fetch_optional(&mut *self.store.read().await?)
            .await?;
        row.as_ref().map(incident).transpose()
    }

    /// All open incidents, oldest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn open_incidents(&self) -> Result<Vec<Incident>> {
        let rows = sqlx::query(
            "SELECT body FROM incidents WHERE closed_ms IS NULL ORDER BY opened_ms, id",
        )
        .fetch_all(&mut *self.store.read().await?)
        .await?;
        rows.iter().map(incident).collect()
    }

    /// Incidents for people: the open ones first, then those that ended last; at most `limit`.
    ///
    /// # Errors
    /// The store's.
    pub async fn recent(&self, limit: u32) -> Result<Vec<Incident>> {
        let rows = sqlx::query(
            "SELECT body FROM incidents
             ORDER BY CASE WHEN closed_ms IS NULL THEN 0 ELSE 1 END, closed_ms DESC, opened_ms DESC, id
             LIMIT $1",
        )
        .bind(i64::from(limit))
        .fetch_all(&mut *self.store.read().await?)
        .await?;
        rows.iter().map(incident).collect()
    }

    /// Incidents whose look is due, the longest overdue first; at most 100, ask again for the rest.
    ///
    /// # Errors
    /// The store's.
    pub async fn due_looks(&self, now: Timestamp) -> Result<Vec<Incident>> {
        let rows = sqlx::query(
            "SELECT body FROM incidents WHERE look_ms <= $1 ORDER BY look_ms, id LIMIT 100",
        )
        .bind(ms(now))
        .fetch_all(&mut *self.store.read().await?)
        .await?;
        rows.iter().map(incident).collect()
    }

    /// When the next look is due.
    ///
    /// # Errors
    /// The store's.
    pub async fn next_look_at(&self) -> Result<Option<Timestamp>> {
        let row = sqlx::query("SELECT MIN(look_ms) AS look_ms FROM incidents")
            .fetch_one(&mut *self.store.read().await?)
            .await?;
        Ok(row.try_get::<Option<i64>, _>("look_ms")?.map(at))
    }

    /// An id for a new incident, said aloud and sorted by time: `FH-20261121-0211-checkout`. A
    /// second one of that minute and name is `…-2`.
    ///
    /// # Errors
    /// The store's.
    pub async fn new_id(&self, subject: &Subject, now: Timestamp) -> Result<String> {
        let stem = format!("FH-{}-{}", now.strftime("%Y%m%d-%H%M"), plain(subject.name()));
        let mut id = stem.clone();
        let mut count = 1;
        while self.incident(&id).await?.is_some() {
            count += 1;
            id = format!("{stem}-{count}");
        }
        Ok(id)
    }

    /// The timeline of an incident, in the order in which it was written.
    ///
    /// # Errors
    /// The store's.
    pub async fn timeline(&self, id: &str) -> Result<Vec<Entry>> {
        let rows = sqlx::query(
            "SELECT at_ms, source, text FROM timeline WHERE incident_id = $1 ORDER BY seq",
        )
        .bind(id)
        .fetch_all(&mut *self.store.read().await?)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Entry {
                    at: at(row.try_get("at_ms")?),
                    source: row.try_get("source")?,
                    text: row.try_get("text")?,
                })
            })
            .collect()
    }

    /// The evidence that is kept of an incident, oldest first: the first and the last few.
    ///
    /// # Errors
    /// The store's.
    pub async fn evidence(&self, id: &str) -> Result<Vec<Evidence>> {
        let rows = sqlx::query("SELECT body FROM evidence WHERE incident_id = $1 ORDER BY seq")
            .bind(id)
            .fetch_all(&mut *self.store.read().await?)
            .await?;
        rows.iter().map(|row| Ok(serde_json::from_str(row.try_get("body")?)?)).collect()
    }
}

/// Writes the incident as it is now.
pub(super) async fn keep(conn: &mut SqliteConnection, incident: &Incident) -> Result<()> {
    sqlx::query(
        "INSERT INTO incidents (id, subject_key, state, opened_ms, closed_ms, look_ms, body)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (id) DO UPDATE SET subject_key = excluded.subject_key, state = excluded.state,
           closed_ms = excluded.closed_ms, look_ms = excluded.look_ms, body = excluded.body",
    )
    .bind(&incident.id)
    .bind(incident.subject.key())
    .bind(incident.state.word())
    .bind(ms(incident.opened_at))
    .bind(incident.closed.as_ref().map(|closed| ms(closed.at)))
    .bind(incident.look_at.map(ms))
    .bind(serde_json::to_string(incident)?)
    .execute(conn)
    .await?;
    Ok(())
}

fn incident(row: &SqliteRow) -> Result<Incident> {
    Ok(serde_json::from_str(row.try_get("body")?)?)
}

/// A name as it can be said, typed and put in a URL.
fn plain(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .take(NAME_IN_ID)
        .collect();
    let plain = plain.trim_matches('-');
    if plain.is_empty() { "alert".to_owned() } else { plain.to_owned() }
}
