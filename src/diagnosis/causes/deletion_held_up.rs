//! A pod is being deleted and does not go: something holds its deletion up.

use jiff::SignedDuration;

use super::prelude::*;

/// How long after its grace period a pod may still be there: its volumes and its sandbox are taken down.
const MAY_LINGER_FOR: SignedDuration = SignedDuration::from_secs(60);

pub(super) static CAUSE: Cause = Cause {
    id: "deletion-held-up",
    title: "A pod is being deleted and does not go",
    since: "0.1.0",
    reads: &[Pods, Nodes],
    clears: &["pod-deleted", "container-exits-cleanly"],
    why: "Pod {pod} is being deleted since {since} and is still there. Finalizer {finalizer} holds it. Its node {lost} is not ready, so nobody confirms that its containers have stopped.",
    fix: &[
        "Find the controller that owns finalizer {finalizer} and why it does not finish; only then take the finalizer away.",
        "Bring {lost} back, or remove the Node object if the machine is gone for good: then its pods go.",
    ],
    avoid: &[
        "Deleting {pod} with --grace-period=0 --force: its containers and volumes may still be in use.",
    ],
    looks_for: &[
        "A deletionTimestamp that passed more than a minute ago, with finalizers, or on a node that is not Ready.",
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
        if finalizer.is_none() && lost.is_none() {
            return None;
        }
        let place = format!("metadata of {}", pod.name());
        let proof = match finalizer {
            Some(finalizer) => Proof::quoted("a finalizer is left on it", finalizer, place),
            None => Proof::fact("its node is not ready, and only the kubelet there can end it"),
        };
        Some(
            Hypothesis::certain(CAUSE.id)
                .because(proof)
                .fact("pod", pod.name())
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
