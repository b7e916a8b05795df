//! A probe asks for a path or a port that the application does not serve.

use super::prelude::*;
use crate::diagnosis::probes::{Which, failure, kill, listening, port};
use crate::diagnosis::rollout::probe_target;

pub(super) static CAUSE: Cause = Cause {
    id: "probe-misconfigured",
    title: "A probe asks where the application does not answer",
    since: "0.1.0",
    reads: &[Pods, Events, Logs, Revisions],
    clears: &["killed-by-probe", "readiness-probe-failing"],
    why: "The {probe} probe of container {container} asks {check}, but {obstacle}.",
    fix: &[
        "Set the port of the {probe} probe in {object} to {right_port}.",
        "Restore the {probe} probe as it was: {probe_before}.",
        "Point the {probe} probe in {object} at a path and port that the application serves.",
    ],
    avoid: &["Removing the probe: a container that hangs would then stay in service."],
    looks_for: &[
        "Unhealthy events with status 404 (the application answers, but not on that path).",
        "Unhealthy events with `connection refused` on a port that is not the one the log names or the container declares.",
    ],
    confirm: "No new Unhealthy events, and the pod is ready.",
    links: &[
        "https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/",
    ],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    case.containers()
        .flat_map(|container| {
            let all = [Which::Liveness, Which::Startup, Which::Readiness];
            let found: Vec<Hypothesis> =
                all.into_iter().filter_map(|which| weigh_one(case, container, which)).collect();
            found
        })
        .collect()
}

fn weigh_one(case: &Case<'_>, container: ContainerView<'_>, which: Which) -> Option<Hypothesis> {
    let probe = which.of(&container)?;
    // A readiness probe hurts a container that runs; the others hurt only by killing.
    let hurts = match which {
        Which::Readiness => !container.is_ready() && container.is_running(),
        _ => kill(&container).is_some(),
    };
    let event = failure(&container, which).filter(|_| hurts)?;
    let text = event.message();
    let proof = event.proof(format!("what the {} probe gets", which.word()));
    let asked = port(probe, &container);
    let log = match which {
        Which::Readiness => container.running_log(),
        _ => container.log(),
    };
    let heard = log.as_ref().and_then(|log| listening(log.text).map(|found| (log, found)));
    let (found, obstacle, right) = if text.contains("statuscode: 404") {
        let obstacle = "the application answers 404: it does not serve that path".to_owned();
        (Hypothesis::certain(CAUSE.id).because(proof), obstacle, None)
    } else if text.contains("connection refused") {
        let asked = asked?;
        let declared: Vec<i32> =
            container.spec().ports.iter().flatten().map(|it| it.container_port).collect();
        match heard {
            Some((log, (number, line, said))) if said != asked => {
                let found = Hypothesis::certain(CAUSE.id).because(proof).because(log.proof(
                    "the application names another port",
                    line,
                    number,
                ));
                (found, format!("the application listens on {said}, not on {asked}"), Some(said))
            }
            Some(_) => return None,
            None if !declared.is_empty() && !declared.contains(&asked) => {
                let ports: Vec<String> = declared.iter().map(i32::to_string).collect();
                let fact = format!("the container declares port {} only", ports.join(", "));
                let found = Hypothesis::likely(CAUSE.id)
                    .because(proof)
                    .because(Proof::fact(fact))
                    .settle("kubectl -n {namespace} logs {pod} -c {container}");
                let right = (declared.len() == 1).then(|| declared[0]);
                (found, format!("nothing listens on {asked}"), right)
            }
            None => return None,
        }
    } else {
        return None;
    };
    let what = format!("{} probe", which.word());
    let change = case.rollout().and_then(|rollout| {
        let mine =
            |it: &&Change| it.what == what && it.container.as_deref() == Some(container.name());
        rollout.changes.iter().find(mine)
    });
    Some(
        found
            .fact("container", container.name())
            .fact("pod", container.pod().name())
            .fact("probe", which.word())
            .fact("check", probe_target(probe))
            .fact("obstacle", obstacle)
            .maybe("right_port", right)
            .maybe("probe_before", change.and_then(|it| it.from.clone())),
    )
}
