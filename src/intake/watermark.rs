//! What is remembered between polls, and what follows from it: which counters moved, and by how much.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::alertmanager::bounded;
use super::answer::{Answer, Sample};
use crate::incident::{Missed, PollSignal};

/// Up to where the polls have read. Opaque to whoever keeps it; JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watermark {
    /// When the last poll that succeeded was evaluated, whole seconds.
    pub polled_at: Timestamp,
    /// Since when polls have succeeded without a gap.
    pub steady_since: Timestamp,
    /// Counters of containers that moved of late, by `uid/container`: those already told of.
    #[serde(default)]
    counters: BTreeMap<String, Counter>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Counter {
    count: i64,
    at: Timestamp,
}

/// How far before the last poll counters are compared, in seconds. A scrape is stamped with its start and
/// visible at its end, so the last poll may have missed one that was under way; kube-state-metrics of a
/// large cluster takes seconds. Shorter loses restarts; longer asks for the same ones again, to be
/// recognised by their count.
const OVERLAP: i64 = 60;
/// How far back missed polls are caught up, in seconds. Beyond it counters are only read anew: retention
/// may be shorter, and what broke that long ago is no news.
const CATCH_UP: i64 = 3 * 24 * 3600;
/// How long a counter is remembered after it was last in an answer, in seconds; far above [`OVERLAP`].
const REMEMBER: i64 = 3600;
/// The most counters remembered: about 4 MB of JSON. The oldest go first, and can at worst be told twice.
const COUNTERS: usize = 40_000;
/// The longest range a waiting reason is searched in, in seconds.
const WAITED: i64 = 300;

/// The times of one poll, in seconds before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// No counter can be compared: the first poll, or the last is too long ago.
    pub(super) first: bool,
    /// The last poll.
    pub(super) polled: i64,
    /// What counters are compared with.
    pub(super) compared: i64,
    /// The range waiting reasons are searched in.
    pub(super) waited: i64,
    /// Whether polls were missed before this one.
    pub(super) gap: bool,
}

impl Span {
    pub(super) fn new(watermark: Option<&Watermark>, at: i64, interval: u64) -> Self {
        let interval = i64::try_from(interval).unwrap_or(WAITED).max(1);
        let waited = |polled: i64| polled.clamp(1, WAITED);
        let polled = watermark.map(|w| at - w.polled_at.as_second());
        // A clock set back makes the last poll lie ahead: begin anew.
        let Some((w, polled)) = watermark.zip(polled.filter(|p| (0..=CATCH_UP).contains(p))) else {
            let compared = interval;
            let waited = waited(interval);
            return Self { first: true, polled: compared, compared, waited, gap: true };
        };
        // Right after a gap the counters of the overlap may be missing, and the answer would hold all there are.
        let steady = at - w.steady_since.as_second();
        let compared = (polled + OVERLAP).min(steady).max(polled);
        Self { first: false, polled, compared, waited: waited(polled), gap: polled > 2 * interval }
    }

    pub(super) fn next(self, old: Option<Watermark>, now: Timestamp) -> Watermark {
        let polled_at = Timestamp::from_second(now.as_second()).unwrap_or(now);
        match old {
            Some(old) if !self.first => Watermark {
                polled_at,
                steady_since: if self.gap { polled_at } else { old.steady_since },
                counters: old.counters,
            },
            // What was told stays told, though the clock was set back.
            old => {
                let counters = old.map(|old| old.counters).unwrap_or_default();
                Watermark { polled_at, steady_since: polled_at, counters }
            }
        }
    }
}

impl Watermark {
    /// Takes note of a counter, and says by how much it moved if that is news.
    pub(super) fn moved(
        &mut self,
        container: &Container,
        value: f64,
        known: &Known,
        first: bool,
    ) -> Option<PollSignal> {
        let (id, count) = (container.id(), value as i64);
        let before = self.counters.get(&id).map(|c| c.count);
        let most = if first { before.unwrap_or(count).max(count) } else { count };
        self.counters.insert(id.clone(), Counter { count: most, at: self.polled_at });
        if first {
            return None;
        }
        let before = match before.or_else(|| known.base.get(&id).copied()) {
            Some(before) => before,
            // Not there before. A new pod began at zero; an old one whose series came back did not.
            None if known.old.contains(&container.pod_id()) => return None,
            None => 0,
        };
        (count > before).then(|| PollSignal::Restarted {
            missed: known.missed.get(&id).map(|it| Missed { times: count - before, ..it.clone() }),
            pod: container.pod.clone(),
            uid: container.uid.clone(),
            container: container.name.clone(),
            count,
            by: count - before,
            reason: known.reasons.get(&id).cloned(),
            exit_code: known.codes.get(&id).copied(),
        })
    }

    pub(super) fn prune(&mut self, now: Timestamp) {
        self.counters.retain(|_, c| now.as_second() - c.at.as_second() <= REMEMBER);
        if self.counters.len() > COUNTERS {
            let mut times: Vec<_> = self.counters.values().map(|c| c.at).collect();
            times.sort_unstable();
            let oldest = times[times.len() - COUNTERS];
            self.counters.retain(|_, c| c.at >= oldest);
            while self.counters.len() > COUNTERS {
                self.counters.pop_first();
            }
        }
    }
}

/// What the second round of queries says of counters that moved, by container or pod id.
#[derive(Debug, Default)]
pub(super) struct Known {
    base: BTreeMap<String, i64>,
    /// Pods that were there before the time compared with.
    old: BTreeSet<String>,
    reasons: BTreeMap<String, String>,
    codes: BTreeMap<String, i32>,
    /// After a gap: when each of them moved.
    pub(super) missed: BTreeMap<String, Missed>,
}

impl Known {
    pub(super) fn read(
        base: &Answer,
        created: &Answer,
        reasons: &Answer,
        codes: &Answer,
        compared_at: i64,
    ) -> Self {
        let ids = |answer: &Answer| -> Vec<(String, f64)> {
            let named = answer.samples.iter();
            named.filter_map(|s| Some((Container::of(s)?.id(), s.value))).collect()
        };
        let old = created.samples.iter().filter(|s| s.value < compared_at as f64);
        let reasons = reasons.samples.iter();
        Self {
            base: ids(base).into_iter().map(|(id, v)| (id, v as i64)).collect(),
            old: old.map(pod_id).collect(),
            reasons: reasons
                .filter_map(|s| Some((Container::of(s)?.id(), label(s, "reason").to_owned())))
                .collect(),
            missed: BTreeMap::new(),
            codes: ids(codes).into_iter().map(|(id, v)| (id, v as i32)).collect(),
        }
    }
}

/// A container as the metrics name it.
#[derive(Debug)]
pub(super) struct Container {
    pub(super) namespace: String,
    pub(super) pod: String,
    uid: String,
    name: String,
}

impl Container {
    /// `None` where a series names no container.
    pub(super) fn of(sample: &Sample) -> Option<Self> {
        let own = |name: &str| bounded(label(sample, name), NAME);
        let found = Self {
            namespace: own("namespace"),
            pod: own("pod"),
            uid: own("uid"),
            name: own("container"),
        };
        let named = !found.namespace.is_empty() && !found.pod.is_empty() && !found.name.is_empty();
        named.then_some(found)
    }

    /// A recreated pod of the same name counts anew, so the uid tells.
    pub(super) fn id(&self) -> String {
        format!("{}/{}", self.pod_id(), self.name)
    }

    fn pod_id(&self) -> String {
        match self.uid.as_str() {
            "" => format!("{}/{}", self.namespace, self.pod),
            uid => uid.to_owned(),
        }
    }

    pub(super) fn waiting(&self, reason: &str) -> PollSignal {
        PollSignal::Waiting {
            pod: self.pod.clone(),
            uid: self.uid.clone(),
            container: self.name.clone(),
            reason: bounded(reason, NAME),
        }
    }
}

/// The longest name Kubernetes gives anything, in characters.
const NAME: usize = 253;

fn pod_id(sample: &Sample) -> String {
    match label(sample, "uid") {
        "" => format!("{}/{}", label(sample, "namespace"), label(sample, "pod")),
        uid => uid.to_owned(),
    }
}

pub(super) fn label<'a>(sample: &'a Sample, name: &str) -> &'a str {
    sample.labels.get(name).map_or("", String::as_str)
}
