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

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

pub use self::lift::{Lifted, LiftedBy};
pub use self::metrics::PrometheusSource;
use self::round::Round;
use super::Settings;
use super::redact::{Numbers, Rules, Seen};
use crate::diagnosis::{Evidence, ObjectRef};

/// Collects evidence from one cluster. Cheap to clone; keeps nothing between two collections but which number
/// each value has that was taken out.
#[derive(Clone)]
pub struct Collector {
    settings: Settings,
    client: kube::Client,
    prometheus: Option<Arc<PrometheusSource>>,
    rules: Arc<Rules>,
    /// The numbers of what was taken out, for the objects that were looked at last.
    numbers: Arc<Mutex<BTreeMap<ObjectRef, Numbers>>>,
}

/// Of so many objects the numbers are kept; with more, numbering begins anew.
const NUMBERED: usize = 500;

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
        let rules = Arc::new(Rules::of(&settings.redaction));
        let prometheus = prometheus.map(Arc::new);
        Self { settings, client, prometheus, rules, numbers: Arc::default() }
    }

    /// All that one incident needs: the workload, its pods, revisions, events, logs, what its pods refer
    /// to, and its neighbours' health. Never fails and keeps the deadline; what could not be read says
    /// why. A pod or a revision is taken for the workload that owns it.
    pub async fn subject(&self, object: &ObjectRef) -> Evidence {
        self.counted_subject(object).await.0
    }

    /// As [`Collector::subject`], with the number of calls to the API server that it took.
    pub async fn counted_subject(&self, object: &ObjectRef) -> (Evidence, u32) {
        let round = self.round(self.numbers(object));
        let evidence = subject::collect(&round, object).await;
        round.close(evidence)
    }

    /// All workloads of a namespace, with the number of calls to the API server that it took.
    pub async fn namespace(&self, namespace: &str) -> (Evidence, u32) {
        let round = self.round(Numbers::default());
        let evidence = namespace::collect(&round, namespace).await;
        round.close(evidence)
    }

    /// The workload that people know: a pod's root owner. Any other object stands for itself.
    pub async fn lift(&self, object: &ObjectRef) -> Lifted {
        lift::lift(&self.round(Numbers::default()), object).await
    }

    fn round(&self, numbers: Numbers) -> Round<'_> {
        let seen = Seen::with(Arc::clone(&self.rules), numbers);
        Round::new(&self.settings, &self.client, self.prometheus.as_deref(), Timestamp::now(), seen)
    }

    /// The numbers of that object's collections, so that a value keeps its number from look to look.
    fn numbers(&self, object: &ObjectRef) -> Numbers {
        let mut all = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= NUMBERED && !all.contains_key(object) {
            all.clear();
        }
        all.entry(object.clone()).or_default().clone()
    }
}
