//! What the poll sees of workloads, nodes, claims and quotas although nothing restarts, and of what it keeps
//! silent.

use firsthand::incident::{PollSignal, SignalKind};
use firsthand::intake::Polled;

use super::parts::{History, RealPrometheus};
use super::{counter, poller, polls, then};

/// `shop/Deployment/web: fewer pods …` for each.
fn lacks(polled: &Polled) -> Vec<String> {
    let told = polled.signals.iter().filter_map(|s| match &s.kind {
        SignalKind::Poll(PollSignal::Lacking { what }) => {
            let key = s.subject.key();
            Some(format!("{}: {what}", key.strip_prefix("prod/").unwrap_or(&key)))
        }
        _ => None,
    });
    let mut told: Vec<_> = told.collect();
    told.sort();
    told
}

/// What is lacking at 600 and at 1200 seconds, of series that begin at these times and stay.
async fn seen(series: &[(&str, i64, i64)]) -> [Vec<String>; 2] {
    let alive = counter("well-0", "u0", "a");
    let mut all = vec![(alive.as_str(), 0, 0)];
    all.extend(series);
    // Samples of one metric stand together.
    all.sort_by_key(|(name, ..)| name.split('{').next().map(str::to_owned));
    let mut history = History::default();
    for (name, from, value) in all {
        history = history.series(name, from, then(&[(value, 100)]));
    }
    let prometheus = RealPrometheus::remembering(&history).await;
    let polled = polls(&poller(&prometheus, |_| ()), &[585, 600, 1185, 1200]).await;
    [lacks(&polled[1]), lacks(&polled[3])]
}

const NONE: [&str; 0] = [];

#[tokio::test]
async fn workloads_that_lack_pods_are_seen_and_a_rollout_of_a_moment_is_not() {
    let [early, late] = seen(&[
        ("kube_deployment_spec_replicas{namespace=\"shop\",deployment=\"web\"}", 0, 3),
        ("kube_deployment_status_replicas_available{namespace=\"shop\",deployment=\"web\"}", 0, 2),
        ("kube_deployment_spec_replicas{namespace=\"shop\",deployment=\"new\"}", 600, 3),
        (
            "kube_deployment_status_replicas_available{namespace=\"shop\",deployment=\"new\"}",
            600,
            2,
        ),
        ("kube_statefulset_replicas{namespace=\"shop\",statefulset=\"db\"}", 0, 1),
        ("kube_statefulset_status_replicas_ready{namespace=\"shop\",statefulset=\"db\"}", 0, 1),
        ("kube_daemonset_status_desired_number_scheduled{namespace=\"a\",daemonset=\"log\"}", 0, 9),
        ("kube_daemonset_status_number_ready{namespace=\"a\",daemonset=\"log\"}", 0, 8),
    ])
    .await;
    let [web, log] = [
        "shop/Deployment/web: fewer pods are available than it should have",
        "a/DaemonSet/log: fewer pods are ready than it should have",
    ];
    assert_eq!(early, [log, web]);
    assert!(late.iter().any(|it| it.starts_with("shop/Deployment/new: ")), "{late:?}");
}

#[tokio::test]
async fn a_node_that_stays_unready_or_under_pressure_is_seen_and_one_that_is_drained_is_not() {
    let [early, late] = seen(&[
        ("kube_node_status_condition{node=\"a\",condition=\"Ready\",status=\"true\"}", 0, 0),
        ("kube_node_status_condition{node=\"joins\",condition=\"Ready\",status=\"true\"}", 540, 0),
        ("kube_node_status_condition{node=\"drained\",condition=\"Ready\",status=\"true\"}", 0, 0),
        ("kube_node_spec_unschedulable{node=\"drained\"}", 0, 1),
        ("kube_node_status_condition{node=\"well\",condition=\"Ready\",status=\"true\"}", 0, 1),
        ("kube_node_status_condition{node=\"b\",condition=\"DiskPressure\",status=\"true\"}", 0, 1),
        (
            "kube_node_status_condition{node=\"b\",condition=\"DiskPressure\",status=\"false\"}",
            0,
            0,
        ),
    ])
    .await;
    assert_eq!(
        early,
        [
            "/Node/a: the node is not ready",
            "/Node/b: the node is short of memory, disk or process ids"
        ]
    );
    assert!(late.contains(&"/Node/joins: the node is not ready".to_owned()), "{late:?}");
}

#[tokio::test]
async fn a_claim_that_nobody_mounts_and_nothing_binds_is_seen() {
    let phase = |claim: &str, phase: &str| {
        format!(
            "kube_persistentvolumeclaim_status_phase{{namespace=\"shop\",persistentvolumeclaim=\"{claim}\",phase=\"{phase}\"}}"
        )
    };
    let info = |claim: &str, class: &str| {
        format!(
            "kube_persistentvolumeclaim_info{{namespace=\"shop\",persistentvolumeclaim=\"{claim}\",storageclass=\"{class}\"}}"
        )
    };
    let [early, _] = seen(&[
        (&phase("lost", "Lost"), 0, 1),
        (&phase("pending", "Pending"), 0, 1),
        (&info("pending", "fast"), 0, 1),
        (&phase("new", "Pending"), 400, 1),
        (&phase("bound", "Bound"), 0, 1),
        (&phase("bound", "Pending"), 0, 0),
        (&phase("mounted", "Pending"), 0, 1),
        ("kube_pod_spec_volumes_persistentvolumeclaims_info{namespace=\"shop\",pod=\"db-0\",persistentvolumeclaim=\"mounted\"}", 0, 1),
        (&phase("waits", "Pending"), 0, 1),
        (&info("waits", "lazy"), 0, 1),
        ("kube_storageclass_info{storageclass=\"lazy\",volume_binding_mode=\"WaitForFirstConsumer\"}", 0, 1),
        ("kube_storageclass_info{storageclass=\"fast\",volume_binding_mode=\"Immediate\"}", 0, 1),
    ])
    .await;
    let of = |claim: &str| format!("shop/PersistentVolumeClaim/{claim}: the claim is not bound");
    assert_eq!(early, [of("lost"), of("pending")]);
}

#[tokio::test]
async fn a_cron_job_that_missed_its_time_is_seen_unless_it_is_suspended_or_runs() {
    let zero = super::parts::ZERO;
    let of = |metric: &str, job: &str| {
        format!("kube_cronjob_{metric}{{namespace=\"shop\",cronjob=\"{job}\"}}")
    };
    let mut series = Vec::new();
    for (job, next, suspended, active) in [
        ("late", -1000, 0, 0),
        ("on-time", 700, 0, 0),
        ("a-moment-late", 0, 0, 0),
        ("suspended", -1000, 1, 0),
        ("running", -1000, 0, 1),
    ] {
        series.push((of("next_schedule_time", job), 0, zero + next));
        series.push((of("spec_suspend", job), 0, suspended));
        series.push((of("status_active", job), 0, active));
    }
    let series: Vec<_> =
        series.iter().map(|(name, from, value)| (name.as_str(), *from, *value)).collect();
    let [early, late] = seen(&series).await;
    assert_eq!(early, ["shop/CronJob/late: it did not run when it was due"]);
    assert_eq!(late.len(), 2, "{late:?}");
}

#[tokio::test]
async fn a_quota_that_is_used_up_for_long_is_seen_and_one_that_allows_nothing_is_meant_so() {
    let of = |quota: &str, resource: &str, kind: &str| {
        format!(
            "kube_resourcequota{{namespace=\"shop\",resourcequota=\"{quota}\",resource=\"{resource}\",type=\"{kind}\"}}"
        )
    };
    let [early, late] = seen(&[
        (&of("full", "pods", "hard"), 0, 10),
        (&of("full", "pods", "used"), 0, 10),
        (&of("full", "limits.memory", "hard"), 0, 100),
        (&of("full", "limits.memory", "used"), 0, 10),
        (&of("none-allowed", "services.loadbalancers", "hard"), 0, 0),
        (&of("none-allowed", "services.loadbalancers", "used"), 0, 0),
    ])
    .await;
    assert_eq!(early, NONE, "not for long");
    assert_eq!(late, ["shop/ResourceQuota/full: the quota is used up"]);
}

#[tokio::test]
async fn jobs_whose_pods_fail_and_rollouts_past_their_deadline_are_seen() {
    let [early, late] = seen(&[
        ("kube_job_status_failed{namespace=\"shop\",job_name=\"report-1\"}", 550, 1),
        ("kube_deployment_status_condition{namespace=\"shop\",deployment=\"web\",condition=\"Progressing\",status=\"false\"}", 0, 1),
    ])
    .await;
    let web = "shop/Deployment/web: its rollout is past its deadline";
    assert_eq!(early, [web, "shop/Job/report-1: pods of it failed"]);
    assert_eq!(late, [web], "a Job that is kept is no news for ever");
}
