//! The pod's volume is where the pod may not be placed.

use super::prelude::*;
use crate::diagnosis::scheduler::{
    CLAIM_FOR_ONE_POD, Obstacle, TOO_MANY_VOLUMES, Unplaced, unplaced,
};

pub(super) static CAUSE: Cause = Cause {
    id: "volume-out-of-reach",
    title: "The pod's volume is on another node or in another zone",
    since: "0.1.0",
    reads: &[Pods, Events, Nodes],
    clears: &["unschedulable"],
    why: "Pod {pod} cannot be scheduled: for {nodes} nodes, {rule}. Its claims are {claims}.",
    fix: &[
        "Stop the other pod that uses {single}, or give {object} a claim of its own.",
        "Add nodes, or move pods with volumes away: each node attaches only so many. {crowded} needs one more place.",
        "Let {placed} run where its volume is: correct its node selector or affinity, or bring that node or zone back.",
        "Make the claim of {placed} anew in the right zone, with a StorageClass that waits for its first consumer, once its data is safe.",
    ],
    avoid: &["Deleting the claim: its data may go with it."],
    looks_for: &["The scheduler's `volume node affinity conflict` or `max volume count`."],
    confirm: "The pod has a node.",
    links: &["https://kubernetes.io/docs/concepts/storage/persistent-volumes/#node-affinity"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let of = |it: &Unplaced<'_>| {
        let found = it.hypothesis(CAUSE.id, |it| matches!(it, Obstacle::Volume(_)))?;
        let rule = it.groups.iter().find_map(|it| match &it.obstacle {
            Obstacle::Volume(rule) => Some(rule.as_str()),
            _ => None,
        })?;
        let single = rule == CLAIM_FOR_ONE_POD;
        let crowded = rule == TOO_MANY_VOLUMES;
        let object = case.object().kubectl();
        let volumes = it.pod.spec().into_iter().flat_map(|it| it.volumes.iter().flatten());
        let claims = volumes.filter_map(|it| it.persistent_volume_claim.as_ref());
        let claims: Vec<&str> = claims.map(|it| it.claim_name.as_str()).collect();
        Some(
            found
                .fact("rule", rule)
                .maybe("single", single.then(|| claims.first().copied()).flatten())
                .maybe("crowded", crowded.then_some(&object))
                .maybe("placed", (!single && !crowded).then_some(&object))
                .maybe("claims", (!claims.is_empty()).then(|| claims.join(", ")))
                .settle("kubectl get pv -o wide"),
        )
    };
    unplaced(case).iter().filter_map(of).collect()
}
