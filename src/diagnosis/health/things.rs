//! Health of what has no pods of its own: a node, a claim, a quota. Other things that an alert may be about
//! (a namespace, an autoscaler, a certificate) say nothing of themselves here: nobody asks them.

use k8s_openapi::api::core::v1::{Node, NodeCondition, PersistentVolumeClaim, ResourceQuota};

use super::{Checkup, Grade};
use crate::diagnosis::memory::quantity;
use crate::diagnosis::world::{World, is};
use crate::diagnosis::{ObjectRef, Presence, Source};

/// Kinds whose state nobody asks for. What fires about one of them is over when it no longer fires.
const SILENT: [&str; 19] = [
    "Namespace",
    "Ingress",
    "HorizontalPodAutoscaler",
    "VerticalPodAutoscaler",
    "PodDisruptionBudget",
    "PersistentVolume",
    "StorageClass",
    "Secret",
    "ConfigMap",
    "LimitRange",
    "Certificate",
    "CertificateRequest",
    "Application",
    "Workflow",
    "Kustomization",
    "HelmRelease",
    "GitRepository",
    "HelmRepository",
    "ScaledObject",
];

/// Fills in presence and what is wrong, if the object is such a thing. Returns whether it is.
pub(super) fn check(checkup: &mut Checkup, world: &World<'_>, object: &ObjectRef) -> bool {
    let evidence = world.evidence();
    match object.kind.as_str() {
        "Node" => match found(checkup, &evidence.nodes, |it| {
            it.metadata.name.as_deref() == Some(object.name.as_str())
        }) {
            Some(it) => node(checkup, it),
            None => return true,
        },
        "PersistentVolumeClaim" => {
            match found(checkup, &evidence.persistent_volume_claims, |it| is(&it.metadata, object))
            {
                Some(it) => claim(checkup, world, object, it),
                None => return true,
            }
        }
        "ResourceQuota" => {
            match found(checkup, &evidence.resource_quotas, |it| is(&it.metadata, object)) {
                Some(it) => quota(checkup, it),
                None => return true,
            }
        }
        // One that has pods is an owner of its own kind.
        kind if SILENT.contains(&kind) && !world.has(object) => {
            checkup.health.presence = Presence::NotAsked;
            return true;
        }
        _ => return false,
    }
    checkup.health.rollout_complete = true;
    true
}

/// The object, or what its absence says.
fn found<'a, T>(
    checkup: &mut Checkup,
    source: &'a Source<Vec<T>>,
    wanted: impl Fn(&T) -> bool,
) -> Option<&'a T> {
    let found = source.read().and_then(|all| all.iter().find(|it| wanted(it)));
    checkup.health.presence = match (found, source.unavailable()) {
        (Some(_), _) => Presence::Present,
        (None, Some(why)) => Presence::Unknown(why.into()),
        (None, None) => Presence::Gone,
    };
    found
}

fn node(checkup: &mut Checkup, node: &Node) {
    let conditions = node.status.as_ref().and_then(|it| it.conditions.as_deref());
    let conditions = conditions.unwrap_or_default();
    let ready = conditions.iter().find(|it| it.type_ == "Ready");
    match ready {
        None => checkup.unknown("its condition Ready", "the node has none"),
        Some(ready) if ready.status == "True" => {
            checkup.health.ready_since = ready.last_transition_time.as_ref().map(|at| at.0);
        }
        Some(ready) => {
            let word = if ready.status == "Unknown" { "does not answer" } else { "is not ready" };
            checkup.add(Grade::Fault, format!("the node {word}{}", said(ready)));
        }
    }
    let bad = |it: &&NodeCondition| it.type_ != "Ready" && it.status == "True";
    for it in conditions.iter().filter(bad).filter(|it| is_bad(&it.type_)) {
        checkup.add(Grade::Fault, format!("{}{}", it.type_, said(it)));
    }
}

/// Conditions that are trouble when they hold. Others (of a problem detector, of a cloud) may mean anything.
fn is_bad(condition: &str) -> bool {
    ["MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"].contains(&condition)
}

fn said(condition: &NodeCondition) -> String {
    let message = condition.message.as_deref().unwrap_or_default().trim();
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

fn claim(
    checkup: &mut Checkup,
    world: &World<'_>,
    object: &ObjectRef,
    claim: &PersistentVolumeClaim,
) {
    match claim.status.as_ref().and_then(|it| it.phase.as_deref()) {
        Some("Lost") => checkup.add(Grade::Fault, "the claim has lost its volume"),
        Some("Pending") => {
            let events = world.events_named(object);
            let last = events.last();
            // It is bound once a pod wants it; until then it is as it should be.
            if last.is_some_and(|it| it.reason() == "WaitForFirstConsumer") {
                return;
            }
            let why = last.map(|it| format!(": {}", it.message().trim())).unwrap_or_default();
            checkup.add(Grade::Fault, format!("the claim is not bound{why}"));
        }
        Some(_) => {}
        None => checkup.unknown("its phase", "the claim has none"),
    }
}

fn quota(checkup: &mut Checkup, quota: &ResourceQuota) {
    let Some(status) = quota.status.as_ref() else { return };
    let (hard, used) = (status.hard.iter().flatten(), status.used.as_ref());
    for (resource, hard) in hard {
        let Some(used) = used.and_then(|used| used.get(resource)) else { continue };
        let (Some(most), Some(now)) = (quantity(&hard.0), quantity(&used.0)) else { continue };
        // None is allowed at all: that is meant so.
        if most > 0.0 && now >= most {
            checkup.add(Grade::Fault, format!("{resource}: {} of {} used", used.0, hard.0));
        }
    }
}
