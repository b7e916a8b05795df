//! The nodes that would fit are cordoned.

use super::prelude::*;
use crate::diagnosis::ObjectRef;
use crate::diagnosis::scheduler::{Obstacle, Unplaced, unplaced};

pub(super) static CAUSE: Cause = Cause {
    id: "nodes-cordoned",
    title: "The nodes are cordoned",
    since: "0.1.0",
    reads: &[Pods, Events, Nodes],
    clears: &["unschedulable", "node-resources-short"],
    why: "Pod {pod} cannot be scheduled: {nodes} nodes are cordoned. Cordoned are: {names}.",
    fix: &[
        "Uncordon the nodes, if the work on them is done: kubectl uncordon {names}.",
        "Uncordon the nodes, if the work on them is done.",
        "Add nodes until they are back.",
    ],
    avoid: &[
        "Tolerating the taint of cordoned nodes: the pods would stand in the way of the drain.",
    ],
    looks_for: &[
        "The scheduler's `node(s) were unschedulable`, or the taint node.kubernetes.io/unschedulable.",
    ],
    confirm: "The pod has a node.",
    links: &["https://kubernetes.io/docs/tasks/administer-cluster/safely-drain-node/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let of = |it: &Unplaced<'_>| {
        let found = it.hypothesis(CAUSE.id, |it| matches!(it, Obstacle::Cordoned))?;
        let nodes = case.evidence().nodes.items().iter();
        let nodes =
            nodes.filter(|it| it.spec.as_ref().and_then(|it| it.unschedulable) == Some(true));
        let mut names: Vec<&str> = nodes.filter_map(|it| it.metadata.name.as_deref()).collect();
        names.sort_unstable();
        let found = found.maybe("names", (!names.is_empty()).then(|| names.join(" ")));
        let found = found.settle("kubectl get nodes");
        Some(match names.as_slice() {
            [one] => found.target(ObjectRef::new("Node", "", *one)),
            _ => found,
        })
    };
    unplaced(case).iter().filter_map(of).collect()
}
