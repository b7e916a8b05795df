//! `firsthand completions SHELL`.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Outcome};

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:\n  firsthand completions bash")]
pub struct Args {
    /// The shell
    shell: Shell,
}

/// Prints the shell's completion script.
pub(super) fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    // The generator panics when its output goes away, so it never sees the real one.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "firsthand", &mut script);
    out.write_all(&script)?;
    Ok(Outcome::Fine)
}
