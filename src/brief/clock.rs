//! Times as people read them: in UTC, with the distance that matters.

use jiff::{Timestamp, tz::TimeZone};

/// `02:11 UTC`, with the day where that is not the reader's: `18 Nov 02:11 UTC`.
pub(super) fn time(when: Timestamp, read_at: Timestamp) -> String {
    let (when, read_at) = (when.to_zoned(TimeZone::UTC), read_at.to_zoned(TimeZone::UTC));
    let form = match (when.date() == read_at.date(), when.year() == read_at.year()) {
        (true, _) => "%H:%M UTC",
        (_, true) => "%-d %b %H:%M UTC",
        _ => "%-d %b %Y %H:%M UTC",
    };
    when.strftime(form).to_string()
}

/// `02:11:45`, with the day where that is not the reader's: for lists in which the order matters.
pub(super) fn exact(when: Timestamp, read_at: Timestamp) -> String {
    let (when, read_at) = (when.to_zoned(TimeZone::UTC), read_at.to_zoned(TimeZone::UTC));
    let form = if when.date() == read_at.date() { "%H:%M:%S" } else { "%-d %b %H:%M:%S" };
    when.strftime(form).to_string()
}

/// How long from `from` to `to`, in one unit (two for hours): `40 s`, `3 min`, `5 h 10 min`, `3 days`.
pub(super) fn span(from: Timestamp, to: Timestamp) -> String {
    let seconds = to.duration_since(from).as_secs().max(0);
    match (seconds, seconds / 60, seconds / 3_600) {
        (s, 0, _) => format!("{s} s"),
        (_, min, 0) => format!("{min} min"),
        (_, min, h) if h < 48 && min % 60 > 0 => format!("{h} h {} min", min % 60),
        (_, _, h) if h < 48 => format!("{h} h"),
        (_, _, h) => format!("{} days", h / 24),
    }
}

/// A setting's duration as people read it: `30 min`, `24 h`.
pub(super) fn words(pause: std::time::Duration) -> String {
    let end = Timestamp::UNIX_EPOCH.checked_add(pause).unwrap_or(Timestamp::MAX);
    span(Timestamp::UNIX_EPOCH, end)
}

/// Where `when` lies from an event: `3 min before the alert`, `40 s after the rollout`. Nothing where
/// both fall together: a distance of nought tells nobody anything.
pub(super) fn from_event(when: Timestamp, event_at: Timestamp, event: &str) -> Option<String> {
    match event_at.duration_since(when).as_secs() {
        0 => None,
        s if s > 0 => Some(format!("{} before {event}", span(when, event_at))),
        _ => Some(format!("{} after {event}", span(event_at, when))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn a_time_of_another_day_carries_its_day() {
        let read = at("2026-11-21T02:14:00Z");
        assert_eq!(time(at("2026-11-21T02:11:59Z"), read), "02:11 UTC");
        assert_eq!(time(at("2026-11-20T23:59:00Z"), read), "20 Nov 23:59 UTC");
        assert_eq!(time(at("2025-12-31T23:59:00Z"), read), "31 Dec 2025 23:59 UTC");
    }

    #[test]
    fn spans_are_told_in_the_unit_people_would_use() {
        let start = at("2026-11-21T00:00:00Z");
        let told = |end| span(start, at(end));
        assert_eq!(told("2026-11-21T00:00:40Z"), "40 s");
        assert_eq!(told("2026-11-21T00:31:59Z"), "31 min");
        assert_eq!(told("2026-11-21T05:10:00Z"), "5 h 10 min");
        assert_eq!(told("2026-11-22T02:00:00Z"), "26 h");
        assert_eq!(told("2026-11-24T01:00:00Z"), "3 days");
        assert_eq!(span(at("2026-11-24T01:00:00Z"), start), "0 s");
    }
}
