//! Every kind of object that evidence holds, in one list for all who read, write or serve it; and custom
//! resources, which no list could name.

use k8s_openapi::Metadata;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Evidence, Source};

/// What is done with the objects of one kind, whichever kind: read from a file, written to one, served.
pub trait ForEachKind {
    /// The source of the objects of one kind; its plural name is `T::URL_PATH_SEGMENT`.
    fn kind<T>(&mut self, source: &mut Source<Vec<T>>)
    where
        T: Metadata<Ty = ObjectMeta> + Serialize + DeserializeOwned + Clone;
}

impl Evidence {
    /// Visits every kind of object that is kept as the cluster wrote it: the one list of them, for all who
    /// read and write evidence. ConfigMaps, Secrets and custom resources are kept in forms of their own.
    pub fn for_each_kind(&mut self, visitor: &mut impl ForEachKind) {
        visitor.kind(&mut self.pods);
        visitor.kind(&mut self.deployments);
        visitor.kind(&mut self.replica_sets);
        visitor.kind(&mut self.stateful_sets);
        visitor.kind(&mut self.daemon_sets);
        visitor.kind(&mut self.controller_revisions);
        visitor.kind(&mut self.jobs);
        visitor.kind(&mut self.cron_jobs);
        visitor.kind(&mut self.events);
        visitor.kind(&mut self.nodes);
        visitor.kind(&mut self.namespaces);
        visitor.kind(&mut self.services);
        visitor.kind(&mut self.endpoint_slices);
        visitor.kind(&mut self.persistent_volume_claims);
        visitor.kind(&mut self.service_accounts);
        visitor.kind(&mut self.resource_quotas);
        visitor.kind(&mut self.limit_ranges);
        visitor.kind(&mut self.persistent_volumes);
        visitor.kind(&mut self.storage_classes);
        visitor.kind(&mut self.network_policies);
        visitor.kind(&mut self.ingresses);
        visitor.kind(&mut self.autoscalers);
        visitor.kind(&mut self.disruption_budgets);
        visitor.kind(&mut self.role_bindings);
        visitor.kind(&mut self.cluster_role_bindings);
    }
}

/// A custom resource, as far as any of them can be understood: what its controller says of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CustomResource {
    /// `ExternalSecret`, `Certificate`.
    pub kind: String,
    /// Its namespace; empty for cluster-scoped ones.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The Secrets that it makes, where its kind tells.
    pub secrets: Vec<String>,
    /// What its controller says of it.
    pub conditions: Vec<Condition>,
}

/// One condition of a custom resource.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Condition {
    /// `Ready`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// The word for why.
    pub reason: String,
    /// The sentence for why.
    pub message: String,
}
