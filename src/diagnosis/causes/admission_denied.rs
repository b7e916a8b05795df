//! An admission webhook or policy looks at the pods and says no.

use super::prelude::*;
use crate::diagnosis::refusal::refusal;

/// Characters of a policy's words that are shown.
const LONGEST: usize = 300;

pub(super) static CAUSE: Cause = Cause {
    id: "admission-denied",
    title: "An admission policy denies the pods",
    since: "0.1.0",
    reads: &[Events, Revisions],
    clears: &["pod-creation-refused"],
    why: "No pod can be created for {object}: {policy} denies it. It says: {words}.",
    fix: &[
        "Change {object} as the policy demands: {words}.",
        "Change the policy behind {policy}, if it is wrong for {namespace}.",
    ],
    avoid: &[],
    looks_for: &[
        "FailedCreate events with `admission webhook \"…\" denied the request` or `ValidatingAdmissionPolicy '…' with binding '…' denied request`. The webhook works: it is its answer.",
        "No pod exists, so nothing is to be seen in pods; the condition ReplicaFailure keeps the words for longer than events live.",
    ],
    confirm: "The controller's events show SuccessfulCreate.",
    links: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/",
    ],
    weigh,
};

/// The policy's words in one line: Kyverno and others name the rule below the first.
fn flat(words: &str) -> String {
    let lines = words.lines().map(str::trim).filter(|line| !line.is_empty());
    let whole: String = lines.collect::<Vec<_>>().join(" ").chars().take(LONGEST).collect();
    whole.trim_end_matches('.').to_owned()
}

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let Some(refusal) =
        refusal(case).filter(|it| it.says(&["denied the request", "denied request"]))
    else {
        return Vec::new();
    };
    let policy = refusal
        .after("admission webhook \"", &['"'])
        .or_else(|| refusal.after("ValidatingAdmissionPolicy '", &['\'']));
    let words = refusal
        .after("denied the request: ", &[])
        .or_else(|| refusal.after("denied request: ", &[]));
    let words = words.map(flat);
    let words = words.as_deref();
    vec![
        refusal
            .hypothesis(CAUSE.id)
            .fact("policy", policy.unwrap_or("an admission policy"))
            .maybe("words", words),
    ]
}
