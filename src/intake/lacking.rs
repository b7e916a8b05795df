//! Workloads that lack something although nothing restarts and no container waits: pods that are not ready,
//! cannot be placed or cannot be created; rollouts past their deadline; Jobs whose pods fail, CronJobs that
//! do not run; and nodes, claims and quotas that are not as they should be.

use super::answer::Sample;
use super::promql::Promql;
use super::watermark::label;
use crate::diagnosis::ObjectRef;
use crate::incident::PollSignal;

/// Claims of a class that binds only once a pod is placed.
const WAITS_FOR_A_POD: &str = "kube_persistentvolumeclaim_info";

/// A failed pod of a Job stays counted for as long as the Job is kept. It is news for so long, in seconds.
const NEWS: i64 = 600;

/// One question to kube-state-metrics.
struct Rule {
    kind: &'static str,
    /// The label that names the object.
    name: &'static str,
    what: &'static str,
    /// What is lacking, of metrics for which `@` stands: a selector's matchers, and an offset.
    holds: &'static [&'static str],
    lasts: Lasts,
    /// What is left out, as `unless` and a vector of the same object: metrics for which the name of the
    /// object is written `@`.
    unless: &'static [&'static str],
}

/// Since when it must have held. What lasts a moment belongs to every rollout.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lasts {
    /// Now is enough.
    Now,
    /// At the last poll, too.
    Poll,
    /// So many seconds ago, too.
    Seconds(i64),
}

/// A node that joins, or is rebooted, is not ready for some minutes.
const NODE: Lasts = Lasts::Seconds(180);
/// A volume takes its time to be made.
const CLAIM: Lasts = Lasts::Seconds(300);
/// A pressure that lasts shorter was relieved by the kubelet itself.
const PRESSURE: Lasts = Lasts::Seconds(60);
/// A quota that is used up for so long is not the moment of a rollout.
const QUOTA: Lasts = Lasts::Seconds(900);

const RULES: [Rule; 11] = [
    Rule {
        kind: "Deployment",
        name: "deployment",
        what: "fewer pods are available than it should have",
        holds: &["kube_deployment_spec_replicas", ">", "kube_deployment_status_replicas_available"],
        lasts: Lasts::Poll,
        unless: &[],
    },
    Rule {
        kind: "StatefulSet",
        name: "statefulset",
        what: "fewer pods are ready than it should have",
        holds: &["kube_statefulset_replicas", ">", "kube_statefulset_status_replicas_ready"],
        lasts: Lasts::Poll,
        unless: &[],
    },
    Rule {
        kind: "DaemonSet",
        name: "daemonset",
        what: "fewer pods are ready than it should have",
        holds: &[
            "kube_daemonset_status_desired_number_scheduled",
            ">",
            "kube_daemonset_status_number_ready",
        ],
        lasts: Lasts::Poll,
        unless: &[],
    },
    Rule {
        kind: "Deployment",
        name: "deployment",
        what: "its rollout is past its deadline",
        holds: &[
            r#"kube_deployment_status_condition{condition="Progressing",status="false"}"#,
            "==",
            "1",
        ],
        lasts: Lasts::Now,
        unless: &[],
    },
    Rule {
        kind: "Job",
        name: "job_name",
        what: "pods of it failed",
        holds: &["kube_job_status_failed", ">", "0"],
        lasts: Lasts::Now,
        unless: &[],
    },
    Rule {
        kind: "Pod",
        name: "pod",
        what: "it is not ready, or is not placed",
        holds: &[r#"kube_pod_status_ready{condition="true"}"#, "==", "0"],
        lasts: Lasts::Poll,
        unless: &[],
    },
    Rule {
        kind: "CronJob",
        name: "cronjob",
        what: "it did not run when it was due",
        // A run that is still going, or whose controller is a moment late, is no missed one.
        holds: &["kube_cronjob_next_schedule_time", "<", "time() - 900"],
        lasts: Lasts::Poll,
        unless: &["kube_cronjob_spec_suspend == 1", "kube_cronjob_status_active > 0"],
    },
    Rule {
        kind: "Node",
        name: "node",
        what: "the node is not ready",
        holds: &[r#"kube_node_status_condition{condition="Ready",status="true"}"#, "==", "0"],
        lasts: NODE,
        // Whoever drains a node for an upgrade knows that it goes away.
        unless: &["kube_node_spec_unschedulable == 1"],
    },
    Rule {
        kind: "Node",
        name: "node",
        what: "the node is short of memory, disk or process ids",
        holds: &[
            r#"kube_node_status_condition{condition=~"(Memory|Disk|PID)Pressure",status="true"}"#,
            "==",
            "1",
        ],
        lasts: PRESSURE,
        unless: &[],
    },
    Rule {
        kind: "PersistentVolumeClaim",
        name: "persistentvolumeclaim",
        what: "the claim is not bound",
        holds: &[r#"kube_persistentvolumeclaim_status_phase{phase=~"Pending|Lost"}"#, "==", "1"],
        lasts: CLAIM,
        // One that a pod mounts is its workload's matter; one that waits to be mounted is as it should be.
        unless: &["kube_pod_spec_volumes_persistentvolumeclaims_info", WAITS_FOR_A_POD],
    },
    Rule {
        kind: "ResourceQuota",
        name: "resourcequota",
        what: "the quota is used up",
        holds: &[r#"kube_resourcequota{type="used"}"#, ">=", r#"kube_resourcequota{type="hard"}"#],
        lasts: QUOTA,
        unless: &[],
    },
];

/// All questions in one query. `interval` is the time between two polls, in seconds.
pub(super) fn query(promql: &Promql<'_>, interval: i64) -> String {
    let all: Vec<String> = RULES.iter().map(|rule| rule.query(promql, interval)).collect();
    all.join(" or ")
}

/// What one series of the answer says of which object.
pub(super) fn read(sample: &Sample) -> Option<(ObjectRef, PollSignal)> {
    let rule: usize = label(sample, "firsthand_rule").parse().ok()?;
    let rule = RULES.get(rule)?;
    let (namespace, name) = (label(sample, "namespace"), label(sample, rule.name));
    if namespace.is_empty() != (rule.kind == "Node") || name.is_empty() {
        return None;
    }
    let what = PollSignal::Lacking { what: rule.what.to_owned() };
    Some((ObjectRef::new(rule.kind, namespace, name), what))
}

impl Rule {
    /// What names the object.
    fn on(&self) -> String {
        if self.kind == "Node" { self.name.to_owned() } else { format!("namespace, {}", self.name) }
    }

    fn query(&self, promql: &Promql<'_>, interval: i64) -> String {
        let (on, now) = (self.on(), self.at(promql, 0));
        let mut query = match self.kind {
            // A pod of a controller is its controller's matter; one that is over, or of no phase, is nobody's.
            "Pod" => {
                let phase = promql.of(r#"kube_pod_status_phase{phase=~"Pending|Running"}"#, &on, 0);
                let owner = r#"kube_pod_owner{owner_kind=~"ReplicaSet|StatefulSet|DaemonSet"}"#;
                let owned = promql.of(owner, &on, 0);
                format!("{now} and on ({on}) ({phase} == 1) unless on ({on}) {owned}")
            }
            "Job" => {
                let (count, before) =
                    (promql.of(self.holds[0], &on, 0), promql.of(self.holds[0], &on, NEWS));
                format!("{now} unless on ({on}) ({count} == on ({on}) {before})")
            }
            _ => now,
        };
        let before = match self.lasts {
            Lasts::Now => None,
            Lasts::Poll => Some(interval),
            Lasts::Seconds(ago) => Some(ago.max(interval)),
        };
        if let Some(ago) = before {
            query = format!("({query}) and on ({on}) ({})", self.at(promql, ago));
        }
        for unless in self.unless {
            query = format!("({query}) unless on ({on}) ({})", self.left_out(promql, unless));
        }
        let number = RULES.iter().position(|it| it.holds == self.holds).unwrap_or_default();
        format!("label_replace({query}, \"firsthand_rule\", \"{number}\", \"\", \"\")")
    }

    /// One of `unless`.
    fn left_out(&self, promql: &Promql<'_>, unless: &str) -> String {
        let on = self.on();
        if unless == WAITS_FOR_A_POD {
            let claims = promql.of(unless, &format!("{on}, storageclass"), 0);
            let binding = r#"kube_storageclass_info{volume_binding_mode="WaitForFirstConsumer"}"#;
            let classes = promql.of(binding, "storageclass", 0);
            return format!("{claims} and on (storageclass) {classes}");
        }
        match unless.split_once(' ') {
            Some((metric, rest)) => format!("{} {rest}", promql.of(metric, &on, 0)),
            None => promql.of(unless, &on, 0),
        }
    }

    /// The condition, `ago` seconds ago.
    fn at(&self, promql: &Promql<'_>, ago: i64) -> String {
        let on = self.on();
        let [left, sign, right] = self.holds else { return String::new() };
        if self.kind == "ResourceQuota" {
            // Each resource by itself; one of which nothing is allowed is meant so.
            let each = format!("{on}, resource");
            let (used, hard) = (promql.of(left, &each, ago), promql.of(right, &each, ago));
            return format!("max by ({on}) ({used} {sign} on ({each}) ({hard} > 0))");
        }
        let left = promql.of(left, &on, ago);
        if right.starts_with("kube_") {
            return format!("({left} {sign} on ({on}) {})", promql.of(right, &on, ago));
        }
        format!("({left} {sign} {right})")
    }
}
