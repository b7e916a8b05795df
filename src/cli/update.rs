//! `firsthand update`: somebody's own words about an incident, for everyone who hears of it.
//!
//! It is written into the store, beside the daemon, as a signal like any other: whoever can write that file
//! is trusted with it already, nothing new listens, and it is told even if the daemon is down at this moment.

use std::io::Write;

use anyhow::{Context as _, bail};
use jiff::Timestamp;

use super::Outcome;
use super::records::{Store, find};
use crate::collect;
use crate::incident::{Signal, SignalKind, WrittenSignal};

/// The longest text; what is longer belongs on a page that it links to.
const LONGEST: usize = 1_000;

/// Arguments of `update`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
It goes to the thread of who is on call and to stakeholders, as yours, within 15 seconds; passwords are taken
out of it.

Example:
  firsthand update --by Dana checkout Orders of the last hour are being replayed.")]
pub struct Args {
    /// The incident: FH-20261121-0211-checkout, or the end of its id where that is unique
    id: String,
    /// What to tell, in a few sentences
    #[arg(required = true, value_name = "TEXT")]
    text: Vec<String>,
    /// Who writes; else the name of this account
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    store: Store,
}

/// Writes the update down; the daemon carries it.
pub(super) async fn run(args: Args, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    let text = collect::redact(args.text.join(" ").trim()).0.into_owned();
    if text.is_empty() {
        bail!("the update is empty; write what has changed, or what is being done");
    }
    let length = text.chars().count();
    if length > LONGEST {
        bail!("the update has {length} characters; {LONGEST} fit, and a link leads to more");
    }
    let by =
        args.by.or_else(|| std::env::var("USER").ok()).unwrap_or_else(|| "somebody".to_owned());
    let (ledger, _) = args.store.open_to_write().await?;
    let incident = find(&ledger, &args.id).await?;
    let now = Timestamp::now();
    let by = collect::redact(by.trim()).0.into_owned();
    let written = WrittenSignal { incident: incident.id.clone(), by, text };
    let signal = Signal {
        key: format!("written/{}/{}", incident.id, now.as_nanosecond()),
        subject: incident.subject.clone(),
        heard_at: now,
        kind: SignalKind::Written(written),
        muted: None,
    };
    ledger.accept(&[signal]).await.context("writing to the store")?;
    let whom = match (incident.told.len(), incident.public.is_some()) {
        (0, _) => "nobody was told of this incident; it is kept in its timeline".to_owned(),
        (n, _) => format!("{n} receivers hear it within 15 seconds")
            .replace("1 receivers hear", "1 receiver hears"),
    };
    writeln!(out, "{}: {whom}", incident.id)?;
    Ok(Outcome::Fine)
}
