//! From a pod to its root owner, by asking the cluster.

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::round::Round;
use crate::diagnosis::{self, ObjectRef, Source};

/// A root owner, and how it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifted {
    /// The workload that people know.
    pub object: ObjectRef,
    /// How it was found.
    pub by: LiftedBy,
}

/// How a root owner was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LiftedBy {
    /// It was named itself, or owner references led to it.
    Owners,
    /// The cluster did not answer, or does not know the pod any more; the pod's name told. The reason.
    Name(String),
}

pub(super) async fn lift(round: &Round<'_>, object: &ObjectRef) -> Lifted {
    let by_owners = |object| Lifted { object, by: LiftedBy::Owners };
    let (namespace, name) = (object.namespace.as_str(), object.name.as_str());
    match object.kind.as_str() {
        "Pod" => match round.get::<Pod>(namespace, name).await {
            Source::Read(Some(pod)) => lift_pod(round, &pod).await,
            Source::Read(None) => by_name(object, "the pod is gone".into()),
            Source::Unavailable(why) => by_name(object, why),
        },
        "ReplicaSet" => match round.get::<ReplicaSet>(namespace, name).await {
            Source::Read(Some(set)) => by_owners(owner(&set.metadata).unwrap_or(object.clone())),
            _ => by_owners(object.clone()),
        },
        "Job" => match round.get::<Job>(namespace, name).await {
            Source::Read(Some(job)) => by_owners(owner(&job.metadata).unwrap_or(object.clone())),
            _ => by_owners(object.clone()),
        },
        _ => by_owners(object.clone()),
    }
}

async fn lift_pod(round: &Round<'_>, pod: &Pod) -> Lifted {
    let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
    let owner = owner(&pod.metadata);
    let (mut sets, mut jobs, mut by) = (Vec::new(), Vec::new(), LiftedBy::Owners);
    match owner.as_ref().map(|owner| (owner.kind.as_str(), owner.name.as_str())) {
        Some(("ReplicaSet", name)) => match round.get::<ReplicaSet>(namespace, name).await {
            Source::Read(found) => sets.extend(found),
            Source::Unavailable(why) => by = LiftedBy::Name(why),
        },
        Some(("Job", name)) => match round.get::<Job>(namespace, name).await {
            Source::Read(found) => jobs.extend(found),
            Source::Unavailable(why) => by = LiftedBy::Name(why),
        },
        _ => {}
    }
    Lifted { object: diagnosis::lift(pod, &sets, &jobs), by }
}

fn by_name(pod: &ObjectRef, why: String) -> Lifted {
    let object = diagnosis::lift_by_name(&pod.namespace, &pod.name);
    Lifted { object, by: LiftedBy::Name(why) }
}

fn owner(meta: &ObjectMeta) -> Option<ObjectRef> {
    let owners = meta.owner_references.as_deref()?;
    let owner = owners.iter().find(|owner| owner.controller == Some(true)).or(owners.first())?;
    let namespace = meta.namespace.clone().unwrap_or_default();
    Some(ObjectRef::new(owner.kind.as_str(), namespace, owner.name.as_str()))
}
