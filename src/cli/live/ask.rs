//! One question over HTTP, answered in JSON.

use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use serde_json::Value;

/// How long one answer may take: a person is waiting.
const PATIENCE: Duration = Duration::from_secs(10);

/// The largest answer that is read.
const LARGEST: usize = 16 << 20;

/// An answer.
pub(super) struct Answer {
    pub(super) body: Value,
    pub(super) headers: HeaderMap,
    pub(super) took: Duration,
}

/// A client that follows nothing and waits no longer than a person does.
///
/// # Errors
/// Why none can be built.
pub(super) fn client() -> Result<reqwest::Client, String> {
    reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("firsthand/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| format!("no HTTP client can be built: {}", error.without_url()))
}

/// Sends it and reads what comes back.
///
/// # Errors
/// In a few words; never the address, which may hold a secret.
pub(super) async fn ask(request: reqwest::RequestBuilder) -> Result<Answer, String> {
    let began = Instant::now();
    let mut response = request.send().await.map_err(|error| unsent(&error))?;
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unsent(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > LARGEST {
            return Err("the answer is larger than 16 MiB".into());
        }
    }
    let took = began.elapsed();
    if !status.is_success() {
        return Err(format!("HTTP {status}"));
    }
    match serde_json::from_slice(&body) {
        Ok(body) => Ok(Answer { body, headers, took }),
        Err(_) => Err("the answer is not JSON; something else answers there".into()),
    }
}

fn unsent(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", PATIENCE.as_secs());
    }
    // The innermost cause says what the layers around it only repeat.
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    if error.is_connect() {
        format!("cannot connect: {cause}")
    } else {
        format!("broke off: {cause}")
    }
}

/// `12 ms`, `3.4 s`.
pub(super) fn span(took: Duration) -> String {
    match took.as_millis() {
        ms @ 0..1000 => format!("{ms} ms"),
        _ => format!("{:.1} s", took.as_secs_f64()),
    }
}
