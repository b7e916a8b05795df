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
    ],
    confirm: "The controller's events show SuccessfulCreate.",
    links: &["https://kubernetes.io/docs/concepts/policy/resource-quotas/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let living = case.pods().iter().filter(|pod| !pod.is_over() && !pod.is_terminating()).count();
    let lacking = usize::try_from(case.health().desired).is_ok_and(|desired| living < desired);
    let Some(event) = case.events_with("FailedCreate").last().filter(|_| lacking) else {
        return Vec::new();
    };
    let text = event.message();
    let after = |words: &str| text.split(words).nth(1);
    let quoted = |words: &str| after(words).and_then(|it| it.split('"').next());
    let quota = after("exceeded quota: ").or_else(|| after("failed quota: "));
    let quota = quota.and_then(|it| it.split([',', ':']).next());
    let account = after("error looking up service account ");
    let account = account.and_then(|it| it.split(':').next()?.split('/').nth(1));
    let webhook = quoted("failed calling webhook \"");
    let obstacle = if quota.is_some() {
        "a quota forbids it"
    } else if account.is_some() {
        "its ServiceAccount does not exist"
    } else if webhook.is_some() {
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
            .because(event.proof("the API server's words"))
            .fact("obstacle", obstacle)
            .maybe("quota", quota)
            .maybe("account", account)
            .maybe("webhook", webhook)
            .settle("kubectl -n {namespace} get events --field-selector reason=FailedCreate"),
    ]
}
