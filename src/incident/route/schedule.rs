//! Times of the week, month and year, in Alertmanager's form and with its meaning.

use std::ops::RangeInclusive;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::Route;

/// Every interval that has a name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Schedule(pub Vec<Named>);

/// An interval that routes name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// The name.
    pub name: String,
    /// It is in any of these.
    pub time_intervals: Vec<Interval>,
}

/// All that is given must hold; what is left out always does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Interval {
    /// Times of the day: `{ start_time: "09:00", end_time: "17:00" }`; the end is not part of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub times: Vec<Hours>,
    /// Days of the week: `monday:friday`, `sunday`. A week begins on Sunday.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "weekdays")]
    pub weekdays: Vec<String>,
    /// Days of the month: `1:5`, `-3:-1` for the last three.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "days")]
    pub days_of_month: Vec<String>,
    /// Months: `may:august`, `12`.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "months")]
    pub months: Vec<String>,
    /// Years: `2026:2028`.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "years")]
    pub years: Vec<String>,
    /// The time zone: `Europe/Berlin`. Left out: UTC.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "zone")]
    pub location: Option<String>,
}

/// From a minute of the day to another, without it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, try_from = "Written")]
pub struct Hours {
    /// `09:00`.
    pub start_time: String,
    /// `17:00`; `24:00` is the end of the day.
    pub end_time: String,
}

/// From a minute of the day to another, without it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Written {
    /// `09:00`.
    start_time: String,
    /// `17:00`; `24:00` is the end of the day.
    end_time: String,
}

const WEEKDAYS: [&str; 7] =
    ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

impl Schedule {
    /// Whether a route tells nobody new at this moment.
    pub fn mutes(&self, route: &Route, now: Timestamp) -> bool {
        let within = |names: &[String]| names.iter().any(|name| self.holds(name, now));
        within(&route.mute_time_intervals)
            || !route.active_time_intervals.is_empty() && !within(&route.active_time_intervals)
    }

    fn holds(&self, name: &str, now: Timestamp) -> bool {
        let named = self.0.iter().filter(|it| it.name == name);
        named.flat_map(|it| &it.time_intervals).any(|interval| interval.holds(now))
    }
}

impl Interval {
    /// Whether the moment is in it.
    pub fn holds(&self, now: Timestamp) -> bool {
        let zone = self.location.as_deref().and_then(|name| TimeZone::get(name).ok());
        let now = now.to_zoned(zone.unwrap_or(TimeZone::UTC));
        let minute = i32::from(now.hour()) * 60 + i32::from(now.minute());
        let weekday = i32::from(now.weekday().to_sunday_zero_offset());
        let any = |texts: &[String], read: fn(&str) -> Option<i32>, value: i32| {
            texts.is_empty()
                || texts.iter().filter_map(|text| range(text, read)).any(|it| it.contains(&value))
        };
        (self.times.is_empty() || self.times.iter().any(|hours| hours.holds(minute)))
            && any(&self.weekdays, weekday_number, weekday)
            && any(&self.months, month_number, i32::from(now.month()))
            && any(&self.years, number, i32::from(now.year()))
            && self.in_days(&now)
    }

    fn in_days(&self, now: &Zoned) -> bool {
        let last = i32::from(now.days_in_month());
        let day = i32::from(now.day());
        let from_the_end = |n: i32| if n < 0 { last + n + 1 } else { n };
        self.days_of_month.is_empty()
            || self.days_of_month.iter().filter_map(|text| range(text, number)).any(|days| {
                let (begin, end) = (from_the_end(*days.start()), from_the_end(*days.end()));
                // A range that begins after a short month's end is none; one that ends after it is cut.
                begin <= last && (begin..=end).contains(&day)
            })
    }
}

impl Hours {
    fn holds(&self, minute: i32) -> bool {
        let (start, end) = (minutes(&self.start_time), minutes(&self.end_time));
        start.zip(end).is_some_and(|(start, end)| (start..end).contains(&minute))
    }
}

impl TryFrom<Written> for Hours {
    type Error = String;

    fn try_from(Written { start_time, end_time }: Written) -> Result<Self, String> {
        let time = |text: &str| {
            minutes(text).ok_or_else(|| format!("`{text}` is no time; write it as in `09:30`"))
        };
        if time(&start_time)? >= time(&end_time)? {
            return Err(
                "the end is not after the start; write two intervals to cross midnight".into()
            );
        }
        Ok(Self { start_time, end_time })
    }
}

/// Minutes since midnight of `HH:MM`.
fn minutes(text: &str) -> Option<i32> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |part: &str| {
        let digits = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse::<i32>().ok()).flatten()
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    let known = hours < 24 && minutes < 60 || (hours, minutes) == (24, 0);
    known.then_some(hours * 60 + minutes)
}

/// `a:b`, or `a` for itself alone.
fn range(text: &str, read: fn(&str) -> Option<i32>) -> Option<RangeInclusive<i32>> {
    let text = text.to_lowercase();
    let (begin, end) = text.split_once(':').unwrap_or((&text, &text));
    Some(read(begin)?..=read(end)?)
}

fn number(text: &str) -> Option<i32> {
    text.parse().ok()
}

fn weekday_number(text: &str) -> Option<i32> {
    WEEKDAYS.iter().position(|day| *day == text).and_then(|at| i32::try_from(at).ok())
}

fn month_number(text: &str) -> Option<i32> {
    let named = MONTHS.iter().position(|month| *month == text);
    named.and_then(|at| i32::try_from(at + 1).ok()).or_else(|| number(text))
}

fn weekdays<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    ranges(from, weekday_number, "monday:friday", |days| days.start() <= days.end())
}

fn months<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let known =
        |it: &RangeInclusive<i32>| it.start() <= it.end() && *it.start() > 0 && *it.end() < 13;
    ranges(from, month_number, "may:august", known)
}

fn years<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    ranges(from, number, "2026:2028", |years| years.start() <= years.end())
}

fn days<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let known = |days: &RangeInclusive<i32>| {
        let (begin, end) = (*days.start(), *days.end());
        let day = |n: i32| n != 0 && n.abs() <= 31;
        // The shortest month has 28 days: a range that is empty there is a mistake.
        let least = |n: i32| if n < 0 { 28 + n } else { n };
        day(begin) && day(end) && !(begin < 0 && end > 0) && least(begin) <= least(end)
    };
    ranges(from, number, "1:5", known)
}

fn ranges<'de, D: Deserializer<'de>>(
    from: D,
    read: fn(&str) -> Option<i32>,
    example: &str,
    known: impl Fn(&RangeInclusive<i32>) -> bool,
) -> Result<Vec<String>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    match texts.iter().find(|text| !range(text, read).is_some_and(|it| known(&it))) {
        None => Ok(texts),
        Some(text) => Err(serde::de::Error::custom(format!(
            "`{text}` is no range of these; write it as in `{example}`"
        ))),
    }
}

fn zone<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let name = Option::<String>::deserialize(from)?;
    match name.as_deref().map(TimeZone::get) {
        Some(Err(_)) => Err(serde::de::Error::custom(
            "is no time zone that is known; write it as in `Europe/Berlin`",
        )),
        _ => Ok(name),
    }
}

#[cfg(test)]
mod tests {
    use super::Interval;

    fn holds(interval: &str, at: &str) -> bool {
        let interval: Interval = serde_json::from_str(interval).expect(interval);
        interval.holds(at.parse().expect("a time"))
    }

    #[test]
    fn days_count_from_both_ends_of_the_month() {
        assert!(holds(r#"{"days_of_month":["-3:-1"]}"#, "2026-02-26T00:00:00Z"));
        assert!(!holds(r#"{"days_of_month":["-3:-1"]}"#, "2026-02-25T00:00:00Z"));
        assert!(holds(r#"{"days_of_month":["27:31"]}"#, "2026-02-28T00:00:00Z"));
        assert!(!holds(r#"{"days_of_month":["31"]}"#, "2026-02-28T00:00:00Z"));
    }

    #[test]
    fn all_that_is_given_must_hold() {
        let night = r#"{"times":[{"start_time":"22:00","end_time":"24:00"}],"weekdays":["friday:saturday","Sunday"],
            "months":["may:august","12"],"years":["2026"]}"#;
        assert!(holds(night, "2026-05-31T23:59:59Z"));
        assert!(!holds(night, "2026-05-31T21:59:59Z"));
        assert!(!holds(night, "2026-06-01T23:00:00Z"));
        assert!(!holds(night, "2026-04-26T23:00:00Z"));
        assert!(!holds(night, "2027-05-30T23:00:00Z"));
        assert!(holds("{}", "2027-05-30T23:00:00Z"));
    }

    #[test]
    fn what_alertmanager_refuses_is_refused() {
        for bad in [
            r#"{"weekdays":["friday:monday"]}"#,
            r#"{"weekdays":["mon"]}"#,
            r#"{"days_of_month":["0"]}"#,
            r#"{"days_of_month":["-1:5"]}"#,
            r#"{"months":["13"]}"#,
            r#"{"location":"Mars/Base"}"#,
            r#"{"times":[{"start_time":"9:00","end_time":"17:00"}]}"#,
            r#"{"times":[{"start_time":"18:00","end_time":"17:00"}]}"#,
        ] {
            assert!(serde_json::from_str::<Interval>(bad).is_err(), "{bad}");
        }
    }
}
