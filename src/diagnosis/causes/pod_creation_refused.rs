//! The API server refuses to create the pods, for a reason that has no cause of its own.

use super::prelude::*;
use crate::diagnosis::refusal::refusal;

pub(super) static CAUSE: Cause = Cause {
    id: "pod-creation-refused",
    title: "The API server refuses to create the pods",
    since: "0.1.0",
    reads: &[Events, Revisions],
    clears: &[],
    why: "No pod can be created for {object}: the API server refuses it. It says: {words}.",
    fix: &["Change {object} so that it satisfies what the message demands."],
    avoid: &["Deleting running pods: they could not be created again."],
    looks_for: &[
        "FailedCreate events of the ReplicaSet, StatefulSet, DaemonSet or Job, while pods are missing: no pod exists, so nothing is to be seen in pods.",
        "The condition ReplicaFailure of the Deployment or ReplicaSet, which holds the same words for longer than events live.",
        "Quotas, LimitRanges, Pod Security, webhooks, ServiceAccounts and classes have causes of their own.",
    ],
    confirm: "The controller's events show SuccessfulCreate.",
    links: &["https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let refusal = refusal(case).filter(|_| !is_told_better(case, CAUSE.id));
    let Some(refusal) = refusal else { return Vec::new() };
    let words = refusal.text.split_once("Error creating: ").map_or(refusal.text, |it| it.1);
    let words = words.trim_end_matches('.').to_owned();
    vec![refusal.hypothesis(CAUSE.id).fact("words", words)]
}
