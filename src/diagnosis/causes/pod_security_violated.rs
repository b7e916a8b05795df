//! The pods break the namespace's Pod Security level, or the cluster's older policies.

use super::prelude::*;
use crate::diagnosis::refusal::refusal;

pub(super) static CAUSE: Cause = Cause {
    id: "pod-security-violated",
    title: "The pods violate the namespace's Pod Security level",
    since: "0.1.0",
    reads: &[Events, Revisions],
    clears: &["pod-creation-refused"],
    why: "No pod can be created for {object}: it violates {rules}. It says: {words}.",
    fix: &[
        "Set what the message names in the securityContext of {object}.",
        "Lower the level of {levelled} (label pod-security.kubernetes.io/enforce), if these pods are meant to have such rights.",
        "Let the ServiceAccount of {constrained} use a SecurityContextConstraint that allows it (oc adm policy add-scc-to-user), if these pods are meant to have such rights.",
    ],
    avoid: &[],
    looks_for: &[
        "FailedCreate events with `violates PodSecurity`, or `unable to validate against any security context constraint` (OpenShift).",
        "No pod exists, so nothing is to be seen in pods; the condition ReplicaFailure keeps the words for longer than events live.",
    ],
    confirm: "The controller's events show SuccessfulCreate.",
    links: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let Some(refusal) = refusal(case).filter(|it| {
        it.says(&[
            "violates podsecurity",
            "security context constraint",
            "unable to validate against any pod security policy",
        ])
    }) else {
        return Vec::new();
    };
    let level = refusal.after("violates PodSecurity ", &[':']);
    let words = refusal.text.split_once("violates PodSecurity ").and_then(|(_, rest)| {
        let (_, words) = rest.split_once("\": ").or_else(|| rest.split_once(": "))?;
        Some(words.trim_end_matches('.'))
    });
    let openshift = refusal.says(&["security context constraint"]);
    let rules = match level {
        _ if openshift => "every SecurityContextConstraint it may use".to_owned(),
        Some(level) => format!("PodSecurity {level} of {}", case.namespace()),
        None => format!("the rules of {}", case.namespace()),
    };
    vec![
        refusal
            .hypothesis(CAUSE.id)
            .fact("rules", rules)
            .maybe("levelled", (!openshift).then(|| case.namespace()))
            .maybe("constrained", openshift.then(|| case.object().kubectl()))
            .maybe("words", words)
            .settle("kubectl get namespace {namespace} --show-labels"),
    ]
}
