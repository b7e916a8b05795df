//! What could not be seen, and would have been read for these findings.

use super::world::World;
use super::{BlindSpot, Case, Evidence};

/// The sources that matter to any workload at all: without them "nothing is wrong" means nothing.
pub(super) fn always(evidence: &Evidence) -> Vec<BlindSpot> {
    let sources =
        [("pods", evidence.pods.unavailable()), ("events", evidence.events.unavailable())];
    let sources = sources.into_iter().filter_map(|(source, why)| spot(source, why));
    // Broken items and cut lists, a few: a dump may hold thousands of them.
    sources.chain(evidence.missed.iter().take(10).cloned()).collect()
}

/// The controllers whose pods were seen but who were not themselves.
pub(super) fn controllers(world: &World<'_>, namespace: impl Fn(&str) -> bool) -> Vec<BlindSpot> {
    let evidence = world.evidence();
    let kinds = [
        ("Deployment", "deployments", evidence.deployments.unavailable()),
        ("StatefulSet", "statefulsets", evidence.stateful_sets.unavailable()),
        ("DaemonSet", "daemonsets", evidence.daemon_sets.unavailable()),
        ("Job", "jobs", evidence.jobs.unavailable()),
    ];
    let seen =
        |kind: &str| world.workloads().any(|it| it.kind == *kind && namespace(&it.namespace));
    let unread = kinds.into_iter().filter(|(kind, ..)| seen(kind));
    unread.filter_map(|(_, source, why)| spot(source, why)).collect()
}

/// What this case's causes would have read: revisions, endpoints, logs, and for kills without proof
/// metrics and nodes.
pub(super) fn of_case(case: &Case<'_>, proved: bool) -> Vec<BlindSpot> {
    let evidence = case.evidence();
    let mut spots = Vec::new();
    let revisions = match case.object().kind.as_str() {
        "Deployment" => spot("replicasets", evidence.replica_sets.unavailable()),
        _ => None,
    };
    spots.extend(revisions);
    let services = evidence.services.unavailable().or(evidence.endpoint_slices.unavailable());
    spots.extend(spot("services and endpoints", services));
    let killed = case.containers().any(|it| matches!(it.exit_code(), Some(137 | 143)));
    if killed && !proved {
        spots.extend(spot("metrics", evidence.metrics.unavailable()));
        spots.extend(spot("nodes", evidence.nodes.unavailable()));
    }
    for container in case.containers().filter(|it| it.last_ended().is_some()) {
        // A container whose process never began has no log to miss.
        let began = container.last_ended().is_some_and(|it| !it.never_began());
        if let Some(why) = container.log_unavailable().filter(|_| began) {
            spots.push(BlindSpot { source: container.log_name(), why });
        }
    }
    spots
}

fn spot(source: &str, why: Option<&str>) -> Option<BlindSpot> {
    why.map(|why| BlindSpot { source: source.into(), why: why.into() })
}
