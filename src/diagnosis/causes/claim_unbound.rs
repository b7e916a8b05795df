//! The pod waits for a volume claim that is not bound, and its events do not say why.

use super::prelude::*;
use crate::diagnosis::claims::waiting;

pub(super) static CAUSE: Cause = Cause {
    id: "claim-unbound",
    title: "A volume claim the pod needs is not bound",
    since: "0.1.0",
    reads: &[Pods, Events],
    clears: &["unschedulable"],
    why: "Pod {pod} cannot be scheduled: one of its volume claims ({claims}) is not bound. Pod {pod} cannot be scheduled: volume claim {claim} is not bound. {said}",
    fix: &[
        "Repair claim {claim}: its events say what it waits for.",
        "Find the claim that is not Bound among {claims}: its events say what it waits for.",
    ],
    avoid: &["Deleting claim {claim}: its volume may go with it."],
    looks_for: &[
        "The scheduler's words `unbound immediate PersistentVolumeClaims`, and the events of the claim.",
        "Claims, classes and volumes that are missing, and provisioners that fail, have causes of their own.",
        "Claims, classes and volumes that are missing, and provisioners that fail, have causes of their own.",
        "`waiting for first consumer` is no fault: the claim waits for the pod.",
    ],
    confirm: "The claim is Bound, and the pod has a node.",
    links: &["https://kubernetes.io/docs/concepts/storage/persistent-volumes/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let waiting = waiting(case);
    if waiting.is_empty() || is_told_better(case, CAUSE.id) {
        return Vec::new();
    }
    let found = waiting.into_iter().filter(|it| !it.absent).map(|it| {
        let said = it.complaint.map(|it| format!("It says: {}", it.message()));
        it.hypothesis(case, Hypothesis::likely(CAUSE.id))
            .maybe("claims", it.name.is_none().then(|| it.suspects.join(", ")))
            .maybe("said", said)
    });
    found.collect()
}
