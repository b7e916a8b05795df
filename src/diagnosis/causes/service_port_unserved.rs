//! A Service that sends traffic to a port on which its pods do not listen.

use super::prelude::*;
use crate::diagnosis::wiring::unserved;

pub(super) static CAUSE: Cause = Cause {
    id: "service-port-unserved",
    title: "The Service leads to a port where nothing listens",
    since: "0.1.0",
    reads: &[Pods, Services, Logs],
    clears: &[],
    why: "Service {service} sends its traffic to port {asked} of its pods, {obstacle}. The pods declare {declared}.",
    fix: &["Set the targetPort of Service {service} to the port that its pods serve: {declared}."],
    avoid: &[
        "Restarting the pods: they are ready, and do not listen on {asked} afterwards either.",
    ],
    looks_for: &[
        "A targetPort by name that no container of the selected pods gives to a port: certain.",
        "A targetPort that the containers declare for another protocol only: certain.",
        "A targetPort by number that no container declares, while probes that pass or the log show another port, or a caller's log says that it is refused: likely, because declaring ports is optional.",
    ],
    confirm: "A request to the Service is answered.",
    links: &["https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let object = case.object();
    let service = case.world().service(&object.namespace, &object.name);
    let Some(service) = service.filter(|_| object.kind == *"Service") else { return Vec::new() };
    let Some(gap) = unserved(case.world(), service) else { return Vec::new() };
    let place = format!("spec.ports of Service {}", object.name);
    let (found, obstacle) = if gap.asked.contains(" over ") {
        let fact =
            format!("its pods declare {}, and nothing of it over that protocol", gap.declared);
        (
            Hypothesis::certain(CAUSE.id).because(Proof::fact(fact)),
            "a protocol that they do not declare there",
        )
    } else if gap.by_name {
        let proof = Proof::quoted("no container names a port so", &gap.asked, place);
        (Hypothesis::certain(CAUSE.id).because(proof), "a name that none of their ports has")
    } else {
        let proof = Proof::quoted("no container declares that port", &gap.asked, place);
        let found = Hypothesis::likely(CAUSE.id)
            .because(proof)
            .because(Proof::fact("the pods are ready, and declare other ports"));
        (found, "which they do not declare and do not show to serve")
    };
    vec![
        found
            .fact("service", &object.name)
            .fact("asked", &gap.asked)
            .fact("obstacle", obstacle)
            .fact("declared", &gap.declared)
            .fact("pod", gap.pod.name())
            .settle("kubectl -n {namespace} get endpointslices -l kubernetes.io/service-name={service} -o yaml"),
    ]
}
