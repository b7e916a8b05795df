//! The poll: what moved in Prometheus since the last time, compared as raw counters.
//!
//! `increase()` is not used: it misses the restarts before a new series' first sample, and extrapolates
//! the rest to fractions. Instead each poll compares the counters of now with those at the last poll.

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine};
use futures::try_join;
use jiff::Timestamp;
use prometheus_http_query::Client;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use super::PrometheusSettings;
use super::answer::{Answer, ask};
use super::promql::Promql;
use super::watermark::{Container, Known, Span, Watermark, label};
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

    /// The headers of a query: the tenant's, and credentials read anew, because mounted tokens rotate.
    ///
    /// # Errors
    /// Where a credential's file cannot be read; in words.
    pub async fn headers(&self) -> Result<HeaderMap, String> {
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
