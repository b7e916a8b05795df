//! The kernel killed the container because it reached its own memory limit.

use jiff::SignedDuration;

use super::prelude::*;
use crate::diagnosis::memory::{NEAR, limit, peak, words};

pub(super) static CAUSE: Cause = Cause {
    id: "oom-killed",
    title: "The container ran out of memory",
    since: "0.1.0",
    reads: &[Pods, Events, Metrics, Revisions],
    clears: &[],
    why: "Container {container} is killed by the kernel at its memory limit of {limit}. Its highest sample was {peak}. The limit was lowered from {limit_before} in the newest revision.",
    fix: &[
        "Restore the memory limit of {container} to {limit_before}.",
        "Raise the memory limit of {container} above {too_low}: it is too low even to start the container.",
        "Find what holds the memory of {grown}: compare the usage before the kill with the newest change.",
        "Raise the memory limit of {grown} above {limit}, if the usage is what the work needs.",
    ],
    avoid: &[],
    looks_for: &[
        "The last run ended with reason OOMKilled, the container has a memory limit, and the highest sample of its working set is near that limit.",
        "The reason alone counts kills by any OOM killer: without a limit it is the node or a parent, and without metrics it is likely, not certain. Exit code 137 alone is SIGKILL, by whomever.",
    ],
    confirm: "No new OOMKilled for longer than the longest gap between two kills, and the usage levels off below the limit.",
    links: &["https://kubernetes.io/docs/tasks/configure-pod-container/assign-memory-resource/"],
    weigh,
};

/// A run that lasted this long has samples in it, even where metrics are taken once a minute.
const SAMPLED: SignedDuration = SignedDuration::from_secs(90);

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let killed = case.containers().filter_map(|it| Some((it, it.oom_killed()?)));
    let unnamed = case.containers().filter_map(|it| unnamed(case, it));
    let mut found = named(case, killed);
    found.extend(unnamed);
    found
}

/// A SIGKILL with the memory at its limit, which the runtime does not call OOMKilled: it can miss the
/// kernel's word. Likely only where nobody else is known to have killed.
fn unnamed(case: &Case<'_>, container: ContainerView<'_>) -> Option<Hypothesis> {
    let ended = container.last_ended()?;
    if ended.exit_code() != 137 || container.oom_killed().is_some() {
        return None;
    }
    let stopped = container
        .events()
        .iter()
        .any(|event| event.reason() == "Killing" && event.is_since(ended.started_at()));
    let (limit, bytes) = limit(&container)?;
    let peak = peak(case, &container).filter(|peak| *peak >= bytes * NEAR)?;
    if stopped || container.pod().is_terminating() || container.pod().is_over() {
        return None;
    }
    let place = format!("last state of {}/{}", container.pod().name(), container.name());
    Some(
        Hypothesis::likely(CAUSE.id)
            .because(Proof::quoted("its last run ended with exit code 137", ended.reason(), place))
            .because(Proof::fact(format!("memory limit {limit}, peak {}", words(peak))))
            .against(Proof::fact("the runtime does not say OOMKilled"))
            .fact("container", container.name())
            .fact("limit", limit)
            .fact("pod", container.pod().name())
            .fact("peak", words(peak))
            .maybe("limit_before", lowered_from(case, container.name()))
            .fact("grown", container.name())
            .settle("kubectl -n {namespace} top pod {pod} --containers"),
    )
}

fn named<'a>(
    case: &Case<'a>,
    killed: impl Iterator<Item = (ContainerView<'a>, Proof)>,
) -> Vec<Hypothesis> {
    killed
        .filter_map(|(container, proof)| {
            let (limit, bytes) = limit(&container)?;
            // Metrics are sampled every 15 s or so: what ended sooner than that was never seen at its peak.
            let lasted = container.last_ended().and_then(|it| it.lasted());
            let sampled = lasted.is_none_or(|it| it >= SAMPLED);
            let peak = peak(case, &container).filter(|it| sampled || *it >= bytes * NEAR);
            let near = peak.is_some_and(|peak| peak >= bytes * NEAR);
            // A limit too small even to start is named by the runtime itself.
            let at_start =
                proof.quote.as_deref().is_some_and(|it| it.contains("memory limit too low"));
            let certainty = match peak {
                _ if at_start || near => Certainty::Certain,
                Some(_) | None => Certainty::Likely,
            };
            let found = Hypothesis::with(CAUSE.id, certainty)
                .because(proof)
                .because(Proof::fact(format!("memory limit {limit}")));
            let found = match peak {
                Some(peak) if near => found.because(Proof::fact(format!("peak {}", words(peak)))),
                // A spike between two scrapes leaves no sample.
                Some(peak) => found
                    .against(Proof::fact(format!("the highest sample is only {}", words(peak)))),
                None => found,
            };
            Some(
                found
                    .fact("container", container.name())
                    .fact("limit", limit)
                    .fact("pod", container.pod().name())
                    .maybe("peak", peak.map(words))
                    .maybe("limit_before", lowered_from(case, container.name()))
                    .maybe("too_low", at_start.then_some(limit))
                    .maybe("grown", (!at_start).then(|| container.name()))
                    .maybe_settle(
                        (!at_start).then_some("kubectl -n {namespace} top pod {pod} --containers"),
                    ),
            )
        })
        .collect()
}

/// The limit before the newest revision, where that lowered it.
fn lowered_from(case: &Case<'_>, container: &str) -> Option<String> {
    let changes = &case.rollout()?.changes;
    let change = changes
        .iter()
        .find(|it| it.what == "memory limit" && it.container.as_deref() == Some(container))?;
    change.from.clone()
}
