//! Another pod holds the port of the node that the pod wants.

use super::prelude::*;
use crate::diagnosis::scheduler::{Obstacle, Unplaced, unplaced};

pub(super) static CAUSE: Cause = Cause {
    id: "host-port-taken",
    title: "The node port the pod wants is taken on every node",
    since: "0.1.0",
    reads: &[Pods, Events, Nodes],
    clears: &["unschedulable"],
    why: "Pod {pod} cannot be scheduled: hostPort {port} is taken on {nodes} nodes. Pod {holder} holds it.",
    fix: &[
        "Leave out hostPort {port} in {object} and use a Service instead.",
        "Lower the replicas of {object} to one for each node, or make it a DaemonSet.",
    ],
    avoid: &["Deleting the pods: the next ones ask for the same."],
    looks_for: &["The scheduler's `didn't have free ports for the requested pod ports`."],
    confirm: "The pod has a node.",
    links: &["https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let of = |it: &Unplaced<'_>| {
        let found = it.hypothesis(CAUSE.id, |it| matches!(it, Obstacle::HostPort))?;
        let ports = ports(it.pod);
        let port = ports.first();
        let others = case.world().workloads().flat_map(|it| case.world().pods_of(it));
        let holder = others.into_iter().find(|other| {
            other.name() != it.pod.name()
                && other.node_name().is_some()
                && !other.is_over()
                && self::ports(*other).iter().any(|held| ports.contains(held))
        });
        let holder = holder.map(|it| format!("{}/{}", it.namespace(), it.name()));
        Some(found.maybe("port", port).maybe("holder", holder))
    };
    unplaced(case).iter().filter_map(of).collect()
}

fn ports(pod: PodView<'_>) -> Vec<i32> {
    let containers = pod.spec().map_or(&[][..], |spec| &spec.containers);
    let ports = containers.iter().flat_map(|it| it.ports.iter().flatten());
    ports.filter_map(|port| port.host_port).filter(|port| *port > 0).collect()
}
