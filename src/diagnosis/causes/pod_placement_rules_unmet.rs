//! Affinity, anti-affinity or spread towards other pods leaves no node.

use super::prelude::*;
use crate::diagnosis::scheduler::{Obstacle, Unplaced, unplaced};

pub(super) static CAUSE: Cause = Cause {
    id: "pod-placement-rules-unmet",
    title: "Rules about other pods leave no node for the pod",
    since: "0.1.0",
    reads: &[Pods, Events, Nodes],
    clears: &["unschedulable"],
    why: "Pod {pod} cannot be scheduled: on {nodes} nodes {rule}.",
    fix: &[
        "Add a node, if each replica is meant to have one of its own.",
        "Make the rule of {object} preferred instead of required, or correct its labels.",
        "Lower the replicas of {object} to the number of nodes that fit.",
    ],
    avoid: &["Deleting the pods: the next ones ask for the same."],
    looks_for: &[
        "The scheduler's `pod anti-affinity`, `pod affinity rules` or `topology spread constraints`.",
    ],
    confirm: "The pod has a node.",
    links: &["https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let of = |it: &Unplaced<'_>| {
        let found = it.hypothesis(CAUSE.id, |it| matches!(it, Obstacle::Neighbours(_)))?;
        let rule = it.groups.iter().find_map(|it| match &it.obstacle {
            Obstacle::Neighbours(rule) => Some(*rule),
            _ => None,
        })?;
        Some(found.fact("rule", rule))
    };
    unplaced(case).iter().filter_map(of).collect()
}
