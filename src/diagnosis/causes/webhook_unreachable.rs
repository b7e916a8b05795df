//! An admission webhook is asked about every pod and does not answer.

use super::prelude::*;
use crate::diagnosis::ObjectRef;
use crate::diagnosis::refusal::refusal;

pub(super) static CAUSE: Cause = Cause {
    id: "webhook-unreachable",
    title: "An admission webhook does not answer",
    since: "0.1.0",
    reads: &[Events, Revisions],
    clears: &["pod-creation-refused"],
    why: "No pod can be created for {object}: admission webhook {webhook} does not answer. The API server calls {address}.",
    fix: &[
        "Restore what serves webhook {webhook}: its Service needs ready endpoints and a certificate that is valid.",
        "Set failurePolicy to Ignore for {webhook}, if it is not meant to stop everything.",
    ],
    avoid: &["Deleting running pods of {object}: they could not be created again."],
    looks_for: &[
        "FailedCreate events with `failed calling webhook` (older: `failed to call webhook`) and the reason of the failed call. Pods that run are not touched.",
        "No pod exists, so nothing is to be seen in pods; the condition ReplicaFailure keeps the words for longer than events live.",
    ],
    confirm: "The controller's events show SuccessfulCreate.",
    links: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/",
    ],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let Some(refusal) =
        refusal(case).filter(|it| it.says(&["failed calling webhook", "failed to call webhook"]))
    else {
        return Vec::new();
    };
    let webhook = refusal
        .after("failed calling webhook \"", &['"'])
        .or_else(|| refusal.after("failed to call webhook \"", &['"']));
    // `Post "https://gate.policy.svc:443/validate?timeout=10s"`
    let host = refusal.after("https://", &['/', '"', '?']);
    let mut labels = host.unwrap_or_default().split([':', '.']);
    let service = labels.next().zip(labels.next()).filter(|_| labels.next() == Some("svc"));
    let found = refusal
        .hypothesis(CAUSE.id)
        .fact("webhook", webhook.unwrap_or("a webhook of the cluster"))
        .maybe("address", host)
        .settle("kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations");
    vec![match service {
        Some((name, namespace)) => {
            let silent = case.world().endpoints(namespace, name).is_some_and(|it| it.0 == 0);
            let known = case.world().service(namespace, name).is_some();
            let found = found.maybe("service", (silent && known).then_some(name));
            found.target(ObjectRef::new("Service", namespace, name)).settle(format!(
                "kubectl -n {namespace} get endpointslices -l kubernetes.io/service-name={name}"
            ))
        }
        None => found,
    }]
}
