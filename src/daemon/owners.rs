//! Root owners of what signals name, asked once and remembered; guessed from the name while the cluster
//! cannot be asked.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use futures::StreamExt;

use super::clusters::Clusters;
use crate::collect::{Lifted, LiftedBy};
use crate::diagnosis::{ObjectRef, lift_by_name};
use crate::incident::{Signal, Subject};

/// Owners that are asked for at the same time.
const AT_ONCE: usize = 16;

/// How long signals may wait for their owners, all of one batch together. Longer would hold every
/// message back while the API server hangs; what is only guessed is asked again.
const WITHIN: Duration = Duration::from_secs(5);

/// Owners that are remembered. A pod's owner never changes; the bound is for memory.
const MOST: usize = 4096;

/// What is known of owners.
pub(super) struct Owners {
    clusters: Clusters,
    known: HashMap<(String, ObjectRef), ObjectRef>,
}

impl Owners {
    pub(super) fn new(clusters: Clusters) -> Self {
        Self { clusters, known: HashMap::new() }
    }

    /// Asks for the owners of these subjects, those that are not known yet.
    pub(super) async fn learn(&mut self, subjects: impl Iterator<Item = &Subject>) {
        if self.known.len() > MOST {
            self.known.clear();
        }
        let unknown: BTreeSet<(String, ObjectRef)> = subjects
            .filter_map(|subject| Some((subject.cluster.clone(), subject.object.clone()?)))
            .filter(|named| has_owners(&named.1) && !self.known.contains_key(named))
            .collect();
        let known_to = unknown.into_iter().filter_map(|(cluster, object)| {
            Some((self.clusters.collector(&cluster)?, cluster, object))
        });
        let mut asked = futures::stream::iter(known_to)
            .map(async |(collector, cluster, object)| {
                (collector.lift(&object).await, cluster, object)
            })
            .buffer_unordered(AT_ONCE);
        let known = &mut self.known;
        let all = async {
            while let Some((Lifted { object: root, by }, cluster, object)) = asked.next().await {
                match by {
                    LiftedBy::Owners => _ = known.insert((cluster, object), root),
                    LiftedBy::Name(why) => tracing::info!(%object, %root, why, "owner guessed"),
                }
            }
        };
        if tokio::time::timeout(WITHIN, all).await.is_err() {
            tracing::warn!("owners are guessed from names: the API server does not answer in time");
        }
    }

    /// Puts the root owner in the place of what the signal names. Returns what it names where the owner
    /// is only guessed.
    pub(super) fn lift(&self, signal: &mut Signal) -> Option<ObjectRef> {
        let cluster = signal.subject.cluster.clone();
        let ours = self.clusters.collector(&cluster).is_some();
        let named = signal.subject.object.clone().filter(|object| ours && has_owners(object))?;
        match self.known.get(&(cluster, named.clone())) {
            Some(root) => {
                signal.subject.object = Some(root.clone());
                None
            }
            None => {
                if named.kind.as_str() == "Pod" {
                    signal.subject.object = Some(lift_by_name(&named.namespace, &named.name));
                }
                Some(named)
            }
        }
    }
}

/// Objects that may be owned by another one; the others are roots by their kind.
fn has_owners(object: &ObjectRef) -> bool {
    !matches!(
        object.kind.as_str(),
        "Deployment"
            | "StatefulSet"
            | "DaemonSet"
            | "CronJob"
            | "Node"
            | "Namespace"
            | "Service"
            | "PersistentVolumeClaim"
            | "HorizontalPodAutoscaler"
    )
}
