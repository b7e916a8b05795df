//! One silence of Alertmanager, and whether it is meant for what the poll saw.

use std::collections::BTreeMap;

use jiff::Timestamp;
use regex::Regex;
use serde::Deserialize;

use super::alertmanager::bounded;

/// A silence as `GET /api/v2/silences` gives it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Silence {
    #[serde(default)]
    id: String,
    matchers: Vec<Matcher>,
    starts_at: Timestamp,
    ends_at: Timestamp,
    #[serde(default)]
    created_by: String,
    #[serde(default)]
    comment: String,
    status: Status,
}

#[derive(Clone, Debug, Deserialize)]
struct Status {
    state: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(from = "Written")]
struct Matcher {
    name: String,
    value: String,
    equal: bool,
    /// The value as Alertmanager reads it, anchored at both ends; `None` where it is plain text.
    pattern: Option<Result<Regex, ()>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    name: String,
    value: String,
    #[serde(default)]
    is_regex: bool,
    /// Left out by Alertmanager before 0.22, which knew no negative matchers.
    #[serde(default = "yes")]
    is_equal: bool,
}

fn yes() -> bool {
    true
}

impl From<Written> for Matcher {
    fn from(written: Written) -> Self {
        let Written { name, value, is_regex, is_equal } = written;
        let anchored = || Regex::new(&format!("^(?:{value})$")).map_err(drop);
        let pattern = is_regex.then(anchored);
        Self { name, value, equal: is_equal, pattern }
    }
}

/// Labels that a rule's series carry from where they were scraped. The poll does not know them.
const SCRAPED: [&str; 12] = [
    "endpoint",
    "instance",
    "job",
    "metrics_path",
    "prometheus",
    "prometheus_replica",
    "replica",
    "service",
    "severity",
    "priority",
    "sev",
    "uid",
];

/// Labels of which one must match before a silence's other ones are taken on trust.
const OBJECTS: [&str; 12] = [
    "pod",
    "deployment",
    "statefulset",
    "daemonset",
    "replicaset",
    "job_name",
    "cronjob",
    "node",
    "persistentvolumeclaim",
    "horizontalpodautoscaler",
    "resourcequota",
    "namespace",
];

impl Silence {
    /// Whether it is in force, and meant for something with these labels that a rule of one of these
    /// names would tell. A silence that was made from an alert's own page names labels of the scraped
    /// target beside the alert and the object; those are taken on trust, since the poll has none.
    pub(super) fn covers(
        &self,
        labels: &BTreeMap<String, String>,
        names: &[&str],
        now: Timestamp,
    ) -> bool {
        // One that is pending at the reading begins without being read again.
        let in_force =
            self.status.state != "expired" && (self.starts_at..self.ends_at).contains(&now);
        let label = |name: &str| labels.get(name).map_or("", String::as_str);
        let says = |m: &Matcher| match m.name.as_str() {
            "alertname" if m.equal => names.iter().any(|name| m.is(name)),
            "alertname" => names.iter().all(|name| m.is(name)),
            name => m.is(label(name)),
        };
        let positive = |among: &[&str]| {
            let named = self.matchers.iter().filter(|m| m.equal && among.contains(&&*m.name));
            named.filter(|m| !m.is("")).any(says)
        };
        let pinned = positive(&["alertname"]) && positive(&OBJECTS);
        let trusted =
            |m: &Matcher| pinned && SCRAPED.contains(&&*m.name) && label(&m.name).is_empty();
        in_force && !self.matchers.is_empty() && self.matchers.iter().all(|m| trusted(m) || says(m))
    }

    /// Passes what people wrote through `f`, which redacts.
    pub(super) fn map_text(&mut self, f: impl Fn(&str) -> String) {
        self.created_by = f(&self.created_by);
        self.comment = f(&self.comment);
    }

    /// Until when it holds.
    pub(super) fn ends_at(&self) -> Timestamp {
        self.ends_at
    }

    /// `silenced until 04:00 UTC by alice: moving the database`.
    pub(super) fn told(&self) -> String {
        let until = self.ends_at.strftime("%Y-%m-%d %H:%M");
        let by = match self.created_by.trim() {
            "" => String::new(),
            name => format!(" by {}", bounded(name, 60)),
        };
        let why = match self.comment.trim() {
            "" => format!(" (silence {})", bounded(&self.id, 40)),
            comment => format!(": {}", bounded(comment, 160)),
        };
        format!("silenced in Alertmanager until {until} UTC{by}{why}")
    }
}

impl Matcher {
    fn is(&self, value: &str) -> bool {
        let like = match &self.pattern {
            None => self.value == value,
            // Not a pattern as we read them: then it holds for nothing, which hides nothing.
            Some(Err(())) => return false,
            Some(Ok(pattern)) => pattern.is_match(value),
        };
        like == self.equal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(matchers: &str, labels: &[(&str, &str)]) -> bool {
        let matchers: Vec<serde_json::Value> = matchers
            .split(' ')
            .map(|text| {
                let (sign, is_regex, is_equal) =
                    [("=~", true, true), ("!~", true, false), ("!=", false, false)]
                        .into_iter()
                        .find(|(sign, ..)| text.contains(sign))
                        .unwrap_or(("=", false, true));
                let (name, value) = text.split_once(sign).expect("a matcher");
                serde_json::json!({"name": name, "value": value, "isRegex": is_regex, "isEqual": is_equal})
            })
            .collect();
        let silence: Silence = serde_json::from_value(serde_json::json!({
            "id": "a", "matchers": matchers, "status": {"state": "active"},
            "startsAt": "2026-11-21T00:00:00Z", "endsAt": "2026-11-21T04:00:00Z",
        }))
        .expect("a silence");
        let labels = labels
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect::<BTreeMap<_, _>>();
        let at = |text: &str| text.parse().expect("a time");
        assert!(!silence.covers(&labels, &["A"], at("2026-11-21T04:00:00Z")), "it has ended");
        silence.covers(
            &labels,
            &["KubePodCrashLooping", "PodRestarting"],
            at("2026-11-21T02:00:00Z"),
        )
    }

    #[test]
    fn matchers_hold_as_in_alertmanager() {
        let web = [("namespace", "shop"), ("pod", "web-1"), ("deployment", "web")];
        for (matchers, wanted) in [
            ("namespace=shop", true),
            ("namespace=sho", false),
            ("namespace=~sho", false),
            ("namespace=~sho.*", true),
            ("namespace=~shop|bar", true),
            ("namespace=~bar|sho", false),
            ("namespace!=shop", false),
            ("namespace!=other", true),
            ("namespace!~other|test-.*", true),
            ("team=web", false),
            ("team!=web", true),
            ("team=~(web)?", true),
            ("deployment=web", true),
            ("alertname=KubePodCrashLooping", true),
            ("alertname=KubeNodeNotReady namespace=shop", false),
            ("alertname!=KubePodCrashLooping namespace=shop", false),
            ("alertname=~.+", true),
            ("namespace=~[", false),
        ] {
            assert_eq!(covers(matchers, &web), wanted, "{matchers}");
        }
    }

    #[test]
    fn a_silence_made_from_an_alert_holds_and_one_of_a_target_does_not() {
        let web = [("namespace", "shop"), ("pod", "web-1"), ("container", "app")];
        let made = "alertname=KubePodCrashLooping namespace=shop pod=web-1 container=app job=kube-state-metrics instance=10.0.0.7:8080 service=ksm severity=warning prometheus=monitoring/k8s";
        assert!(covers(made, &web));
        assert!(!covers(made, &[("namespace", "shop"), ("pod", "web-2"), ("container", "app")]));
        assert!(!covers("job=node-exporter", &web));
        assert!(!covers("namespace=shop job=checkout", &web));
        assert!(!covers("namespace=~.* alertname=~.* team=x", &web));
    }
}
