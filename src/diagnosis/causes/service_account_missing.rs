//! The pods are to run as a ServiceAccount that does not exist.

use k8s_openapi::api::core::v1::ServiceAccount;

use super::prelude::*;
use crate::diagnosis::ObjectRef;
use crate::diagnosis::references::nearest;
use crate::diagnosis::refusal::refusal;

pub(super) static CAUSE: Cause = Cause {
    id: "service-account-missing",
    title: "The pods' ServiceAccount does not exist",
    since: "0.1.0",
    reads: &[Events, Revisions],
    clears: &["pod-creation-refused"],
    why: "No pod can be created for {object}: ServiceAccount {account} does not exist in {namespace}. Namespace {elsewhere} has one of that name. The nearest name there is {nearest}.",
    fix: &[
        "Create ServiceAccount {account} in {namespace}, with the rights that {object} needs.",
        "Set serviceAccountName of {object} to {nearest}, if that was meant.",
    ],
    avoid: &[],
    looks_for: &[
        "FailedCreate events with `error looking up service account`.",
        "No pod exists, so nothing is to be seen in pods; the condition ReplicaFailure keeps the words for longer than events live.",
    ],
    confirm: "The controller's events show SuccessfulCreate.",
    links: &["https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let Some(refusal) = refusal(case).filter(|it| {
        it.says(&["error looking up service account", "unable to find service account"])
    }) else {
        return Vec::new();
    };
    let named = refusal.after("service account ", &[':']).and_then(|it| it.split_once('/'));
    let account =
        named.map(|(_, name)| name.trim()).or_else(|| refusal.after("serviceaccount \"", &['"']));
    let Some(account) = account else { return vec![refusal.hypothesis(CAUSE.id)] };
    let all = case.evidence().service_accounts.items();
    let at = |it: &&ServiceAccount| it.metadata.namespace.as_deref() == Some(case.namespace());
    let here = all.iter().filter(at).filter_map(|it| it.metadata.name.as_deref());
    let other = all.iter().find(|it| !at(it) && it.metadata.name.as_deref() == Some(account));
    vec![
        refusal
            .hypothesis(CAUSE.id)
            .fact("account", account)
            .maybe("nearest", nearest(account, here))
            .maybe("elsewhere", other.and_then(|it| it.metadata.namespace.as_deref()))
            .target(ObjectRef::new("ServiceAccount", case.namespace(), account))
            .settle("kubectl -n {namespace} get serviceaccounts"),
    ]
}
