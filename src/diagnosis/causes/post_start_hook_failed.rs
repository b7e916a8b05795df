//! The container is killed because its own postStart hook fails.

use super::prelude::*;

pub(super) static CAUSE: Cause = Cause {
    id: "post-start-hook-failed",
    title: "The postStart hook fails, and the container is killed",
    since: "0.1.0",
    reads: &[Pods, Events, Revisions],
    clears: &["container-exits-cleanly", "application-crashed"],
    why: "Container {container} does not end by itself: its postStart hook fails ({hook}), and the kubelet kills it.",
    fix: &["Correct the postStart hook of container {container} in {object}: {hook}."],
    avoid: &[
        "Searching the application's log for the fault: the hook's failure stands in events only.",
    ],
    looks_for: &[
        "The event FailedPostStartHook, the waiting reason PostStartHookError, or a Killing event whose message is FailedPostStartHook, during the newest run.",
        "The exit code says nothing: it is 0, 137 or 143, from the kill.",
    ],
    confirm: "No new FailedPostStartHook event, and the container keeps running.",
    links: &["https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    case.containers().filter_map(weigh_one).collect()
}

fn weigh_one(container: ContainerView<'_>) -> Option<Hypothesis> {
    let begun = container.last_ended().and_then(|ended| ended.started_at());
    let waits = container.waits_for("PostStartHookError").filter(|text| !text.is_empty());
    let proof = match waits {
        Some(text) => {
            let place = format!("{}/{}, waiting message", container.pod().name(), container.name());
            Proof::quoted("the kubelet's words", text, place)
        }
        None => {
            let newest_first = container.events().into_iter().rev();
            let mut told = newest_first.filter(|event| {
                let hook = event.reason() == "FailedPostStartHook"
                    || event.message().contains("FailedPostStartHook");
                hook && event.is_since(begun)
            });
            told.next()?.proof("the kubelet's words")
        }
    };
    let handler = container.spec().lifecycle.as_ref().and_then(|it| it.post_start.as_ref());
    let command = handler.and_then(|it| Some(it.exec.as_ref()?.command.as_ref()?.join(" ")));
    let path = handler.and_then(|it| it.http_get.as_ref()?.path.clone());
    Some(
        Hypothesis::certain(CAUSE.id)
            .because(proof)
            .fact("container", container.name())
            .fact("pod", container.pod().name())
            .fact("hook", command.or(path).unwrap_or_else(|| "postStart".into()))
            .settle("kubectl -n {namespace} get events --field-selector involvedObject.name={pod},reason=FailedPostStartHook"),
    )
}
