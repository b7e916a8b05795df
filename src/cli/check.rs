//! `firsthand check`: is this settings file good?

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::json;

use super::{Format, Outcome};
use crate::config::{self, Settings};
use crate::ledger::{Ledger, Stuck};

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:\n  firsthand check --config firsthand.yaml")]
pub struct Args {
    /// The settings file
    #[arg(long, short, value_name = "FILE")]
    config: PathBuf,
    /// How to print the answer
    #[arg(long, short, value_enum, default_value_t)]
    output: Format,
}

/// Names every fault of the settings and every message that waits for help, or says that all is well.
pub(super) async fn run(args: Args, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    let examined = config::examine(Some(&args.config), &super::environment())?;
    let parked = match &examined.settings {
        Some(settings) => parked(&settings.store.path).await?,
        None => Vec::new(),
    };
    let fine = examined.faults.is_empty() && parked.is_empty();
    match args.output {
        Format::Json => {
            let answer = json!({
                "schema": "firsthand/check/v1",
                "file": args.config,
                "fine": fine,
                "faults": examined.faults,
                "parked": parked.iter().map(as_data).collect::<Vec<_>>(),
            });
            writeln!(out, "{answer:#}")?;
        }
        Format::Text => {
            for fault in &examined.faults {
                writeln!(out, "{fault}")?;
            }
            for stuck in &parked {
                writeln!(out, "{}", in_words(stuck))?;
            }
            if let (true, Some(settings)) = (fine, &examined.settings) {
                writeln!(out, "{}: fine: {}", args.config.display(), summary(settings))?;
            }
        }
    }
    Ok(if fine { Outcome::Fine } else { Outcome::Found })
}

/// The messages that wait for somebody's help. A store that is not there yet holds none.
async fn parked(store: &Path) -> anyhow::Result<Vec<Stuck>> {
    if !store.exists() {
        return Ok(Vec::new());
    }
    let ledger = Ledger::open_to_read(store).await.context("opening the store")?;
    let parked = ledger.parked().await.context("reading undelivered messages")?;
    ledger.close().await;
    Ok(parked)
}

fn in_words(stuck: &Stuck) -> String {
    let Stuck { incident, receiver, what, why, again_at } = stuck;
    let again = match again_at {
        Some(at) => format!("it is tried again at {at:.0}"),
        None => "it is not tried again as it is".to_owned(),
    };
    format!(
        "receiver {receiver}: {what} of {incident} is not delivered: {why}; repair that, {again}"
    )
}

fn as_data(stuck: &Stuck) -> serde_json::Value {
    json!({
        "receiver": stuck.receiver,
        "incident": stuck.incident,
        "what": stuck.what,
        "why": stuck.why,
        "again_at": stuck.again_at,
    })
}

/// What the file says, in a line: who would hear, and where things are kept.
fn summary(settings: &Settings) -> String {
    let names: Vec<&str> = settings.receivers.iter().map(|it| it.name.as_str()).collect();
    let prometheus = match settings.prometheus.url {
        Some(_) => "",
        None => ", nothing polled (no prometheus.url)",
    };
    format!(
        "cluster {}, receivers {}, store {}{prometheus}",
        settings.cluster.name,
        names.join(" and "),
        settings.store.path.display()
    )
}
