//! What leads into a namespace or is filled in it, and breaks with no workload at fault: Ingresses whose backend
//! is not there, claims that are nearly full.

use k8s_openapi::api::networking::v1::{Ingress, IngressBackend};

use super::world::{World, name, namespace};
use super::{Health, ObjectRef, Presence};

/// From here on a claim is told even if no alert names it.
const FULL: f64 = 0.97;

/// And from here on where one does.
const FILLING: f64 = 0.85;

/// A backend of an Ingress that is not there.
pub(super) struct Gap<'a> {
    /// The Service it names.
    pub(super) service: &'a str,
    /// The port it names, where the Service is there and only the port is not.
    pub(super) port: Option<String>,
    /// The host and path that lead to it.
    pub(super) way: String,
}

/// A claim by its metrics: what it holds, and what it could.
#[derive(Clone, Copy)]
pub(super) struct Filling {
    pub(super) used: f64,
    pub(super) capacity: f64,
}

impl Filling {
    /// How much of it is used, 0 to 1.
    pub(super) fn share(self) -> f64 {
        self.used / self.capacity
    }
}

/// The Ingresses and claims in these namespaces that are at fault themselves, each with the health that says so.
pub(super) fn broken(world: &World<'_>, place: impl Fn(&str) -> bool) -> Vec<(ObjectRef, Health)> {
    let evidence = world.evidence();
    let ingresses = evidence.ingresses.items().iter().filter(|it| place(namespace(&it.metadata)));
    let ingresses = ingresses.filter_map(|ingress| {
        let gap = gap(world, ingress)?;
        let object =
            ObjectRef::new("Ingress", namespace(&ingress.metadata), name(&ingress.metadata));
        Some((object, health(format!("{} leads to nothing", gap.way))))
    });
    let claims = evidence.persistent_volume_claims.items().iter();
    let claims = claims.filter(|it| place(namespace(&it.metadata))).filter_map(|claim| {
        let (space, own) = (namespace(&claim.metadata), name(&claim.metadata));
        let share = filling(world, space, own)?.share();
        let named = evidence
            .alerts
            .iter()
            .any(|alert| alert.labels.get("persistentvolumeclaim").is_some_and(|it| it == own));
        (share >= FULL || (named && share >= FILLING)).then(|| {
            let object = ObjectRef::new("PersistentVolumeClaim", space, own);
            (object, health(format!("{:.0} % of it is used", share * 100.0)))
        })
    });
    let mut found: Vec<_> = ingresses.chain(claims).collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn health(line: String) -> Health {
    Health { presence: Presence::Present, failing: vec![line], ..Health::default() }
}

/// The first backend of an Ingress that is not there, where Services were read.
pub(super) fn gap<'a>(world: &World<'a>, ingress: &'a Ingress) -> Option<Gap<'a>> {
    world.evidence().services.read()?;
    let place = namespace(&ingress.metadata);
    let spec = ingress.spec.as_ref()?;
    let default = spec.default_backend.iter().map(|it| ("its default backend".to_owned(), it));
    let rules = spec.rules.iter().flatten().flat_map(|rule| {
        let host = rule.host.as_deref().unwrap_or("*");
        let paths = rule.http.iter().flat_map(|http| &http.paths);
        paths.map(move |it| (format!("{host}{}", it.path.as_deref().unwrap_or("/")), &it.backend))
    });
    default.chain(rules).find_map(|(way, backend)| missing(world, place, way, backend))
}

fn missing<'a>(
    world: &World<'a>,
    place: &str,
    way: String,
    backend: &'a IngressBackend,
) -> Option<Gap<'a>> {
    let wanted = backend.service.as_ref()?;
    let service = wanted.name.as_str();
    let Some(found) = world.service(place, service) else {
        return Some(Gap { service, port: None, way });
    };
    let port = wanted.port.as_ref()?;
    let mut ports = found.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
    let fits = ports
        .any(|it| Some(it.port) == port.number || (port.name.is_some() && it.name == port.name));
    let external = found.spec.as_ref().and_then(|it| it.type_.as_deref()) == Some("ExternalName");
    let asked = port.name.clone().or(port.number.map(|it| it.to_string()))?;
    (!fits && !external).then_some(Gap { service, port: Some(asked), way })
}

/// What the kubelet last measured of a claim.
pub(super) fn filling(world: &World<'_>, space: &str, claim: &str) -> Option<Filling> {
    let metrics = world.evidence().metrics.read()?;
    let last = |name: &str| {
        let labels = [("namespace", space), ("persistentvolumeclaim", claim)];
        Some(metrics.labelled(name, labels).next()?.samples.last()?.1)
    };
    let capacity = last("kubelet_volume_stats_capacity_bytes").filter(|it| *it > 0.0)?;
    let used = last("kubelet_volume_stats_used_bytes")
        .or_else(|| Some(capacity - last("kubelet_volume_stats_available_bytes")?))?;
    Some(Filling { used, capacity })
}
