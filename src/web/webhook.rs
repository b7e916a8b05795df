//! `POST /alertmanager`: read, hand over, answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use futures::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Web;
use super::auth::{self, Denied};
use crate::telemetry::events::{WebhookAnswered, WebhookOutcome, WebhookSample};

/// Takes the body of a webhook, and returns when what it says is committed.
pub type Accept = Arc<dyn Fn(Bytes) -> BoxFuture<'static, Result<Accepted, Refusal>> + Send + Sync>;

/// A webhook was committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// Signals that are new.
    pub new: u64,
    /// Signals known already.
    pub repeated: u64,
}

/// A webhook was not committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It can never be read: the sender need not repeat it.
    Unreadable {
        /// What is wrong and what to do.
        why: String,
        /// The start of the body, bounded and redacted, for the log.
        sample: String,
    },
    /// It could not be stored now: the sender must repeat it.
    CannotStore(String),
}

/// The largest body, 32 MiB: some 30,000 alerts. Axum's own limit is 2 MB, and an alert refused for
/// its size is an alert lost.
const BODY: usize = 32 * 1024 * 1024;
/// Bodies held at once, all together, in KiB: bounds the memory of a storm.
const HELD: usize = 96 * 1024;
/// Webhooks under way at once. Beyond it they are told to come again, at once.
const UNDER_WAY: usize = 512;
/// By when a webhook is answered. Alertmanager gives up after its group interval, at least 10 s.
const DEADLINE: Duration = Duration::from_secs(9);

/// Room for the webhooks under way.
#[derive(Clone, Debug)]
pub(super) struct Room {
    requests: Arc<Semaphore>,
    kib: Arc<Semaphore>,
}

impl Default for Room {
    fn default() -> Self {
        Self { requests: Arc::new(Semaphore::new(UNDER_WAY)), kib: Arc::new(Semaphore::new(HELD)) }
    }
}

impl Room {
    /// Waits until there is memory for `bytes`.
    async fn hold(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let kib = u32::try_from(bytes.div_ceil(1024).max(1)).ok()?;
        self.kib.clone().acquire_many_owned(kib).await.ok()
    }
}

/// How a webhook ended: what to count, what to answer, and why.
struct Answer {
    outcome: WebhookOutcome,
    status: StatusCode,
    text: String,
}

impl Answer {
    fn new(outcome: WebhookOutcome, text: impl Into<String>) -> Self {
        let status = match outcome {
            WebhookOutcome::Accepted => StatusCode::OK,
            WebhookOutcome::Unreadable => StatusCode::BAD_REQUEST,
            WebhookOutcome::Unauthorized => StatusCode::UNAUTHORIZED,
            WebhookOutcome::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            WebhookOutcome::NotStored | WebhookOutcome::Overloaded => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        };
        Self { outcome, status, text: text.into() }
    }
}

/// The handler. Whatever happens, one answer, counted.
pub(super) async fn receive(State(web): State<Web>, request: Request) -> Response {
    let began = Instant::now();
    let answer = tokio::time::timeout(DEADLINE, answer(&web, request)).await;
    let answer = answer.unwrap_or_else(|_| {
        Answer::new(WebhookOutcome::Overloaded, "not stored in time; send it again")
    });
    let Answer { outcome, status, text } = answer;
    let why = if outcome == WebhookOutcome::Accepted { "" } else { text.as_str() };
    web.telemetry.emit(WebhookAnswered { outcome, why, took: began.elapsed() });
    let mut response = (status, format!("{text}\n")).into_response();
    if status == StatusCode::UNAUTHORIZED {
        let scheme = if web.settings.basic_auth.is_some() { "Basic" } else { "Bearer" };
        let scheme = header::HeaderValue::from_static(scheme);
        response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
    }
    response
}

async fn answer(web: &Web, request: Request) -> Answer {
    let (head, body) = request.into_parts();
    match auth::check(&web.settings, &head.headers).await {
        Ok(()) => {}
        Err(Denied::Wrong(advice)) => return Answer::new(WebhookOutcome::Unauthorized, advice),
        Err(Denied::CannotTell(why)) => return Answer::new(WebhookOutcome::NotStored, why),
    }
    let Ok(_under_way) = web.room.requests.clone().try_acquire_owned() else {
        return Answer::new(WebhookOutcome::Overloaded, "too many at once; send it again");
    };
    let announced = announced(&head.headers);
    if announced.is_some_and(|bytes| bytes > BODY) {
        return too_large();
    }
    let _held = web.room.hold(announced.unwrap_or(BODY)).await;
    let body = match read(body).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    match (web.accept)(body).await {
        Ok(Accepted { new, repeated }) => {
            let text = format!("{new} signals stored, {repeated} known already");
            Answer::new(WebhookOutcome::Accepted, text)
        }
        Err(Refusal::Unreadable { why, sample }) => {
            web.telemetry.emit(WebhookSample { why: &why, sample: &sample });
            Answer::new(WebhookOutcome::Unreadable, why)
        }
        Err(Refusal::CannotStore(why)) => {
            Answer::new(WebhookOutcome::NotStored, format!("not stored: {why}; send it again"))
        }
    }
}

/// The size the sender announces; `None` for a chunked body.
fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn read(body: Body) -> Result<Bytes, Answer> {
    let mut stream = body.into_data_stream();
    let mut whole = Vec::new();
    while let Some(chunk) = stream.next().await {
        // The connection broke: nobody hears this answer, and the sender repeats it of itself.
        let chunk = chunk.map_err(|_| {
            Answer::new(WebhookOutcome::NotStored, "the body broke off; send it again")
        })?;
        if whole.len() + chunk.len() > BODY {
            return Err(too_large());
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.into())
}

fn too_large() -> Answer {
    let mib = BODY / 1024 / 1024;
    let text = format!(
        "the body is larger than {mib} MiB; set max_alerts of the webhook, or group by fewer alerts"
    );
    Answer::new(WebhookOutcome::TooLarge, text)
}
