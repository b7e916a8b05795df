//! One container of one pod, as a cause wants to ask about it.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Container, ContainerState, ContainerStatus};

use super::Proof;
use super::ended::Ended;
use super::event::EventView;
use super::pod::PodView;
use super::trouble::Trouble;

/// Waiting reasons of a container that has only not begun yet.
const NOT_YET: [&str; 2] = ["ContainerCreating", "PodInitializing"];

/// What runc says where the memory limit is too small even for its own start.
const OOM_AT_START: &str = "container init was OOM-killed";

/// One container of one pod. Cheap to copy.
#[derive(Clone, Copy)]
pub struct ContainerView<'a> {
    pod: PodView<'a>,
    init: bool,
    spec: &'a Container,
    status: Option<&'a ContainerStatus>,
}

impl<'a> ContainerView<'a> {
    pub(super) fn new(
        pod: PodView<'a>,
        init: bool,
        spec: &'a Container,
        status: Option<&'a ContainerStatus>,
    ) -> Self {
        Self { pod, init, spec, status }
    }

    /// Its name.
    pub fn name(self) -> &'a str {
        &self.spec.name
    }

    /// Its pod.
    pub fn pod(self) -> PodView<'a> {
        self.pod
    }

    /// Whether it is an init container that must end before the others begin.
    pub fn is_init(self) -> bool {
        self.init && !self.is_sidecar()
    }

    /// Whether it is an init container that runs beside the others (`restartPolicy: Always`).
    pub fn is_sidecar(self) -> bool {
        self.init && self.spec.restart_policy.as_deref() == Some("Always")
    }

    /// Whether it has ended well: what comes after an init container may begin.
    pub(super) fn is_done(self) -> bool {
        self.state().and_then(|state| state.terminated.as_ref()).is_some_and(|it| it.exit_code == 0)
    }

    /// Whether it is a sidecar that runs and has not started yet: what comes after it waits.
    pub(super) fn is_starting_sidecar(self) -> bool {
        self.is_sidecar()
            && self.is_running()
            && self.status().is_some_and(|status| status.started == Some(false))
    }

    /// Its spec.
    pub fn spec(self) -> &'a Container {
        self.spec
    }

    /// Its status, where the kubelet has reported one.
    pub fn status(self) -> Option<&'a ContainerStatus> {
        self.status
    }

    /// The image it is to run.
    pub fn image(self) -> &'a str {
        self.spec.image.as_deref().unwrap_or_default()
    }

    /// How often it was restarted.
    pub fn restarts(self) -> i32 {
        self.status.map_or(0, |status| status.restart_count)
    }

    /// Whether it is ready.
    pub fn is_ready(self) -> bool {
        self.status.is_some_and(|status| status.ready)
    }

    /// Whether it would be started again after a successful end.
    pub fn runs_forever(self) -> bool {
        let policy = self.pod.spec().and_then(|spec| spec.restart_policy.as_deref());
        !self.is_init() && (self.is_sidecar() || policy.unwrap_or("Always") == "Always")
    }

    /// Why it waits: reason and message (either may be empty).
    pub fn waiting(self) -> Option<(&'a str, &'a str)> {
        let waiting = self.state()?.waiting.as_ref()?;
        let reason = waiting.reason.as_deref().unwrap_or_default();
        Some((reason, waiting.message.as_deref().unwrap_or_default()))
    }

    /// The message it waits with, where it waits for that reason.
    pub fn waits_for(self, reason: &str) -> Option<&'a str> {
        self.waiting().filter(|(waits, _)| *waits == reason).map(|(_, message)| message)
    }

    /// Since when its present run runs.
    pub fn running_since(self) -> Option<Timestamp> {
        self.state()?.running.as_ref()?.started_at.as_ref().map(|time| time.0)
    }

    /// Whether it runs now.
    pub fn is_running(self) -> bool {
        self.state().is_some_and(|state| state.running.is_some())
    }

    /// The newest end of a run: of this one where it has ended, else of the one before.
    pub fn last_ended(self) -> Option<Ended<'a>> {
        let of = |state: Option<&'a ContainerState>| state?.terminated.as_ref();
        let state = of(self.state()).or_else(|| of(self.status?.last_state.as_ref()))?;
        Some(Ended::new(state))
    }

    /// The exit code of the newest ended run.
    pub fn exit_code(self) -> Option<i32> {
        self.last_ended().map(Ended::exit_code)
    }

    /// What keeps it from being well, if anything does. Init containers that have done their work, and
    /// containers that have settled after a restart, are well.
    pub fn trouble(self) -> Option<Trouble> {
        super::trouble::of(self)
    }

    /// Events about this container: those that name it, and those that name the pod as a whole.
    pub fn events(self) -> Vec<EventView<'a>> {
        let mut events = self.pod.events();
        events.retain(|event| event.container().is_none_or(|container| container == self.name()));
        events
    }

    /// What says that its newest run was killed for memory, by whichever OOM killer.
    pub fn oom_killed(self) -> Option<Proof> {
        let Some(ended) = self.last_ended() else { return self.oom_killed_at_start() };
        let place = format!("last state of {}/{}", self.pod.name(), self.name());
        let message = ended.message().or(self.waiting().map(|(_, text)| text)).unwrap_or_default();
        if ended.reason() == "OOMKilled" {
            let fact = format!("its last run ended with exit code {}", ended.exit_code());
            return Some(Proof::quoted(fact, ended.reason(), place));
        }
        let told = "the runtime could not even start it";
        if message.contains(OOM_AT_START) {
            return Some(Proof::quoted(told, message, place));
        }
        None
    }

    /// What says that its pod's sandbox was killed for memory before any container began.
    fn oom_killed_at_start(self) -> Option<Proof> {
        let newest_first = self.events().into_iter().rev();
        let mut told = newest_first.filter(|event| event.message().contains(OOM_AT_START));
        told.next().map(|event| event.proof("the runtime could not even start its pod"))
    }

    /// The events of the node it runs on.
    pub fn node_events(self) -> Vec<EventView<'a>> {
        let node = self.pod.node_name().unwrap_or_default();
        self.pod.world().events_named(&super::ObjectRef::new("Node", "", node))
    }

    fn state(self) -> Option<&'a ContainerState> {
        self.status?.state.as_ref()
    }

    /// Whether it waits for nothing worse than its turn.
    pub(super) fn is_not_yet(self) -> bool {
        match self.waiting() {
            Some((reason, _)) => reason.is_empty() || NOT_YET.contains(&reason),
            None => self.state().is_none_or(|s| s.running.is_none() && s.terminated.is_none()),
        }
    }
}
