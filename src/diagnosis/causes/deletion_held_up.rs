//! A pod is being deleted and does not go: something holds its deletion up.

use super::prelude::*;
use crate::diagnosis::trouble::MAY_LINGER_FOR;

pub(super) static CAUSE: Cause = Cause {
    id: "deletion-held-up",
    title: "A pod is being deleted and does not go",
    since: "0.1.0",
    reads: &[Pods, Nodes],
    clears: &["pod-deleted", "container-exits-cleanly"],
    why: "Pod {pod} is being deleted since {since} and is still there. Finalizer {finalizer} holds it. Its node {lost} is not ready, so nobody confirms that its containers have stopped. Its containers do not stop on {stuck_on}.",
    fix: &[
        "Find the controller that owns finalizer {finalizer} and why it does not finish; only then take the finalizer away.",
        "Look at the kubelet and the runtime on {stuck_on}: a process in uninterruptible sleep (a hung mount) cannot be killed, and only the end of that wait, or a restart of the node, helps.",
        "Bring {lost} back, or remove the Node object if the machine is gone for good: then its pods go.",
    ],
    avoid: &[
        "Deleting {pod} with --grace-period=0 --force: its containers and volumes may still be in use.",
    ],
    looks_for: &[
        "A deletionTimestamp that passed more than a minute ago, with finalizers, or on a node that is not Ready.",
        "FailedKillPod events: the runtime cannot stop its containers.",
    ],
    confirm: "The pod is gone, and its replacement is ready.",
    links: &["https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let of = |pod: &PodView<'_>| {
        // The API server sets the time at which the grace period ends.
        let due = pod.object().metadata.deletion_timestamp.as_ref()?.0;
        if case.now().duration_since(due) < MAY_LINGER_FOR {
            return None;
        }
        let finalizer = pod.object().metadata.finalizers.iter().flatten().next();
        let lost = pod.node_name().filter(|name| is_lost(case, name));
        let place = format!("metadata of {}", pod.name());
        let stuck = case
            .events()
            .iter()
            .rev()
            .find(|event| event.reason() == "FailedKillPod" && event.name() == pod.name());
        let (certainty, proof) = match (finalizer, lost, stuck) {
            (Some(finalizer), ..) => {
                let proof = Proof::quoted("a finalizer is left on it", finalizer, place);
                (Certainty::Certain, proof)
            }
            (None, Some(_), _) => (
                Certainty::Certain,
                Proof::fact("its node is not ready, and only the kubelet there can end it"),
            ),
            (None, None, Some(event)) => {
                (Certainty::Certain, event.proof("the kubelet cannot stop it"))
            }
            (None, None, None) => {
                let due = case.now().duration_since(due).as_mins();
                let fact = format!("its grace period ended {due} min ago");
                (Certainty::Likely, Proof::fact(fact))
            }
        };
        let holds = finalizer.is_none() && lost.is_none();
        let node = pod.node_name().unwrap_or("its node");
        Some(
            Hypothesis::with(CAUSE.id, certainty)
                .because(proof)
                .fact("pod", pod.name())
                .maybe("stuck_on", holds.then_some(node))
                .fact("since", due.strftime("%H:%M UTC").to_string())
                .maybe("finalizer", finalizer)
                .maybe("lost", lost)
                .settle("kubectl -n {namespace} get pod {pod} -o yaml"),
        )
    };
    case.pods().iter().filter_map(of).collect()
}

fn is_lost(case: &Case<'_>, name: &str) -> bool {
    let node = case.evidence().nodes.items().iter();
    let node = node.into_iter().find(|it| it.metadata.name.as_deref() == Some(name));
    let conditions = node.and_then(|it| it.status.as_ref()?.conditions.as_deref());
    conditions.unwrap_or_default().iter().any(|it| it.type_ == "Ready" && it.status != "True")
}
