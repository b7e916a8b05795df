//! When counters moved while nobody looked, from a range of Prometheus' own history.

use std::collections::BTreeMap;

use jiff::Timestamp;
use prometheus_http_query::Client;
use reqwest::header::HeaderMap;

use super::answer::{Course, Sample, ask_range};
use super::watermark::Container;
use crate::incident::Missed;

/// Steps of one range. More tell the time of a restart better, and cost Prometheus more: it evaluates the
/// counters of all containers at each.
const STEPS: i64 = 240;
/// The shortest step, in seconds: nothing is scraped more often than is worth knowing here.
const SHORTEST: i64 = 15;

/// A time in which nobody looked, in seconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    from: i64,
    until: i64,
    step: i64,
}

impl Range {
    pub(super) fn over(from: i64, until: i64) -> Self {
        Self { from, until, step: ((until - from) / STEPS).max(SHORTEST) }
    }

    /// When each counter of the answer moved, by the container's id.
    ///
    /// # Errors
    /// Where Prometheus does not answer it; in words.
    pub(super) async fn ask(
        &self,
        client: &Client,
        headers: &HeaderMap,
        query: String,
    ) -> Result<BTreeMap<String, Missed>, String> {
        let times = (self.from, self.until, self.step);
        let courses = ask_range(client, headers, query, times).await?;
        Ok(courses.into_iter().filter_map(|course| self.moves(course)).collect())
    }

    /// All of it: that is all that is known.
    pub(super) fn whole(&self) -> Missed {
        Missed { times: 0, from: second(self.from), until: second(self.until) }
    }

    fn moves(&self, course: Course) -> Option<(String, Missed)> {
        let values: Vec<(i64, f64)> = course
            .values
            .iter()
            .filter_map(|(at, value)| Some((at.round() as i64, value.parse().ok()?)))
            .collect();
        let container = Container::of(&Sample { labels: course.metric, value: 0.0 })?;
        // What was there first, it may have been at any time before; a new pod began at zero.
        let first =
            values.first().filter(|(at, value)| *at > self.from + self.step && *value > 0.0);
        let first = first.map(|(at, _)| (self.from, *at));
        let moved = values.windows(2).filter_map(|two| match two {
            [(before, old), (at, new)] if new > old => Some((*before, *at)),
            _ => None,
        });
        let moves: Vec<(i64, i64)> = first.into_iter().chain(moved).collect();
        let (from, until) = (moves.first()?.0, moves.last()?);
        // A hole in the history hides when it was; the beginning of the hole makes no alarm of the past.
        let hole = until.1 - until.0 > 2 * self.step;
        let until = if hole { until.0 } else { until.1 };
        let missed = Missed { times: 0, from: second(from.min(until)), until: second(until) };
        Some((container.id(), missed))
    }
}

fn second(at: i64) -> Timestamp {
    Timestamp::from_second(at).unwrap_or_default()
}
