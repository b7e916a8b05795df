//! What can go wrong with the store, by what the caller must do about it.

use std::path::Path;

/// The ledger could not do what was asked. A write that failed has changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// There is no room. Passes when there is again: keep running, answer webhooks with 503, try
    /// again.
    #[error("the ledger has no room to write ({0}); free disk space or raise store.max_mib")]
    Full(String),
    /// Somebody else held it for too long. Passes: try again.
    #[error("the ledger is busy ({0}); it is tried again")]
    Busy(String),
    /// Another process runs on this file.
    #[error(
        "{0} is in use by another process; one ledger serves one daemon: stop the other one, or set another store.path"
    )]
    InUse(String),
    /// It was written by a newer version.
    #[error(
        "{path} was written by a newer version (schema {found}, this one knows up to {known}); run that version, or set another store.path"
    )]
    Newer {
        /// The file.
        path: String,
        /// Its schema.
        found: i64,
        /// The newest this version knows.
        known: i64,
    },
    /// It cannot be used, and waiting will not help: the daemon must stop.
    #[error(
        "the ledger cannot be used: {0}; check the disk under store.path, or restore the file from a backup"
    )]
    Broken(String),
}

impl LedgerError {
    /// Whether waiting may be all it takes. Where it is not, the daemon must stop.
    pub fn passes(&self) -> bool {
        matches!(self, Self::Full(_) | Self::Busy(_))
    }

    /// The same, saying which file.
    pub(super) fn on(self, path: &Path) -> Self {
        match self {
            Self::Broken(why) => Self::Broken(format!("{}: {why}", path.display())),
            other => other,
        }
    }
}

impl From<sqlx::Error> for LedgerError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(told) => {
                let code = told.code().and_then(|code| code.parse::<i64>().ok()).unwrap_or(0);
                by_code(code, told.message().to_owned())
            }
            sqlx::Error::PoolTimedOut => Self::Busy("no connection became free".into()),
            other => Self::Broken(other.to_string()),
        }
    }
}

impl From<serde_json::Error> for LedgerError {
    fn from(error: serde_json::Error) -> Self {
        Self::Broken(format!("a row cannot be read: {error}"))
    }
}

/// SQLite's result codes (<https://www.sqlite.org/rescode.html>); the low byte is the primary code.
/// An I/O error counts as full: on a network or overlay file system it is how a full disk shows.
fn by_code(code: i64, message: String) -> LedgerError {
    match code & 0xff {
        5 | 6 => LedgerError::Busy(message),
        10 | 13 => LedgerError::Full(message),
        _ => LedgerError::Broken(message),
    }
}
