//! A Service whose selector matches no pod, while the pods it was meant for are there.

use super::prelude::*;
use crate::diagnosis::wiring::unselected;

pub(super) static CAUSE: Cause = Cause {
    id: "service-selects-nothing",
    title: "The Service's selector matches no pod",
    since: "0.1.0",
    reads: &[Pods, Services],
    clears: &[],
    why: "Service {service} reaches no pod: its selector {selector} matches none in {namespace}. The pods of {meant} carry {carried} instead.",
    fix: &[
        "Set the selector of Service {service} to {carried}, if it is meant for {meant}.",
        "Give the pods of {meant} the labels {selector}, if the Service is right.",
    ],
    avoid: &["Restarting {meant}: its pods are well, no traffic is sent to them."],
    looks_for: &[
        "A Service with a selector that neither a pod nor any workload's template matches, and without endpoints of its own.",
        "A workload beside it that no Service selects, of the same name or with nearly the same labels.",
        "Not: a Service whose workload is scaled to zero; not one that is left over without a workload near it.",
    ],
    confirm: "The Service's EndpointSlices list the pods.",
    links: &["https://kubernetes.io/docs/tasks/debug/debug-application/debug-service/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let object = case.object();
    let service = case.world().service(&object.namespace, &object.name);
    let Some(service) = service.filter(|_| object.kind == *"Service") else { return Vec::new() };
    let Some(gap) = unselected(case.world(), service) else { return Vec::new() };
    let words = |labels: &std::collections::BTreeMap<String, String>| {
        let pairs = labels.iter().map(|(key, value)| format!("{key}={value}"));
        pairs.collect::<Vec<_>>().join(",")
    };
    let different = gap.selector.iter().find(|(key, _)| gap.carried.contains_key(*key));
    let Some((key, value)) = different.or(gap.selector.iter().next()) else { return Vec::new() };
    let place = format!("spec.selector of Service {}", object.name);
    let meant = gap.meant.kubectl();
    let found = Hypothesis::certain(CAUSE.id).because(Proof::quoted(
        format!("no pod carries the {key} it asks for"),
        value,
        place,
    ));
    let carried = words(&gap.carried);
    let found = if carried.is_empty() {
        found.because(Proof::fact(format!("no Service selects the pods of {meant}")))
    } else {
        found.because(Proof::fact(format!("the pods of {meant} carry {carried}")))
    };
    vec![
        found
            .fact("service", &object.name)
            .fact("selector", words(gap.selector))
            .fact("meant", meant)
            .fact("carried", carried)
            .settle("kubectl -n {namespace} get pods --show-labels")
            .settle(
                "kubectl -n {namespace} get endpointslices -l kubernetes.io/service-name={service}",
            ),
    ]
}
