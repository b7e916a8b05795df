//! The kubelet evicted the pod because its node, or the pod itself, used too much of something.

use super::prelude::*;

pub(super) static CAUSE: Cause = Cause {
    id: "pod-evicted",
    title: "The pod was evicted from its node",
    since: "0.1.0",
    reads: &[Pods, Events, Nodes],
    clears: &[],
    why: "Pod {pod} was evicted from {node}. {said}",
    fix: &[
        "Find what used up the resource that the message names; if it is this pod, set its requests to what it needs.",
        "Relieve {node}: move pods away or give it more of what it lacks.",
    ],
    avoid: &[
        "Raising the memory limit: an eviction is the node's pressure, not the container's limit.",
    ],
    looks_for: &["A pod in phase Failed with reason Evicted, and its message."],
    confirm: "The replacement runs, and the node reports no pressure.",
    links: &["https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let speaks = |pod: &&PodView<'_>| {
        let replaced = case.pods().iter().any(|other| !other.is_over() && !other.is_terminating());
        pod.reason() == Some("Evicted")
            && !(replaced && case.health().ready >= case.health().desired)
    };
    case.pods()
        .iter()
        .filter(speaks)
        .map(|pod| {
            let message =
                pod.status().and_then(|status| status.message.as_deref()).unwrap_or_default();
            let own = message.contains("exceeded its local ephemeral storage")
                || message.contains("exceeds the limit");
            Hypothesis::certain(CAUSE.id)
                .because(Proof::quoted(
                    "the kubelet's words",
                    message,
                    format!("status of {}", pod.name()),
                ))
                .fact("pod", pod.name())
                .fact("node", pod.node_name().unwrap_or("its node"))
                .fact("said", if own { "It used more storage than it may." } else { message })
        })
        .collect()
}
