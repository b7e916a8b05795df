//! Prometheus: whether it answers, what it holds of the cluster, and what our questions cost it.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::Line;
use super::ask::{Answer, ask, span};
use crate::config::Settings;
use crate::intake::{Poller, PrometheusSettings};

const PART: &str = "prometheus";

/// A query that takes longer than this is worth a recording rule.
const SLOW: Duration = Duration::from_secs(2);

pub(super) async fn look(settings: &Settings) -> Vec<Line> {
    let Some(url) = settings.prometheus.url.as_deref() else {
        return vec![Line::weak(
            PART,
            "not set: nothing is polled, and only alerts open incidents",
            "set prometheus.url",
        )];
    };
    match Asked::new(settings, url).await {
        Ok(asked) => asked.everything(settings).await,
        Err(why) => vec![Line::bad(PART, why, "mend prometheus in the settings")],
    }
}

/// How Prometheus is asked.
struct Asked {
    poller: Poller,
    client: reqwest::Client,
    headers: HeaderMap,
    url: String,
}

impl Asked {
    async fn new(settings: &Settings, url: &str) -> Result<Self, String> {
        let poller = Poller::new(settings.prometheus.clone(), &settings.cluster.name);
        let poller = poller.map_err(|error| error.why)?;
        let client = poller.http().await?;
        let headers = poller.headers().await?;
        Ok(Self { poller, client, headers, url: url.trim_end_matches('/').to_owned() })
    }

    async fn everything(&self, settings: &Settings) -> Vec<Line> {
        let place = place(&self.url);
        let one = match self.query("vector(1)").await {
            Ok(answer) => answer,
            Err(why) => {
                let advice = "start it, let it be reached from here, or mend prometheus.url and its credentials";
                return vec![Line::bad(PART, format!("{place}: {why}"), advice)];
            }
        };
        let version = self.version().await.unwrap_or_else(|| "version not told".to_owned());
        let mut lines =
            vec![Line::good(PART, format!("{place} answers in {}, {version}", span(one.took)))];
        lines.push(self.polled().await);
        lines.extend(self.kube_state_metrics(&settings.prometheus).await);
        lines.extend(self.cadvisor(&settings.prometheus).await);
        lines
    }

    /// The real poll, matchers and all, as the daemon would begin.
    async fn polled(&self) -> Line {
        let began = Instant::now();
        match self.poller.poll(None, Timestamp::now()).await {
            Err(error) => Line::bad(
                PART,
                format!("the poll brings nothing: {}", error.why),
                "see that kube-state-metrics is scraped, and that prometheus.matchers and prometheus.queries fit its labels",
            ),
            Ok(polled) => {
                let took = began.elapsed();
                let says =
                    format!("a poll takes {}, {} things wait", span(took), polled.signals.len());
                match polled.warnings.first() {
                    Some(warning) => Line::weak(
                        PART,
                        format!("{says}; it warns: {warning}"),
                        "its answers may be partial",
                    ),
                    None if took > SLOW => {
                        Line::weak(PART, says, "poll less often: prometheus.poll_interval")
                    }
                    None => Line::good(PART, says),
                }
            }
        }
    }

    /// How many series each selector reads, how long that takes, and how the pods are named in them.
    async fn kube_state_metrics(&self, settings: &PrometheusSettings) -> Vec<Line> {
        let q = &settings.queries;
        let queries = [
            ("restarts", &q.restarts),
            ("waiting", &q.waiting),
            ("terminated_reason", &q.terminated_reason),
            ("terminated_exit_code", &q.terminated_exit_code),
            ("created", &q.created),
        ];
        let mut lines = Vec::new();
        for (name, selector) in queries {
            lines.push(match self.count(selector).await {
                Err(why) => Line::bad(
                    PART,
                    format!("query {name}: {why}"),
                    format!("mend prometheus.queries.{name}"),
                ),
                // Nothing waits and nothing has ended in a cluster that is well.
                Ok((0, _)) if name == "created" => Line::weak(
                    PART,
                    "query created: no series",
                    "without it a new pod's first restart is taken for an old one",
                ),
                Ok((n, took)) if took > SLOW => Line::weak(
                    PART,
                    format!("query {name}: {n} series in {}", span(took)),
                    "use recording rules for it",
                ),
                Ok((n, took)) => {
                    Line::good(PART, format!("query {name}: {n} series in {}", span(took)))
                }
            });
        }
        lines.extend(self.labels(&q.restarts).await);
        lines
    }

    async fn labels(&self, selector: &str) -> Option<Line> {
        let answer = self.query(&format!("topk(1, {selector})")).await.ok()?;
        let labels = answer.body["data"]["result"][0]["metric"].as_object()?.clone();
        let has = |name: &str| labels.contains_key(name);
        let job = labels.get("job").and_then(Value::as_str).unwrap_or("no job label").to_owned();
        Some(
            match (has("exported_namespace") || has("exported_pod"), has("namespace") && has("pod"))
            {
                (true, _) => Line::good(
                    PART,
                    format!(
                        "kube-state-metrics ({job}) names pods in exported_ labels; both forms are read"
                    ),
                ),
                (false, true) if has("uid") => Line::good(
                    PART,
                    format!("kube-state-metrics ({job}) names namespace, pod, uid and container"),
                ),
                (false, true) => Line::weak(
                    PART,
                    format!("kube-state-metrics ({job}) names namespace and pod, and no uid"),
                    "keep the label uid: without it a pod that was made anew under the same name looks like the old one",
                ),
                _ => Line::bad(
                    PART,
                    format!("the restart counters ({job}) name no namespace or no pod"),
                    "see what relabelling takes away, or mend prometheus.queries.restarts",
                ),
            },
        )
    }

    async fn cadvisor(&self, _settings: &PrometheusSettings) -> Option<Line> {
        match self.count("container_memory_working_set_bytes").await {
            Ok((0, _)) => Some(Line::weak(
                PART,
                "no container_memory_working_set_bytes",
                "scrape the kubelet's /metrics/cadvisor: without it a memory kill is never certain",
            )),
            Ok((n, took)) => Some(Line::good(
                PART,
                format!("memory of containers: {n} series in {}", span(took)),
            )),
            Err(_) => None,
        }
    }

    async fn count(&self, selector: &str) -> Result<(u64, Duration), String> {
        let answer = self.query(&format!("count({selector})")).await?;
        let value = answer.body["data"]["result"][0]["value"][1].as_str().unwrap_or("0");
        Ok((value.parse().unwrap_or_default(), answer.took))
    }

    async fn query(&self, query: &str) -> Result<Answer, String> {
        let url = format!("{}/api/v1/query", self.url);
        let request = self.client.post(url).headers(self.headers.clone()).form(&[("query", query)]);
        let answer = ask(request).await?;
        match answer.body["status"].as_str() {
            Some("success") => Ok(answer),
            _ => Err("the answer is not Prometheus's".into()),
        }
    }

    /// Thanos, Mimir and VictoriaMetrics may not tell theirs.
    async fn version(&self) -> Option<String> {
        let url = format!("{}/api/v1/status/buildinfo", self.url);
        let answer = ask(self.client.get(url).headers(self.headers.clone())).await.ok()?;
        Some(format!("version {}", answer.body["data"]["version"].as_str()?))
    }
}

/// Scheme, host and port; never credentials.
pub(super) fn place(url: &str) -> String {
    let Ok(url) = reqwest::Url::parse(url) else { return "the address".into() };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
}
