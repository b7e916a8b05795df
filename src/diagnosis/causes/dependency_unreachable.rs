//! The program cannot reach another service that it needs.

use k8s_openapi::api::core::v1::Service;

use super::prelude::*;
use crate::diagnosis::ObjectRef;
use crate::diagnosis::ending::Ending;
use crate::diagnosis::log::{Kind, Told};

pub(super) static CAUSE: Cause = Cause {
    id: "dependency-unreachable",
    title: "A service it depends on cannot be reached",
    since: "0.1.0",
    reads: &[Pods, Logs, Services],
    clears: &["application-crashed"],
    why: "Container {container} cannot reach {endpoint}: {problem}. {state}.",
    fix: &[
        "Repair what stands behind Service {service} in {service_namespace}: it has no ready endpoint.",
        "Point {workload} at Service {nearest}, or create Service {missing}.",
        "Give Service {portless} the port that {workload} asks for, or correct the port in {workload}.",
        "Restore {outside}, or correct the address that {workload} is given.",
    ],
    avoid: &["Restarting {workload}: it waits for {endpoint} and fails again until that answers."],
    looks_for: &[
        "The last failure in the log is a connection that was refused, timed out, or a name that does not resolve.",
        "The Service behind the host or the cluster IP it names: whether it exists, has that port, and has ready endpoints.",
        "Certain only if the cluster itself shows the Service missing or without ready endpoints; else likely.",
    ],
    confirm: "The Service has ready endpoints, and the workload's log no longer names it.",
    links: &[
        "https://kubernetes.io/docs/tasks/debug/debug-application/debug-service/",
        "https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/",
    ],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let of = |it: &Ending<'_>| {
        let told = if it.told.kind.is_network() { Some(&it.told) } else { it.behind.as_ref() }?;
        told.kind.is_network().then(|| hypothesis(case, it, told))
    };
    case.endings().iter().filter_map(of).collect()
}

fn hypothesis(case: &Case<'_>, ending: &Ending<'_>, told: &Told) -> Hypothesis {
    let problem = match told.kind {
        Kind::Refused => "the connection is refused",
        Kind::UnknownName => "its name does not resolve",
        _ if is_without_route(&told.mark.quote) => "there is no route to it",
        _ => "nothing answers in time",
    };
    let base = ending.hypothesis(CAUSE.id, problem).fact("problem", problem);
    let mut base = base.maybe("endpoint", told.named.as_deref());
    if let Some(proof) = base.because.first_mut() {
        *proof = ending.log.proof(problem, &told.mark.quote, told.mark.line);
    }
    base.certainty = base.certainty.min(Certainty::Likely);
    let Some((host, port)) = told.endpoint() else { return base };
    match service(case, host) {
        Some(service) => of_service(case, base, service, port),
        None => of_unknown(case, base, host, told.kind),
    }
}

/// Whether the kernel says that no packet could leave; nobody waited for an answer then.
fn is_without_route(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    ["network is unreachable", "no route to host", "enetunreach", "ehostunreach"]
        .iter()
        .any(|words| line.contains(words))
}

/// The Service exists: its endpoints and ports prove or weaken.
fn of_service(
    case: &Case<'_>,
    base: Hypothesis,
    service: &Service,
    port: Option<u16>,
) -> Hypothesis {
    let name = service.metadata.name.as_deref().unwrap_or_default();
    let namespace = service.metadata.namespace.as_deref().unwrap_or_default();
    let mut base = base.target(ObjectRef::new("Service", namespace, name)).settle(format!(
        "kubectl -n {namespace} get endpointslices -l kubernetes.io/service-name={name}"
    ));
    let ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
    // A cluster IP means nothing to a reader: the Service's name does.
    if let Some(address) = base.facts.get("endpoint").filter(|it| !it.starts_with(name)) {
        let both = format!("Service {name} ({address})");
        base = base.fact("endpoint", both);
    }
    let listens = port.is_none_or(|port| ports.clone().any(|it| it.port == i32::from(port)));
    let endpoints = case.world().endpoints(namespace, name);
    match endpoints {
        Some((0, all)) => {
            base.certainty = Certainty::Certain;
            let state = format!("Service {name} has no ready endpoint ({all} in all)");
            base.because(Proof::fact(state.clone()))
                .fact("state", state)
                .fact("service", name)
                .fact("service_namespace", namespace)
        }
        _ if !listens && ports.clone().next().is_some() => {
            base.certainty = Certainty::Certain;
            let state = format!("Service {name} has no port {}", port.unwrap_or_default());
            base.because(Proof::fact(state.clone())).fact("state", state).fact("portless", name)
        }
        Some((ready, _)) => {
            base.against(Proof::fact(format!("Service {name} has {ready} ready endpoints now")))
        }
        None => base,
    }
}

/// No Service of that name: proof where the name could only be a Service and Services were read.
fn of_unknown(case: &Case<'_>, mut base: Hypothesis, host: &str, kind: Kind) -> Hypothesis {
    let outside = base.facts.get("endpoint").cloned();
    let Some((name, namespace)) = case.world().named_by(case.namespace(), host) else {
        return base.maybe("outside", outside);
    };
    let Some(services) = case.evidence().services.read() else {
        return base.maybe("outside", outside);
    };
    let here: Vec<&str> = services
        .iter()
        .filter(|it| it.metadata.namespace.as_deref() == Some(namespace))
        .filter_map(|it| it.metadata.name.as_deref())
        .collect();
    // A namespace of which nothing was read proves no absence.
    if kind != Kind::UnknownName || (here.is_empty() && namespace != case.namespace()) {
        return base.maybe("outside", outside);
    }
    base.certainty = Certainty::Certain;
    let state = format!("Service {name} does not exist in {namespace}");
    let close = here.into_iter().map(|it| (strsim::damerau_levenshtein(it, name), it)).min();
    let nearest = close.filter(|(distance, _)| *distance <= 2).map(|(_, it)| it.to_owned());
    base.because(Proof::fact(state.clone()))
        .fact("state", state)
        .fact("missing", name)
        .maybe("nearest", nearest)
        .settle(format!("kubectl -n {namespace} get services"))
}

/// The Service that a host or cluster IP means.
fn service<'a>(case: &Case<'a>, host: &str) -> Option<&'a Service> {
    if host.parse::<std::net::IpAddr>().is_ok() {
        let has = |it: &&Service| {
            it.spec.as_ref().is_some_and(|spec| spec.cluster_ip.as_deref() == Some(host))
        };
        return case.evidence().services.items().iter().find(has);
    }
    let (name, namespace) = case.world().named_by(case.namespace(), host)?;
    case.world().service(namespace, name)
}
