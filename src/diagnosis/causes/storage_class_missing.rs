//! The claim asks for a StorageClass that does not exist.

use super::prelude::*;
use crate::diagnosis::claims::Waiting;
use crate::diagnosis::claims::waiting;

pub(super) static CAUSE: Cause = Cause {
    id: "storage-class-missing",
    title: "The claim's StorageClass does not exist",
    since: "0.1.0",
    reads: &[Pods, Events, Volumes],
    clears: &["unschedulable", "claim-unbound"],
    why: "Pod {pod} waits for claim {claim}, and its StorageClass {class} does not exist. The classes there are: {classes}.",
    fix: &[
        "Make claim {claim} anew with a class that exists ({classes}).",
        "Create StorageClass {class}.",
        "Make claim {claim} anew with a class that exists.",
    ],
    avoid: &["Deleting claim {claim}: its volume may go with it."],
    looks_for: &[
        "The claim's event `storageclass.storage.k8s.io \"…\" not found`, or a class that is not among those of the cluster.",
        "A class is fixed once a claim exists: it must be made anew.",
    ],
    confirm: "The claim is Bound, and the pod has a node.",
    links: &["https://kubernetes.io/docs/concepts/storage/storage-classes/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let classes = case.evidence().storage_classes.read();
    let names: Vec<&str> =
        classes.into_iter().flatten().filter_map(|it| it.metadata.name.as_deref()).collect();
    let volumes = case.evidence().persistent_volumes.items();
    let of = |it: &Waiting<'_>| {
        let told = it
            .complaint
            .map(|it| it.message())
            .filter(|_| it.says(&["storageclass"]) && it.says(&["not found"]));
        let told = told.and_then(|it| it.split('"').nth(1));
        // Volumes made by hand may carry a class that no object stands for.
        let by_hand = |class: &str| {
            let mut of =
                volumes.iter().filter_map(|it| it.spec.as_ref()?.storage_class_name.as_deref());
            of.any(|it| it == class)
        };
        let lacking = it
            .class()
            .filter(|class| classes.is_some() && !names.contains(class) && !by_hand(class));
        let class = told.or(lacking)?;
        // A class that nobody reads may still be that of a volume made by hand.
        let sure = told.is_some() || case.evidence().persistent_volumes.read().is_some();
        let base = if sure { Hypothesis::certain(CAUSE.id) } else { Hypothesis::likely(CAUSE.id) };
        let found = it.hypothesis(case, base).fact("class", class);
        let found = match told {
            Some(_) => found,
            None => found.because(Proof::fact(format!("no StorageClass is called {class}"))),
        };
        Some(
            found
                .maybe("classes", (!names.is_empty()).then(|| names.join(", ")))
                .settle("kubectl get storageclasses"),
        )
    };
    waiting(case).iter().filter_map(of).collect()
}
