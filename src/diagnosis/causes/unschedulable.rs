//! The scheduler finds no node for the pod, for a reason that has no cause of its own.

use super::prelude::*;
use crate::diagnosis::scheduler::{Obstacle, Unplaced, unplaced};

pub(super) static CAUSE: Cause = Cause {
    id: "unschedulable",
    title: "No node fits the pod",
    since: "0.1.0",
    reads: &[Pods, Events, Nodes],
    clears: &[],
    why: "Pod {pod} cannot be scheduled: {obstacle}.",
    fix: &[
        "Change {object} or the nodes so that one fits: the scheduler names what stands in the way.",
    ],
    avoid: &["Deleting the pods: the next ones ask for the same."],
    looks_for: &[
        "The condition PodScheduled with reason Unschedulable, and the scheduler's own words.",
        "Resources, selectors, taints, cordons, ports, volumes and rules about other pods have causes of their own.",
        "Resources, selectors, taints, cordons, ports, volumes and rules about other pods have causes of their own.",
    ],
    confirm: "The pod has a node.",
    links: &["https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let of = |it: &Unplaced<'_>| it.hypothesis(CAUSE.id, |_| true);
    let unplaced = unplaced(case);
    // Claims have causes of their own.
    let claims = unplaced.iter().flat_map(|it| &it.groups).any(|it| it.obstacle == Obstacle::Claim);
    if claims || unplaced.is_empty() || is_told_better(case, CAUSE.id) {
        return Vec::new();
    }
    unplaced.iter().filter_map(of).collect()
}
