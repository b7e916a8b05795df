//! Evidence from a real Prometheus, about a cluster that is a stand-in.

#[path = "real/mod.rs"]
#[expect(dead_code, reason = "the other real parts are for other tests")]
mod real;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use firsthand::collect::{self, ClusterSettings, Collector, PrometheusSource, Settings};
use firsthand::diagnosis::{Evidence, ObjectRef, Series};
use firsthand::standin::kubernetes::{Kubernetes, Objects};
use prometheus_http_query::Client;
use serde_json::json;
use tokio::sync::watch;

use self::real::{RealPrometheus, Scraped, until};

/// What kube-state-metrics and cAdvisor say: `web` was killed for its memory, Secret `db` is in another
/// namespace only, and a second cluster tells of a pod of the same name.
const TOLD: &str = "\
# TYPE container_memory_working_set_bytes gauge
container_memory_working_set_bytes{namespace=\"shop\",pod=\"web-1\",container=\"app\",cluster=\"a\"} 268000000
container_memory_working_set_bytes{namespace=\"shop\",pod=\"web-1\",container=\"\",cluster=\"a\"} 999000000
container_memory_working_set_bytes{namespace=\"shop\",pod=\"web-1\",container=\"app\",cluster=\"b\"} 5
container_memory_working_set_bytes{namespace=\"shop\",pod=\"api-1\",container=\"app\",cluster=\"a\"} 7
# TYPE container_spec_memory_limit_bytes gauge
container_spec_memory_limit_bytes{namespace=\"shop\",pod=\"web-1\",container=\"app\",cluster=\"a\"} 268435456
# TYPE kube_pod_container_resource_limits gauge
kube_pod_container_resource_limits{namespace=\"shop\",pod=\"web-1\",container=\"app\",resource=\"memory\",unit=\"byte\",cluster=\"a\"} 268435456
# TYPE kube_pod_container_status_last_terminated_reason gauge
kube_pod_container_status_last_terminated_reason{namespace=\"shop\",pod=\"web-1\",container=\"app\",reason=\"OOMKilled\",cluster=\"a\"} 1
# TYPE kube_pod_container_status_last_terminated_exitcode gauge
kube_pod_container_status_last_terminated_exitcode{namespace=\"shop\",pod=\"web-1\",container=\"app\",cluster=\"a\"} 137
# TYPE kube_secret_info gauge
kube_secret_info{namespace=\"shop\",secret=\"tls\",cluster=\"a\"} 1
kube_secret_info{namespace=\"billing\",secret=\"db\",cluster=\"a\"} 1
kube_secret_info{namespace=\"billing\",secret=\"other\",cluster=\"a\"} 1
";

fn shop() -> Objects {
    let mut all = Objects::default();
    let spec = json!({ "containers": [{ "name": "app", "image": "web:1",
        "envFrom": [{ "secretRef": { "name": "db" } }] }] });
    let selector = json!({ "matchLabels": { "app": "web" } });
    all.put(
        "deployments",
        json!({ "metadata": { "namespace": "shop", "name": "web" },
        "spec": { "selector": selector, "template": { "metadata": {}, "spec": spec } } }),
    );
    all.put(
        "pods",
        json!({
        "metadata": { "namespace": "shop", "name": "web-1", "labels": { "app": "web" } },
        "spec": spec }),
    );
    all
}

fn source(url: &str, headers: HeaderMap) -> PrometheusSource {
    firsthand::tls::install();
    let client = Client::from(reqwest::Client::new(), url).expect("an address");
    let (_, headers) = watch::channel(headers);
    PrometheusSource { client, headers, matchers: "cluster=\"a\"".into() }
}

/// One look at `web`.
async fn look(source: PrometheusSource) -> Evidence {
    let api = Kubernetes::start(shop()).await.expect("a stand-in");
    let cluster = ClusterSettings { api_url: Some(api.url()), ..ClusterSettings::default() };
    let client = collect::client(&cluster).await.expect("a client");
    let settings = Settings { deadline: Duration::from_secs(30), ..Settings::default() };
    let collector = Collector::new(settings, client, Some(source));
    collector.subject(&ObjectRef::new("Deployment", "shop", "web")).await
}

/// Looks until the first scrape is seen.
async fn look_at(prometheus: &RealPrometheus) -> Evidence {
    until("the first scrape", async || {
        let evidence = look(source(&prometheus.url(), HeaderMap::new())).await;
        let seen = evidence.metrics.read().is_none_or(|metrics| !metrics.0.is_empty());
        seen.then_some(evidence)
    })
    .await
}

/// `name pod value`, and what else is worth a word.
fn told(series: &Series) -> String {
    let label = |name: &str| series.labels.get(name).map_or("-", String::as_str);
    let value = series.samples[0].1;
    format!("{} {}/{} {} {value}", series.name, label("namespace"), label("pod"), label("reason"))
}

#[tokio::test]
async fn memory_limits_and_endings_come_with_and_without_honor_labels() {
    for honor_labels in [true, false] {
        let scraped = Scraped::serving(TOLD).await;
        let prometheus = RealPrometheus::scraping(&scraped, honor_labels, "", None).await;
        let evidence = look_at(&prometheus).await;
        let metrics = evidence.metrics.read().unwrap_or_else(|| panic!("{:?}", evidence.metrics));
        let mut all: Vec<_> = metrics.0.iter().map(told).collect();
        all.sort();
        let expected = [
            "container_memory_working_set_bytes shop/web-1 - 268000000",
            "container_spec_memory_limit_bytes shop/web-1 - 268435456",
            "kube_pod_container_resource_limits shop/web-1 - 268435456",
            "kube_pod_container_status_last_terminated_exitcode shop/web-1 - 137",
            "kube_pod_container_status_last_terminated_reason shop/web-1 OOMKilled 1",
        ];
        assert_eq!(all, expected, "honor_labels: {honor_labels}");
        assert!(
            metrics.0.iter().all(|it| it.labels["container"] == "app"),
            "the exporter's own labels do not stand for the object's: {metrics:?}"
        );
        let secrets = evidence.secrets.read().unwrap_or_else(|| panic!("{:?}", evidence.secrets));
        let names: Vec<_> =
            secrets.iter().map(|it| format!("{}/{}", it.namespace, it.name)).collect();
        assert_eq!(names, ["billing/db", "shop/tls"], "honor_labels: {honor_labels}");
        assert_eq!(evidence.missed, []);
    }
}

#[tokio::test]
async fn the_peak_of_the_last_hour_counts_and_not_what_is_used_now() {
    let scraped = Scraped::serving(TOLD).await;
    let prometheus = RealPrometheus::scraping(&scraped, true, "", None).await;
    look_at(&prometheus).await;
    scraped.set(&TOLD.replace("268000000", "1000"));
    let now = "container_memory_working_set_bytes{pod=\"web-1\",container=\"app\",cluster=\"a\"}";
    until("the lower value", async || {
        let client = Client::from(reqwest::Client::new(), &prometheus.url()).ok()?;
        let answer = client.query(now).get().await.ok()?;
        let value = answer.data().as_vector()?.first()?.sample().value();
        (value < 2_000.0).then_some(())
    })
    .await;
    let evidence = look(source(&prometheus.url(), HeaderMap::new())).await;
    let metrics = evidence.metrics.read().expect("read");
    let peak = metrics.named("container_memory_working_set_bytes").next().expect("a peak");
    assert!((peak.samples[0].1 - 268e6).abs() < 1.0, "{peak:?}");
}

#[tokio::test]
async fn without_kube_state_metrics_secrets_are_not_known_and_memory_is() {
    let only: String =
        TOLD.lines().filter(|it| !it.contains("kube_")).map(|it| format!("{it}\n")).collect();
    let scraped = Scraped::serving(&only).await;
    let prometheus = RealPrometheus::scraping(&scraped, true, "", None).await;
    let evidence = look_at(&prometheus).await;
    assert_eq!(evidence.secrets.unavailable(), Some("Prometheus has no kube_secret_info"));
    assert_eq!(evidence.metrics.read().map(|it| it.0.len()), Some(2));
}

#[tokio::test]
async fn prometheus_that_is_away_is_a_blind_spot_without_its_address() {
    let away = look(source("http://user:swordfish1@127.0.0.1:9", HeaderMap::new())).await;
    assert_eq!(away.metrics.unavailable(), Some("cannot reach Prometheus"));
    assert_eq!(away.secrets.unavailable(), Some("cannot reach Prometheus"));
    assert_eq!(away.pods.items().len(), 1);
}

type Asked = Arc<Mutex<Vec<(HeaderMap, String)>>>;

#[tokio::test]
async fn every_query_carries_the_headers_and_the_matchers() {
    let asked: Asked = Arc::default();
    let keep = async |State(asked): State<Asked>, headers: HeaderMap, body: String| {
        asked.lock().expect("whole").push((headers, body));
        axum::Json(json!({ "status": "success", "data": { "resultType": "vector", "result": [] } }))
    };
    let router = Router::new().route("/api/v1/query", post(keep)).with_state(asked.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });

    let mut headers = HeaderMap::new();
    headers.insert("authorization", "Bearer abc".parse().expect("a header"));
    headers.insert("x-scope-orgid", "shop".parse().expect("a header"));
    look(source(&url, headers)).await;
    let asked = asked.lock().expect("whole");
    assert!(asked.len() >= 3, "{asked:?}");
    for (headers, body) in asked.iter() {
        assert_eq!(headers["authorization"], "Bearer abc");
        assert_eq!(headers["x-scope-orgid"], "shop");
        let selectors = body.matches("%7B").count();
        assert!(selectors > 0 && body.matches("cluster%3D%22a%22").count() == selectors, "{body}");
    }
}
