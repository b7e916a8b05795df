//! Stories of the whole daemon over stand-ins: what people see in the channel while things go wrong.

mod away;
mod hostile;
mod process;
mod receivers;
mod repeats;
mod stage;
mod storms;
mod things;
mod watch;
