//! The first line: enough to decide whether to get up.

use jiff::Timestamp;

use super::{clock, plain, watch};
use crate::incident::{Incident, Severity, State};

/// The one coloured dot of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dot {
    /// Something does not work: SEV1 and SEV2.
    Red,
    /// Redundancy is lost: SEV3.
    Orange,
    /// Nobody is hurt yet: SEV4.
    Yellow,
    /// It is over.
    White,
}

impl Dot {
    /// The dot for an incident of that severity in that state.
    pub fn of(severity: Severity, state: State) -> Self {
        match (state, severity) {
            (State::Resolved, _) => Self::White,
            (_, Severity::Sev1 | Severity::Sev2) => Self::Red,
            (_, Severity::Sev3) => Self::Orange,
            (_, Severity::Sev4) => Self::Yellow,
        }
    }

    /// The character.
    pub fn mark(self) -> &'static str {
        match self {
            Self::Red => "🔴",
            Self::Orange => "🟠",
            Self::Yellow => "🟡",
            Self::White => "⚪",
        }
    }
}

/// What is wrong, in one line: `checkout is crash-looping`; or how it ended.
pub(super) fn headline(incident: &Incident, at: Timestamp) -> String {
    let name = plain::short(incident.subject.name(), 80);
    match (&incident.state, &incident.closed, incident.healthy_since) {
        (State::Resolved, Some(closed), _) => {
            let lasted = clock::span(incident.since, closed.at);
            ended(&name, &closed.how, &lasted)
        }
        (State::Resolved, None, _) => format!("{name}: resolved"),
        (State::Monitoring, _, Some(healthy)) => {
            format!("{name} is healthy since {}, being verified", clock::time(healthy, at))
        }
        (State::Monitoring, _, None) => format!("{name} is being verified"),
        _ => trouble(incident, &name),
    }
}

fn ended(name: &str, how: &str, lasted: &str) -> String {
    match how.trim_start_matches("closed: ") {
        "recovered" => format!("{name} recovered after {lasted}"),
        "gone" => format!("{name} is gone; closed after {lasted}"),
        "alert ended" => format!("{name}: the alert ended after {lasted}"),
        other => format!("{name}: {} after {lasted}", plain::short(other, 60)),
    }
}

/// The best that is known: the finding, else the alert, else what the poll saw.
pub(super) fn trouble(incident: &Incident, name: &str) -> String {
    if let Some(finding) = &incident.finding {
        return format!("{name} {}", plain::short(&finding.predicate, 60));
    }
    if let Some(trouble) = watch::trouble(incident) {
        return trouble;
    }
    let mut alerts: Vec<_> = incident.alerts.values().collect();
    alerts.sort_by_key(|alert| (alert.ended_at.is_some(), alert.starts_at));
    if let Some(alert) = alerts.first() {
        let alert = plain::short(&alert.name, 80);
        return match &incident.subject.object {
            Some(_) => format!("{name}: {alert} fires"),
            None => format!("{alert} fires"),
        };
    }
    if let Some(reason) = incident.waiting.keys().next() {
        return format!("{name} waits: {}", plain::short(reason, 60));
    }
    match incident.restarts.len() {
        0 => format!("{name}: {}", plain::short(&incident.severity_reason, 60)),
        n => format!(
            "{name} restarted {}",
            if n == 1 { "once".into() } else { format!("{n} times") }
        ),
    }
}
