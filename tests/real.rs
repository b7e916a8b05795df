//! Real Prometheus and Alertmanager, as Debian packages them (2.42 and 0.25: the old end of what people
//! run), and what the poll and the webhook make of them.

#[path = "real/incidents.rs"]
mod incidents;
#[path = "real/lacking.rs"]
mod lacking;
#[path = "real/mod.rs"]
mod parts;
#[path = "stories/stage.rs"]
#[expect(dead_code, reason = "shared with the stories over stand-ins")]
mod stage;

use firsthand::diagnosis::ObjectRef;
use firsthand::incident::{
    AlertSignal, AlertStatus, JoinedAlert, PollSignal, Signal, SignalKind, Subject,
};
use firsthand::intake::{
    self, AlertmanagerSettings, Asker, Polled, Poller, PrometheusSettings, Reconciler, Watermark,
    Word,
};
use jiff::{SignedDuration, Timestamp};
use parts::{Heard, History, RealAlertmanager, RealPrometheus, Scraped, ZERO, until};

const RULES: &str = include_str!("../alerts/firsthand-alerts.yaml");

fn poller(prometheus: &RealPrometheus, change: impl FnOnce(&mut PrometheusSettings)) -> Poller {
    firsthand::tls::install();
    let mut settings =
        PrometheusSettings { url: Some(prometheus.url()), ..PrometheusSettings::default() };
    change(&mut settings);
    Poller::new(settings, "prod").expect("a poller")
}

fn second(s: i64) -> Timestamp {
    Timestamp::from_second(ZERO + s).expect("a time")
}

/// Polls at each of `times` (seconds after the history's zero), one after the other.
async fn polls(poller: &Poller, times: &[i64]) -> Vec<Polled> {
    let mut polled: Vec<Polled> = Vec::new();
    for time in times {
        // As the ledger keeps it: through JSON.
        let watermark = polled.last().map(|p| serde_json::to_string(&p.watermark).expect("JSON"));
        let watermark: Option<Watermark> =
            watermark.map(|w| serde_json::from_str(&w).expect("JSON"));
        polled.push(poller.poll(watermark, second(*time)).await.expect("an answer"));
    }
    polled
}

/// `pod/container count by` for each restart.
fn restarts(polled: &Polled) -> Vec<String> {
    let told = polled.signals.iter().filter_map(|s| match &s.kind {
        SignalKind::Poll(PollSignal::Restarted { pod, container, count, by, .. }) => {
            Some(format!("{pod}/{container} {count} {by}"))
        }
        _ => None,
    });
    told.collect()
}

/// `pod/container reason` for each container that waits.
fn waits(polled: &Polled) -> Vec<String> {
    let told = polled.signals.iter().filter_map(|s| match &s.kind {
        SignalKind::Poll(PollSignal::Waiting { pod, container, reason, .. }) => {
            Some(format!("{pod}/{container} {reason}"))
        }
        _ => None,
    });
    told.collect()
}

const NONE: [&str; 0] = [];

fn counter(pod: &str, uid: &str, instance: &str) -> String {
    format!(
        "kube_pod_container_status_restarts_total{{namespace=\"shop\",pod=\"{pod}\",uid=\"{uid}\",container=\"app\",instance=\"{instance}\"}}"
    )
}

fn steady(value: i64) -> impl Iterator<Item = i64> {
    std::iter::repeat_n(value, 80)
}

fn then(parts: &[(i64, usize)]) -> Vec<i64> {
    parts.iter().flat_map(|(value, n)| std::iter::repeat_n(*value, *n)).collect()
}

#[tokio::test]
async fn old_restarts_are_no_news_and_new_ones_are_told_once() {
    let history = History::default().series(&counter("old-0", "u1", "a"), 0, steady(900)).series(
        &counter("web-0", "u2", "a"),
        0,
        then(&[(4, 21), (5, 1), (7, 58)]),
    );
    let prometheus = RealPrometheus::remembering(&history).await;
    let polled = polls(&poller(&prometheus, |_| ()), &[300, 316, 331, 346, 361, 500]).await;
    let told: Vec<_> = polled.iter().map(restarts).collect();
    assert_eq!(told, [&[][..], &["web-0/app 5 1"], &["web-0/app 7 2"], &[], &[], &[]]);
    let signal = &polled[1].signals[0];
    assert_eq!(signal.key, "restart/u2/app/5");
    assert_eq!(signal.subject.key(), "prod/shop/Pod/web-0");
}

#[tokio::test]
async fn the_first_restarts_of_a_new_pod_are_seen() {
    let history = History::default().series(&counter("old-0", "u1", "a"), 0, steady(900)).series(
        &counter("web-0", "u2", "a"),
        310,
        steady(2),
    );
    let prometheus = RealPrometheus::remembering(&history).await;
    let polled = polls(&poller(&prometheus, |_| ()), &[300, 315, 330]).await;
    assert_eq!(restarts(&polled[1]), ["web-0/app 2 2"]);
    assert_eq!(restarts(&polled[2]), NONE);
}

#[tokio::test]
async fn a_recreated_pod_of_the_same_name_counts_anew() {
    let history = History::default()
        .series(&counter("db-0", "old", "a"), 0, then(&[(50, 20)]))
        .series(&counter("db-0", "new", "a"), 305, then(&[(0, 2), (1, 70)]));
    let prometheus = RealPrometheus::remembering(&history).await;
    let polled = polls(&poller(&prometheus, |_| ()), &[300, 315, 345]).await;
    let told: Vec<_> = polled.iter().map(restarts).collect();
    assert_eq!(told, [&[][..], &[], &["db-0/app 1 1"]]);
}

#[tokio::test]
async fn series_doubled_by_two_kube_state_metrics_are_one() {
    let moves = then(&[(0, 21), (1, 60)]);
    let history = History::default().series(&counter("web-0", "u1", "a"), 0, moves.clone()).series(
        &counter("web-0", "u1", "b"),
        0,
        moves,
    );
    let prometheus = RealPrometheus::remembering(&history).await;
    let polled = polls(&poller(&prometheus, |_| ()), &[300, 316]).await;
    assert_eq!(restarts(&polled[1]), ["web-0/app 1 1"]);
}

#[tokio::test]
async fn restarts_while_the_poll_was_away_are_caught_up_exactly() {
    let history = History::default().series(
        &counter("web-0", "u1", "a"),
        0,
        then(&[(3, 40), (4, 40), (6, 40), (6, 40)]),
    );
    let prometheus = RealPrometheus::remembering(&history).await;
    let polled = polls(&poller(&prometheus, |_| ()), &[300, 1500, 1515, 1530]).await;
    let told: Vec<_> = polled.iter().map(restarts).collect();
    assert_eq!(told, [&[][..], &["web-0/app 6 3"], &[], &[]]);
}

/// `times from..until`, in seconds after the history's zero, of each restart that nobody saw.
fn missed(polled: &Polled) -> Vec<String> {
    let told = polled.signals.iter().filter_map(|s| match &s.kind {
        SignalKind::Poll(PollSignal::Restarted { missed: Some(missed), .. }) => {
            let (from, until) = (missed.from.as_second() - ZERO, missed.until.as_second() - ZERO);
            Some(format!("{} {from}..{until}", missed.times))
        }
        _ => None,
    });
    told.collect()
}

#[tokio::test]
async fn restarts_of_a_time_in_which_nobody_looked_are_dated_from_the_history() {
    // At 600, at 900 and 915, then it stands until 3600.
    let history = History::default().series(
        &counter("web-0", "u1", "a"),
        0,
        then(&[(3, 40), (4, 20), (5, 1), (6, 200)]),
    );
    let prometheus = RealPrometheus::remembering(&history).await;
    let polled = polls(&poller(&prometheus, |_| ()), &[300, 3600, 3615]).await;
    assert_eq!(missed(&polled[1]), ["3 585..915"]);
    assert_eq!(polled[2].signals, [], "once");
    // A poll or two that failed are no such time.
    let polled = polls(&poller(&prometheus, |_| ()), &[585, 645]).await;
    assert_eq!((restarts(&polled[1]).len(), missed(&polled[1]).len()), (1, 0));
}

#[tokio::test]
async fn after_days_the_steps_are_longer_and_the_restarts_as_exact() {
    let day = 24 * 3600 / 15;
    let history =
        History::default().series(&counter("web-0", "u1", "a"), 0, then(&[(3, day), (9, day)]));
    let prometheus = RealPrometheus::remembering(&history).await;
    let polled = polls(&poller(&prometheus, |_| ()), &[300, 2 * 24 * 3600 - 60]).await;
    assert_eq!(restarts(&polled[1]), ["web-0/app 9 6"]);
    let told = missed(&polled[1]);
    let (from, until) =
        told[0].strip_prefix("6 ").and_then(|it| it.split_once("..")).expect("a time");
    let (from, until): (i64, i64) = (from.parse().expect("a second"), until.parse().expect("one"));
    assert!((from..=until).contains(&(24 * 3600)) && until - from < 900, "{told:?}");
}

#[tokio::test]
async fn what_prometheus_itself_did_not_see_is_not_dated_to_its_return() {
    // It was down from 600 to 2400, and the container restarted twice meanwhile.
    let history = History::default()
        .series(&counter("web-0", "u1", "a"), 0, then(&[(4, 40)]))
        .series(&counter("web-0", "u1", "a"), 2400, then(&[(6, 60)]));
    let prometheus = RealPrometheus::remembering(&history).await;
    let polled = polls(&poller(&prometheus, |_| ()), &[585, 2430]).await;
    let told = missed(&polled[1]);
    let until: i64 = told[0].rsplit("..").next().and_then(|it| it.parse().ok()).expect("a second");
    assert!(told[0].starts_with("2 ") && until < 1000, "{told:?}");
}

#[tokio::test]
async fn a_clock_that_was_set_back_tells_nothing_twice() {
    let history =
        History::default().series(&counter("web-0", "u1", "a"), 0, then(&[(3, 40), (4, 80)]));
    let prometheus = RealPrometheus::remembering(&history).await;
    let polled = polls(&poller(&prometheus, |_| ()), &[590, 605, 300, 315, 610, 625]).await;
    let told: Vec<_> = polled.iter().map(restarts).collect();
    assert_eq!(told, [&[][..], &["web-0/app 4 1"], &[], &[], &[], &[]]);
}

#[tokio::test]
async fn a_gap_in_the_metrics_does_not_make_old_restarts_new() {
    // Nothing was scraped from 600 to 1500; 900 and 4 are from long before.
    let history = History::default()
        .series(&counter("old-0", "u1", "a"), 0, then(&[(900, 40)]))
        .series(&counter("old-0", "u1", "a"), 1500, then(&[(900, 60)]))
        .series(&counter("web-0", "u2", "a"), 0, then(&[(4, 40)]))
        .series(&counter("web-0", "u2", "a"), 1500, then(&[(5, 60)]));
    let prometheus = RealPrometheus::remembering(&history).await;
    let polled = polls(&poller(&prometheus, |_| ()), &[595, 1505, 1520, 1535, 1700, 1715]).await;
    let told: Vec<_> = polled.iter().map(restarts).collect();
    assert_eq!(told, [&[][..], &["web-0/app 5 1"], &[], &[], &[], &[]]);
}

#[tokio::test]
async fn a_gap_that_no_poll_fell_into_does_not_make_old_restarts_new() {
    // Polls are far apart; the overlap before the second reaches into the gap.
    let history = History::default()
        .series(&counter("old-0", "u1", "a"), -1200, then(&[(900, 120)]))
        .series(&counter("old-0", "u1", "a"), 1500, then(&[(900, 80)]));
    let prometheus = RealPrometheus::remembering(&history).await;
    let slow = |s: &mut PrometheusSettings| s.poll_interval = std::time::Duration::from_secs(900);
    let polled = polls(&poller(&prometheus, slow), &[300, 595, 1510, 2410]).await;
    assert!(polled.iter().all(|p| p.signals.is_empty()), "{polled:?}");
}

#[tokio::test]
async fn a_series_that_comes_back_is_told_from_a_new_pod_by_its_age() {
    // One of two shards was away: its pods' series were gone at both times that are compared.
    let created = |pod: &str, uid: &str| {
        format!("kube_pod_created{{namespace=\"shop\",pod=\"{pod}\",uid=\"{uid}\"}}")
    };
    let history = History::default()
        .series(&counter("other-0", "u0", "a"), 0, steady(0))
        .series(&counter("back-0", "u1", "a"), 610, then(&[(9, 30)]))
        .series(&counter("new-0", "u2", "a"), 610, then(&[(1, 30)]))
        .series(&created("back-0", "u1"), 610, then(&[(ZERO - 86_400, 30)]))
        .series(&created("new-0", "u2"), 610, then(&[(ZERO + 600, 30)]));
    let prometheus = RealPrometheus::remembering(&history).await;
    let polled = polls(&poller(&prometheus, |_| ()), &[300, 315, 600, 615, 630]).await;
    assert_eq!(restarts(&polled[3]), ["new-0/app 1 1"]);
    assert_eq!(restarts(&polled[4]), NONE);
}

#[tokio::test]
async fn the_reason_and_exit_code_of_the_last_end_come_with_the_restart() {
    let of = |metric: &str, reason: &str| {
        format!(
            "kube_pod_container_status_{metric}{{namespace=\"shop\",pod=\"web-0\",uid=\"u1\",container=\"app\"{reason}}}"
        )
    };
    let history = History::default()
        .series(&counter("web-0", "u1", "a"), 0, then(&[(0, 20), (1, 60)]))
        .series(&of("last_terminated_reason", ",reason=\"OOMKilled\""), 300, steady(1))
        .series(&of("last_terminated_exitcode", ""), 300, steady(137));
    let prometheus = RealPrometheus::remembering(&history).await;
    let polled = polls(&poller(&prometheus, |_| ()), &[295, 310]).await;
    let SignalKind::Poll(PollSignal::Restarted { reason, exit_code, uid, .. }) =
        &polled[1].signals[0].kind
    else {
        panic!("{polled:?}")
    };
    assert_eq!((reason.as_deref(), *exit_code, uid.as_str()), (Some("OOMKilled"), Some(137), "u1"));
}

#[tokio::test]
async fn labels_that_prometheus_renamed_are_taken_back() {
    let renamed = |metric: &str, instance: &str, more: &str| {
        format!(
            "{metric}{{namespace=\"monitoring\",pod=\"ksm-{instance}\",container=\"ksm\",exported_namespace=\"shop\",exported_pod=\"web-0\",exported_container=\"app\",uid=\"u1\",instance=\"{instance}\"{more}}}"
        )
    };
    let restart = "kube_pod_container_status_restarts_total";
    let reason = "kube_pod_container_status_last_terminated_reason";
    let waiting = "kube_pod_container_status_waiting_reason";
    // The first kube-state-metrics is replaced by a second in between: no old restart becomes new by it.
    let history = History::default()
        .series(&renamed(restart, "a", ""), 0, then(&[(7, 30)]))
        .series(&renamed(restart, "b", ""), 450, then(&[(7, 4), (8, 60)]))
        .series(&renamed(reason, "b", ",reason=\"Error\""), 450, steady(1))
        .series(&renamed(waiting, "b", ",reason=\"CrashLoopBackOff\""), 510, steady(1));
    let prometheus = RealPrometheus::remembering(&history).await;
    let polled = polls(&poller(&prometheus, |_| ()), &[430, 445, 460, 475, 515]).await;
    let told: Vec<_> = polled.iter().map(restarts).collect();
    assert_eq!(told, [&[][..], &[], &[], &[], &["web-0/app 8 1"]]);
    assert_eq!(waits(&polled[4]), ["web-0/app CrashLoopBackOff"]);
    assert!(polled[4].signals.iter().all(|s| s.subject.key() == "prod/shop/Pod/web-0"));
}

#[tokio::test]
async fn waiting_is_told_at_every_poll_and_a_short_wait_between_two_polls_too() {
    let waiting = |metric: &str, container: &str, reason: &str| {
        format!(
            "kube_pod_{metric}container_status_waiting_reason{{namespace=\"shop\",pod=\"web-0\",uid=\"u1\",container=\"{container}\",reason=\"{reason}\"}}"
        )
    };
    let history = History::default()
        .series(&counter("web-0", "u1", "a"), 0, steady(0))
        .series(&waiting("", "app", "PodInitializing"), 0, steady(1))
        // Old kube-state-metrics leave a zero behind.
        .series(&waiting("", "app", "CrashLoopBackOff"), 0, then(&[(0, 22), (1, 1), (0, 40)]))
        .series(&waiting("init_", "migrate", "ImagePullBackOff"), 0, steady(1));
    let prometheus = RealPrometheus::remembering(&history).await;
    let polled = polls(&poller(&prometheus, |_| ()), &[300, 360, 375]).await;
    assert_eq!(waits(&polled[0]), ["web-0/migrate ImagePullBackOff"], "at the first poll too");
    assert_eq!(waits(&polled[1]).len(), 2, "{:?}", waits(&polled[1]));
    assert_eq!(waits(&polled[2]), ["web-0/migrate ImagePullBackOff"]);
    assert_ne!(polled[0].signals[0].key, polled[2].signals[0].key, "each poll says it anew");
}

#[tokio::test]
async fn without_kube_state_metrics_the_poll_fails_in_words() {
    let history = History::default().series("up{job=\"shop\"}", 0, steady(1));
    let prometheus = RealPrometheus::remembering(&history).await;
    let error = poller(&prometheus, |_| ()).poll(None, second(300)).await.expect_err("absent");
    assert!(error.to_string().contains("kube-state-metrics"), "{error}");
}

#[tokio::test]
async fn the_matchers_keep_another_clusters_pods_out() {
    let of = |cluster: &str, pod: &str| {
        format!(
            "kube_pod_container_status_restarts_total{{cluster=\"{cluster}\",namespace=\"shop\",pod=\"{pod}\",uid=\"{pod}\",container=\"app\"}}"
        )
    };
    let moves = then(&[(0, 21), (1, 60)]);
    let history = History::default().series(&of("prod", "mine"), 0, moves.clone()).series(
        &of("staging", "theirs"),
        0,
        moves,
    );
    let prometheus = RealPrometheus::remembering(&history).await;
    let own = |s: &mut PrometheusSettings| s.matchers = vec!["cluster=\"prod\"".into()];
    let polled = polls(&poller(&prometheus, own), &[300, 316]).await;
    assert_eq!(restarts(&polled[1]), ["mine/app 1 1"]);
    let typo = |s: &mut PrometheusSettings| s.matchers = vec!["cluster=prod".into()];
    let error = poller(&prometheus, typo).poll(None, second(300)).await.expect_err("no PromQL");
    assert!(error.to_string().contains("400 bad_data"), "{error}");
}

#[tokio::test]
async fn a_prometheus_that_is_away_is_named_without_its_password() {
    firsthand::tls::install();
    let url = Some("http://ops:hunter2@127.0.0.1:9/prom".to_owned());
    let settings = PrometheusSettings { url, ..PrometheusSettings::default() };
    let poller = Poller::new(settings, "prod").expect("a poller");
    let error = poller.poll(None, second(300)).await.expect_err("nobody listens").to_string();
    assert!(error.contains("127.0.0.1:9") && error.contains("cannot connect"), "{error}");
    assert!(!error.contains("hunter2") && !format!("{poller:?}").contains("hunter2"), "{error}");
}

/// One container of one pod, as kube-state-metrics prints it.
fn page(restarts: i64) -> String {
    let labels = "namespace=\"shop\",pod=\"web-0\",uid=\"u1\",container=\"app\"";
    format!("kube_pod_container_status_restarts_total{{{labels}}} {restarts}\n")
}

fn alerts(heard: &Heard) -> Vec<(Signal, AlertSignal)> {
    let mut found = Vec::new();
    for body in heard.bodies() {
        let heard = intake::parse(&body, "prod", "cluster", Timestamp::now()).expect("readable");
        for signal in heard.signals {
            let SignalKind::Alert(alert) = signal.kind.clone() else { continue };
            found.push((signal, alert));
        }
    }
    found
}

#[tokio::test]
async fn a_scraped_restart_is_polled_and_the_shipped_rule_fires_into_the_webhook() {
    let heard = Heard::listening().await;
    let scraped = Scraped::serving(&page(0)).await;
    let alertmanager = RealAlertmanager::sending_to(&heard.url, "{}").await;
    let prometheus = RealPrometheus::scraping(&scraped, true, RULES, Some(&alertmanager)).await;
    let poller = poller(&prometheus, |_| ());

    let first =
        until("the first scrape", async || poller.poll(None, Timestamp::now()).await.ok()).await;
    assert_eq!(restarts(&first), NONE);
    scraped.set(&page(3));
    let polled = until("the restarts", async || {
        let polled = poller.poll(Some(first.watermark.clone()), Timestamp::now()).await.ok()?;
        (!polled.signals.is_empty()).then_some(polled)
    });
    assert_eq!(restarts(&polled.await), ["web-0/app 3 3"]);

    let (signal, alert) = until("the alert", async || alerts(&heard).into_iter().next()).await;
    assert_eq!((alert.name(), alert.status), ("PodRestarting", AlertStatus::Firing));
    assert_eq!(signal.subject.key(), "prod/shop/Pod/web-0");
    assert!(alert.annotations["summary"].contains("shop/web-0"));
    assert!(alert.generator_url.is_some() && alert.external_url.is_some(), "{alert:?}");

    // The pod is gone: the alert ends, and the end is another signal of the same alert.
    scraped.set("up_again 1\n");
    let ended = until("its end", async || {
        alerts(&heard).into_iter().find(|(_, a)| a.status == AlertStatus::Resolved)
    });
    let (over, ended) = ended.await;
    assert_eq!((ended.fingerprint, ended.starts_at), (alert.fingerprint, alert.starts_at));
    assert!(ended.ends_at.is_some_and(|end| end > alert.starts_at) && over.key != signal.key);
}

#[tokio::test]
async fn without_honor_labels_the_alert_is_still_about_the_pod() {
    let heard = Heard::listening().await;
    let scraped = Scraped::serving(&page(1)).await;
    let alertmanager = RealAlertmanager::sending_to(&heard.url, "{}").await;
    // A rule as people write it, under their own name.
    let rule = "groups: [ { name: ours, rules: [ { alert: OurPodsRestart, expr: 'kube_pod_container_status_restarts_total > 0', labels: { severity: page } } ] } ]";
    let _prometheus = RealPrometheus::scraping(&scraped, false, rule, Some(&alertmanager)).await;
    let (signal, alert) = until("the alert", async || alerts(&heard).into_iter().next()).await;
    assert_eq!(alert.labels["exported_pod"], "web-0");
    assert_eq!(signal.subject.key(), "prod/shop/Pod/web-0");

    // A sender that leaves the fingerprint out: ours is the one Alertmanager computes.
    let mut body: serde_json::Value = serde_json::from_slice(&heard.bodies()[0]).expect("JSON");
    body["alerts"][0].as_object_mut().expect("an alert").remove("fingerprint");
    let again = intake::parse(body.to_string().as_bytes(), "prod", "cluster", Timestamp::now());
    assert_eq!(again.expect("readable").signals[0].key, signal.key);
}

#[tokio::test]
async fn alertmanager_sends_the_credentials_the_listener_asks_for() {
    use futures::FutureExt;
    firsthand::tls::install();
    let folder = tempfile::tempdir().expect("a folder");
    let token = folder.path().join("token");
    std::fs::write(&token, "s3cret\n").expect("written");
    let settings =
        firsthand::web::Settings { bearer_token_file: Some(token.clone()), basic_auth: None };
    let (sent, mut stored) = tokio::sync::mpsc::unbounded_channel();
    let accept: firsthand::web::Accept = std::sync::Arc::new(move |body| {
        drop(sent.send(body));
        let accepted = firsthand::web::Accepted { new: 1, repeated: 0 };
        futures::future::ready(Ok(accepted)).boxed()
    });
    let readiness = firsthand::web::Readiness::of([]);
    let telemetry = firsthand::telemetry::Telemetry::new([]);
    let router = firsthand::web::router(accept, settings, readiness, telemetry.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/alertmanager", listener.local_addr().expect("an address"));
    tokio::spawn(firsthand::web::serve(listener, router, std::future::pending()));

    let http = format!("{{ authorization: {{ credentials_file: '{}' }} }}", token.display());
    let alertmanager = RealAlertmanager::sending_to(&url, &http).await;
    let alerts = serde_json::json!([{"labels": {"alertname": "OrdersDown", "namespace": "shop"}}]);
    let posted = reqwest::Client::new()
        .post(format!("{}/api/v2/alerts", alertmanager.url()))
        .json(&alerts)
        .send()
        .await;
    assert!(posted.is_ok_and(|answer| answer.status().is_success()));
    let body = until("the webhook", async || stored.try_recv().ok()).await;
    let heard = intake::parse(&body, "prod", "cluster", Timestamp::now()).expect("readable");
    assert_eq!(heard.signals[0].subject.key(), "prod/shop/Namespace/shop");
    until("the answer", async || {
        telemetry.page().contains("outcome=\"accepted\"} 1").then_some(())
    })
    .await;
}

fn alertmanager_of(url: &str) -> AlertmanagerSettings {
    AlertmanagerSettings { url: Some(url.to_owned()), ..AlertmanagerSettings::default() }
}

async fn posted(url: String, body: serde_json::Value) -> serde_json::Value {
    let answer = reqwest::Client::new().post(url).json(&body).send().await.expect("an answer");
    assert!(answer.status().is_success(), "{answer:?}");
    answer.json().await.unwrap_or_default()
}

/// A restart of a container of `pod` in shop, about its Deployment.
fn restart_of(pod: &str, deployment: &str) -> (Signal, ObjectRef) {
    let poll = PollSignal::Restarted {
        pod: pod.to_owned(),
        uid: "u1".to_owned(),
        container: "app".to_owned(),
        count: 1,
        by: 1,
        reason: None,
        exit_code: None,
        missed: None,
    };
    let object = Some(ObjectRef::new("Deployment", "shop", deployment));
    let subject = Subject { cluster: "prod".to_owned(), object, group: String::new() };
    let (key, kind) = (String::new(), SignalKind::Poll(poll));
    let signal = Signal { key, subject, heard_at: Timestamp::now(), kind, muted: None };
    (signal, ObjectRef::new("Pod", "shop", pod))
}

#[tokio::test]
async fn a_silence_and_an_inhibition_hold_for_what_the_poll_sees() {
    let alertmanager = RealAlertmanager::sending_to("http://127.0.0.1:9/", "{}").await;
    let asker = Asker::new(&alertmanager_of(&alertmanager.url()), "prod");
    let asker = asker.expect("settings").expect("one is named");
    let now = Timestamp::now;
    let muted = async |pod: &str, deployment: &str| {
        let will = asker.ask(now()).await.expect("an answer");
        let (signal, named) = restart_of(pod, deployment);
        will.mutes(&signal, Some(&named), now()).map(|muted| muted.why)
    };
    assert_eq!(muted("web-67cb79f4d6-85lnb", "web").await, None, "nothing is silenced yet");

    let matchers = serde_json::json!([
        {"name": "namespace", "value": "shop|other", "isRegex": true, "isEqual": true},
        {"name": "pod", "value": "web-.*", "isRegex": true, "isEqual": true},
    ]);
    let silence = serde_json::json!({"matchers": matchers, "createdBy": "alice", "comment": "moving the database",
        "startsAt": now(), "endsAt": now() + SignedDuration::from_hours(2)});
    let silenced = posted(format!("{}/api/v2/silences", alertmanager.url()), silence).await;
    let why = muted("web-67cb79f4d6-85lnb", "web").await.expect("silenced");
    assert!(why.contains("by alice: moving the database"), "{why}");
    assert_eq!(muted("cart-67cb79f4d6-85lnb", "cart").await, None, "another one's");

    let id = silenced["silenceID"].as_str().expect("an id");
    let url = format!("{}/api/v2/silence/{id}", alertmanager.url());
    reqwest::Client::new().delete(url).send().await.expect("an answer");
    assert_eq!(muted("web-67cb79f4d6-85lnb", "web").await, None, "the silence was taken back");

    // The configuration inhibits warnings of a node's pods while the node is away.
    let alert = |name: &str, severity: &str, pod: Option<&str>| {
        let mut labels =
            serde_json::json!({"alertname": name, "severity": severity, "node": "node-7"});
        if let Some(pod) = pod {
            labels["namespace"] = "shop".into();
            labels["pod"] = pod.into();
        }
        serde_json::json!({ "labels": labels })
    };
    let alerts = serde_json::json!([
        alert("KubeNodeNotReady", "critical", None),
        alert("KubePodCrashLooping", "warning", Some("web-67cb79f4d6-85lnb")),
    ]);
    posted(format!("{}/api/v2/alerts", alertmanager.url()), alerts).await;
    let why = until("the inhibition", async || muted("web-67cb79f4d6-x4k2d", "web").await).await;
    assert_eq!(why, "KubePodCrashLooping is inhibited in Alertmanager by KubeNodeNotReady");
    let more = serde_json::json!([alert("PodNotReady", "critical", Some("web-67cb79f4d6-9mztq"))]);
    posted(format!("{}/api/v2/alerts", alertmanager.url()), more).await;
    let spoken = async || muted("web-67cb79f4d6-x4k2d", "web").await.is_none().then_some(());
    until("one alert of it that is not held back", spoken).await;
}

fn orders_down(starts_at: Timestamp) -> JoinedAlert {
    let labels = [("alertname", "OrdersDown"), ("namespace", "shop"), ("severity", "critical")];
    JoinedAlert {
        name: "OrdersDown".to_owned(),
        labels: labels.map(|(n, v)| (n.to_owned(), v.to_owned())).into(),
        annotations: [].into(),
        starts_at,
        ended_at: None,
        generator_url: None,
        external_url: None,
    }
}

#[tokio::test]
async fn an_end_whose_webhook_was_lost_is_found_and_an_empty_alertmanager_ends_nothing() {
    let alertmanager = RealAlertmanager::sending_to("http://127.0.0.1:9/", "{}").await;
    let asker = Asker::new(&alertmanager_of(&alertmanager.url()), "prod");
    let asker = asker.expect("settings").expect("one is named");
    let object = Some(ObjectRef::new("Namespace", "shop", "shop"));
    let subject = Subject { cluster: "prod".to_owned(), object, group: String::new() };
    let (fingerprint, mut joined) = ("f1".to_owned(), orders_down(Timestamp::now()));
    let mut reconciler = Reconciler::default();
    let mut at = async |minutes: i64, joined: &JoinedAlert| {
        let now = Timestamp::now() + SignedDuration::from_mins(minutes);
        let will = asker.ask(now).await.expect("an answer");
        reconciler.compare([(&subject, &fingerprint, joined)].into_iter(), &will)
    };
    // It has just started, with nothing in its memory: that is no end, however often it is asked.
    for minutes in [0, 3, 5] {
        assert_eq!(at(minutes, &joined).await, (vec![], vec![]));
    }
    assert_eq!(at(7, &joined).await, (vec![], vec![]), "once is not twice");
    let (suspects, _) = at(10, &joined).await;
    let [suspect] = &suspects[..] else { panic!("{suspects:?}") };
    assert_eq!(suspect.ended(Some(Word::Fires), second(900)), None, "Prometheus overrules");
    assert_eq!(suspect.ended(Some(Word::Unknown), second(900)), None, "nobody else knew it");
    assert_eq!(suspect.ended(None, second(900)), None, "this Alertmanager never held it");
    let ended = suspect.ended(Some(Word::Ended(second(600))), second(900)).expect("over");
    let SignalKind::Alert(alert) = &ended.kind else { panic!("{ended:?}") };
    assert_eq!((alert.status, alert.ends_at), (AlertStatus::Resolved, Some(second(600))));

    // Alertmanager holds one to fire that we took for ended: it fires on.
    let labels =
        serde_json::json!({"alertname": "OrdersDown", "namespace": "shop", "severity": "critical"});
    let alerts = serde_json::json!([{ "labels": labels }]);
    posted(format!("{}/api/v2/alerts", alertmanager.url()), alerts).await;
    let url = format!("{}/api/v2/alerts", alertmanager.url());
    let held: serde_json::Value =
        reqwest::get(url).await.expect("an answer").json().await.expect("JSON");
    let fingerprint = held[0]["fingerprint"].as_str().expect("one").to_owned();
    joined.ended_at = Some(Timestamp::now() - SignedDuration::from_mins(6));
    let will = asker.ask(Timestamp::now()).await.expect("an answer");
    let (_, on) =
        Reconciler::default().compare([(&subject, &fingerprint, &joined)].into_iter(), &will);
    assert!(
        matches!(
            &on[..],
            [Signal {
                kind: SignalKind::Alert(AlertSignal { status: AlertStatus::Firing, .. }),
                ..
            }]
        ),
        "{on:?}"
    );
    joined.ended_at = Some(Timestamp::now());
    let (_, on) =
        Reconciler::default().compare([(&subject, &fingerprint, &joined)].into_iter(), &will);
    assert_eq!(on, [], "a copy of its beginning may still be under way");
}

#[tokio::test]
async fn prometheus_says_whether_an_alert_fires_and_does_not_guess() {
    let fired = |name: &str, more: &str| {
        format!("ALERTS{{alertname=\"{name}\",alertstate=\"firing\",namespace=\"shop\"{more}}}")
    };
    let history = History::default()
        .series(&fired("OrdersDown", ""), 0, then(&[(1, 40)]))
        .series(&fired("StillDown", ",pod=\"a\""), 0, then(&[(1, 120)]))
        .series("up{job=\"a\"}", 0, then(&[(1, 120)]));
    let prometheus = RealPrometheus::remembering(&history).await;
    let poller = poller(&prometheus, |_| ());
    let word = async |name: &str, at: i64| {
        let mut labels = orders_down(second(0)).labels;
        labels.insert("alertname".to_owned(), name.to_owned());
        poller.word(&labels, second(0), second(at)).await.expect("an answer")
    };
    assert_eq!(word("OrdersDown", 1500).await, Word::Ended(second(585)));
    assert_eq!(word("OrdersDown", 800).await, Word::Fires, "it may not have been evaluated again");
    assert_eq!(word("StillDown", 1500).await, Word::Fires, "labels that only one side has");
    assert_eq!(word("NeverHeard", 1500).await, Word::Unknown);
    assert_eq!(word("OrdersDown", 2400).await, Word::Unknown, "nothing was scraped of late");
}
