//! How bad it is: a matrix of impact, corrected by the alert's word and by where it happens.

use super::{Incident, Rules, Severity};
use crate::diagnosis::{Health, ObjectRef, Presence};

/// The severity of an incident as it stands, with the reason in words.
pub(super) fn of(incident: &Incident, rules: &Rules) -> (Severity, String) {
    let alerts: Vec<&str> = incident
        .alerts
        .values()
        .filter(|alert| alert.ended_at.is_none())
        .map(|alert| alert.labels.get("severity").map_or("", String::as_str))
        .collect();
    let impact = impact(&incident.health, incident.subject.object.as_ref());
    weigh(impact, &incident.health, &alerts, environment(incident, rules))
}

/// The severity of a bare health, without any alert: what `diagnose` prints.
pub fn of_health(health: &Health, object: &ObjectRef, rules: &Rules) -> (Severity, String) {
    let place = not_production(&object.namespace, rules);
    weigh(impact(health, Some(object)), health, &[], place)
}

/// What is known of the damage, before anyone's opinion of it. `None`: it could not be seen.
fn impact(health: &Health, object: Option<&ObjectRef>) -> Option<(Severity, String)> {
    if health.presence != Presence::Present {
        return None;
    }
    let silent: Vec<&str> = health
        .services
        .iter()
        .filter(|service| service.ready == 0)
        .map(|service| service.name.as_str())
        .collect();
    let batch = object.is_some_and(|o| o.kind == "Job" || o.kind == "CronJob");
    let pods = format!("{} of {} pods ready", health.ready, health.desired);
    let found = match (health.ready, health.desired) {
        _ if batch && !health.failing.is_empty() => {
            (Severity::Sev3, "a batch run fails; nothing is served by it".to_owned())
        }
        (0, 1..) if silent.is_empty() => (Severity::Sev2, "no ready pod".to_owned()),
        (0, 1..) => (Severity::Sev2, format!("no ready pod; {}", without_endpoints(&silent))),
        (_, 1..) if !silent.is_empty() => (Severity::Sev2, without_endpoints(&silent)),
        (ready, desired) if ready < desired => (Severity::Sev3, pods),
        (_, 0) => (Severity::Sev4, "no pods are wanted".to_owned()),
        _ => (Severity::Sev4, format!("{pods}: nobody is hurt")),
    };
    Some(found)
}

fn without_endpoints(services: &[&str]) -> String {
    match services {
        [one] => format!("Service {one} has no serving endpoint"),
        several => format!("Services {} have no serving endpoint", several.join(", ")),
    }
}

fn weigh(
    impact: Option<(Severity, String)>,
    health: &Health,
    alerts: &[&str],
    place: Option<String>,
) -> (Severity, String) {
    let grave = alerts.iter().copied().find(|word| is_critical(word));
    let (mut severity, mut reason) = match impact {
        Some((seen, why)) => match grave {
            Some(word) => (raised(seen, health), format!("{why}; the alert is {word}")),
            None => (seen, why),
        },
        None => unseen(alerts),
    };
    if let Some(place) = place {
        // One step milder, and never above SEV3: nobody is woken for a test environment.
        let milder = match severity {
            Severity::Sev1 | Severity::Sev2 => Severity::Sev3,
            Severity::Sev3 | Severity::Sev4 => Severity::Sev4,
        };
        if milder != severity {
            severity = milder;
            reason = format!("{reason}; {place} is not production");
        }
    }
    (severity, reason)
}

/// A critical alert raises by one step. SEV1 is only reached where several things do not work for
/// many: a Service serves nobody, and other workloads of the namespace fail too.
fn raised(seen: Severity, health: &Health) -> Severity {
    let silent = health.services.iter().any(|service| service.ready == 0);
    let others = health.neighbours.is_some_and(|neighbours| neighbours.failing > 1);
    match seen {
        Severity::Sev4 => Severity::Sev3,
        Severity::Sev3 => Severity::Sev2,
        Severity::Sev2 if silent && others => Severity::Sev1,
        Severity::Sev2 => Severity::Sev2,
        Severity::Sev1 => Severity::Sev1,
    }
}

/// The damage cannot be seen: the alert's own word is all there is.
fn unseen(alerts: &[&str]) -> (Severity, String) {
    let mild = |word: &str| matches!(word, "info" | "none" | "low" | "P4" | "p4");
    let said = |word: &str| format!("the alert is {word}; who is hurt is not known");
    let unknown = || "who is hurt is not known".to_owned();
    match alerts {
        _ if alerts.iter().any(|word| is_critical(word)) => {
            let word = alerts.iter().find(|word| is_critical(word)).copied().unwrap_or_default();
            (Severity::Sev2, said(word))
        }
        [] => (Severity::Sev4, unknown()),
        [first, ..] if alerts.iter().all(|word| mild(word)) => (Severity::Sev4, said(first)),
        [first, ..] if !first.is_empty() => (Severity::Sev3, said(first)),
        _ => (Severity::Sev3, unknown()),
    }
}

fn is_critical(word: &str) -> bool {
    ["critical", "page", "emergency", "disaster", "p1"].iter().any(|w| word.eq_ignore_ascii_case(w))
}

/// The name that says that this is not production, if one does.
fn environment(incident: &Incident, rules: &Rules) -> Option<String> {
    let namespace = incident.subject.object.as_ref().map_or("", |object| &object.namespace);
    not_production(namespace, rules).or_else(|| not_production(&incident.subject.cluster, rules))
}

/// `shop-dev`, `dev2` and `team.test` are not production; `devices` is not known to be anything.
fn not_production(name: &str, rules: &Rules) -> Option<String> {
    name.split(|c: char| !c.is_alphanumeric())
        .map(|part| part.trim_end_matches(|c: char| c.is_ascii_digit()).to_lowercase())
        .any(|part| rules.not_production.contains(&part))
        .then(|| name.to_owned())
}
