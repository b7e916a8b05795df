//! `firsthand run`: the daemon.

use std::io::Write;
use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use super::Outcome;
use crate::config;
use crate::daemon::Daemon;

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
    let stop = CancellationToken::new();
    let daemon = Daemon::start(settings, stop.clone()).await?;
    tracing::info!(address = %daemon.address(), "listening");
    tokio::spawn(async move {
        told_to_stop().await;
        tracing::info!("stopping; messages in hand are finished first");
        stop.cancel();
    });
    daemon.ended().await?;
    Ok(Outcome::Fine)
}

/// Ctrl-C, or what Kubernetes and systemd send.
async fn told_to_stop() {
    let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    match terminate {
        Ok(mut terminate) => tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        },
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be heard; Ctrl-C can");
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}
