//! `firsthand run`: the daemon.

use std::io::Write;
use std::path::PathBuf;

use super::Outcome;
use crate::config;

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:\n  firsthand run --config firsthand.yaml")]
pub struct Args {
    /// The settings file
    #[arg(long, short, value_name = "FILE")]
    config: PathBuf,
}

/// Runs until it is told to stop.
pub(super) async fn run(args: Args, _out: &mut dyn Write) -> anyhow::Result<Outcome> {
    let settings = config::read(Some(&args.config), &super::environment())?;
    tracing::info!(listen = %settings.listen, "settings read");
    Ok(Outcome::Fine)
}
