//! The pods name a PriorityClass that does not exist.

use super::prelude::*;
use crate::diagnosis::ObjectRef;
use crate::diagnosis::refusal::refusal;

pub(super) static CAUSE: Cause = Cause {
    id: "priority-class-missing",
    title: "The pods' PriorityClass does not exist",
    since: "0.1.0",
    reads: &[Events, Revisions],
    clears: &["pod-creation-refused"],
    why: "No pod can be created for {object}: PriorityClass {class} does not exist.",
    fix: &[
        "Create PriorityClass {class}.",
        "Correct priorityClassName in {object}, or leave it out.",
    ],
    avoid: &[],
    looks_for: &[
        "FailedCreate events with `no PriorityClass with name … was found`.",
        "No pod exists, so nothing is to be seen in pods; the condition ReplicaFailure keeps the words for longer than events live.",
    ],
    confirm: "The controller's events show SuccessfulCreate.",
    links: &["https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let Some(refusal) = refusal(case).filter(|it| it.says(&["no priorityclass with name"])) else {
        return Vec::new();
    };
    let class = refusal.after("no PriorityClass with name ", &[' ']);
    let found =
        refusal.hypothesis(CAUSE.id).maybe("class", class).settle("kubectl get priorityclasses");
    vec![match class {
        Some(name) => found.target(ObjectRef::new("PriorityClass", "", name)),
        None => found,
    }]
}
