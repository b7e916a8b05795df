//! Metrics of one workload or namespace from Prometheus, under the plain names that a dump has.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use prometheus_http_query::Client;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use tokio::sync::watch;

use super::api::Refusal;
use super::round::Round;
use crate::collect::keyed;
use crate::diagnosis::{KeyedObject, Metrics, ObjectRef, Series, Source};

/// Where to ask for metrics.
#[derive(Clone)]
pub struct PrometheusSource {
    /// The client, with the base address. Its HTTP client carries the time-out.
    pub client: Client,
    /// Headers of every query: authorization, tenant. Watched, because mounted tokens rotate.
    pub headers: watch::Receiver<HeaderMap>,
    /// Matchers that every query carries, as they stand between braces: `cluster="prod-eu"`. May be empty.
    pub matchers: String,
}

impl std::fmt::Debug for PrometheusSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Headers and address may hold credentials.
        f.debug_struct("PrometheusSource").field("matchers", &self.matchers).finish_non_exhaustive()
    }
}

const ABSENT: &str = "no Prometheus is set";
/// The longest answer that is read: about 20,000 series.
const ANSWER: usize = 4 << 20;
/// The most series that are asked for, where Prometheus knows the parameter.
const SERIES: u32 = 5_000;

/// What is read as it is, by the name that kube-state-metrics and cAdvisor give it.
const PLAIN: &str = "container_spec_memory_limit_bytes|kube_pod_container_resource_limits|\
    kube_pod_container_status_last_terminated_reason|kube_pod_container_status_last_terminated_exitcode";
const MEMORY: &str = "container_memory_working_set_bytes";

/// Memory, limits and how containers ended, of the workload's pods.
pub(super) async fn of_subject(round: &Round<'_>, root: &ObjectRef) -> Source<Metrics> {
    let name = escape(&regex::escape(&root.name));
    // A workload's pods are called after it; a few of another's that is called `web-admin` do no harm.
    let pods = of_pods(round, &root.namespace, &format!("=~\"{name}(-.+)?\"")).await;
    match (round.prometheus, pods) {
        (Some(source), Source::Read(Metrics(mut all))) if root.kind == *"CronJob" => {
            match next_run(round, source, root).await {
                Ok(next) => {
                    all.extend(next);
                    Source::Read(Metrics(all))
                }
                Err(why) => Source::Unavailable(why),
            }
        }
        (_, pods) => pods,
    }
}

/// When a CronJob runs next: only there a missed run shows.
async fn next_run(
    round: &Round<'_>,
    source: &PrometheusSource,
    root: &ObjectRef,
) -> Result<Vec<Series>, String> {
    let (space, name, more) = (escape(&root.namespace), escape(&root.name), matchers(source));
    let next = "kube_cronjob_next_schedule_time";
    let mut found = ask(
        round,
        source,
        format!(
            "{next}{{namespace=\"{space}\",exported_namespace=\"\",cronjob=\"{name}\"{more}}} or \
             {next}{{exported_namespace=\"{space}\",cronjob=\"{name}\"{more}}}"
        ),
    )
    .await?;
    found.iter_mut().for_each(plain_labels);
    Ok(found)
}

/// The same for all pods of a namespace.
pub(super) async fn of_namespace(round: &Round<'_>, namespace: &str) -> Source<Metrics> {
    of_pods(round, namespace, "!=\"\"").await
}

async fn of_pods(round: &Round<'_>, namespace: &str, pods: &str) -> Source<Metrics> {
    let Some(source) = round.prometheus else { return Source::Unavailable(ABSENT.into()) };
    let space = escape(namespace);
    let more = matchers(source);
    // Without honorLabels the object's own labels are the `exported_` ones.
    let own = format!("namespace=\"{space}\",exported_namespace=\"\",pod{pods}{more}");
    let exported = format!("exported_namespace=\"{space}\",exported_pod{pods}{more}");
    let plain = format!("{{__name__=~\"{PLAIN}\",{own}}} or {{__name__=~\"{PLAIN}\",{exported}}}");
    let peak = format!(
        "max_over_time({MEMORY}{{container!=\"\",container!=\"POD\",{own}}}[1h]) or \
         max_over_time({MEMORY}{{exported_container!=\"\",exported_container!=\"POD\",{exported}}}[1h])"
    );
    let (plain, peak) = tokio::join!(ask(round, source, plain), ask(round, source, peak));
    match (plain, peak) {
        (Ok(mut all), Ok(peak)) => {
            // The function took the name away.
            all.extend(peak.into_iter().map(|series| Series { name: MEMORY.into(), ..series }));
            all.iter_mut().for_each(plain_labels);
            Source::Read(Metrics(all))
        }
        (Err(why), _) | (_, Err(why)) => Source::Unavailable(why),
    }
}

/// The Secrets that exist under these names anywhere, and all of the namespace, as kube-state-metrics
/// tells. Where it tells of no Secret at all, nothing is known.
pub(super) async fn secrets(
    round: &Round<'_>,
    namespace: &str,
    names: &BTreeSet<String>,
) -> Source<Vec<KeyedObject>> {
    let Some(source) = round.prometheus else { return Source::Unavailable(ABSENT.into()) };
    let (space, more) = (escape(namespace), matchers(source));
    let names: Vec<String> = names.iter().map(|name| escape(&regex::escape(name))).collect();
    let named = names.join("|");
    let query = format!(
        "kube_secret_info{{namespace=\"{space}\",exported_namespace=\"\"{more}}} or \
         kube_secret_info{{exported_namespace=\"{space}\"{more}}} or \
         kube_secret_info{{secret=~\"{named}\",secret!=\"\"{more}}}"
    );
    let mut found = match ask(round, source, query).await {
        Ok(found) => found,
        Err(why) => return Source::Unavailable(why),
    };
    if found.is_empty() {
        let any = format!("group(kube_secret_info{{secret!=\"\"{more}}})");
        match ask(round, source, any).await {
            Ok(any) if any.is_empty() => {
                return Source::Unavailable("Prometheus has no kube_secret_info".into());
            }
            Ok(_) => {}
            Err(why) => return Source::Unavailable(why),
        }
    }
    found.iter_mut().for_each(plain_labels);
    let mut secrets: Vec<_> =
        found.iter().filter_map(|series| keyed::of_series(series, "secret")).collect();
    secrets.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    // Two kube-state-metrics tell everything twice.
    secrets.dedup();
    Source::Read(secrets)
}

/// `,cluster="prod"`, or nothing.
fn matchers(source: &PrometheusSource) -> String {
    match source.matchers.trim().trim_matches(',') {
        "" => String::new(),
        matchers => format!(",{matchers}"),
    }
}

/// For the inside of a quoted string of PromQL.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// `exported_pod` → `pod`: what names the object, not the exporter.
fn plain_labels(series: &mut Series) {
    let exported: Vec<String> =
        series.labels.keys().filter(|name| name.starts_with("exported_")).cloned().collect();
    for name in exported {
        if let (Some(value), Some(plain)) =
            (series.labels.remove(&name), name.strip_prefix("exported_"))
        {
            series.labels.insert(plain.to_owned(), value);
        }
    }
}

async fn ask(
    round: &Round<'_>,
    source: &PrometheusSource,
    query: String,
) -> Result<Vec<Series>, String> {
    let asking = async {
        let at = round.now.as_second();
        let mut request = source.client.query(query).at(at).query("limit", SERIES);
        for (name, value) in &source.headers.borrow().clone() {
            request = request.header(name.clone(), value.clone());
        }
        // The error's text holds the address, and that may hold a password.
        let lost = |_| Refusal::Other("cannot reach Prometheus".into());
        let mut response = request.post_raw().await.map_err(|_| lost(()))?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| lost(()))? {
            if body.len() + chunk.len() > ANSWER {
                return Err(Refusal::Other("the answer of Prometheus is too large".into()));
            }
            body.extend_from_slice(&chunk);
        }
        Ok((status, body))
    };
    let (status, body) = round.within(asking).await.map_err(Refusal::words)?;
    let answer = decode(status, &body)?;
    for warning in answer.warnings.iter().take(3) {
        round.miss("metrics", warning.chars().take(200).collect());
    }
    Ok(answer.series)
}

/// Decoded here and not by the client's crate, because that drops the warnings of a partial answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    status: String,
    #[serde(default)]
    data: Option<Data>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    warnings: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Data {
    #[serde(default)]
    result: Vec<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct Sample {
    metric: BTreeMap<String, String>,
    value: (f64, String),
}

#[derive(Debug)]
struct Answer {
    series: Vec<Series>,
    warnings: Vec<String>,
}

fn decode(status: u16, body: &[u8]) -> Result<Answer, String> {
    let envelope: Envelope = serde_json::from_slice(body)
        .map_err(|_| format!("Prometheus answered {status}, and not in its own form"))?;
    if envelope.status != "success" {
        let error = envelope.error.unwrap_or_default();
        return Err(format!(
            "Prometheus answered {status}: {}",
            error.chars().take(200).collect::<String>()
        ));
    }
    let result = envelope.data.map(|data| data.result).unwrap_or_default();
    let series = result.into_iter().filter_map(series).collect();
    Ok(Answer { series, warnings: envelope.warnings })
}

/// A native histogram has no plain value, and is none of those asked for.
fn series(value: serde_json::Value) -> Option<Series> {
    let Sample { mut metric, value: (at, value) } = serde_json::from_value(value).ok()?;
    let value: f64 = value.parse().ok().filter(|value: &f64| value.is_finite())?;
    let at = Timestamp::new(at.floor() as i64, 0).ok()?;
    let name = metric.remove("__name__").unwrap_or_default();
    Some(Series { name, labels: metric, samples: vec![(at, value)] })
}
