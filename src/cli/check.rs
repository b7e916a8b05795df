//! `firsthand check`: is this settings file good?

use std::io::Write;
use std::path::PathBuf;

use super::{Format, Outcome};
use crate::config::{self, Unusable};

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

/// Names every fault of the settings file, or says that it is good.
pub(super) async fn run(args: Args, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    let faults = match config::read(Some(&args.config), &super::environment()) {
        Ok(_) => Vec::new(),
        Err(Unusable::Faulty(faults)) => faults,
        Err(unreadable) => return Err(unreadable.into()),
    };
    match args.output {
        Format::Json => writeln!(out, "{}", serde_json::json!({ "faults": faults }))?,
        Format::Text if faults.is_empty() => writeln!(out, "{}: fine", args.config.display())?,
        Format::Text => {
            for fault in &faults {
                writeln!(out, "{fault}")?;
            }
        }
    }
    Ok(if faults.is_empty() { Outcome::Fine } else { Outcome::Found })
}
