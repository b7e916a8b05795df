//! What keeps a container from being well.

use jiff::SignedDuration;

use super::container::ContainerView;
use super::event::EventView;
use super::log::{endpoint_in, host_and_port};

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

/// A container that has ended lately must outlive its last run by half before it counts as well again:
/// between two crashes it is `Running`, often even ready. At least this long: a run of two seconds, seen
/// three seconds after its start, has proved nothing.
const SETTLES_AFTER_AT_LEAST: SignedDuration = SignedDuration::from_secs(30);

/// At most this long: one restart of a service that had run for a month is over after ten minutes.
const SETTLES_AFTER_AT_MOST: SignedDuration = SignedDuration::from_mins(10);

/// At most this long where it ends again and again.
const LONGEST_PERIOD: SignedDuration = SignedDuration::from_hours(6);

/// How long a new pod may take to start before that alone is a fault. Shorter would report every
/// rollout; longer would hide pods that never start.
pub(super) const MAY_START_FOR: SignedDuration = SignedDuration::from_mins(2);

/// How long after its grace period a pod that is deleted may still be there: its volumes and its sandbox are
/// taken down.
pub(super) const MAY_LINGER_FOR: SignedDuration = SignedDuration::from_secs(60);

/// How long an init container may run before it counts as hung. Migrations and downloads take minutes;
/// what takes longer than this deserves a look even if it is at work.
const MAY_INITIALISE_FOR: SignedDuration = SignedDuration::from_mins(5);

/// How long an init container may say the same again and again: it waits, and whoever waits for it may know.
const MAY_REPEAT_FOR: SignedDuration = SignedDuration::from_secs(30);

/// So many of its last lines say the same.
const REPEATED: usize = 4;

/// Events that say why a container that has not begun does not begin.
const KEEPS_FROM_STARTING: [&str; 9] = [
    "Failed",
    "FailedMount",
    "FailedAttachVolume",
    "FailedCreatePodSandBox",
    "FailedScheduling",
    "FailedMapVolume",
    "FailedPrepareDynamicResources",
    "NetworkNotReady",
    "InspectFailed",
];

pub(super) fn of(container: ContainerView<'_>) -> Option<Trouble> {
    if container.is_not_yet() {
        return does_not_start(container).then_some(Trouble::NotStarted);
    }
    if container.waiting().is_some() {
        return Some(Trouble::Waits);
    }
    if container.is_running() {
        return of_running(container);
    }
    let code = container.exit_code()?;
    let done = code == 0 && !container.runs_forever();
    (!done).then_some(Trouble::Ended)
}

fn of_running(container: ContainerView<'_>) -> Option<Trouble> {
    if unsettled_for(container).is_some() {
        return Some(Trouble::Unsettled);
    }
    if container.is_ready() || container.pod().is_terminating() {
        return None;
    }
    if container.is_init() {
        let waits = repeats_itself(container) || awaits_nothing(container);
        let may = if waits { MAY_REPEAT_FOR } else { MAY_INITIALISE_FOR };
        let long = age(container).is_some_and(|age| age >= may);
        return long.then_some(Trouble::NotReady);
    }
    let unready = container.events().iter().any(is_failed_probe);
    let young = age(container).is_none_or(|age| age < MAY_START_FOR);
    (unready || !young).then_some(Trouble::NotReady)
}

/// Whether its last lines are all the same but for their numbers: `waiting for db:5432 (17)`.
fn repeats_itself(container: ContainerView<'_>) -> bool {
    let Some(log) = container.running_log() else { return false };
    let words = |line: &str| -> String {
        line.chars().filter(|letter| letter.is_alphabetic() || *letter == '-').collect()
    };
    let newest = log.text.lines().rev().map(str::trim).filter(|line| !line.is_empty());
    let last: Vec<String> = newest.take(REPEATED).map(words).collect();
    last.len() == REPEATED && last.iter().all(|line| *line == last[0] && !line.is_empty())
}

/// Whether its last line names a Service that cannot answer.
fn awaits_nothing(container: ContainerView<'_>) -> bool {
    let pod = container.pod();
    let Some(log) = container.running_log() else { return false };
    let last = log.text.lines().rev().find(|line| !line.trim().is_empty());
    let Some(endpoint) = last.and_then(endpoint_in) else { return false };
    let (host, _) = host_and_port(&endpoint);
    pod.world().cannot_answer(pod.namespace(), host).is_some()
}

/// For how much longer a running container must run before its last end is history.
pub(super) fn unsettled_for(container: ContainerView<'_>) -> Option<SignedDuration> {
    let ended = container.last_ended()?;
    let since = container.running_since()?;
    let now = container.pod().taken_at();
    let lasted = ended.lasted().unwrap_or(SETTLES_AFTER_AT_MOST);
    let most = if is_periodic(container, lasted) { LONGEST_PERIOD } else { SETTLES_AFTER_AT_MOST };
    let needed = (lasted + lasted / 2).clamp(SETTLES_AFTER_AT_LEAST, most);
    let left = needed - now.duration_since(since);
    left.is_positive().then_some(left)
}

/// Whether it ends badly again and again, about as often as its last run took: a leak that kills every forty
/// minutes is not cured after ten.
fn is_periodic(container: ContainerView<'_>, lasted: SignedDuration) -> bool {
    let bad = container.last_ended().is_some_and(|ended| ended.exit_code() != 0);
    let restarts = container.restarts();
    let Some(age) = age_of(container.pod()).filter(|_| bad && restarts >= 3) else { return false };
    // Runs of seconds are told by the back-off.
    lasted >= SETTLES_AFTER_AT_MOST / 2 && age / restarts <= lasted + lasted / 2
}

fn age_of(pod: super::PodView<'_>) -> Option<SignedDuration> {
    Some(pod.taken_at().duration_since(pod.created()?))
}

fn does_not_start(container: ContainerView<'_>) -> bool {
    let pod = container.pod();
    if pod.is_terminating() || pod.is_over() || pod.is_gated() {
        return false;
    }
    // An init container that has not ended is what the others wait for; they are not at fault.
    // Nor is what waits for a sidecar that has not passed its startup probe.
    let mut earlier =
        pod.containers().into_iter().take_while(|other| other.name() != container.name());
    if earlier.any(|other| (other.is_init() && !other.is_done()) || other.is_starting_sidecar()) {
        return false;
    }
    let said = container.events().iter().any(|event| {
        event.is_warning() && KEEPS_FROM_STARTING.contains(&event.reason()) && !is_noise(event)
    });
    said || age(container).is_some_and(|age| age >= MAY_START_FOR)
}

/// Healthy pods show these too, for a second or two after they were created.
fn is_noise(event: &EventView<'_>) -> bool {
    event.message().contains("failed to sync") && event.message().contains("cache")
}

fn is_failed_probe(event: &EventView<'_>) -> bool {
    event.reason() == "Unhealthy" && event.count() >= 3
}

fn age(container: ContainerView<'_>) -> Option<SignedDuration> {
    let began = container.running_since().or_else(|| container.pod().created())?;
    Some(container.pod().taken_at().duration_since(began))
}
