//! Workloads that lack something although nothing restarts and no container waits: pods that are not ready,
//! cannot be placed or cannot be created; rollouts past their deadline; Jobs whose pods fail.

use super::answer::Sample;
use super::promql::Promql;
use super::watermark::label;
use crate::diagnosis::ObjectRef;
use crate::incident::PollSignal;

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
    /// Whether it must have held at the last poll too. What lasts a moment belongs to every rollout.
    lasts: bool,
}

const RULES: [Rule; 6] = [
    Rule {
        kind: "Deployment",
        name: "deployment",
        what: "fewer pods are available than it should have",
        holds: &["kube_deployment_spec_replicas", ">", "kube_deployment_status_replicas_available"],
        lasts: true,
    },
    Rule {
        kind: "StatefulSet",
        name: "statefulset",
        what: "fewer pods are ready than it should have",
        holds: &["kube_statefulset_replicas", ">", "kube_statefulset_status_replicas_ready"],
        lasts: true,
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
        lasts: true,
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
        lasts: false,
    },
    Rule {
        kind: "Job",
        name: "job_name",
        what: "pods of it failed",
        holds: &["kube_job_status_failed", ">", "0"],
        lasts: false,
    },
    Rule {
        kind: "Pod",
        name: "pod",
        what: "it is not ready, or is not placed",
        holds: &[r#"kube_pod_status_ready{condition="true"}"#, "==", "0"],
        lasts: true,
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
    if namespace.is_empty() || name.is_empty() {
        return None;
    }
    let what = PollSignal::Lacking { what: rule.what.to_owned() };
    Some((ObjectRef::new(rule.kind, namespace, name), what))
}

impl Rule {
    fn query(&self, promql: &Promql<'_>, interval: i64) -> String {
        let now = self.at(promql, 0);
        let on = format!("namespace, {}", self.name);
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
        if self.lasts {
            query = format!("({query}) and on ({on}) ({})", self.at(promql, interval));
        }
        let number = RULES.iter().position(|it| it.holds == self.holds).unwrap_or_default();
        format!("label_replace({query}, \"firsthand_rule\", \"{number}\", \"\", \"\")")
    }

    /// The condition, `ago` seconds ago.
    fn at(&self, promql: &Promql<'_>, ago: i64) -> String {
        let on = format!("namespace, {}", self.name);
        let [left, sign, right] = self.holds else { return String::new() };
        let left = promql.of(left, &on, ago);
        if right.starts_with("kube_") {
            return format!("({left} {sign} on ({on}) {})", promql.of(right, &on, ago));
        }
        format!("({left} {sign} {right})")
    }
}
