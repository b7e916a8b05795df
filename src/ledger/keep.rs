//! Watermarks, samples of what could not be read, and the broom.

use jiff::Timestamp;
use sqlx::{Row, SqliteConnection};

use super::{Ledger, Result, at, ms, signals};

/// Samples that are kept, and the size of one. Enough to see a pattern; too little to fill a disk
/// with.
const SAMPLES: (i64, usize) = (20, 16 * 1024);

/// Rows deleted in one transaction: the writer is held for milliseconds, not for the whole sweep.
const BROOM: i64 = 500;

/// A body that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Where it came from: `alertmanager`.
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// What was wrong with it.
    pub why: String,
    /// Its beginning, decoded lossily.
    pub body: String,
}

/// How much is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Info {
    /// Signals that nobody has worked off.
    pub signals_pending: u64,
    /// Signals that could not be worked off.
    pub signals_aside: u64,
    /// Open incidents.
    pub incidents_open: u64,
    /// All incidents.
    pub incidents: u64,
    /// Messages owed.
    pub deliveries_due: u64,
    /// Messages that wait for somebody's help.
    pub deliveries_parked: u64,
    /// Size of the file, without its log.
    pub bytes: u64,
}

/// What the broom took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Closed incidents, with their timeline, evidence and deliveries.
    pub incidents: u64,
    /// Keys of signals.
    pub signals: u64,
}

impl Ledger {
    /// The value last kept under that name.
    ///
    /// # Errors
    /// The store's.
    pub async fn watermark(&self, name: &str) -> Result<Option<String>> {
        let row = sqlx::query("SELECT value FROM watermarks WHERE name = $1")
            .bind(name)
            .fetch_optional(&mut *self.store.read().await?)
            .await?;
        Ok(row.map(|row| row.try_get("value")).transpose()?)
    }

    /// Keeps a value under a name.
    ///
    /// # Errors
    /// The store's.
    pub async fn set_watermark(&self, name: &str, value: &str) -> Result<()> {
        let mut write = self.store.write().await?;
        mark(write.conn(), name, value).await?;
        write.commit().await
    }

    /// Keeps the beginning of a body that could not be read; the oldest goes. The caller has
    /// redacted it.
    ///
    /// # Errors
    /// The store's.
    pub async fn keep_sample(
        &self,
        kind: &str,
        body: &[u8],
        why: &str,
        now: Timestamp,
    ) -> Result<()> {
        let body = String::from_utf8_lossy(&body[..body.len().min(SAMPLES.1)]);
        let mut write = self.store.write().await?;
        let id = signals::next(write.conn(), "samples").await?;
        sqlx::query("INSERT INTO samples (id, kind, at_ms, why, body) VALUES ($1, $2, $3, $4, $5)")
            .bind(id)
            .bind(kind)
            .bind(ms(now))
            .bind(why)
            // PostgreSQL's TEXT takes no NUL.
            .bind(body.replace('\0', "\u{fffd}"))
            .execute(write.conn())
            .await?;
        sqlx::query("DELETE FROM samples WHERE id <= $1")
            .bind(id - SAMPLES.0)
            .execute(write.conn())
            .await?;
        write.commit().await
    }

    /// The bodies that could not be read, newest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn samples(&self) -> Result<Vec<Sample>> {
        let rows = sqlx::query("SELECT kind, at_ms, why, body FROM samples ORDER BY id DESC")
            .fetch_all(&mut *self.store.read().await?)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Sample {
                    kind: row.try_get("kind")?,
                    at: at(row.try_get("at_ms")?),
                    why: row.try_get("why")?,
                    body: row.try_get("body")?,
                })
            })
            .collect()
    }

    /// Forgets closed incidents and signals from before `before`. Open incidents stay however old
    /// they are, and so do signals that nobody has worked off.
    ///
    /// # Errors
    /// The store's; what was swept until then stays swept.
    pub async fn prune(&self, before: Timestamp) -> Result<Pruned> {
        Ok(Pruned {
            incidents: self
                .sweep(
                    "DELETE FROM incidents WHERE id IN (SELECT id FROM incidents
                     WHERE closed_ms < $1 ORDER BY closed_ms LIMIT $2)",
                    before,
                )
                .await?,
            signals: self
                .sweep(
                    "DELETE FROM signals WHERE id IN (SELECT id FROM signals
                     WHERE heard_ms < $1 AND state <> 'pending' ORDER BY heard_ms LIMIT $2)",
                    before,
                )
                .await?,
        })
    }

    /// How much is kept, and whether the store answers at all.
    ///
    /// # Errors
    /// The store's.
    pub async fn info(&self) -> Result<Info> {
        let row = sqlx::query(
            "SELECT (SELECT COUNT(*) FROM signals WHERE state = 'pending') AS signals_pending,
                    (SELECT COUNT(*) FROM signals WHERE state = 'aside') AS signals_aside,
                    (SELECT COUNT(*) FROM incidents WHERE closed_ms IS NULL) AS incidents_open,
                    (SELECT COUNT(*) FROM incidents) AS incidents,
                    (SELECT COUNT(*) FROM deliveries WHERE state IN ('due', 'sending', 'unknown')) AS due,
                    (SELECT COUNT(*) FROM deliveries WHERE state IN ('parked', 'refused')) AS parked",
        )
        .fetch_one(&mut *self.store.read().await?)
        .await?;
        let count = |name: &str| -> Result<u64> {
            Ok(u64::try_from(row.try_get::<i64, _>(name)?).unwrap_or_default())
        };
        Ok(Info {
            signals_pending: count("signals_pending")?,
            signals_aside: count("signals_aside")?,
            incidents_open: count("incidents_open")?,
            incidents: count("incidents")?,
            deliveries_due: count("due")?,
            deliveries_parked: count("parked")?,
            bytes: self.store.bytes(),
        })
    }

    async fn sweep(&self, statement: &'static str, before: Timestamp) -> Result<u64> {
        let mut swept = 0;
        loop {
            let mut write = self.store.write().await?;
            let now = sqlx::query(statement)
                .bind(ms(before))
                .bind(BROOM)
                .execute(write.conn())
                .await?
                .rows_affected();
            write.commit().await?;
            swept += now;
            if now == 0 {
                return Ok(swept);
            }
        }
    }
}

/// Keeps a value under a name.
pub(super) async fn mark(conn: &mut SqliteConnection, name: &str, value: &str) -> Result<()> {
    sqlx::query(
        "INSERT INTO watermarks (name, value) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(name)
    .bind(value)
    .execute(conn)
    .await?;
    Ok(())
}
