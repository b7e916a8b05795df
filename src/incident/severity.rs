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
    let pods = health.pods_ready();
    let found = match (health.ready, health.desired) {
        _ if batch && !health.failing.is_empty() => {
            (Severity::Sev3, "a batch run fails; nothing is served by it".to_owned())
        }
        (0, 1..) if silent.is_empty() => (Severity::Sev2, "no ready pod".to_owned()),
        (0, 1..) => (Severity::Sev2, format!("no ready pod; {}", without_endpoints(&silent))),
        (_, 1..) if !silent.is_empty() => (Severity::Sev2, without_endpoints(&silent)),
        (ready, desired) if ready < desired => (Severity::Sev3, pods),
        (_, 0) => (Severity::Sev4, "no pods are wanted".to_owned()),
        _ => (Severity::Sev4, pods),
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
            Some(word) => match raised(seen, health) {
                Severity::Sev1 => (
                    Severity::Sev1,
                    format!("{why}; other workloads fail too; the alert is {word}"),
                ),
                raised => (raised, format!("{why}; the alert is {word}")),
            },
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Neighbours, ServiceHealth};

    /// `0/2`, the endpoints of its Service, failing workloads, the alert's word, the namespace.
    fn judge(
        ready: (i32, i32),
        endpoints: Option<usize>,
        failing: usize,
        alert: &str,
        ns: &str,
    ) -> String {
        let health = Health {
            presence: Presence::Present,
            ready: ready.0,
            desired: ready.1,
            failing: vec!["it fails".to_owned()],
            services: endpoints
                .map(|ready| ServiceHealth { name: "web".to_owned(), ready, total: 2 })
                .into_iter()
                .collect(),
            neighbours: Some(Neighbours { failing, total: 12 }),
            ..Health::default()
        };
        let object = ObjectRef::new("Deployment", ns, "web");
        let place = not_production(ns, &Rules::default());
        let (severity, why) = weigh(impact(&health, Some(&object)), &health, &[alert], place);
        format!("{}: {why}", severity.word())
    }

    #[test]
    fn the_matrix_reads_as_written() {
        let rows = [
            (judge((0, 2), None, 1, "warning", "shop"), "SEV2: no ready pod"),
            (
                judge((0, 2), Some(0), 1, "warning", "shop"),
                "SEV2: no ready pod; Service web has no serving endpoint",
            ),
            (judge((1, 2), Some(0), 1, "", "shop"), "SEV2: Service web has no serving endpoint"),
            (judge((1, 2), Some(1), 1, "", "shop"), "SEV3: 1 of 2 pods ready"),
            (judge((2, 2), Some(2), 1, "", "shop"), "SEV4: 2 of 2 pods ready"),
            (
                judge((1, 2), None, 1, "critical", "shop"),
                "SEV2: 1 of 2 pods ready; the alert is critical",
            ),
            (
                judge((0, 2), None, 4, "critical", "shop"),
                "SEV2: no ready pod; the alert is critical",
            ),
            (
                judge((0, 2), Some(0), 4, "critical", "shop"),
                "SEV1: no ready pod; Service web has no serving endpoint; other workloads fail too; \
                 the alert is critical",
            ),
            (
                judge((0, 2), None, 1, "critical", "shop-dev2"),
                "SEV3: no ready pod; the alert is critical; shop-dev2 is not production",
            ),
            (
                judge((1, 2), None, 1, "", "preview.shop"),
                "SEV4: 1 of 2 pods ready; preview.shop is not production",
            ),
            (judge((1, 2), None, 1, "", "devices"), "SEV3: 1 of 2 pods ready"),
        ];
        for (judged, expected) in rows {
            assert_eq!(judged, expected);
        }
    }

    #[test]
    fn a_batch_run_that_fails_serves_nobody() {
        let health = Health {
            presence: Presence::Present,
            desired: 1,
            failing: vec!["failed 6 times".to_owned()],
            ..Health::default()
        };
        let job = ObjectRef::new("Job", "shop", "report");
        assert_eq!(of_health(&health, &job, &Rules::default()).0, Severity::Sev3);
    }

    #[test]
    fn what_cannot_be_seen_is_judged_by_the_alert() {
        let judge = |alerts: &[&str]| weigh(None, &Health::default(), alerts, None).0;
        assert_eq!(judge(&["critical"]), Severity::Sev2);
        assert_eq!(judge(&["warning"]), Severity::Sev3);
        assert_eq!(judge(&[""]), Severity::Sev3);
        assert_eq!(judge(&["info"]), Severity::Sev4);
        assert_eq!(judge(&["info", "critical"]), Severity::Sev2);
        assert_eq!(judge(&[]), Severity::Sev4);
    }
}
