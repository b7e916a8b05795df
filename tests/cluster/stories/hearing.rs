//! What is heard, what is not to be heard, and what happened while nobody listened.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::lab::House;

/// Where the lab's Alertmanager is.
const ALERTMANAGER: &str = "http://127.0.0.1:9093";

/// A faulty file changes nothing; a silence in Alertmanager holds for what the poll sees, and ends.
pub(super) async fn silenced(house: House) {
    house.apply("shop.yaml");
    house.rolled_out("catalog");
    let settings = house.settings();
    house.set_settings(&settings.replace("poll_interval", "pol_interval"));
    assert_eq!(house.reload().await, 500, "a faulty file is refused");
    let metrics = house.metrics().await;
    assert!(metrics.contains("firsthand_config_last_reload_successful 0"), "{metrics}");
    house.set_settings(&format!(
        "{settings}alertmanager: {{ url: {ALERTMANAGER}, ask_interval: 2s }}\n"
    ));
    assert_eq!(house.reload().await, 200);

    let silence = silence(&house.namespace).await;
    house.change("catalog", "app:2", &["-panic-after=1s"]);
    house.until("three restarts", || (house.restarts("catalog") >= 3).then_some(())).await;
    tokio::time::sleep(Duration::from_secs(15)).await;
    assert_eq!(house.channel.messages(), Vec::<String>::new(), "nobody wanted to hear of it");

    let url = format!("{ALERTMANAGER}/api/v2/silence/{silence}");
    let gone = reqwest::Client::new().delete(url).send().await.expect("Alertmanager");
    assert!(gone.status().is_success());
    house.says("catalog", &["Cause certain", "nil pointer dereference"]).await;
    house.kubectl(&["rollout", "undo", "deployment/catalog"]);
    house.resolved("catalog").await;
}

async fn silence(namespace: &str) -> String {
    let now = Timestamp::now();
    let silence = json!({
        "matchers": [{ "name": "namespace", "value": namespace, "isRegex": false, "isEqual": true }],
        "startsAt": now, "endsAt": now + SignedDuration::from_hours(1),
        "createdBy": "on-call", "comment": "moving the catalog",
    });
    let url = format!("{ALERTMANAGER}/api/v2/silences");
    let made = reqwest::Client::new().post(url).json(&silence).send().await.expect("Alertmanager");
    let made: Value = made.json().await.expect("an answer");
    made["silenceID"].as_str().expect("an id").to_owned()
}

/// The webhook that says "resolved" is swallowed by somebody else on our port: the end is found all the same.
pub(super) async fn lost_end(mut house: House) {
    house.apply("shop.yaml");
    house.rolled_out("checkout");
    let settings = house.settings();
    house.set_settings(&format!(
        "{settings}alertmanager: {{ url: {ALERTMANAGER}, ask_interval: 2s }}\n"
    ));
    assert_eq!(house.reload().await, 200);
    house.kubectl(&["create", "configmap", "slow"]);
    house.says("checkout", &["CheckoutSlow", "1 alert is still firing"]).await;

    house.kill_daemon();
    let swallowed = house.swallow_webhooks().await;
    house.kubectl(&["delete", "configmap", "slow"]);
    house.until("the end is swallowed", || swallowed.ends().then_some(())).await;
    swallowed.stop().await;
    house.start_daemon();
    // Nobody is taken at his word at once: a slow rule may fire still, and a Prometheus that has just started
    // may not know yet.
    let young = Duration::from_secs(930).saturating_sub(house.prometheus_runs_for().await);
    tokio::time::sleep(young.max(Duration::from_secs(340))).await;
    house.says("checkout", &["resolved"]).await;
    house.replies("checkout", "CheckoutSlow ended").await;
    assert_eq!(house.channel.messages().len(), 1);
}

/// A workload crashes and recovers while the daemon is down for more than five minutes.
pub(super) async fn caught_up(mut house: House) {
    house.apply("shop.yaml");
    house.rolled_out("catalog");
    house.polled().await;
    house.kill_daemon();
    let down = Timestamp::now();
    house.apply_text(&worker(&house.image("app:1")));
    house.until("four restarts", || (house.restarts("worker") >= 4).then_some(())).await;
    house.apply_text(&json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "worker" },
        "data": { "QUEUE": "orders" },
    }));
    house.rolled_out("worker");
    let rest = SignedDuration::from_secs(330) - Timestamp::now().duration_since(down);
    tokio::time::sleep(Duration::try_from(rest).unwrap_or_default()).await;

    house.start_daemon();
    let told = house.says("worker", &["while nobody was looking it restarted", "the last time at"]);
    let told = told.await;
    assert!(!told.contains("SEV1") && !told.contains("SEV2"), "it is no alarm: {told}");
    house.says("worker", &["resolved"]).await;
    assert!(!house.channel.last_was_broadcast("worker"), "nobody is called");
    house.kill_daemon();
    house.start_daemon();
    house.polled().await;
    assert_eq!(house.channel.messages().len(), 1, "once, and nothing about the others");
}

/// It ends without its variable, which comes from a ConfigMap that is read at every start.
fn worker(image: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "worker" },
        "spec": {
            "replicas": 1, "selector": { "matchLabels": { "app": "worker" } },
            "template": {
                "metadata": { "labels": { "app": "worker" } },
                "spec": { "containers": [{
                    "name": "server", "image": image, "args": ["-need-env=QUEUE"],
                    "envFrom": [{ "configMapRef": { "name": "worker", "optional": true } }],
                }] },
            },
        },
    })
}

/// An alert of another cluster is told without evidence; once the settings name that cluster it is looked at
/// there. (It is the same API server under another name.)
pub(super) async fn two_clusters(house: House) {
    house.apply("shop.yaml");
    house.rolled_out("checkout");
    house.change("checkout", "app:2", &["-panic-after=1s"]);
    house.says("checkout", &["Cause certain", "nil pointer dereference"]).await;
    house.alert(&house.namespace, "cart", "prod-us").await;
    let blind = house.says("cart", &["prod-us"]).await;
    assert!(blind.contains("this alert is from cluster prod-us"), "{blind}");

    let settings = house.settings();
    house.set_settings(&format!(
        "{settings}clusters: [ {{ name: prod-us, kubeconfig: ./kubeconfig }} ]\n"
    ));
    assert_eq!(house.reload().await, 200);
    house.alert(&house.namespace, "catalog", "prod-us").await;
    let seen = house.says("catalog", &["prod-us", "1 of 1 pod ready"]).await;
    assert!(!seen.contains("this alert is from cluster"), "{seen}");
}

/// What Flux applies is not rolled back by hand.
pub(super) async fn flux(house: House) {
    house.apply("shop.yaml");
    house.rolled_out("catalog");
    house.kubectl(&[
        "label",
        "deployment/catalog",
        "kustomize.toolkit.fluxcd.io/name=shop",
        "kustomize.toolkit.fluxcd.io/namespace=flux-system",
    ]);
    house.kubectl(&["annotate", "deployment/catalog", "firsthand/owner=payments"]);
    house.change("catalog", "app:2", &["-panic-after=1s"]);
    let told = house.says("catalog", &["Cause certain", "flux suspend kustomization shop"]).await;
    assert!(told.contains("team payments"), "{told}");
    house.kubectl(&["rollout", "undo", "deployment/catalog"]);
    house.resolved("catalog").await;
}
