//! `POST /-/reload`: read the settings again, as with Prometheus.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use super::Settings;
use super::auth::{self, Denied};

/// Reads the settings again. An error says what is wrong with them; the ones before go on.
pub type Reload = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

#[derive(Clone)]
struct Asked {
    reload: Reload,
    settings: Arc<Settings>,
}

/// The route. Whoever may send alerts may ask for it.
pub fn reloading(reload: Reload, settings: Settings) -> Router {
    let asked = Asked { reload, settings: Arc::new(settings) };
    let ask = post(answer).put(answer);
    Router::new().route("/-/reload", ask).with_state(asked)
}

async fn answer(State(asked): State<Asked>, headers: HeaderMap) -> Response {
    match auth::check(&asked.settings, &headers).await {
        Ok(()) => {}
        Err(Denied::Wrong(_)) => {
            let text = "this needs the credentials that alerts need\n";
            return (StatusCode::UNAUTHORIZED, text).into_response();
        }
        Err(Denied::CannotTell(why)) => {
            tracing::error!(why, "credentials of the listener unreadable");
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    }
    match tokio::task::spawn_blocking(move || (asked.reload)()).await {
        Ok(Ok(())) => "the settings are good and hold from now on\n".into_response(),
        Ok(Err(why)) => {
            let text = format!("the settings are faulty; the ones before go on\n{why}\n");
            (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
