//! `firsthand db`: the store as a file.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::Subcommand;
use serde_json::json;

use super::{Format, Outcome};
use crate::config;
use crate::ledger::{Info, Ledger, Settings};

/// Arguments of `db`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Closed incidents go after store.keep (30 days), and the file grows to store.max_mib (1 GiB) at most; then
webhooks are answered with 503 until there is room. info and backup work beside a running daemon; vacuum
needs it stopped.

Example:
  firsthand db --config firsthand.yaml info")]
pub struct Args {
    /// The settings file
    #[arg(long, short, value_name = "FILE", default_value = "firsthand.yaml")]
    config: PathBuf,
    /// What to do
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// How much is kept, and how large the file is
    Info {
        /// How to print the answer
        #[arg(long, short, value_enum, default_value_t)]
        output: Format,
    },
    /// Give the room of what was deleted back to the disk; stop the daemon first
    Vacuum,
    /// Copy everything to a new file
    Backup {
        /// The file to make
        #[arg(value_name = "FILE")]
        to: PathBuf,
    },
}

/// Does it.
pub(super) async fn run(args: Args, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    let store = config::read(Some(&args.config), &super::environment())?.store;
    match args.what {
        What::Info { output } => {
            let ledger = Ledger::open_to_read(&store.path).await.context("opening the store")?;
            let info = ledger.info().await?;
            ledger.close().await;
            match output {
                Format::Text => write!(out, "{}", in_words(&store, &info))?,
                Format::Json => writeln!(out, "{:#}", as_data(&store, &info))?,
            }
        }
        What::Vacuum => {
            let ledger = Ledger::open_with(&store).await.context("opening the store")?;
            let before = ledger.info().await?.bytes;
            ledger.vacuum().await?;
            let after = ledger.info().await?.bytes;
            ledger.close().await;
            writeln!(
                out,
                "{}: {} before, {} now",
                store.path.display(),
                size(before),
                size(after)
            )?;
        }
        What::Backup { to } => {
            let ledger = Ledger::open_to_read(&store.path).await.context("opening the store")?;
            ledger.backup(&to).await?;
            ledger.close().await;
            let bytes = std::fs::metadata(&to).map_or(0, |file| file.len());
            writeln!(out, "{}: {}", to.display(), size(bytes))?;
        }
    }
    Ok(Outcome::Fine)
}

fn in_words(store: &Settings, info: &Info) -> String {
    let help = if info.deliveries_parked > 0 { " (firsthand check lists them)" } else { "" };
    format!(
        "store      {}, {} of {} MiB; closed incidents are kept for {}\n\
         incidents  {}, {} of them open\n\
         signals    {} to be heard, {} set aside\n\
         messages   {} on their way, {} wait for somebody's help{help}\n",
        store.path.display(),
        size(info.bytes),
        store.max_mib,
        days(store),
        info.incidents,
        info.incidents_open,
        info.signals_pending,
        info.signals_aside,
        info.deliveries_due,
        info.deliveries_parked,
    )
}

fn as_data(store: &Settings, info: &Info) -> serde_json::Value {
    json!({
        "schema": "firsthand/db/v1",
        "path": store.path,
        "bytes": info.bytes,
        "max_bytes": store.max_mib << 20,
        "keep_seconds": store.keep.as_secs(),
        "incidents": info.incidents,
        "incidents_open": info.incidents_open,
        "signals_pending": info.signals_pending,
        "signals_aside": info.signals_aside,
        "deliveries_due": info.deliveries_due,
        "deliveries_parked": info.deliveries_parked,
    })
}

fn days(store: &Settings) -> String {
    match store.keep.as_secs() {
        seconds if seconds % 86_400 == 0 => format!("{} days", seconds / 86_400),
        seconds => format!("{} h", seconds / 3600),
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}
