//! The one room that knows every other: builds, connects, shuts down.

mod debts;
