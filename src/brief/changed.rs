//! What changed, and when relative to the first failure.

use jiff::Timestamp;

use super::{clock, plain};
use crate::diagnosis::{Change, Finding, Rollout};

/// The rollout that lines up with the failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// `revision 41 → 42`.
    pub what: String,
    /// `at 02:10 UTC, 1 min before the first failure`.
    pub when: Option<String>,
    /// What differs, the first few.
    pub differs: Vec<String>,
    /// How many further differences there are.
    pub more: usize,
}

impl Changed {
    /// What the finding's rollout changed; at most `max` differences in words.
    pub(super) fn of(finding: &Finding, at: Timestamp, max: usize) -> Option<Self> {
        let rollout = finding.rollout.as_ref()?;
        let mut differs: Vec<_> = rollout
            .changes
            .iter()
            .take(max)
            .map(|change| difference(change, rollout, at))
            .collect();
        match differs.as_mut_slice() {
            [] => differs.push("nothing in the pod template differs".into()),
            [only] => only.push_str(", nothing else"),
            _ => {}
        }
        let more = rollout.changes.len().saturating_sub(max);
        if more > 0 && max == 1 {
            differs =
                differs.into_iter().map(|d| d.trim_end_matches(", nothing else").into()).collect();
        }
        Some(Self {
            what: revisions(rollout),
            when: when(rollout, finding.since, at),
            differs,
            more,
        })
    }

    /// All of it in one line: `revision 41 → 42 at 02:10 UTC: image …, nothing else`.
    pub fn line(&self) -> String {
        let when = self.when.as_ref().map(|when| format!(" {when}")).unwrap_or_default();
        format!("{}{when}: {}", self.what, self.differences("; "))
    }

    /// What differs, with what was left out.
    pub fn differences(&self, between: &str) -> String {
        let more = (self.more > 0).then(|| format!("{} more in the thread", self.more));
        self.differs.iter().cloned().chain(more).collect::<Vec<_>>().join(between)
    }
}

fn revisions(rollout: &Rollout) -> String {
    let short = |revision: &String| plain::short(revision, 80);
    match (rollout.from_revision.as_ref().map(short), rollout.to_revision.as_ref().map(short)) {
        (Some(from), Some(to)) => format!("revision {from} → {to}"),
        (None, Some(to)) => format!("revision {to}"),
        (Some(from), None) => format!("since revision {from}"),
        (None, None) => "the pod template".into(),
    }
}

fn when(rollout: &Rollout, since: Option<Timestamp>, at: Timestamp) -> Option<String> {
    let rolled = rollout.at?;
    let distance = since.and_then(|since| clock::from_event(rolled, since, "the first failure"));
    let time = clock::time(rolled, at);
    Some(distance.map_or_else(|| format!("at {time}"), |distance| format!("at {time}, {distance}")))
}

/// One difference in words: `image checkout:1.4.1 → 1.4.2`, `env DB_HOST removed (was db)`.
pub(super) fn difference(change: &Change, rollout: &Rollout, at: Timestamp) -> String {
    let what = plain::short(&change.what, 120);
    let several = rollout.changes.iter().any(|other| other.container != change.container);
    let of = match &change.container {
        Some(container) if several => format!(" ({})", plain::short(container, 63)),
        _ => String::new(),
    };
    let value = |text: &String| plain::short(text, 200);
    let words = match (change.from.as_ref().map(value), change.to.as_ref().map(value)) {
        (Some(from), Some(to)) => format!("{what}{of} {from} → {}", tail(&from, &to)),
        (Some(from), None) => format!("{what}{of} removed (was {from})"),
        (None, Some(to)) if change.is_edit() => format!("{what}{of} {to}"),
        (None, Some(to)) => format!("{what}{of} added: {to}"),
        (None, None) => format!("{what}{of} changed"),
    };
    match change.at {
        Some(when) => format!("{words} at {}", clock::time(when, at)),
        None => words,
    }
}

/// The new image's tag alone, where the repository is the same.
fn tail<'a>(from: &str, to: &'a str) -> &'a str {
    match (from.rsplit_once(':'), to.rsplit_once(':')) {
        (Some((old, _)), Some((new, tag))) if old == new && !tag.contains('/') => tag,
        _ => to,
    }
}
