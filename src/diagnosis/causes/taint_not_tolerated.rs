//! The nodes carry a taint that the pod does not tolerate.

use super::prelude::*;
use crate::diagnosis::scheduler::{Obstacle, Unplaced, unplaced};

pub(super) static CAUSE: Cause = Cause {
    id: "taint-not-tolerated",
    title: "The pod does not tolerate the nodes' taint",
    since: "0.1.0",
    reads: &[Pods, Events, Nodes],
    clears: &["unschedulable"],
    why: "Pod {pod} cannot be scheduled: {nodes} nodes carry taint {taint}, which it does not tolerate.",
    fix: &[
        "Add a toleration for {taint} to {object}, if it belongs on these nodes.",
        "Remove taint {taint} from the nodes, if it was left behind.",
        "Add nodes without that taint.",
    ],
    avoid: &["Deleting the pods: the next ones ask for the same."],
    looks_for: &[
        "The scheduler's `had untolerated taint` (older: `had taint … that the pod didn't tolerate`).",
        "Taints of control-plane nodes count only where there are no others; taints that Kubernetes sets for a node's state have causes of their own.",
    ],
    confirm: "The pod has a node.",
    links: &["https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let of =
        |it: &Unplaced<'_>| {
            let found = it.hypothesis(CAUSE.id, |it| matches!(it, Obstacle::Taint(_)))?;
            let taint = it.groups.iter().find_map(|it| match &it.obstacle {
                Obstacle::Taint(taint) => Some(taint.as_str()).filter(|it| it.starts_with('{')),
                _ => None,
            });
            let taint = taint.map(|it| it.trim_matches(['{', '}']).trim_end_matches([':', ' ']));
            Some(found.maybe("taint", taint).settle(
                "kubectl get nodes -o custom-columns=NAME:.metadata.name,TAINTS:.spec.taints",
            ))
        };
    unplaced(case).iter().filter_map(of).collect()
}
