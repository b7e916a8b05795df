//! No volume that exists fits the claim, and none is made for it.

use super::prelude::*;
use crate::diagnosis::claims::waiting;
use crate::diagnosis::claims::{Waiting, misfit};

pub(super) static CAUSE: Cause = Cause {
    id: "no-volume-for-claim",
    title: "No volume fits the claim, and none is made for it",
    since: "0.1.0",
    reads: &[Pods, Events, Volumes],
    clears: &["unschedulable", "claim-unbound"],
    why: "Pod {pod} waits for claim {claim}: no volume fits it, and nothing makes one. Volume {volume} comes closest, but it {misfit}.",
    fix: &[
        "Make volume {volume} and claim {claim} agree: it {misfit}.",
        "Create a volume that fits claim {claim}, or give it a StorageClass that makes volumes.",
    ],
    avoid: &["Deleting claim {claim}: its volume may go with it."],
    looks_for: &[
        "The claim's event `no persistent volumes available for this claim and no storage class is set`, or a class whose provisioner makes nothing.",
        "Every volume of the cluster, compared with the claim: class, access modes, size, and whether it is taken.",
    ],
    confirm: "The claim is Bound, and the pod has a node.",
    links: &["https://kubernetes.io/docs/concepts/storage/persistent-volumes/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let classes = case.evidence().storage_classes.items();
    let makes_nothing = |class: &str| {
        let found = classes.iter().find(|it| it.metadata.name.as_deref() == Some(class));
        found.is_some_and(|it| it.provisioner.ends_with("no-provisioner"))
    };
    let volumes = case.evidence().persistent_volumes.items();
    let of = |it: &Waiting<'_>| {
        if it.absent {
            return None;
        }
        let told = it.says(&[
            "no persistent volumes available",
            "no-provisioner",
            "cannot find available persistent volume",
        ]);
        let by_hand = it.class().is_none_or(|class| {
            makes_nothing(class)
                || volumes.iter().any(|it| {
                    it.spec.as_ref().and_then(|it| it.storage_class_name.as_deref()) == Some(class)
                })
        });
        let fits = it.claim.map(|claim| {
            volumes.iter().map(|volume| (volume, misfit(claim, volume))).collect::<Vec<_>>()
        });
        let fits = fits.unwrap_or_default();
        if fits.iter().any(|(_, misfit)| misfit.is_none())
            || !(told || (by_hand && !fits.is_empty()))
        {
            return None;
        }
        // What is free comes closest; among these, what is of the right class.
        let closeness = |misfit: &str| {
            ["has ", "offers ", "is of class "]
                .iter()
                .position(|it| misfit.starts_with(it))
                .unwrap_or(9)
        };
        let nearest = fits.iter().filter_map(|(volume, misfit)| {
            Some((
                closeness(misfit.as_deref()?),
                volume.metadata.name.as_deref()?,
                misfit.as_deref()?,
            ))
        });
        let nearest = nearest.min().filter(|(closeness, ..)| *closeness < 9);
        let base = if told { Hypothesis::certain(CAUSE.id) } else { Hypothesis::likely(CAUSE.id) };
        let found = it.hypothesis(case, base).settle("kubectl get pv");
        Some(match nearest {
            Some((_, volume, misfit)) => found
                .because(Proof::fact(format!("volume {volume} {misfit}")))
                .fact("volume", volume)
                .fact("misfit", misfit),
            None => found,
        })
    };
    waiting(case).iter().filter_map(of).collect()
}
