//! One pod and its containers, as a cause wants to ask about them.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{
    Container, ContainerState, ContainerStateTerminated, ContainerStatus, Pod, PodCondition,
    PodSpec, PodStatus,
};

use super::event::EventView;
use super::world::{World, created, name, namespace};
use super::{Instance, Log, Proof};

/// Waiting reasons of a container that has only not begun yet.
const NOT_YET: [&str; 2] = ["ContainerCreating", "PodInitializing"];

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
                specs(init).iter().map(move |spec| ContainerView {
                    pod: self,
                    init,
                    spec,
                    status: statuses(init).iter().find(|status| status.name == spec.name),
                })
            })
            .collect()
    }
}

/// One container of one pod. Cheap to copy.
#[derive(Clone, Copy)]
pub struct ContainerView<'a> {
    pod: PodView<'a>,
    init: bool,
    spec: &'a Container,
    status: Option<&'a ContainerStatus>,
}

/// What keeps a container from being well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// It runs, for now: it ended a moment ago and has not outlived its last run.
    Unsettled,
    /// It runs and is not ready.
    NotReady,
    /// It has not begun, and events say why, or it takes too long.
    NotStarted,
    /// It ended and is not (yet) started again.
    Ended,
    /// It waits for a bad reason: `CrashLoopBackOff`, `ImagePullBackOff`.
    Waits,
}

/// How one run of a container ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    state: &'a ContainerStateTerminated,
}

impl<'a> Ended<'a> {
    /// The exit code.
    pub fn exit_code(self) -> i32 {
        self.state.exit_code
    }

    /// `Error`, `Completed`, `OOMKilled`, `StartError`, `ContainerCannotRun`.
    pub fn reason(self) -> &'a str {
        self.state.reason.as_deref().unwrap_or_default()
    }

    /// The termination message, or the runtime's own words.
    pub fn message(self) -> Option<&'a str> {
        self.state.message.as_deref().filter(|message| !message.is_empty())
    }

    /// When the run began.
    pub fn started_at(self) -> Option<Timestamp> {
        // A container that never ran carries the epoch here.
        self.state.started_at.as_ref().map(|time| time.0).filter(|at| *at > Timestamp::UNIX_EPOCH)
    }

    /// When the run ended.
    pub fn finished_at(self) -> Option<Timestamp> {
        self.state.finished_at.as_ref().map(|time| time.0).filter(|at| *at > Timestamp::UNIX_EPOCH)
    }

    /// How long the run lasted.
    pub fn lasted(self) -> Option<SignedDuration> {
        Some(self.finished_at()?.duration_since(self.started_at()?))
    }

    fn container_id(self) -> Option<&'a str> {
        self.state.container_id.as_deref().filter(|id| !id.is_empty())
    }
}

impl<'a> ContainerView<'a> {
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
        Some(Ended { state })
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
        let ended = self.last_ended()?;
        let place = format!("last state of {}/{}", self.pod.name(), self.name());
        let message = ended.message().or(self.waiting().map(|(_, text)| text)).unwrap_or_default();
        if ended.reason() == "OOMKilled" {
            let fact = format!("its last run ended with exit code {}", ended.exit_code());
            return Some(Proof::quoted(fact, ended.reason(), place));
        }
        let at_start = message.contains("container init was OOM-killed");
        at_start.then(|| Proof::quoted("the runtime could not even start it", message, place))
    }

    /// The events of the node it runs on.
    pub fn node_events(self) -> Vec<EventView<'a>> {
        let node = self.pod.node_name().unwrap_or_default();
        self.pod.world.events_named(&super::ObjectRef::new("Node", "", node))
    }

    /// The log of the newest ended run, or of the present run where none has ended.
    pub fn log(self) -> Option<LogView<'a>> {
        self.log_of(self.wanted_instance()).or_else(|| {
            // While a container waits both names mean one run; either answer will do. While it runs they
            // do not, and the present run says nothing about how the last one ended.
            let one_run = !self.is_running();
            one_run.then(|| {
                self.log_of(Instance::Previous).or_else(|| self.log_of(Instance::Current))
            })?
        })
    }

    /// The log of the present run, where one runs.
    pub fn running_log(self) -> Option<LogView<'a>> {
        self.is_running().then(|| self.log_of(Instance::Current))?
    }

    /// Why the log that [`Self::log`] would return could not be read.
    pub fn log_unavailable(self) -> Option<String> {
        if self.log().is_some() {
            return None;
        }
        let wanted = self.wanted_instance();
        let found = self.logs().find(|log| log.instance == wanted).or_else(|| self.logs().next());
        Some(match found {
            Some(log) => log.text.unavailable().unwrap_or("it is empty").to_owned(),
            None => "it is not in the evidence".to_owned(),
        })
    }

    /// `previous log of web-7d9`, with the container where the pod has several.
    pub fn log_name(self) -> String {
        self.label(self.wanted_instance())
    }

    fn state(self) -> Option<&'a ContainerState> {
        self.status?.state.as_ref()
    }

    fn logs(self) -> impl Iterator<Item = &'a Log> {
        let logs = self.pod.world.logs_of(&self.pod.pod.metadata);
        logs.iter().copied().filter(move |log| log.container == self.spec.name)
    }

    /// Which log tells of the newest ended run: `kubectl logs` while that run is still the container's
    /// state, `kubectl logs --previous` once another has begun or is waited for.
    fn wanted_instance(self) -> Instance {
        let ended_before = self.status.is_some_and(|status| {
            let last = status.last_state.as_ref().and_then(|state| state.terminated.as_ref());
            let now = status.state.as_ref().and_then(|state| state.terminated.as_ref());
            last.is_some() && now.is_none()
        });
        if ended_before { Instance::Previous } else { Instance::Current }
    }

    fn log_of(self, instance: Instance) -> Option<LogView<'a>> {
        let id = self.last_ended().and_then(Ended::container_id);
        let by_id = (instance == self.wanted_instance() && id.is_some())
            .then(|| self.logs().find(|log| log.container_id.as_deref() == id && has_text(log)))
            .flatten();
        let log = by_id.or_else(|| self.logs().find(|l| l.instance == instance && has_text(l)))?;
        let text = log.text.read()?;
        Some(LogView { name: self.label(instance), text, cut: log.cut })
    }

    fn label(self, instance: Instance) -> String {
        let which = match instance {
            Instance::Previous => "previous log",
            Instance::Current => "log",
        };
        let several = self.pod.containers().len() > 1;
        let container = if several { format!("/{}", self.name()) } else { String::new() };
        format!("{which} of {}{container}", self.pod.name())
    }

    /// Whether it waits for nothing worse than its turn.
    pub(super) fn is_not_yet(self) -> bool {
        match self.waiting() {
            Some((reason, _)) => reason.is_empty() || NOT_YET.contains(&reason),
            None => self.state().is_none_or(|s| s.running.is_none() && s.terminated.is_none()),
        }
    }
}

fn has_text(log: &Log) -> bool {
    log.text.read().is_some_and(|text| !text.trim().is_empty())
}

/// The log of one run.
#[derive(Clone, Debug)]
pub struct LogView<'a> {
    /// `previous log of web-7d9`.
    pub name: String,
    /// The text: the end of the log, already redacted.
    pub text: &'a str,
    /// Whether its beginning was cut off.
    pub cut: bool,
}

impl LogView<'_> {
    /// Where line `number` (from 1) stands: `previous log of web-7d9, line 214`.
    pub fn source(&self, number: u64) -> String {
        if self.cut {
            return format!("{}, line {number} of its end", self.name);
        }
        format!("{}, line {number}", self.name)
    }

    /// A line of this log as proof of `fact`.
    pub fn proof(&self, fact: impl Into<String>, quote: impl Into<String>, number: u64) -> Proof {
        Proof::quoted(fact, quote, self.source(number))
    }
}
