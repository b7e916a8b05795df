//! The pods name a RuntimeClass that does not exist.

use super::prelude::*;
use crate::diagnosis::ObjectRef;
use crate::diagnosis::refusal::refusal;

pub(super) static CAUSE: Cause = Cause {
    id: "runtime-class-missing",
    title: "The pods' RuntimeClass does not exist",
    since: "0.1.0",
    reads: &[Events, Revisions],
    clears: &["pod-creation-refused"],
    why: "No pod can be created for {object}: RuntimeClass {class} does not exist.",
    fix: &[
        "Create RuntimeClass {class}, and a node with that handler.",
        "Correct runtimeClassName in {object}, or leave it out.",
    ],
    avoid: &[],
    looks_for: &[
        "FailedCreate events with `RuntimeClass \"…\" not found`.",
        "No pod exists, so nothing is to be seen in pods; the condition ReplicaFailure keeps the words for longer than events live.",
    ],
    confirm: "The controller's events show SuccessfulCreate.",
    links: &["https://kubernetes.io/docs/concepts/containers/runtime-class/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let Some(refusal) =
        refusal(case).filter(|it| it.says(&["runtimeclass"]) && it.says(&["not found"]))
    else {
        return Vec::new();
    };
    let class = refusal
        .after("RuntimeClass \"", &['"'])
        .or_else(|| refusal.after("runtimeclasses.node.k8s.io \"", &['"']))
        .or_else(|| refusal.after("RuntimeClass ", &[' ']));
    let found =
        refusal.hypothesis(CAUSE.id).maybe("class", class).settle("kubectl get runtimeclasses");
    vec![match class {
        Some(name) => found.target(ObjectRef::new("RuntimeClass", "", name)),
        None => found,
    }]
}
