//! Much at once: no flood, no loss, no haste.

use std::collections::BTreeMap;
use std::time::Duration;

use firsthand::ledger::Ledger;
use serde_json::json;

use crate::stage::{CHANNEL, PANIC, Stage, crash_looping, crashes, released, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_pods_of_one_deployment_are_one_message() {
    let mut stage = Stage::of(released(&["checkout"], 200, &crashes(PANIC))).await.polling();
    stage.run().await;
    let alerts: Vec<_> = stage.pods("checkout").iter().map(|pod| crash_looping(pod)).collect();
    assert!(alerts.len() >= 200, "{}", alerts.len());
    for group in alerts.chunks(50) {
        stage.send(group).await;
    }
    let told = stage.message("the cause", |told| told.says("nil map")).await;
    until("every alert was worked off", async || {
        let told = stage.message("one message", |_| true).await;
        (told.says("200") || told.replies("200")).then_some(())
    })
    .await;
    let now = stage.message("one message", |_| true).await;
    assert_eq!(now.ts, told.ts);
    assert!(now.tells_once() && now.thread.len() < 8, "{now:#?}");
    stage.nothing_improper();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_workloads_that_are_no_storm_are_each_told_once_at_the_channels_pace() {
    let names: Vec<String> = (0..60).map(|n| format!("web-{n:02}x")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut stage = Stage::of(released(&names, 1, &crashes(PANIC))).await;
    let pace = Duration::from_millis(40);
    stage.slack.change(|options| (options.pace, options.burst) = (pace, 2));
    stage.settings["delivery"]["channel_pause"] = json!("50ms");
    stage.settings["incident"]["look"] = json!({ "first": "1m", "slowest": "1m", "least": "1s" });
    stage.settings["incident"]["storm"] = json!({ "count": 1000, "share": 1000 });
    stage.run().await;
    let alerts: Vec<_> =
        names.iter().flat_map(|name| stage.pods(name)).map(|pod| crash_looping(&pod)).collect();
    stage.send(&alerts).await;
    let told = until("all sixty with their evidence", async || {
        let channel = stage.channel();
        let whole = channel.iter().filter(|told| told.says("nil map") && !told.thread.is_empty());
        (whole.count() >= names.len()).then_some(channel)
    })
    .await;
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for message in &told {
        let name = names.iter().find(|name| message.says(name)).expect("a workload");
        *times.entry(name).or_default() += 1;
    }
    assert_eq!((times.len(), times.values().max()), (60, Some(&1)));
    assert!(told.iter().all(crate::stage::Told::tells_once));
    let calls = stage.slack.calls();
    let posts = calls.iter().filter(|call| call.method == "chat.postMessage").count();
    // What each was told, with its thread; one more may be on its way.
    let said: usize = stage.channel().iter().map(|told| 1 + told.thread.len()).sum();
    assert!((120..=said + 1).contains(&posts), "refused for haste and sent again: {posts}, {said}");
    assert_eq!(stage.slack.messages(CHANNEL).len(), 60);
    stage.nothing_improper();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_workloads_at_once_are_one_digest_that_names_them_all() {
    let names: Vec<String> = (0..60).map(|n| format!("web-{n:02}x")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut stage = Stage::of(released(&names, 1, &crashes(PANIC))).await;
    stage.settings["incident"]["look"] = json!({ "first": "1m", "slowest": "1m", "least": "1s" });
    stage.run().await;
    let alerts: Vec<_> =
        names.iter().flat_map(|name| stage.pods(name)).map(|pod| crash_looping(&pod)).collect();
    stage.send(&alerts).await;
    let digest = until("the digest with every name in its thread", async || {
        let channel = stage.channel();
        let whole = |told: &crate::stage::Told| names.iter().all(|name| told.replies(name));
        channel
            .into_iter()
            .find(|told| told.says("60 workloads in shop are failing") && whole(told))
    })
    .await;
    assert_eq!(stage.channel().len(), 1, "nobody is told of one of them alone");
    assert!(digest.thread.len() <= 4, "{digest:#?}");
    stage.nothing_improper();
}

/// A release that fifty services share, and all their thousand pods: one digest, within its budget.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "the figures are shown with --nocapture")]
async fn a_thousand_pods_of_fifty_owners_are_one_digest_within_its_budget() {
    let names: Vec<String> = (0..50).map(|n| format!("web-{n:02}x")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut stage = Stage::of(released(&names, 20, &crashes(PANIC))).await;
    stage.settings["incident"]["look"] = json!({ "first": "5m", "slowest": "5m", "least": "1s" });
    stage.run().await;
    let began = std::time::Instant::now();
    let alerts: Vec<_> =
        names.iter().flat_map(|name| stage.pods(name)).map(|pod| crash_looping(&pod)).collect();
    assert!(alerts.len() >= 1000, "{}", alerts.len());
    for group in alerts.chunks(100) {
        stage.send(group).await;
    }
    let whole = |told: &crate::stage::Told| names.iter().all(|name| told.replies(name));
    until("the digest with every name", async || stage.channel().iter().any(whole).then_some(()))
        .await;
    let ledger = Ledger::open_to_read(&stage.path("firsthand.db")).await.expect("a ledger");
    let members = until("every pod's alert in its incident", async || {
        let open = ledger.open_incidents().await.expect("incidents");
        let members: Vec<_> = open.into_iter().filter(|it| it.storm.is_none()).collect();
        let alerts: usize = members.iter().map(|it| it.alerts.len()).sum();
        let looked = members.iter().all(|it| it.looks > 0 && it.finding.is_some());
        (members.len() == 50 && alerts >= 1000 && looked).then_some(members)
    })
    .await;
    let took = began.elapsed();
    let (_, metrics) = stage.get("/metrics").await;
    let value = |name: &str| {
        let line = metrics.lines().find(|line| line.starts_with(name)).expect(name);
        line.rsplit(' ').next().and_then(|n| n.parse::<f64>().ok()).expect("a number")
    };
    let calls = value("firsthand_kubernetes_requests_total") / members.len() as f64;
    let looks: u32 = members.iter().map(|it| it.looks).sum();
    let messages = stage.channel().len();
    let replies: usize = stage.channel().iter().map(|told| told.thread.len()).sum();
    println!(
        "storm: {} alerts, 50 owners, {messages} messages, {replies} replies, {calls:.1} API calls per owner, \
         {looks} looks, {took:.1?}",
        alerts.len()
    );
    assert!(messages <= 51, "{messages} messages");
    assert!(calls <= 20.0, "{calls} API calls per owner in {looks} looks");
    stage.nothing_improper();
}
