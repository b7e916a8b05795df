//! Stand-ins for the world outside: a Kubernetes API, a Prometheus and a small simulated cluster, on
//! loopback. The demo runs the real daemon over them, and quick tests do too.
//!
//! *Nothing here is ever reached in production, and nothing here decides anything about an incident*:
//! a stand-in shows what a world shows and refuses what the real one refuses.

pub mod alertmanager;
pub mod kubernetes;
pub mod page;
pub mod prometheus;
pub mod slack;
pub mod terminal;
pub mod world;

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Serves `routes` in the background until `stop`; `what` names the stand-in in the log.
fn serve(listener: TcpListener, routes: Router, stop: CancellationToken, what: &'static str) {
    tokio::spawn(async move {
        let until = stop.cancelled_owned();
        if let Err(error) = axum::serve(listener, routes).with_graceful_shutdown(until).await {
            tracing::warn!(%error, what, "a stand-in ended");
        }
    });
}
