//! Services that lead nowhere although pods are there: what their selectors and ports ask for, against
//! what the pods have. No pod is at fault then, so nothing else would tell.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, ContainerPort, Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::container::ContainerView;
use super::pod::PodView;
use super::probes::{Which, listening, port};
use super::world::{World, name, namespace};
use super::{Health, ObjectRef, Presence, ServiceHealth};

/// How many letters two values may differ in for the one to be a slip of the other. More would take
/// `orders` for `orders-db`.
const SLIP: usize = 2;

type Labels = BTreeMap<String, String>;

/// A selector that matches no pod, and the workload it was most likely meant for.
pub(super) struct Unselected<'a> {
    pub(super) selector: &'a Labels,
    pub(super) meant: ObjectRef,
    /// The labels of its pods that stand where the selector asks for something else.
    pub(super) carried: Labels,
}

/// A port of a Service that leads to nothing in its pods.
pub(super) struct Unserved<'a> {
    pub(super) asked: String,
    /// The ports that the pods declare, by number, and by name where they have one.
    pub(super) declared: String,
    pub(super) pod: PodView<'a>,
    /// A name that no container gives to a port can never lead anywhere; a number may still be served.
    pub(super) by_name: bool,
}

/// The Services of a namespace that lead nowhere, each with the health that says so.
pub(super) fn broken(world: &World<'_>, place: impl Fn(&str) -> bool) -> Vec<(ObjectRef, Health)> {
    let services = world.evidence().services.items().iter();
    let mut found: Vec<(ObjectRef, Health)> = services
        .filter(|service| place(namespace(&service.metadata)))
        .filter_map(|service| {
            let object =
                ObjectRef::new("Service", namespace(&service.metadata), name(&service.metadata));
            let line = if unselected(world, service).is_some() {
                "its selector matches no pod"
            } else if unserved(world, service).is_some() {
                "nothing listens on its target port"
            } else {
                return None;
            };
            let (ready, total) =
                world.endpoints(&object.namespace, &object.name).unwrap_or_default();
            let health = Health {
                presence: Presence::Present,
                services: vec![ServiceHealth { name: object.name.clone(), ready, total }],
                failing: vec![line.to_owned()],
                ..Health::default()
            };
            Some((object, health))
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// The selector that matches nothing, where a workload that no other Service selects shows what was meant.
/// A Service whose workload is scaled to zero or not made yet is no fault, nor is one left over.
pub(super) fn unselected<'a>(world: &World<'a>, service: &'a Service) -> Option<Unselected<'a>> {
    let selector = selector(service)?;
    let (place, own) = (namespace(&service.metadata), name(&service.metadata));
    world.evidence().pods.read()?;
    world.evidence().deployments.read()?;
    // Endpoints are made of the selector; those of a kept name may outlive it for a moment.
    if world.endpoints(place, own).is_some_and(|(_, total)| total > 0) {
        return None;
    }
    let here = || world.workloads().filter(|it| it.namespace == place);
    if here().any(|it| world.labels_of(it).iter().any(|labels| matches(selector, labels))) {
        return None;
    }
    let orphans = here().filter_map(|object| {
        let pods = world.pods_of(object);
        let well = pods.iter().find(|pod| pod.is_ready())?;
        let labels = well.object().metadata.labels.as_ref()?;
        let others = world.evidence().services.items().iter();
        let served = others
            .filter(|it| namespace(&it.metadata) == place && name(&it.metadata) != own)
            .filter_map(self::selector)
            .any(|other| matches(other, labels));
        (!served).then_some((object, labels.clone()))
    });
    let (_, meant, labels) = orphans
        .filter_map(|(object, labels)| {
            Some((distance(selector, own, object, &labels)?, object.clone(), labels))
        })
        .min_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.cmp(&b.1)))?;
    let carried = selector
        .iter()
        .filter_map(|(key, value)| {
            let has = labels.get(key).filter(|has| *has != value)?;
            Some((key.clone(), has.clone()))
        })
        .collect();
    Some(Unselected { selector, meant, carried })
}

/// The first port of a Service that leads nowhere in the pods it selects. A number that is not declared
/// counts only where the pods show which port they do serve, or where somebody's log says that the Service
/// refuses connections: declaring ports is optional.
pub(super) fn unserved<'a>(world: &'a World<'a>, service: &'a Service) -> Option<Unserved<'a>> {
    let selector = selector(service)?;
    let place = namespace(&service.metadata);
    let all = world.workloads().filter(|it| it.namespace == place);
    let pods: Vec<PodView<'a>> = all
        .flat_map(|it| world.pods_of(it))
        .filter(|pod| !pod.is_over() && !pod.is_terminating())
        .filter(|pod| {
            pod.object().metadata.labels.as_ref().is_some_and(|labels| matches(selector, labels))
        })
        .collect();
    let pod = *pods.iter().find(|pod| pod.is_ready())?;
    let containers = || pods.iter().flat_map(|pod| pod.containers());
    let ports = service.spec.as_ref()?.ports.as_deref().unwrap_or_default();
    let unserved = |asked: &IntOrString, by_name: bool| Unserved {
        asked: match asked {
            IntOrString::Int(number) => number.to_string(),
            IntOrString::String(name) => name.clone(),
        },
        declared: declared(pod),
        pod,
        by_name,
    };
    if let Some(other) = ports.iter().find(|port| speaks_otherwise(port, &pods)) {
        let protocol = other.protocol.as_deref().unwrap_or("TCP");
        let found = unserved(&target(other), true);
        return Some(Unserved { asked: format!("{} over {protocol}", found.asked), ..found });
    }
    for asked in ports.iter().map(target) {
        let served = match &asked {
            IntOrString::String(name) => {
                let named = containers().any(|it| declares(it.spec(), |port| port.1 == Some(name)));
                if !named {
                    return Some(unserved(&asked, true));
                }
                true
            }
            IntOrString::Int(number) => {
                ports.len() > 1
                    || is_another_serving(world, service, &pods)
                    || containers().any(|it| declares(it.spec(), |port| port.0 == *number))
                    || !(pods.iter().all(|pod| serves_another(pod, *number))
                        || declares_ports(pod) && is_refused(world, name(&service.metadata)))
            }
        };
        if !served {
            return Some(unserved(&asked, false));
        }
    }
    None
}

/// Whether the pods declare the port, and only for another protocol than the Service's.
fn speaks_otherwise(port: &ServicePort, pods: &[PodView<'_>]) -> bool {
    let wanted = target(port);
    let protocol = port.protocol.as_deref().unwrap_or("TCP");
    let containers = pods.iter().flat_map(|pod| pod.containers());
    let declared = containers.flat_map(|it| it.spec().ports.iter().flatten());
    let mut same = declared.filter(|it| match &wanted {
        IntOrString::Int(number) => it.container_port == *number,
        IntOrString::String(name) => it.name.as_ref() == Some(name),
    });
    let Some(first) = same.next() else { return false };
    let spoken = |it: &ContainerPort| it.protocol.clone().unwrap_or_else(|| "TCP".into());
    spoken(first) != protocol && same.all(|it| spoken(it) != protocol)
}

/// Whether another Service leads to a declared port of the same pods: this one may well be for their metrics.
fn is_another_serving(world: &World<'_>, service: &Service, pods: &[PodView<'_>]) -> bool {
    let (place, own) = (namespace(&service.metadata), name(&service.metadata));
    let others = world.evidence().services.items().iter();
    let mut others = others
        .filter(|it| namespace(&it.metadata) == place && name(&it.metadata) != own)
        .filter(|it| {
            let labels =
                |pod: &PodView<'_>| pod.object().metadata.labels.clone().unwrap_or_default();
            selector(it).is_some_and(|it| pods.iter().any(|pod| matches(it, &labels(pod))))
        });
    others.any(|other| {
        let ports = other.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
        let mut ports = ports.map(target);
        ports.any(|port| match port {
            IntOrString::Int(number) => pods
                .iter()
                .flat_map(|pod| pod.containers())
                .any(|it| declares(it.spec(), |declared| declared.0 == number)),
            IntOrString::String(_) => true,
        })
    })
}

fn selector(service: &Service) -> Option<&Labels> {
    let spec = service.spec.as_ref()?;
    let headless = spec.cluster_ip.as_deref() == Some("None");
    let external = spec.type_.as_deref() == Some("ExternalName");
    spec.selector.as_ref().filter(|it| !it.is_empty() && !external && !headless)
}

/// Whether labels have all that a selector asks for.
pub(super) fn matches(selector: &Labels, labels: &Labels) -> bool {
    selector.iter().all(|(key, value)| labels.get(key) == Some(value))
}

/// How far the selector is from a workload's labels: 0 where it bears the Service's name, else the letters
/// by which the values differ; nothing where that is more than a slip.
fn distance(selector: &Labels, own: &str, object: &ObjectRef, labels: &Labels) -> Option<usize> {
    if object.name == own {
        return Some(0);
    }
    let apart = selector.iter().map(|(key, value)| {
        let apart = strsim::damerau_levenshtein(labels.get(key)?, value);
        (apart <= SLIP && value.len() > 2 * apart).then_some(apart)
    });
    apart.sum::<Option<usize>>()
}

fn target(port: &ServicePort) -> IntOrString {
    port.target_port.clone().unwrap_or(IntOrString::Int(port.port))
}

fn declares(container: &Container, wanted: impl Fn((i32, Option<&String>)) -> bool) -> bool {
    let mut ports = container.ports.iter().flatten();
    ports.any(|port| wanted((port.container_port, port.name.as_ref())))
}

/// Whether the pod shows that it serves some other port: by a probe that passes, or by its own words.
fn serves_another(pod: &PodView<'_>, asked: i32) -> bool {
    let containers = pod.containers();
    let serves = |container: &ContainerView<'_>| -> Vec<i32> {
        let probed = [Which::Readiness, Which::Liveness, Which::Startup].into_iter();
        let probed = probed.filter_map(|which| port(which.of(container)?, container));
        let log = container.running_log();
        let heard = log.iter().flat_map(|log| listening(log.text)).map(|it| it.port);
        probed.chain(heard).collect()
    };
    let served: Vec<i32> = containers.iter().flat_map(serves).collect();
    pod.is_ready() && !served.is_empty() && !served.contains(&asked)
}

fn declares_ports(pod: PodView<'_>) -> bool {
    pod.containers().iter().any(|it| declares(it.spec(), |_| true))
}

/// Whether anyone's log says that connections to that Service are refused.
fn is_refused(world: &World<'_>, service: &str) -> bool {
    let says = |line: &str| {
        line.contains(service) && (line.contains("refused") || line.contains("ECONNREFUSED"))
    };
    let logs = world.evidence().logs.iter();
    logs.filter_map(|log| log.text.read()).any(|text| text.lines().any(says))
}

fn declared(pod: PodView<'_>) -> String {
    let containers = pod.containers();
    let ports = containers.iter().flat_map(|it| it.spec().ports.iter().flatten());
    let words: Vec<String> = ports
        .map(|port| {
            let number = match port.protocol.as_deref() {
                Some(other) if other != "TCP" => format!("{} over {other}", port.container_port),
                _ => port.container_port.to_string(),
            };
            match &port.name {
                Some(name) => format!("{name} ({number})"),
                None => number,
            }
        })
        .collect();
    words.join(", ")
}
