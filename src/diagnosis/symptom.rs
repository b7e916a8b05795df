//! What people see, in the field's own word, and since when. A symptom is never a cause.

use jiff::Timestamp;

use super::container::ContainerView;
use super::eviction::{is_refusal, still_counts};
use super::health::{is_unschedulable, reason};
use super::trouble::Trouble;
use super::{Case, EventView};

/// The symptom of a case and the rest of its sentence: `CrashLoopBackOff`, `is crash-looping`.
pub(super) fn symptom(case: &Case<'_>) -> (String, String) {
    let said = |word: &str, predicate: &str| (word.to_owned(), predicate.to_owned());
    if case.object().kind == "Pod" || case.pods().iter().all(|pod| pod.is_over()) {
        let why = |reason: &str| case.pods().iter().any(|pod| pod.reason() == Some(reason));
        if why("Evicted") {
            return said("Evicted", "was evicted");
        }
        if ["Terminated", "Shutdown", "NodeShutdown"].into_iter().any(why) {
            return said("Shutdown", "was stopped with its node");
        }
    }
    if let Some(container) = case.containers().next() {
        if case.pods().iter().any(is_unschedulable)
            && container.trouble() == Some(Trouble::NotStarted)
        {
            return said("Pending", "cannot be scheduled");
        }
        return of_container(container);
    }
    if case.pods().iter().any(is_unschedulable) {
        return said("Pending", "cannot be scheduled");
    }
    if case.pods().iter().all(|pod| pod.is_over())
        && case.pods().iter().any(|pod| pod.reason().is_some_and(is_refusal))
    {
        return said("Rejected", "is refused by the node");
    }
    if case.pods().iter().any(still_counts) {
        return said("Evicted", "was evicted");
    }
    if case.events_with("FailedCreate").next().is_some() {
        return said("FailedCreate", "cannot create pods");
    }
    match case.object().kind.as_str() {
        "Service" => match case.health().services.first().map_or(0, |it| it.ready) {
            0 => said("NoEndpoints", "has no endpoints"),
            _ => said("WrongPort", "leads to a port where nothing listens"),
        },
        "Ingress" => said("NoBackend", "leads to nothing"),
        "PersistentVolumeClaim" => said("Filling", "is nearly full"),
        "Job" => said("Failed", "has failed"),
        "CronJob"
            if case.health().failing.iter().any(|line| {
                line.contains("no other may start") || line.contains("misses its schedule")
            }) =>
        {
            said("Missed", "does not start its runs")
        }
        "CronJob" => said("Failed", "has failed its last run"),
        _ => said("NotReady", "is not ready"),
    }
}

/// One word for one state, although a crash loop is seen as `Running`, `Error` and `CrashLoopBackOff` in
/// turn, and a failing pull as `ErrImagePull` and `ImagePullBackOff`.
fn of_container(container: ContainerView<'_>) -> (String, String) {
    let word = reason(container);
    let ended = container.last_ended().map(|ended| ended.reason()).unwrap_or_default();
    let (symptom, predicate) = match word {
        "ImagePullBackOff" | "ErrImagePull" => ("ImagePullBackOff", "cannot pull its image"),
        "InvalidImageName"
        | "ErrImageNeverPull"
        | "ImageInspectError"
        | "RegistryUnavailable"
        | "SignatureValidationFailed" => (word, "cannot pull its image"),
        "StartError" | "ContainerCannotRun" => ("RunContainerError", "cannot start"),
        _ if matches!(ended, "StartError" | "ContainerCannotRun") => {
            ("RunContainerError", "cannot start")
        }
        "CrashLoopBackOff" => ("CrashLoopBackOff", "is crash-looping"),
        _ if loops(container) => ("CrashLoopBackOff", "is crash-looping"),
        "OOMKilled" => ("OOMKilled", "is killed for memory"),
        "Completed" => ("Completed", "ends instead of running"),
        "Error" => ("Error", "has crashed"),
        "" | "NotReady" => ("NotReady", "is not ready"),
        _ => (word, "cannot start"),
    };
    match (container.trouble(), container.is_init()) {
        (Some(Trouble::NotReady), _) => ("NotReady".into(), "is not ready".into()),
        (_, true) => {
            (symptom.into(), format!("{predicate} in its init container {}", container.name()))
        }
        _ => (symptom.into(), predicate.into()),
    }
}

fn loops(container: ContainerView<'_>) -> bool {
    let waits = container.waiting().is_some_and(|(reason, _)| !reason.is_empty());
    !waits && container.restarts() >= 2 && container.last_ended().is_some()
}

/// When it began, as far as the evidence reaches back.
pub(super) fn since(case: &Case<'_>) -> Option<Timestamp> {
    let of_containers = case.containers().filter_map(began).min();
    of_containers.or_else(|| {
        let reasons = ["FailedCreate", "FailedScheduling", "Evicted", "BackoffLimitExceeded"];
        let events = case.events().iter().filter(|it| reasons.contains(&it.reason()));
        let unready = case.pods().iter().filter(|pod| !pod.is_over() && !pod.is_ready());
        let transitions = unready.filter_map(|pod| {
            pod.condition("PodScheduled")
                .filter(|it| it.status == "False")
                .or_else(|| pod.condition("Ready"))?
                .last_transition_time
                .as_ref()
        });
        events.filter_map(|it| it.first_seen()).chain(transitions.map(|time| time.0)).min()
    })
}

fn began(container: ContainerView<'_>) -> Option<Timestamp> {
    let reasons: &[&str] = match container.trouble()? {
        Trouble::NotReady => return unready_since(container),
        Trouble::NotStarted => {
            &["FailedMount", "FailedScheduling", "FailedCreatePodSandBox", "Failed"]
        }
        _ => &["BackOff", "Failed", "Killing", "Unhealthy"],
    };
    // A container that ran well for long before it failed did not begin to fail at its first event.
    let told = |event: &&EventView<'_>| reasons.contains(&event.reason());
    let events = container.events();
    let first_told = events.iter().filter(told).filter_map(|it| it.first_seen()).min();
    let first_end = container.last_ended().and_then(|ended| ended.finished_at());
    let fallback = || {
        let condition = container.pod().condition("Ready")?;
        condition.last_transition_time.as_ref().map(|time| time.0).or(container.pod().created())
    };
    first_told.into_iter().chain(first_end).min().or_else(fallback)
}

fn unready_since(container: ContainerView<'_>) -> Option<Timestamp> {
    let condition = container.pod().condition("Ready").filter(|it| it.status == "False");
    condition.and_then(|it| it.last_transition_time.as_ref()).map(|time| time.0)
}
