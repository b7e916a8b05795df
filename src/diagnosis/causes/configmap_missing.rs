//! The pod asks for a ConfigMap that does not exist in its namespace.

use super::prelude::*;
use crate::diagnosis::references;

pub(super) static CAUSE: Cause = Cause {
    id: "configmap-missing",
    title: "A ConfigMap the pod needs does not exist",
    since: "0.1.0",
    reads: &[Pods, Events, ConfigMaps, Revisions],
    clears: &[],
    why: "Container {container} cannot start: ConfigMap {name} does not exist in {namespace}. It exists in {elsewhere}. There is a ConfigMap {nearest}.",
    fix: &[
        "Point the reference in {object} at ConfigMap {nearest}, if that is the one that was meant.",
        "Create ConfigMap {name} in {namespace}.",
    ],
    avoid: &[
        "Rolling back to revision {previous}: it asks for the same ConfigMap.",
        "Rolling back and leaving it at that: revision {newly_asked} and the next one still need ConfigMap {name}.",
    ],
    looks_for: &[
        "CreateContainerConfigError with `configmap \"…\" not found` (the ConfigMap is used in the environment).",
        "FailedMount events with `configmap \"…\" not found` (the ConfigMap is mounted).",
    ],
    confirm: "The ConfigMap is listed, and the pod starts by itself: the kubelet tries again.",
    links: &["https://kubernetes.io/docs/concepts/configuration/configmap/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    references::missing_objects(case, "ConfigMap", CAUSE.id)
}
