//! An init container runs and does not end, so the containers after it never begin.

use jiff::SignedDuration;

use super::prelude::*;
use crate::diagnosis::LogView;
use crate::diagnosis::ObjectRef;
use crate::diagnosis::log::{endpoint_in, failed_calls, host_and_port};
use crate::diagnosis::world::Silence;

pub(super) static CAUSE: Cause = Cause {
    id: "init-container-hangs",
    title: "An init container does not come to an end",
    since: "0.1.0",
    reads: &[Pods, Logs, Services],
    clears: &[],
    why: "Init container {container} has run for {lasted} and does not end, so no other container of {pod} begins. Its last words: {last_line}. {state}.",
    fix: &[
        "Repair what stands behind Service {service}: it has no ready endpoint.",
        "Create Service {missing}, or point init container {container} at the one that is meant.",
        "Repair what init container {container} waits for: its log names it, if anything does.",
        "Give init container {container} a time limit of its own, so that it fails and says why.",
    ],
    avoid: &["Looking for the fault in the other containers: they have not begun."],
    looks_for: &[
        "An init container in state Running for more than five minutes without a restart, or one whose last lines repeat each other, while the containers after it wait with PodInitializing.",
        "Likely: it may be at work. Certain where its last line names a Service that does not exist or has no ready endpoint.",
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
                .maybe("last_line", last.map(|(_, line)| line.trim().trim_end_matches('.')))
                .settle("kubectl -n {namespace} logs {pod} -c {container} --tail=20"),
        )
        .map(|found| {
            match last.and_then(|(_, line)| endpoint_in(line)).or_else(|| called(&log)) {
                Some(endpoint) => awaited(case, found, &endpoint),
                None => match last.and_then(|(_, line)| workload_in(case, line)) {
                    Some(object) => found.fact("awaited", &object.name).target(object),
                    None => found,
                },
            }
        })
    })
    .collect()
}

/// The workload of its namespace that a line names: `Waiting for job migrate-7 to complete`.
fn workload_in(case: &Case<'_>, line: &str) -> Option<ObjectRef> {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.');
    let words: Vec<&str> = line.split(|letter| !is_name(letter)).collect();
    let here = case.world().workloads().filter(|it| it.namespace == case.namespace());
    let named = here.filter(|it| *it != case.object() && words.contains(&it.name.as_str()));
    // Of `job migrate` and a Deployment of that name the kind in the line decides.
    let lower = line.to_ascii_lowercase();
    let kind = |it: &&ObjectRef| lower.contains(&it.kind.as_str().to_ascii_lowercase());
    let named: Vec<&ObjectRef> = named.collect();
    named.iter().copied().find(kind).or(named.first().copied()).cloned()
}

/// What its last lines name as not to be reached.
fn called(log: &Option<LogView<'_>>) -> Option<String> {
    failed_calls(log.as_ref()?.text).into_iter().next().map(|it| it.endpoint)
}

/// What it waits for is a Service: whether that can answer is proof.
fn awaited(case: &Case<'_>, found: Hypothesis, endpoint: &str) -> Hypothesis {
    let (host, _) = host_and_port(endpoint);
    let (here, world) = (case.namespace(), case.world());
    let Some((name, namespace)) = world.named_by(here, host) else { return found };
    let (state, fact) = match world.cannot_answer(here, host) {
        None => return found,
        Some(Silence::NoEndpoint) => (format!("Service {name} has no ready endpoint"), "service"),
        Some(Silence::NoService) => {
            (format!("Service {name} does not exist in {namespace}"), "missing")
        }
    };
    let mut found = found
        .because(Proof::fact(state.clone()))
        .fact("state", state)
        .fact(fact, name)
        .target(ObjectRef::new("Service", namespace, name));
    found.certainty = Certainty::Certain;
    found
}

fn words(lasted: SignedDuration) -> String {
    match lasted.as_mins() {
        0 => format!("{} s", lasted.as_secs()),
        minutes => format!("{minutes} min"),
    }
}
