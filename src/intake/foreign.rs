//! Objects that are named by other labels than their own kind's: those of operators, of service meshes,
//! of storage drivers.

use super::object::{Labels, has, plain};
use crate::diagnosis::ObjectRef;

/// The object, where an alert names one in such a way. `namespace` is that of the alert's object.
pub(super) fn foreign_object(labels: &Labels, namespace: Option<&str>) -> Option<ObjectRef> {
    claim(labels)
        .or_else(|| mesh(labels))
        .or_else(|| certificate(labels, namespace?))
        .or_else(|| application(labels, namespace?))
        .or_else(|| custom(labels, namespace?))
}

/// Storage drivers run elsewhere than the claim whose volume they speak of: `pvc`, `pvc_namespace`.
fn claim(labels: &Labels) -> Option<ObjectRef> {
    let (name, namespace) = (plain(labels, "pvc")?, plain(labels, "pvc_namespace")?);
    Some(ObjectRef::new("PersistentVolumeClaim", namespace, name))
}

/// Istio: what is called is what fails; who calls stands in `source_…`.
fn mesh(labels: &Labels) -> Option<ObjectRef> {
    let host = plain(labels, "destination_service");
    let short = plain(labels, "destination_service_name")
        .zip(plain(labels, "destination_service_namespace"));
    let (name, namespace) = short.or_else(|| {
        let (name, rest) = host?.split_once('.')?;
        // `cart.shop.svc.cluster.local`: inside the cluster, whatever its domain.
        let (namespace, rest) = rest.split_once('.')?;
        rest.starts_with("svc").then_some((name, namespace))
    })?;
    (name != "unknown" && namespace != "unknown")
        .then(|| ObjectRef::new("Service", namespace, name))
}

/// cert-manager names a Certificate by `name` alone.
fn certificate(labels: &Labels, namespace: &str) -> Option<ObjectRef> {
    let name = plain(labels, "name")?;
    let alert = plain(labels, "alertname").unwrap_or_default().to_ascii_lowercase();
    let by_name = alert.contains("certmanager") || alert.contains("certificate");
    (has(labels, "issuer_name") || by_name && !has(labels, "kind"))
        .then(|| ObjectRef::new("Certificate", namespace, name))
}

/// Argo names an Application by `name`, beside where it is deployed to and how it stands; its Rollouts
/// and Workflows likewise.
fn application(labels: &Labels, namespace: &str) -> Option<ObjectRef> {
    let name = plain(labels, "name").filter(|_| !has(labels, "kind"))?;
    let told =
        ["dest_server", "dest_namespace", "sync_status", "health_status", "autosync_enabled"];
    let says = |label: &str| plain(labels, label).unwrap_or_default().to_ascii_lowercase();
    let (alert, job) = (says("alertname"), says("job"));
    let argo =
        alert.starts_with("argo") || job.contains("argo") || says("service").contains("argo");
    let kind = match () {
        () if told.iter().any(|label| has(labels, label)) => "Application",
        () if !argo => return None,
        () if alert.contains("rollout") || job.contains("rollout") => "Rollout",
        () if alert.contains("workflow") || job.contains("workflow") => "Workflow",
        () => "Application",
    };
    Some(ObjectRef::new(kind, namespace, name))
}

/// `kind` and `name`, as Flux and most controllers' metrics have them.
fn custom(labels: &Labels, namespace: &str) -> Option<ObjectRef> {
    pair(labels, namespace, &[("customresource_kind", "name"), ("kind", "name")])
}

/// The owner of a pod that is not named itself, or what a scaler scales.
pub(super) fn owner(labels: &Labels, namespace: &str) -> Option<ObjectRef> {
    let pairs = [
        ("owner_kind", "owner_name"),
        ("created_by_kind", "created_by_name"),
        ("scaletargetref_kind", "scaletargetref_name"),
    ];
    pair(labels, namespace, &pairs)
}

fn pair(labels: &Labels, namespace: &str, pairs: &[(&str, &str)]) -> Option<ObjectRef> {
    pairs.iter().find_map(|(kind, name)| {
        let (kind, name) = (plain(labels, kind)?, plain(labels, name)?);
        // Kinds begin with a capital; `<none>` and the words of other systems do not.
        let is_kind = kind.starts_with(|c: char| c.is_ascii_uppercase())
            && kind.chars().all(|c| c.is_ascii_alphanumeric());
        (is_kind && kind != "Node").then(|| ObjectRef::new(kind, namespace, name))
    })
}
