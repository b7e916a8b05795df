//! How fast it is: no story, but figures, measured where the parts are real. `FIRSTHAND_FIGURES=1` asks for them.

use std::time::Instant;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::lab::House;

/// So many crashes, each of a workload of its own.
const CRASHES: usize = 20;

/// Twenty workloads crash one after the other: from the making of its pod, which ends at once, to Slack's
/// receipt of the message; then an alert about each healthy one, from the webhook to Slack.
pub(super) async fn figures(house: House) {
    let mut seen = Vec::new();
    for number in 0..CRASHES {
        let name = format!("crash-{number}");
        let manifest = deployment(&house, &name, &["-no-such-flag"]);
        house.apply_text(&manifest);
        house.says(&name, &["-no-such-flag"]).await;
        let posted = house.channel.message(&name).expect("it was told");
        seen.push(seconds(&posted.ts) - made_at(&house, &name));
        house.kubectl(&["delete", "deployment", &name, "--wait=false"]);
        // Six within a minute would be told in one message.
        tokio::time::sleep(std::time::Duration::from_secs(11)).await;
    }
    eprintln!("pod made and ended to Slack, s: {}", spread(&mut seen));

    let client = reqwest::Client::new();
    let mut heard = Vec::new();
    for number in 0..CRASHES {
        let name = format!("calm-{number}");
        house.apply_text(&deployment(&house, &name, &[]));
        house.rolled_out(&name);
        let body = alert(&house, &name);
        let began = Instant::now();
        let sent = client.post(house.webhook()).json(&body).send().await.expect("a webhook");
        assert!(sent.status().is_success(), "{}", sent.status());
        while house.channel.message(&name).is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            assert!(began.elapsed().as_secs() < 30, "{}", house.channel.transcript());
        }
        heard.push(began.elapsed().as_secs_f64());
        tokio::time::sleep(std::time::Duration::from_secs(11)).await;
    }
    eprintln!("webhook to Slack with evidence, s: {}", spread(&mut heard));
    let metrics = house.metrics().await;
    for name in ["process_resident_memory_bytes", "firsthand_kubernetes_requests_total"] {
        let line = metrics.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        eprintln!("{line} (after {} incidents)", 2 * CRASHES);
    }
}

fn deployment(house: &House, name: &str, arguments: &[&str]) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name },
        "spec": {
            "replicas": 1, "selector": { "matchLabels": { "app": name } },
            "template": {
                "metadata": { "labels": { "app": name } },
                "spec": { "containers": [{
                    "name": "server", "image": house.image("app:1"), "args": arguments,
                }] },
            },
        },
    })
}

fn alert(house: &House, name: &str) -> Value {
    json!({
        "version": "4", "groupKey": name, "status": "firing", "receiver": "firsthand", "truncatedAlerts": 0,
        "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://alertmanager",
        "alerts": [{
            "status": "firing", "startsAt": Timestamp::now(), "endsAt": "0001-01-01T00:00:00Z",
            "labels": { "alertname": "Slow", "namespace": house.namespace, "deployment": name },
            "annotations": {}, "generatorURL": "", "fingerprint": name,
        }],
    })
}

/// When the workload's pod was made, in seconds since 1970; the API tells whole seconds.
fn made_at(house: &House, name: &str) -> f64 {
    let path = "jsonpath={.items[0].metadata.creationTimestamp}";
    let selector = format!("app={name}");
    let made = house.kubectl(&["get", "pods", "-l", &selector, "-o", path]);
    made.trim().parse::<Timestamp>().map_or(0.0, |at| at.as_second() as f64)
}

fn seconds(ts: &str) -> f64 {
    ts.parse().unwrap_or_default()
}

fn spread(values: &mut [f64]) -> String {
    values.sort_by(f64::total_cmp);
    let at = |part: f64| values[((values.len() - 1) as f64 * part).round() as usize];
    format!("p50 {:.2}, p99 {:.2}, of {}", at(0.5), at(0.99), values.len())
}
