//! Which object is an alert about?
//!
//! An alert's labels mix three things: the object, the target that was scraped, and what the rule's
//! author added. The rules here follow kube-state-metrics, the kubelet, and the rules that most clusters
//! run (kubernetes-mixin, kube-prometheus-stack); `tests/intake.rs` is the table of examples.

use std::collections::BTreeMap;

use super::foreign::{foreign_object, owner};
use crate::diagnosis::ObjectRef;
use crate::incident::Subject;

/// An alert's labels.
pub(super) type Labels = BTreeMap<String, String>;

/// What an alert with these labels is about. `own_cluster` is the name used where the label
/// `cluster_label` is absent or empty.
///
/// The object is the one the alert names: lifting a pod to its owner is done by whoever can ask the
/// cluster. An alert that names no object has a subject without one, told apart by its `group`.
pub fn subject_of(labels: &Labels, own_cluster: &str, cluster_label: &str) -> Subject {
    let cluster = match labels.get(cluster_label) {
        Some(name) if !name.is_empty() => name.clone(),
        _ => own_cluster.to_owned(),
    };
    let scraped = Scraped::read(labels);
    let object = object_of(labels, scraped);
    let group = match object {
        Some(_) => String::new(),
        None => Subject::group_from_outside(group_of(labels, scraped, cluster_label)),
    };
    Subject { cluster, object, group }
}

/// Labels that name an object, from the most telling to the least, with the kind they name. All come
/// before pods: kube-state-metrics' own pod stands beside `deployment` on every alert about one.
const NAMESPACED: [(&str, &str); 16] = [
    ("job_name", "Job"),
    ("cronjob", "CronJob"),
    ("deployment", "Deployment"),
    ("statefulset", "StatefulSet"),
    ("daemonset", "DaemonSet"),
    ("rollout", "Rollout"),
    ("horizontalpodautoscaler", "HorizontalPodAutoscaler"),
    ("hpa", "HorizontalPodAutoscaler"),
    ("persistentvolumeclaim", "PersistentVolumeClaim"),
    ("poddisruptionbudget", "PodDisruptionBudget"),
    ("resourcequota", "ResourceQuota"),
    ("ingress", "Ingress"),
    ("replicaset", "ReplicaSet"),
    ("replicationcontroller", "ReplicationController"),
    ("scaledobject", "ScaledObject"),
    ("certificate", "Certificate"),
];

/// Other names for the same labels: old chart relabelings, cAdvisor before 1.16, OpenTelemetry.
const ALIASES: [(&str, &[&str]); 9] = [
    ("namespace", &["kubernetes_namespace", "k8s_namespace_name"]),
    ("pod", &["kubernetes_pod_name", "pod_name", "k8s_pod_name"]),
    ("container", &["container_name", "k8s_container_name"]),
    ("node", &["kubernetes_node", "nodename", "node_name", "k8s_node_name"]),
    ("deployment", &["k8s_deployment_name"]),
    ("statefulset", &["k8s_statefulset_name"]),
    ("daemonset", &["k8s_daemonset_name"]),
    ("cronjob", &["k8s_cronjob_name"]),
    ("job_name", &["k8s_job_name"]),
];

fn object_of(labels: &Labels, scraped: Scraped) -> Option<ObjectRef> {
    let namespace = namespace_of(labels, scraped);
    if let Some(namespace) = namespace {
        if let Some(workload) = workload_of(labels, namespace) {
            return Some(workload);
        }
        for (label, kind) in NAMESPACED {
            if let Some(name) = value(labels, label) {
                return Some(ObjectRef::new(kind, namespace, name));
            }
        }
    }
    if let Some(object) = foreign_object(labels, namespace) {
        return Some(object);
    }
    if let Some(namespace) = namespace {
        let its_own = !scraped.owns_pod(labels) && !about_node(labels);
        if let Some(pod) = value(labels, "pod").filter(|_| its_own) {
            return Some(ObjectRef::new("Pod", namespace, pod));
        }
        if let Some(owner) = owner(labels, namespace) {
            return Some(owner);
        }
    }
    if let Some(volume) = value(labels, "persistentvolume") {
        return Some(ObjectRef::new("PersistentVolume", "", volume));
    }
    if let Some(node) = node_of(labels, scraped) {
        return Some(ObjectRef::new("Node", "", node));
    }
    let namespace = namespace?;
    if of_the_api(labels) {
        return None;
    }
    match value(labels, "service") {
        Some(service) if !scraped.owns_service(labels) => {
            Some(ObjectRef::new("Service", namespace, service))
        }
        _ if control_plane(labels) => None,
        // It lies in itself, so that routes and whoever looks find it by `namespace` like all others.
        _ => Some(ObjectRef::new("Namespace", namespace, namespace)),
    }
}

/// What was scraped, where that is not the object itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scraped {
    /// kube-state-metrics: it speaks of everything but itself.
    StateMetrics,
    /// A node exporter: it speaks of its node.
    NodeExporter,
    /// A prober: it speaks of what `instance` names.
    Prober,
    /// An exporter that runs beside what it speaks of: a database, a queue.
    Exporter,
    /// Anything else: it speaks of itself.
    Itself,
}

impl Scraped {
    fn read(labels: &Labels) -> Self {
        // `job` and `service` name the target. `pod` does so only beside them: alone it is the object.
        let job = labels.get("job").map_or("", String::as_str);
        let service = labels.get("service").map_or("", String::as_str);
        let names = |part: &str| job.contains(part) || service.contains(part);
        if names("kube-state-metrics") {
            return Self::StateMetrics;
        }
        if names("node-exporter") || names("node_exporter") {
            return Self::NodeExporter;
        }
        let probed = labels.get("instance").is_some_and(|i| i.contains("://"));
        if probed || names("blackbox") || job.starts_with("probe/") {
            return Self::Prober;
        }
        let pod = labels.get("pod").map_or("", String::as_str);
        if pod.contains("kube-state-metrics") && is_raw(labels) {
            return Self::StateMetrics;
        }
        // A sidecar's pod is that of what it speaks of; an exporter's own pod tells by its name.
        let of_its_own = pod.contains("-exporter") || pod.contains("_exporter");
        if of_its_own && is_raw(labels) && !about_target(labels) {
            return Self::Exporter;
        }
        Self::Itself
    }

    /// Whether `pod` is the scraped pod, not the object. Series about pods carry `uid` or `reason`; a
    /// rule that aggregates `by (namespace, pod)` drops `instance` and `endpoint` and means the pod.
    fn owns_pod(self, labels: &Labels) -> bool {
        let exported = has(labels, "exported_pod");
        match self {
            _ if exported => false,
            _ if renamed(labels) => true,
            Self::StateMetrics => {
                let own = value(labels, "pod").is_some_and(|p| p.contains("kube-state-metrics"));
                let about_pod = has(labels, "uid") || has(labels, "reason");
                is_raw(labels) && !about_pod && (own || has(labels, "node"))
            }
            Self::NodeExporter | Self::Prober | Self::Exporter => true,
            Self::Itself => false,
        }
    }

    /// Whether `service` is the scraped service and not what the alert is about. Without `instance` and
    /// `endpoint` the rule was aggregated by service, as `TargetDown` is, and the target is the point.
    fn owns_service(self, labels: &Labels) -> bool {
        match self {
            _ if has(labels, "exported_service") => false,
            _ if renamed(labels) => true,
            Self::Itself => false,
            _ => is_raw(labels),
        }
    }
}

/// Whether the labels are those of a series as scraped, not of an aggregation.
fn is_raw(labels: &Labels) -> bool {
    has(labels, "instance") || has(labels, "endpoint")
}

/// Whether Prometheus renamed the object's labels because the target has the same (no `honorLabels`):
/// then the plain ones are the target's.
fn renamed(labels: &Labels) -> bool {
    ["exported_namespace", "exported_pod", "exported_container"].iter().any(|l| has(labels, l))
}

fn namespace_of(labels: &Labels, scraped: Scraped) -> Option<&str> {
    if let Some(exported) = plain(labels, "exported_namespace") {
        return Some(exported);
    }
    // A node exporter's or a prober's namespace says nothing, unless a rule named an object beside it.
    let elsewhere = matches!(scraped, Scraped::NodeExporter | Scraped::Prober | Scraped::Exporter);
    let about_target =
        elsewhere && is_raw(labels) && !NAMESPACED.iter().any(|(label, _)| has(labels, label));
    if about_target || renamed(labels) { None } else { value(labels, "namespace") }
}

/// `workload` and `workload_type`, as the recording rules of kubernetes-mixin name an owner.
fn workload_of(labels: &Labels, namespace: &str) -> Option<ObjectRef> {
    let name = value(labels, "workload")?;
    let kind = match value(labels, "workload_type")?.to_ascii_lowercase().as_str() {
        "deployment" => "Deployment",
        "statefulset" => "StatefulSet",
        "daemonset" => "DaemonSet",
        "job" => "Job",
        "cronjob" => "CronJob",
        "replicaset" => "ReplicaSet",
        "rollout" => "Rollout",
        "pod" | "barepod" | "staticpod" => "Pod",
        _ => return None,
    };
    Some(ObjectRef::new(kind, namespace, name))
}

/// Whether the alert's own name says that it is about the node it names.
fn about_node(labels: &Labels) -> bool {
    let name = labels.get("alertname").map_or("", String::as_str);
    has(labels, "node")
        && ["KubeNode", "Node", "Kubelet"].iter().any(|start| name.starts_with(start))
}

fn node_of(labels: &Labels, scraped: Scraped) -> Option<&str> {
    if let Some(node) = value(labels, "node") {
        return Some(node);
    }
    if scraped != Scraped::NodeExporter {
        return None;
    }
    // Some relabelings put the node's name into `instance`. An address is no name: nothing could be
    // looked up by it, and a node that cannot be found must not be taken for one that is gone.
    let instance = labels.get("instance")?;
    // Who scrapes machines outside Kubernetes leaves the address as it is, and there is no pod.
    if instance.contains(':') && !has(labels, "pod") {
        return None;
    }
    let host = instance.split(':').next()?;
    let is_name = host.starts_with(|c: char| c.is_ascii_alphabetic()) && host != "localhost";
    is_name.then_some(host)
}

/// Whether the alert is about the scraping itself: then the target is the point, whatever it is.
fn about_target(labels: &Labels) -> bool {
    let name = labels.get("alertname").map_or("", String::as_str);
    ["Target", "Scrape", "Exporter"].iter().any(|word| name.contains(word))
}

/// Whether the alert's name says that it is about the API server as a whole; `namespace` then is where it
/// is scraped.
fn of_the_api(labels: &Labels) -> bool {
    let name = labels.get("alertname").map_or("", String::as_str);
    ["KubeAPI", "KubeAggregatedAPI", "KubeClientCert"].iter().any(|start| name.starts_with(start))
}

/// Whether the namespace is only where a part of the control plane is scraped.
fn control_plane(labels: &Labels) -> bool {
    const JOBS: [&str; 6] = [
        "apiserver",
        "kubelet",
        "kube-controller-manager",
        "kube-proxy",
        "kube-scheduler",
        "kube-etcd",
    ];
    is_raw(labels) && labels.get("job").is_some_and(|job| JOBS.contains(&job.as_str()))
}

/// The value of a label under any of its names; the object's own (`exported_…`) first.
fn value<'a>(labels: &'a Labels, label: &str) -> Option<&'a str> {
    if let Some(exported) = plain(labels, &format!("exported_{label}")) {
        return Some(exported);
    }
    if let Some(found) = plain(labels, label) {
        return Some(found);
    }
    let (_, aliases) = ALIASES.iter().find(|(name, _)| *name == label)?;
    aliases.iter().find_map(|alias| plain(labels, alias))
}

pub(super) fn plain<'a>(labels: &'a Labels, label: &str) -> Option<&'a str> {
    labels.get(label).map(String::as_str).filter(|v| !v.is_empty())
}

pub(super) fn has(labels: &Labels, label: &str) -> bool {
    plain(labels, label).is_some()
}

/// Labels that do not tell one subject from another: who watched, how grave, which part of it.
const NOISE: [&str; 23] = [
    "alertgroup",
    "alertname",
    "condition",
    "container",
    "cpu",
    "device",
    "endpoint",
    "fstype",
    "id",
    "le",
    "metrics_path",
    "mode",
    "monitor",
    "mountpoint",
    "priority",
    "prometheus",
    "prometheus_replica",
    "quantile",
    "replica",
    "sev",
    "severity",
    "team",
    "uid",
];

/// How long a group may be, in characters: it becomes a title.
const GROUP: usize = 160;

/// The alert's name and the labels that identify what it is about: `ProbeFailed instance=https://…`.
fn group_of(labels: &Labels, scraped: Scraped, cluster_label: &str) -> String {
    let target = ["namespace", "pod", "service"];
    let mut group = labels.get("alertname").map_or("alert", String::as_str).to_owned();
    for (name, value) in labels {
        let of_target = scraped != Scraped::Itself && target.contains(&name.as_str());
        let noise = NOISE.contains(&name.as_str()) || name == cluster_label;
        if noise || of_target || value.is_empty() {
            continue;
        }
        group.push_str(&format!(" {name}={value}"));
    }
    super::alertmanager::bounded(&group, GROUP)
}
