//! From a pod to the workload that people know: root owners.

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use super::ObjectRef;

/// The letters that Kubernetes makes generated names of: no vowels, nothing that looks like another.
const SAFE_ALPHABET: &str = "bcdfghjklmnpqrstvwxz2456789";

/// The root owner of a pod: ReplicaSet → Deployment (or whatever owns the ReplicaSet), Job → CronJob,
/// any other controller by its own kind and name, and the pod itself where nothing owns it.
///
/// `replica_sets` and `jobs` may be incomplete: a Deployment is then told from the pod's own
/// `pod-template-hash`, which its ReplicaSet's name ends with.
pub fn lift(pod: &Pod, replica_sets: &[ReplicaSet], jobs: &[Job]) -> ObjectRef {
    lift_with(
        pod,
        |namespace, name| replica_sets.iter().map(|o| &o.metadata).find(named(namespace, name)),
        |namespace, name| jobs.iter().map(|o| &o.metadata).find(named(namespace, name)),
    )
}

/// The root owner as far as a pod's name alone tells: `checkout-6d4b9c7f5-x2x8k` is a pod of the
/// Deployment `checkout`. Any other name stands for the pod itself.
pub fn lift_by_name(namespace: &str, pod: &str) -> ObjectRef {
    let deployment = pod.rsplit_once('-').and_then(|(rest, tail)| {
        let (name, hash) = rest.rsplit_once('-')?;
        let generated = tail.len() == 5 && is_safe(tail);
        let hashed = (6..=10).contains(&hash.len()) && is_safe(hash);
        (generated && hashed && !name.is_empty()).then_some(name)
    });
    match deployment {
        Some(name) => ObjectRef::new("Deployment", namespace, name),
        None => ObjectRef::new("Pod", namespace, pod),
    }
}

/// As [`lift`], with the look-ups given by the caller.
pub(super) fn lift_with<'a>(
    pod: &Pod,
    replica_set: impl Fn(&str, &str) -> Option<&'a ObjectMeta>,
    job: impl Fn(&str, &str) -> Option<&'a ObjectMeta>,
) -> ObjectRef {
    let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
    let itself =
        || ObjectRef::new("Pod", namespace, pod.metadata.name.as_deref().unwrap_or_default());
    let Some(owner) = controller(&pod.metadata) else { return itself() };
    match owner.kind.as_str() {
        // A static pod is owned by its node; people know it by its own name.
        "Node" => itself(),
        "ReplicaSet" => match replica_set(namespace, &owner.name) {
            Some(found) => owner_of(found, namespace)
                .unwrap_or_else(|| ObjectRef::new("ReplicaSet", namespace, &owner.name)),
            None => deployment_by_hash(pod, &owner.name, namespace)
                .unwrap_or_else(|| ObjectRef::new("ReplicaSet", namespace, &owner.name)),
        },
        "Job" => job(namespace, &owner.name)
            .and_then(|found| owner_of(found, namespace))
            .unwrap_or_else(|| ObjectRef::new("Job", namespace, &owner.name)),
        _ => ObjectRef::new(owner.kind.as_str(), namespace, &owner.name),
    }
}

/// The controller of an object, as a reference.
pub(super) fn owner_of(metadata: &ObjectMeta, namespace: &str) -> Option<ObjectRef> {
    controller(metadata).map(|owner| ObjectRef::new(owner.kind.as_str(), namespace, &owner.name))
}

/// The owner that controls the object; where none says so, the first owner.
pub(super) fn controller(metadata: &ObjectMeta) -> Option<&OwnerReference> {
    let owners = metadata.owner_references.as_deref()?;
    owners.iter().find(|owner| owner.controller == Some(true)).or_else(|| owners.first())
}

fn deployment_by_hash(pod: &Pod, replica_set: &str, namespace: &str) -> Option<ObjectRef> {
    let hash = pod.metadata.labels.as_ref()?.get("pod-template-hash")?;
    let name = replica_set.strip_suffix(hash.as_str())?.strip_suffix('-')?;
    (!name.is_empty()).then(|| ObjectRef::new("Deployment", namespace, name))
}

fn named<'q>(namespace: &'q str, name: &'q str) -> impl Fn(&&ObjectMeta) -> bool + 'q {
    move |metadata| {
        metadata.name.as_deref() == Some(name)
            && metadata.namespace.as_deref().unwrap_or_default() == namespace
    }
}

fn is_safe(text: &str) -> bool {
    text.chars().all(|letter| SAFE_ALPHABET.contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(owner: (&str, &str), hash: Option<&str>) -> Pod {
        let json = serde_json::json!({"metadata": {
            "name": "web-6d4b9c7f5-x2x8k", "namespace": "shop",
            "labels": hash.map(|hash| serde_json::json!({"pod-template-hash": hash})),
            "ownerReferences": [{"apiVersion": "v1", "kind": owner.0, "name": owner.1, "uid": "1",
                "controller": true}],
        }});
        serde_json::from_value(json).expect("a pod")
    }

    fn replica_set(owner: (&str, &str)) -> ReplicaSet {
        serde_json::from_value(serde_json::json!({"metadata": {
            "name": "web-6d4b9c7f5", "namespace": "shop",
            "ownerReferences": [{"apiVersion": "v1", "kind": owner.0, "name": owner.1, "uid": "1",
                "controller": true}],
        }}))
        .expect("a ReplicaSet")
    }

    fn lifted(pod: &Pod, sets: &[ReplicaSet]) -> String {
        lift(pod, sets, &[]).to_string()
    }

    #[test]
    fn replica_set_is_lifted_to_whatever_owns_it() {
        let pod = pod(("ReplicaSet", "web-6d4b9c7f5"), Some("6d4b9c7f5"));
        assert_eq!(lifted(&pod, &[replica_set(("Deployment", "web"))]), "Deployment shop/web");
        assert_eq!(lifted(&pod, &[replica_set(("Rollout", "web"))]), "Rollout shop/web");
    }

    #[test]
    fn unread_replica_set_is_lifted_by_the_hash_or_not_at_all() {
        let hashed = pod(("ReplicaSet", "web-6d4b9c7f5"), Some("6d4b9c7f5"));
        assert_eq!(lifted(&hashed, &[]), "Deployment shop/web");
        let bare = pod(("ReplicaSet", "web"), None);
        assert_eq!(lifted(&bare, &[]), "ReplicaSet shop/web");
    }

    #[test]
    fn custom_owner_keeps_its_kind_and_a_static_pod_is_itself() {
        assert_eq!(lifted(&pod(("PostgresCluster", "db"), None), &[]), "PostgresCluster shop/db");
        assert_eq!(lifted(&pod(("Node", "node-1"), None), &[]), "Pod shop/web-6d4b9c7f5-x2x8k");
    }

    #[test]
    fn name_alone_tells_a_deployment_only_in_the_safe_alphabet() {
        let lifted = |name| lift_by_name("shop", name).to_string();
        assert_eq!(lifted("checkout-6d4b9c7f5-x2x8k"), "Deployment shop/checkout");
        assert_eq!(lifted("a-b-6d4b9c7f5-x2x8k"), "Deployment shop/a-b");
        assert_eq!(lifted("kafka-broker-zero0"), "Pod shop/kafka-broker-zero0");
        assert_eq!(lifted("db-0"), "Pod shop/db-0");
        assert_eq!(lifted("-6d4b9c7f5-x2x8k"), "Pod shop/-6d4b9c7f5-x2x8k");
    }
}
