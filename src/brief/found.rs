//! The words for one finding of a diagnosis, when there is no incident around it.

use jiff::Timestamp;

use super::{CauseWords, Changed, Hurt, clock, oncall, plain};
use crate::diagnosis::{BlindSpot, Choice, Finding, Health, ObjectRef, Presence};
use crate::incident::{Rules, Severity, severity};

/// A finding in words. Clean and bounded; nothing is escaped yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// How bad, judged by its health alone.
    pub severity: Severity,
    /// `checkout`.
    pub name: String,
    /// `Deployment`.
    pub kind: String,
    /// `is crash-looping`.
    pub predicate: String,
    /// `since 02:11 UTC`.
    pub since: Option<String>,
    /// Who is hurt.
    pub hurt: Hurt,
    /// Why.
    pub cause: CauseWords,
    /// What changed, and when.
    pub changed: Option<Changed>,
    /// What to do.
    pub next: Vec<Choice>,
    /// What not to do.
    pub avoid: Vec<String>,
    /// What is not known.
    pub unknown: Vec<String>,
}

impl Found {
    /// The words for that finding; `at` is when its evidence was taken.
    pub fn of(finding: &Finding, at: Timestamp) -> Self {
        Self {
            severity: severity(finding),
            name: plain::short(&finding.object.name, 120),
            kind: plain::short(finding.object.kind.as_str(), 63),
            predicate: plain::short(&finding.predicate, 60),
            since: finding.since.map(|since| format!("since {}", clock::time(since, at))),
            hurt: Hurt::of(&finding.health, &finding.object.namespace, &[]),
            cause: CauseWords::of(finding),
            changed: Changed::of(finding, at, 3),
            next: oncall::next(finding),
            avoid: oncall::avoid(finding),
            unknown: oncall::unknown(Some(finding), &[]),
        }
    }
}

/// How bad a finding is by its health alone: no alert was asked.
pub(super) fn severity(finding: &Finding) -> Severity {
    severity::of_health(&finding.health, &finding.object, &Rules::default()).0
}

/// What recovery is verified on, point by point: whether it holds, and in which words.
pub fn checklist(health: &Health) -> Vec<(bool, String)> {
    let there = match &health.presence {
        Presence::Present => (true, "it exists".to_owned()),
        Presence::ScaledToZero => (true, "scaled to zero on purpose".to_owned()),
        Presence::Gone => (false, "it no longer exists".to_owned()),
        Presence::Unknown(why) => {
            (false, format!("it could not be read: {}", plain::short(why, 120)))
        }
        Presence::NotAsked => (false, "it was not looked at".to_owned()),
    };
    let ready = health.pods_ready();
    let rollout = if health.rollout_complete { "rollout complete" } else { "rollout not complete" };
    let waiting = match health.waiting.first() {
        None => "no container waits for a bad reason".to_owned(),
        Some(w) => format!(
            "{} of {} waits: {}",
            plain::short(&w.container, 63),
            plain::short(&w.pod, 80),
            plain::short(&w.reason, 60)
        ),
    };
    let silent: Vec<_> = health
        .services
        .iter()
        .filter(|s| s.ready == 0)
        .map(|s| plain::short(&s.name, 63))
        .collect();
    let mut list = vec![
        there,
        (health.ready >= health.desired, ready),
        (health.rollout_complete, rollout.to_owned()),
        (health.waiting.is_empty(), waiting),
    ];
    if health.desired == 0 {
        list.remove(1);
    }
    if !health.services.is_empty() {
        let words = match silent.as_slice() {
            [] => "every Service has endpoints".to_owned(),
            silent => format!("no endpoints: {}", silent.join(", ")),
        };
        list.push((silent.is_empty(), words));
    }
    // Jobs and bare pods have no rollout: what does not apply is not held against them.
    if health.is_healthy() {
        list.retain(|(holds, _)| *holds);
    }
    list
}

/// `checkout`, or `shop/checkout` where no namespace was asked for.
pub(super) fn named(object: &ObjectRef, namespace: Option<&str>) -> String {
    let name = plain::short(&object.name, 120);
    match (namespace, object.namespace.as_str()) {
        (Some(_), _) | (_, "") => name,
        (None, own) => format!("{}/{name}", plain::short(own, 63)),
    }
}

/// `blind: node metrics (forbidden), events (timed out)`.
pub(super) fn blind(spots: &[BlindSpot]) -> Option<String> {
    let named = spots.iter().take(6).map(|spot| {
        format!("{} ({})", plain::short(&spot.source, 80), plain::short(&spot.why, 160))
    });
    let more = spots.len().saturating_sub(6);
    let more = (more > 0).then(|| format!("and {more} more"));
    let all: Vec<_> = named.chain(more).collect();
    (!all.is_empty()).then(|| format!("blind: {}", all.join(", ")))
}
