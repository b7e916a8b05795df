//! What is done to the file as a whole: its room given back, a copy made.

use std::path::Path;

use super::{Ledger, LedgerError, Result};

impl Ledger {
    /// Gives the room of what was deleted back to the disk. Needs as much room again while it works.
    ///
    /// # Errors
    /// The store's.
    pub async fn vacuum(&self) -> Result<()> {
        sqlx::query("VACUUM").execute(&mut *self.store.alone().await?).await?;
        // Else the file keeps its size until the log is next written back.
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .execute(&mut *self.store.alone().await?)
            .await?;
        Ok(())
    }

    /// Copies everything, as of one moment, to a file that is not there yet. The daemon may run meanwhile.
    ///
    /// # Errors
    /// [`LedgerError::Broken`] where the file is there already or cannot be written; else the store's.
    pub async fn backup(&self, to: &Path) -> Result<()> {
        let name = to.display();
        if to.exists() {
            return Err(LedgerError::Broken(format!("{name} is there already; name another file")));
        }
        let text = to.to_str().ok_or_else(|| LedgerError::Broken(format!("{name} is no text")))?;
        sqlx::query("VACUUM INTO $1").bind(text).execute(&mut *self.store.alone().await?).await?;
        Ok(())
    }
}
