//! Evidence from the living cluster, and from Prometheus where there is one.

mod api;
mod choose;
mod lift;
mod logs;
mod metrics;
mod namespace;
mod references;
mod round;
mod subject;

use std::sync::Arc;

use jiff::Timestamp;

pub use self::lift::{Lifted, LiftedBy};
pub use self::metrics::PrometheusSource;
use self::round::Round;
use super::Settings;
use crate::diagnosis::{Evidence, ObjectRef};

/// Collects evidence from one cluster. Cheap to clone; keeps nothing between two collections.
#[derive(Clone)]
pub struct Collector {
    settings: Settings,
    client: kube::Client,
    prometheus: Option<Arc<PrometheusSource>>,
}

impl std::fmt::Debug for Collector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Collector").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Collector {
    /// A collector for the cluster of `client`, see [`client`](super::client()). Without Prometheus its
    /// metrics are a blind spot.
    pub fn new(
        settings: Settings,
        client: kube::Client,
        prometheus: Option<PrometheusSource>,
    ) -> Self {
        Self { settings, client, prometheus: prometheus.map(Arc::new) }
    }

    /// All that one incident needs: the workload, its pods, revisions, events, logs, what its pods refer
    /// to, and its neighbours' health. Never fails and keeps the deadline; what could not be read says
    /// why. A pod or a revision is taken for the workload that owns it.
    pub async fn subject(&self, object: &ObjectRef) -> Evidence {
        self.counted_subject(object).await.0
    }

    /// As [`Collector::subject`], with the number of calls to the API server that it took.
    pub async fn counted_subject(&self, object: &ObjectRef) -> (Evidence, u32) {
        let round = self.round();
        let evidence = subject::collect(&round, object).await;
        round.close(evidence)
    }

    /// All workloads of a namespace, with the number of calls to the API server that it took.
    pub async fn namespace(&self, namespace: &str) -> (Evidence, u32) {
        let round = self.round();
        let evidence = namespace::collect(&round, namespace).await;
        round.close(evidence)
    }

    /// The workload that people know: a pod's root owner. Any other object stands for itself.
    pub async fn lift(&self, object: &ObjectRef) -> Lifted {
        lift::lift(&self.round(), object).await
    }

    fn round(&self) -> Round<'_> {
        Round::new(&self.settings, &self.client, self.prometheus.as_deref(), Timestamp::now())
    }
}
