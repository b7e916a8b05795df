//! The pod names a volume claim that does not exist.

use super::prelude::*;
use crate::diagnosis::claims::Waiting;
use crate::diagnosis::claims::waiting;
use crate::diagnosis::references::nearest;

pub(super) static CAUSE: Cause = Cause {
    id: "claim-missing",
    title: "A volume claim the pod names does not exist",
    since: "0.1.0",
    reads: &[Pods, Events, Volumes],
    clears: &["unschedulable", "claim-unbound"],
    why: "Pod {pod} cannot be scheduled: volume claim {claim} does not exist in {namespace}. The nearest name there is {nearest}.",
    fix: &[
        "Name claim {nearest} in {object}, if that was meant.",
        "Create claim {claim} in {namespace}.",
    ],
    avoid: &[],
    looks_for: &[
        "The scheduler's `persistentvolumeclaim \"…\" not found`, and the claims of the namespace.",
    ],
    confirm: "The claim is Bound, and the pod has a node.",
    links: &["https://kubernetes.io/docs/concepts/storage/persistent-volumes/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let all = case.evidence().persistent_volume_claims.items().iter();
    let here = all.filter(|it| it.metadata.namespace.as_deref() == Some(case.namespace()));
    let names: Vec<&str> = here.filter_map(|it| it.metadata.name.as_deref()).collect();
    let of = |it: &Waiting<'_>| {
        let name = it.name.filter(|_| it.absent)?;
        let found = it.hypothesis(case, Hypothesis::certain(CAUSE.id));
        Some(found.maybe("nearest", nearest(name, names.iter().copied())))
    };
    waiting(case).iter().filter_map(of).collect()
}
