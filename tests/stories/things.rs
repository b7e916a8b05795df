//! Alerts about what is no workload: they are told, and they end.

use serde_json::{Value, json};

use crate::stage::{PANIC, Stage, crash_looping, crashes, ended, firing, released, running};

fn node(ready: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Node", "metadata": { "name": "node-7" },
        "status": { "conditions": [{
            "type": "Ready", "status": ready, "reason": "KubeletNotReady",
            "message": "container runtime is down", "lastTransitionTime": "2026-11-21T02:00:00Z",
        }] },
    })
}

fn show(stage: &Stage, resource: &str, namespace: &str, name: &str, object: Value) {
    let key = (resource.to_owned(), namespace.to_owned(), name.to_owned());
    stage.kubernetes.change(|served| served.objects.insert(key, object));
}

#[tokio::test]
async fn a_node_is_looked_at_and_its_recovery_is_seen_and_not_believed() {
    let mut stage = Stage::of(running(&["checkout"], 2)).await;
    show(&stage, "nodes", "", "node-7", node("False"));
    stage.run().await;
    let alert =
        firing(&[("alertname", "KubeNodeNotReady"), ("node", "node-7"), ("severity", "warning")]);
    stage.send(std::slice::from_ref(&alert)).await;
    let told = stage.message("what the node says", |told| told.says("container runtime is down"));
    assert!(told.await.says("kubectl describe node node-7"));
    stage.send(&[ended(&alert)]).await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let told = stage.message("it still fails", |_| true).await;
    assert!(!told.is_resolved(), "{told:#?}");
    show(&stage, "nodes", "", "node-7", node("True"));
    stage.message("it is well", |told| told.is_resolved()).await;
    stage.nothing_improper();
}

#[tokio::test]
async fn what_has_no_health_to_ask_for_ends_with_its_alert() {
    for (label, name) in [("horizontalpodautoscaler", "checkout"), ("certificate", "shop-tls")] {
        let mut stage = Stage::of(running(&["checkout"], 2)).await;
        stage.run().await;
        let alert =
            firing(&[("alertname", "SomethingIsOdd"), ("namespace", "shop"), (label, name)]);
        stage.send(std::slice::from_ref(&alert)).await;
        let told = stage.message("told", |told| told.says("is not read")).await;
        assert!(!told.is_resolved());
        stage.send(&[ended(&alert)]).await;
        stage.message("it has ended", |told| told.is_resolved()).await;
        stage.nothing_improper();
        stage.stop().await;
    }
}

#[tokio::test]
async fn a_namespace_that_asks_to_be_ignored_is() {
    let mut stage = Stage::of(released(&["checkout"], 2, &crashes(PANIC))).await;
    let space = |ignore: &str| {
        json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": { "name": "shop", "annotations": { "firsthand/ignore": ignore } },
        })
    };
    show(&stage, "namespaces", "", "shop", space("true"));
    stage.run().await;
    stage.send(&[crash_looping(&stage.pods("checkout")[0])]).await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert!(stage.channel().is_empty());
    show(&stage, "namespaces", "", "shop", space("false"));
    stage.message("no longer ignored", |told| told.says("nil map")).await;
    stage.nothing_improper();
}

#[tokio::test]
async fn a_claim_without_a_volume_says_why_and_ends_once_it_is_bound() {
    let claim = |phase: &str| {
        json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": { "name": "data", "namespace": "shop", "uid": "c1" },
            "spec": {}, "status": { "phase": phase },
        })
    };
    let mut stage = Stage::of(running(&["checkout"], 2)).await;
    show(&stage, "persistentvolumeclaims", "shop", "data", claim("Pending"));
    let event = json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": { "name": "data.1", "namespace": "shop" },
        "involvedObject": { "kind": "PersistentVolumeClaim", "namespace": "shop", "name": "data", "uid": "c1" },
        "reason": "ProvisioningFailed", "message": "storageclass.storage.k8s.io \"fast\" not found",
        "type": "Warning", "count": 3, "lastTimestamp": jiff::Timestamp::now(),
    });
    show(&stage, "events", "shop", "data.1", event);
    stage.run().await;
    let alert = firing(&[
        ("alertname", "ClaimPending"),
        ("namespace", "shop"),
        ("persistentvolumeclaim", "data"),
    ]);
    stage.send(std::slice::from_ref(&alert)).await;
    stage.message("why", |told| told.says("not bound") && told.says("\"fast\" not found")).await;
    show(&stage, "persistentvolumeclaims", "shop", "data", claim("Bound"));
    stage.send(&[ended(&alert)]).await;
    stage.message("it is bound", |told| told.is_resolved()).await;
    stage.nothing_improper();
}
