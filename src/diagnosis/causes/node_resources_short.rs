//! Every node that may take the pod has too little of a resource left.

use super::prelude::*;
use crate::diagnosis::room::{amount, asked};
use crate::diagnosis::scheduler::{Obstacle, Unplaced, unplaced};

pub(super) static CAUSE: Cause = Cause {
    id: "node-resources-short",
    title: "No node has enough of a resource left",
    since: "0.1.0",
    reads: &[Pods, Events, Nodes],
    clears: &["unschedulable"],
    why: "Pod {pod} cannot be scheduled: {nodes} nodes have too little {resource} left. It asks for {asked} of {resource}.",
    fix: &[
        "Add a node, or free {resource} on one.",
        "Lower the request for {resource} in {object} to what it needs.",
    ],
    avoid: &["Deleting the pods: the next ones ask for the same."],
    looks_for: &[
        "The scheduler's `Insufficient …` or `Too many pods`.",
        "Nodes that were lost or cordoned beside it: then the room is missing because of them.",
    ],
    confirm: "The pod has a node.",
    links: &["https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let of = |it: &Unplaced<'_>| {
        let found = it.hypothesis(CAUSE.id, |it| matches!(it, Obstacle::Resource(_)))?;
        let resource = it.groups.iter().find_map(|it| match &it.obstacle {
            Obstacle::Resource(name) => Some(name.as_str()),
            _ => None,
        })?;
        let asked = asked(it.pod, resource);

        Some({
            found
                .fact("resource", resource)
                .maybe("asked", asked.map(|it| amount(resource, it)))
                .settle("kubectl describe nodes")
        })
    };
    unplaced(case).iter().filter_map(of).collect()
}
