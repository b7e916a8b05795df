//! The pod asks for more of a resource than any node has in all.

use super::prelude::*;
use crate::diagnosis::room::{amount, asked, largest};
use crate::diagnosis::scheduler::{Obstacle, Unplaced, unplaced};

pub(super) static CAUSE: Cause = Cause {
    id: "request-exceeds-every-node",
    title: "The pod asks for more than any node has",
    since: "0.1.0",
    reads: &[Pods, Events, Nodes],
    clears: &["unschedulable", "node-resources-short"],
    why: "Pod {pod} can never be scheduled: it asks for {asked} of {resource}, and the largest node has {largest}.",
    fix: &[
        "Lower the request for {resource} in {object}: {asked} is more than any node has.",
        "Add a node that has more than {asked} of {resource}.",
    ],
    avoid: &["Draining or restarting other pods: it would not fit on an empty node."],
    looks_for: &[
        "The scheduler's `Insufficient …`, and a request that is larger than what the largest node can allocate, even when empty.",
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
        let largest = it.all_nodes(case).and_then(|nodes| largest(nodes, resource));
        let never = asked.zip(largest).is_some_and(|(asked, largest)| asked > largest);
        (never).then(|| {
            found
                .fact("resource", resource)
                .maybe("asked", asked.map(|it| amount(resource, it)))
                .maybe("largest", largest.map(|it| amount(resource, it)))
                .settle("kubectl describe nodes")
        })
    };
    unplaced(case).iter().filter_map(of).collect()
}
