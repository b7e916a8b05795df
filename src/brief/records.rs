//! What is recorded, for a terminal: a list of incidents, and the timeline of one.

use std::fmt::Write as _;

use jiff::tz::TimeZone;

use super::{Context, OnCall, plain};
use crate::incident::{Entry, Incident, State};

/// One incident in two lines: how it stands, and where.
pub fn list(incidents: &[Incident], context: &Context) -> String {
    let mut out = String::new();
    for incident in incidents {
        let words = OnCall::of(incident, context);
        let quiet = incident.spoken_at.is_none() && incident.state != State::Resolved;
        let state = if quiet { "watched, not told" } else { words.state.word() };
        let dot = words.dot.mark();
        let (id, severity) = (plain::short(&incident.id, 80), words.severity.word());
        let _ = writeln!(out, "{dot} {id}  {severity}  {}", words.headline);
        let place = [state, &words.place, &words.cluster, &words.since];
        let place: Vec<_> = place.into_iter().filter(|part| !part.is_empty()).collect();
        let _ = writeln!(out, "   {}", place.join(" · "));
    }
    out
}

/// Every line that was recorded, in its order: time in UTC, source, what.
pub fn timeline(entries: &[Entry]) -> String {
    let width = entries.iter().map(|entry| entry.source.chars().count()).max().unwrap_or(0).min(20);
    let mut out = String::new();
    let mut day = None;
    for entry in entries {
        let at = entry.at.to_zoned(TimeZone::UTC);
        if day != Some(at.date()) {
            day = Some(at.date());
            let _ = writeln!(out, "{} UTC", at.strftime("%a %-d %b %Y"));
        }
        let (source, text) = (plain::short(&entry.source, 20), plain::line(&entry.text));
        let _ = writeln!(out, "{}  {source:<width$}  {text}", at.strftime("%H:%M:%S"));
    }
    out
}
