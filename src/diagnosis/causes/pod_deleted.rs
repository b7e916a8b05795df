//! The pod was deleted: its containers were told to stop and, in the end, killed.

use super::prelude::*;

pub(super) static CAUSE: Cause = Cause {
    id: "pod-deleted",
    title: "The pod was deleted and its containers were stopped",
    since: "0.1.0",
    reads: &[Pods, Events],
    clears: &[],
    why: "Container {container} was stopped because pod {pod} is being deleted (exit code {exit_code}). It is not the application that failed.",
    fix: &["Find out who deletes the pods: a rollout, a scale-down, a drain, or somebody by hand."],
    avoid: &["Raising the memory limit: exit code {exit_code} is the signal of the deletion."],
    looks_for: &[
        "A pod with a deletionTimestamp, or a Killing event `Stopping container`, and an end by signal (137, 143) afterwards.",
    ],
    confirm: "The replacement is ready, and nothing deletes it again.",
    links: &["https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    case.containers()
        .filter_map(|container| {
            let ended = container.last_ended()?;
            let by_signal = matches!(ended.exit_code(), 137 | 143) && ended.reason() != "OOMKilled";
            let pod = container.pod();
            let stopping = container.events().into_iter().rev().find(|event| {
                event.reason() == "Killing"
                    && event.message().starts_with("Stopping container")
                    && event.is_since(ended.started_at())
            });
            let proof = match stopping {
                Some(event) => event.proof("the kubelet was told to stop it"),
                None if pod.is_terminating() => Proof::fact("the pod has a deletionTimestamp"),
                None => return None,
            };
            by_signal.then(|| {
                Hypothesis::certain(CAUSE.id)
                    .because(proof)
                    .fact("container", container.name())
                    .fact("pod", pod.name())
                    .fact("exit_code", ended.exit_code())
                    .settle("kubectl -n {namespace} get events --field-selector involvedObject.name={pod}")
            })
        })
        .collect()
}
