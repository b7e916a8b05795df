//! A stand-in of Prometheus' query API for the demo and for quick tests. It keeps the samples it is
//! given and answers instant queries about one metric; it is not a PromQL engine, and says so with
//! `bad_data` when a query names no metric it knows how to read.
//!
//! What of a query counts: its first selector (name, label matchers, range, offset), whether it only
//! counts, and whether it leaves out (`unless`) what is as it was an offset ago.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Form, Json, Router};
use jiff::{SignedDuration, Timestamp};
use regex::{Captures, Regex};
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

type Labels = BTreeMap<String, String>;
type Series = VecDeque<(Timestamp, f64)>;

#[derive(Debug, Default)]
struct Memory {
    now: Timestamp,
    series: BTreeMap<(String, Labels), Series>,
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
        super::serve(listener, routes, stand_in.stop.clone(), "Prometheus");
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
    let result = asked.answer(&memory);
    Json(json!({ "status": "success", "data": { "resultType": "vector", "result": result } }))
        .into_response()
}

/// What a query asks for, as far as the stand-in reads it.
#[derive(Debug)]
struct Asked {
    /// Label, whether it must match, and what; `__name__` is a label like any other.
    matchers: Vec<(String, bool, Regex)>,
    /// Whether it only counts the series.
    count: bool,
    /// Whether the samples keep their metric's name: a bare selector does, an aggregation does not.
    named: bool,
    /// The value it asks for is that of so long ago.
    ago: SignedDuration,
    /// It asks for what a scrape within this time saw.
    within: SignedDuration,
    /// Only what is not as it was so long ago.
    unless_as: Option<SignedDuration>,
}

impl Asked {
    fn read(query: &str) -> Option<Self> {
        static SELECTOR: LazyLock<Option<Regex>> = LazyLock::new(|| {
            let named = r"\b(?P<name>(?:kube|container|node)_\w+)\s*(?:\{(?P<within>[^}]*)\})?";
            let bare = r"\{(?P<bare>[^}]*)\}";
            let rest = r"\s*(?:\[(?P<range>\d+)s\])?\s*(?:offset\s+(?P<ago>\d+)s)?";
            Regex::new(&format!("(?:{named}|{bare}){rest}")).ok()
        });
        static MATCHER: LazyLock<Option<Regex>> = LazyLock::new(|| {
            Regex::new(r#"([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)""#).ok()
        });
        let selector = SELECTOR.as_ref()?;
        let found = selector.captures(query)?;
        let seconds = |found: &Captures<'_>, group: &str| {
            let seconds = found.name(group)?.as_str().parse().ok()?;
            Some(SignedDuration::from_secs(seconds))
        };
        let part = |group: &str| found.name(group).map_or("", |part| part.as_str());
        let mut inside = format!("{}{}", part("within"), part("bare"));
        if let Some(name) = found.name("name") {
            inside = format!("{inside},__name__=\"{}\"", name.as_str());
        }
        let matchers = MATCHER
            .as_ref()?
            .captures_iter(&inside)
            .filter_map(|matcher| {
                let (name, how) = (&matcher[1], &matcher[2]);
                let value = matcher[3].replace("\\\\", "\\");
                let pattern = if how.contains('~') { value } else { regex::escape(&value) };
                let regex = Regex::new(&format!("^(?:{pattern})$")).ok()?;
                Some((name.to_owned(), how.starts_with('='), regex))
            })
            .collect();
        let after_unless = query.split_once(" unless ").map(|(_, after)| after);
        let ago = seconds(&found, "ago").unwrap_or_default();
        Some(Self {
            matchers,
            count: query.starts_with("count("),
            named: found.get(0).is_some_and(|selector| selector.start() == 0),
            ago,
            within: seconds(&found, "range").unwrap_or(STALE_AFTER),
            unless_as: after_unless.filter(|_| ago.is_zero()).and_then(|after| {
                selector.captures_iter(after).find_map(|found| seconds(&found, "ago"))
            }),
        })
    }

    fn answer(&self, memory: &Memory) -> Vec<Value> {
        let series = memory.series.iter().filter(|((name, labels), _)| self.wants(name, labels));
        let samples: Vec<(&str, &Labels, Timestamp, f64)> = series
            .filter_map(|((name, labels), series)| {
                let (at, value) = at(series, memory.now - self.ago, self.within)?;
                let unchanged = self.unless_as.is_some_and(|ago| {
                    value == 0.0 || at_value(series, memory.now - ago) == Some(value)
                });
                (!unchanged).then_some((name.as_str(), labels, at, value))
            })
            .collect();
        if self.count {
            let found = !samples.is_empty();
            let total = samples.len().to_string();
            return found
                .then(|| json!({ "metric": {}, "value": [seconds(memory.now), total] }))
                .into_iter()
                .collect();
        }
        let sample = |(name, labels, at, value): (&str, &Labels, Timestamp, f64)| {
            let mut metric = json!(labels);
            if self.named {
                metric["__name__"] = json!(name);
            }
            json!({ "metric": metric, "value": [seconds(at), value.to_string()] })
        };
        samples.into_iter().map(sample).collect()
    }

    fn wants(&self, name: &str, labels: &Labels) -> bool {
        let value = |label: &str| match label {
            "__name__" => name,
            _ => labels.get(label).map_or("", String::as_str),
        };
        self.matchers.iter().all(|(label, wanted, regex)| regex.is_match(value(label)) == *wanted)
    }
}

/// The newest sample at that time, none older than `within`.
fn at(series: &Series, time: Timestamp, within: SignedDuration) -> Option<(Timestamp, f64)> {
    let newest = series.iter().rev().find(|(at, _)| *at <= time)?;
    (newest.0 >= time - within).then_some(*newest)
}

fn at_value(series: &Series, time: Timestamp) -> Option<f64> {
    at(series, time, STALE_AFTER).map(|(_, value)| value)
}

fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
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
        let either = Asked::read(r#"count({__name__=~"kube_(a|b)_total"})"#).unwrap();
        assert!(either.count && either.wants("kube_b_total", &labels("")));
    }

    #[test]
    fn a_counter_that_moved_is_told_from_one_that_stands() {
        let series = |values: &[f64]| -> Series {
            let at = |i: usize| Timestamp::from_second(1000 + 30 * i as i64).unwrap();
            values.iter().enumerate().map(|(i, value)| (at(i), *value)).collect()
        };
        let mut memory = Memory { now: Timestamp::from_second(1060).unwrap(), ..Memory::default() };
        for (pod, values) in [("old", [7.0, 7.0, 7.0]), ("moved", [7.0, 8.0, 9.0])] {
            let labels: Labels = [("pod".to_owned(), pod.to_owned())].into();
            memory.series.insert(("kube_restarts_total".to_owned(), labels), series(&values));
        }
        let ask = |query: &str| Asked::read(query).unwrap().answer(&memory);
        let moved = ask(
            "max by (pod) (kube_restarts_total > 0) unless on (pod) (a == kube_restarts_total offset 60s)",
        );
        assert_eq!((moved.len(), &moved[0]["metric"]["pod"]), (1, &json!("moved")));
        assert_eq!(moved[0]["value"][1], "9");
        assert_eq!(ask("max(kube_restarts_total offset 60s)")[1]["value"][1], "7");
        assert_eq!(ask("count(kube_restarts_total)")[0]["value"][1], "2");
    }
}
