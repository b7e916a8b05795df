//! Root owners of what signals name, asked once and remembered; guessed from the name while the cluster
//! cannot be asked.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;

use crate::collect::{Collector, Lifted, LiftedBy};
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
    collector: Arc<Collector>,
    cluster: String,
    known: HashMap<ObjectRef, ObjectRef>,
}

impl Owners {
    pub(super) fn new(collector: Arc<Collector>, cluster: &str) -> Self {
        Self { collector, cluster: cluster.to_owned(), known: HashMap::new() }
    }

    /// Asks for the owners of these subjects, those that are not known yet.
    pub(super) async fn learn(&mut self, subjects: impl Iterator<Item = &Subject>) {
        if self.known.len() > MOST {
            self.known.clear();
        }
        let unknown: BTreeSet<ObjectRef> = subjects
            .filter(|subject| subject.cluster == self.cluster)
            .filter_map(|subject| subject.object.clone())
            .filter(|object| has_owners(object) && !self.known.contains_key(object))
            .collect();
        let collector = &self.collector;
        let mut asked = futures::stream::iter(unknown)
            .map(async |object| (collector.lift(&object).await, object))
            .buffer_unordered(AT_ONCE);
        let known = &mut self.known;
        let all = async {
            while let Some((Lifted { object: root, by }, object)) = asked.next().await {
                match by {
                    LiftedBy::Owners => _ = known.insert(object, root),
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
        let ours = signal.subject.cluster == self.cluster;
        let named = signal.subject.object.clone().filter(|object| ours && has_owners(object))?;
        match self.known.get(&named) {
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
