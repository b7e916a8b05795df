//! `firsthand run`: the daemon.

use std::io::Write;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use jiff::Timestamp;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Outcome;
use crate::config::{self, Settings};
use crate::daemon::{Daemon, Lifecycle};
use crate::telemetry::{Telemetry, events::SettingsRead};

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
SIGHUP and POST /-/reload read the settings again. A faulty file changes nothing: the log and the metric
firsthand_config_last_reload_successful say so. Rotated tokens and secrets need no reload.

Example:
  firsthand run --config firsthand.yaml")]
pub struct Args {
    /// The settings file
    #[arg(long, short, value_name = "FILE")]
    config: PathBuf,
}

/// Runs until it is told to stop; with new settings a daemon ends and another begins, on the same socket
/// and the same store.
pub(super) async fn run(args: Args, _out: &mut dyn Write) -> anyhow::Result<Outcome> {
    let mut settings = config::read(Some(&args.config), &super::environment())?;
    let reader = Arc::new(Reader::of(args.config, settings.clone()));
    let stop = CancellationToken::new();
    tokio::spawn(reread_on_hangup(Arc::clone(&reader)));
    tokio::spawn(told_to_stop(stop.clone()));
    let mut listener = listen(&settings.listen)?;
    let mut before: Option<Settings> = None;
    loop {
        let until = stop.child_token();
        let again = Arc::clone(&reader);
        let lifecycle = Lifecycle {
            listener: Some(listener.try_clone()?),
            reload: Some(Arc::new(move || again.read())),
        };
        let daemon = match Daemon::start_with(settings.clone(), until.clone(), lifecycle).await {
            Ok(daemon) => daemon,
            Err(error) => match before.take() {
                Some(good) => {
                    reader.took_back(&good, &format!("{error:#}"));
                    listener = relisten(listener, &settings.listen, &good.listen)?;
                    settings = good;
                    continue;
                }
                None => return Err(error),
            },
        };
        tracing::info!(address = %daemon.address(), "listening");
        reader.tells(daemon.telemetry());
        let mut ended = pin!(daemon.ended());
        tokio::select! {
            ended = &mut ended => return ended.map(|()| Outcome::Fine),
            () = reader.changed.notified() => {}
        }
        until.cancel();
        ended.await?;
        let next = reader.current();
        listener = relisten(listener, &settings.listen, &next.listen)?;
        before = Some(std::mem::replace(&mut settings, next));
    }
}

/// Reads the file again when somebody asks.
struct Reader {
    file: PathBuf,
    current: Mutex<Settings>,
    telemetry: Mutex<Option<Telemetry>>,
    /// Rung when there are new settings.
    changed: Notify,
}

impl Reader {
    fn of(file: PathBuf, settings: Settings) -> Self {
        let (current, telemetry) = (Mutex::new(settings), Mutex::new(None));
        Self { file, current, telemetry, changed: Notify::new() }
    }

    /// Takes the file's settings over, if they are good.
    fn read(&self) -> Result<(), String> {
        let read = config::read(Some(&self.file), &super::environment());
        let settings = read.map_err(|unusable| {
            let why = unusable.to_string();
            self.emit(Some(&why));
            why
        })?;
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if *current == settings {
            self.emit(None);
        } else {
            *current = settings;
            self.changed.notify_one();
        }
        Ok(())
    }

    fn current(&self) -> Settings {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A daemon could not begin with the new settings: the ones before hold again.
    fn took_back(&self, good: &Settings, why: &str) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = good.clone();
        tracing::error!(
            why,
            "the daemon cannot begin with the new settings; the ones before go on"
        );
    }

    fn tells(&self, telemetry: Telemetry) {
        *self.telemetry.lock().unwrap_or_else(PoisonError::into_inner) = Some(telemetry);
    }

    fn emit(&self, faulty: Option<&str>) {
        let telemetry = self.telemetry.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(telemetry) = telemetry.as_ref() {
            telemetry.emit(SettingsRead { faulty, at: Timestamp::now().as_second() });
        }
    }
}

/// One socket for all daemons of this process: between two of them callers wait, and none is refused.
fn listen(address: &str) -> anyhow::Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind(address)
        .with_context(|| format!("listen: cannot listen on {address}"))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn relisten(
    listener: std::net::TcpListener,
    before: &str,
    now: &str,
) -> anyhow::Result<std::net::TcpListener> {
    if before == now { Ok(listener) } else { listen(now) }
}

async fn reread_on_hangup(reader: Arc<Reader>) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
    while hangup.recv().await.is_some() {
        // What is wrong is told in the log and by the metric.
        let _ = reader.read();
    }
}

/// Ctrl-C, or what Kubernetes and systemd send.
async fn told_to_stop(stop: CancellationToken) {
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        },
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be heard; Ctrl-C can");
            let _ = tokio::signal::ctrl_c().await;
        }
    }
    tracing::info!("stopping; messages in hand are finished first");
    stop.cancel();
}
