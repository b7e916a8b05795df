//! Evidence for the question "what is wrong in this namespace?"

use k8s_openapi::api::core::v1::{Event, Pod, Service};

use super::references::{self, References};
use super::round::Round;
use super::{metrics, subject};
use crate::diagnosis::Evidence;

pub(super) async fn collect(round: &Round<'_>, space: &str) -> Evidence {
    let (workloads, things, (pods, metrics)) =
        tokio::join!(workloads(round, space), things(round, space), async {
            tokio::join!(round.list::<Pod>(space, ""), metrics::of_namespace(round, space))
        },);
    let evidence = Evidence {
        pods,
        metrics,
        events: things.events,
        services: things.services,
        endpoint_slices: things.endpoint_slices,
        resource_quotas: things.resource_quotas,
        network_policies: things.network_policies,
        ..workloads
    };
    let names: References = references::of_pods(evidence.pods.items());
    subject::hanging_on(round, space, evidence, &names).await
}

async fn workloads(round: &Round<'_>, space: &str) -> Evidence {
    let (deployments, replica_sets, stateful_sets, daemon_sets, controller_revisions) = tokio::join!(
        round.list(space, ""),
        round.list(space, ""),
        round.list(space, ""),
        round.list(space, ""),
        round.list(space, ""),
    );
    let (jobs, cron_jobs) = tokio::join!(round.list(space, ""), round.list(space, ""));
    Evidence {
        deployments,
        replica_sets,
        stateful_sets,
        daemon_sets,
        controller_revisions,
        jobs,
        cron_jobs,
        ..Evidence::default()
    }
}

async fn things(round: &Round<'_>, space: &str) -> Evidence {
    let (events, services, endpoint_slices, resource_quotas, network_policies) = tokio::join!(
        round.list::<Event>(space, ""),
        round.list::<Service>(space, ""),
        round.list(space, ""),
        round.list(space, ""),
        round.list(space, ""),
    );
    Evidence {
        events,
        services,
        endpoint_slices,
        resource_quotas,
        network_policies,
        ..Evidence::default()
    }
}
