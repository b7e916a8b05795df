//! A stand-in of a Prometheus rule and the Alertmanager behind it: decides which alerts fire over the
//! samples of a world, and puts them into webhook bodies of version 4.
//!
//! It keeps the rules that matter for a demo, in the shape of kubernetes-mixin's: a container that was in
//! CrashLoopBackOff within a window, one that has been waiting for another bad reason, a pod that is not
//! ready, and an autoscaler at its most. It sends nothing itself.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::prometheus::Sample;

/// How long a condition must hold before it fires, and how far back the rule looks.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// `for:` of the rules.
    pub hold: SignedDuration,
    /// The range of `max_over_time`: so long it still fires after the condition has gone.
    pub window: SignedDuration,
}

/// The alerts of one world.
#[derive(Debug)]
pub struct Alerts {
    cluster: String,
    pace: Pace,
    /// By alert name and pod.
    known: BTreeMap<(&'static str, String), Alert>,
}

#[derive(Debug)]
struct Alert {
    labels: BTreeMap<String, String>,
    since: Timestamp,
    last_seen: Timestamp,
    fired: bool,
}

impl Alerts {
    /// No alert yet.
    pub fn new(cluster: &str, pace: Pace) -> Self {
        Self { cluster: cluster.to_owned(), pace, known: BTreeMap::new() }
    }

    /// Evaluates the rules; `Some` is the body to post, when an alert began or ended.
    pub fn evaluate(&mut self, now: Timestamp, samples: &[Sample]) -> Option<Value> {
        for sample in samples {
            if let Some(name) = rule_of(sample) {
                let pod = sample.labels.get("pod").cloned().unwrap_or_default();
                let alert = self.known.entry((name, pod)).or_insert_with(|| Alert {
                    labels: sample.labels.clone(),
                    since: now,
                    last_seen: now,
                    fired: false,
                });
                alert.last_seen = now;
            }
        }
        let (hold, window) = (self.pace.hold, self.pace.window);
        let mut began = false;
        for alert in self.known.values_mut().filter(|alert| !alert.fired) {
            alert.fired = now >= alert.since + hold;
            began |= alert.fired;
        }
        let ended = |alert: &Alert| now > alert.last_seen + window;
        let any_ended = self.known.values().any(|alert| alert.fired && ended(alert));
        let body = (began || any_ended).then(|| self.body(now));
        self.known.retain(|_, alert| !ended(alert));
        body
    }

    fn body(&self, now: Timestamp) -> Value {
        let fired = self.known.iter().filter(|(_, alert)| alert.fired);
        let alerts: Vec<Value> =
            fired.map(|((name, _), alert)| self.alert(now, name, alert)).collect();
        let firing = alerts.iter().any(|alert| alert["status"] == "firing");
        json!({
            "version": "4", "groupKey": "{}:{namespace=\"shop\"}", "truncatedAlerts": 0,
            "status": if firing { "firing" } else { "resolved" }, "receiver": "firsthand",
            "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {},
            "externalURL": "http://alertmanager.example", "alerts": alerts,
        })
    }

    fn alert(&self, now: Timestamp, name: &str, alert: &Alert) -> Value {
        let ended = now > alert.last_seen + self.pace.window;
        let mut labels = alert.labels.clone();
        labels.insert("alertname".into(), name.into());
        labels.insert("severity".into(), "critical".into());
        labels.insert("cluster".into(), self.cluster.clone());
        let (namespace, pod) = (label(alert, "namespace"), label(alert, "pod"));
        let summary = match name {
            "KubePodNotReady" => format!("Pod {namespace}/{pod} is not ready"),
            "KubeHpaMaxedOut" => format!("The autoscaler of {namespace}/{pod} is at its most"),
            _ => format!("Pod {namespace}/{pod} is waiting: {}", label(alert, "reason")),
        };
        json!({
            "status": if ended { "resolved" } else { "firing" },
            "labels": labels,
            "annotations": {
                "summary": summary,
                "runbook_url": format!("https://runbooks.example/kubernetes/{}", name.to_lowercase()),
            },
            "startsAt": alert.since,
            "endsAt": if ended { json!(now) } else { json!("0001-01-01T00:00:00Z") },
            "generatorURL": "http://prometheus.example/graph",
            "fingerprint": fingerprint(name, pod),
        })
    }
}

fn rule_of(sample: &Sample) -> Option<&'static str> {
    match sample.name.as_str() {
        "kube_pod_container_status_waiting_reason" => {}
        "kube_pod_status_ready" => return Some("KubePodNotReady"),
        "kube_horizontalpodautoscaler_at_most" => return Some("KubeHpaMaxedOut"),
        _ => return None,
    }
    match sample.labels.get("reason")?.as_str() {
        "CrashLoopBackOff" => Some("KubePodCrashLooping"),
        "ContainerCreating" | "PodInitializing" => None,
        _ => Some("KubeContainerWaiting"),
    }
}

fn label<'a>(alert: &'a Alert, name: &str) -> &'a str {
    alert.labels.get(name).map_or("", String::as_str)
}

/// Alertmanager's fingerprints are 16 hexadecimal digits of a hash over the labels.
fn fingerprint(name: &str, pod: &str) -> String {
    let hash = name.bytes().chain(pod.bytes()).fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(pod: &str) -> Sample {
        let labels = [("namespace", "shop"), ("pod", pod), ("reason", "CrashLoopBackOff")];
        Sample {
            name: "kube_pod_container_status_waiting_reason".into(),
            labels: labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            value: 1.0,
        }
    }

    #[test]
    fn an_alert_fires_after_its_hold_and_ends_after_its_window() {
        let pace =
            Pace { hold: SignedDuration::from_secs(5), window: SignedDuration::from_secs(10) };
        let mut alerts = Alerts::new("prod-eu", pace);
        let at = |seconds: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
        assert!(alerts.evaluate(at(0), &[waiting("web-1")]).is_none());
        let fires = alerts.evaluate(at(5), &[waiting("web-1")]).unwrap();
        assert_eq!(fires["alerts"][0]["status"], "firing");
        assert!(alerts.evaluate(at(12), &[]).is_none());
        let ends = alerts.evaluate(at(16), &[]).unwrap();
        assert_eq!(
            (&ends["status"], &ends["alerts"][0]["endsAt"]),
            (&json!("resolved"), &json!(at(16)))
        );
        assert!(alerts.evaluate(at(17), &[]).is_none());
    }
}
