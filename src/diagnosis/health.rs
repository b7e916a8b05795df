//! The health of one workload, in one place: what recovery is verified on, and what decides that
//! something is a fault. Absence of data is never health.

mod kinds;
mod things;

pub(super) use kinds::template_labels;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Service;

use super::container::ContainerView;
use super::eviction::{is_refusal, message, still_counts};
use super::pod::PodView;
use super::rollout::revisions;
use super::trouble::{MAY_START_FOR, Trouble, unsettled_for};
use super::world::World;
use super::{
    Evidence, Health, Neighbours, ObjectRef, Presence, RestartCount, ServiceHealth, Waiting,
};

/// The health of one workload (a root owner), as the evidence shows it.
pub fn health(evidence: &Evidence, object: &ObjectRef) -> Health {
    let world = World::new(evidence);
    let neighbours = neighbours(&world, &object.namespace);
    Checkup::of(&world, object).into_health(neighbours)
}

/// How grave one line of a checkup is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grade {
    /// Something is wrong.
    Fault,
    /// Neither a fault nor health: a rollout that proceeds, a pod that has just been created.
    Settling,
    /// It could not be seen.
    Unknown,
}

/// A health in the making, with the grade of each line.
pub(super) struct Checkup {
    health: Health,
    lines: Vec<(Grade, String)>,
}

impl Checkup {
    pub(super) fn of(world: &World<'_>, object: &ObjectRef) -> Self {
        let mut checkup = Self { health: Health::default(), lines: Vec::new() };
        kinds::check(&mut checkup, world, object);
        if checkup.health.presence == Presence::Present {
            let pods = kinds::speaking_pods(world, object);
            checkup.check_containers(&pods);
            checkup.check_placement(&pods);
            let ready = ready_since(&checkup.health, &pods);
            checkup.health.ready_since = checkup.health.ready_since.or(ready);
        }
        let pods = world.pods_of(object);
        checkup.check_evictions(&pods);
        checkup.health.restarts = restarts(&pods);
        if checkup.health.services.is_empty() {
            checkup.health.services = services(world, object, &pods);
        }
        checkup.health.revision = revisions(world, object).map(|it| it.newest.named());
        checkup
    }

    /// Whether something is wrong, as far as can be seen.
    pub(super) fn is_fault(&self) -> bool {
        self.lines.iter().any(|(grade, _)| *grade == Grade::Fault)
    }

    /// Whether all that can be said against it is that it is not finished yet.
    pub(super) fn is_settling(&self) -> bool {
        self.health.presence == Presence::Present
            && self.lines.iter().all(|(grade, _)| *grade == Grade::Settling)
    }

    /// The health; `neighbours` are those of the namespace, counted once for all its workloads.
    pub(super) fn into_health(mut self, neighbours: Option<Neighbours>) -> Health {
        // A workload between two crashes has all its pods ready, and is not well for that.
        let uncounted = self.health.ready >= self.health.desired
            && self.lines.iter().any(|(grade, _)| *grade == Grade::Fault);
        self.health.neighbours = neighbours.map(|count| Neighbours {
            failing: (count.failing + usize::from(uncounted)).min(count.total),
            ..count
        });
        // The gravest first; within one grade in the order they were found.
        self.lines.sort_by_key(|(grade, _)| *grade as u8);
        self.health.failing = self.lines.into_iter().map(|(_, line)| line).collect();
        self.health
    }

    fn add(&mut self, grade: Grade, line: impl Into<String>) {
        self.lines.push((grade, line.into()));
    }

    fn unknown(&mut self, what: &str, why: &str) {
        self.add(Grade::Unknown, format!("unknown: {what}: {why}"));
    }

    /// Compares ready pods with what should be there; pods that are younger than they may be are given
    /// time, and so are those that come after the `leaving` ones.
    fn check_ready(
        &mut self,
        pods: &[PodView<'_>],
        leaving: usize,
        now: Timestamp,
        young_controller: bool,
    ) {
        let missing = self.health.desired - self.health.ready;
        if missing <= 0 {
            return;
        }
        let line = self.health.pods_ready();
        let may_lack = |pod: &&PodView<'_>| pod.is_gated() || is_starting(pod, now);
        let starting = pods.iter().filter(|pod| !pod.is_ready()).filter(may_lack).count();
        let lacking = usize::try_from(self.health.desired).unwrap_or(0).saturating_sub(pods.len());
        // Pods are read a moment after their controller, which may not have counted them yet.
        let ready = pods.iter().filter(|pod| pod.is_ready()).count();
        let uncounted = ready.saturating_sub(usize::try_from(self.health.ready).unwrap_or(0));
        let excused =
            starting + uncounted + if young_controller { lacking } else { lacking.min(leaving) };
        let grade = if usize::try_from(missing).is_ok_and(|missing| missing <= excused) {
            Grade::Settling
        } else {
            Grade::Fault
        };
        self.add(grade, line);
    }

    fn check_containers(&mut self, pods: &[PodView<'_>]) {
        let mut seen: Vec<(String, usize)> = Vec::new();
        for container in pods.iter().flat_map(|pod| pod.containers()) {
            let Some(trouble) = container.trouble() else { continue };
            if trouble != Trouble::Unsettled && trouble != Trouble::NotReady {
                self.health.waiting.push(Waiting {
                    pod: container.pod().name().into(),
                    container: container.name().into(),
                    reason: reason(container).into(),
                });
            }
            let line = troubled_line(container, trouble);
            match seen.iter_mut().find(|(other, _)| *other == line) {
                Some((_, count)) => *count += 1,
                None => seen.push((line, 1)),
            }
        }
        for (line, count) in seen {
            let line = if count > 1 { format!("{line} ({count} pods)") } else { line };
            self.add(Grade::Fault, line);
        }
    }

    /// Pods that were put out for what they themselves did: the next will do it again.
    fn check_evictions(&mut self, pods: &[PodView<'_>]) {
        if self.health.presence != Presence::Present {
            return;
        }
        let newest = pods.iter().filter(|pod| still_counts(pod)).max_by_key(|pod| pod.created());
        if let Some(pod) = newest {
            let line = format!("pod {} was evicted: {}", pod.name(), message(pod).trim());
            self.add(Grade::Fault, line);
        }
        let refused =
            |pod: &&PodView<'_>| pod.phase() == "Failed" && pod.reason().is_some_and(is_refusal);
        let refused = pods.iter().filter(refused).count();
        if refused > 0 && self.health.ready < self.health.desired {
            self.add(Grade::Fault, format!("{} refused by the node", count(refused, "pod")));
        }
    }

    fn check_placement(&mut self, pods: &[PodView<'_>]) {
        let unplaced: Vec<&PodView<'_>> = pods.iter().filter(|pod| is_unschedulable(pod)).collect();
        for pod in &unplaced {
            self.health.waiting.push(Waiting {
                pod: pod.name().into(),
                container: String::new(),
                reason: "Unschedulable".into(),
            });
        }
        if !unplaced.is_empty() {
            self.add(Grade::Fault, format!("{} cannot be scheduled", count(unplaced.len(), "pod")));
        }
    }
}

/// Whether the scheduler has said that it finds no node.
pub(super) fn is_unschedulable(pod: &PodView<'_>) -> bool {
    let scheduled = pod.condition("PodScheduled");
    scheduled
        .is_some_and(|it| it.status == "False" && it.reason.as_deref() == Some("Unschedulable"))
}

/// `1 pod`, `2 pods`.
pub(super) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

fn is_starting(pod: &PodView<'_>, now: Timestamp) -> bool {
    let young = pod.created().is_some_and(|at| now.duration_since(at) < MAY_START_FOR);
    young && !is_unschedulable(pod) && pod.containers().iter().all(|it| it.trouble().is_none())
}

/// The word for why a container does not run, the same whether it is seen before or in its back-off.
pub(super) fn reason(container: ContainerView<'_>) -> &str {
    match container.waiting() {
        Some(("", _)) | None => container.last_ended().map_or("NotReady", |ended| ended.reason()),
        Some((reason, _)) => reason,
    }
}

fn troubled_line(container: ContainerView<'_>, trouble: Trouble) -> String {
    let what = if container.is_init() { "init container" } else { "container" };
    let name = container.name();
    match trouble {
        Trouble::Waits => format!("{what} {name} waits: {}", reason(container)),
        Trouble::NotStarted => format!("{what} {name} has not started"),
        Trouble::NotReady => format!("{what} {name} is not ready"),
        Trouble::Ended => format!(
            "{what} {name} has ended ({}exit code {})",
            container.last_ended().map_or(String::new(), |ended| format!("{}, ", ended.reason())),
            container.exit_code().unwrap_or_default()
        ),
        Trouble::Unsettled => format!(
            "{what} {name} has just been restarted (exit code {}, {}) and must run {} more to count as settled",
            container.exit_code().unwrap_or_default(),
            count(usize::try_from(container.restarts()).unwrap_or(0), "restart"),
            words(unsettled_for(container).unwrap_or_default()),
        ),
    }
}

fn words(duration: SignedDuration) -> String {
    let seconds = duration.as_secs() + i64::from(duration.subsec_nanos() > 0);
    if seconds < 120 { format!("{seconds} s") } else { format!("{} min", (seconds + 59) / 60) }
}

fn restarts(pods: &[PodView<'_>]) -> Vec<RestartCount> {
    let living = pods.iter().filter(|pod| !pod.is_terminating());
    let containers = living.flat_map(|pod| pod.containers());
    containers
        .filter(|container| container.status().is_some())
        .map(|container| RestartCount {
            uid: container.pod().object().metadata.uid.clone().unwrap_or_default(),
            pod: container.pod().name().into(),
            container: container.name().into(),
            count: container.restarts(),
            last_started_at: container.last_ended().and_then(|ended| ended.started_at()),
            last_ended_at: container.last_ended().and_then(|ended| ended.finished_at()),
        })
        .collect()
}

fn ready_since(health: &Health, pods: &[PodView<'_>]) -> Option<Timestamp> {
    if health.desired == 0 || health.ready < health.desired {
        return None;
    }
    let ready = pods.iter().filter(|pod| pod.is_ready());
    let since = ready.filter_map(|pod| pod.condition("Ready")?.last_transition_time.as_ref());
    since.map(|time| time.0).max()
}

fn services(world: &World<'_>, object: &ObjectRef, pods: &[PodView<'_>]) -> Vec<ServiceHealth> {
    let from_pod = pods.first().and_then(|pod| pod.object().metadata.labels.as_ref());
    let Some(labels) = from_pod.or_else(|| kinds::template_labels(world, object)) else {
        return Vec::new();
    };
    let selects = |service: &&Service| {
        let selector = service.spec.as_ref().and_then(|spec| spec.selector.as_ref());
        service.metadata.namespace.as_deref().unwrap_or_default() == object.namespace
            && selector.is_some_and(|s| {
                !s.is_empty() && s.iter().all(|(key, value)| labels.get(key) == Some(value))
            })
    };
    let mut found: Vec<ServiceHealth> = world
        .evidence()
        .services
        .items()
        .iter()
        .filter(selects)
        .filter_map(|service| {
            let name = service.metadata.name.as_deref()?;
            let (ready, total) = world.endpoints(&object.namespace, name)?;
            Some(ServiceHealth { name: name.into(), ready, total })
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// How many workloads of a namespace miss replicas, by what their controllers say of themselves.
pub(super) fn neighbours(world: &World<'_>, namespace: &str) -> Option<Neighbours> {
    let rows = kinds::controller_rows(world, namespace)?;
    let failing = rows.iter().filter(|(desired, ready)| ready < desired).count();
    Some(Neighbours { failing, total: rows.len() })
}

#[cfg(test)]
mod tests;
