//! The pod asks for a Secret that does not exist in its namespace.

use super::prelude::*;
use crate::diagnosis::references;

pub(super) static CAUSE: Cause = Cause {
    id: "secret-missing",
    title: "A Secret the pod needs does not exist",
    since: "0.1.0",
    reads: &[Pods, Events, Revisions],
    clears: &[],
    why: "Container {container} cannot start: Secret {name} does not exist in {namespace}. It exists in {elsewhere}. There is a Secret {nearest}.",
    fix: &[
        "Point the reference in {object} at Secret {nearest}, if that is the one that was meant.",
        "Create Secret {name} in {namespace}.",
    ],
    avoid: &[
        "Rolling back to revision {previous}: it asks for the same Secret.",
        "Rolling back and leaving it at that: revision {newly_asked} and the next one still need Secret {name}.",
    ],
    looks_for: &[
        "CreateContainerConfigError with `secret \"…\" not found` (the Secret is used in the environment).",
        "FailedMount events with `secret \"…\" not found` (the Secret is mounted).",
    ],
    confirm: "The Secret is listed, and the pod starts by itself: the kubelet tries again.",
    links: &["https://kubernetes.io/docs/concepts/configuration/secret/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    references::missing_objects(case, "Secret", CAUSE.id)
}
