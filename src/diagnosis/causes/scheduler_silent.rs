//! A pod that no scheduler has looked at.

use super::prelude::*;
use crate::diagnosis::trouble::MAY_START_FOR;

pub(super) static CAUSE: Cause = Cause {
    id: "scheduler-silent",
    title: "No scheduler takes up the pod",
    since: "0.1.0",
    reads: &[Pods, Events],
    clears: &[],
    why: "Pod {pod} has no node, and no scheduler has said why. It asks for scheduler {scheduler}.",
    fix: &[
        "Correct schedulerName in {object}, or run scheduler {scheduler}: nobody else takes up its pods.",
        "Look whether kube-scheduler runs: pods of all namespaces wait when it does not.",
    ],
    avoid: &["Deleting the pods: the next ones ask for the same."],
    looks_for: &[
        "A pod without node, without the condition PodScheduled and without any scheduler event for two minutes.",
    ],
    confirm: "The pod has an event Scheduled.",
    links: &["https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let silent = case.pods().iter().filter(|pod| is_silent(case, pod));
    silent
        .map(|pod| {
            let scheduler = pod.spec().and_then(|it| it.scheduler_name.as_deref());
            let own = scheduler.filter(|it| *it != "default-scheduler");
            let found = match own {
                Some(_) => Hypothesis::certain(CAUSE.id),
                None => Hypothesis::likely(CAUSE.id),
            };
            let found = match own {
                Some(name) => {
                    let place = format!("spec.schedulerName of {}", pod.name());
                    found.because(Proof::quoted("it asks for a scheduler of its own", name, place))
                }
                None => found,
            };
            found
                .because(Proof::fact("it has no node, and no scheduler has said anything about it"))
                .fact("pod", pod.name())
                .maybe("scheduler", own)
                .settle("kubectl -n kube-system get pods -l component=kube-scheduler")
                .settle("kubectl -n {namespace} describe pod {pod}")
        })
        .collect()
}

/// Old enough to have been looked at, and not held back on purpose. A pod placed by name needs no scheduler.
fn is_silent(case: &Case<'_>, pod: &PodView<'_>) -> bool {
    let old = pod.created().is_some_and(|at| case.now().duration_since(at) >= MAY_START_FOR);
    let told =
        pod.events().iter().any(|it| ["FailedScheduling", "Scheduled"].contains(&it.reason()));
    pod.phase() == "Pending"
        && old
        && !told
        && !pod.is_terminating()
        && pod.spec().is_some()
        && pod.node_name().is_none()
        && pod.condition("PodScheduled").is_none()
}
