//! The node cannot set up the pod itself, mostly its network: no container is even tried.

use super::prelude::*;
use crate::diagnosis::ObjectRef;

pub(super) static CAUSE: Cause = Cause {
    id: "pod-sandbox-failed",
    title: "The node cannot set up the pod's network or sandbox",
    since: "0.1.0",
    reads: &[Pods, Events, Nodes],
    clears: &[],
    why: "No container of {pod} can start on {node}: {obstacle}.",
    fix: &[
        "Repair the network plugin on {plugin_node}: look at its pods and their logs.",
        "Free addresses in the pod network of {full_node}, or enlarge it.",
        "Find in the message what {other_node} lacks: its runtime, not the workload, is at fault.",
    ],
    avoid: &["Changing {object}: no program of it has run yet."],
    looks_for: &[
        "FailedCreatePodSandBox and NetworkNotReady events, seen more than once while containers wait with ContainerCreating.",
        "One such event that is followed by a start is ordinary on a new node.",
    ],
    confirm: "The pod has an address, and its containers are created.",
    links: &[
        "https://kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/network-plugins/",
    ],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let mut found: Vec<Hypothesis> = Vec::new();
    for container in case.containers().filter(|it| it.is_not_yet()) {
        let told =
            container.events().into_iter().rev().find(|event| {
                matches!(event.reason(), "FailedCreatePodSandBox" | "NetworkNotReady")
            });
        let Some(event) = told else { continue };
        let text = event.message();
        // A limit too small to start with is the container's own.
        if text.contains("init was OOM-killed") {
            continue;
        }
        let pod = container.pod();
        let node = pod.node_name().unwrap_or("its node");
        let lower = text.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        let network = says(&["network", "cni", "ipam"]);
        let used_up = says(&[
            "no more free",
            "no ip addresses available",
            "failed to assign an ip",
            "no available ip",
            "range is full",
        ]);
        let obstacle = match (used_up, network) {
            (true, _) => "the pod network has no address left for it",
            (_, true) => "the node's network plugin does not give it a network",
            _ => "the runtime cannot make its sandbox",
        };
        found.push(
            Hypothesis::certain(CAUSE.id)
                .because(event.proof("the kubelet's words"))
                .fact("pod", pod.name())
                .fact("node", node)
                .maybe("plugin_node", (network && !used_up).then_some(node))
                .maybe("full_node", used_up.then_some(node))
                .maybe("other_node", (!network && !used_up).then_some(node))
                .fact("obstacle", obstacle)
                .target(ObjectRef::new("Node", "", node))
                .settle("kubectl get pods -A -o wide --field-selector spec.nodeName={node}"),
        );
    }
    // All containers of a pod wait for the same.
    found.dedup_by(|a, b| a.facts.get("pod") == b.facts.get("pod"));
    found
}
