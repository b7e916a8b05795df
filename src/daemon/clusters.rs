//! The clusters in which evidence is taken, by their names.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;

use crate::collect::{self, Collector};
use crate::config::Settings;

/// A collector for each cluster that the settings name.
#[derive(Clone)]
pub(super) struct Clusters {
    collectors: Arc<BTreeMap<String, Arc<Collector>>>,
}

impl Clusters {
    /// Ours, and those of the settings. Nothing is asked of them yet.
    ///
    /// # Errors
    /// When a cluster's settings lead nowhere; in words.
    pub(super) async fn of(settings: &Settings, own: Collector) -> anyhow::Result<Self> {
        let mut collectors = BTreeMap::from([(settings.cluster.name.clone(), Arc::new(own))]);
        for cluster in &settings.clusters {
            let client = collect::client(cluster).await;
            let client = client.with_context(|| format!("cluster {}", cluster.name))?;
            // Its metrics are in a Prometheus of its own, which nobody has named.
            let collector = Collector::new(settings.collect.clone(), client, None);
            collectors.insert(cluster.name.clone(), Arc::new(collector));
        }
        Ok(Self { collectors: Arc::new(collectors) })
    }

    /// Who takes evidence there; `None` for a cluster that the settings do not name.
    pub(super) fn collector(&self, cluster: &str) -> Option<Arc<Collector>> {
        self.collectors.get(cluster).cloned()
    }

    /// All names, with a comma between two.
    pub(super) fn names(&self) -> String {
        self.collectors.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}
