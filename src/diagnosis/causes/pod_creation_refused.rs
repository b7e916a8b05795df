//! The API server refuses to create the pods: a quota, a policy, a webhook, a missing ServiceAccount.

use super::prelude::*;

pub(super) static CAUSE: Cause = Cause {
    id: "pod-creation-refused",
    title: "The API server refuses to create the pods",
    since: "0.1.0",
    reads: &[Events, Revisions],
    clears: &[],
    why: "No pod can be created for {object}: {obstacle}.",
    fix: &[
        "Raise quota {quota}, or lower what {object} asks for.",
        "Create ServiceAccount {account} in {namespace}.",
        "Repair webhook {webhook}: it is asked about every pod and does not answer.",
        "Change {object} so that it satisfies what the message demands.",
    ],
    avoid: &["Deleting running pods: they could not be created again."],
    looks_for: &[
        "FailedCreate events of the ReplicaSet, StatefulSet, DaemonSet or Job, while pods are missing: no pod exists, so nothing is to be seen in pods.",
        "The condition ReplicaFailure of the Deployment or ReplicaSet, which holds the same words for longer than events live.",
    ],
    confirm: "The controller's events show SuccessfulCreate.",
    links: &["https://kubernetes.io/docs/concepts/policy/resource-quotas/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let living = case.pods().iter().filter(|pod| !pod.is_over() && !pod.is_terminating()).count();
    let lacking = usize::try_from(case.health().desired).is_ok_and(|desired| living < desired);
    let told = case.events_with("FailedCreate").last();
    let told = told.map(|event| (event.message(), event.proof("the API server's words")));
    // Events expire after an hour; the condition stays.
    let told = told.or_else(|| {
        let (text, source) = case.world().replica_failure(case.object())?;
        Some((text, Proof::quoted("the API server's words", text, source)))
    });
    let Some((text, proof)) = told.filter(|_| lacking) else { return Vec::new() };
    let after = |words: &str| text.split(words).nth(1);
    let quoted = |words: &str| after(words).and_then(|it| it.split('"').next());
    let quota = after("exceeded quota: ").or_else(|| after("failed quota: "));
    let quota = quota.and_then(|it| it.split([',', ':']).next());
    let account = after("error looking up service account ");
    let account = account.and_then(|it| it.split(':').next()?.split('/').nth(1));
    let webhook =
        quoted("failed calling webhook \"").or_else(|| quoted("failed to call webhook \""));
    let obstacle = if quota.is_some() {
        "a quota forbids it"
    } else if account.is_some() {
        "its ServiceAccount does not exist"
    } else if text.contains("per Container is") || text.contains("per Pod is") {
        "its requests or limits are outside the namespace's LimitRange"
    } else if text.contains("no PriorityClass with name") {
        "its PriorityClass does not exist"
    } else if webhook.is_some() || text.contains("failed to call webhook") {
        "an admission webhook does not answer"
    } else if text.contains("denied the request") {
        "an admission webhook denies it"
    } else if text.contains("violates PodSecurity") {
        "it violates the namespace's PodSecurity level"
    } else {
        "the API server refuses it"
    };
    vec![
        Hypothesis::certain(CAUSE.id)
            .because(proof)
            .fact("obstacle", obstacle)
            .maybe("quota", quota)
            .maybe("account", account)
            .maybe("webhook", webhook)
            .settle("kubectl -n {namespace} get events --field-selector reason=FailedCreate"),
    ]
}
