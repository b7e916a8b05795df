//! A stand-in of Prometheus' query API for the demo and for quick tests. It keeps the samples it is
//! given and answers instant queries about one metric; it is not a PromQL engine, and says so with
//! `bad_data` when a query names no metric it knows how to read.
//!
//! What of a query counts: the first metric name, the label matchers of its first selector, and, for a
//! query that compares a counter with an `offset` of itself, the five minutes before now.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Form, Json, Router};
use jiff::{SignedDuration, Timestamp};
use regex::Regex;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// One sample of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The metric's name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

/// How far back the stand-in remembers.
const MEMORY: SignedDuration = SignedDuration::from_mins(6);

/// How long a series that is no longer scraped still answers; Prometheus marks it stale at the next scrape.
const STALE_AFTER: SignedDuration = SignedDuration::from_secs(5);

type Series = VecDeque<(Timestamp, f64)>;

#[derive(Debug, Default)]
struct Memory {
    now: Timestamp,
    began: Option<Timestamp>,
    series: BTreeMap<(String, BTreeMap<String, String>), Series>,
    away: bool,
}

/// The running stand-in.
#[derive(Clone, Debug)]
pub struct Prometheus {
    addr: SocketAddr,
    memory: Arc<Mutex<Memory>>,
    stop: CancellationToken,
}

impl Prometheus {
    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port can be opened.
    pub async fn start() -> std::io::Result<Self> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let stand_in = Self {
            addr: listener.local_addr()?,
            memory: Arc::default(),
            stop: CancellationToken::new(),
        };
        let routes = Router::new()
            .route("/api/v1/query", any(query))
            .route("/api/v1/status/buildinfo", get(build_info))
            .route("/-/ready", get(|| async { "Prometheus Server is Ready.\n" }))
            .with_state(stand_in.clone());
        let stop = stand_in.stop.clone();
        tokio::spawn(async move {
            let served = axum::serve(listener, routes)
                .with_graceful_shutdown(async move { stop.cancelled().await })
                .await;
            if let Err(error) = served {
                tracing::warn!(%error, "the stand-in Prometheus ended");
            }
        });
        Ok(stand_in)
    }

    /// Its base address.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Takes what one scrape brought.
    pub fn scrape(&self, now: Timestamp, samples: Vec<Sample>) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.now = now;
        memory.began.get_or_insert(now);
        for sample in samples {
            let series = memory.series.entry((sample.name, sample.labels)).or_default();
            series.push_back((now, sample.value));
            while series.front().is_some_and(|(at, _)| *at < now - MEMORY) {
                series.pop_front();
            }
        }
        memory.series.retain(|_, series| series.back().is_some_and(|(at, _)| *at >= now - MEMORY));
    }

    /// Whether every request is answered with 503.
    pub fn set_away(&self, away: bool) {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).away = away;
    }

    /// Stops listening.
    pub fn stop(&self) {
        self.stop.cancel();
    }
}

async fn build_info() -> Json<Value> {
    Json(json!({ "status": "success", "data": { "version": "3.0.0-standin" } }))
}

async fn query(
    State(stand_in): State<Prometheus>,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let memory = stand_in.memory.lock().unwrap_or_else(PoisonError::into_inner);
    if memory.away {
        return (StatusCode::SERVICE_UNAVAILABLE, "away").into_response();
    }
    let text = form.get("query").map_or("", String::as_str);
    let Some(asked) = Asked::read(text) else {
        let error = format!("the stand-in knows no metric in: {text}");
        let body = json!({ "status": "error", "errorType": "bad_data", "error": error });
        return (StatusCode::BAD_REQUEST, Json(body)).into_response();
    };
    let result: Vec<Value> = memory
        .series
        .iter()
        .filter(|((name, labels), _)| asked.wants(name, labels))
        .filter_map(|((name, labels), series)| {
            let (at, value) = *series.back().filter(|(at, _)| *at >= memory.now - STALE_AFTER)?;
            let moved = !asked.moved || value > 0.0 && has_moved(series, memory.began);
            moved.then(|| {
                let mut metric = json!(labels);
                metric["__name__"] = json!(name);
                json!({ "metric": metric, "value": [at.as_millisecond() as f64 / 1000.0, value.to_string()] })
            })
        })
        .collect();
    Json(json!({ "status": "success", "data": { "resultType": "vector", "result": result } }))
        .into_response()
}

/// Whether a counter rose while it was remembered, or its series is younger than the stand-in.
fn has_moved(series: &Series, began: Option<Timestamp>) -> bool {
    let first = series.front();
    let last = series.back();
    first.map(|(_, value)| value) != last.map(|(_, value)| value)
        || first.map(|(at, _)| *at) > began
}

/// What a query asks for, as far as the stand-in reads it.
#[derive(Debug)]
struct Asked {
    name: String,
    matchers: Vec<(String, bool, Regex)>,
    moved: bool,
}

impl Asked {
    fn read(query: &str) -> Option<Self> {
        static NAME: LazyLock<Option<Regex>> = LazyLock::new(|| {
            Regex::new(r"\b((?:kube|container|node)_[a-z0-9_]+)\s*(?:\{([^}]*)\})?").ok()
        });
        static MATCHER: LazyLock<Option<Regex>> = LazyLock::new(|| {
            Regex::new(r#"([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)""#).ok()
        });
        let found = NAME.as_ref()?.captures(query)?;
        let inside = found.get(2).map_or("", |inside| inside.as_str());
        let matchers = MATCHER
            .as_ref()?
            .captures_iter(inside)
            .filter_map(|matcher| {
                let (name, how, value) =
                    (&matcher[1], &matcher[2], matcher[3].replace("\\\\", "\\"));
                let pattern = if how.contains('~') { value } else { regex::escape(&value) };
                let regex = Regex::new(&format!("^(?:{pattern})$")).ok()?;
                Some((name.to_owned(), how.starts_with('='), regex))
            })
            .collect();
        let moved = query.contains("offset");
        Some(Self { name: found[1].to_owned(), matchers, moved })
    }

    fn wants(&self, name: &str, labels: &BTreeMap<String, String>) -> bool {
        let value = |label: &str| labels.get(label).map_or("", String::as_str);
        name == self.name
            && self
                .matchers
                .iter()
                .all(|(label, wanted, regex)| regex.is_match(value(label)) == *wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_by_its_first_selector() {
        let asked = Asked::read(
            r#"max by (pod) (kube_pod_container_status_waiting_reason{reason!~"ContainerCreating|PodInitializing"} == 1)"#,
        )
        .unwrap();
        let labels =
            |reason: &str| [("reason".to_owned(), reason.to_owned())].into_iter().collect();
        assert!(
            asked.wants("kube_pod_container_status_waiting_reason", &labels("CrashLoopBackOff"))
        );
        assert!(
            !asked.wants("kube_pod_container_status_waiting_reason", &labels("PodInitializing"))
        );
        assert!(Asked::read("up == 0").is_none());
    }
}
