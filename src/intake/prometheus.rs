//! The poll: what moved in Prometheus since the last time, compared as raw counters.
//!
//! `increase()` is not used: it misses the restarts before a new series' first sample, and extrapolates
//! the rest to fractions. Instead each poll compares the counters of now with those at the last poll.

use std::collections::BTreeMap;
use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine};
use futures::try_join;
use jiff::Timestamp;
use prometheus_http_query::Client;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use super::PrometheusSettings;
use super::alertmanager::bounded;
use super::answer::{Answer, Sample, ask};
use super::promql::Promql;
use crate::diagnosis::ObjectRef;
use crate::incident::{PollSignal, Signal, SignalKind, Subject};

/// Asks Prometheus what moved.
#[derive(Clone)]
pub struct Poller {
    settings: PrometheusSettings,
    cluster: String,
    client: Client,
    place: String,
}

impl fmt::Debug for Poller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Poller({})", self.place)
    }
}

/// What a poll brought.
#[derive(Clone, Debug, PartialEq)]
pub struct Polled {
    /// Restarts and bad waiting reasons, each about its pod.
    pub signals: Vec<Signal>,
    /// To be kept together with the signals, and given to the next poll.
    pub watermark: Watermark,
    /// What Prometheus itself said about its answers, as that one is partial.
    pub warnings: Vec<String>,
}

/// Up to where the polls have read. Opaque to whoever keeps it; JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watermark {
    /// When the last poll that succeeded was evaluated, whole seconds.
    pub polled_at: Timestamp,
    /// Since when polls have succeeded without a gap.
    pub steady_since: Timestamp,
    /// Counters of containers that moved of late, by `uid/container`: those already told of.
    #[serde(default)]
    counters: BTreeMap<String, Counter>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Counter {
    count: i64,
    at: Timestamp,
}

/// Why a poll brought nothing. Nothing may be concluded from it, least of all health.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("prometheus {place}: {why}")]
pub struct PollError {
    /// Scheme, host and port; never credentials.
    pub place: String,
    /// What went wrong and what to do.
    pub why: String,
}

/// How far before the last poll counters are compared, in seconds. A scrape is stamped with its start and
/// visible at its end, so the last poll may have missed one that was under way; kube-state-metrics of a
/// large cluster takes seconds. Shorter loses restarts; longer asks for the same ones again, to be
/// recognised by their count.
const OVERLAP: i64 = 60;
/// How far back missed polls are caught up, in seconds. Beyond it counters are only read anew: retention
/// may be shorter, and what broke that long ago is no news.
const CATCH_UP: i64 = 6 * 3600;
/// How long a counter is remembered after it was last in an answer, in seconds; far above [`OVERLAP`].
const REMEMBER: i64 = 3600;
/// The most counters remembered: about 4 MB of JSON. The oldest go first, and can at worst be told twice.
const COUNTERS: usize = 40_000;
/// The longest range a waiting reason is searched in, in seconds.
const WAITED: i64 = 300;

impl Poller {
    /// A poller for `settings.url`. `client` carries the time-out; see [`Poller::client`].
    ///
    /// # Errors
    /// Where the URL is missing or no URL, or a header cannot be sent.
    pub fn new(
        settings: PrometheusSettings,
        cluster: &str,
        client: reqwest::Client,
    ) -> Result<Self, PollError> {
        let url = settings.url.clone().unwrap_or_default();
        let place = place_of(&url);
        let fail = |why: String| PollError { place: place.clone(), why };
        let client = Client::from(client, &url)
            .map_err(|_| fail("prometheus.url is not an http(s) URL".to_owned()))?;
        plain_headers(&settings).map_err(fail)?;
        Ok(Self { settings, cluster: cluster.to_owned(), client, place })
    }

    /// An HTTP client as the poller wants it: the settings' time-out, and no redirects, which would
    /// carry the credentials elsewhere. The crypto provider must be installed.
    ///
    /// # Errors
    /// Where the system's certificates cannot be read.
    pub fn client(settings: &PrometheusSettings) -> Result<reqwest::Client, reqwest::Error> {
        reqwest::Client::builder()
            .timeout(settings.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("firsthand/", env!("CARGO_PKG_VERSION")))
            .build()
    }

    /// Asks what moved since `watermark`, as of `now`. Without one, the first poll ever, counters are
    /// only read: old restarts are no news. Waiting reasons are told in either case, because they are.
    ///
    /// # Errors
    /// Where Prometheus cannot be asked, refuses, or holds no restart counter at all. The watermark then
    /// stays as it is, and the next poll that succeeds catches up.
    pub async fn poll(
        &self,
        watermark: Option<Watermark>,
        now: Timestamp,
    ) -> Result<Polled, PollError> {
        self.try_poll(watermark, now)
            .await
            .map_err(|why| PollError { place: self.place.clone(), why })
    }

    async fn try_poll(
        &self,
        watermark: Option<Watermark>,
        now: Timestamp,
    ) -> Result<Polled, String> {
        let at = now.as_second();
        let headers = self.headers().await?;
        let span = Span::new(watermark.as_ref(), at, self.settings.poll_interval.as_secs());
        let promql = Promql::new(&self.settings);
        let ask = |query| ask(&self.client, &headers, query, at);

        let (present, moved, waiting) = try_join!(
            ask(promql.present()),
            ask(promql.moved(span.compared)),
            ask(promql.waiting(span.waited)),
        )?;
        if present.samples.first().is_none_or(|s| s.value < 1.0) {
            return Err(ABSENT.to_owned());
        }
        let mut polled = Polled {
            signals: Vec::new(),
            warnings: Vec::new(),
            watermark: span.next(watermark, now),
        };
        let mut known = Known::default();
        if !moved.samples.is_empty() && !span.first {
            let (base, created, reasons, codes) = try_join!(
                ask(promql.base(span.compared, span.polled)),
                ask(promql.created(span.compared)),
                ask(promql.reasons(span.compared)),
                ask(promql.exit_codes(span.compared)),
            )?;
            known = Known::read(&base, &created, &reasons, &codes, at - span.compared);
            polled.warn([base, created, reasons, codes]);
        }
        for sample in &moved.samples {
            let Some(container) = Container::of(sample) else { continue };
            let restarted = polled.watermark.moved(&container, sample.value, &known, span.first);
            polled.signals.extend(restarted.map(|r| self.signal(&container, r, now)));
        }
        for sample in &waiting.samples {
            let Some(container) = Container::of(sample) else { continue };
            let reason = label(sample, "reason");
            if !reason.is_empty() {
                let waits = container.waiting(reason);
                polled.signals.push(self.signal(&container, waits, now));
            }
        }
        polled.watermark.prune(now);
        polled.warn([present, moved, waiting]);
        Ok(polled)
    }

    fn signal(&self, container: &Container, what: PollSignal, now: Timestamp) -> Signal {
        let id = container.id();
        let key = match &what {
            PollSignal::Restarted { count, .. } => format!("restart/{id}/{count}"),
            // One per poll: whether it lasts is counted by whoever hears it.
            PollSignal::Waiting { reason, .. } => {
                format!("waiting/{id}/{reason}/{}", now.as_second())
            }
        };
        let pod = ObjectRef::new("Pod", container.namespace.clone(), container.pod.clone());
        let subject =
            Subject { cluster: self.cluster.clone(), object: Some(pod), group: String::new() };
        Signal { key, subject, heard_at: now, kind: SignalKind::Poll(what) }
    }

    async fn headers(&self) -> Result<HeaderMap, String> {
        let mut headers = plain_headers(&self.settings)?;
        let secret = async |path: &std::path::Path| {
            let text = tokio::fs::read_to_string(path).await;
            text.map(|t| t.trim().to_owned()).map_err(|e| format!("{}: {e}", path.display()))
        };
        let value = if let Some(path) = &self.settings.bearer_token_file {
            format!("Bearer {}", secret(path).await?)
        } else if let Some(basic) = &self.settings.basic_auth {
            let password = secret(&basic.password_file).await?;
            let pair = format!("{}:{password}", basic.username);
            format!("Basic {}", BASE64_STANDARD.encode(pair))
        } else {
            return Ok(headers);
        };
        let mut value = HeaderValue::from_str(&value)
            .map_err(|_| "the credentials hold a character no header may have".to_owned())?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
        Ok(headers)
    }
}

const ABSENT: &str = "it has no kube_pod_container_status_restarts_total; is kube-state-metrics running \
                      and scraped, and do prometheus.matchers fit";

impl Polled {
    fn warn<const N: usize>(&mut self, answers: [Answer; N]) {
        for warning in answers.into_iter().flat_map(|a| a.warnings) {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
    }
}

/// The times of one poll, in seconds before it.
#[derive(Clone, Copy, Debug)]
struct Span {
    /// No counter can be compared: the first poll, or the last is too long ago.
    first: bool,
    /// The last poll.
    polled: i64,
    /// What counters are compared with.
    compared: i64,
    /// The range waiting reasons are searched in.
    waited: i64,
    /// Whether polls were missed before this one.
    gap: bool,
}

impl Span {
    fn new(watermark: Option<&Watermark>, at: i64, interval: u64) -> Self {
        let interval = i64::try_from(interval).unwrap_or(WAITED).max(1);
        let waited = |polled: i64| polled.clamp(1, WAITED);
        let polled = watermark.map(|w| at - w.polled_at.as_second());
        // A clock set back makes the last poll lie ahead: begin anew.
        let Some((w, polled)) = watermark.zip(polled.filter(|p| (0..=CATCH_UP).contains(p))) else {
            let compared = interval;
            let waited = waited(interval);
            return Self { first: true, polled: compared, compared, waited, gap: true };
        };
        // Right after a gap the counters of the overlap may be missing, and the answer would hold all there are.
        let steady = at - w.steady_since.as_second();
        let compared = (polled + OVERLAP).min(steady).max(polled);
        Self { first: false, polled, compared, waited: waited(polled), gap: polled > 2 * interval }
    }

    fn next(self, old: Option<Watermark>, now: Timestamp) -> Watermark {
        let polled_at = Timestamp::from_second(now.as_second()).unwrap_or(now);
        match old {
            Some(old) if !self.first => Watermark {
                polled_at,
                steady_since: if self.gap { polled_at } else { old.steady_since },
                counters: old.counters,
            },
            _ => Watermark { polled_at, steady_since: polled_at, counters: BTreeMap::new() },
        }
    }
}

impl Watermark {
    /// Takes note of a counter, and says by how much it moved if that is news.
    fn moved(
        &mut self,
        container: &Container,
        value: f64,
        known: &Known,
        first: bool,
    ) -> Option<PollSignal> {
        let (id, count) = (container.id(), value as i64);
        let before = self.counters.get(&id).map(|c| c.count);
        self.counters.insert(id.clone(), Counter { count, at: self.polled_at });
        if first {
            return None;
        }
        let before = match before.or_else(|| known.base.get(&id).copied()) {
            Some(before) => before,
            // Not there before. A new pod began at zero; an old one whose series came back did not.
            None if known.old.contains_key(&container.pod_id()) => return None,
            None => 0,
        };
        (count > before).then(|| PollSignal::Restarted {
            pod: container.pod.clone(),
            uid: container.uid.clone(),
            container: container.name.clone(),
            count,
            by: count - before,
            reason: known.reasons.get(&id).cloned(),
            exit_code: known.codes.get(&id).copied(),
        })
    }

    fn prune(&mut self, now: Timestamp) {
        self.counters.retain(|_, c| now.as_second() - c.at.as_second() <= REMEMBER);
        if self.counters.len() > COUNTERS {
            let mut times: Vec<_> = self.counters.values().map(|c| c.at).collect();
            times.sort_unstable();
            let oldest = times[times.len() - COUNTERS];
            self.counters.retain(|_, c| c.at >= oldest);
            while self.counters.len() > COUNTERS {
                self.counters.pop_first();
            }
        }
    }
}

/// What the second round of queries says of counters that moved, by container or pod id.
#[derive(Debug, Default)]
struct Known {
    base: BTreeMap<String, i64>,
    /// Pods that were there before the time compared with.
    old: BTreeMap<String, ()>,
    reasons: BTreeMap<String, String>,
    codes: BTreeMap<String, i32>,
}

impl Known {
    fn read(
        base: &Answer,
        created: &Answer,
        reasons: &Answer,
        codes: &Answer,
        compared_at: i64,
    ) -> Self {
        let ids = |answer: &Answer| -> Vec<(String, f64)> {
            let named = answer.samples.iter();
            named.filter_map(|s| Some((Container::of(s)?.id(), s.value))).collect()
        };
        let old = created.samples.iter().filter(|s| s.value < compared_at as f64);
        let reasons = reasons.samples.iter();
        Self {
            base: ids(base).into_iter().map(|(id, v)| (id, v as i64)).collect(),
            old: old.map(|s| (pod_id(s), ())).collect(),
            reasons: reasons
                .filter_map(|s| Some((Container::of(s)?.id(), label(s, "reason").to_owned())))
                .collect(),
            codes: ids(codes).into_iter().map(|(id, v)| (id, v as i32)).collect(),
        }
    }
}

/// A container as the metrics name it.
#[derive(Debug)]
struct Container {
    namespace: String,
    pod: String,
    uid: String,
    name: String,
}

impl Container {
    /// `None` where a series names no container.
    fn of(sample: &Sample) -> Option<Self> {
        let own = |name: &str| bounded(label(sample, name), NAME);
        let found = Self {
            namespace: own("namespace"),
            pod: own("pod"),
            uid: own("uid"),
            name: own("container"),
        };
        let named = !found.namespace.is_empty() && !found.pod.is_empty() && !found.name.is_empty();
        named.then_some(found)
    }

    /// A recreated pod of the same name counts anew, so the uid tells.
    fn id(&self) -> String {
        format!("{}/{}", self.pod_id(), self.name)
    }

    fn pod_id(&self) -> String {
        match self.uid.as_str() {
            "" => format!("{}/{}", self.namespace, self.pod),
            uid => uid.to_owned(),
        }
    }

    fn waiting(&self, reason: &str) -> PollSignal {
        PollSignal::Waiting {
            pod: self.pod.clone(),
            uid: self.uid.clone(),
            container: self.name.clone(),
            reason: bounded(reason, NAME),
        }
    }
}

/// The longest name Kubernetes gives anything, in characters.
const NAME: usize = 253;

fn pod_id(sample: &Sample) -> String {
    match label(sample, "uid") {
        "" => format!("{}/{}", label(sample, "namespace"), label(sample, "pod")),
        uid => uid.to_owned(),
    }
}

fn label<'a>(sample: &'a Sample, name: &str) -> &'a str {
    sample.labels.get(name).map_or("", String::as_str)
}

fn plain_headers(settings: &PrometheusSettings) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in &settings.headers {
        let fault = || format!("prometheus.headers: \"{name}\" cannot be sent as a header");
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| fault())?;
        let mut value = HeaderValue::from_str(value).map_err(|_| fault())?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

/// Scheme, host and port: enough to know which one, without the password a URL may hold.
fn place_of(url: &str) -> String {
    match reqwest::Url::parse(url) {
        Ok(url) => match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{}://{host}:{port}", url.scheme()),
            (Some(host), None) => format!("{}://{host}", url.scheme()),
            _ => "(no URL)".to_owned(),
        },
        Err(_) => "(no URL)".to_owned(),
    }
}
