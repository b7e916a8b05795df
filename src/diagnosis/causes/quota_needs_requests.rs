//! The namespace has a quota on a resource, and the pods do not say how much of it they take.

use super::prelude::*;
use crate::diagnosis::refusal::refusal;

pub(super) static CAUSE: Cause = Cause {
    id: "quota-needs-requests",
    title: "The quota demands requests or limits that are not set",
    since: "0.1.0",
    reads: &[Events, Revisions],
    clears: &["pod-creation-refused"],
    why: "No pod can be created for {object}: quota {quota} counts {missing}, and its containers do not set it.",
    fix: &[
        "Set {missing} on every container of {object}.",
        "Create a LimitRange in {namespace} that gives defaults for it.",
    ],
    avoid: &[],
    looks_for: &[
        "FailedCreate events with `failed quota:` and `must specify`.",
        "No pod exists, so nothing is to be seen in pods; the condition ReplicaFailure keeps the words for longer than events live.",
    ],
    confirm: "The controller's events show SuccessfulCreate.",
    links: &[
        "https://kubernetes.io/docs/concepts/policy/resource-quotas/",
        "https://kubernetes.io/docs/concepts/policy/limit-range/",
    ],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let Some(refusal) =
        refusal(case).filter(|it| it.says(&["must specify"]) && it.says(&["quota"]))
    else {
        return Vec::new();
    };
    let quota = refusal.after("failed quota: ", &[',', ':']);
    let missing = refusal.after("must specify ", &['"', ';']);
    vec![
        refusal
            .hypothesis(CAUSE.id)
            .maybe("quota", quota)
            .maybe("missing", missing)
            .settle("kubectl -n {namespace} describe resourcequota {quota}"),
    ]
}
