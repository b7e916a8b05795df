//! The words for what Firsthand says of itself: what does not answer, what is lost by it, what to do.

use super::{CauseWords, Context, Dot, Hurt, OnCall, headline, oncall, plain};
use crate::diagnosis::{Certainty, Choice};
use crate::incident::Incident;

/// The words for that incident.
pub(super) fn words(incident: &Incident, context: &Context) -> OnCall {
    let open = incident.state.is_open();
    let said = |name: &str| {
        let text = said(incident, name).unwrap_or_default();
        Some(plain::short(text, 400)).filter(|text| !text.is_empty())
    };
    let ended = incident.closed.as_ref().filter(|_| !open).map(|it| plain::short(&it.because, 400));
    OnCall {
        dot: Dot::of(incident.severity, incident.state),
        severity: incident.severity,
        state: incident.state,
        headline: headline::headline(incident, context.at),
        place: "Firsthand itself".to_owned(),
        cluster: plain::short(&incident.subject.cluster, 80),
        within: oncall::within(incident),
        since: oncall::since(incident, context),
        now: ended,
        hurt: Hurt { own: said("lost").into_iter().collect(), reach: Vec::new() },
        cause: CauseWords {
            certainty: Some(Certainty::Certain),
            sentence: said("why").unwrap_or_default(),
            ..CauseWords::default()
        },
        changed: None,
        next: if open { next(said("advice")) } else { Vec::new() },
        avoid: Vec::new(),
        unknown: Vec::new(),
        alerts: None,
        // There is nothing in Alertmanager to silence.
        links: Vec::new(),
        footer: oncall::footer(incident, context),
    }
}

/// The headline while it lasts.
pub(super) fn trouble(incident: &Incident) -> Option<String> {
    let text = said(incident, "summary").filter(|_| incident.subject.is_watched())?;
    Some(plain::short(text, 80))
}

fn said<'a>(incident: &'a Incident, name: &str) -> Option<&'a str> {
    let mut alerts: Vec<_> = incident.alerts.values().collect();
    alerts.sort_by_key(|alert| (alert.ended_at.is_some(), alert.starts_at));
    alerts.iter().find_map(|alert| alert.annotations.get(name)).map(String::as_str)
}

fn next(advice: Option<String>) -> Vec<Choice> {
    let ask = Choice {
        label: "ask".into(),
        command: Some("firsthand check --live --config FILE".into()),
        text: "Asks everything that the settings name, and says what to do.".into(),
    };
    let repair = advice.map(|text| Choice { label: "repair".into(), command: None, text });
    repair.into_iter().chain([ask]).collect()
}
