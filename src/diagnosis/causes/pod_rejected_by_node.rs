//! The kubelet of the node refuses a pod that the scheduler has already given to it.

use super::prelude::*;
use crate::diagnosis::eviction::is_refusal;

pub(super) static CAUSE: Cause = Cause {
    id: "pod-rejected-by-node",
    title: "The node refuses the pod it was given",
    since: "0.1.0",
    reads: &[Pods, Events, Nodes],
    clears: &[],
    why: "Pod {pod} was given to {node}, and its kubelet refuses it ({reason}).",
    fix: &[
        "Allow it on the nodes (kubelet --allowed-unsafe-sysctls), or take the sysctl out of the securityContext of {object}: {sysctl}.",
        "Compare what {short} asks for with what {node} can give; pods outside the scheduler (static ones, nodeName) are not counted by it.",
        "Correct the nodeName, node selector or profiles in {wrong}, as the message says.",
    ],
    avoid: &["Looking for logs: no container of it was started."],
    looks_for: &[
        "A pod in phase Failed with a reason of the kubelet's admission: OutOfcpu, OutOfmemory, OutOfpods, NodeAffinity, TopologyAffinityError, UnexpectedAdmissionError, SysctlForbidden, AppArmor.",
    ],
    confirm: "A new pod is admitted, and its containers are created.",
    links: &["https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let served = case.health().ready >= case.health().desired && case.health().desired > 0;
    let refused = case.pods().iter().filter(|pod| pod.phase() == "Failed" && !served);
    let named = refused.filter_map(|pod| Some((pod, pod.reason().filter(|it| is_refusal(it))?)));
    // A controller makes one after another; the newest speaks for all.
    let Some((pod, reason)) = named.max_by_key(|(pod, _)| (pod.created(), pod.name())) else {
        return Vec::new();
    };
    let message = pod.status().and_then(|it| it.message.as_deref()).unwrap_or(reason);
    let sysctl = (reason == "SysctlForbidden").then_some(message);
    let short = reason.starts_with("OutOf") || reason == "UnexpectedAdmissionError";
    let object = case.object().kubectl();
    vec![
        Hypothesis::certain(CAUSE.id)
            .because(Proof::quoted(
                "the kubelet's words",
                message,
                format!("status of {}", pod.name()),
            ))
            .fact("pod", pod.name())
            .fact("reason", reason)
            .maybe("sysctl", sysctl)
            .maybe("short", short.then(|| object.clone()))
            .maybe("wrong", (!short && sysctl.is_none()).then_some(object))
            .fact("node", pod.node_name().unwrap_or("a node"))
            .settle("kubectl describe node {node}"),
    ]
}
