//! The collector against a stand-in of the Kubernetes API on loopback.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use clap::Parser as _;
use firsthand::cli::{Cli, Outcome};

use firsthand::collect::{
    self, ClusterSettings, Collector, LiftedBy, Logs, OwnPattern, PERMISSIONS, Settings,
};
use firsthand::diagnosis::{Evidence, Instance, ObjectRef, Scope, Source, diagnose};
use firsthand::standin::kubernetes::{Kubernetes, Objects};
use serde_json::{Value, json};

/// A Deployment whose only pod crashes, with all that hangs on it.
fn shop() -> Objects {
    let mut all = Objects::default();
    let owner = |kind: &str, name: &str| json!([{ "apiVersion": "apps/v1", "kind": kind, "name": name, "uid": "1", "controller": true }]);
    let meta = |name: &str, more: Value| {
        let mut meta = json!({ "namespace": "shop", "name": name });
        meta.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        meta
    };
    let spec = json!({
        "nodeName": "node-1", "serviceAccountName": "checkout",
        "containers": [{
            "name": "server", "image": "checkout:2",
            "env": [{ "name": "DB_PASSWORD", "value": "swordfish" }],
            "envFrom": [{ "configMapRef": { "name": "app" } }],
        }],
    });
    let labels = json!({ "app": "checkout" });
    let selector = json!({ "matchLabels": { "app": "checkout" } });
    all.put("deployments", json!({
        "metadata": meta("checkout", json!({})),
        "spec": { "selector": selector, "template": { "metadata": { "labels": labels }, "spec": spec } },
    }));
    all.put("replicasets", json!({
        "metadata": meta("checkout-6d4b9c7f5", json!({ "labels": labels, "ownerReferences": owner("Deployment", "checkout") })),
        "spec": { "selector": selector },
    }));
    all.put("pods", json!({
        "metadata": meta("checkout-6d4b9c7f5-x2x8k", json!({ "labels": labels, "ownerReferences": owner("ReplicaSet", "checkout-6d4b9c7f5") })),
        "spec": spec,
        "status": { "containerStatuses": [{
            "name": "server", "image": "checkout:2", "imageID": "", "ready": false, "restartCount": 3, "containerID": "containerd://c3",
            "state": { "waiting": { "reason": "CrashLoopBackOff" } },
            "lastState": { "terminated": { "exitCode": 2, "containerID": "containerd://c3" } },
        }] },
    }));
    all.put(
        "pods",
        json!({ "metadata": meta("other-0", json!({})), "spec": { "containers": [] } }),
    );
    all.put(
        "configmaps",
        json!({ "metadata": meta("app", json!({})), "data": { "LOG_LEVEL": "swordfish" } }),
    );
    all.put("nodes", json!({ "metadata": { "name": "node-1" } }));
    all.put("serviceaccounts", json!({ "metadata": meta("checkout", json!({})) }));
    all.put("events", json!({
        "metadata": meta("e1", json!({})), "involvedObject": {}, "message": "token=swordfish1 refused",
    }));
    let log = ("shop".into(), "checkout-6d4b9c7f5-x2x8k".into(), "server".into(), true);
    all.logs.insert(log, "dial postgres://app:swordfish@db/shop\npanic: boom\n".into());
    all
}

fn checkout() -> ObjectRef {
    ObjectRef::new("Deployment", "shop", "checkout")
}

async fn collector(api: &Kubernetes, settings: Settings) -> Collector {
    let cluster = ClusterSettings { api_url: Some(api.url()), ..ClusterSettings::default() };
    Collector::new(settings, collect::client(&cluster).await.unwrap(), None)
}

async fn look(objects: Objects, settings: Settings) -> (Evidence, Kubernetes) {
    let api = Kubernetes::start(objects).await.unwrap();
    let evidence = collector(&api, settings).await.subject(&checkout()).await;
    (evidence, api)
}

#[tokio::test]
async fn one_incident_is_seen_whole_and_without_its_secrets() {
    let (evidence, api) = look(shop(), Settings::default()).await;
    assert_eq!(evidence.pods.items().len(), 1);
    assert_eq!(evidence.replica_sets.items().len(), 1);
    assert_eq!(evidence.nodes.items().len(), 1);
    assert_eq!(evidence.service_accounts.items().len(), 1);
    assert_eq!(
        evidence.config_maps.items()[0].keys.as_deref(),
        Some(&["LOG_LEVEL".to_owned()][..])
    );
    assert_eq!(evidence.missed, []);
    // While the container waits both logs are one, so one is read.
    assert_eq!(evidence.logs.len(), 1);
    let log = &evidence.logs[0];
    assert_eq!(
        (log.instance, log.container_id.as_deref()),
        (Instance::Previous, Some("containerd://c3"))
    );
    assert!(log.text.read().unwrap().contains("panic: boom"));
    assert!(!serde_json::to_string(&evidence).unwrap().contains("swordfish"));
    assert_eq!(evidence.redacted, 4);
    assert!(!api.requests().iter().any(|path| path.contains("secrets")), "a Secret was asked for");
}

#[tokio::test]
async fn a_pod_is_looked_at_as_its_deployment() {
    let api = Kubernetes::start(shop()).await.unwrap();
    let collector = collector(&api, Settings::default()).await;
    let pod = ObjectRef::new("Pod", "shop", "checkout-6d4b9c7f5-x2x8k");
    assert_eq!(collector.lift(&pod).await.object, checkout());
    assert_eq!(collector.subject(&pod).await.deployments.items().len(), 1);
    let gone = ObjectRef::new("Pod", "shop", "checkout-6d4b9c7f5-zzzzz");
    let lifted = collector.lift(&gone).await;
    assert_eq!(lifted.object, checkout());
    assert_eq!(lifted.by, LiftedBy::Name("the pod is gone".into()));
}

#[tokio::test]
async fn what_is_forbidden_is_named_and_the_rest_is_seen() {
    let mut objects = shop();
    objects.forbidden.extend(["pods/log".to_owned(), "nodes".into(), "events".into()]);
    let (evidence, _api) = look(objects, Settings::default()).await;
    assert_eq!(evidence.pods.items().len(), 1);
    assert_eq!(evidence.events.unavailable(), Some("forbidden: events in namespace shop"));
    assert_eq!(evidence.nodes.unavailable(), Some("forbidden: nodes"));
    assert_eq!(evidence.logs[0].text.unavailable(), Some("forbidden: pods/log in namespace shop"));
}

#[tokio::test]
async fn a_source_that_hangs_costs_the_deadline_and_no_other_source() {
    let mut objects = shop();
    objects.hanging.insert("events".into());
    let settings = Settings { deadline: Duration::from_millis(300), ..Settings::default() };
    let before = std::time::Instant::now();
    let (evidence, _api) = look(objects, settings).await;
    assert!(before.elapsed() < Duration::from_secs(3));
    assert_eq!(evidence.events.unavailable(), Some("timed out after 300ms"));
    assert!(evidence.logs[0].text.read().is_some());
}

#[tokio::test]
async fn the_budget_of_calls_is_kept_and_said() {
    let settings = Settings { calls: 8, ..Settings::default() };
    let (evidence, api) = look(shop(), settings).await;
    assert!(api.requests().len() <= 8);
    let why = evidence.nodes.unavailable().unwrap();
    assert_eq!(why, "not asked: all 8 calls were used up");
}

#[tokio::test]
async fn a_config_map_that_is_referred_to_and_not_there_was_looked_for() {
    let mut objects = shop();
    objects.objects.remove(&("configmaps".into(), "shop".into(), "app".into()));
    let (evidence, _api) = look(objects, Settings::default()).await;
    assert_eq!(evidence.config_maps, Source::Read(vec![]));
}

/// A workload that waits for a Service whose pods cannot start.
fn waiting_for_a_database() -> Objects {
    let mut all = Objects::default();
    let meta = |name: &str, app: &str| json!({ "namespace": "shop", "name": name, "labels": { "app": app } });
    for (kind, app) in [("Deployment", "orders"), ("StatefulSet", "orders-db")] {
        let spec = json!({ "containers": [{ "name": "server", "image": "a:1" }] });
        let plural = format!("{}s", kind.to_ascii_lowercase());
        all.put(
            &plural,
            json!({
                "metadata": meta(app, app),
                "spec": {
                    "replicas": 1, "selector": { "matchLabels": { "app": app } },
                    "template": { "metadata": { "labels": { "app": app } }, "spec": spec },
                },
                "status": { "replicas": 1, "observedGeneration": 1 },
            }),
        );
        let state = match app {
            "orders" => json!({ "waiting": { "reason": "CrashLoopBackOff" } }),
            _ => json!({ "waiting": {
                "reason": "CreateContainerConfigError", "message": "secret \"orders-db\" not found",
            } }),
        };
        let mut pod = meta(&format!("{app}-0"), app);
        pod["ownerReferences"] = json!([{ "kind": kind, "name": app, "controller": true }]);
        all.put("pods", json!({
            "metadata": pod, "spec": spec,
            "status": { "phase": "Running", "containerStatuses": [{
                "name": "server", "image": "a:1", "imageID": "", "ready": false,
                "restartCount": if app == "orders" { 3 } else { 0 }, "state": state,
                "lastState": if app == "orders" {
                    json!({ "terminated": { "exitCode": 1, "reason": "Error", "containerID": "containerd://c3" } })
                } else { json!({}) },
            }] },
        }));
    }
    all.put("services", json!({
        "metadata": meta("orders-db", "orders-db"),
        "spec": { "selector": { "app": "orders-db" }, "ports": [{ "port": 5432 }], "clusterIP": "10.0.0.9" },
    }));
    all.logs.insert(
        ("shop".into(), "orders-0".into(), "server".into(), true),
        "fatal: dial tcp: connect orders-db:5432: connection refused\n".into(),
    );
    all
}

#[tokio::test]
async fn what_a_victim_waits_for_is_looked_at_too() {
    let api = Kubernetes::start(waiting_for_a_database()).await.unwrap();
    let orders = ObjectRef::new("Deployment", "shop", "orders");
    let (evidence, calls) =
        collector(&api, Settings::default()).await.counted_subject(&orders).await;
    let found = diagnose(&evidence, &Scope::Workload(orders));
    let [finding] = found.findings.as_slice() else { panic!("{found:#?}") };
    let best = &finding.hypotheses[0];
    assert_eq!(best.cause, "dependency-unreachable");
    let behind = finding.behind.as_ref().expect("what is behind the Service");
    assert_eq!(behind.object, ObjectRef::new("StatefulSet", "shop", "orders-db"));
    assert_eq!(best.target, Some(behind.hypothesis.as_ref().unwrap().target.clone().unwrap()));
    assert_eq!(
        best.because.last().unwrap().quote.as_deref(),
        Some("secret \"orders-db\" not found")
    );
    assert!(calls <= 30, "{calls} calls");
}

#[tokio::test]
async fn a_workload_that_is_gone_is_not_among_those_that_were_read() {
    let mut objects = shop();
    objects.objects.retain(|(resource, _, _), _| resource != "deployments" && resource != "pods");
    let (evidence, _api) = look(objects, Settings::default()).await;
    assert_eq!(evidence.deployments, Source::Read(vec![]));
    assert_eq!(evidence.pods, Source::Read(vec![]));
}

/// A list of events whose second page expires as often as `expires` says; nothing else is there.
async fn expiring(expires: usize) -> Evidence {
    use axum::http::{StatusCode, Uri};
    use std::sync::atomic::{AtomicUsize, Ordering};
    let times = std::sync::Arc::new(AtomicUsize::new(0));
    let answer = move |uri: Uri| {
        let event = |name: &str| json!({ "metadata": { "name": name }, "involvedObject": {} });
        let (code, body) = match (uri.path().ends_with("/events"), uri.query().unwrap_or_default())
        {
            (false, _) => (StatusCode::OK, json!({ "metadata": {}, "items": [] })),
            (true, query) if !query.contains("continue") => (
                StatusCode::OK,
                json!({ "metadata": { "continue": "2" }, "items": [event("first")] }),
            ),
            _ if times.fetch_add(1, Ordering::Relaxed) < expires => (
                StatusCode::GONE,
                json!({ "kind": "Status", "status": "Failure", "reason": "Expired", "code": 410, "message": "too old" }),
            ),
            _ => (StatusCode::OK, json!({ "metadata": {}, "items": [event("second")] })),
        };
        std::future::ready((code, axum::Json(body)))
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api_url = Some(format!("http://{}", listener.local_addr().unwrap()));
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await });
    let cluster = ClusterSettings { api_url, ..ClusterSettings::default() };
    let client = collect::client(&cluster).await.unwrap();
    Collector::new(Settings::default(), client, None).namespace("shop").await.0
}

#[tokio::test]
async fn a_list_that_expires_begins_anew_and_then_gives_up() {
    let names = |evidence: &Evidence| -> Vec<_> {
        evidence.events.items().iter().filter_map(|it| it.metadata.name.clone()).collect()
    };
    assert_eq!(names(&expiring(1).await), ["first", "second"]);
    let given_up = expiring(9).await;
    let why = given_up.events.unavailable();
    assert_eq!(why, Some("the list changed faster than it could be read"));
}

#[tokio::test]
async fn a_secret_of_the_specification_is_known_wherever_else_it_stands() {
    let mut objects = shop();
    let pod = objects.objects.values_mut().find(|it| it["spec"]["nodeName"] == "node-1").unwrap();
    pod["spec"]["containers"][0]["env"][0]["value"] = json!("Zq7-uY9wdH");
    pod["status"]["containerStatuses"][0]["state"]["waiting"]["message"] =
        json!("got Zq7-uY9wdH, no");
    pod["metadata"]["annotations"] = json!({ "note": "was Zq7-uY9wdH before" });
    objects.put("events", json!({
        "metadata": { "namespace": "shop", "name": "e2" }, "involvedObject": {}, "message": "ran x Zq7-uY9wdH y",
    }));
    // WnE3LXVZOXdkSA== is the same in base64.
    let log = "hello Zq7-uY9wdH and WnE3LXVZOXdkSA== at 10.0.0.7\n";
    objects.logs.values_mut().for_each(|it| *it = log.to_owned());
    let (evidence, _api) = look(objects, Settings::default()).await;
    let words = serde_json::to_string(&evidence).unwrap();
    assert!(!words.contains("uY9wdH") && !words.contains("WnE3LXVZ"), "{words}");
    let log = evidence.logs[0].text.read().unwrap();
    // The Deployment's own template has another value of that name, and was read before.
    let marker = "[redacted: password #2]";
    assert_eq!(*log, format!("hello {marker} and {marker} at 10.0.0.7\n"));
    let env = |spec: &k8s_openapi::api::core::v1::PodSpec| {
        spec.containers[0].env.as_ref().unwrap()[0].value.clone().unwrap()
    };
    let template = evidence.deployments.items()[0].spec.as_ref().unwrap().template.spec.as_ref();
    assert_eq!(env(template.unwrap()), "[redacted: password #1]");
    assert_eq!(env(evidence.pods.items()[0].spec.as_ref().unwrap()), marker);
}

#[tokio::test]
async fn services_claims_and_cron_jobs_have_their_own_pods() {
    let mut objects = shop();
    let owner = |kind: &str, name: &str| json!([{ "apiVersion": "batch/v1", "kind": kind, "name": name, "uid": "1" }]);
    let put = |objects: &mut Objects, resource: &str, name: &str, owners: Value, spec: Value| {
        let meta = json!({ "namespace": "shop", "name": name, "ownerReferences": owners });
        objects.put(resource, json!({ "metadata": meta, "spec": spec }));
    };
    let none = || json!([]);
    put(&mut objects, "services", "front", none(), json!({ "selector": { "app": "checkout" } }));
    put(&mut objects, "services", "outside", none(), json!({}));
    put(&mut objects, "persistentvolumeclaims", "data", none(), json!({}));
    let volumes = json!([{ "name": "d", "persistentVolumeClaim": { "claimName": "data" } }]);
    put(&mut objects, "pods", "db-0", none(), json!({ "containers": [], "volumes": volumes }));
    let job = json!({ "template": { "spec": { "containers": [] } } });
    put(
        &mut objects,
        "cronjobs",
        "night",
        none(),
        json!({ "schedule": "@daily", "jobTemplate": { "spec": job } }),
    );
    put(&mut objects, "jobs", "night-1", owner("CronJob", "night"), job);
    put(&mut objects, "pods", "night-1-x", owner("Job", "night-1"), json!({ "containers": [] }));
    put(&mut objects, "pods", "night-watch-0", none(), json!({ "containers": [] }));
    let api = Kubernetes::start(objects).await.unwrap();
    let collector = collector(&api, Settings::default()).await;
    for (kind, name, expected) in [
        ("Service", "front", vec!["checkout-6d4b9c7f5-x2x8k"]),
        ("Service", "outside", vec![]),
        ("PersistentVolumeClaim", "data", vec!["db-0"]),
        ("CronJob", "night", vec!["night-1-x"]),
    ] {
        let evidence = collector.subject(&ObjectRef::new(kind, "shop", name)).await;
        let pods: Vec<_> =
            evidence.pods.items().iter().filter_map(|pod| pod.metadata.name.as_deref()).collect();
        assert_eq!(pods, expected, "{kind} {name}");
        let claims = evidence.persistent_volume_claims.items().len();
        assert_eq!(claims, usize::from(name == "data"), "{kind} {name}");
    }
}

#[tokio::test]
async fn what_is_asked_is_what_the_permissions_say_no_more_and_no_less() {
    let mut objects = shop();
    let owner = json!([{ "apiVersion": "batch/v1", "kind": "Job", "name": "night-1", "uid": "1", "controller": true }]);
    let job = json!({ "template": { "spec": { "containers": [] } } });
    objects.put(
        "jobs",
        json!({ "metadata": { "namespace": "shop", "name": "night-1" }, "spec": job }),
    );
    objects.put("pods", json!({
        "metadata": { "namespace": "shop", "name": "night-1-x", "ownerReferences": owner }, "spec": { "containers": [] },
    }));
    objects.put("services", json!({ "metadata": { "namespace": "shop", "name": "front" } }));
    objects.put("pods", json!({
        "metadata": { "namespace": "shop", "name": "nowhere-0" }, "spec": { "containers": [] },
        "status": { "conditions": [{ "type": "PodScheduled", "status": "False", "reason": "Unschedulable" }] },
    }));
    // So many that one list costs less than asking for each.
    for n in 0..9 {
        let volumes = json!([
            { "name": "a", "configMap": { "name": format!("map-{n}") } },
            { "name": "b", "persistentVolumeClaim": { "claimName": format!("claim-{n}") } },
        ]);
        objects.put("pods", json!({
            "metadata": { "namespace": "shop", "name": format!("many-{n}") },
            "spec": { "containers": [], "serviceAccountName": format!("account-{n}"), "volumes": volumes },
        }));
    }
    let api = Kubernetes::start(objects).await.unwrap();
    let collector = collector(&api, Settings::default()).await;
    for (kind, name) in [
        ("Deployment", "checkout"),
        ("Pod", "checkout-6d4b9c7f5-x2x8k"),
        ("Pod", "night-1-x"),
        ("Pod", "many-1"),
        ("Pod", "nowhere-0"),
        ("StatefulSet", "db"),
        ("CronJob", "night"),
        ("Service", "front"),
    ] {
        collector.subject(&ObjectRef::new(kind, "shop", name)).await;
    }
    collector.subject(&ObjectRef::new("Node", "", "node-1")).await;
    collector.namespace("shop").await;

    let asked: BTreeSet<String> = api.requests().iter().map(|path| permission(path)).collect();
    let stated = PERMISSIONS.iter().map(|it| {
        let sub = if it.subresource.is_empty() { "" } else { "/" };
        format!("{} {} {}{sub}{}", it.verb, it.group, it.resource, it.subresource)
    });
    assert_eq!(asked, stated.collect::<BTreeSet<_>>());
}

/// `get apps replicasets`, from a path of the API.
fn permission(path: &str) -> String {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (group, rest) = match parts.as_slice() {
        ["api", _, rest @ ..] => ("", rest),
        ["apis", group, _, rest @ ..] => (*group, rest),
        _ => panic!("{path} is no object's"),
    };
    let rest = match rest {
        ["namespaces", _] => rest,
        ["namespaces", _, rest @ ..] => rest,
        rest => rest,
    };
    match rest {
        [resource] => format!("list {group} {resource}"),
        [resource, _] => format!("get {group} {resource}"),
        [resource, _, sub] => format!("get {group} {resource}/{sub}"),
        _ => panic!("{path} is no object's"),
    }
}

#[tokio::test]
async fn a_long_log_keeps_its_end() {
    let mut objects = shop();
    let mut long = String::new();
    for line in 0..9_000 {
        writeln!(long, "{line:05} {}", "x".repeat(200)).unwrap();
    }
    objects.logs.values_mut().for_each(|log| *log = long.clone());
    let (evidence, _api) = look(objects, Settings::default()).await;
    let log = &evidence.logs[0];
    let text = log.text.read().unwrap();
    assert!(log.cut && text.len() <= 256 << 10);
    assert!(text.lines().all(|line| line.len() == 206) && text.ends_with('\n'));
    assert!(text.lines().last().unwrap().starts_with("08999"));
}

#[tokio::test]
async fn a_cluster_that_is_away_is_a_blind_spot_everywhere() {
    let mut objects = shop();
    objects.away = true;
    let (evidence, api) = look(objects, Settings::default()).await;
    assert!(evidence.pods.unavailable().unwrap().starts_with("the API server answered 503"));
    api.stop();
    let cluster =
        ClusterSettings { api_url: Some("http://127.0.0.1:9".into()), ..Default::default() };
    let away = Collector::new(Settings::default(), collect::client(&cluster).await.unwrap(), None);
    let why = away.subject(&checkout()).await.pods;
    assert!(why.unavailable().unwrap().starts_with("cannot reach the API server"), "{why:?}");
}

#[tokio::test]
async fn a_namespace_of_thousands_of_events_is_read_in_pages() {
    let mut objects = shop();
    for number in 0..1_200 {
        let name = format!("many-{number}");
        objects.put(
            "events",
            json!({ "metadata": { "namespace": "shop", "name": name }, "involvedObject": {} }),
        );
    }
    let api = Kubernetes::start(objects).await.unwrap();
    let settings = Settings { calls: 120, ..Settings::default() };
    let (evidence, calls) = collector(&api, settings).await.namespace("shop").await;
    assert_eq!(evidence.events.items().len(), 1_201);
    assert_eq!(evidence.pods.items().len(), 2);
    assert_eq!(usize::try_from(calls).unwrap(), api.requests().len());
}

/// What `firsthand diagnose` prints and whether it found something, as the command line would have it.
async fn typed(api: &Kubernetes, line: &str) -> anyhow::Result<(String, Outcome)> {
    let desk = tempfile::tempdir()?;
    let file = desk.path().join("firsthand.yaml");
    std::fs::write(&file, format!("cluster: {{ api_url: '{}' }}\n", api.url()))?;
    let config = file.display().to_string();
    let words = ["firsthand", "diagnose", "--config", &config];
    let cli = Cli::try_parse_from(words.into_iter().chain(line.split_whitespace()))?;
    let mut out = Vec::new();
    let outcome = firsthand::cli::run(cli.command, &mut out).await?;
    Ok((String::from_utf8(out)?, outcome))
}

#[tokio::test]
async fn diagnose_asks_the_living_cluster() {
    let api = Kubernetes::start(shop()).await.unwrap();
    for line in [
        "-n shop",
        "-n shop checkout",
        "-n shop deploy/checkout",
        "-n shop pod/checkout-6d4b9c7f5-x2x8k",
    ] {
        let (said, outcome) = typed(&api, line).await.unwrap();
        assert_eq!(outcome, Outcome::Found, "{line}: {said}");
        assert!(said.contains("checkout") && said.contains("panic: boom"), "{line}: {said}");
        assert!(!said.contains("swordfish"), "{line}: {said}");
    }
    let (json, _) = typed(&api, "-n shop -o json").await.unwrap();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["schema"], "firsthand/diagnosis/v1");
    assert_eq!(json["findings"][0]["object"]["name"], "checkout");
}

#[tokio::test]
async fn diagnose_says_when_it_cannot_answer() {
    let mut objects = shop();
    objects.forbidden.extend(["pods".to_owned(), "deployments".into()]);
    let api = Kubernetes::start(objects).await.unwrap();
    let refused = typed(&api, "-n shop").await.unwrap_err().to_string();
    assert_eq!(refused, "cannot see any workload: forbidden: pods in namespace shop");
    let api = Kubernetes::start(shop()).await.unwrap();
    let misspelt = typed(&api, "-n shop chekout").await.unwrap_err().to_string();
    assert_eq!(misspelt, "there is no chekout in namespace shop; the nearest name is checkout");
    assert!(typed(&api, "-n nowhere").await.is_err());
}

#[tokio::test]
async fn logs_that_are_never_to_be_read_are_not_asked_for() {
    let mut settings = Settings::default();
    settings.logs.namespaces.insert("sh*".into(), Logs::Never);
    let mut objects = shop();
    let pod = objects.objects.values_mut().find(|it| it["spec"]["nodeName"] == "node-1").unwrap();
    let last = &mut pod["status"]["containerStatuses"][0]["lastState"];
    last["terminated"]["message"] = json!("panic: boom");
    let (evidence, api) = look(objects, settings.clone()).await;
    assert!(!serde_json::to_string(&evidence).unwrap().contains("boom"));
    let why = evidence.logs[0].text.unavailable().unwrap();
    assert!(why.contains("never"), "{why}");
    assert!(!api.requests().iter().any(|path| path.contains("/log")), "{:?}", api.requests());
    // The longest name or pattern counts.
    settings.logs.namespaces.insert("shop".into(), Logs::Redacted);
    let (evidence, _api) = look(shop(), settings).await;
    assert!(evidence.logs[0].text.read().unwrap().contains("boom"));
}

#[tokio::test]
async fn what_was_taken_out_keeps_its_number_from_look_to_look() {
    let mut settings = Settings::default();
    settings.redaction.patterns =
        vec![OwnPattern { name: "customer".into(), pattern: "KD-[0-9]{4}".into() }];
    settings.redaction.emails = true;
    let mut objects = shop();
    let log = |text: &str| format!("{text}\npanic: boom\n");
    let first = "password=hunter2 of KD-1234\npassword=hunter3 of KD-9999, grace@example.com";
    objects.logs.values_mut().for_each(|it| *it = log(first));
    let api = Kubernetes::start(objects).await.unwrap();
    let collector = collector(&api, settings).await;
    let read = async || {
        let evidence = collector.subject(&checkout()).await;
        evidence.logs[0].text.read().unwrap().clone()
    };
    // `swordfish` of the specification is number one.
    let (two, three) = ("password=[redacted: password #2]", "password=[redacted: password #3]");
    assert_eq!(
        read().await,
        log(&format!(
            "{two} of [redacted: customer #1]\n{three} of [redacted: customer #2], [redacted: e-mail #1]"
        ))
    );
    let next = "password=hunter3\npassword=hunter2\npassword=hunter4";
    api.change(|served| served.logs.values_mut().for_each(|it| *it = log(next)));
    let four = "password=[redacted: password #4]";
    assert_eq!(read().await, log(&format!("{three}\n{two}\n{four}")));
}
