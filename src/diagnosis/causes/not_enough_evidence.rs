//! Nothing in the evidence proves or suggests a cause. Says what is missing, and how to get it.

use super::prelude::*;

pub(super) static CAUSE: Cause = Cause {
    id: "not-enough-evidence",
    title: "The evidence does not tell why",
    since: "0.1.0",
    reads: &[Pods, Events, Logs],
    clears: &[],
    why: "Not enough evidence. {seen}.",
    fix: &[],
    avoid: &[],
    looks_for: &["Nothing: it is what is left when no other cause has any proof."],
    confirm: "Take the evidence that is named as missing, and diagnose again.",
    links: &["https://kubernetes.io/docs/tasks/debug/debug-application/"],
    weigh,
};

fn weigh(_case: &Case<'_>) -> Vec<Hypothesis> {
    vec![Hypothesis::possible(CAUSE.id)]
}
