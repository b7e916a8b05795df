//! The pod waits for a volume claim that does not exist or is not bound.

use super::prelude::*;
use crate::diagnosis::ObjectRef;
use crate::diagnosis::health::is_unschedulable;

pub(super) static CAUSE: Cause = Cause {
    id: "claim-unbound",
    title: "A volume claim the pod needs is not bound",
    since: "0.1.0",
    reads: &[Pods, Events],
    clears: &["unschedulable"],
    why: "Pod {pod} cannot be scheduled: volume claim {claim} is not bound. {said}",
    fix: &[
        "Create claim {absent} in {namespace}.",
        "Repair claim {claim}: its events say what it waits for.",
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
            let absent =
                text.split("persistentvolumeclaim \"").nth(1).and_then(|it| it.split('"').next());
            if absent.is_none() && !text.contains("unbound immediate PersistentVolumeClaims") {
                return None;
            }
            let claims = pod.spec()?.volumes.iter().flatten();
            let mut claims = claims.filter_map(|it| it.persistent_volume_claim.as_ref());
            let claim = absent.or_else(|| {
                let all = case.evidence().persistent_volume_claims.items();
                let bound = |name: &str| {
                    all.iter().any(|it| {
                        it.metadata.name.as_deref() == Some(name)
                            && it.status.as_ref().and_then(|it| it.phase.as_deref())
                                == Some("Bound")
                    })
                };
                claims.find(|it| !bound(&it.claim_name)).map(|it| it.claim_name.as_str())
            })?;
            let target = ObjectRef::new("PersistentVolumeClaim", case.namespace(), claim);
            let said = case.world().events_named(&target).into_iter().rev().find(|event| {
                matches!(
                    event.reason(),
                    "ProvisioningFailed" | "FailedBinding" | "ExternalProvisioning"
                )
            });
            let place = format!("condition PodScheduled of {}", pod.name());
            let found = Hypothesis::certain(CAUSE.id);
            let found = match said {
                Some(event) => found.because(event.proof("what the claim waits for")),
                None => found,
            };
            Some(
                found
                    .because(Proof::quoted("the scheduler's words", text, place))
                    .fact("pod", pod.name())
                    .fact("claim", claim)
                    .maybe("absent", absent)
                    .maybe("said", said.map(|it| format!("It says: {}", it.message())))
                    .target(target)
                    .settle("kubectl -n {namespace} describe pvc {claim}"),
            )
        })
        .collect()
}
