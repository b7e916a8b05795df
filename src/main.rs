//! The `firsthand` binary: arguments, logging, one command.

use std::io::Write;
use std::process::ExitCode;

use firsthand::cli::{self, Cli};

/// Two threads carry the daemon: it waits for others nearly all of its time.
const WORKERS: usize = 2;

fn main() -> ExitCode {
    firsthand::tls::install();
    let cli = match Cli::from_arguments() {
        Ok(cli) => cli,
        Err(told) => return told,
    };
    if let Err(error) = cli::logging::start(&cli.log, cli.usual_log_level()) {
        return failed(&error);
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return failed(&anyhow::Error::new(error).context("starting threads")),
    };
    let mut out = std::io::stdout().lock();
    let outcome = runtime.block_on(cli::run(cli.command, &mut out));
    match outcome.and_then(|outcome| Ok(out.flush().map(|()| outcome)?)) {
        Ok(outcome) => outcome.into(),
        Err(error) if cli::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

/// One line per failure, its causes joined, and exit code 2: the question could not be answered.
fn failed(error: &anyhow::Error) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "error: {error:#}");
    ExitCode::from(2)
}
