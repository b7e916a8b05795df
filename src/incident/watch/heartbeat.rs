//! The heartbeat: an alert that always fires, and whose absence says that alerts may not arrive.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Watching;
use crate::incident::hear::{clock, span};
use crate::incident::rules::{after, between};

/// Pauses that are remembered, for each cluster.
const PAUSES: usize = 64;
/// For how long they are.
const REMEMBER: Duration = Duration::from_secs(7 * 24 * 3600);
/// So many pauses must be known before absence is judged by them: a `Watchdog` that is grouped with other
/// alerts comes again whenever one of those changes, and after that only after hours.
const FEWEST: usize = 6;
/// A pause may be twice as long as the longest one, and so much more.
const SLACK: Duration = Duration::from_secs(120);
/// Clusters that are remembered.
const CLUSTERS: usize = 50;

/// When the heartbeat was heard, by cluster. Kept over restarts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Heartbeat {
    beats: BTreeMap<String, Beats>,
    /// Since when anything could be heard. What came while nobody listened is lost.
    #[serde(skip)]
    begun: Timestamp,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Beats {
    last: Timestamp,
    /// It was said to have ended, and has not come since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<Timestamp>,
    /// Pauses between two, in seconds, with the time of their ends.
    pauses: Vec<(Timestamp, u64)>,
}

impl Heartbeat {
    pub(super) fn begun(mut self, now: Timestamp) -> Self {
        self.begun = now;
        self
    }

    pub(super) fn beat(&mut self, cluster: &str, fires: bool, now: Timestamp) {
        if self.beats.len() >= CLUSTERS && !self.beats.contains_key(cluster) {
            return;
        }
        let known = self.beats.contains_key(cluster);
        if !fires && !known {
            return;
        }
        let beats = self.beats.entry(cluster.to_owned()).or_default();
        if !fires {
            beats.ended.get_or_insert(now);
            return;
        }
        if known && beats.last >= self.begun && beats.ended.is_none() {
            let surplus = (beats.pauses.len() + 1).saturating_sub(PAUSES);
            beats.pauses.drain(..surplus);
            beats.pauses.push((now, between(beats.last, now).as_secs()));
        }
        beats.pauses.retain(|(at, _)| after(*at, REMEMBER) >= now);
        (beats.last, beats.ended) = (now, None);
    }

    /// Whether it is missing and in which words; `None` where nothing is known of it yet.
    pub(super) fn missing(
        &mut self,
        settings: &Watching,
        now: Timestamp,
    ) -> Option<Option<String>> {
        // Nobody expects the heartbeat of a cluster that was taken down long ago.
        self.beats.retain(|_, beats| after(beats.last, REMEMBER) >= now);
        let silent = |(cluster, beats): (&String, &Beats)| {
            let (since, ended) = beats.silent_since(settings, self.begun, now)?;
            let how = if ended { "ended" } else { "was last heard" };
            let pause = span(between(since, now));
            Some(format!("Watchdog of {cluster} {how} at {} UTC, {pause} ago", clock(since)))
        };
        let missing: Vec<String> = self.beats.iter().filter_map(silent).collect();
        if !missing.is_empty() {
            return Some(Some(missing.join("; ")));
        }
        // Only what was heard since the start is known to be well.
        let heard = |beats: &Beats| beats.last >= self.begun;
        (!self.beats.is_empty() && self.beats.values().all(heard)).then_some(None)
    }
}

impl Beats {
    /// Since when it should have come and has not, and whether it was said to have ended.
    fn silent_since(
        &self,
        settings: &Watching,
        begun: Timestamp,
        now: Timestamp,
    ) -> Option<(Timestamp, bool)> {
        let longest = self.pauses.iter().map(|(_, pause)| Duration::from_secs(*pause)).max();
        if let Some(ended) = self.ended {
            // Another replica's may go on.
            let patience = settings.away.max(longest.unwrap_or_default());
            return (after(ended, patience) <= now).then_some((ended, true));
        }
        let learned = longest.filter(|_| self.pauses.len() >= FEWEST);
        let learned = learned.map(|longest| longest.saturating_mul(2).saturating_add(SLACK));
        let patience = settings.heartbeat.or(learned)?;
        (after(self.last.max(begun), patience) <= now).then_some((self.last, false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + minute * 60).expect("a time")
    }

    /// Beats at these minutes; then whether it is missing at the last one.
    fn missing(heartbeat: Heartbeat, beats: &[i64], settings: &Watching, then: i64) -> String {
        let mut heartbeat = heartbeat;
        for minute in beats {
            heartbeat.beat("prod", true, at(*minute));
        }
        match heartbeat.missing(settings, at(then)) {
            None => "unknown".to_owned(),
            Some(None) => "well".to_owned(),
            Some(Some(why)) => why,
        }
    }

    fn learning() -> Watching {
        Watching::default()
    }

    fn begun(minute: i64) -> Heartbeat {
        Heartbeat::default().begun(at(minute))
    }

    #[test]
    fn who_never_sends_one_is_not_missed() {
        assert_eq!(missing(begun(0), &[], &learning(), 10_000), "unknown");
    }

    #[test]
    fn its_pace_is_learned_before_absence_says_anything() {
        let few = [0, 5, 10, 15];
        assert_eq!(missing(begun(0), &few, &learning(), 300), "well");
        let many = [0, 5, 10, 15, 20, 25, 30];
        assert_eq!(missing(begun(0), &many, &learning(), 41), "well");
        let said = missing(begun(0), &many, &learning(), 42);
        assert!(said.starts_with("Watchdog of prod was last heard at "), "{said}");
        assert!(said.ends_with("12 min ago"), "{said}");
        let grouped = [0, 5, 10, 15, 20, 25, 265];
        assert_eq!(missing(begun(0), &grouped, &learning(), 700), "well");
    }

    #[test]
    fn settings_need_no_learning() {
        let settings = Watching { heartbeat: Some(Duration::from_secs(600)), ..learning() };
        assert_eq!(missing(begun(0), &[1], &settings, 10), "well");
        assert_ne!(missing(begun(0), &[1], &settings, 11), "well");
    }

    #[test]
    fn what_came_while_nobody_listened_is_not_missed() {
        let mut heartbeat = begun(0);
        for minute in 0..10 {
            heartbeat.beat("prod", true, at(minute * 5));
        }
        let restarted = heartbeat.begun(at(600));
        assert_eq!(missing(restarted.clone(), &[], &learning(), 605), "unknown");
        assert_ne!(missing(restarted.clone(), &[], &learning(), 612), "unknown");
        // The pause over the restart is no pause of the heartbeat's.
        assert_ne!(missing(restarted, &[604], &learning(), 620), "well");
    }

    #[test]
    fn an_end_is_believed_unless_another_one_goes_on() {
        let mut heartbeat = begun(0);
        heartbeat.beat("prod", true, at(0));
        heartbeat.beat("prod", false, at(3));
        let said = missing(heartbeat.clone(), &[], &learning(), 8);
        assert!(said.contains("Watchdog of prod ended at"), "{said}");
        assert_eq!(missing(heartbeat, &[6], &learning(), 8), "well");
    }

    #[test]
    fn a_cluster_that_was_taken_down_is_forgotten() {
        let mut heartbeat = begun(0);
        heartbeat.beat("old", true, at(0));
        heartbeat.beat("old", false, at(1));
        let week = 7 * 24 * 60;
        assert_eq!(missing(heartbeat, &[week + 1], &learning(), week + 2), "well");
    }
}
