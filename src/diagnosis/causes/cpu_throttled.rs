//! The container is held back at its CPU limit.

use super::prelude::*;

/// The share of periods in which a container was held back, from which on it is slow by that.
const HELD_BACK: f64 = 0.5;

pub(super) static CAUSE: Cause = Cause {
    id: "cpu-throttled",
    title: "The container is held back at its CPU limit",
    since: "0.1.0",
    reads: &[Pods, Metrics, Revisions],
    clears: &[],
    why: "Container {container} is held back by the kernel in {share} of its periods: its CPU limit is {limit}. The newest revision lowered that from {limit_before}.",
    fix: &[
        "Restore the CPU limit of {container} to {limit_before}.",
        "Raise the CPU limit of {container} above {limit}, or take it away and keep the request.",
    ],
    avoid: &["Adding memory: it waits for the processor."],
    looks_for: &[
        "`container_cpu_cfs_throttled_periods_total` against `container_cpu_cfs_periods_total`: half of them or more, and an alert that names the workload. Throttling that hurts nobody is no fault.",
    ],
    confirm: "The share falls, and the alert has ended.",
    links: &["https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    if !case.is_quiet() || case.alerts().next().is_none() {
        return Vec::new();
    }
    let held = case.containers().filter_map(|it| Some((it, share(case, it)?)));
    let held = held.filter(|(_, share)| *share >= HELD_BACK);
    // Replicas are told once, by the one that is held back most.
    let most = held.max_by(|a, b| a.1.total_cmp(&b.1));
    most.into_iter().filter_map(|(container, share)| hypothesis(case, container, share)).collect()
}

fn hypothesis(case: &Case<'_>, container: ContainerView<'_>, share: f64) -> Option<Hypothesis> {
    let limits = container.spec().resources.as_ref()?.limits.as_ref()?;
    let limit = &limits.get("cpu")?.0;
    let changes = case.rollout().into_iter().flat_map(|rollout| &rollout.changes);
    let mine =
        |it: &&Change| it.what == "cpu limit" && it.container.as_deref() == Some(container.name());
    let before = changes.into_iter().find(mine).and_then(|it| it.from.clone());
    let words = format!("{:.0} %", share * 100.0);
    Some(
        Hypothesis::likely(CAUSE.id)
            .because(Proof::fact(format!(
                "{words} of its periods were cut short, CPU limit {limit}"
            )))
            .because(Proof::fact("an alert names it"))
            .fact("container", container.name())
            .fact("pod", container.pod().name())
            .fact("share", words)
            .fact("limit", limit)
            .maybe("limit_before", before)
            .settle("kubectl -n {namespace} top pod {pod} --containers"),
    )
}

/// The share of the periods between the first and the last sample, or since the container began.
fn share(case: &Case<'_>, container: ContainerView<'_>) -> Option<f64> {
    let metrics = case.evidence().metrics.read()?;
    let counted = |name: &str| {
        let samples = &metrics.of_container(name, container).next()?.samples;
        let (first, last) = (samples.first()?.1, samples.last()?.1);
        Some(if samples.len() > 1 && last > first { last - first } else { last })
    };
    let periods = counted("container_cpu_cfs_periods_total").filter(|it| *it > 0.0)?;
    Some(counted("container_cpu_cfs_throttled_periods_total")? / periods)
}
