//! Who is hurt, in numbers.

use jiff::Timestamp;

use super::{clock, plain};
use crate::diagnosis::{Health, Presence};
use crate::incident::Restarted;

/// Who is hurt and how far it reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hurt {
    /// The workload itself: `0 of 2 pods ready`, `8 restarts in 3 min`. Best first.
    pub own: Vec<String>,
    /// What depends on it: `Service checkout has no endpoints`, `only this workload (1 of 12 in shop)`.
    pub reach: Vec<String>,
}

impl Hurt {
    /// Read from health, and from the restarts that were counted.
    pub(super) fn of(health: &Health, namespace: &str, restarts: &[Restarted]) -> Self {
        let own = presence(health).into_iter().chain(restarted(health, restarts)).collect();
        let reach = services(health).into_iter().chain(neighbours(health, namespace)).collect();
        Self { own, reach }
    }

    /// The line that belongs into a notification.
    pub fn first(&self) -> Option<&str> {
        self.own.first().or(self.reach.first()).map(String::as_str)
    }

    /// All lines.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.own.iter().chain(&self.reach).map(String::as_str)
    }
}

fn presence(health: &Health) -> Option<String> {
    match &health.presence {
        Presence::NotAsked => None,
        Presence::Present if health.desired == 0 => None,
        Presence::Present => Some(health.pods_ready()),
        Presence::ScaledToZero => Some("scaled to zero pods".into()),
        Presence::Gone => Some("it no longer exists".into()),
        Presence::Unknown(why) => Some(format!("readiness not known: {}", plain::short(why, 120))),
    }
}

/// Restarts as they were counted over time, else as the living pods' own counters say.
fn restarted(health: &Health, restarts: &[Restarted]) -> Option<String> {
    let span = |seen: &[Restarted]| -> Option<(Timestamp, Timestamp)> {
        let times = seen.iter().map(|r| r.at);
        Some((times.clone().min()?, times.max()?))
    };
    if let (true, Some((first, last))) = (restarts.len() > 1, span(restarts)) {
        let restarts = plain::counted(restarts.len(), "restart", "restarts");
        // Replicas that crash in the same second are no pace.
        let at_once = last.duration_since(first).as_secs() < 1;
        return Some(if at_once {
            restarts
        } else {
            format!("{restarts} in {}", clock::span(first, last))
        });
    }
    let counted: i64 = health.restarts.iter().map(|r| i64::from(r.count.max(0))).sum();
    (counted > 0)
        .then(|| format!("{counted} {}", if counted == 1 { "restart" } else { "restarts" }))
}

/// Services without endpoints, named up to three; then those that lost some.
fn services(health: &Health) -> Option<String> {
    let (dead, alive): (Vec<_>, Vec<_>) = health.services.iter().partition(|s| s.ready == 0);
    if dead.is_empty() {
        let service = alive.iter().find(|s| s.ready < s.total)?;
        let name = plain::short(&service.name, 70);
        return Some(format!(
            "Service {name} has {} of {} endpoints",
            service.ready, service.total
        ));
    }
    let named: Vec<_> = dead.iter().take(3).map(|s| plain::short(&s.name, 70)).collect();
    let more = dead.len().saturating_sub(3);
    let (noun, verb) = if dead.len() == 1 { ("Service", "has") } else { ("Services", "have") };
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some(format!("{noun} {}{rest} {verb} no endpoints", named.join(", ")))
}

fn neighbours(health: &Health, namespace: &str) -> Option<String> {
    let near = health.neighbours.filter(|n| n.total > 0)?;
    let place = if namespace.is_empty() {
        String::new()
    } else {
        format!(" in {}", plain::short(namespace, 63))
    };
    Some(match near.failing {
        0 => format!("all {} workloads{place} are well", near.total),
        1 => format!("only this workload (1 of {}{place})", near.total),
        failing => format!("{failing} of {} workloads{place} fail", near.total),
    })
}
