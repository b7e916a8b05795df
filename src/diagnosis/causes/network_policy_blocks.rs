//! A NetworkPolicy keeps the program from a service that is there.

use super::prelude::*;
use crate::diagnosis::ObjectRef;
use crate::diagnosis::log::{FailedCall, Kind, failed_calls, host_and_port};
use crate::diagnosis::policy::{Way, closed};

pub(super) static CAUSE: Cause = Cause {
    id: "network-policy-blocks",
    title: "A NetworkPolicy keeps the program from a service it needs",
    since: "0.1.0",
    reads: &[Pods, Logs, Services, Network],
    clears: &["application-crashed", "dependency-unreachable", "readiness-probe-failing"],
    why: "Container {container} gets no answer from {endpoint}: NetworkPolicy {policy} selects {selected} and allows no {way} between them.",
    fix: &[
        "Allow it: add a rule for {endpoint} to NetworkPolicy {policy} in {policy_namespace}, or a policy beside it.",
    ],
    avoid: &["Restarting {workload}: the policy holds for the next pods too."],
    looks_for: &[
        "Time-outs, not refusals, towards a Service that has ready endpoints: a refused connection has arrived.",
        "A NetworkPolicy that selects the pods on either side, and no rule of any policy that allows the connection. Rules by IP block are not judged.",
    ],
    confirm: "The connection is made: the log no longer names {endpoint}, and the pods are ready.",
    links: &["https://kubernetes.io/docs/concepts/services-networking/network-policies/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    if case.evidence().network_policies.items().is_empty() {
        return Vec::new();
    }
    let ended = case.endings().iter().filter_map(|it| {
        let told = if it.told.kind.is_network() { Some(&it.told) } else { it.behind.as_ref() }?;
        let proof = it.log.proof("nothing answers in time", &told.mark.quote, told.mark.line);
        (told.kind == Kind::TimedOut).then_some(())?;
        blocked(case, it.container, told.endpoint.as_deref()?, proof)
    });
    let running = case.containers().filter(|it| it.is_running());
    let running = running.filter_map(|container| {
        let log = container.running_log()?;
        let silent = |it: &FailedCall| it.kind == Kind::TimedOut;
        let often = if container.is_ready() { 3 } else { 1 };
        let call = failed_calls(log.text).into_iter().find(|it| silent(it) && it.times >= often)?;
        let proof = log.proof("nothing answers in time", &call.quote, call.line);
        blocked(case, container, &call.endpoint, proof)
    });
    ended.chain(running).collect()
}

fn blocked(
    case: &Case<'_>,
    container: ContainerView<'_>,
    endpoint: &str,
    proof: Proof,
) -> Option<Hypothesis> {
    let world = case.world();
    let (host, port) = host_and_port(endpoint);
    let service = world.service_at(case.namespace(), host)?;
    let object = ObjectRef::new(
        "Service",
        service.metadata.namespace.as_deref()?,
        service.metadata.name.as_deref()?,
    );
    let (ready, _) = world.endpoints(&object.namespace, &object.name)?;
    if ready == 0 {
        return None;
    }
    let found = closed(world, container.pod(), service, port)?;
    let policy = ObjectRef::new("NetworkPolicy", found.namespace, found.name);
    let (selected, way) = match found.way {
        Way::In => (format!("the pods of Service {}", object.name), "ingress"),
        Way::Out => (format!("the pods of {}", case.object().name), "egress"),
    };
    let shown = if host.parse::<std::net::IpAddr>().is_ok() {
        format!("Service {} ({endpoint})", object.name)
    } else {
        endpoint.to_owned()
    };
    Some(
        Hypothesis::certain(CAUSE.id)
            .because(proof)
            .because(Proof::fact(format!("Service {} has ready endpoints: {ready}", object.name)))
            .because(Proof::fact(format!("no rule of {policy} allows the connection")))
            .fact("container", container.name())
            .fact("pod", container.pod().name())
            .fact("endpoint", shown)
            .fact("policy", found.name)
            .fact("policy_namespace", found.namespace)
            .fact("selected", selected)
            .fact("way", way)
            .target(policy)
            .settle(format!(
                "kubectl -n {} describe networkpolicy {}",
                found.namespace, found.name
            )),
    )
}
