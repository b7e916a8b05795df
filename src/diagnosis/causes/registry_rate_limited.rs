//! The registry answers 429: too many pulls.

use super::prelude::*;
use crate::diagnosis::pull::{PullFault, registry_of};

pub(super) static CAUSE: Cause = Cause {
    id: "registry-rate-limited",
    title: "The registry limits the rate of pulls",
    since: "0.1.0",
    reads: &[Pods, Events],
    clears: &[],
    why: "Container {container} cannot start: registry {registry} refuses more pulls for now (429).",
    fix: &[
        "Wait: the kubelet tries again, and the limit passes.",
        "Pull {image} with credentials, or from a mirror of {registry}.",
    ],
    avoid: &[
        "Rolling back to revision {previous}: its image comes from the same registry.",
        "Deleting the pods: each new one is one more pull.",
    ],
    looks_for: &["A failed pull with `429 Too Many Requests` or `toomanyrequests`."],
    confirm: "The pod's events show `Pulled`; without a change, once the limit has passed.",
    links: &["https://kubernetes.io/docs/concepts/containers/images/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let limited = case.pull_faults().into_iter().filter(|(_, it)| *it == PullFault::RateLimited);
    limited
        .map(|(told, _)| {
            Hypothesis::certain(CAUSE.id)
                .because(told.proof("the registry answers 429"))
                .fact("container", told.container.name())
                .fact("image", told.container.image())
                .maybe(
                    "previous",
                    case.previous_number_if(
                        case.previous_image(told.container.name()).map(registry_of)
                            == Some(registry_of(told.container.image())),
                    ),
                )
                .fact("registry", registry_of(told.container.image()))
        })
        .collect()
}
