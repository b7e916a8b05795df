//! The node has no room left for the image or the container.

use super::prelude::*;
use crate::diagnosis::ObjectRef;
use crate::diagnosis::pull::PullFault;

pub(super) static CAUSE: Cause = Cause {
    id: "node-disk-full",
    title: "The node's disk is full",
    since: "0.1.0",
    reads: &[Pods, Events, Nodes],
    clears: &[],
    why: "Container {container} cannot start: {node} has no space left on its disk.",
    fix: &[
        "Free space on {node}: unused images, logs, or what the pods on it have written.",
        "Move the pods to another node until {node} is repaired: kubectl cordon {node}.",
    ],
    avoid: &["Deleting the pods alone: on the same node the next ones find no room either."],
    looks_for: &[
        "`no space left on device` in the kubelet's or the runtime's words about a pull or a start.",
        "Not: the same words in a container's log, where a volume may be what is full.",
    ],
    confirm: "The node's condition DiskPressure is False, and the container starts.",
    links: &["https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let pulls = case.pull_faults().into_iter().filter(|(_, it)| *it == PullFault::NoSpace);
    let starts = case.told().into_iter().filter(|told| {
        let reason = told.container.waiting().map_or("", |(reason, _)| reason);
        !reason.contains("Image") && told.text.contains("no space left on device")
    });
    pulls
        .map(|(told, _)| told)
        .chain(starts)
        .map(|told| {
            let container = told.container;
            let node = container.pod().node_name().unwrap_or("the node");
            Hypothesis::certain(CAUSE.id)
                .because(told.proof("the node has no room"))
                .fact("container", container.name())
                .fact("node", node)
                .target(ObjectRef::new("Node", "", node))
                .settle("kubectl describe node {node}")
        })
        .collect()
}
