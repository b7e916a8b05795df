//! How far back the rule of an alert looks: healthy pods keep an alert firing until that time has passed.
//!
//! Read from the expression in the alert's link to its graph, and only for rules about the state of
//! Kubernetes objects: what is about latency or errors does not end because pods are ready.

use std::time::Duration;

use jiff::Timestamp;

use super::rules::after;
use super::{Incident, JoinedAlert};

/// Rules are evaluated, and ends are sent on, once in a while; a promise to the second would be broken.
const SLACK: Duration = Duration::from_secs(60);

/// Alertmanager tells of an end with the next message of its group: by default after five minutes.
const SENT: Duration = Duration::from_secs(300);

/// Why an alert fires on although all is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LooksBack {
    /// How far back its rule looks.
    pub far: Duration,
    /// About until when; `None` once it should have ended long ago.
    pub until: Option<Timestamp>,
}

/// How metrics about the state of pods and of what owns them begin.
const OF_STATE: [&str; 8] = [
    "kube_pod_",
    "kube_deployment_",
    "kube_statefulset_",
    "kube_daemonset_",
    "kube_replicaset_",
    "kube_job_",
    "kube_cronjob_",
    "kube_node_",
];

/// How far back the slowest rule of those that still fire looks; `None` where one of them is not about the state of objects, or nothing is known of it.
pub(super) fn ends_by(incident: &Incident, now: Timestamp) -> Option<LooksBack> {
    let since = incident.healthy_since?;
    let mut longest = None;
    for alert in incident.alerts.values().filter(|alert| alert.ended_at.is_none()) {
        longest = longest.max(Some(of(alert)?));
    }
    let longest = longest?;
    // To the minute, as it is told.
    let at = after(since, longest + SLACK);
    let at = Timestamp::from_second((at.as_second() + 59) / 60 * 60).unwrap_or(at);
    Some(LooksBack { far: longest, until: (after(at, SENT) > now).then_some(at) })
}

fn of(alert: &JoinedAlert) -> Option<Duration> {
    let url = alert.generator_url.as_deref()?;
    let (_, from) = url.split_once("g0.expr=")?;
    let expression = decoded(from.split(['&', '#']).next()?);
    if !OF_STATE.iter().any(|start| expression.contains(start)) {
        return None;
    }
    let ranges = expression.split('[').skip(1).filter_map(|rest| rest.split([']', ':']).next());
    ranges.filter_map(seconds).max().map(Duration::from_secs)
}

/// Percent-encoding undone; what is no text is left out.
fn decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let hex = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let code = hex(bytes.next()).zip(hex(bytes.next()));
                out.extend(code.and_then(|(high, low)| u8::try_from(high * 16 + low).ok()));
            }
            byte => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// `5m`, `1h30m` in seconds.
fn seconds(range: &str) -> Option<u64> {
    let mut total = 0_u64;
    let mut number = String::new();
    for c in range.trim().chars() {
        let factor = match c {
            '0'..='9' => {
                number.push(c);
                continue;
            }
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(factor)?)?;
        number.clear();
    }
    (total > 0 && number.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(expression: &str) -> Option<u64> {
        let joined = JoinedAlert {
            name: String::new(),
            labels: [].into(),
            annotations: [].into(),
            starts_at: Timestamp::UNIX_EPOCH,
            ended_at: None,
            generator_url: Some(format!(
                "http://prometheus:9090/graph?g0.expr={expression}&g0.tab=1"
            )),
            external_url: None,
        };
        of(&joined).map(|range| range.as_secs())
    }

    #[test]
    fn the_longest_range_of_a_rule_about_pods_counts() {
        let crash = "max_over_time%28kube_pod_container_status_waiting_reason%5B5m%5D%29+%3E%3D+1";
        assert_eq!(range(crash), Some(300));
        assert_eq!(range("increase(kube_pod_x[1h30m])+or+rate(kube_pod_y[10m:1m])"), Some(5400));
        assert_eq!(range("kube_deployment_status_replicas+%3C+1"), None);
        assert_eq!(range("rate%28http_requests_total%5B5m%5D%29"), None);
        assert_eq!(range("kube_pod_x[é%zz%5B5"), None);
    }
}
