//! The image exists, but not for the node's processor or system.

use super::prelude::*;
use crate::diagnosis::pull::PullFault;

pub(super) static CAUSE: Cause = Cause {
    id: "image-platform-missing",
    title: "The image does not exist for the node's platform",
    since: "0.1.0",
    reads: &[Pods, Events, Revisions],
    clears: &[],
    why: "Container {container} cannot start: image {image} exists, but not for the platform of {node}.",
    fix: &[
        "Set the image of {container} back to {last_good}, which was pulled before.",
        "Build {image} for the platform of {node} as well.",
        "Bind the pods to nodes of the image's platform (kubernetes.io/arch).",
    ],
    avoid: &["Pushing the same tag again: the tag is there."],
    looks_for: &[
        "A failed pull with `no match for platform in manifest`, which also ends in `not found`.",
    ],
    confirm: "The pod's events show `Pulled`, and the container runs.",
    links: &["https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-arch"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let faults = case.pull_faults().into_iter().filter(|(_, it)| *it == PullFault::NoPlatform);
    faults
        .map(|(told, _)| {
            let (container, image) = (told.container, told.container.image());
            let before = case.previous_image(container.name());
            Hypothesis::certain(CAUSE.id)
                .because(told.proof("the manifest holds no such platform"))
                .fact("container", container.name())
                .fact("image", image)
                .fact("node", container.pod().node_name().unwrap_or("the node"))
                .maybe("last_good", before.filter(|old| *old != image))
        })
        .collect()
}
