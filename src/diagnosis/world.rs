//! The evidence, indexed once, so that every question of a cause is cheap.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use k8s_openapi::Metadata;
use k8s_openapi::api::apps::v1::{Deployment, DeploymentCondition, ReplicaSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Node, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::event::EventView;
use super::health::template_labels;
use super::owner::{lift_with, owner_of};
use super::pod::PodView;
use super::wiring::matches;
use super::{Evidence, KeyedObject, Log, ObjectRef, Source};

type Name<'a> = (&'a str, &'a str);

/// Everything that was seen, by name. Built in one pass over the objects.
pub struct World<'a> {
    evidence: &'a Evidence,
    events: HashMap<String, Vec<EventView<'a>>>,
    logs: HashMap<String, Vec<&'a Log>>,
    slices: HashMap<String, Vec<&'a EndpointSlice>>,
    jobs_of: BTreeMap<ObjectRef, Vec<&'a Job>>,
    sets_of: BTreeMap<ObjectRef, Vec<&'a ReplicaSet>>,
    workloads: BTreeMap<ObjectRef, Vec<&'a Pod>>,
    metadata: HashMap<String, &'a ObjectMeta>,
    deployments: HashMap<Name<'a>, &'a Deployment>,
}

impl<'a> World<'a> {
    /// Indexes the evidence.
    pub fn new(evidence: &'a Evidence) -> Self {
        let mut world = Self {
            evidence,
            events: index_events(evidence),
            logs: HashMap::new(),
            slices: HashMap::new(),
            jobs_of: BTreeMap::new(),
            sets_of: BTreeMap::new(),
            workloads: BTreeMap::new(),
            metadata: index_metadata(evidence),
            deployments: HashMap::new(),
        };
        for log in &evidence.logs {
            world.logs.entry(key("Pod", &log.namespace, &log.pod)).or_default().push(log);
        }
        for slice in evidence.endpoint_slices.items() {
            if let Some(service) = label(&slice.metadata, "kubernetes.io/service-name") {
                world
                    .slices
                    .entry(key("Service", namespace(&slice.metadata), service))
                    .or_default()
                    .push(slice);
            }
        }
        let deployments = evidence.deployments.items().iter();
        world.deployments = deployments.map(|it| (full_name(&it.metadata), it)).collect();
        world.index_controllers();
        world.index_pods();
        world
    }

    fn index_controllers(&mut self) {
        let evidence = self.evidence;
        let mut root = |kind: &str, metadata: &ObjectMeta| {
            let object = ObjectRef::new(kind, namespace(metadata), name(metadata));
            self.workloads.entry(object).or_default();
        };
        evidence.deployments.items().iter().for_each(|o| root("Deployment", &o.metadata));
        evidence.stateful_sets.items().iter().for_each(|o| root("StatefulSet", &o.metadata));
        evidence.daemon_sets.items().iter().for_each(|o| root("DaemonSet", &o.metadata));
        evidence.cron_jobs.items().iter().for_each(|o| root("CronJob", &o.metadata));
        for set in evidence.replica_sets.items() {
            let owner = self.owner_or_itself("ReplicaSet", &set.metadata);
            // Old revisions of an unread controller do not make a workload of their own.
            if set.spec.as_ref().and_then(|spec| spec.replicas) != Some(0) {
                self.workloads.entry(owner.clone()).or_default();
            }
            self.sets_of.entry(owner).or_default().push(set);
        }
        for job in evidence.jobs.items() {
            let owner = self.owner_or_itself("Job", &job.metadata);
            self.workloads.entry(owner.clone()).or_default();
            self.jobs_of.entry(owner).or_default().push(job);
        }
        for jobs in self.jobs_of.values_mut() {
            jobs.sort_by_key(|job| (created(&job.metadata), name(&job.metadata)));
        }
        for sets in self.sets_of.values_mut() {
            sets.sort_by_key(|set| (revision(&set.metadata), name(&set.metadata)));
        }
    }

    fn index_pods(&mut self) {
        let evidence = self.evidence;
        let sets: HashMap<Name<'a>, &'a ObjectMeta> = evidence
            .replica_sets
            .items()
            .iter()
            .map(|o| (full_name(&o.metadata), &o.metadata))
            .collect();
        let jobs: HashMap<Name<'a>, &'a ObjectMeta> =
            evidence.jobs.items().iter().map(|o| (full_name(&o.metadata), &o.metadata)).collect();
        for pod in evidence.pods.items() {
            let root = lift_with(
                pod,
                |namespace, name| sets.get(&(namespace, name)).copied(),
                |namespace, name| jobs.get(&(namespace, name)).copied(),
            );
            self.workloads.entry(root).or_default().push(pod);
        }
        for pods in self.workloads.values_mut() {
            pods.sort_by_key(|pod| name(&pod.metadata));
        }
    }

    fn owner_or_itself(&self, kind: &str, metadata: &ObjectMeta) -> ObjectRef {
        owner_of(metadata, namespace(metadata))
            .unwrap_or_else(|| ObjectRef::new(kind, namespace(metadata), name(metadata)))
    }

    /// The evidence itself.
    pub fn evidence(&self) -> &'a Evidence {
        self.evidence
    }

    /// When the evidence was taken: the only clock.
    pub fn now(&self) -> Timestamp {
        self.evidence.taken_at
    }

    /// Every workload seen, by kind, namespace and name.
    pub fn workloads(&self) -> impl Iterator<Item = &ObjectRef> {
        self.workloads.keys()
    }

    /// Whether that workload was seen, itself or by its pods.
    pub fn has(&self, workload: &ObjectRef) -> bool {
        self.workloads.contains_key(workload)
    }

    /// The pods of a workload, in order of their names.
    pub fn pods_of(&self, workload: &ObjectRef) -> Vec<PodView<'_>> {
        let pods = self.workloads.get(workload).map(Vec::as_slice).unwrap_or_default();
        pods.iter().map(|pod| PodView::new(self, pod)).collect()
    }

    /// The labels of a workload's pods: those of living ones, and that its template would give.
    pub(super) fn labels_of(&self, workload: &ObjectRef) -> Vec<&'a BTreeMap<String, String>> {
        let pods = self.workloads.get(workload).map(Vec::as_slice).unwrap_or_default();
        let own = pods.iter().filter_map(|pod| pod.metadata.labels.as_ref());
        let sets = self.replica_sets_of(workload).iter();
        let sets = sets.filter_map(|it| it.spec.as_ref()?.template.as_ref()?.metadata.as_ref());
        let jobs = self.jobs_of(workload).iter();
        let jobs = jobs.filter_map(|it| it.spec.as_ref()?.template.metadata.as_ref());
        let template = template_labels(self, workload);
        let made = sets.chain(jobs).filter_map(|it| it.labels.as_ref());
        own.chain(made).chain(template).collect()
    }

    /// The ReplicaSets of a workload, oldest revision first.
    pub fn replica_sets_of(&self, workload: &ObjectRef) -> &[&'a ReplicaSet] {
        self.sets_of.get(workload).map(Vec::as_slice).unwrap_or_default()
    }

    /// The Jobs of a CronJob (or the Job itself), oldest first.
    pub fn jobs_of(&self, workload: &ObjectRef) -> &[&'a Job] {
        self.jobs_of.get(workload).map(Vec::as_slice).unwrap_or_default()
    }

    /// The Deployment of that name.
    pub fn deployment(&self, object: &ObjectRef) -> Option<&'a Deployment> {
        self.deployments.get(&(object.namespace.as_str(), object.name.as_str())).copied()
    }

    /// The events of one object, oldest first. An event joins by uid: one that names a pod of the same
    /// name that is gone is history. Where either side has no uid the name decides.
    pub fn events_of(&self, kind: &str, metadata: &ObjectMeta) -> Vec<EventView<'a>> {
        let key = key(kind, namespace(metadata), name(metadata));
        let uid = metadata.uid.as_deref().unwrap_or_default();
        // The kubelet gives the events of a static pod the uid of its file, not of its mirror.
        let mirror = annotation(metadata, "kubernetes.io/config.mirror").unwrap_or(uid);
        let events = self.events.get(&key).map(Vec::as_slice).unwrap_or_default();
        let joins = |event: &EventView<'_>| {
            uid.is_empty() || event.uid().is_empty() || event.uid() == uid || event.uid() == mirror
        };
        events.iter().copied().filter(joins).collect()
    }

    /// The events of a workload, its ReplicaSets, Jobs and pods, oldest first.
    pub fn events_of_workload(&self, workload: &ObjectRef) -> Vec<EventView<'a>> {
        let mut events = self.events_of_controller(workload);
        let pods = self.workloads.get(workload).map(Vec::as_slice).unwrap_or_default();
        events.extend(pods.iter().flat_map(|pod| self.events_of("Pod", &pod.metadata)));
        events.sort_by_key(|event| (event.last_seen(), event.name(), event.reason()));
        events
    }

    /// The events of the controllers alone: what keeps pods from being created.
    pub fn events_of_controller(&self, workload: &ObjectRef) -> Vec<EventView<'a>> {
        let mut events = Vec::new();
        if workload.kind != "Pod" {
            match self.metadata_of(workload) {
                Some(metadata) => events.extend(self.events_of(workload.kind.as_str(), metadata)),
                None => events.extend(self.events_named(workload)),
            }
        }
        for set in self.replica_sets_of(workload).iter().filter(|_| workload.kind != "ReplicaSet") {
            events.extend(self.events_of("ReplicaSet", &set.metadata));
        }
        for job in self.jobs_of(workload).iter().filter(|_| workload.kind != "Job") {
            events.extend(self.events_of("Job", &job.metadata));
        }
        events
    }

    /// The metadata of a workload's own object, where it was read.
    pub fn metadata_of(&self, workload: &ObjectRef) -> Option<&'a ObjectMeta> {
        let key = key(workload.kind.as_str(), &workload.namespace, &workload.name);
        self.metadata.get(&key).copied()
    }

    /// The API server's words for pods that a workload's controller could not create, as its conditions
    /// keep them; and where they stand.
    pub fn replica_failure(&self, workload: &ObjectRef) -> Option<(&'a str, String)> {
        let of_deployment = self.deployment(workload).and_then(|it| {
            let conditions = it.status.as_ref()?.conditions.as_deref()?;
            let failed =
                |it: &&DeploymentCondition| it.type_ == "ReplicaFailure" && it.status == "True";
            conditions.iter().find(failed)?.message.as_deref()
        });
        let of_sets = || {
            let sets = self.replica_sets_of(workload).iter().rev();
            let conditions =
                sets.filter_map(|it| it.status.as_ref()?.conditions.as_deref()).flatten();
            let mut failed =
                conditions.filter(|it| it.type_ == "ReplicaFailure" && it.status == "True");
            failed.find_map(|it| it.message.as_deref())
        };
        let text = of_deployment.or_else(of_sets)?;
        Some((text, format!("condition ReplicaFailure of {}", workload.name)))
    }

    /// The events of an object that is only known by its name: a node, a Service, a claim.
    pub fn events_named(&self, object: &ObjectRef) -> Vec<EventView<'a>> {
        let key = key(object.kind.as_str(), &object.namespace, &object.name);
        self.events.get(&key).cloned().unwrap_or_default()
    }

    /// All events of a namespace, oldest first; those of objects that are gone among them.
    pub(super) fn events_in(&self, place: &str) -> Vec<EventView<'a>> {
        let all = self.events.values().flatten();
        let mut found: Vec<EventView<'a>> =
            all.filter(|event| event.namespace() == place).copied().collect();
        found.sort_by_key(|event| (event.last_seen(), event.name(), event.reason()));
        found
    }

    /// The logs of a pod's containers.
    pub(super) fn logs_of(&self, pod: &ObjectMeta) -> &[&'a Log] {
        self.logs.get(&key("Pod", namespace(pod), name(pod))).map(Vec::as_slice).unwrap_or_default()
    }

    /// The node of that name, where nodes were read.
    pub fn node(&self, name: &str) -> Option<&'a Node> {
        self.evidence.nodes.items().iter().find(|node| node.metadata.name.as_deref() == Some(name))
    }

    /// The Service of that name.
    pub fn service(&self, namespace: &str, name: &str) -> Option<&'a Service> {
        let named = |o: &&Service| full_name(&o.metadata) == (namespace, name);
        self.evidence.services.items().iter().find(named)
    }

    /// The Service's name and namespace that a host written in `here` means: `db`, `db.shop`, `db.shop.svc`,
    /// `db.shop.svc.cluster.local`.
    pub(super) fn named_by<'h>(&self, here: &'h str, host: &'h str) -> Option<(&'h str, &'h str)> {
        let mut labels = host.trim_end_matches('.').split('.');
        let name = labels.next().filter(|name| !name.is_empty() && *name != "localhost")?;
        if name.bytes().all(|letter| letter.is_ascii_digit()) {
            return None;
        }
        let Some(namespace) = labels.next() else { return Some((name, here)) };
        match (labels.next(), labels.next()) {
            (Some("svc"), _) => Some((name, namespace)),
            // A pod of a StatefulSet by its own name: `pg-0.pg.data.svc`.
            (Some(third), Some("svc")) => Some((namespace, third)),
            (Some(_), _) => None,
            (None, _) if self.service(here, namespace).is_some() => Some((namespace, here)),
            // Two labels may as well be `example.com`: a Service only where one has that name.
            (None, _) => self.service(namespace, name).map(|_| (name, namespace)),
        }
    }

    /// The name of the Service of that namespace which is called nearly so: at most two letters apart.
    pub(super) fn service_like(&self, namespace: &str, wanted: &str) -> Option<&'a str> {
        let services = self.evidence.services.items().iter();
        let here = services.filter(|it| self::namespace(&it.metadata) == namespace);
        let names = here.filter_map(|it| it.metadata.name.as_deref());
        let close = names.map(|it| (strsim::damerau_levenshtein(it, wanted), it)).min();
        close.filter(|(distance, _)| *distance <= 2).map(|(_, it)| it)
    }

    /// The Service that a host or cluster IP written in `here` means.
    pub(super) fn service_at(&self, here: &str, host: &str) -> Option<&'a Service> {
        if host.parse::<std::net::IpAddr>().is_ok() {
            let has = |it: &&Service| {
                it.spec.as_ref().is_some_and(|spec| spec.cluster_ip.as_deref() == Some(host))
            };
            return self.evidence.services.items().iter().find(has);
        }
        let (name, namespace) = self.named_by(here, host)?;
        self.service(namespace, name)
    }

    /// Why the Service that a host means cannot answer anybody; nothing where it may, or nobody knows.
    pub(super) fn cannot_answer(&self, here: &str, host: &str) -> Option<Silence> {
        let (name, namespace) = self.named_by(here, host)?;
        if self.service(namespace, name).is_some() {
            let (ready, _) = self.endpoints(namespace, name)?;
            return (ready == 0).then_some(Silence::NoEndpoint);
        }
        let known = self.evidence.services.read().is_some();
        (known && namespace == here).then_some(Silence::NoService)
    }

    /// How many endpoints of a Service serve, and how many it has; nothing where that was not read.
    pub fn endpoints(&self, namespace: &str, service: &str) -> Option<(usize, usize)> {
        self.evidence.endpoint_slices.read()?;
        let slices = self
            .slices
            .get(&key("Service", namespace, service))
            .map(Vec::as_slice)
            .unwrap_or_default();
        let endpoints = || slices.iter().flat_map(|slice| &slice.endpoints);
        let ready = endpoints()
            .filter(|e| {
                e.conditions.as_ref().and_then(|conditions| conditions.ready) != Some(false)
            })
            .count();
        Some((ready, endpoints().count()))
    }

    /// The workloads whose pods a Service selects, by its labels; in order of their names.
    pub(super) fn selected_by(&self, service: &ObjectRef) -> Vec<ObjectRef> {
        let spec = self.service(&service.namespace, &service.name).and_then(|it| it.spec.as_ref());
        let Some(selector) = spec.and_then(|it| it.selector.as_ref()).filter(|it| !it.is_empty())
        else {
            return Vec::new();
        };
        let here = self.workloads().filter(|it| it.namespace == service.namespace);
        here.filter(|it| self.labels_of(it).iter().any(|labels| matches(selector, labels)))
            .cloned()
            .collect()
    }

    /// The ConfigMap of that name, where ConfigMaps were read.
    pub fn config_map(&self, namespace: &str, name: &str) -> Option<&'a KeyedObject> {
        let maps = self.evidence.config_maps.items();
        maps.iter().find(|o| o.namespace == namespace && o.name == name)
    }

    /// The Secret of that name, where the names of Secrets were read.
    pub fn secret(&self, namespace: &str, name: &str) -> Option<&'a KeyedObject> {
        let secrets = self.evidence.secrets.items();
        secrets.iter().find(|o| o.namespace == namespace && o.name == name)
    }
}

fn index_metadata(evidence: &Evidence) -> HashMap<String, &ObjectMeta> {
    let mut index = HashMap::new();
    index_kind(&mut index, "Deployment", &evidence.deployments);
    index_kind(&mut index, "StatefulSet", &evidence.stateful_sets);
    index_kind(&mut index, "DaemonSet", &evidence.daemon_sets);
    index_kind(&mut index, "ReplicaSet", &evidence.replica_sets);
    index_kind(&mut index, "Job", &evidence.jobs);
    index_kind(&mut index, "CronJob", &evidence.cron_jobs);
    index_kind(&mut index, "Pod", &evidence.pods);
    index_kind(&mut index, "Service", &evidence.services);
    index
}

fn index_kind<'a, T: Metadata<Ty = ObjectMeta>>(
    index: &mut HashMap<String, &'a ObjectMeta>,
    kind: &str,
    objects: &'a Source<Vec<T>>,
) {
    for object in objects.items() {
        let metadata = object.metadata();
        index.insert(key(kind, namespace(metadata), name(metadata)), metadata);
    }
}

fn index_events(evidence: &Evidence) -> HashMap<String, Vec<EventView<'_>>> {
    let mut index: HashMap<_, Vec<EventView<'_>>> = HashMap::new();
    for event in evidence.events.items().iter().map(EventView::new) {
        index.entry(key(event.kind(), event.namespace(), event.name())).or_default().push(event);
    }
    for events in index.values_mut() {
        events.sort_by_key(|event| (event.last_seen(), event.reason(), event.message()));
    }
    index
}

fn key(kind: &str, namespace: &str, name: &str) -> String {
    format!("{kind}/{namespace}/{name}")
}

/// Why a Service cannot answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// No Service has that name.
    NoService,
    /// No endpoint of it is ready.
    NoEndpoint,
}

pub(super) fn namespace(metadata: &ObjectMeta) -> &str {
    metadata.namespace.as_deref().unwrap_or_default()
}

pub(super) fn name(metadata: &ObjectMeta) -> &str {
    metadata.name.as_deref().unwrap_or_default()
}

fn full_name(metadata: &ObjectMeta) -> Name<'_> {
    (namespace(metadata), name(metadata))
}

/// Whether the metadata is that of the object.
pub(super) fn is(metadata: &ObjectMeta, object: &ObjectRef) -> bool {
    name(metadata) == object.name && namespace(metadata) == object.namespace
}

pub(super) fn created(metadata: &ObjectMeta) -> Option<Timestamp> {
    metadata.creation_timestamp.as_ref().map(|time| time.0)
}

pub(super) fn label<'m>(metadata: &'m ObjectMeta, key: &str) -> Option<&'m str> {
    metadata.labels.as_ref()?.get(key).map(String::as_str)
}

pub(super) fn annotation<'m>(metadata: &'m ObjectMeta, key: &str) -> Option<&'m str> {
    metadata.annotations.as_ref()?.get(key).map(String::as_str)
}

/// The revision of a Deployment that a ReplicaSet is; zero where it does not say.
pub(super) fn revision(metadata: &ObjectMeta) -> u64 {
    let text = annotation(metadata, "deployment.kubernetes.io/revision");
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}
