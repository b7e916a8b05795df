//! The kubelet kills the container because its liveness or startup probe fails.

use jiff::SignedDuration;

use super::prelude::*;
use crate::diagnosis::probes::{Which, failure, kill};
use crate::diagnosis::rollout::probe_target;

pub(super) static CAUSE: Cause = Cause {
    id: "killed-by-probe",
    title: "A failing probe makes the kubelet kill the container",
    since: "0.1.0",
    reads: &[Pods, Events, Logs],
    clears: &[],
    why: "Container {container} does not end by itself: the kubelet kills it because its {probe} probe fails ({check}). It does so {lasted} after the start, about as soon as the probe allows: the application may only be slow to start.",
    fix: &[
        "Find out why {check} is not answered in time: the log of the run shows what the application did.",
        "Give the application time: a startupProbe, a longer timeout, or more failures, if it is only slow.",
    ],
    avoid: &[
        "Raising the memory limit: exit code {exit_code} comes from the probe, not from memory.",
    ],
    looks_for: &[
        "A Killing event with `failed liveness probe` or `failed startup probe` during the newest ended run, and the Unhealthy events before it.",
        "The exit code says little: 137 if the application ignores SIGTERM, 143, or even 0 if it ends in good order.",
    ],
    confirm: "No new Unhealthy and Killing events, and the restart counter stands still.",
    links: &[
        "https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/",
    ],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    case.containers().filter_map(weigh_one).collect()
}

fn weigh_one(container: ContainerView<'_>) -> Option<Hypothesis> {
    let ended = container.last_ended()?;
    let (which, found) = match kill(&container) {
        Some((which, event)) => {
            let said = if event.is_since(ended.started_at()) {
                "the kubelet says that it kills it for the probe"
            } else {
                "the kubelet said so of an earlier run, and of the newest not even that it began: it writes 25 events about a pod, then few"
            };
            let found = Hypothesis::certain(CAUSE.id).because(event.proof(said));
            let failed = failure(&container, which).map(|it| it.proof("the probe failed before"));
            (which, failed.into_iter().fold(found, Hypothesis::because))
        }
        None => {
            // The Killing event may be lost; a failing probe and a kill by signal still fit.
            let by_signal =
                matches!(ended.exit_code(), 0 | 137 | 143) && ended.reason() != "OOMKilled";
            let probes = [Which::Liveness, Which::Startup].into_iter();
            let (which, event) = probes.filter(|_| by_signal).find_map(|which| {
                let failed = failure(&container, which)?;
                let allowed = which.of(&container)?.failure_threshold.unwrap_or(3);
                (failed.count() >= allowed).then_some((which, failed))
            })?;
            let found = Hypothesis::likely(CAUSE.id)
                .because(event.proof("the probe failed before it was killed"))
                .settle("kubectl -n {namespace} get events --field-selector involvedObject.name={pod},reason=Killing");
            (which, found)
        }
    };
    Some(
        found
            .fact("container", container.name())
            .fact("pod", container.pod().name())
            .fact("probe", which.word())
            .maybe("check", which.of(&container).map(probe_target))
            .fact("exit_code", ended.exit_code())
            .maybe(
                "lasted",
                never_passed(&container, which).map(|it| format!("{} s", it.as_secs())),
            ),
    )
}

/// How long the run lasted, where that is about what the probe allows from the start: it then never passed.
fn never_passed(container: &ContainerView<'_>, which: Which) -> Option<SignedDuration> {
    let probe = which.of(container)?;
    let period = i64::from(probe.period_seconds.unwrap_or(10));
    let allowed = i64::from(probe.initial_delay_seconds.unwrap_or(0))
        + period * i64::from(probe.failure_threshold.unwrap_or(3));
    let grace = container.pod().spec().and_then(|it| it.termination_grace_period_seconds);
    let lasted = container.last_ended()?.lasted()?;
    let latest = allowed + 2 * period + grace.unwrap_or(30);
    (lasted.as_secs() <= latest).then_some(lasted)
}
