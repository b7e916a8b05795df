//! Each kind's health, row by row: what is a fault, what only settles, what is intended.

use serde_json::{Value, json};

use crate::diagnosis::{Evidence, ObjectRef, Presence, Scope, Source, diagnose, health};

const NOW: &str = "2026-11-21T02:14:00Z";
const LONG_AGO: &str = "2026-11-18T09:00:00Z";

/// Evidence with everything read; `source` holds these objects.
fn evidence(sources: &[(&str, Value)]) -> Evidence {
    let mut all = json!({"taken_at": NOW});
    for source in [
        "pods",
        "deployments",
        "replica_sets",
        "stateful_sets",
        "daemon_sets",
        "jobs",
        "cron_jobs",
        "events",
    ] {
        all[source] = json!({"read": []});
    }
    for (source, objects) in sources {
        all[*source] = json!({"read": objects});
    }
    serde_json::from_value(all).expect("evidence")
}

fn deployment(spec: Value, status: Value) -> Evidence {
    let metadata = json!({"name": "web", "namespace": "shop", "generation": 3,
        "creationTimestamp": LONG_AGO});
    evidence(&[(
        "deployments",
        json!([{"metadata": metadata, "status": status, "spec": with(
        json!({"selector": {}, "template": {}}), spec)}]),
    )])
}

fn with(mut base: Value, more: Value) -> Value {
    for (key, value) in more.as_object().into_iter().flatten() {
        base[key] = value.clone();
    }
    base
}

/// Presence, what is failing, and whether it is a finding.
fn told(evidence: &Evidence, kind: &str) -> (Presence, Vec<String>, bool) {
    let object = ObjectRef::new(kind, "shop", "web");
    let found = health(evidence, &object);
    let findings = diagnose(evidence, &Scope::Workload(object)).findings;
    (found.presence, found.failing, !findings.is_empty())
}

fn row(evidence: &Evidence, kind: &str, failing: &[&str], is_finding: bool) {
    let found = told(evidence, kind);
    assert_eq!(
        found,
        (Presence::Present, failing.iter().map(|it| (*it).into()).collect(), is_finding)
    );
}

fn container_pod(state: Value, last: Value, ready: bool, restarts: i32) -> Evidence {
    let pod = json!({
        "metadata": {"name": "web", "namespace": "shop", "creationTimestamp": LONG_AGO},
        "spec": {"containers": [{"name": "app"}]},
        "status": {"phase": "Running",
            "conditions": [{"type": "Ready", "status": if ready {"True"} else {"False"}}],
            "containerStatuses": [{"name": "app", "image": "", "imageID": "", "ready": ready,
                "restartCount": restarts, "state": state, "lastState": last}]},
    });
    evidence(&[("pods", json!([pod]))])
}

fn ended(code: i32, from: &str, to: &str) -> Value {
    json!({"terminated": {"exitCode": code, "reason": "Error", "startedAt": from, "finishedAt": to}})
}

#[test]
fn deployment_is_judged_as_kubectl_rollout_status_judges_it() {
    let all = |ready: i32, updated: i32, total: i32, observed: i32| {
        deployment(
            json!({"replicas": 2}),
            json!({"observedGeneration": observed, "replicas": total, "updatedReplicas": updated,
                "readyReplicas": ready, "availableReplicas": ready}),
        )
    };
    row(&all(2, 2, 2, 3), "Deployment", &[], false);
    row(&all(0, 2, 2, 3), "Deployment", &["0 of 2 pods ready"], true);
    row(&all(2, 1, 3, 3), "Deployment", &["1 of 2 pods updated"], false);
    row(&all(2, 2, 3, 3), "Deployment", &["1 pod of the old revision still to go"], false);
    let unseen = "the controller has not seen the newest change yet";
    row(&all(2, 2, 2, 2), "Deployment", &[unseen], false);
}

#[test]
fn pods_that_are_ready_need_not_be_counted_yet() {
    let mut late = deployment(
        json!({"replicas": 1}),
        json!({"observedGeneration": 3, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 0}),
    );
    let running = json!({"running": {"startedAt": LONG_AGO}});
    let pods = container_pod(running, json!({}), true, 0).pods;
    let mut pods: Value = serde_json::to_value(pods).expect("pods");
    pods["read"][0]["metadata"]["ownerReferences"] = json!([{"kind": "Deployment", "name": "web", "uid": "1", "apiVersion": "apps/v1",
            "controller": true}]);
    late.pods = serde_json::from_value(pods).expect("pods");
    row(&late, "Deployment", &["0 of 1 pod ready"], false);
}

#[test]
fn rollout_past_its_deadline_is_a_fault_although_the_old_pods_serve() {
    let conditions = json!([{"type": "Progressing", "status": "False",
        "reason": "ProgressDeadlineExceeded"}]);
    let stuck = deployment(
        json!({"replicas": 2}),
        json!({"observedGeneration": 3, "replicas": 3, "updatedReplicas": 1, "readyReplicas": 2,
            "availableReplicas": 2, "conditions": conditions}),
    );
    let lines = ["the rollout has exceeded its progress deadline", "1 of 2 pods updated"];
    row(&stuck, "Deployment", &lines, true);
}

#[test]
fn intended_states_are_no_faults() {
    let zero = deployment(json!({"replicas": 0}), json!({"observedGeneration": 3}));
    assert_eq!(told(&zero, "Deployment"), (Presence::ScaledToZero, Vec::new(), false));
    let paused = deployment(
        json!({"replicas": 1, "paused": true}),
        json!({"observedGeneration": 3, "replicas": 1, "readyReplicas": 1, "availableReplicas": 1}),
    );
    row(&paused, "Deployment", &[], false);
    let metadata = json!({"name": "web", "namespace": "shop"});
    let suspended = json!([{"metadata": metadata, "spec": {"suspend": true, "template": {}}}]);
    let suspended = evidence(&[("jobs", suspended)]);
    assert_eq!(told(&suspended, "Job"), (Presence::ScaledToZero, Vec::new(), false));
}

#[test]
fn job_is_judged_by_its_own_conditions() {
    let job = |status: Value| {
        let metadata = json!({"name": "web", "namespace": "shop"});
        evidence(&[(
            "jobs",
            json!([{"metadata": metadata, "spec": {"template": {}},
            "status": status}]),
        )])
    };
    let condition =
        |kind: &str, reason: &str| json!([{"type": kind, "status": "True", "reason": reason}]);
    row(&job(json!({"conditions": condition("Complete", "")})), "Job", &[], false);
    let failed = job(json!({"conditions": condition("Failed", "BackoffLimitExceeded")}));
    row(&failed, "Job", &["Job web has failed: BackoffLimitExceeded"], true);
    row(&job(json!({"active": 1, "failed": 2})), "Job", &["Job web: 2 pods failed"], true);
}

#[test]
fn success_of_a_later_run_makes_up_for_a_failed_one() {
    let job = |name: &str, at: &str, kind: &str| {
        json!({"metadata": {"name": name, "namespace": "shop", "creationTimestamp": at,
            "ownerReferences": [{"apiVersion": "batch/v1", "kind": "CronJob", "name": "web",
                "uid": "1", "controller": true}]},
            "spec": {"template": {}},
            "status": {"conditions": [{"type": kind, "status": "True"}]}})
    };
    let metadata = json!({"name": "web", "namespace": "shop"});
    let cron = json!([{"metadata": metadata, "spec": {"schedule": "* * * * *",
        "jobTemplate": {"spec": {"template": {}}}}}]);
    let runs = |first: &str, second: &str| {
        let jobs =
            json!([job("web-1", LONG_AGO, first), job("web-2", "2026-11-20T09:00:00Z", second)]);
        evidence(&[("cron_jobs", cron.clone()), ("jobs", jobs)])
    };
    row(&runs("Failed", "Complete"), "CronJob", &[], false);
    row(&runs("Complete", "Failed"), "CronJob", &["Job web-2 has failed: Failed"], true);
}

#[test]
fn container_between_two_crashes_is_not_well_although_it_is_ready() {
    let crashed = ended(2, "2026-11-21T02:13:00Z", "2026-11-21T02:13:40Z");
    let just_up = json!({"running": {"startedAt": "2026-11-21T02:13:50Z"}});
    let between = container_pod(just_up, crashed, true, 8);
    let line = "container app has just been restarted (exit code 2, 8 restarts) and must run 50 s more \
        to count as settled";
    row(&between, "Pod", &[line], true);
}

#[test]
fn container_that_outlived_its_last_run_by_half_is_well() {
    let crashed = ended(2, "2026-11-21T02:11:00Z", "2026-11-21T02:11:40Z");
    let up = json!({"running": {"startedAt": "2026-11-21T02:12:50Z"}});
    row(&container_pod(up, crashed, true, 8), "Pod", &[], false);
    let month = ended(1, "2026-10-18T09:00:00Z", "2026-11-21T02:00:00Z");
    let up = json!({"running": {"startedAt": "2026-11-21T02:03:00Z"}});
    row(&container_pod(up, month, true, 1), "Pod", &[], false);
}

#[test]
fn what_was_not_read_is_never_health() {
    let mut unread = deployment(
        json!({"replicas": 1}),
        json!({"observedGeneration": 3, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1,
            "availableReplicas": 1}),
    );
    unread.pods = Source::Unavailable("forbidden".into());
    row(&unread, "Deployment", &["unknown: pods: forbidden"], false);
    let gone = told(&evidence(&[]), "Deployment");
    assert_eq!(gone, (Presence::Gone, Vec::new(), false));
    unread.deployments = Source::Unavailable("forbidden".into());
    assert_eq!(told(&unread, "Deployment").0, Presence::Unknown("forbidden".into()));
}
