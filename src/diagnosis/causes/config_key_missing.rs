//! The ConfigMap or Secret exists, but not the key the pod asks for.

use super::prelude::*;
use crate::diagnosis::references;

pub(super) static CAUSE: Cause = Cause {
    id: "config-key-missing",
    title: "A ConfigMap or Secret lacks a key the pod needs",
    since: "0.1.0",
    reads: &[Pods, Events, ConfigMaps, Revisions],
    clears: &[],
    why: "Container {container} cannot start: {kind_of} {name} has no key {key}. It has a key {nearest}. It was edited at {edited_at}.",
    fix: &[
        "Point the reference in {object} at key {nearest}, if that is the one that was meant.",
        "Add key {key} to {kind_of} {name} in {namespace}.",
    ],
    avoid: &[
        "Rolling back to revision {previous}: it asks for the same key.",
        "Rolling back and leaving it at that: revision {newly_asked} and the next one still need key {key}.",
    ],
    looks_for: &[
        "CreateContainerConfigError with `couldn't find key … in ConfigMap …` or `in Secret …`.",
        "FailedMount events with `references non-existent config key` or `secret key`.",
        "Whoever renamed the key may have broken other consumers of the same object too.",
    ],
    confirm: "The object has the key, and the pod starts by itself: the kubelet tries again.",
    links: &["https://kubernetes.io/docs/tasks/configure-pod-container/configure-pod-configmap/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    references::missing_keys(case, CAUSE.id)
}
