//! The pod may not run as root, and the kubelet cannot see that it would not.

use super::prelude::*;

pub(super) static CAUSE: Cause = Cause {
    id: "run-as-root-refused",
    title: "The pod forbids root, and the image would run as root",
    since: "0.1.0",
    reads: &[Pods, Events, Revisions],
    clears: &[],
    why: "Container {container} is not started: runAsNonRoot is set, and {obstacle}.",
    fix: &[
        "Set runAsUser of container {container} in {object} to the number of the user {user}.",
        "Set runAsUser in {object} to a user other than 0, or build {image} with a numeric USER.",
    ],
    avoid: &[
        "Rolling back to revision {previous}: it runs the same image under the same rule.",
        "Removing runAsNonRoot without a look at what the image does as root.",
    ],
    looks_for: &[
        "CreateContainerConfigError with `container has runAsNonRoot and image will run as root`, `image has non-numeric user` or `container's runAsUser breaks non-root policy`.",
        "Not: PodSecurity, which refuses the pod itself; and not a `permission denied` in the log.",
    ],
    confirm: "The container starts by itself: the kubelet tries again.",
    links: &["https://kubernetes.io/docs/tasks/configure-pod-container/security-context/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let told = case.told().into_iter().filter_map(|told| {
        let text = told.text;
        let user = text.split("non-numeric user (").nth(1).and_then(|it| it.split(')').next());
        let obstacle = if user.is_some() {
            "the image names its user by a word, which the kubelet cannot tell from root"
        } else if text.contains("image will run as root") {
            "the image would run as root"
        } else if text.contains("runAsUser breaks non-root policy") {
            "runAsUser is 0"
        } else {
            return None;
        };
        let (container, image) = (told.container, told.container.image());
        let before = case.previous_image(container.name());
        Some(
            Hypothesis::certain(CAUSE.id)
                .because(told.proof("the kubelet's words"))
                .fact("container", container.name())
                .fact("image", image)
                .fact("obstacle", obstacle)
                .maybe("user", user)
                .maybe(
                    "previous",
                    case.previous_number_if(case.rollout().is_none() && before == Some(image)),
                )
                .settle(format!(
                    "kubectl -n {{namespace}} describe pod {}",
                    container.pod().name()
                )),
        )
    });
    told.collect()
}
