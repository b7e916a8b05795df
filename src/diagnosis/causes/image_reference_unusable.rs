//! Nothing was pulled: the image's name is not one, or the pod forbids the pull.

use super::prelude::*;
use crate::diagnosis::pull::PullFault;

pub(super) static CAUSE: Cause = Cause {
    id: "image-reference-unusable",
    title: "The image reference cannot be used as it stands",
    since: "0.1.0",
    reads: &[Pods, Events, Revisions],
    clears: &[],
    why: "Container {container} cannot start: image {image} cannot be pulled because {obstacle}.",
    fix: &[
        "Sign {unsigned} as the nodes' policy (policy.json) asks, or correct the policy.",
        "Set the image of {container} back to {last_good}.",
        "Correct the image's name or its pull policy in {object}.",
    ],
    avoid: &["Rolling back to revision {previous}: it names the same image."],
    looks_for: &[
        "The waiting reasons InvalidImageName, ErrImageNeverPull and SignatureValidationFailed, and their messages.",
    ],
    confirm: "The pod's events show `Pulled`, and the container runs.",
    links: &["https://kubernetes.io/docs/concepts/containers/images/#image-names"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    case.pull_faults()
        .into_iter()
        .filter_map(|(told, fault)| {
            let obstacle = match fault {
                PullFault::InvalidName => "that is not a valid image name",
                PullFault::Unsigned => {
                    "the node's policy refuses it: it is not signed as it must be"
                }
                PullFault::NeverPulled => "its pull policy is Never and the node does not have it",
                _ => return None,
            };
            let (container, image) = (told.container, told.container.image());
            let before = case.previous_image(container.name());
            Some(
                Hypothesis::certain(CAUSE.id)
                    .because(told.proof(obstacle))
                    .fact("container", container.name())
                    .fact("image", image)
                    .fact("obstacle", obstacle)
                    .maybe("unsigned", (fault == PullFault::Unsigned).then_some(image))
                    .maybe("last_good", before.filter(|old| *old != image))
                    .maybe("previous", case.previous_number_if(before == Some(image))),
            )
        })
        .collect()
}
