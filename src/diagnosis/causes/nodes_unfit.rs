//! The nodes that would fit are not ready, out of reach or under pressure.

use k8s_openapi::api::core::v1::Node;

use super::prelude::*;
use crate::diagnosis::ObjectRef;
use crate::diagnosis::scheduler::{Obstacle, Unplaced, unplaced};

pub(super) static CAUSE: Cause = Cause {
    id: "nodes-unfit",
    title: "The nodes are not ready or under pressure",
    since: "0.1.0",
    reads: &[Pods, Events, Nodes],
    clears: &["unschedulable", "node-resources-short"],
    why: "Pod {pod} cannot be scheduled: {nodes} nodes are {state}. They are: {names}.",
    fix: &[
        "Find out what ails {names}: kubelet, runtime and network of the node come first, then its disk and memory.",
        "Find out what ails the nodes: kubelet, runtime and network of the node come first, then disk and memory.",
    ],
    avoid: &["Tolerating the taint: the pods would be placed where they cannot run."],
    looks_for: &[
        "The scheduler names taints that Kubernetes itself sets: node.kubernetes.io/not-ready, unreachable, memory-pressure, disk-pressure, pid-pressure, network-unavailable.",
    ],
    confirm: "The pod has a node.",
    links: &["https://kubernetes.io/docs/reference/node/node-status/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let of = |it: &Unplaced<'_>| {
        let found =
            it.hypothesis(CAUSE.id, |it| matches!(it, Obstacle::NotReady | Obstacle::Pressure(_)))?;
        let pressure = it.groups.iter().find_map(|it| match &it.obstacle {
            Obstacle::Pressure(pressure) => Some(pressure.replace('-', " ")),
            _ => None,
        });
        let state = match pressure {
            Some(pressure) => format!("under {pressure}"),
            None => "not ready or out of reach".to_owned(),
        };
        let unready = |it: &&Node| {
            let conditions = it.status.iter().flat_map(|it| it.conditions.iter().flatten());
            conditions.into_iter().any(|it| {
                (it.type_ == "Ready" && it.status != "True")
                    || (it.type_.ends_with("Pressure") && it.status == "True")
            })
        };
        let nodes = case.evidence().nodes.items().iter().filter(unready);
        let mut names: Vec<&str> = nodes.filter_map(|it| it.metadata.name.as_deref()).collect();
        names.sort_unstable();
        let found = found.fact("state", state);
        let found = found.maybe("names", (!names.is_empty()).then(|| names.join(", ")));
        let found = found.settle("kubectl describe nodes");
        Some(match names.as_slice() {
            [one] => found.target(ObjectRef::new("Node", "", *one)),
            _ => found,
        })
    };
    unplaced(case).iter().filter_map(of).collect()
}
