//! One pod, as a cause wants to ask about it.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Pod, PodCondition, PodSpec, PodStatus};

use super::container::ContainerView;
use super::event::EventView;
use super::world::{World, created, name, namespace};

/// One living or finished pod. Cheap to copy.
#[derive(Clone, Copy)]
pub struct PodView<'a> {
    world: &'a World<'a>,
    pod: &'a Pod,
}

impl<'a> PodView<'a> {
    pub(super) fn new(world: &'a World<'a>, pod: &'a Pod) -> Self {
        Self { world, pod }
    }

    /// The object itself.
    pub fn object(self) -> &'a Pod {
        self.pod
    }

    /// Its name.
    pub fn name(self) -> &'a str {
        name(&self.pod.metadata)
    }

    /// Its namespace.
    pub fn namespace(self) -> &'a str {
        namespace(&self.pod.metadata)
    }

    /// Its spec, where the evidence has it.
    pub fn spec(self) -> Option<&'a PodSpec> {
        self.pod.spec.as_ref()
    }

    /// Its status, where the evidence has it.
    pub fn status(self) -> Option<&'a PodStatus> {
        self.pod.status.as_ref()
    }

    /// `Pending`, `Running`, `Succeeded`, `Failed`.
    pub fn phase(self) -> &'a str {
        self.status().and_then(|status| status.phase.as_deref()).unwrap_or_default()
    }

    /// Why the pod as a whole failed: `Evicted`, `NodeLost`.
    pub fn reason(self) -> Option<&'a str> {
        self.status()?.reason.as_deref()
    }

    /// The node it runs on.
    pub fn node_name(self) -> Option<&'a str> {
        self.spec()?.node_name.as_deref()
    }

    /// When it was created.
    pub fn created(self) -> Option<Timestamp> {
        created(&self.pod.metadata)
    }

    /// Whether somebody or something has asked for its deletion.
    pub fn is_terminating(self) -> bool {
        self.pod.metadata.deletion_timestamp.is_some()
    }

    /// Whether it has finished, well or badly, and will not run again.
    pub fn is_over(self) -> bool {
        matches!(self.phase(), "Succeeded" | "Failed")
    }

    /// Whether its condition `Ready` is true.
    pub fn is_ready(self) -> bool {
        self.condition("Ready").is_some_and(|condition| condition.status == "True")
    }

    /// A condition of its status by type: `PodScheduled`.
    pub fn condition(self, kind: &str) -> Option<&'a PodCondition> {
        let conditions = self.status()?.conditions.as_deref()?;
        conditions.iter().find(|condition| condition.type_ == kind)
    }

    /// Whether it is held back on purpose by a scheduling gate.
    pub fn is_gated(self) -> bool {
        let scheduled = self.condition("PodScheduled");
        scheduled.and_then(|condition| condition.reason.as_deref()) == Some("SchedulingGated")
    }

    pub(super) fn taken_at(self) -> Timestamp {
        self.world.now()
    }

    pub(super) fn world(self) -> &'a World<'a> {
        self.world
    }

    /// Its events, oldest first.
    pub fn events(self) -> Vec<EventView<'a>> {
        self.world.events_of("Pod", &self.pod.metadata)
    }

    /// Its containers: init containers first, then the others, in the order of the spec.
    pub fn containers(self) -> Vec<ContainerView<'a>> {
        let status = self.status();
        let statuses = |init: bool| {
            let list = status.and_then(|s| {
                if init {
                    s.init_container_statuses.as_deref()
                } else {
                    s.container_statuses.as_deref()
                }
            });
            list.unwrap_or_default()
        };
        let specs = |init: bool| {
            self.spec().map_or(&[][..], |spec| {
                if init {
                    spec.init_containers.as_deref().unwrap_or_default()
                } else {
                    &spec.containers
                }
            })
        };
        [true, false]
            .into_iter()
            .flat_map(|init| {
                specs(init).iter().map(move |spec| {
                    let status = statuses(init).iter().find(|status| status.name == spec.name);
                    ContainerView::new(self, init, spec, status)
                })
            })
            .collect()
    }
}
