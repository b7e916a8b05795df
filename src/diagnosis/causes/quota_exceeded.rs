//! A ResourceQuota of the namespace has no room for the pods.

use super::prelude::*;
use crate::diagnosis::ObjectRef;
use crate::diagnosis::refusal::refusal;

pub(super) static CAUSE: Cause = Cause {
    id: "quota-exceeded",
    title: "The namespace's quota is used up",
    since: "0.1.0",
    reads: &[Events, Revisions],
    clears: &["pod-creation-refused"],
    why: "No pod can be created for {object}: quota {quota} of {namespace} has no room. It asks for {requested}, {used} is used, and the limit is {limited}.",
    fix: &[
        "Lower what {object} asks for, or free what others in {namespace} use of {quota}.",
        "Raise quota {quota}, if the namespace is meant to have more.",
    ],
    avoid: &["Deleting running pods of {object}: they could not be created again."],
    looks_for: &[
        "FailedCreate events with `exceeded quota:` while pods are missing.",
        "No pod exists, so nothing is to be seen in pods; the condition ReplicaFailure keeps the words for longer than events live.",
    ],
    confirm: "The controller's events show SuccessfulCreate.",
    links: &["https://kubernetes.io/docs/concepts/policy/resource-quotas/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let Some(refusal) = refusal(case).filter(|it| it.says(&["exceeded quota"])) else {
        return Vec::new();
    };
    let quota = refusal.after("exceeded quota: ", &[',', ':']);
    let requested =
        refusal.after("requested: ", &[':']).and_then(|it| it.rsplit_once(',')).map(|it| it.0);
    let used = refusal.after("used: ", &[':']).and_then(|it| it.rsplit_once(',')).map(|it| it.0);
    let limited = refusal.after("limited: ", &['"', ';']);
    let target = quota.map(|name| ObjectRef::new("ResourceQuota", case.namespace(), name));
    let found = refusal
        .hypothesis(CAUSE.id)
        .maybe("quota", quota)
        .maybe("requested", requested)
        .maybe("used", used)
        .maybe("limited", limited)
        .settle("kubectl -n {namespace} describe resourcequota {quota}");
    vec![match target {
        Some(target) => found.target(target),
        None => found,
    }]
}
