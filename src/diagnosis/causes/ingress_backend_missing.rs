//! An Ingress leads to a Service that is not there.

use super::prelude::*;
use crate::diagnosis::edge::gap;
use crate::diagnosis::world::is;

pub(super) static CAUSE: Cause = Cause {
    id: "ingress-backend-missing",
    title: "The Ingress leads to a Service or port that does not exist",
    since: "0.1.0",
    reads: &[Services, Network],
    clears: &[],
    why: "Ingress {workload} sends {way} to Service {service}, which {problem} in {namespace}.",
    fix: &[
        "Point Ingress {workload} at Service {nearest}, or create Service {missing}.",
        "Create Service {missing}, or correct the backend in Ingress {workload}.",
        "Correct the port in Ingress {workload}: Service {portless} has {ports}.",
    ],
    avoid: &["Looking for the fault in pods: requests do not get as far."],
    looks_for: &[
        "A backend of an Ingress that names a Service which does not exist, or a port which that Service does not have.",
    ],
    confirm: "A request to the host and path is answered.",
    links: &["https://kubernetes.io/docs/concepts/services-networking/ingress/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let object = case.object();
    let all = case.evidence().ingresses.items().iter();
    let mine = all.filter(|_| object.kind == *"Ingress").find(|it| is(&it.metadata, object));
    let Some(gap) = mine.and_then(|it| gap(case.world(), it)) else { return Vec::new() };
    let place = format!("spec of Ingress {}", object.name);
    let found = Hypothesis::certain(CAUSE.id)
        .because(Proof::quoted("the backend it names", gap.service, place))
        .fact("way", &gap.way)
        .fact("service", gap.service)
        .settle("kubectl -n {namespace} get services");
    vec![match gap.port {
        Some(port) => {
            let service = case.world().service(&object.namespace, gap.service);
            let ports = service.and_then(|it| it.spec.as_ref()?.ports.as_ref());
            let ports = ports.into_iter().flatten().map(|it| match &it.name {
                Some(name) => format!("{name} ({})", it.port),
                None => it.port.to_string(),
            });
            found
                .fact("problem", format!("has no port {port}"))
                .fact("portless", gap.service)
                .fact("ports", ports.collect::<Vec<_>>().join(", "))
        }
        None => found
            .fact("problem", "does not exist")
            .fact("missing", gap.service)
            .maybe("nearest", case.world().service_like(&object.namespace, gap.service)),
    }]
}
