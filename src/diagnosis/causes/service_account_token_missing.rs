//! The program wants to talk to the API, and no token is mounted.

use super::prelude::*;
use crate::diagnosis::complaint::{Complaint, Heard, heard};

pub(super) static CAUSE: Cause = Cause {
    id: "service-account-token-missing",
    title: "No ServiceAccount token is mounted",
    since: "0.1.0",
    reads: &[Pods, Logs],
    clears: &["application-crashed"],
    why: "Container {container} wants to talk to the Kubernetes API, but no ServiceAccount token is mounted in {pod}.",
    fix: &["Set automountServiceAccountToken to true in {object}, or on its ServiceAccount."],
    avoid: &[],
    looks_for: &[
        "A log that misses /var/run/secrets/kubernetes.io/serviceaccount/token, or says that it is not in a cluster.",
        "automountServiceAccountToken: false on the pod or its ServiceAccount.",
    ],
    confirm: "The container runs on, and its log no longer says so.",
    links: &["https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let of = |it: &Heard<'_>| -> Option<Hypothesis> {
        let off = it.container.pod().spec().and_then(|it| it.automount_service_account_token);
        let mounts = it.container.spec().volume_mounts.iter().flatten();
        let mounted =
            mounts.into_iter().any(|it| it.mount_path.ends_with("kubernetes.io/serviceaccount"));
        let found = it.hypothesis();
        Some(match (off, mounted) {
            (Some(false), _) => {
                found.because(Proof::fact("the pod sets automountServiceAccountToken to false"))
            }
            (_, true) => found.against(Proof::fact("a token is mounted in the container")),
            _ => found,
        })
    };
    heard(case, CAUSE.id, Complaint::NoToken, "it finds no token").iter().filter_map(of).collect()
}
