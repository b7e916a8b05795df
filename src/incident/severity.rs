//! How bad it is: a matrix of impact, corrected by the alert's word, by the tier and by where it happens.

mod matrix;

use super::{Incident, Rules, Severity};
use crate::diagnosis::{Health, ObjectRef, Presence};
pub use matrix::{Impacts, Level, Levels, Matrix};

/// What there is to weigh.
struct Case<'a> {
    /// What is known of the damage, before anyone's opinion of it. `None`: it could not be seen.
    impact: Option<(Severity, String)>,
    health: &'a Health,
    /// The word of each alert that fires; empty where it has none.
    alerts: &'a [&'a str],
    /// The tier that the workload says it has.
    tier: Option<&'a str>,
    namespace: &'a str,
    cluster: &'a str,
}

/// The severity of an incident as it stands, with the reason in words.
pub(super) fn of(incident: &Incident, rules: &Rules) -> (Severity, String) {
    let alerts: Vec<&str> = incident
        .alerts
        .values()
        .filter(|alert| alert.ended_at.is_none())
        .map(|alert| alert.labels.get("severity").map_or("", String::as_str))
        .collect();
    let object = incident.subject.object.as_ref();
    let case = Case {
        impact: impact(&incident.health, object, &rules.severity),
        health: &incident.health,
        alerts: &alerts,
        tier: incident.about.tier.as_deref(),
        namespace: object.map_or("", |object| &object.namespace),
        cluster: &incident.subject.cluster,
    };
    case.weigh(&rules.severity)
}

/// The severity of a bare health, without any alert: what `diagnose` prints.
pub fn of_health(health: &Health, object: &ObjectRef, rules: &Rules) -> (Severity, String) {
    let impact = impact(health, Some(object), &rules.severity);
    let namespace = &object.namespace;
    Case { impact, health, alerts: &[], tier: None, namespace, cluster: "" }.weigh(&rules.severity)
}

/// Kinds that are not judged by how many pods are ready.
const HAS_NO_PODS: [&str; 3] = ["Node", "PersistentVolumeClaim", "ResourceQuota"];

fn impact(
    health: &Health,
    object: Option<&ObjectRef>,
    matrix: &Matrix,
) -> Option<(Severity, String)> {
    if health.presence != Presence::Present {
        return None;
    }
    if object.is_some_and(|it| HAS_NO_PODS.contains(&it.kind.as_str())) {
        let wrong = health.failing.first()?.clone();
        let quota = object.is_some_and(|it| it.kind == "ResourceQuota");
        let level = if quota { matrix.impact.none } else { matrix.impact.redundancy };
        return Some((level, wrong));
    }
    let silent: Vec<&str> = health
        .services
        .iter()
        .filter(|service| service.ready == 0)
        .map(|service| service.name.as_str())
        .collect();
    let kind = object.map_or("", |object| object.kind.as_str());
    let podless = ["Node", "PersistentVolumeClaim"].contains(&kind);
    let batch = object.is_some_and(|o| o.kind == "Job" || o.kind == "CronJob");
    let (pods, levels) = (health.pods_ready(), &matrix.impact);
    let found = match (health.ready, health.desired) {
        _ if batch && !health.failing.is_empty() => {
            (levels.batch, "a batch run fails; nothing is served by it".to_owned())
        }
        _ if podless && !health.failing.is_empty() => (levels.redundancy, pods),
        _ if kind == "Service" && !silent.is_empty() => {
            (levels.no_endpoint, without_endpoints(&silent))
        }
        (0, 1..) if silent.is_empty() => (levels.no_ready_pod, "no ready pod".to_owned()),
        (0, 1..) => (
            levels.no_ready_pod.max(levels.no_endpoint),
            format!("no ready pod; {}", without_endpoints(&silent)),
        ),
        (_, 1..) if !silent.is_empty() => (levels.no_endpoint, without_endpoints(&silent)),
        (ready, desired) if ready.saturating_mul(2) < desired => (levels.degraded, pods),
        (ready, desired) if ready < desired => (levels.redundancy, pods),
        (_, 0) if podless || kind == "Service" => (levels.none, pods),
        (_, 0) => (levels.none, "no pods are wanted".to_owned()),
        _ => (levels.none, pods),
    };
    Some(found)
}

fn without_endpoints(services: &[&str]) -> String {
    match services {
        [one] => format!("Service {one} has no serving endpoint"),
        several => format!("Services {} have no serving endpoint", several.join(", ")),
    }
}

impl Case<'_> {
    fn weigh(&self, matrix: &Matrix) -> (Severity, String) {
        let grave = self.alerts.iter().copied().find(|word| is_critical(word));
        let high = self.tier.filter(|tier| matrix.high_tiers.iter().any(|high| high == tier));
        let (mut severity, mut reason) = match &self.impact {
            Some((seen, why)) if grave.is_some() || high.is_some() => {
                let whose = [
                    grave.map(|word| format!("; the alert is {word}")),
                    high.map(|tier| format!("; its tier is {tier}")),
                ];
                let whose: String = whose.into_iter().flatten().collect();
                let sure = grave.is_some() || self.in_production(matrix);
                match self.raised(*seen, sure) {
                    Severity::Sev1 => {
                        (Severity::Sev1, format!("{why}{}{whose}", "; other workloads fail too"))
                    }
                    raised => (raised, format!("{why}{whose}")),
                }
            }
            Some((seen, why)) => (*seen, why.clone()),
            None => self.unseen(matrix),
        };
        for (most, why) in self.caps(matrix) {
            if most < severity {
                severity = most;
                reason = format!("{reason}; {why}");
            }
        }
        (severity, reason)
    }

    /// A critical alert or a high tier raises by one step. SEV1 is only reached where several things do
    /// not work for many: a Service serves nobody, other workloads of the namespace fail too, and it is
    /// known to matter: by a critical alert, or by a name that says production.
    fn raised(&self, seen: Severity, sure: bool) -> Severity {
        let silent = self.health.services.iter().any(|service| service.ready == 0);
        let others = self.health.neighbours.is_some_and(|neighbours| neighbours.failing > 1);
        match seen {
            Severity::Sev4 => Severity::Sev3,
            Severity::Sev3 => Severity::Sev2,
            Severity::Sev2 if silent && others && sure => Severity::Sev1,
            Severity::Sev2 => Severity::Sev2,
            Severity::Sev1 => Severity::Sev1,
        }
    }

    /// The damage cannot be seen: the alert's own word is all there is.
    fn unseen(&self, matrix: &Matrix) -> (Severity, String) {
        let mild = |word: &str| matches!(word, "info" | "none" | "low" | "P4" | "p4");
        let said = |word: &str| format!("the alert is {word}; who is hurt is not known");
        let unknown = || "who is hurt is not known".to_owned();
        let middle = matrix.impact.unseen;
        match self.alerts {
            alerts if alerts.iter().any(|word| is_critical(word)) => {
                let word = alerts.iter().find(|word| is_critical(word)).copied();
                (middle.max(self.raised(middle, false)), said(word.unwrap_or_default()))
            }
            [] => (Severity::Sev4, unknown()),
            [first, ..] if self.alerts.iter().all(|word| mild(word)) => {
                (Severity::Sev4, said(first))
            }
            [first, ..] if !first.is_empty() => (middle, said(first)),
            _ => (middle, unknown()),
        }
    }

    /// How bad it can be at most, and why: nobody is woken for a test environment or a low tier.
    fn caps(&self, matrix: &Matrix) -> Vec<(Severity, String)> {
        let low = self.tier.filter(|tier| matrix.low_tiers.iter().any(|low| low == tier));
        let low = low.map(|tier| (Severity::Sev3, format!("its tier is {tier}")));
        let place = [self.namespace, self.cluster].into_iter().find_map(|name| {
            let most = words(name).filter_map(|word| matrix.at_most.get(&word)).min()?;
            Some((*most, format!("{name} is not production")))
        });
        low.into_iter().chain(place).collect()
    }

    fn in_production(&self, matrix: &Matrix) -> bool {
        let says = |name: &str| words(name).any(|word| matrix.production.contains(&word));
        says(self.namespace) || says(self.cluster)
    }
}

fn is_critical(word: &str) -> bool {
    ["critical", "page", "emergency", "disaster", "p1"].iter().any(|w| word.eq_ignore_ascii_case(w))
}

/// The words of a name: `shop-dev`, `dev2` and `team.test` hold `dev` and `test`; `devices` does not.
fn words(name: &str) -> impl Iterator<Item = String> {
    name.split(|c: char| !c.is_alphanumeric())
        .map(|part| part.trim_end_matches(|c: char| c.is_ascii_digit()).to_lowercase())
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
        judge_tier(ready, endpoints, failing, alert, ns, None)
    }

    fn judge_tier(
        ready: (i32, i32),
        endpoints: Option<usize>,
        failing: usize,
        alert: &str,
        ns: &str,
        tier: Option<&str>,
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
        let matrix = Matrix::default();
        let impact = impact(&health, Some(&object), &matrix);
        let (alerts, namespace) = (&[alert], object.namespace.as_str());
        let case = Case { impact, health: &health, alerts, tier, namespace, cluster: "" };
        let (severity, why) = case.weigh(&matrix);
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
                "SEV4: no ready pod; the alert is critical; shop-dev2 is not production",
            ),
            (
                judge((1, 2), None, 1, "", "preview.shop"),
                "SEV4: 1 of 2 pods ready; preview.shop is not production",
            ),
            (
                judge((0, 2), Some(0), 4, "critical", "shop-staging"),
                "SEV3: no ready pod; Service web has no serving endpoint; other workloads fail too; \
                 the alert is critical; shop-staging is not production",
            ),
            (judge((1, 2), None, 1, "", "devices"), "SEV3: 1 of 2 pods ready"),
        ];
        for (judged, expected) in rows {
            assert_eq!(judged, expected);
        }
    }

    #[test]
    fn a_tier_weighs_as_an_alert_does_and_only_production_reaches_the_top_by_it() {
        let silent = |ns, tier| judge_tier((0, 2), Some(0), 4, "warning", ns, tier);
        let told = "no ready pod; Service web has no serving endpoint";
        assert_eq!(silent("shop", Some("1")), format!("SEV2: {told}; its tier is 1"));
        let top = format!("SEV1: {told}; other workloads fail too; its tier is 1");
        assert_eq!(silent("shop-prod", Some("1")), top);
        assert_eq!(silent("shop-prod", None), format!("SEV2: {told}"));
        assert_eq!(silent("shop", Some("low")), format!("SEV3: {told}; its tier is low"));
        assert_eq!(silent("shop", Some("frontend")), format!("SEV2: {told}"));
        let degraded = judge_tier((1, 2), None, 1, "", "shop", Some("gold"));
        assert_eq!(degraded, "SEV2: 1 of 2 pods ready; its tier is gold");
    }

    #[test]
    fn the_settings_lift_a_cap_and_grade_an_impact() {
        let health = Health {
            presence: Presence::Present,
            desired: 4,
            ready: 1,
            failing: vec!["it fails".to_owned()],
            ..Health::default()
        };
        let mut rules = Rules::default();
        let judge = |ns, rules: &Rules| {
            of_health(&health, &ObjectRef::new("Deployment", ns, "web"), rules).0
        };
        assert_eq!(judge("shop-demo", &rules), Severity::Sev4);
        rules.severity.at_most.insert("demo".to_owned(), Severity::Sev1);
        rules.severity.impact.degraded = Severity::Sev2;
        assert_eq!(judge("shop-demo", &rules), Severity::Sev2);
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
        let judge = |alerts: &[&str]| {
            let health = &Health::default();
            let case =
                Case { impact: None, health, alerts, tier: None, namespace: "", cluster: "" };
            case.weigh(&Matrix::default()).0
        };
        assert_eq!(judge(&["critical"]), Severity::Sev2);
        assert_eq!(judge(&["warning"]), Severity::Sev3);
        assert_eq!(judge(&[""]), Severity::Sev3);
        assert_eq!(judge(&["info"]), Severity::Sev4);
        assert_eq!(judge(&["info", "critical"]), Severity::Sev2);
        assert_eq!(judge(&[]), Severity::Sev4);
    }
}
