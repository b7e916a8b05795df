//! The same news again, from another sender, out of order, or about nothing: told once or not at all.

use std::time::Duration;

use firsthand::standin::kubernetes::Kubernetes;
use serde_json::json;

use crate::stage::{PANIC, Stage, crash_looping, crashes, ended, firing, released, running, until};

#[tokio::test]
async fn repeats_and_both_alertmanagers_of_a_pair_make_one_message() {
    let mut stage = Stage::of(released(&["checkout"], 2, &crashes(PANIC))).await;
    stage.run().await;
    let alerts: Vec<_> = stage.pods("checkout").iter().map(|pod| crash_looping(pod)).collect();
    let pair = futures::future::join_all((0..12).map(|_| stage.post(&alerts))).await;
    assert!(pair.iter().all(|(status, _)| *status == 200), "{pair:?}");
    let new = pair.iter().filter(|(_, said)| said.starts_with("2 signals stored")).count();
    assert_eq!(new, 1, "{pair:?}");
    let told = stage.message("the evidence", |told| !told.thread.is_empty()).await;
    assert!(told.tells_once(), "{told:#?}");
    stage.nothing_improper();
}

#[tokio::test]
async fn an_end_that_comes_before_its_beginning_opens_nothing_for_ever() {
    let mut stage = Stage::of(running(&["checkout"], 2)).await;
    stage.run().await;
    let alert = crash_looping(&stage.pods("checkout")[0]);
    let over = ended(&alert);
    stage.send(std::slice::from_ref(&over)).await;
    stage.send(&[alert]).await;
    stage.send(&[over]).await;
    until("nothing is open", async || {
        let (_, metrics) = stage.get("/metrics").await;
        let all = |kind: &str| {
            let line = metrics.lines().find(|line| line.starts_with(kind)).unwrap_or_default();
            line.rsplit(' ').next().and_then(|n| n.parse::<u64>().ok()).unwrap_or_default()
        };
        (all("firsthand_incidents_opened_total") == all("firsthand_incidents_closed_total"))
            .then_some(())
    })
    .await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(stage.channel().iter().all(crate::stage::Told::is_resolved), "{:#?}", stage.channel());
}

#[tokio::test]
async fn an_alert_that_fires_on_after_its_end_was_told_is_heard() {
    // Prometheus could not reach Alertmanager, which let the alert end; then it could again.
    let mut stage = Stage::of(released(&["checkout"], 2, &crashes(PANIC))).await;
    stage.run().await;
    let alert = crash_looping(&stage.pods("checkout")[0]);
    let mut over = ended(&alert);
    let ago = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(10);
    let mut alert = alert;
    alert["startsAt"] = json!(ago - jiff::SignedDuration::from_mins(10));
    over["startsAt"] = alert["startsAt"].clone();
    over["endsAt"] = json!(ago);
    stage.send(std::slice::from_ref(&alert)).await;
    stage.message("the cause", |told| told.says("nil map")).await;
    stage.send(&[over]).await;
    stage.message("it ended", |told| told.replies("KubePodCrashLooping ended")).await;
    let (status, said) = stage.post(&[alert]).await;
    assert_eq!((status, said.trim()), (200, "1 signals stored, 0 known already"));
}

#[tokio::test]
async fn an_alert_about_nothing_in_kubernetes_is_told_without_a_diagnosis() {
    let mut stage = Stage::of(running(&["checkout"], 2)).await;
    stage.run().await;
    let mut alert = firing(&[("alertname", "CertificateExpires"), ("severity", "warning")]);
    alert["annotations"] = json!({ "summary": "the certificate of shop.example ends in 3 days" });
    stage.send(std::slice::from_ref(&alert)).await;
    let told = stage.message("it is told", |told| told.says("CertificateExpires")).await;
    assert!(told.says("shop.example ends in 3 days"), "{told:#?}");
    assert!(told.says("names nothing in Kubernetes"), "it says so: {told:#?}");
    assert_eq!(stage.kubernetes.requests().iter().filter(|path| path.contains("pods")).count(), 0);
    stage.send(&[ended(&alert)]).await;
    stage.message("it is over", |told| told.is_resolved()).await;
    stage.nothing_improper();
}

#[tokio::test]
async fn an_alert_of_another_cluster_is_told_without_evidence_of_this_one() {
    let mut stage = Stage::of(released(&["checkout"], 2, &crashes(PANIC))).await;
    stage.run().await;
    let mut alert = crash_looping(&stage.pods("checkout")[0]);
    alert["labels"]["cluster"] = json!("prod-us");
    stage.send(std::slice::from_ref(&alert)).await;
    let told = stage.message("it is told", |told| told.says("KubePodCrashLooping")).await;
    assert!(told.says("prod-us") && !told.says("nil map"), "{told:#?}");
    assert_eq!(stage.kubernetes.requests().iter().filter(|path| path.contains("pods")).count(), 0);
    stage.send(&[ended(&alert)]).await;
    stage.message("it is over", |told| told.is_resolved()).await;
    stage.nothing_improper();
}

#[tokio::test]
async fn an_alert_of_another_cluster_that_is_named_is_looked_at_there() {
    let mut stage = Stage::of(running(&["checkout"], 2)).await;
    let theirs = released(&["checkout"], 2, &crashes(PANIC)).objects();
    let pod =
        theirs.objects.keys().find(|(resource, ..)| resource == "pods").expect("a pod").2.clone();
    let there = Kubernetes::start(theirs).await.expect("another cluster");
    stage.settings["clusters"] = json!([
        { "name": "prod-us", "api_url": there.url(), "links": { "console": "https://us.example/{namespace}" } },
    ]);
    stage.run().await;
    let mut alert = crash_looping(&pod);
    alert["labels"]["cluster"] = json!("prod-us");
    stage.send(std::slice::from_ref(&alert)).await;
    let told = stage.message("the cause", |told| told.says("nil map")).await;
    assert!(told.says("prod-us") && told.says("Deployment checkout"), "{told:#?}");
    assert!(told.says("https://us.example/shop"), "its own links: {told:#?}");
    let asked = |path: &String| path.contains("pods");
    assert_eq!(stage.kubernetes.requests().iter().filter(|path| asked(path)).count(), 0);
    assert!(there.requests().iter().any(asked));
    stage.nothing_improper();
}

#[tokio::test]
async fn the_heartbeat_is_no_incident() {
    let mut stage = Stage::of(running(&["checkout"], 2)).await;
    stage.run().await;
    stage.send(&[firing(&[("alertname", "Watchdog"), ("severity", "none")])]).await;
    stage.send(&[firing(&[("alertname", "Real"), ("severity", "warning")])]).await;
    stage.message("only the other one", |told| told.says("Real")).await;
    let (_, metrics) = stage.get("/metrics").await;
    let heartbeat =
        metrics.lines().find(|line| line.contains("heartbeat") && !line.starts_with('#'));
    assert!(heartbeat.is_some_and(|line| !line.ends_with(" 0")), "{metrics}");
}

/// One note for the rule, in the channel of those who heard all the others; no workload of its is paged again for it.
#[tokio::test]
async fn a_rule_that_fires_about_what_is_well_is_noted_once() {
    let names = ["web", "cart", "search", "orders"];
    let mut stage = Stage::of(running(&names, 1)).await;
    stage.settings["incident"]["noisy"] = json!({ "count": 3, "within": "7days" });
    stage.run().await;
    let opened = "KubeHpaMaxedOut opened 3 incidents in 7 days";
    for name in names {
        let pod = &stage.pods(name)[0];
        let labels =
            [("alertname", "KubeHpaMaxedOut"), ("namespace", "shop"), ("pod", pod.as_str())];
        let alert = firing(&labels);
        stage.send(std::slice::from_ref(&alert)).await;
        until("it is told", async || stage.channel().iter().any(|it| it.says(name)).then_some(()))
            .await;
        stage.send(&[ended(&alert)]).await;
        let over = |it: &crate::stage::Told| it.says(name) && it.is_resolved();
        until("it is over", async || stage.channel().iter().any(over).then_some(())).await;
    }
    until("the note", async || stage.channel().iter().any(|it| it.replies(opened)).then_some(()))
        .await;
    let notes = stage.channel().iter().filter(|it| it.replies("KubeHpaMaxedOut opened")).count();
    assert_eq!(notes, 1, "{:#?}", stage.channel());
    stage.nothing_improper();
}
