//! The pod was deleted: its containers were told to stop and, in the end, killed.

use jiff::SignedDuration;

use super::prelude::*;

/// A pod that came so long after another one was stopped is not its replacement.
const REPLACED_WITHIN: SignedDuration = SignedDuration::from_mins(2);

pub(super) static CAUSE: Cause = Cause {
    id: "pod-deleted",
    title: "The pod was deleted and its containers were stopped",
    since: "0.1.0",
    reads: &[Pods, Events],
    clears: &[],
    why: "Container {container} was stopped because pod {pod} is being deleted (exit code {exit_code}). It is not the application that failed. Pod {gone} was deleted, and {replacement} in its place is not ready yet.",
    fix: &["Find out who deletes the pods: a rollout, a scale-down, a drain, or somebody by hand."],
    avoid: &["Raising the memory limit: exit code {exit_code} is the signal of the deletion."],
    looks_for: &[
        "Events of a pod that is gone, of the same template as the one that is not ready yet.",
        "A pod with a deletionTimestamp, or a Killing event `Stopping container`, and an end by signal (137, 143) afterwards.",
    ],
    confirm: "The replacement is ready, and nothing deletes it again.",
    links: &["https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let mut found = stopped(case);
    found.extend(gone(case));
    found
}

/// A pod that was taken away whole, by a forced deletion for example, is seen only in its events: it was told
/// to stop, and another of the same template came. What has ended itself has another cause.
fn gone(case: &Case<'_>) -> Option<Hypothesis> {
    let new = case.pods().iter().find(|pod| !pod.is_ready() && !pod.is_terminating())?;
    let ended = |pod: &PodView<'_>| pod.containers().iter().any(|it| it.last_ended().is_some());
    let rolled_out = case.rollout().is_some_and(|rollout| !rollout.changes.is_empty());
    if rolled_out || case.pods().iter().any(ended) {
        return None;
    }
    let template = |name: &str| name.rsplit_once('-').map(|(stem, _)| stem.to_owned());
    let is_old = |name: &str| {
        template(name) == template(new.name()) && !case.pods().iter().any(|it| it.name() == name)
    };
    let events = case.world().events_in(case.namespace());
    let stopping = events.into_iter().rev().find(|event| {
        event.reason() == "Killing"
            && event.message().starts_with("Stopping container")
            && event.kind() == "Pod"
            && is_old(event.name())
            && event.is_since(new.created().and_then(|at| at.checked_sub(REPLACED_WITHIN).ok()))
    })?;
    Some(
        Hypothesis::likely(CAUSE.id)
            .because(stopping.proof("the kubelet was told to stop the pod before it"))
            .fact("gone", stopping.name())
            .fact("replacement", new.name())
            .fact("pod", stopping.name())
            .settle(
                "kubectl -n {namespace} get events --field-selector involvedObject.name={gone}",
            ),
    )
}

fn stopped(case: &Case<'_>) -> Vec<Hypothesis> {
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
