//! The poll: what moved in Prometheus since the last time, compared as raw counters.
//!
//! `increase()` is not used: it misses the restarts before a new series' first sample, and extrapolates
//! the rest to fractions. Instead each poll compares the counters of now with those at the last poll.

use std::fmt;

use futures::try_join;
use jiff::Timestamp;
use prometheus_http_query::Client;
use reqwest::header::HeaderMap;

use super::PrometheusSettings;
use super::access::Access;
use super::answer::{Answer, ask};
use super::promql::Promql;
use super::watermark::{Container, Known, Span, Watermark, label};
use super::{catch_up, lacking};
use crate::diagnosis::ObjectRef;
use crate::incident::{PollSignal, Signal, SignalKind, Subject};

/// Asks Prometheus what moved.
#[derive(Clone)]
pub struct Poller {
    settings: PrometheusSettings,
    cluster: String,
    access: Access,
    url: String,
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
    /// What it said of something that is left out of them; nothing may be taken for health then.
    pub partial: Option<String>,
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

impl Poller {
    /// A poller for `settings.url`. The crypto provider must be installed.
    ///
    /// # Errors
    /// Where the URL is missing or no URL, or a header cannot be sent.
    pub fn new(settings: PrometheusSettings, cluster: &str) -> Result<Self, PollError> {
        let url = settings.url.clone().unwrap_or_default();
        let place = place_of(&url);
        let fail = |why: String| PollError { place: place.clone(), why };
        if place == NO_URL {
            return Err(fail("prometheus.url is not an http(s) URL".to_owned()));
        }
        let access = settings.access().map_err(fail)?;
        Ok(Self { settings, cluster: cluster.to_owned(), access, url, place })
    }

    /// A client for whoever else asks the same Prometheus: with its time-out and certificates.
    ///
    /// # Errors
    /// Where the settings' files cannot be used; in words.
    pub async fn client(&self) -> Result<Client, String> {
        Client::from(self.access.client().await?, &self.url)
            .map_err(|_| "prometheus.url is not an http(s) URL".to_owned())
    }

    /// The HTTP client under it, for questions that are no queries.
    ///
    /// # Errors
    /// As [`Poller::client`].
    pub async fn http(&self) -> Result<reqwest::Client, String> {
        self.access.client().await
    }

    /// Since when Prometheus runs, in seconds since 1970; `None` where it does not say (Thanos, Mimir).
    pub(super) async fn started(&self) -> Option<i64> {
        let (client, headers) = (self.access.client().await.ok()?, self.headers().await.ok()?);
        let url = format!("{}/api/v1/status/runtimeinfo", self.url.trim_end_matches('/'));
        let answer = client.get(url).headers(headers).send().await.ok()?;
        let body: serde_json::Value = answer.json().await.ok()?;
        let since = body["data"]["startTime"].as_str()?.parse::<Timestamp>().ok()?;
        Some(since.as_second())
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
        let (client, headers) = (self.client().await?, self.headers().await?);
        let span = Span::new(watermark.as_ref(), at, self.settings.poll_interval.as_secs());
        let promql = Promql::new(&self.settings);
        let ask = |query| ask(&client, &headers, query, at);

        let (present, moved, waiting, lacking) = try_join!(
            ask(promql.present()),
            ask(promql.moved(span.compared)),
            ask(promql.waiting(span.waited)),
            ask(lacking::query(&promql, span.polled)),
        )?;
        if present.samples.first().is_none_or(|s| s.value < 1.0) {
            return Err(ABSENT.to_owned());
        }
        let mut polled = Polled {
            signals: Vec::new(),
            warnings: Vec::new(),
            partial: None,
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
            if span.gap && span.polled >= LONG {
                let range = catch_up::Range::over(at - span.polled, at);
                let asked = range.ask(&client, &headers, promql.history(span.compared, at));
                match asked.await {
                    Ok(moves) => known.missed = moves,
                    // What happened is known, only not when: it is told as of the whole gap.
                    Err(why) => {
                        polled.warnings.push(format!("when it restarted is not known: {why}"))
                    }
                }
                for sample in &moved.samples {
                    let Some(container) = Container::of(sample) else { continue };
                    known.missed.entry(container.id()).or_insert_with(|| range.whole());
                }
            }
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
        let objects = lacking.samples.iter().filter_map(lacking::read);
        polled.signals.extend(objects.map(|(object, lacks)| self.lacking(object, lacks, now)));
        polled.watermark.prune(now);
        polled.warn([present, moved, waiting, lacking]);
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
            PollSignal::Lacking { what } => format!("lacking/{id}/{what}/{}", now.as_second()),
        };
        let pod = ObjectRef::new("Pod", container.namespace.clone(), container.pod.clone());
        let subject =
            Subject { cluster: self.cluster.clone(), object: Some(pod), group: String::new() };
        Signal { key, subject, heard_at: now, kind: SignalKind::Poll(what), muted: None }
    }

    fn lacking(&self, object: ObjectRef, lacks: PollSignal, now: Timestamp) -> Signal {
        let subject = Subject {
            cluster: self.cluster.clone(),
            object: Some(object.clone()),
            group: String::new(),
        };
        // One per poll, so that it is heard again after an incident's end.
        let key = format!("lacking/{object}/{}", now.as_second());
        Signal { key, subject, heard_at: now, kind: SignalKind::Poll(lacks), muted: None }
    }

    /// The headers of a query: the tenant's, and credentials read anew, because mounted tokens rotate.
    ///
    /// # Errors
    /// Where a credential's file cannot be read; in words.
    pub async fn headers(&self) -> Result<HeaderMap, String> {
        self.access.headers().await
    }
}

/// Shorter than this is no time in which nobody looked: a poll or two failed.
const LONG: i64 = 300;

const ABSENT: &str = "it has no kube_pod_container_status_restarts_total; is kube-state-metrics running \
                      and scraped, and do prometheus.matchers fit";

impl Polled {
    fn warn<const N: usize>(&mut self, answers: [Answer; N]) {
        for answer in answers {
            self.partial = self.partial.take().or(answer.partial);
            for warning in answer.warnings {
                if !self.warnings.contains(&warning) {
                    self.warnings.push(warning);
                }
            }
        }
    }
}

const NO_URL: &str = "(no URL)";

/// Scheme, host and port: enough to know which one, without the password a URL may hold.
fn place_of(url: &str) -> String {
    match reqwest::Url::parse(url) {
        Ok(url) => match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{}://{host}:{port}", url.scheme()),
            (Some(host), None) => format!("{}://{host}", url.scheme()),
            _ => NO_URL.to_owned(),
        },
        Err(_) => NO_URL.to_owned(),
    }
}
