//! The pod waits for a volume claim that does not exist or is not bound.

use super::prelude::*;
use crate::diagnosis::health::is_unschedulable;
use crate::diagnosis::{EventView, ObjectRef};

pub(super) static CAUSE: Cause = Cause {
    id: "claim-unbound",
    title: "A volume claim the pod needs is not bound",
    since: "0.1.0",
    reads: &[Pods, Events],
    clears: &["unschedulable"],
    why: "Pod {pod} cannot be scheduled: one of its volume claims ({claims}) is not bound. Pod {pod} cannot be scheduled: volume claim {claim} is not bound. {said}",
    fix: &[
        "Create claim {absent} in {namespace}.",
        "Repair claim {claim}: its events say what it waits for.",
        "Find the claim that is not Bound among {claims}: its events say what it waits for.",
    ],
    avoid: &["Deleting claim {claim}: its volume may go with it."],
    looks_for: &[
        "The scheduler's words `unbound immediate PersistentVolumeClaims` or `persistentvolumeclaim \"…\" not found`, and the events of the claim.",
        "`waiting for first consumer` is no fault: the claim waits for the pod.",
    ],
    confirm: "The claim is Bound, and the pod has a node.",
    links: &["https://kubernetes.io/docs/concepts/storage/persistent-volumes/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let waiting = case.pods().iter().filter(|pod| is_unschedulable(pod));
    waiting
        .filter_map(|pod| {
            let text = pod.condition("PodScheduled")?.message.as_deref()?;
            let named =
                text.split("persistentvolumeclaim \"").nth(1).and_then(|it| it.split_once('"'));
            let absent = named.filter(|(_, rest)| rest.starts_with(" not found"));
            let absent = absent.map(|(claim, _)| claim);
            if named.is_none() && !text.contains("unbound immediate PersistentVolumeClaims") {
                return None;
            }
            let suspects = match named {
                Some((claim, _)) => vec![claim],
                None => unbound(case, pod),
            };
            let complaint = |claim: &&str| complaint(case, claim);
            // Of several, the one that has an event of its own about it.
            let blamed = suspects.iter().find(|claim| complaint(claim).is_some());
            let claim = blamed.or(suspects.first().filter(|_| suspects.len() == 1)).copied();
            let said = claim.and_then(|claim| complaint(&claim));
            let place = format!("condition PodScheduled of {}", pod.name());
            let found = Hypothesis::certain(CAUSE.id);
            let found = match said {
                Some(event) => found.because(event.proof("what the claim waits for")),
                None => found,
            };
            let found = found
                .because(Proof::quoted("the scheduler's words", text, place))
                .fact("pod", pod.name())
                .maybe("claim", claim)
                .maybe("claims", (claim.is_none()).then(|| suspects.join(", ")))
                .maybe("absent", absent)
                .maybe("said", said.map(|it| format!("It says: {}", it.message())))
                .settle("kubectl -n {namespace} describe pvc {claim}")
                .settle("kubectl -n {namespace} get pvc");
            Some(match claim {
                Some(claim) => found.target(reference(case, claim)),
                None => found,
            })
        })
        .collect()
}

fn reference(case: &Case<'_>, claim: &str) -> ObjectRef {
    ObjectRef::new("PersistentVolumeClaim", case.namespace(), claim)
}

/// What the newest event of a claim says it waits for.
fn complaint<'a>(case: &Case<'a>, claim: &str) -> Option<EventView<'a>> {
    let mut newest_first = case.world().events_named(&reference(case, claim)).into_iter().rev();
    newest_first.find(|event| {
        matches!(event.reason(), "ProvisioningFailed" | "FailedBinding" | "ExternalProvisioning")
    })
}

/// The claims of a pod that are not known to be bound.
fn unbound<'a>(case: &Case<'a>, pod: &PodView<'a>) -> Vec<&'a str> {
    let volumes = pod.spec().and_then(|spec| spec.volumes.as_deref()).unwrap_or_default();
    let claims = volumes.iter().filter_map(|it| it.persistent_volume_claim.as_ref());
    let all = case.evidence().persistent_volume_claims.items();
    let bound = |name: &str| {
        all.iter().any(|it| {
            it.metadata.name.as_deref() == Some(name)
                && it.metadata.namespace.as_deref().unwrap_or_default() == case.namespace()
                && it.status.as_ref().and_then(|it| it.phase.as_deref()) == Some("Bound")
        })
    };
    claims.map(|it| it.claim_name.as_str()).filter(|name| !bound(name)).collect()
}
