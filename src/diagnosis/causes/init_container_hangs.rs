//! An init container runs and does not end, so the containers after it never begin.

use jiff::SignedDuration;

use super::prelude::*;

pub(super) static CAUSE: Cause = Cause {
    id: "init-container-hangs",
    title: "An init container does not come to an end",
    since: "0.1.0",
    reads: &[Pods, Logs],
    clears: &[],
    why: "Init container {container} has run for {lasted} and does not end, so no other container of {pod} begins. Its last words: {last_line}",
    fix: &[
        "Repair what init container {container} waits for: its log names it, if anything does.",
        "Give init container {container} a time limit of its own, so that it fails and says why.",
    ],
    avoid: &["Looking for the fault in the other containers: they have not begun."],
    looks_for: &[
        "An init container in state Running for more than ten minutes without a restart, while the containers after it wait with PodInitializing.",
        "Likely, never certain: it may be at work. The last line of its log often names what it waits for.",
    ],
    confirm: "The init container is Completed, and the next one begins.",
    links: &["https://kubernetes.io/docs/tasks/debug/debug-application/debug-init-containers/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let hung = case.containers().filter(|it| it.is_init() && it.is_running());
    hung.filter_map(|container| {
        let lasted = case.now().duration_since(container.running_since()?);
        let log = container.running_log();
        let last = log.as_ref().and_then(|log| {
            let lines = log.text.lines().enumerate();
            lines.filter(|(_, line)| !line.trim().is_empty()).last()
        });
        let found = Hypothesis::likely(CAUSE.id);
        let found = match (&log, last) {
            (Some(log), Some((at, line))) => {
                found.because(log.proof("its last words", line, at as u64 + 1))
            }
            _ => found,
        };
        Some(
            found
                .because(Proof::fact(format!("it has run for {}", words(lasted))))
                .fact("container", container.name())
                .fact("pod", container.pod().name())
                .fact("lasted", words(lasted))
                .maybe("last_line", last.map(|(_, line)| line.trim()))
                .settle("kubectl -n {namespace} logs {pod} -c {container} --tail=20"),
        )
    })
    .collect()
}

fn words(lasted: SignedDuration) -> String {
    format!("{} min", lasted.as_mins())
}
