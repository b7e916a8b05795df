//! What the daemon needs is away: it says so, and never takes absence for health.

use std::time::Duration;

use firsthand::standin::slack::Order;
use serde_json::json;

use crate::stage::{
    PANIC, Stage, crash_looping, crashes, ended, firing, release, released, running, until,
};

/// So long nothing may happen: three recovery windows.
const A_WHILE: Duration = Duration::from_secs(3);

#[tokio::test]
async fn prometheus_away_is_not_ready_and_is_said_in_words_and_in_a_metric() {
    let mut stage = Stage::of(running(&["checkout"], 2)).await.polling();
    stage.prometheus.set_away(true);
    stage.run().await;
    until("it is said", async || {
        let (status, said) = stage.get("/-/ready").await;
        (status == 503 && said.contains("prometheus") && said.contains("503")).then_some(())
    })
    .await;
    assert_eq!(stage.get("/-/healthy").await.0, 200, "it is alive, and need not be restarted");
    let (_, metrics) = stage.get("/metrics").await;
    assert!(metrics.contains("firsthand_up{target=\"prometheus\"} 0"), "{metrics}");

    stage.prometheus.set_away(false);
    until("it is ready", async || (stage.get("/-/ready").await.0 == 200).then_some(())).await;
    let (_, metrics) = stage.get("/metrics").await;
    assert!(metrics.contains("firsthand_up{target=\"prometheus\"} 1"), "{metrics}");
    stage.stop().await;
}

#[tokio::test]
async fn silence_of_prometheus_does_not_end_what_only_the_poll_spoke_of() {
    let world = released(&["checkout"], 1, &crashes(PANIC));
    let mut stage = Stage::of(world).await.polling();
    stage.run().await;
    stage.message("the wait lasted two polls", |told| told.says("checkout")).await;
    stage.prometheus.set_away(true);
    tokio::time::sleep(A_WHILE).await;
    let told = stage.message("it stays open", |_| true).await;
    assert!(!told.is_resolved(), "{told:#?}");
    stage.nothing_improper();
}

#[tokio::test]
async fn a_cluster_that_cannot_be_asked_is_said_and_diagnosed_once_it_answers() {
    let mut stage = Stage::of(released(&["checkout"], 2, &crashes(PANIC))).await;
    stage.kubernetes.change(|served| served.away = true);
    stage.run().await;
    stage.send(&[crash_looping(&stage.pods("checkout")[0])]).await;
    let blind = stage.message("blind", |told| told.says("could not be seen")).await;
    assert!(blind.says("could not be seen") && blind.says("503"), "{blind:#?}");
    assert!(!blind.says("nothing wrong"), "nothing was looked at: {blind:#?}");

    stage.kubernetes.change(|served| served.away = false);
    let told = stage.message("the cause", |told| told.says("assignment to entry in nil map")).await;
    assert_eq!(told.ts, blind.ts, "the same message, edited");
    assert!(told.tells_once(), "{told:#?}");
    stage.nothing_improper();
}

#[tokio::test]
async fn a_pod_named_while_the_cluster_was_away_joins_its_workload_afterwards() {
    let mut stage = Stage::of(released(&["checkout"], 2, &crashes(PANIC))).await;
    stage.kubernetes.change(|served| served.away = true);
    stage.run().await;
    let pods = stage.pods("checkout");
    stage.send(&[crash_looping(&pods[0])]).await;
    stage.message("the first alert", |told| told.says("checkout")).await;
    stage.kubernetes.change(|served| served.away = false);
    stage.send(&[crash_looping(&pods[1])]).await;
    stage.message("the cause", |told| told.says("nil map")).await;
    stage.nothing_improper();
}

#[tokio::test]
async fn an_owner_that_was_guessed_wrongly_is_put_right_in_the_same_message() {
    let mut stage = Stage::of(released(&["checkout"], 2, &crashes(PANIC))).await;
    let pods = stage.pods("checkout");
    // By its name it is a pod of a Deployment; it belongs to something else.
    stage.kubernetes.change(|served| {
        let of = |(resource, ..): &&(String, String, String)| resource == "replicasets";
        let sets: Vec<_> = served.objects.keys().filter(of).cloned().collect();
        for key in sets {
            let owner = json!([{ "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
                "name": "checkout", "uid": "r1", "controller": true }]);
            served.objects.get_mut(&key).expect("it")["metadata"]["ownerReferences"] = owner;
        }
        served.objects.retain(|(resource, ..), _| resource != "deployments");
        served.away = true;
    });
    stage.run().await;
    stage.send(&[crash_looping(&pods[0])]).await;
    stage.message("blind", |told| told.says("could not be seen")).await;
    stage.kubernetes.change(|served| served.away = false);
    let told = stage.message("the cause", |told| told.says("nil map")).await;
    assert!(told.says("Rollout checkout"), "{told:#?}");
    stage.send(&[crash_looping(&pods[1])]).await;
    tokio::time::sleep(A_WHILE).await;
    let told = stage.message("the other pod joins", |told| told.says("×2")).await;
    assert!(!told.is_resolved() && !told.replies("gone"), "{told:#?}");
    stage.nothing_improper();
}

#[tokio::test]
async fn what_cannot_be_seen_is_not_resolved() {
    let mut stage = Stage::of(released(&["checkout"], 2, &crashes(PANIC))).await;
    stage.run().await;
    let alert = crash_looping(&stage.pods("checkout")[0]);
    stage.send(std::slice::from_ref(&alert)).await;
    stage.message("the cause", |told| told.says("nil map")).await;

    stage.kubernetes.change(|served| served.away = true);
    stage.world.roll_back("checkout");
    stage.pass(30);
    stage.send(&[ended(&alert)]).await;
    tokio::time::sleep(A_WHILE).await;
    let told = stage.message("nobody knows", |_| true).await;
    assert!(!told.is_resolved(), "{told:#?}");

    stage.kubernetes.change(|served| served.away = false);
    let told = stage.message("it is over", |told| told.is_resolved()).await;
    assert!(told.tells_once(), "{told:#?}");
    stage.nothing_improper();
}

#[tokio::test]
async fn an_ended_alert_does_not_resolve_what_still_fails_nor_health_what_still_alerts() {
    let mut stage = Stage::of(released(&["checkout"], 2, &crashes(PANIC))).await;
    stage.run().await;
    let alert = crash_looping(&stage.pods("checkout")[0]);
    let latency = firing(&[
        ("alertname", "CheckoutIsSlow"),
        ("namespace", "shop"),
        ("deployment", "checkout"),
    ]);
    stage.send(&[alert.clone(), latency.clone()]).await;
    stage.message("the cause", |told| told.says("nil map")).await;
    stage.send(&[ended(&alert)]).await;
    tokio::time::sleep(A_WHILE).await;
    let told = stage.message("still failing", |_| true).await;
    assert!(!told.is_resolved(), "{told:#?}");

    stage.world.roll_back("checkout");
    stage.pass(30);
    let told = stage.message("the half that is missing", |told| {
        told.says("CheckoutIsSlow still fires") || told.replies("CheckoutIsSlow still fires")
    });
    assert!(!told.await.is_resolved());
    tokio::time::sleep(A_WHILE).await;
    let told = stage.message("the alert still fires", |_| true).await;
    assert!(!told.is_resolved(), "{told:#?}");

    stage.send(&[ended(&latency)]).await;
    stage.message("both halves", |told| told.is_resolved()).await;
    stage.nothing_improper();
}

#[tokio::test]
async fn after_slack_was_away_one_message_says_what_is_true_then() {
    let mut stage = Stage::of(released(&["checkout"], 2, &crashes(PANIC))).await;
    stage.slack.down(Some(Order::Status(503)));
    stage.run().await;
    let alert = crash_looping(&stage.pods("checkout")[0]);
    stage.send(std::slice::from_ref(&alert)).await;
    until("an attempt", async || (stage.slack.calls().len() > 3).then_some(())).await;
    stage.world.roll_back("checkout");
    stage.pass(30);
    until("it is seen to be healthy", async || {
        let (_, metrics) = stage.get("/metrics").await;
        metrics.contains("firsthand_deliveries_due{receiver=\"oncall\"}").then_some(())
    })
    .await;
    stage.send(&[ended(&alert)]).await;
    // The whole incident goes by while nobody can be told.
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(stage.slack.messages(crate::stage::CHANNEL).len(), 0);

    stage.slack.down(None);
    let told = stage.message("how it ended", |told| told.is_resolved()).await;
    assert!(told.says("nil map") && told.tells_once(), "{told:#?}");
    let first = told.thread.first().map(|reply| reply.0.clone()).unwrap_or_default();
    let last = told.thread.last().map(|reply| reply.0.clone()).unwrap_or_default();
    assert!(first.contains("Evidence") && last.contains("esolved"), "in order: {told:#?}");
    let posts = stage.slack.messages(crate::stage::CHANNEL);
    assert!(posts[0].history.iter().all(|(_, text, _)| text.contains("esolved")), "never stale");
    stage.nothing_improper();
}

#[tokio::test]
async fn a_slack_that_answers_nothing_or_breaks_off_is_told_once() {
    let mut stage = Stage::of(released(&["checkout"], 2, &crashes(PANIC))).await;
    stage.settings["delivery"]["timeout"] = json!("300ms");
    stage.slack.order("chat.postMessage", &Order::DoneSilence, 1);
    stage.slack.order("chat.postMessage", &Order::DoneReset, 1);
    stage.run().await;
    stage.send(&[crash_looping(&stage.pods("checkout")[0])]).await;
    let told = stage.message("the evidence", |told| !told.thread.is_empty()).await;
    assert!(told.tells_once(), "{told:#?}");
    stage.nothing_improper();
}

#[tokio::test]
async fn a_full_ledger_refuses_alerts_until_there_is_room_and_then_tells_all() {
    let mut stage = Stage::of(released(&["checkout", "cart"], 1, &crashes(PANIC))).await;
    stage.settings["store"]["max_mib"] = json!(1);
    stage.kubernetes.change(|served| served.away = true);
    stage.run().await;
    let mut taken = 0;
    let refused = loop {
        let mut alert = crash_looping(&stage.pods("checkout")[0]);
        alert["fingerprint"] = json!(format!("{taken:016x}"));
        alert["annotations"] =
            json!({ "description": "x".repeat(3900), "summary": taken.to_string() });
        let (status, said) = stage.post(&[alert]).await;
        match status {
            200 => taken += 1,
            503 => break said,
            other => panic!("{other}: {said}"),
        }
        assert!(taken < 2000, "it never gets full");
    };
    assert!(refused.contains("no room"), "it says why: {refused}");
    assert_eq!(stage.get("/-/healthy").await.0, 200, "a full disk is waited for");
    let late = crash_looping(&stage.pods("cart")[0]);
    let (status, said) = stage.post(std::slice::from_ref(&late)).await;
    assert!(matches!(status, 200 | 503), "never lost: {status}: {said}");
    stage.stop().await;

    stage.settings["store"]["max_mib"] = json!(64);
    stage.kubernetes.change(|served| served.away = false);
    stage.run().await;
    stage.send(&[late]).await;
    until("both workloads", async || {
        let channel = stage.channel();
        let of = |title: &str| channel.iter().filter(|told| told.says(title)).count();
        let both = (of(" checkout is crash-looping"), of(" cart is crash-looping"));
        (both == (1, 1) && channel.len() == 2).then_some(())
    })
    .await;
    stage.nothing_improper();
}

#[tokio::test]
async fn forbidden_logs_are_a_blind_spot_that_is_named() {
    let mut stage = Stage::of(released(&["checkout"], 2, &crashes(PANIC))).await;
    stage.kubernetes.change(|served| served.forbidden.insert("pods/log".into()));
    stage.run().await;
    stage.send(&[crash_looping(&stage.pods("checkout")[0])]).await;
    let told = stage.message("the evidence", |told| !told.thread.is_empty()).await;
    let all = format!("{told:?}");
    assert!(all.contains("log") && all.contains("forbidden"), "{told:#?}");
    assert!(!all.contains("nil map"), "what was not read is not told: {told:#?}");
    stage.nothing_improper();
}

#[tokio::test]
async fn what_was_deleted_is_gone_and_not_recovered() {
    let mut stage = Stage::of(released(&["checkout"], 2, &crashes(PANIC))).await;
    stage.run().await;
    let alert = crash_looping(&stage.pods("checkout")[0]);
    stage.send(std::slice::from_ref(&alert)).await;
    stage.message("the cause", |told| told.says("nil map")).await;
    stage.kubernetes.change(|served| served.objects.clear());
    stage.send(&[ended(&alert)]).await;
    let told = stage.message("it is gone", |told| told.replies("gone")).await;
    assert!(!told.replies("recovered"), "{told:#?}");
    assert!(told.replies("nil map") || told.says("nil map"), "the proof stays: {told:#?}");
    stage.nothing_improper();
}

#[tokio::test]
async fn a_relapse_continues_in_the_same_thread() {
    let mut stage = Stage::of(released(&["checkout"], 2, &crashes(PANIC))).await;
    stage.run().await;
    let alert = crash_looping(&stage.pods("checkout")[0]);
    stage.send(std::slice::from_ref(&alert)).await;
    let first = stage.message("the cause", |told| told.says("nil map")).await;
    stage.world.roll_back("checkout");
    stage.pass(30);
    stage.send(&[ended(&alert)]).await;
    stage.message("it is over", |told| told.is_resolved()).await;

    stage.world.roll_out("checkout", release("1.4.3", crashes(PANIC)));
    stage.pass(60);
    stage.send(&[crash_looping(&stage.pods("checkout")[0])]).await;
    let again = stage.message("it fails again", |told| {
        told.says("Came back after it was resolved") && told.replies("failing again")
    });
    let again = again.await;
    assert_eq!(again.ts, first.ts);
    let broadcast = stage.slack.thread(&first.ts).into_iter().filter(|reply| reply.broadcast);
    assert!(broadcast.count() >= 2, "the end and the relapse are heard in the channel");
    stage.nothing_improper();
}
