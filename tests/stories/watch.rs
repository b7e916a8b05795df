//! Firsthand is blind, deaf or mute: whoever asked for it is told once, and when it is over.

use std::time::Duration;

use firsthand::standin::slack::Order;
use serde_json::json;

use crate::receivers::Hook;
use crate::stage::{PANIC, Stage, crash_looping, crashes, firing, released, running, until};

/// So long nothing may happen.
const A_WHILE: Duration = Duration::from_secs(2);

/// A stage whose only receiver hears what Firsthand says of itself, after a moment.
async fn watching() -> Stage {
    let mut stage = Stage::of(running(&["checkout"], 2)).await.polling();
    stage.settings["receivers"][0]["watch"] = json!(true);
    stage.settings["watch"] = json!({ "away": "300ms", "stuck": "300ms" });
    stage
}

#[tokio::test]
async fn prometheus_away_is_told_once_and_its_return_too() {
    let mut stage = watching().await;
    stage.prometheus.set_away(true);
    stage.run().await;
    let told = stage.message("it is told", |told| told.says("Prometheus does not answer")).await;
    assert!(
        told.says("503") && told.says("restarts and lacking pods are not noticed"),
        "{told:#?}"
    );
    tokio::time::sleep(A_WHILE).await;
    let told = stage.message("only once", |_| true).await;
    assert!(told.tells_once() && !told.is_resolved(), "{told:#?}");

    stage.prometheus.set_away(false);
    let told = stage.message("it is back", |told| told.is_resolved()).await;
    assert!(told.says("works again"), "{told:#?}");
    stage.nothing_improper();
}

#[tokio::test]
async fn it_stays_one_message_over_a_restart_and_ends_after_one() {
    let mut stage = watching().await;
    stage.prometheus.set_away(true);
    stage.run().await;
    stage.message("it is told", |told| told.says("Prometheus does not answer")).await;
    stage.stop().await;
    stage.run().await;
    tokio::time::sleep(A_WHILE).await;
    let told = stage.message("still one", |_| true).await;
    assert!(told.tells_once() && !told.is_resolved(), "{told:#?}");
    stage.stop().await;
    stage.prometheus.set_away(false);
    stage.run().await;
    stage.message("it is back", |told| told.is_resolved()).await;
    stage.nothing_improper();
}

#[tokio::test]
async fn whoever_did_not_ask_for_it_hears_nothing_of_it() {
    let mut stage = watching().await;
    stage.settings["receivers"][0]["watch"] = json!(false);
    stage.prometheus.set_away(true);
    stage.run().await;
    until("it was noticed", async || (stage.get("/-/ready").await.0 == 503).then_some(())).await;
    tokio::time::sleep(A_WHILE).await;
    assert!(stage.channel().is_empty());
    stage.stop().await;
}

#[tokio::test]
async fn a_heartbeat_that_ceases_is_told_and_one_that_comes_back_ends_it() {
    let mut stage = watching().await;
    stage.settings["watch"]["heartbeat"] = json!("1s");
    stage.run().await;
    let watchdog = firing(&[("alertname", "Watchdog"), ("severity", "none")]);
    stage.send(std::slice::from_ref(&watchdog)).await;
    let told = stage.message("it is missed", |told| told.says("No heartbeat")).await;
    assert!(told.says("Watchdog of prod-eu was last heard at"), "{told:#?}");
    stage.send(std::slice::from_ref(&watchdog)).await;
    stage.message("it is back", |told| told.is_resolved()).await;
    stage.nothing_improper();
}

#[tokio::test]
async fn an_api_server_that_is_away_is_told() {
    let mut stage = watching().await;
    stage.kubernetes.change(|served| served.away = true);
    stage.run().await;
    let told = stage.message("told", |told| told.says("The API server does not answer")).await;
    assert!(told.says("no evidence is taken"), "{told:#?}");
    stage.kubernetes.change(|served| served.away = false);
    stage.message("it is back", |told| told.is_resolved()).await;
    stage.nothing_improper();
}

#[tokio::test]
async fn messages_that_do_not_arrive_are_told_elsewhere() {
    let mut stage = Stage::of(released(&["checkout"], 2, &crashes(PANIC))).await;
    let hook = Hook::listening().await;
    hook.join(&mut stage);
    stage.settings["receivers"][1]["watch"] = json!(true);
    stage.settings["watch"] = json!({ "away": "300ms", "stuck": "300ms" });
    stage.slack.down(Some(Order::Status(503)));
    stage.run().await;
    stage.send(&[crash_looping(&stage.pods("checkout")[0])]).await;
    let stuck = |state: &str| {
        hook.bodies().into_iter().find(|body| {
            body["incident"]["state"] == state && body.to_string().contains("The messages")
        })
    };
    let told = until("it is told elsewhere", async || stuck("investigating")).await;
    assert!(told.to_string().contains("to oncall"), "{told:#}");
    stage.slack.down(None);
    until("they arrive again", async || stuck("resolved")).await;
    stage.stop().await;
}
