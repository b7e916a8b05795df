//! The provisioner cannot make a volume for the claim, or does not answer.

use super::prelude::*;
use crate::diagnosis::claims::Waiting;
use crate::diagnosis::claims::waiting;

pub(super) static CAUSE: Cause = Cause {
    id: "volume-provisioning-failed",
    title: "The storage provisioner makes no volume for the claim",
    since: "0.1.0",
    reads: &[Pods, Events, Volumes],
    clears: &["unschedulable", "claim-unbound"],
    why: "Pod {pod} waits for claim {claim}: {provisioner} makes no volume for it. It says: {said}.",
    fix: &[
        "Look at the pods of provisioner {silent}: it does not take up the claim.",
        "Remove what the provisioner complains about: {said}.",
    ],
    avoid: &["Deleting claim {claim}: its volume may go with it."],
    looks_for: &[
        "ProvisioningFailed with the storage's own words: a quota, a zone, a parameter, credentials.",
        "ExternalProvisioning that only waits: then the provisioner does not run.",
    ],
    confirm: "The claim is Bound, and the pod has a node.",
    links: &["https://kubernetes.io/docs/concepts/storage/dynamic-provisioning/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let of = |it: &Waiting<'_>| {
        let event = it.complaint?;
        let silent = event.reason() == "ExternalProvisioning";
        let failed = event.reason() == "ProvisioningFailed"
            && !it.says(&[
                "not found",
                "no persistent volumes available",
                "no-provisioner",
                "no volume plugin matched",
            ]);
        if !silent && !failed {
            return None;
        }
        let quoted = |word: &str| {
            event.message().split_once(word).and_then(|(_, it)| it.split(['"', '\'']).nth(1))
        };
        let provisioner = quoted("provisioner").map(str::to_owned);
        let base =
            if failed { Hypothesis::certain(CAUSE.id) } else { Hypothesis::likely(CAUSE.id) };
        let found = it.hypothesis(case, base);
        Some(
            found
                .fact("provisioner", provisioner.as_deref().unwrap_or("its provisioner"))
                .maybe("silent", provisioner.filter(|_| silent))
                .maybe("said", failed.then(|| event.message().trim_end_matches('.'))),
        )
    };
    waiting(case).iter().filter_map(of).collect()
}
