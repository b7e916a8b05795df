//! Signals: kept before they are answered for, worked off oldest first, each once.

use sqlx::{Row, SqliteConnection};

use super::{Ledger, LedgerError, Result, ms};
use crate::incident::Signal;

/// An alert whose end came first, by so much at most, was overtaken by it: it is over. Retries and the
/// peers of a cluster lag by seconds; what fires longer after an end fires indeed.
const OVERTAKEN_MS: i64 = 5 * 60 * 1000;

impl Ledger {
    /// Keeps signals and says how many were new. A key that is known already is not new, so a
    /// repeated delivery changes nothing; an alert that fires on after its end was told is news. When
    /// this has returned they survive a kill.
    ///
    /// # Errors
    /// [`LedgerError::Full`] or [`LedgerError::Busy`]: nothing was kept, the sender should try
    /// again.
    pub async fn accept(&self, signals: &[Signal]) -> Result<usize> {
        if signals.is_empty() {
            return Ok(0);
        }
        let mut write = self.store.write().await?;
        let mut new = 0;
        for signal in signals {
            new += insert(write.conn(), signal).await?;
        }
        write.commit().await?;
        Ok(new)
    }

    /// The oldest signals that nobody has worked off, with their row numbers. A row that cannot be
    /// read (written by a version that was rolled back) is set aside and the rest is returned.
    ///
    /// # Errors
    /// The store's.
    pub async fn pending(&self, limit: usize) -> Result<Vec<(i64, Signal)>> {
        let rows = sqlx::query(
            "SELECT id, body FROM signals WHERE state = 'pending' ORDER BY id LIMIT $1",
        )
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(&mut *self.store.read().await?)
        .await?;
        let mut signals = Vec::with_capacity(rows.len());
        for row in rows {
            let id: i64 = row.try_get("id")?;
            match serde_json::from_str(row.try_get("body")?) {
                Ok(signal) => signals.push((id, signal)),
                Err(error) => self.set_aside(id, &format!("cannot be read: {error}")).await?,
            }
        }
        Ok(signals)
    }

    /// Takes a signal that cannot be worked off out of the way, keeping it and the reason.
    ///
    /// # Errors
    /// The store's.
    pub async fn set_aside(&self, id: i64, why: &str) -> Result<()> {
        let mut write = self.store.write().await?;
        sqlx::query("UPDATE signals SET state = 'aside', why = $2 WHERE id = $1")
            .bind(id)
            .bind(why)
            .execute(write.conn())
            .await?;
        write.commit().await
    }
}

/// Marks signals as worked off; their keys stay.
pub(super) async fn done(conn: &mut SqliteConnection, ids: &[i64]) -> Result<()> {
    for id in ids {
        sqlx::query("UPDATE signals SET state = 'done', body = '' WHERE id = $1")
            .bind(id)
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// The next row number of a table.
pub(super) async fn next(conn: &mut SqliteConnection, table: &'static str) -> Result<i64> {
    let row = sqlx::query("UPDATE counters SET value = value + 1 WHERE name = $1 RETURNING value")
        .bind(table)
        .fetch_one(conn)
        .await?;
    Ok(row.try_get("value")?)
}

async fn insert(conn: &mut SqliteConnection, signal: &Signal) -> Result<usize> {
    let body = serde_json::to_string(signal)
        .map_err(|error| LedgerError::Broken(format!("a signal cannot be written: {error}")))?;
    let known = sqlx::query("SELECT id, state FROM signals WHERE key = $1")
        .bind(&signal.key)
        .fetch_optional(&mut *conn)
        .await?;
    let end = end_heard(conn, signal).await?;
    match (known, end) {
        (None, Some(end)) if ms(signal.heard_at) - end <= OVERTAKEN_MS => return Ok(0),
        // It fires although its end was told: a late copy, or it fires on. The incident knows which.
        (Some(row), Some(_)) if row.try_get::<&str, _>("state")? == "done" => {
            return again(conn, row.try_get("id")?, signal, &body).await;
        }
        (Some(_), _) => return Ok(0),
        (None, _) => {}
    }
    let id = next(conn, "signals").await?;
    sqlx::query(
        "INSERT INTO signals (id, key, heard_ms, state, body) VALUES ($1, $2, $3, 'pending', $4)",
    )
    .bind(id)
    .bind(&signal.key)
    .bind(ms(signal.heard_at))
    .bind(body)
    .execute(conn)
    .await?;
    Ok(1)
}

/// When an end of this firing alert was last heard.
async fn end_heard(conn: &mut SqliteConnection, signal: &Signal) -> Result<Option<i64>> {
    let Some(ends) = signal.ends() else { return Ok(None) };
    let row = sqlx::query(
        "SELECT MAX(heard_ms) AS heard_ms FROM signals WHERE key >= $1 AND key < $1 || ':'",
    )
    .bind(ends)
    .fetch_one(conn)
    .await?;
    Ok(row.try_get("heard_ms")?)
}

/// Puts a signal that was worked off back to be worked off again.
async fn again(conn: &mut SqliteConnection, id: i64, signal: &Signal, body: &str) -> Result<usize> {
    sqlx::query("UPDATE signals SET state = 'pending', body = $2, heard_ms = $3 WHERE id = $1")
        .bind(id)
        .bind(body)
        .bind(ms(signal.heard_at))
        .execute(conn)
        .await?;
    Ok(1)
}
