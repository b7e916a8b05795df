//! The registry refuses the pull for lack of credentials or rights.

use super::prelude::*;
use crate::diagnosis::ObjectRef;
use crate::diagnosis::pull::{PullFault, registry_of, repository_of};

pub(super) static CAUSE: Cause = Cause {
    id: "image-pull-unauthorised",
    title: "The registry does not authorise the pull",
    since: "0.1.0",
    reads: &[Pods, Events, Revisions],
    clears: &[],
    why: "Container {container} cannot start: registry {registry} does not authorise the pull of {image}. Pull secret {pull_secret} does not exist in {namespace}.",
    fix: &[
        "Create pull secret {pull_secret} in {namespace} (type kubernetes.io/dockerconfigjson).",
        "Renew the credentials for {registry} and name them in imagePullSecrets of {object} or its ServiceAccount.",
    ],
    avoid: &[
        "Rolling back to revision {previous}: it pulls the same image.",
        "Deleting the pods: the next ones are refused as well.",
    ],
    looks_for: &[
        "A container that waits with ErrImagePull or ImagePullBackOff, and the registry's words 401, 403, `insufficient_scope`, `pull access denied` or `may require authorization`.",
        "The event FailedToRetrieveImagePullSecret, which names a pull secret that does not exist.",
    ],
    confirm: "The pod's events show `Pulled`, and the container runs.",
    links: &[
        "https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/",
    ],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    case.pull_faults()
        .into_iter()
        .filter_map(|(told, fault)| {
            let image = told.container.image();
            let absent = absent_pull_secret(case);
            let before = case.previous_image(told.container.name());
            // The very same image may never have been pulled before either.
            let known = before.is_some_and(|old| {
                old != image && repository_of(old) == repository_of(image)
            });
            let found = match fault {
                PullFault::Unauthorised => Hypothesis::certain(CAUSE.id)
                    .because(told.proof("the registry refuses the pull")),
                PullFault::UnauthorisedOrMissing => {
                    let sure = absent.is_some() && known;
                    let found = if sure { Certainty::Certain } else { Certainty::Likely };
                    Hypothesis::with(CAUSE.id, found)
                        .because(told.proof("the registry does not say whether it exists"))
                }
                _ => return None,
            };
            let found = match &absent {
                Some((_, proof)) => found.because(proof.clone()),
                None => found,
            };
            let found = if known {
                let old = before.unwrap_or_default();
                found.because(Proof::fact(format!("its repository is known to exist: {old}")))
            } else {
                found.against(Proof::fact(
                    "some registries answer the same for a repository that does not exist",
                ))
            };
            let pod = told.container.pod();
            let secrets = pod.spec().and_then(|spec| spec.image_pull_secrets.as_deref());
            let none = secrets.is_none_or(<[_]>::is_empty);
            let found = if none && absent.is_none() {
                found.because(Proof::fact("the pod names no imagePullSecrets"))
            } else {
                found
            };
            let found = match &absent {
                Some((name, _)) => {
                    found.target(ObjectRef::new("Secret", case.namespace(), name.as_str()))
                }
                None => found,
            };
            Some(
                found
                    .fact("container", told.container.name())
                    .fact("image", image)
                    .fact("registry", registry_of(image))
                    .maybe("pull_secret", absent.map(|(name, _)| name))
                    .maybe("previous", case.previous_number_if(before == Some(image)))
                    .settle(format!(
                        "kubectl -n {{namespace}} get pod {} -o jsonpath='{{.spec.imagePullSecrets}}'",
                        pod.name()
                    )),
            )
        })
        .collect()
}

/// The pull secret that the kubelet says it cannot find.
fn absent_pull_secret(case: &Case<'_>) -> Option<(String, Proof)> {
    let event = case.events_with("FailedToRetrieveImagePullSecret").last()?;
    let names = event.message().split_once('(')?.1.split_once(')')?.0;
    let name = names.split([',', ' ']).next()?.to_owned();
    Some((name, event.proof("the kubelet cannot find the pull secret")))
}
