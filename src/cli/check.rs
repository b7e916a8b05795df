//! `firsthand check`: is this settings file good?

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::json;

use super::{Format, Outcome, live};
use crate::config::{self, Settings};
use crate::ledger::{Ledger, Stuck};

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
--live also asks Prometheus, Alertmanager, the API server, Slack and the disk, a line for each thing: good, \
weak (it works, and something is lost) or bad, and what to do. It changes nothing. --send-test posts a \
message that says it is a test, to every receiver or the one that is named, and takes it back as resolved.

Exit code: 0 fine, weak things included; 1 something is wrong; 2 the file cannot be read.

Example:
  firsthand check --config firsthand.yaml")]
pub struct Args {
    /// The settings file
    #[arg(long, short, value_name = "FILE")]
    config: PathBuf,
    /// Also ask everything that the settings name whether it answers
    #[arg(long)]
    live: bool,
    /// Also send a test message, to all receivers or to this one
    #[arg(long, value_name = "RECEIVER", num_args = 0..=1)]
    send_test: Option<Option<String>>,
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
    let looked = looked(&args, examined.settings.as_ref()).await?;
    let fine =
        examined.faults.is_empty() && parked.is_empty() && !looked.iter().any(live::Line::is_bad);
    match args.output {
        Format::Json => {
            let answer = json!({
                "schema": "firsthand/check/v1",
                "file": args.config,
                "fine": fine,
                "faults": examined.faults,
                "parked": parked.iter().map(as_data).collect::<Vec<_>>(),
                "live": looked.iter().map(live::Line::as_data).collect::<Vec<_>>(),
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
            for line in &looked {
                writeln!(out, "{}", line.in_words())?;
            }
            if let (true, Some(settings)) = (fine, &examined.settings) {
                writeln!(out, "{}: fine: {}", args.config.display(), summary(settings))?;
            }
        }
    }
    Ok(if fine { Outcome::Fine } else { Outcome::Found })
}

/// What was asked of the world, where that was wanted and the settings say whom to ask.
async fn looked(args: &Args, settings: Option<&Settings>) -> anyhow::Result<Vec<live::Line>> {
    let Some(settings) = settings else { return Ok(Vec::new()) };
    let mut lines = if args.live { live::look(settings).await } else { Vec::new() };
    if let Some(only) = &args.send_test {
        lines.extend(live::send_test(settings, only.as_deref()).await?);
    }
    Ok(lines)
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
