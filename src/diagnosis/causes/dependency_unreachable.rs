//! The program cannot reach another service that it needs.

use k8s_openapi::api::core::v1::Service;

use super::prelude::*;
use crate::diagnosis::ObjectRef;
use crate::diagnosis::complaint::{Complaint, about};
use crate::diagnosis::ending::Ending;
use crate::diagnosis::log::{Kind, Told, endpoint_in, failed_calls, host_and_port, is_error};

/// How often a program that runs must say so: once is start-up noise.
const REPEATED: usize = 2;

/// And one that is ready.
const QUIETLY: usize = 3;

pub(super) static CAUSE: Cause = Cause {
    id: "dependency-unreachable",
    title: "A service it depends on cannot be reached",
    since: "0.1.0",
    reads: &[Pods, Logs, Services],
    clears: &["application-crashed", "readiness-probe-failing"],
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
    if case.is_quiet() {
        // A program that serves may do without what it does not reach: what the cluster proves is told, and
        // the rest only where an alert names the program.
        let alerted = case.alerts().next().is_some();
        let told = case.containers().filter_map(|it| waiting(case, it, QUIETLY));
        let own = |it: &Hypothesis| {
            let quote = it.because.first().and_then(|proof| proof.quote.as_deref());
            alerted && quote.is_some_and(is_error)
        };
        return told.filter(|it| it.certainty == Certainty::Certain || own(it)).collect();
    }
    let running = case.containers().filter(|it| it.is_running() && !it.is_ready());
    let running = running.filter_map(|it| waiting(case, it, REPEATED));
    case.endings().iter().filter_map(of).chain(running).collect()
}

/// A program that runs, is not ready, and says again and again that it does not reach another service.
fn waiting(case: &Case<'_>, container: ContainerView<'_>, often: usize) -> Option<Hypothesis> {
    let log = container.running_log()?;
    let call = failed_calls(log.text).into_iter().find(|it| it.times >= often)?;
    let problem = problem(call.kind, &call.quote);
    let (host, port) = host_and_port(&call.endpoint);
    let base = Hypothesis::likely(CAUSE.id)
        .because(log.proof(problem, &call.quote, call.line))
        .because(Proof::fact(format!("{} of its last lines say so", call.times)))
        .fact("container", container.name())
        .fact("pod", container.pod().name())
        .fact("problem", problem)
        .fact("endpoint", &call.endpoint)
        .settle("kubectl -n {namespace} logs {pod} -c {container} --tail=50");
    Some(match case.world().service_at(case.namespace(), host) {
        Some(service) => of_service(case, base, service, port),
        None => of_unknown(case, base, host, call.kind),
    })
}

fn hypothesis(case: &Case<'_>, ending: &Ending<'_>, told: &Told) -> Hypothesis {
    let problem = problem(told.kind, &told.mark.quote);
    let base = ending.hypothesis(CAUSE.id, problem).fact("problem", problem);
    let nearby = told.endpoint.is_none().then(|| named_nearby(case, ending.log.text)).flatten();
    let named = told.named.as_deref().filter(|_| nearby.is_none()).or(nearby.as_deref());
    let mut base = base.fact("endpoint", named.unwrap_or("a service it needs"));
    if let Some(proof) = base.because.first_mut() {
        *proof = ending.log.proof(problem, &told.mark.quote, told.mark.line);
    }
    // Words about time alone may be about anything; an address makes them a call to somebody.
    let unresolved = about(&told.mark.quote) == Some(Complaint::Resolver);
    let most = if named.is_some() && !(unresolved && told.kind == Kind::TimedOut) {
        Certainty::Likely
    } else {
        Certainty::Possible
    };
    base.certainty = base.certainty.min(most);
    let near = || nearby.as_deref().map(host_and_port);
    let Some((host, port)) = told.endpoint().or_else(near) else { return base };
    match case.world().service_at(case.namespace(), host) {
        Some(service) => of_service(case, base, service, port),
        None => of_unknown(case, base, host, told.kind),
    }
}

fn problem(kind: Kind, quote: &str) -> &'static str {
    match kind {
        Kind::Refused => "the connection is refused",
        Kind::UnknownName => "its name does not resolve",
        _ if is_without_route(quote) => "there is no route to it",
        _ if is_out_of_time(quote) => "nothing answers in time",
        _ => "no connection comes about",
    }
}

fn is_out_of_time(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    ["timeout", "timed out", "etimedout", "deadline"].iter().any(|words| line.contains(words))
}

/// The Service without a ready endpoint that a line near the end names: where the last word does not say whom
/// it could not reach.
fn named_nearby(case: &Case<'_>, log: &str) -> Option<String> {
    let newest = log.lines().rev().take(60);
    newest.filter_map(endpoint_in).find(|endpoint| {
        let (host, _) = host_and_port(endpoint);
        let service = case.world().service_at(case.namespace(), host);
        service.is_some() && case.world().cannot_answer(case.namespace(), host).is_some()
    })
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
    let outside = base.facts.get("endpoint").filter(|it| it.contains(host)).cloned();
    let Some((name, namespace)) = case.world().named_by(case.namespace(), host) else {
        return base.maybe("outside", outside);
    };
    let Some(services) = case.evidence().services.read() else {
        return base.maybe("outside", outside);
    };
    let mut here = services.iter().map(|it| it.metadata.namespace.as_deref());
    // A namespace of which nothing was read proves no absence.
    if kind != Kind::UnknownName
        || (namespace != case.namespace() && !here.any(|it| it == Some(namespace)))
    {
        return base.maybe("outside", outside);
    }
    base.certainty = Certainty::Certain;
    let state = format!("Service {name} does not exist in {namespace}");
    base.because(Proof::fact(state.clone()))
        .fact("state", state)
        .fact("missing", name)
        .maybe("nearest", case.world().service_like(namespace, name))
        .settle(format!("kubectl -n {namespace} get services"))
}
