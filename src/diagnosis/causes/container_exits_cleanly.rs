//! The main process ends in good order although it is meant to run for ever.

use super::prelude::*;
use crate::diagnosis::probes::{Which, failure, kill};

pub(super) static CAUSE: Cause = Cause {
    id: "container-exits-cleanly",
    title: "The container ends by itself, without an error",
    since: "0.1.0",
    reads: &[Pods, Events, Logs],
    clears: &[],
    why: "Container {container} ends by itself with exit code 0 after {lasted}, and is started again: there is no error to find.",
    fix: &[
        "Run the work as a Job or CronJob, if it is meant to end.",
        "Start the process in the foreground, if it puts itself into the background.",
        "Give {container} its command: without one the image may only run a shell, which ends at once.",
    ],
    avoid: &["Raising limits: nothing was killed."],
    looks_for: &[
        "A last run that ended Completed with exit code 0 under restartPolicy Always, and no event of a probe, a hook or a deletion that told it to stop.",
    ],
    confirm: "The container runs on, or the work is a Job and Completed is its success.",
    links: &["https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    case.containers()
        .filter_map(|container| {
            let ended = container.last_ended().filter(|it| it.exit_code() == 0)?;
            let stopped = kill(&container).is_some()
                || container.pod().is_terminating()
                || container.events().iter().any(|event| {
                    let fresh = event.is_since(ended.started_at());
                    let hook = event.message().contains("FailedPostStartHook")
                        || event.reason() == "FailedPostStartHook";
                    fresh && (hook || event.message().starts_with("Stopping container"))
                });
            if stopped || !container.runs_forever() {
                return None;
            }
            let place = format!("last state of {}/{}", container.pod().name(), container.name());
            // A probe's kill also ends in exit code 0 where the application handles SIGTERM, and only
            // events tell: none at all about it means that they have expired or were not read.
            let probed = [Which::Liveness, Which::Startup];
            let failed = probed.into_iter().find_map(|which| failure(&container, which));
            let spec = container.spec();
            let alone = spec.liveness_probe.is_none()
                && spec.startup_probe.is_none()
                && spec.lifecycle.is_none();
            let heard = case.evidence().events.read().is_some() && !container.events().is_empty();
            let found = match failed {
                Some(event) => Hypothesis::possible(CAUSE.id).against(
                    event.proof("a probe failed in that run: it may have been killed for it"),
                ),
                None if alone || heard => Hypothesis::certain(CAUSE.id),
                None => Hypothesis::likely(CAUSE.id).settle(
                    "kubectl -n {namespace} get events --field-selector involvedObject.name={pod}",
                ),
            };
            Some(
                found
                    .because(Proof::quoted(
                        "its last run ended with exit code 0",
                        ended.reason(),
                        place,
                    ))
                    .fact("container", container.name())
                    .fact("pod", container.pod().name())
                    .fact(
                        "lasted",
                        ended.lasted().map_or("a while".into(), |it| format!("{} s", it.as_secs())),
                    ),
            )
        })
        .collect()
}
