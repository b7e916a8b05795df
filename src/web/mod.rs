//! What listens: alerts in, health and metrics out.
//!
//! Enters: HTTP requests. Leaves: the body of a webhook, handed to [`Accept`], and an answer that makes
//! Alertmanager do the right thing: it takes any 2xx for delivered, sends again after any 5xx or a broken
//! connection, and drops the alert after any 4xx.
//!
//! *This room never answers 2xx before the signals are committed, never 429, and never 4xx to what a
//! repeat could heal.* It reads no alert and knows no store; nothing it answers holds a secret.

mod auth;
mod ready;
mod reload;
mod webhook;

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::trace::TraceLayer;

pub use ready::Readiness;
pub use reload::{Reload, reloading};
pub use webhook::{Accept, Accepted, Refusal};

use crate::telemetry::{self, Telemetry, events::TaskPanicked};

/// Who may send alerts. Both left out: anyone who reaches the port; keep it inside the cluster then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// File with the bearer token of Alertmanager's `http_config.authorization`. Read at each request,
    /// because mounted Secrets rotate.
    pub bearer_token_file: Option<PathBuf>,
    /// The user of Alertmanager's `http_config.basic_auth`.
    pub basic_auth: Option<BasicAuth>,
}

/// A user name and the file its password is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasicAuth {
    /// The user name.
    pub username: String,
    /// File with the password. Read at each request.
    pub password_file: PathBuf,
}

/// What the handlers need.
#[derive(Clone)]
struct Web {
    accept: Accept,
    settings: Arc<Settings>,
    readiness: Readiness,
    telemetry: Telemetry,
    room: webhook::Room,
}

/// Every route: `POST /alertmanager`, `/-/healthy`, `/-/ready`, `/metrics`. `accept` is given the body
/// of each webhook and returns once it is committed.
pub fn router(
    accept: Accept,
    settings: Settings,
    readiness: Readiness,
    telemetry: Telemetry,
) -> Router {
    let panics = telemetry.clone();
    let room = webhook::Room::default();
    let web = Web { accept, settings: Arc::new(settings), readiness, telemetry, room };
    Router::new()
        .route("/alertmanager", get(wrong_method).post(webhook::receive))
        .route("/-/healthy", get(async || "healthy\n"))
        .route("/-/ready", get(ready))
        .route("/metrics", get(metrics))
        .fallback(nothing_here)
        .with_state(web)
        .layer(CatchPanicLayer::custom(move |panic| panicked(&panics, panic)))
        // A 503 is an answer that is counted where it is given; it is no error of the listener.
        .layer(TraceLayer::new_for_http().on_failure(()))
}

/// Serves until `shutdown`, then lets requests under way end.
///
/// # Errors
/// Where the listener fails for good.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    axum::serve(listener, router).with_graceful_shutdown(shutdown).await
}

async fn ready(State(web): State<Web>) -> Response {
    match web.readiness.missing() {
        missing if missing.is_empty() => "ready\n".into_response(),
        missing => {
            let reasons = missing.iter().map(|(part, why)| format!("{part}: {why}\n"));
            let text = format!("not ready\n{}", reasons.collect::<String>());
            (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
        }
    }
}

async fn metrics(State(web): State<Web>) -> Response {
    ([(header::CONTENT_TYPE, telemetry::CONTENT_TYPE)], web.telemetry.page()).into_response()
}

async fn wrong_method() -> (StatusCode, [(header::HeaderName, &'static str); 1], &'static str) {
    let text = "alertmanager's webhook_configs send here with POST\n";
    (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")], text)
}

async fn nothing_here() -> (StatusCode, &'static str) {
    let text = "nothing here; there is POST /alertmanager, /-/healthy, /-/ready, POST /-/reload and /metrics\n";
    (StatusCode::NOT_FOUND, text)
}

/// A panic costs one request: 500, so that Alertmanager sends it again.
fn panicked(telemetry: &Telemetry, panic: Box<dyn std::any::Any + Send>) -> Response {
    let message = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (None, Some(text)) => text.as_str(),
        (None, None) => "a panic without words",
    };
    telemetry.emit(TaskPanicked { task: "web", message });
    (StatusCode::INTERNAL_SERVER_ERROR, "firsthand failed on this request; its log says why\n")
        .into_response()
}
