//! Requests or limits are outside what the namespace's LimitRange allows.

use super::prelude::*;
use crate::diagnosis::ObjectRef;
use crate::diagnosis::refusal::refusal;

pub(super) static CAUSE: Cause = Cause {
    id: "limit-range-violated",
    title: "Requests or limits are outside the LimitRange",
    since: "0.1.0",
    reads: &[Events, Revisions],
    clears: &["pod-creation-refused"],
    why: "No pod can be created for {object}: the LimitRange of {namespace} does not allow its requests or limits. It says: {words}.",
    fix: &[
        "Set requests and limits of {object} within the bounds of LimitRange {range}.",
        "Set requests and limits of {object} within the bounds that the message names.",
        "Widen the LimitRange of {namespace}, if the bound is wrong.",
    ],
    avoid: &[],
    looks_for: &[
        "FailedCreate events with `minimum`, `maximum` or `max limit to request ratio` `usage per Container` (or Pod).",
        "No pod exists, so nothing is to be seen in pods; the condition ReplicaFailure keeps the words for longer than events live.",
    ],
    confirm: "The controller's events show SuccessfulCreate.",
    links: &["https://kubernetes.io/docs/concepts/policy/limit-range/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let Some(refusal) = refusal(case).filter(|it| {
        it.says(&["usage per container", "usage per pod", "limit to request ratio per"])
    }) else {
        return Vec::new();
    };
    let words = refusal.after("is forbidden: ", &[]).unwrap_or(refusal.text);
    let ranges = case.evidence().limit_ranges.items().iter();
    let mut here = ranges.filter(|it| it.metadata.namespace.as_deref() == Some(case.namespace()));
    let range =
        here.next().and_then(|it| it.metadata.name.as_deref()).filter(|_| here.next().is_none());
    let found = refusal
        .hypothesis(CAUSE.id)
        .fact("words", words.trim_end_matches('.'))
        .maybe("range", range)
        .settle("kubectl -n {namespace} describe limitrange");
    vec![match range {
        Some(name) => found.target(ObjectRef::new("LimitRange", case.namespace(), name)),
        None => found,
    }]
}
