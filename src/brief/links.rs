//! Links that lead on: the alert's own, and one to silence it.

use jiff::{SignedDuration, Timestamp};

use super::{Context, plain};
use crate::incident::{Incident, JoinedAlert};

/// The longest URL that Slack takes for a button.
const LONGEST: usize = 3_000;

/// A link with its label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// `Runbook`, `Dashboard`, `Logs`, `Console`, `Alert`, `Silence`.
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
    let own = |name: &str| own(name, incident, context);
    let dashboard = noted(&["dashboard_url", "dashboard", "dashboardURL", "grafana_url"]);
    let found = [
        ("Runbook", noted(&["runbook_url", "runbook"]).or_else(|| own("runbook"))),
        ("Dashboard", dashboard.or_else(|| own("grafana"))),
        ("Logs", own("logs")),
        ("Console", own("console")),
        ("Alert", alerts.iter().find_map(|alert| safe(alert.generator_url.as_deref()?))),
        ("Silence", silence.filter(|_| incident.state.is_open())),
    ];
    found.into_iter().filter_map(|(label, url)| Some(Link { label, url: url? })).collect()
}

/// How long before the failure a link's time range begins, and after its end it ends.
const AROUND: SignedDuration = SignedDuration::from_mins(15);

/// A link of the settings' own, its placeholders filled in; `None` where one has no value, or the incident is
/// another cluster's.
fn own(name: &str, incident: &Incident, context: &Context) -> Option<String> {
    let template = context.links_of(incident)?.get(name)?;
    let until = incident.closed.as_ref().map_or(context.at, |closed| closed.at);
    let ms = |at: Timestamp, by: SignedDuration| {
        at.checked_add(by).unwrap_or(at).as_millisecond().to_string()
    };
    let mut values = incident.labels();
    values.insert("from_ms".to_owned(), ms(incident.since, -AROUND));
    values.insert("to_ms".to_owned(), ms(until, AROUND));
    let mut url = String::new();
    let mut rest = template.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        url.push_str(before);
        url.push_str(&encode(values.get(name).filter(|value| !value.is_empty())?));
        rest = after;
    }
    url.push_str(rest);
    safe(&url)
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
    fn templates_are_filled_encoded_and_left_out_where_a_value_lacks() {
        let subject = crate::incident::Subject {
            cluster: "prod eu".into(),
            object: Some(crate::diagnosis::ObjectRef::new("Deployment", "shop", "web")),
            group: String::new(),
        };
        let incident = Incident::open("FH-1", subject, Timestamp::UNIX_EPOCH);
        let mut context = Context::at(Timestamp::UNIX_EPOCH);
        for (name, template) in [
            ("grafana", "https://g/d?ns={namespace}&c={cluster}&from={from_ms}&to={to_ms}"),
            ("runbook", "https://wiki/{cause}"),
        ] {
            context.links.insert(name.into(), template.into());
        }
        let found = links(&incident, &context);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].label, "Dashboard");
        assert_eq!(found[0].url, "https://g/d?ns=shop&c=prod%20eu&from=-900000&to=900000");
        context.cluster = "other".into();
        assert_eq!(links(&incident, &context), []);
    }

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
