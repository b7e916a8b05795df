//! The node under the pod is gone or does not answer.

use super::prelude::*;
use crate::diagnosis::ObjectRef;

pub(super) static CAUSE: Cause = Cause {
    id: "node-lost",
    title: "The node under the pod does not answer",
    since: "0.1.0",
    reads: &[Pods, Events, Nodes],
    clears: &["pod-deleted", "readiness-probe-failing"],
    why: "Node {node} is not ready, and pod {pod} runs on it. Since {lost_at}.",
    fix: &[
        "Bring {node} back, or remove it from the cluster so that its pods are made anew elsewhere.",
    ],
    avoid: &[
        "Deleting the pods by force: the containers may still run on {node}, and a volume may be written twice.",
    ],
    looks_for: &[
        "A node whose condition Ready is Unknown or False (`Kubelet stopped posting node status`), and pods of this workload on it.",
        "The pod reasons NodeLost and Shutdown, and the condition DisruptionTarget.",
    ],
    confirm: "The node is Ready, or its pods run on others.",
    links: &["https://kubernetes.io/docs/concepts/architecture/nodes/#condition"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let mut found: Vec<Hypothesis> = Vec::new();
    for pod in case.pods().iter().filter(|pod| !pod.is_ready()) {
        let Some(name) = pod.node_name() else { continue };
        let Some(node) = case.world().node(name) else { continue };
        let conditions = node.status.as_ref().and_then(|it| it.conditions.as_deref());
        let ready = conditions.unwrap_or_default().iter().find(|it| it.type_ == "Ready");
        let Some(lost) = ready.filter(|it| it.status != "True") else { continue };
        let since = lost.last_transition_time.as_ref().map(|it| it.0);
        let message = lost.message.as_deref().unwrap_or_default();
        // The node's network plugin is such a pod itself: its crash is why the node is not ready.
        let network = ["NetworkPluginNotReady", "cni"].iter().any(|it| message.contains(it));
        if network && case.object().kind == *"DaemonSet" && !case.endings().is_empty() {
            continue;
        }
        let source = format!("condition Ready of node {name}");
        let proof = Proof::quoted(format!("node {name} is {}", lost.status), message, source);
        found.push(
            Hypothesis::certain(CAUSE.id)
                .because(proof)
                .fact("node", name)
                .fact("pod", pod.name())
                .maybe("lost_at", since.map(|it| it.strftime("%H:%M UTC").to_string()))
                .target(ObjectRef::new("Node", "", name))
                .settle("kubectl describe node {node}"),
        );
    }
    // One node is said once, however many of its pods are ours.
    found.dedup_by(|a, b| a.target == b.target);
    found
}
