//! The container runs, but its readiness probe fails: it gets no traffic.

use super::prelude::*;
use crate::diagnosis::probes::{Which, failure};
use crate::diagnosis::rollout::probe_target;

pub(super) static CAUSE: Cause = Cause {
    id: "readiness-probe-failing",
    title: "The application does not say that it is ready",
    since: "0.1.0",
    reads: &[Pods, Events, Logs],
    clears: &[],
    why: "Container {container} runs, but its {probe} probe fails ({check}), so it gets no traffic. What comes after {sidecar} waits for it.",
    fix: &[
        "Find out in the log why the application does not answer {check}: often it waits for something else.",
        "Give the probe more time ({check}), if the application is only slow.",
    ],
    avoid: &["Removing the {probe} probe: traffic would reach a container that cannot serve it."],
    looks_for: &[
        "A container that runs and is not ready, with Unhealthy events of its readiness probe, or of its startup probe while that has not passed.",
        "5xx answers point at the application or what it depends on; timeouts at one that is busy or hangs; refused connections at one that has not begun to listen.",
    ],
    confirm: "The pod is ready, and the Service's endpoints list it.",
    links: &[
        "https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/",
    ],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let unready = case.containers().filter(|it| it.is_running() && !it.is_ready());
    unready
        .filter_map(|container| {
            let starting = container.status().is_some_and(|it| it.started == Some(false));
            let which = if starting { Which::Startup } else { Which::Readiness };
            let event = failure(&container, which)?;
            let probe = which.of(&container)?;
            Some(
                Hypothesis::likely(CAUSE.id)
                    .because(event.proof(format!("what the {} probe gets", which.word())))
                    .fact("container", container.name())
                    .fact("pod", container.pod().name())
                    .fact("probe", which.word())
                    .maybe(
                        "sidecar",
                        container.is_sidecar().then(|| container.name()).filter(|_| starting),
                    )
                    .fact("check", probe_target(probe))
                    .settle("kubectl -n {namespace} logs {pod} -c {container} --tail=100"),
            )
        })
        .collect()
}
