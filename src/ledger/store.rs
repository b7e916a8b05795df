//! The file: opened, locked, migrated; reads beside each other, writes one after the other.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Row, SqlSafeStr, Sqlite, SqliteConnection};

use super::LedgerError;

/// The newest schema this version knows; the number of the last migration.
pub(super) const SCHEMA: i64 = 1;

/// How long a caller waits for the file. Longer than a slow fsync, shorter than a webhook's
/// patience.
const PATIENCE: Duration = Duration::from_secs(5);

/// SQLite's own page size; `max_mib` is counted in it.
const PAGE: u64 = 4096;

/// An open file. Dropping the last clone of the ledger releases it.
#[derive(Debug)]
pub(super) struct Store {
    path: PathBuf,
    read: SqlitePool,
    /// One connection: whoever writes waits in line here, not in SQLite's busy loop.
    write: SqlitePool,
    /// Held, never read: the system releases it when the process ends, however it ends.
    _lock: Option<File>,
}

impl Store {
    /// Opens the file for a daemon, creating and migrating it.
    pub(super) async fn open(path: &Path, max_mib: u64) -> Result<Self, LedgerError> {
        let lock = lock(path)?;
        let options =
            options(path).journal_mode(SqliteJournalMode::Wal).create_if_missing(true).pragma(
                "max_page_count",
                (max_mib.saturating_mul(1024 * 1024) / PAGE).clamp(64, 4_294_967_294).to_string(),
            );
        let store = Self::connect(path, options, Some(lock)).await?;
        store.migrate().await.map_err(|error| error.on(path))?;
        Ok(store)
    }

    /// Opens a file that exists, beside a running daemon, to read it.
    pub(super) async fn open_to_read(path: &Path) -> Result<Self, LedgerError> {
        Self::existing(path, options(path).read_only(true)).await
    }

    /// The same to add rows; the daemon's lock is left alone, SQLite's own keeps the two apart.
    pub(super) async fn open_beside(path: &Path) -> Result<Self, LedgerError> {
        Self::existing(path, options(path)).await
    }

    async fn existing(path: &Path, options: SqliteConnectOptions) -> Result<Self, LedgerError> {
        let store = Self::connect(path, options, None).await?;
        let found = store.schema().await.map_err(|error| error.on(path))?;
        if found != SCHEMA {
            return Err(store.other_schema(found));
        }
        Ok(store)
    }

    async fn connect(
        path: &Path,
        options: SqliteConnectOptions,
        lock: Option<File>,
    ) -> Result<Self, LedgerError> {
        let pool = |size| SqlitePoolOptions::new().max_connections(size).acquire_timeout(PATIENCE);
        let write = pool(1)
            .connect_with(options.clone())
            .await
            .map_err(|error| LedgerError::from(error).on(path))?;
        let read = pool(3).connect_lazy_with(options);
        Ok(Self { path: path.to_owned(), read, write, _lock: lock })
    }

    async fn migrate(&self) -> Result<(), LedgerError> {
        let found = self.schema().await?;
        if found > SCHEMA {
            return Err(self.other_schema(found));
        }
        let init = include_str!("migrations/0001_init.sql").into_sql_str();
        let migrations = vec![Migration::new(1, "init".into(), MigrationType::Simple, init, false)];
        Migrator::with_migrations(migrations).run(&self.write).await.map_err(|error| match error {
            sqlx::migrate::MigrateError::Execute(error) => error.into(),
            other => LedgerError::Broken(other.to_string()),
        })
    }

    /// The schema of the file; 0 for an empty one.
    async fn schema(&self) -> Result<i64, LedgerError> {
        let mut conn = self.write.acquire().await?;
        let table = sqlx::query("SELECT name FROM sqlite_master WHERE name = '_sqlx_migrations'")
            .fetch_optional(&mut *conn)
            .await?;
        if table.is_none() {
            return Ok(0);
        }
        let row = sqlx::query("SELECT COALESCE(MAX(version), 0) AS version FROM _sqlx_migrations")
            .fetch_one(&mut *conn)
            .await?;
        Ok(row.try_get("version")?)
    }

    fn other_schema(&self, found: i64) -> LedgerError {
        let path = self.path.display().to_string();
        if found > SCHEMA {
            LedgerError::Newer { path, found, known: SCHEMA }
        } else {
            LedgerError::Broken(format!("{path} holds no ledger of this version yet"))
        }
    }

    /// A connection to read with. It never waits for a writer (WAL).
    pub(super) async fn read(&self) -> Result<PoolConnection<Sqlite>, LedgerError> {
        Ok(self.read.acquire().await?)
    }

    /// The writing connection, for what no transaction can hold.
    pub(super) async fn alone(&self) -> Result<PoolConnection<Sqlite>, LedgerError> {
        Ok(self.write.acquire().await?)
    }

    /// Begins a write. Nothing of it stands until [`Write::commit`] has returned; then all of it
    /// does.
    pub(super) async fn write(&self) -> Result<Write, LedgerError> {
        let mut write = Write { conn: self.write.acquire().await?, open: true };
        // IMMEDIATE: a deferred transaction that reads first cannot upgrade on a stale snapshot.
        sqlx::query("BEGIN IMMEDIATE").execute(write.conn()).await?;
        Ok(write)
    }

    /// How many bytes the file holds.
    pub(super) fn bytes(&self) -> u64 {
        std::fs::metadata(&self.path).map_or(0, |file| file.len())
    }

    pub(super) async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

/// A transaction. Dropped without [`Write::commit`] it never was.
pub(super) struct Write {
    conn: PoolConnection<Sqlite>,
    open: bool,
}

impl Write {
    pub(super) fn conn(&mut self) -> &mut SqliteConnection {
        &mut self.conn
    }

    /// Returns once the write is on the disk.
    pub(super) async fn commit(mut self) -> Result<(), LedgerError> {
        sqlx::query("COMMIT").execute(&mut *self.conn).await?;
        self.open = false;
        Ok(())
    }
}

impl Drop for Write {
    fn drop(&mut self) {
        // SQLite may have rolled back by itself (a full disk) or not (a cancelled caller). Closing
        // the connection is right in both cases; the pool opens another.
        if self.open {
            self.conn.close_on_drop();
        }
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(PATIENCE)
        .foreign_keys(true)
}

/// Two daemons on one file would tell everything twice.
fn lock(path: &Path) -> Result<File, LedgerError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".lock");
    let beside = PathBuf::from(beside);
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&beside).map_err(
        |error| LedgerError::Broken(format!("cannot write {}: {error}", beside.display())),
    )?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LedgerError::InUse(path.display().to_string())),
        Err(TryLockError::Error(error)) => {
            Err(LedgerError::Broken(format!("cannot lock {}: {error}", beside.display())))
        }
    }
}
