//! `firsthand version`: which one is this?

use std::io::Write;

use serde_json::json;

use super::{Format, Outcome};
use crate::diagnosis::causes;

/// Arguments of `version`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:\n  firsthand version -o json")]
pub struct Args {
    /// How to print the answer
    #[arg(long, short, value_enum, default_value_t)]
    output: Format,
}

/// Prints it.
pub(super) fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    let (version, causes) = (env!("CARGO_PKG_VERSION"), causes::ALL.len());
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    match args.output {
        Format::Text => writeln!(out, "firsthand {version} ({os}/{arch}), {causes} causes")?,
        Format::Json => {
            let schema = "firsthand/version/v1";
            let answer = json!({ "schema": schema, "version": version, "os": os, "arch": arch, "causes": causes });
            writeln!(out, "{answer:#}")?;
        }
    }
    Ok(Outcome::Fine)
}
