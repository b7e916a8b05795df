//! What was seen, when, and what could not be seen.
//!
//! The objects are the cluster's own, in the types of `k8s-openapi`; a live cluster, a dump on disk and
//! a test folder all become this one value.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{
    ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet,
};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{
    Event, LimitRange, Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod,
    ResourceQuota, Service, ServiceAccount,
};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::{Ingress, NetworkPolicy};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{ClusterRoleBinding, RoleBinding};
use k8s_openapi::api::storage::v1::StorageClass;
use serde::{Deserialize, Serialize};

use super::{BlindSpot, ContainerView, CustomResource};

/// A source of evidence: read, or not, and then why not. A source that nobody asked for is
/// `Unavailable` too; "not asked" and "empty" are different facts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source<T> {
    /// The source answered; an empty answer is an answer.
    Read(T),
    /// The source did not answer; the reason, in words for the operator: `forbidden`, `timed out after 5s`.
    Unavailable(String),
}

impl<T> Default for Source<T> {
    fn default() -> Self {
        Self::Unavailable("not asked for".into())
    }
}

impl<T> Source<T> {
    /// The value, where the source was read.
    pub fn read(&self) -> Option<&T> {
        match self {
            Self::Read(value) => Some(value),
            Self::Unavailable(_) => None,
        }
    }

    /// Why the source was not read, where it was not.
    pub fn unavailable(&self) -> Option<&str> {
        match self {
            Self::Read(_) => None,
            Self::Unavailable(why) => Some(why),
        }
    }
}

impl<T> Source<Vec<T>> {
    /// The objects, none where the source was not read. Use where absence proves nothing.
    pub fn items(&self) -> &[T] {
        self.read().map_or(&[], Vec::as_slice)
    }
}

/// Everything that could be read about one cluster, or a part of it, at one moment. Already redacted
/// and bounded when it comes in here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Evidence {
    /// When the evidence was taken. The only clock of this room.
    pub taken_at: Timestamp,
    /// Pods, with spec and status.
    pub pods: Source<Vec<Pod>>,
    /// Deployments.
    pub deployments: Source<Vec<Deployment>>,
    /// ReplicaSets: the revisions of Deployments.
    pub replica_sets: Source<Vec<ReplicaSet>>,
    /// StatefulSets.
    pub stateful_sets: Source<Vec<StatefulSet>>,
    /// DaemonSets.
    pub daemon_sets: Source<Vec<DaemonSet>>,
    /// Revisions of StatefulSets and DaemonSets.
    pub controller_revisions: Source<Vec<ControllerRevision>>,
    /// Jobs.
    pub jobs: Source<Vec<Job>>,
    /// CronJobs.
    pub cron_jobs: Source<Vec<CronJob>>,
    /// Events of any kind, old and new; whoever reads them joins them to living objects by uid.
    pub events: Source<Vec<Event>>,
    /// Nodes.
    pub nodes: Source<Vec<Node>>,
    /// Namespaces, for what people have written on them.
    pub namespaces: Source<Vec<Namespace>>,
    /// Services.
    pub services: Source<Vec<Service>>,
    /// EndpointSlices.
    pub endpoint_slices: Source<Vec<EndpointSlice>>,
    /// ConfigMaps: names, key names and edit times, never values.
    pub config_maps: Source<Vec<KeyedObject>>,
    /// Secrets: names (and key names where the installation opted in), never values. From
    /// kube-state-metrics by default: Firsthand has no verb on Secrets.
    pub secrets: Source<Vec<KeyedObject>>,
    /// PersistentVolumeClaims.
    pub persistent_volume_claims: Source<Vec<PersistentVolumeClaim>>,
    /// ServiceAccounts.
    pub service_accounts: Source<Vec<ServiceAccount>>,
    /// ResourceQuotas.
    pub resource_quotas: Source<Vec<ResourceQuota>>,
    /// LimitRanges.
    pub limit_ranges: Source<Vec<LimitRange>>,
    /// PersistentVolumes.
    pub persistent_volumes: Source<Vec<PersistentVolume>>,
    /// StorageClasses.
    pub storage_classes: Source<Vec<StorageClass>>,
    /// NetworkPolicies.
    pub network_policies: Source<Vec<NetworkPolicy>>,
    /// Ingresses.
    pub ingresses: Source<Vec<Ingress>>,
    /// HorizontalPodAutoscalers.
    pub autoscalers: Source<Vec<HorizontalPodAutoscaler>>,
    /// PodDisruptionBudgets.
    pub disruption_budgets: Source<Vec<PodDisruptionBudget>>,
    /// RoleBindings.
    pub role_bindings: Source<Vec<RoleBinding>>,
    /// ClusterRoleBindings.
    pub cluster_role_bindings: Source<Vec<ClusterRoleBinding>>,
    /// Custom resources, of whatever kinds were read: each with its conditions.
    pub custom_resources: Source<Vec<CustomResource>>,
    /// Logs of containers, previous and current.
    pub logs: Vec<Log>,
    /// Samples from Prometheus, or from `metrics.txt` of a dump.
    pub metrics: Source<Metrics>,
    /// Alerts that fired when the evidence was taken.
    pub alerts: Vec<AlertFact>,
    /// Parts of a source that was read which are missing all the same: a broken item, a list cut at its
    /// limit. They belong among the blind spots.
    pub missed: Vec<BlindSpot>,
    /// How many values redaction removed from all of this.
    pub redacted: u32,
}

impl Default for Evidence {
    /// Nothing was seen, at the beginning of time.
    fn default() -> Self {
        Self {
            taken_at: Timestamp::UNIX_EPOCH,
            pods: Source::default(),
            deployments: Source::default(),
            replica_sets: Source::default(),
            stateful_sets: Source::default(),
            daemon_sets: Source::default(),
            controller_revisions: Source::default(),
            jobs: Source::default(),
            cron_jobs: Source::default(),
            events: Source::default(),
            nodes: Source::default(),
            namespaces: Source::default(),
            services: Source::default(),
            endpoint_slices: Source::default(),
            config_maps: Source::default(),
            secrets: Source::default(),
            persistent_volume_claims: Source::default(),
            service_accounts: Source::default(),
            resource_quotas: Source::default(),
            limit_ranges: Source::default(),
            persistent_volumes: Source::default(),
            storage_classes: Source::default(),
            network_policies: Source::default(),
            ingresses: Source::default(),
            autoscalers: Source::default(),
            disruption_budgets: Source::default(),
            role_bindings: Source::default(),
            cluster_role_bindings: Source::default(),
            custom_resources: Source::default(),
            logs: Vec::new(),
            metrics: Source::default(),
            alerts: Vec::new(),
            missed: Vec::new(),
            redacted: 0,
        }
    }
}

impl Evidence {
    /// Adds what was seen of another namespace. Where only one of the two could read a source, what it
    /// read is kept, and the other's reason is missed.
    pub fn extend(&mut self, other: Self) {
        let mut missed = other.missed;
        let mut join = Joining { missed: &mut missed };
        join.all("pods", &mut self.pods, other.pods);
        join.all("deployments", &mut self.deployments, other.deployments);
        join.all("replicasets", &mut self.replica_sets, other.replica_sets);
        join.all("statefulsets", &mut self.stateful_sets, other.stateful_sets);
        join.all("daemonsets", &mut self.daemon_sets, other.daemon_sets);
        join.all("controllerrevisions", &mut self.controller_revisions, other.controller_revisions);
        join.all("jobs", &mut self.jobs, other.jobs);
        join.all("cronjobs", &mut self.cron_jobs, other.cron_jobs);
        join.all("events", &mut self.events, other.events);
        join.all("nodes", &mut self.nodes, other.nodes);
        join.all("namespaces", &mut self.namespaces, other.namespaces);
        join.all("services", &mut self.services, other.services);
        join.all("endpointslices", &mut self.endpoint_slices, other.endpoint_slices);
        join.all("configmaps", &mut self.config_maps, other.config_maps);
        join.all("secrets", &mut self.secrets, other.secrets);
        join.all(
            "persistentvolumeclaims",
            &mut self.persistent_volume_claims,
            other.persistent_volume_claims,
        );
        join.all("serviceaccounts", &mut self.service_accounts, other.service_accounts);
        join.all("resourcequotas", &mut self.resource_quotas, other.resource_quotas);
        join.all("limitranges", &mut self.limit_ranges, other.limit_ranges);
        join.all("persistentvolumes", &mut self.persistent_volumes, other.persistent_volumes);
        join.all("storageclasses", &mut self.storage_classes, other.storage_classes);
        join.all("networkpolicies", &mut self.network_policies, other.network_policies);
        join.all("ingresses", &mut self.ingresses, other.ingresses);
        join.all("horizontalpodautoscalers", &mut self.autoscalers, other.autoscalers);
        join.all("poddisruptionbudgets", &mut self.disruption_budgets, other.disruption_budgets);
        join.all("rolebindings", &mut self.role_bindings, other.role_bindings);
        join.all(
            "clusterrolebindings",
            &mut self.cluster_role_bindings,
            other.cluster_role_bindings,
        );
        join.all("custom resources", &mut self.custom_resources, other.custom_resources);
        match (&mut self.metrics, other.metrics) {
            (Source::Read(mine), Source::Read(theirs)) => mine.0.extend(theirs.0),
            (mine @ Source::Unavailable(_), theirs) => *mine = theirs,
            _ => {}
        }
        self.taken_at = self.taken_at.max(other.taken_at);
        self.logs.extend(other.logs);
        self.alerts.extend(other.alerts);
        self.missed.extend(missed);
        self.redacted = self.redacted.saturating_add(other.redacted);
    }
}

struct Joining<'a> {
    missed: &'a mut Vec<BlindSpot>,
}

impl Joining<'_> {
    fn all<T: PartialEq>(
        &mut self,
        source: &str,
        mine: &mut Source<Vec<T>>,
        theirs: Source<Vec<T>>,
    ) {
        match (&mut *mine, theirs) {
            (Source::Read(mine), Source::Read(theirs)) => {
                // What has no namespace, as nodes, was read for both.
                let new: Vec<T> = theirs.into_iter().filter(|it| !mine.contains(it)).collect();
                mine.extend(new);
            }
            (Source::Read(_), Source::Unavailable(why)) => {
                self.missed.push(BlindSpot { source: source.to_owned(), why });
            }
            (Source::Unavailable(why), Source::Read(theirs)) => {
                let why = std::mem::take(why);
                self.missed.push(BlindSpot { source: source.to_owned(), why });
                *mine = Source::Read(theirs);
            }
            (Source::Unavailable(_), Source::Unavailable(_)) => {}
        }
    }
}

/// A ConfigMap or Secret without its values.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyedObject {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The names of its keys; `None` where only the object's existence is known.
    pub keys: Option<Vec<String>>,
    /// When it was last edited, as far as `managedFields` or metrics tell.
    pub edited_at: Option<Timestamp>,
}

/// Which run of the container a log is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Instance {
    /// The run before the present one: `kubectl logs --previous`.
    Previous,
    /// The present run. While a container waits, this is the run that has just ended.
    Current,
}

/// The end of one container's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Log {
    /// Namespace of the pod.
    pub namespace: String,
    /// Name of the pod.
    pub pod: String,
    /// Name of the container, init and ephemeral ones included.
    pub container: String,
    /// Which run.
    pub instance: Instance,
    /// The runtime's id of that run, where the pod's status told it: two logs of one id are one log.
    #[serde(default)]
    pub container_id: Option<String>,
    /// The text, redacted, decoded lossily, at most 256 KiB from the end.
    pub text: Source<String>,
    /// Whether the beginning was cut off; line numbers then count from the cut.
    #[serde(default)]
    pub cut: bool,
}

/// Samples of metrics, by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metrics(pub Vec<Series>);

impl Metrics {
    /// All series of that metric.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Series> {
        self.0.iter().filter(move |series| series.name == name)
    }

    /// The series of that metric which bear all these labels.
    pub fn labelled<'a, const N: usize>(
        &'a self,
        name: &'a str,
        labels: [(&'a str, &'a str); N],
    ) -> impl Iterator<Item = &'a Series> {
        self.named(name).filter(move |series| {
            labels.iter().all(|(key, value)| series.labels.get(*key).is_some_and(|it| it == value))
        })
    }

    /// The series of that metric about one container.
    pub(super) fn of_container<'a>(
        &'a self,
        name: &'a str,
        container: ContainerView<'a>,
    ) -> impl Iterator<Item = &'a Series> {
        let pod = container.pod();
        self.labelled(
            name,
            [("namespace", pod.namespace()), ("pod", pod.name()), ("container", container.name())],
        )
    }
}

/// One time series.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// The metric's name, `container_memory_working_set_bytes`.
    pub name: String,
    /// Its labels, without `__name__`.
    pub labels: BTreeMap<String, String>,
    /// Its samples, oldest first: time and value. NaN and infinities are kept out.
    pub samples: Vec<(Timestamp, f64)>,
}

impl AlertFact {
    /// The name of its rule; `an alert` where it has none.
    pub(super) fn name(&self) -> &str {
        self.labels.get("alertname").map_or("an alert", String::as_str)
    }
}

/// An alert, as Alertmanager tells it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AlertFact {
    /// All labels, `alertname` among them.
    pub labels: BTreeMap<String, String>,
    /// All annotations.
    pub annotations: BTreeMap<String, String>,
    /// When it began to fire.
    pub starts_at: Option<Timestamp>,
}
