//! The ledger keeps the debts that the delivery room pays; the two do not know each other.

use jiff::Timestamp;

use crate::delivery::{Backlog, Debts};
use crate::incident::{Claim, Outcome};
use crate::ledger::{Ledger, LedgerError};

impl Debts for Ledger {
    type Error = LedgerError;

    async fn claim(&self, receiver: &str, now: Timestamp) -> Result<Claim, LedgerError> {
        Ledger::claim(self, receiver, now).await
    }

    async fn settle(&self, id: i64, outcome: &Outcome) -> Result<(), LedgerError> {
        Ledger::settle(self, id, outcome).await
    }

    async fn backlog(&self, receiver: &str) -> Result<Backlog, LedgerError> {
        let (due, parked, oldest) = self.owed(receiver).await?;
        Ok(Backlog { due, parked, oldest })
    }
}
