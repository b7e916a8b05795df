//! The kernel killed the container for memory, from outside the container's own limit.

use super::prelude::*;
use crate::diagnosis::ObjectRef;
use crate::diagnosis::memory::{limit, peak, words};

pub(super) static CAUSE: Cause = Cause {
    id: "oom-killed-node",
    title: "The node ran out of memory and killed the container",
    since: "0.1.0",
    reads: &[Pods, Events, Nodes, Metrics],
    clears: &[],
    why: "Container {container} is killed by the kernel for memory, from outside the container's own limit. Its pod runs on {node}.",
    fix: &[
        "Find what fills the memory of {node}: compare the requests of its pods with what they use.",
        "Set a memory request (and a limit) for {container}, so that the scheduler knows what it needs.",
    ],
    avoid: &["Raising the memory limit: it is not the limit that was reached."],
    looks_for: &[
        "Reason OOMKilled without a memory limit, or exit code 137 together with a SystemOOM event of the node at the same time.",
    ],
    confirm: "No new SystemOOM event on the node, and no new kill.",
    links: &["https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    case.containers().filter_map(|container| weigh_one(case, container)).collect()
}

fn weigh_one(case: &Case<'_>, container: ContainerView<'_>) -> Option<Hypothesis> {
    let ended = container.last_ended()?;
    let system = container.node_events().into_iter().find(|event| {
        let near = |at: jiff::Timestamp| {
            ended.finished_at().is_some_and(|it| it.duration_since(at).abs().as_secs() <= 60)
        };
        matches!(event.reason(), "SystemOOM" | "OOMKilling") && event.last_seen().is_some_and(near)
    });
    let limit = limit(&container);
    let killed = container.oom_killed();
    let found = match (system, killed, limit) {
        (Some(event), Some(killed), None) => Hypothesis::certain(CAUSE.id)
            .because(event.proof("the node ran out of memory at that moment"))
            .because(killed),
        (Some(event), None, _) if ended.exit_code() == 137 => Hypothesis::likely(CAUSE.id)
            .because(event.proof("the node ran out of memory at that moment")),
        (Some(event), Some(killed), Some((_, bytes)))
            if peak(case, &container).is_some_and(|peak| peak < bytes * 0.9) =>
        {
            Hypothesis::likely(CAUSE.id)
                .because(event.proof("the node ran out of memory at that moment"))
                .because(killed)
        }
        (None, Some(killed), None) => Hypothesis::likely(CAUSE.id)
            .because(killed)
            .because(Proof::fact("no memory limit is set")),
        _ => return None,
    };
    let peak = peak(case, &container).map(words);
    let found = match container.pod().node_name() {
        Some(node) => found.target(ObjectRef::new("Node", "", node)),
        None => found,
    };
    Some(
        found
            .fact("container", container.name())
            .maybe("node", container.pod().node_name())
            .maybe("peak", peak)
            .settle("kubectl get events -A --field-selector reason=SystemOOM"),
    )
}
