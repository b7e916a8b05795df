//! The kubelet evicted the pod because its node, or the pod itself, used too much of something.

use super::prelude::*;
use crate::diagnosis::eviction::{is_evicted, is_own, still_counts};

pub(super) static CAUSE: Cause = Cause {
    id: "pod-evicted",
    title: "The pod was evicted from its node",
    since: "0.1.0",
    reads: &[Pods, Events, Nodes],
    clears: &["pod-deleted"],
    why: "Pod {pod} was evicted from {node}. {said}",
    fix: &[
        "Let container or volume of {greedy} write less, or raise the limit that the message names (sizeLimit, ephemeral-storage).",
        "Find what used up the resource that the message names on {pressed}; if it is this pod, set its requests to what it needs.",
        "Relieve {pressed}: move pods away or give it more of what it lacks.",
        "Bring {stopped} back, if it was not meant to stop; its pods are made anew elsewhere.",
    ],
    avoid: &[
        "Raising the memory limit: an eviction is the pressure of {pressed}, not the container's limit.",
    ],
    looks_for: &[
        "A pod in phase Failed with reason Evicted, Preempting or Terminated (`imminent node shutdown`), and its message.",
    ],
    confirm: "The replacement runs, and the node reports no pressure.",
    links: &["https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let speaks = |pod: &&PodView<'_>| {
        let replaced = case.pods().iter().any(|other| !other.is_over() && !other.is_terminating());
        let made_up = replaced && case.health().ready >= case.health().desired;
        is_evicted(pod) && (!made_up || still_counts(pod))
    };
    case.pods()
        .iter()
        .filter(speaks)
        .map(|pod| {
            let message = pod.status().and_then(|status| status.message.as_deref());
            let message = message.or(pod.reason()).unwrap_or_default();
            let own = is_own(pod);
            let node = pod.node_name().unwrap_or("its node");
            let stopped = message.contains("shutdown");
            Hypothesis::certain(CAUSE.id)
                .maybe("pressed", (!stopped && !own).then_some(node))
                .maybe("greedy", own.then(|| case.object().kubectl()))
                .maybe("stopped", stopped.then_some(node))
                .because(Proof::quoted(
                    "the kubelet's words",
                    message,
                    format!("status of {}", pod.name()),
                ))
                .fact("pod", pod.name())
                .fact("node", node)
                .fact("said", if own { "It used more storage than it may." } else { message })
        })
        .collect()
}
