//! What must not be forgotten: signals, incidents, their timeline and evidence, and what is owed to
//! whom.
//!
//! Enter: signals as they are heard, and decisions with all that follows from them, as one
//! [`Commit`]. Leave: the same, in order, after any crash. Before [`Ledger::commit`] has returned
//! nothing is sent; after it nothing is forgotten.
//!
//! *Nothing in this room decides, renders or sends; nothing is written outside a transaction; no
//! row grows without a bound.* One SQLite file (WAL, every commit synced), one daemon per file, no
//! network file systems. The SQL keeps to what PostgreSQL also takes.

mod commit;
mod debts;
mod error;
mod incidents;
mod keep;
mod owe;
mod signals;
mod store;
mod upkeep;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use commit::Commit;
pub use debts::Stuck;
pub use error::LedgerError;
pub use keep::{Info, Pruned, Sample};

/// What every call answers.
pub type Result<T> = std::result::Result<T, LedgerError>;

/// Where things are kept, and how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The file. Created when it is not there; its folder must be. Two more stand beside it
    /// (`-wal`, `-shm`).
    pub path: PathBuf,
    /// How long closed incidents and the keys of signals are kept.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub keep: Duration,
    /// How large the file may grow, in MiB. When it is full, webhooks are answered with 503 until
    /// pruning has made room.
    pub max_mib: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            path: PathBuf::from("./firsthand.db"),
            keep: Duration::from_secs(30 * 24 * 3600),
            max_mib: 1024,
        }
    }
}

/// The open ledger. A cheap clone; the file is released with the last one.
#[derive(Clone, Debug)]
pub struct Ledger {
    store: Arc<store::Store>,
}

impl Ledger {
    /// Opens the ledger for a daemon, creates or migrates it, and locks it against a second daemon.
    ///
    /// # Errors
    /// [`LedgerError::InUse`], [`LedgerError::Newer`], or what the file system says.
    pub async fn open(path: &Path) -> Result<Self> {
        Self::open_with(&Settings { path: path.to_owned(), ..Settings::default() }).await
    }

    /// The same with all settings.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub async fn open_with(settings: &Settings) -> Result<Self> {
        let store = store::Store::open(&settings.path, settings.max_mib).await?;
        Ok(Self { store: Arc::new(store) })
    }

    /// Opens an existing ledger to read it, also beside a running daemon.
    ///
    /// # Errors
    /// [`LedgerError::Broken`] where there is none, [`LedgerError::Newer`].
    pub async fn open_to_read(path: &Path) -> Result<Self> {
        Ok(Self { store: Arc::new(store::Store::open_to_read(path).await?) })
    }

    /// Opens an existing ledger beside a running daemon, to add signals and nothing else: incidents are
    /// the daemon's own to change.
    ///
    /// # Errors
    /// As [`Ledger::open_to_read`].
    pub async fn open_beside(path: &Path) -> Result<Self> {
        Ok(Self { store: Arc::new(store::Store::open_beside(path).await?) })
    }

    /// Closes the file in good order. Not needed for safety: a kill loses nothing.
    pub async fn close(&self) {
        self.store.close().await;
    }
}

/// Times are kept as milliseconds since 1970.
fn ms(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// A time as it was kept; a value out of range (a damaged row) reads as the epoch.
fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or_default()
}
