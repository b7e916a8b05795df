//! Links that lead on: the alert's own, and one to silence it.

use super::{Context, plain};
use crate::incident::{Incident, JoinedAlert};

/// The longest URL that Slack takes for a button.
const LONGEST: usize = 3_000;

/// A link with its label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// `Runbook`, `Dashboard`, `Alert`, `Silence`.
    pub label: &'static str,
    /// `http` or `https`, percent-encoded where a renderer could stumble.
    pub url: String,
}

/// The links of an incident, each label at most once, from the alerts that fire first.
pub(super) fn links(incident: &Incident, context: &Context) -> Vec<Link> {
    let mut alerts: Vec<_> = incident.alerts.values().collect();
    alerts.sort_by_key(|alert| (alert.ended_at.is_some(), alert.starts_at));
    let noted = |keys: &[&str]| {
        let all =
            alerts.iter().flat_map(|alert| keys.iter().map(|key| alert.annotations.get(*key)));
        all.flatten().find_map(|url| safe(url))
    };
    let workload = incident.subject.object.as_ref().map(|object| object.name.as_str());
    let silence = alerts.first().and_then(|alert| silence(alert, workload, context));
    let found = [
        ("Runbook", noted(&["runbook_url", "runbook"])),
        ("Dashboard", noted(&["dashboard_url", "dashboard", "dashboardURL", "grafana_url"])),
        ("Alert", alerts.iter().find_map(|alert| safe(alert.generator_url.as_deref()?))),
        ("Silence", silence.filter(|_| incident.state.is_open())),
    ];
    found.into_iter().filter_map(|(label, url)| Some(Link { label, url: url? })).collect()
}

/// A URL that leads to a page and nowhere else; characters that end a link in Slack or Markdown are encoded.
fn safe(url: &str) -> Option<String> {
    let url = url.trim();
    let scheme = url.get(..8).unwrap_or(url).to_ascii_lowercase();
    let known = scheme.starts_with("http://") || scheme.starts_with("https://");
    if !known || plain::clean(url) != url || url.contains(char::is_whitespace) {
        return None;
    }
    let mut out = String::with_capacity(url.len());
    for c in url.chars() {
        match c {
            '<' | '>' | '|' | '"' | '`' | '(' | ')' | '\\' => {
                out.push_str(&format!("%{:02X}", c as u32))
            }
            _ => out.push(c),
        }
    }
    (plain::width(&out) <= LONGEST).then_some(out)
}

/// Alertmanager's form for a new silence, filled with what tells this alert from others.
fn silence(alert: &JoinedAlert, workload: Option<&str>, context: &Context) -> Option<String> {
    let base = context.alertmanager_url.as_deref().or(alert.external_url.as_deref())?;
    let base = base.trim_end_matches('/');
    let telling = [
        "alertname",
        "cluster",
        "namespace",
        "deployment",
        "statefulset",
        "daemonset",
        "cronjob",
        "job_name",
        "node",
        "persistentvolumeclaim",
        "horizontalpodautoscaler",
        "pod",
    ];
    let matchers: Vec<_> = telling
        .iter()
        .filter_map(|key| Some((key, alert.labels.get(*key)?)))
        .map(|(key, value)| {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"");
            // The next pod has another name: silence the workload's, not this one.
            match workload.filter(|workload| **key == *"pod" && value.starts_with(workload)) {
                Some(workload) => format!("pod=~\"{workload}-.+\""),
                None => format!("{key}=\"{value}\""),
            }
        })
        .collect();
    let filter = encode(&format!("{{{}}}", matchers.join(",")));
    safe(&format!("{base}/#/silences/new?filter={filter}"))
}

/// Percent-encoding of everything that is not unreserved.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_are_linked() {
        assert_eq!(safe("https://run.example/a?b=c").as_deref(), Some("https://run.example/a?b=c"));
        assert_eq!(safe("javascript:alert(1)"), None);
        assert_eq!(safe("https://a b"), None);
        assert_eq!(safe("see the wiki"), None);
        assert_eq!(safe(&format!("https://x/{}", "a".repeat(4_000))), None);
        assert_eq!(
            safe("http://x/<!channel>|y)").as_deref(),
            Some("http://x/%3C!channel%3E%7Cy%29")
        );
    }
}
