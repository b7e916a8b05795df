//! The main process ends in good order although it is meant to run for ever.

use super::prelude::*;
use crate::diagnosis::probes::kill;

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
                    let fresh = event.last_seen() >= ended.started_at();
                    let hook = event.message().contains("FailedPostStartHook")
                        || event.reason() == "FailedPostStartHook";
                    fresh && (hook || event.message().starts_with("Stopping container"))
                });
            if stopped || !container.runs_forever() {
                return None;
            }
            let place = format!("last state of {}/{}", container.pod().name(), container.name());
            let found = match case.evidence().events.read() {
                Some(_) => Hypothesis::certain(CAUSE.id),
                // A probe's kill also ends in exit code 0 where the application handles SIGTERM.
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
