//! Mistakes that somebody is about to make, or has just begun to make: each with the fact that shows it is
//! near. What is merely possible is not warned of.

use jiff::Timestamp;

use super::memory;
use super::{Case, Certainty, Change, ContainerView, Hypothesis, Rollout};

/// Causes that come with load: there more pods may help.
const HELPED_BY_PODS: [&str; 4] =
    ["oom-killed", "heap-exhausted", "killed-by-probe", "readiness-probe-failing"];

/// Warnings, the gravest first.
pub(super) fn near(case: &Case<'_>, best: &Hypothesis) -> Vec<String> {
    let found =
        [moved_tag_avoided(case), leaks(case, best), not_memory(case, best), scaled(case, best)];
    found.into_iter().flatten().collect()
}

/// The tag that was pushed again: container, and digest before. A roll-back would pull the new image once
/// more, since it asks for the same tag.
pub(super) fn moved_tag(rollout: &Rollout) -> Option<(&str, &str)> {
    let moved = rollout.changes.iter().find(|it| it.what == "image digest")?;
    let alone = rollout.changes.iter().all(|it| it.what == "image digest" || Change::is_edit(it));
    let before = moved.from.as_deref().filter(|it| is_digest(it))?;
    alone.then_some((moved.container.as_deref()?, before))
}

fn moved_tag_avoided(case: &Case<'_>) -> Option<String> {
    let (container, _) = moved_tag(case.rollout()?)?;
    Some(format!(
        "Rolling back by revision: both ask for the same tag of {container}, and that tag means another image by now."
    ))
}

/// `sha256:` and its 64 digits: it ends up in a command.
fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Usage that only grows until the kill: a higher limit is reached as well, later.
fn leaks(case: &Case<'_>, best: &Hypothesis) -> Option<String> {
    if best.cause != "oom-killed" {
        return None;
    }
    let growth = case.containers().find_map(|container| memory::growth(case, &container));
    let (from, to, minutes) = growth?;
    Some(format!(
        "Only raising the limit: usage grew from {} to {} within {minutes} min and never fell; a higher limit is reached as well, only later.",
        memory::words(from),
        memory::words(to)
    ))
}

/// Exit code 137 is SIGKILL, by whomever: memory is one suspect of several.
fn not_memory(case: &Case<'_>, best: &Hypothesis) -> Option<String> {
    let about_memory = best.cause.contains("oom") || best.cause.contains("heap");
    let certain = best.certainty == Certainty::Certain;
    let killed = |it: &ContainerView<'_>| {
        it.last_ended().is_some_and(|ended| ended.exit_code() == 137) && it.oom_killed().is_none()
    };
    let container = case.containers().find(killed).filter(|_| !about_memory && !certain)?;
    let limit = match memory::limit(&container) {
        Some(_) => "and the runtime does not say OOMKilled",
        None => "no memory limit is set, and the runtime does not say OOMKilled",
    };
    Some(format!("Taking exit code 137 for a lack of memory: it is SIGKILL by whomever, {limit}."))
}

/// Somebody adds pods to what crashes.
fn scaled(case: &Case<'_>, best: &Hypothesis) -> Option<String> {
    if HELPED_BY_PODS.contains(&best.cause.as_str()) {
        return None;
    }
    let crash = case.containers().filter_map(|it| it.last_ended()?.finished_at()).min()?;
    let events = case.world().events_named(case.object());
    let event = events.into_iter().rev().find(|event| {
        event.reason() == "ScalingReplicaSet" && event.last_seen().is_some_and(|at| at > crash)
    })?;
    let (from, to) = more_pods(event.message())?;
    let at = event.last_seen().map(|at| at.strftime(" at %H:%M UTC").to_string());
    Some(format!(
        "Scaling up: it was scaled from {from} to {to}{}, and more pods of what crashes only crash as well.",
        at.unwrap_or_default()
    ))
}

/// `Scaled up replica set web-1 from 2 to 4`: more of a set that was there; a rollout begins with none.
fn more_pods(message: &str) -> Option<(u32, u32)> {
    let (_, numbers) = message.strip_prefix("Scaled up replica set ")?.split_once(" from ")?;
    let (from, to) = numbers.split_once(" to ")?;
    let (from, to) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
    (from > 0 && to > from).then_some((from, to))
}

/// How a series went, where it only grew: its first value, its last, and the minutes between.
pub(super) fn only_grew(samples: &[(Timestamp, f64)]) -> Option<(f64, f64, i64)> {
    let (first, last) = (samples.first()?, samples.last()?);
    let minutes = last.0.duration_since(first.0).as_secs() / 60;
    let falls = samples.windows(2).filter(|pair| pair[1].1 < pair[0].1).count();
    let grew = last.1 >= first.1 * 1.5 && falls * 10 <= samples.len();
    (samples.len() >= 8 && minutes >= 10 && grew).then_some((first.1, last.1, minutes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Evidence, ObjectRef, Scope, diagnose};
    use serde_json::{Value, json};

    const NOW: &str = "2026-11-21T02:14:00Z";
    const OLD: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const NEW: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    /// A Deployment whose newer pods end as `ended` says; the tag of both revisions is the same.
    fn crashing(ended: &Value, events: &Value, limit: Option<&str>) -> Evidence {
        let owner = |set: &str| json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": set, "uid": set, "controller": true}]);
        let resources = limit.map(|it| json!({"limits": {"memory": it}})).unwrap_or(json!({}));
        let template = json!({"metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "app", "image": "registry.example/web:1",
                "resources": resources}]}});
        let set = |name: &str, revision: &str, at: &str, ready: i32| {
            json!({"metadata": {"name": name, "namespace": "shop", "uid": name, "creationTimestamp": at,
                "annotations": {"deployment.kubernetes.io/revision": revision},
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web",
                    "uid": "d", "controller": true}]},
                "spec": {"replicas": 1, "selector": {}, "template": template},
                "status": {"replicas": 1, "readyReplicas": ready}})
        };
        let pod = |name: &str, set: &str, digest: &str, status: Value| {
            let mut container = json!({"name": "app", "image": "registry.example/web:1",
                "imageID": format!("registry.example/web@{digest}"), "ready": false, "restartCount": 4});
            for (key, value) in status.as_object().into_iter().flatten() {
                container[key] = value.clone();
            }
            json!({"metadata": {"name": name, "namespace": "shop", "uid": name,
                "creationTimestamp": "2026-11-21T02:10:00Z", "ownerReferences": owner(set)},
                "spec": {"containers": [template["spec"]["containers"][0]]},
                "status": {"phase": "Running", "conditions": [{"type": "Ready",
                    "status": if container["ready"] == true { "True" } else { "False" }}],
                    "containerStatuses": [container]}})
        };
        let mut all = json!({"taken_at": NOW});
        for source in ["stateful_sets", "daemon_sets", "jobs", "cron_jobs"] {
            all[source] = json!({"read": []});
        }
        all["events"] = json!({"read": events});
        all["deployments"] = json!({"read": [{"metadata": {"name": "web", "namespace": "shop", "uid": "d"},
            "spec": {"replicas": 2, "selector": {}, "template": template},
            "status": {"replicas": 2, "readyReplicas": 1, "updatedReplicas": 1}}]});
        all["replica_sets"] = json!({"read": [set("web-1", "1", "2026-11-01T00:00:00Z", 1),
            set("web-2", "2", "2026-11-21T02:10:00Z", 0)]});
        let running = json!({"ready": true, "restartCount": 0, "state": {"running": {}}});
        let waits =
            json!({"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": ended});
        all["pods"] = json!({"read": [pod("web-1-a", "web-1", OLD, running),
            pod("web-2-b", "web-2", NEW, waits)]});
        serde_json::from_value(all).expect("evidence")
    }

    fn ended(code: i32) -> Value {
        json!({"terminated": {"exitCode": code, "reason": "Error",
            "startedAt": "2026-11-21T02:11:00Z", "finishedAt": "2026-11-21T02:11:40Z"}})
    }

    fn found(evidence: &Evidence) -> (Vec<String>, Vec<String>) {
        let scope = Scope::Workload(ObjectRef::new("Deployment", "shop", "web"));
        let finding = diagnose(evidence, &scope).findings.remove(0);
        let next = finding.next.iter().filter_map(|choice| choice.command.clone());
        (finding.avoid, next.collect())
    }

    fn warned(avoid: &[String], start: &str) -> bool {
        avoid.iter().any(|text| text.starts_with(start))
    }

    #[test]
    fn a_tag_that_was_pushed_again_is_not_rolled_back_but_named_by_its_digest() {
        let (avoid, next) = found(&crashing(&ended(1), &json!([]), None));
        assert!(warned(&avoid, "Rolling back by revision"), "{avoid:?}");
        assert!(!next.iter().any(|command| command.contains("rollout undo")), "{next:?}");
        let set = format!("set image deployment/web app=registry.example/web@{OLD}");
        assert!(next.iter().any(|command| command.contains(&set)), "{next:?}");
    }

    #[test]
    fn a_kill_that_nobody_calls_out_of_memory_is_not_taken_for_one() {
        let (avoid, _) = found(&crashing(&ended(137), &json!([]), None));
        assert!(warned(&avoid, "Taking exit code 137"), "{avoid:?}");
        assert!(avoid.iter().any(|text| text.contains("no memory limit is set")), "{avoid:?}");
        let (avoid, _) = found(&crashing(&ended(1), &json!([]), None));
        assert!(!warned(&avoid, "Taking exit code 137"), "{avoid:?}");
    }

    #[test]
    fn pods_added_to_what_crashes_are_called_a_mistake_and_a_rollout_is_not() {
        let event = |message: &str| {
            json!([{"metadata": {"name": "e", "namespace": "shop"}, "reason": "ScalingReplicaSet",
                "message": message, "lastTimestamp": "2026-11-21T02:13:00Z",
                "involvedObject": {"kind": "Deployment", "namespace": "shop", "name": "web"}}])
        };
        let more = event("Scaled up replica set web-2 from 2 to 6");
        let (avoid, _) = found(&crashing(&ended(1), &more, None));
        assert!(warned(&avoid, "Scaling up: it was scaled from 2 to 6 at 02:13 UTC"), "{avoid:?}");
        let rollout = event("Scaled up replica set web-2 from 0 to 1");
        let (avoid, _) = found(&crashing(&ended(1), &rollout, None));
        assert!(!warned(&avoid, "Scaling up"), "{avoid:?}");
    }

    #[test]
    fn usage_that_only_grows_is_told_from_one_that_levels_off() {
        let series = |values: &[f64]| -> Vec<(Timestamp, f64)> {
            let at = |n: usize| Timestamp::from_second(n as i64 * 120).expect("a time");
            values.iter().enumerate().map(|(n, value)| (at(n), *value)).collect()
        };
        let grows = series(&[100., 120., 140., 160., 180., 200., 220., 240., 250.]);
        assert_eq!(only_grew(&grows), Some((100., 250., 16)));
        let levels = series(&[100., 250., 249., 250., 248., 250., 249., 250., 248.]);
        assert_eq!(only_grew(&levels), None);
        assert_eq!(only_grew(&grows[..4]), None);
    }
}
