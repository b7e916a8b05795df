//! The whole daemon behind real Prometheus and Alertmanager: a world whose metrics are scraped and whose
//! objects are served, an alert that fires by the shipped rule or by a user's own, and the channel.

use std::time::Duration;

use firsthand::standin::prometheus::Sample;
use firsthand::standin::world::{Behaviour, Pace, World};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::RULES;
use crate::parts::{PATIENCE, RealAlertmanager, RealPrometheus, Scraped, until};
use crate::stage::{PANIC, Stage, Told, release};

/// The shipped rules at the pace of a test.
fn quick_rules() -> String {
    let ranges = [("[5m]", "[5s]"), ("[10m]", "[30s]"), ("offset 10m", "offset 30s")];
    let quick = ranges.iter().fold(RULES.to_owned(), |rules, (slow, quick)| {
        assert!(rules.contains(slow), "the shipped rules have no {slow} any more");
        rules.replace(slow, quick)
    });
    let held = |line: &str| match line.trim_start().strip_prefix("for: ") {
        Some(_) => line.replace(line.trim_start(), "for: 2s"),
        None => line.to_owned(),
    };
    quick.lines().map(|line| held(line) + "\n").collect()
}

/// What kube-state-metrics would print of these samples.
fn exposition(samples: &[Sample]) -> String {
    let line = |sample: &Sample| {
        let label = |(name, value): (&String, &String)| format!("{name}={value:?}");
        let labels: Vec<String> = sample.labels.iter().map(label).collect();
        format!("{}{{{}}} {}\n", sample.name, labels.join(","), sample.value)
    };
    samples.iter().map(line).collect()
}

/// The stage with real Prometheus and Alertmanager in place of stand-ins.
struct Scene {
    stage: Stage,
    scraped: Scraped,
    alertmanager: RealAlertmanager,
    _prometheus: RealPrometheus,
}

impl Scene {
    /// A checkout that runs well, and everybody watching it.
    async fn with(honor_labels: bool, rules: &str, settings: impl FnOnce(&mut Value)) -> Self {
        let now = Timestamp::now();
        let pace = Pace {
            start: SignedDuration::from_millis(200),
            back_off: SignedDuration::from_secs(1),
            longest_back_off: SignedDuration::from_secs(2),
        };
        let mut world = World::new("shop", now, pace);
        let since = now - SignedDuration::from_hours(24);
        world.running("checkout", 2, 41, release("1.4.1", Behaviour::Healthy), since);
        let mut stage = Stage::of(world).await;
        let scraped = Scraped::serving(&exposition(&stage.world.samples())).await;

        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr());
        let address = free.expect("a free port").to_string();
        let webhook = format!("http://{address}/alertmanager");
        let alertmanager = RealAlertmanager::sending_to(&webhook, "{}").await;
        let prometheus =
            RealPrometheus::scraping(&scraped, honor_labels, rules, Some(&alertmanager)).await;
        stage.settings["listen"] = json!(address);
        stage.settings["prometheus"] = json!({ "url": prometheus.url(), "poll_interval": "1s" });
        stage.settings["incident"]["recovery_window"] = json!("4s");
        stage.settings["incident"]["max_recovery_window"] = json!("4s");
        settings(&mut stage.settings);
        stage.run().await;
        until("it is ready", async || (stage.get("/-/ready").await.0 == 200).then_some(())).await;
        Self { stage, scraped, alertmanager, _prometheus: prometheus }
    }

    /// Somebody rolls out a release that crashes after a second.
    fn break_checkout(&mut self) {
        let crash = Behaviour::Crashes {
            after: SignedDuration::from_secs(1),
            exit_code: 2,
            oom: false,
            log: PANIC.to_owned(),
        };
        self.stage.world.roll_out("checkout", release("1.4.2", crash));
    }

    /// Lets the world live until its one message is as wanted.
    async fn play(&mut self, what: &str, wanted: impl Fn(&Told) -> bool) -> Told {
        let began = Timestamp::now();
        loop {
            self.stage.world.tick(Timestamp::now());
            self.stage.show();
            self.scraped.set(&exposition(&self.stage.world.samples()));
            let channel = self.stage.channel();
            assert!(channel.len() < 2, "one incident, one message: {channel:#?}");
            if let Some(told) = channel.into_iter().find(&wanted) {
                return told;
            }
            let waited = Timestamp::now().duration_since(began).unsigned_abs();
            assert!(waited < PATIENCE, "waited for {what}: {:#?}", self.stage.channel());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The alerts that Alertmanager holds for active.
    async fn active(&self) -> Vec<String> {
        let url = format!("{}/api/v2/alerts?active=true", self.alertmanager.url());
        let alerts: Value = reqwest::get(url).await.expect("an answer").json().await.expect("JSON");
        let name = |alert: &Value| alert["labels"]["alertname"].as_str().map(str::to_owned);
        alerts.as_array().into_iter().flatten().filter_map(name).collect()
    }

    async fn raise(&self, alerts: &Value) {
        let url = format!("{}/api/v2/alerts", self.alertmanager.url());
        let posted = reqwest::Client::new().post(url).json(alerts).send().await;
        assert!(posted.is_ok_and(|answer| answer.status().is_success()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_alert_becomes_one_true_message_with_a_verified_end() {
    let mut scene = Scene::with(true, &quick_rules(), |_| ()).await;
    scene.break_checkout();
    let told = scene.play("the cause, with the alert", |told| {
        told.says("Cause certain") && told.says("PodCrashLooping") && !told.thread.is_empty()
    });
    let told = told.await;
    for proof in [
        "checkout is crash-looping",
        "panic: assignment to entry in nil map",
        "/src/cart.go:41",
        "revision 41 → 42",
        "1.4.1 → 1.4.2",
        "kubectl -n shop rollout undo deployment/checkout --to-revision=41",
        "Avoid",
    ] {
        assert!(told.says(proof), "{proof}: {told:#?}");
    }
    scene.stage.world.roll_back("checkout");
    scene.play("somebody rolled back", |told| told.says("monitoring")).await;
    let over = scene.play("the end", Told::is_resolved).await;
    assert_eq!(scene.active().await, Vec::<String>::new(), "every alert had ended");
    assert!(scene.stage.pods("checkout").len() == 2 && over.ts == told.ts);
    let replies: Vec<&str> = over.thread.iter().map(|reply| reply.0.as_str()).collect();
    let at = |text: &str| replies.iter().position(|reply| reply.contains(text));
    let order = [
        at("Evidence"),
        at("Rolled back to revision 41"),
        at("Healthy since"),
        at("resolved after"),
    ];
    assert!(order.iter().all(Option::is_some) && order.is_sorted(), "in order: {over:#?}");
    assert_eq!(at("resolved after"), Some(replies.len() - 1), "nothing after the end: {over:#?}");
    assert!(over.tells_once(), "{over:#?}");
    scene.stage.nothing_improper();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_users_own_alert_with_renamed_labels_joins_the_polls_incident() {
    let rule = "groups: [ { name: ours, rules: [ { alert: Lab30PodRestarts, \
                expr: 'kube_pod_container_status_restarts_total > 0', for: 6s, \
                labels: { severity: page } } ] } ]";
    let mut scene = Scene::with(false, rule, |_| ()).await;
    scene.break_checkout();
    let polled = scene.play("the poll speaks first", |told| told.says("checkout")).await;
    assert!(!polled.says("Lab30PodRestarts"), "{polled:#?}");
    let joined = scene.play("the alert joins", |told| told.says("Lab30PodRestarts")).await;
    assert_eq!(joined.ts, polled.ts);
    scene.stage.world.roll_back("checkout");
    let over = scene.play("the end", Told::is_resolved).await;
    assert!(over.ts == polled.ts && over.tells_once(), "{over:#?}");
    scene.stage.nothing_improper();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_restarts_speak_without_any_alert() {
    let none = "groups: []";
    let mut scene =
        Scene::with(true, none, |settings| settings["incident"]["waiting_polls"] = json!(1000))
            .await;
    scene.break_checkout();
    let told =
        scene.play("the cause", |told| told.says("nil map") && !told.thread.is_empty()).await;
    assert!(told.says("restarts") && !told.says("Alert"), "{told:#?}");
    scene.stage.world.roll_back("checkout");
    let over = scene.play("the end", Told::is_resolved).await;
    assert!(over.ts == told.ts && over.tells_once(), "{over:#?}");
    scene.stage.nothing_improper();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alerts_that_are_not_ours_to_diagnose_are_told_and_the_heartbeat_is_not() {
    let scene = Scene::with(true, "groups: []", |_| ()).await;
    let pod = &scene.stage.pods("checkout")[0];
    let labels = |more: Value| json!({ "labels": more });
    let alerts = json!([
        labels(json!({ "alertname": "Watchdog", "severity": "none" })),
        labels(json!({ "alertname": "CertificateExpires", "severity": "warning" })),
        labels(
            json!({ "alertname": "PodDown", "cluster": "prod-us", "namespace": "shop", "pod": pod })
        ),
    ]);
    scene.raise(&alerts).await;
    let channel = until("both", async || {
        let channel = scene.stage.channel();
        (channel.len() >= 2).then_some(channel)
    })
    .await;
    let one = |text: &str| channel.iter().filter(|told| told.says(text)).count();
    assert_eq!(one("names nothing in Kubernetes"), 1, "{channel:#?}");
    assert_eq!(one("this alert is from cluster prod-us"), 1, "{channel:#?}");
    assert_eq!(one("Watchdog"), 0, "{channel:#?}");
    scene.stage.nothing_improper();
}
