//! One workload that is not well, as a cause wants to ask about it.

use std::cell::OnceCell;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};

use super::container::ContainerView;
use super::ending::{Ending, endings};
use super::event::EventView;
use super::pod::PodView;
use super::pull::{PullFault, pull_fault};
use super::rollout::Revisions;
use super::runlog::LogView;
use super::told::{self, Told};
use super::trouble::Trouble;
use super::world::World;
use super::{AlertFact, Evidence, Health, KeyedObject, ObjectRef, Rollout, Source};

/// Labels of alerts that name a workload, in the conventions of kube-state-metrics, of meshes and of people.
const NAMING: [&str; 21] = [
    "k8s_deployment_name",
    "k8s_pod_name",
    "k8s_statefulset_name",
    "deployment",
    "statefulset",
    "daemonset",
    "job_name",
    "cronjob",
    "pod",
    "pod_name",
    "service",
    "service_name",
    "app",
    "app_kubernetes_io_name",
    "workload",
    "container",
    "component",
    "destination_workload",
    "source_workload",
    "destination_service_name",
    "job",
];

/// One workload that is not well. What a cause's `weigh` reads.
///
/// [`Case::containers`] holds only the containers in trouble, so that a cause cannot blame one that has
/// long recovered; the rest is at hand through [`Case::pods`] and [`Case::world`].
pub struct Case<'a> {
    world: &'a World<'a>,
    object: &'a ObjectRef,
    pods: Vec<PodView<'a>>,
    troubled: Vec<ContainerView<'a>>,
    events: Vec<EventView<'a>>,
    health: &'a Health,
    rollout: Option<&'a Rollout>,
    revisions: Option<&'a Revisions<'a>>,
    endings: OnceCell<Vec<Ending<'a>>>,
    quiet: bool,
}

impl<'a> Case<'a> {
    pub(super) fn new(
        world: &'a World<'a>,
        object: &'a ObjectRef,
        health: &'a Health,
        rollout: Option<&'a Rollout>,
        revisions: Option<&'a Revisions<'a>>,
    ) -> Self {
        let pods = world.pods_of(object);
        let troubled = troubled(object, &pods);
        let events = world.events_of_workload(object);
        let endings = OnceCell::new();
        let quiet = false;
        Self { world, object, pods, troubled, events, health, rollout, revisions, endings, quiet }
    }

    /// The case of a workload that is well by every count: its containers that run, for what they complain
    /// of while they run.
    pub(super) fn quiet(
        world: &'a World<'a>,
        object: &'a ObjectRef,
        health: &'a Health,
        rollout: Option<&'a Rollout>,
        revisions: Option<&'a Revisions<'a>>,
    ) -> Self {
        let mut case = Self::new(world, object, health, rollout, revisions);
        let running = |it: &ContainerView<'a>| it.is_running() && it.is_ready() && !it.is_init();
        let pods = case.pods.iter().filter(|pod| !pod.is_terminating());
        case.troubled = pods.flat_map(|pod| pod.containers()).filter(running).collect();
        case.quiet = true;
        case
    }

    /// Whether nothing is wrong with it but what it says.
    pub(super) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// The alerts that fire and name it or one of its pods.
    pub(super) fn alerts(&self) -> impl Iterator<Item = &'a AlertFact> {
        self.evidence().alerts.iter().filter(|alert| {
            let keys = ["exported_namespace", "namespace", "kubernetes_namespace"];
            let space = keys.iter().find_map(|key| alert.labels.get(*key));
            space.is_none_or(|space| *space == self.object.namespace) && self.is_named_by(alert)
        })
    }

    fn is_named_by(&self, alert: &AlertFact) -> bool {
        let about = |key: &str| NAMING.contains(&key.trim_start_matches("exported_"));
        let serves = |value: &str| self.health.services.iter().any(|it| it.name == value);
        let mine = |value: &str| value == self.object.name || self.is_pod(value) || serves(value);
        alert.labels.iter().any(|(key, value)| about(key) && mine(value))
    }

    fn is_pod(&self, name: &str) -> bool {
        self.pods.iter().any(|pod| pod.name() == name)
    }

    /// The workload: the root owner.
    pub fn object(&self) -> &'a ObjectRef {
        self.object
    }

    /// Its namespace.
    pub fn namespace(&self) -> &'a str {
        &self.object.namespace
    }

    /// When the evidence was taken: the only clock.
    pub fn now(&self) -> Timestamp {
        self.world.now()
    }

    /// Its health.
    pub fn health(&self) -> &'a Health {
        self.health
    }

    /// The rollout that lines up with the failure, with what it changed.
    pub fn rollout(&self) -> Option<&'a Rollout> {
        self.rollout
    }

    /// The pod template of the revision before the newest, the last one that worked as far as is known;
    /// with its number. Whether the failure lines up with a rollout does not matter here.
    pub fn previous_revision(&self) -> Option<(&'a str, &'a PodTemplateSpec)> {
        let before = self.revisions?.before.as_ref()?;
        Some((before.number(), before.template.as_ref()))
    }

    /// The number of the revision before, where it asks for the same thing: a roll-back would then fail
    /// the same way. Give it to a hypothesis as the fact `previous`.
    pub fn previous_if(&self, asks: impl Fn(&PodSpec) -> bool) -> Option<&'a str> {
        let (number, template) = self.previous_revision()?;
        template.spec.as_ref().is_some_and(asks).then_some(number)
    }

    /// Its pods, in order of their names, finished and terminating ones included.
    pub fn pods(&self) -> &[PodView<'a>] {
        &self.pods
    }

    /// Its containers in trouble, the worst first; init containers among them, because what waits for
    /// them is not at fault.
    pub fn containers(&self) -> impl Iterator<Item = ContainerView<'a>> {
        self.troubled.iter().copied()
    }

    /// Its events and those of its ReplicaSets, Jobs and pods, oldest first; only of living objects.
    pub fn events(&self) -> &[EventView<'a>] {
        &self.events
    }

    /// Those of its events with that reason.
    pub fn events_with(&self, reason: &str) -> impl Iterator<Item = EventView<'a>> {
        self.events.iter().copied().filter(move |event| event.reason() == reason)
    }

    /// Everything else that was seen: other workloads, Services, ConfigMaps, nodes.
    pub fn world(&self) -> &'a World<'a> {
        self.world
    }

    /// The evidence itself, for the question whether a source was read at all.
    pub fn evidence(&self) -> &'a Evidence {
        self.world.evidence()
    }

    /// The logs of the containers in trouble, each with its container, one for each distinct text: ten
    /// replicas that say the same are read once.
    pub fn logs(&self) -> Vec<(ContainerView<'a>, LogView<'a>)> {
        let mut found: Vec<(ContainerView<'a>, LogView<'a>)> = Vec::new();
        for container in self.containers() {
            let Some(log) = container.log() else { continue };
            if !found.iter().any(|(_, other)| other.text == log.text) {
                found.push((container, log));
            }
        }
        found
    }

    /// What the kubelet and the runtime say about its containers that do not start: waiting messages and
    /// warnings.
    pub fn told(&self) -> Vec<Told<'a>> {
        told::all(self)
    }

    /// Its containers whose image cannot be pulled, each with the plainest words about why.
    pub fn pull_faults(&self) -> Vec<(Told<'a>, PullFault)> {
        let mut found: Vec<(Told<'a>, PullFault)> = Vec::new();
        for told in self.told() {
            let about_images = told.container.waiting().is_some_and(|(reason, _)| {
                ["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"]
                    .contains(&reason)
                    || reason.contains("Image")
                    || reason == "RegistryUnavailable"
            });
            let known =
                found.iter().any(|(other, _)| other.container.name() == told.container.name());
            if let Some(fault) =
                pull_fault(told.text, told.container.image()).filter(|_| about_images && !known)
            {
                found.push((told, fault));
            }
        }
        found
    }

    /// The image of that container in the revision before.
    pub fn previous_image(&self, container: &str) -> Option<&'a str> {
        let (_, template) = self.previous_revision()?;
        let spec = template.spec.as_ref()?;
        let mut all = spec.init_containers.iter().flatten().chain(&spec.containers);
        all.find(|it| it.name == container)?.image.as_deref()
    }

    /// The number of the revision before, if that holds for it.
    pub fn previous_number_if(&self, holds: bool) -> Option<&'a str> {
        self.previous_revision().map(|(number, _)| number).filter(|_| holds)
    }

    /// How the containers in trouble ended, by their logs and exit codes; read once for all causes.
    pub(super) fn endings(&self) -> &[Ending<'a>] {
        self.endings.get_or_init(|| endings(self))
    }

    /// The names of the Secrets of its namespace, or why they are not known.
    pub fn secrets(&self) -> Source<Vec<&'a KeyedObject>> {
        names_of(&self.evidence().secrets, self.namespace())
    }

    /// The ConfigMaps of its namespace, or why they are not known.
    pub fn config_maps(&self) -> Source<Vec<&'a KeyedObject>> {
        names_of(&self.evidence().config_maps, self.namespace())
    }
}

/// The containers in trouble, the worst first. Pods that have finished speak only for workloads that
/// keep them (Jobs, bare pods) or where no living pod is left to speak.
fn troubled<'a>(object: &ObjectRef, pods: &[PodView<'a>]) -> Vec<ContainerView<'a>> {
    let keeps = matches!(object.kind.as_str(), "Job" | "CronJob" | "Pod");
    let living = pods.iter().any(|pod| !pod.is_over() && !pod.is_terminating());
    let speaks = |pod: &&PodView<'a>| keeps || !living || !(pod.is_over() || pod.is_terminating());
    let mut found: Vec<(Trouble, ContainerView<'a>)> = pods
        .iter()
        .filter(speaks)
        .flat_map(|pod| pod.containers())
        .filter_map(|container| Some((container.trouble()?, container)))
        .collect();
    // Newest pod first within one kind of trouble: it is of the newest revision.
    found.sort_by(|(a, x), (b, y)| {
        let age = |c: &ContainerView<'_>| c.pod().created();
        b.cmp(a).then_with(|| age(y).cmp(&age(x))).then_with(|| x.pod().name().cmp(y.pod().name()))
    });
    found.into_iter().map(|(_, container)| container).collect()
}

fn names_of<'a>(
    source: &'a Source<Vec<KeyedObject>>,
    namespace: &str,
) -> Source<Vec<&'a KeyedObject>> {
    match source {
        Source::Read(all) => {
            Source::Read(all.iter().filter(|object| object.namespace == namespace).collect())
        }
        Source::Unavailable(why) => Source::Unavailable(why.clone()),
    }
}
