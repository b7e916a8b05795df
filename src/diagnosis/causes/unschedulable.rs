//! The scheduler finds no node for the pod.

use super::prelude::*;
use crate::diagnosis::health::is_unschedulable;

pub(super) static CAUSE: Cause = Cause {
    id: "unschedulable",
    title: "No node fits the pod",
    since: "0.1.0",
    reads: &[Pods, Events, Nodes],
    clears: &[],
    why: "Pod {pod} cannot be scheduled: {obstacle}.",
    fix: &[
        "Add a node, or free {resource} on one.",
        "Lower the request for {resource} in {object} to what it needs.",
        "Correct the node selector, affinity or tolerations in {object}, so that a node fits.",
    ],
    avoid: &["Deleting the pods: the next ones ask for the same."],
    looks_for: &[
        "The condition PodScheduled with reason Unschedulable, and the scheduler's own words.",
    ],
    confirm: "The pod has a node.",
    links: &["https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let waiting = case.pods().iter().filter(|pod| is_unschedulable(pod));
    waiting
        .filter_map(|pod| {
            let text = pod.condition("PodScheduled")?.message.as_deref()?;
            // Claims have a cause of their own.
            if text.contains("persistentvolumeclaim") || text.contains("PersistentVolumeClaims") {
                return None;
            }
            let resource = text.split("Insufficient ").nth(1);
            let resource = resource.and_then(|it| it.split([',', '.', ' ']).next());
            let place = format!("condition PodScheduled of {}", pod.name());
            Some(
                Hypothesis::certain(CAUSE.id)
                    .because(Proof::quoted("the scheduler's words", text, place))
                    .fact("pod", pod.name())
                    .fact("obstacle", obstacle(text))
                    .maybe("resource", resource)
                    .settle("kubectl -n {namespace} describe pod {pod}"),
            )
        })
        .collect()
}

/// The part of the scheduler's words that names the obstacle.
fn obstacle(text: &str) -> &str {
    let head = text.split("preemption:").next().unwrap_or(text);
    let head = head.split("no new claims to deallocate").next().unwrap_or(head);
    head.trim().trim_end_matches(['.', ','])
}
