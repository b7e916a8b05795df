//! The registry answers that the image's tag, digest or repository does not exist.

use super::prelude::*;
use crate::diagnosis::pull::{PullFault, repository_of};

pub(super) static CAUSE: Cause = Cause {
    id: "image-not-found",
    title: "The image does not exist in its registry",
    since: "0.1.0",
    reads: &[Pods, Events, Revisions],
    clears: &[],
    why: "Container {container} cannot start: image {image} does not exist in its registry.",
    fix: &[
        "Set the image of {container} back to {last_good}, which was pulled before.",
        "Push {image}, or correct the image's name in {object}.",
    ],
    avoid: &[
        "Rolling back to revision {previous}: it asks for the same image.",
        "Deleting the pods: the next ones ask for the same image.",
    ],
    looks_for: &[
        "A container that waits with ErrImagePull or ImagePullBackOff, and the registry's words `not found`, `manifest unknown` or `name unknown` in its message or its events.",
        "Not: `no match for platform` (the image exists), 401 and 403 (the registry does not say whether it exists), and registries that cannot be reached.",
    ],
    confirm: "The pod's events show `Pulled`, and the container runs.",
    links: &["https://kubernetes.io/docs/concepts/containers/images/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    case.pull_faults()
        .into_iter()
        .filter_map(|(told, fault)| {
            let image = told.container.image();
            let changed = case.previous_image(told.container.name());
            let moved = changed.filter(|old| repository_of(old) != repository_of(image));
            let found = match (fault, moved) {
                (PullFault::NotFound, _) => Hypothesis::certain(CAUSE.id)
                    .because(told.proof("the registry says that it does not exist")),
                // The registry does not say which; a repository that has just been renamed does.
                (PullFault::UnauthorisedOrMissing, Some(old)) => Hypothesis::likely(CAUSE.id)
                    .because(told.proof("the registry knows no such repository, or hides it"))
                    .because(Proof::fact(format!("the repository was changed, from {old}"))),
                (PullFault::UnauthorisedOrMissing | PullFault::Unauthorised, _) => {
                    Hypothesis::possible(CAUSE.id)
                        .because(told.proof("some registries hide what does not exist this way"))
                }
                _ => return None,
            };
            Some(
                found
                    .fact("container", told.container.name())
                    .fact("image", image)
                    .maybe("last_good", changed.filter(|old| *old != image))
                    .maybe("previous", case.previous_number_if(changed == Some(image)))
                    .settle(format!(
                        "kubectl -n {{namespace}} describe pod {}",
                        told.container.pod().name()
                    )),
            )
        })
        .collect()
}
