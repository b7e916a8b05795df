//! A probe asks for a path or a port that the application does not serve.

use k8s_openapi::api::core::v1::Probe;

use super::prelude::*;
use crate::diagnosis::probes::{Heard, Which, failure, kill, listening, port};
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
        "Unhealthy events with `connection refused` on a port that is not among those the log names or the container declares, or that the application opens for 127.0.0.1 only.",
        "HTTPS asked of a plain HTTP port, a 401 or 403, a gRPC server without the health protocol, an exec command that the image does not have.",
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
        Which::Startup if container.is_running() => {
            container.status().is_some_and(|it| it.started == Some(false))
        }
        _ => kill(&container).is_some(),
    };
    let event = failure(&container, which).filter(|_| hurts)?;
    let proof = event.proof(format!("what the {} probe gets", which.word()));
    let what = format!("{} probe", which.word());
    let change = case.rollout().and_then(|rollout| {
        let mine =
            |it: &&Change| it.what == what && it.container.as_deref() == Some(container.name());
        rollout.changes.iter().find(mine)
    });
    let alone = case.rollout().is_some_and(|rollout| rollout.changes.len() == 1);
    let (found, obstacle, right) = match answered(event.message(), probe) {
        Some((certainty, obstacle)) => {
            (Hypothesis::with(CAUSE.id, certainty).because(proof), obstacle.to_owned(), None)
        }
        // The program is the same, and passed as long as it was asked otherwise.
        None if change.is_some_and(|it| it.from.is_some()) && alone => {
            let found = Hypothesis::certain(CAUSE.id)
                .because(proof)
                .because(Proof::fact("the newest revision changes this probe and nothing else"));
            (found, "it fails since the probe was changed, and nothing else was".to_owned(), None)
        }
        None if event.message().contains("connection refused") => {
            refused(container, which, proof, port(probe, &container)?)?
        }
        None => return None,
    };
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

/// What an answer says about the question: that it can never be answered as it is put.
fn answered(text: &str, probe: &Probe) -> Option<(Certainty, &'static str)> {
    use Certainty::{Certain, Likely};
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&["statuscode: 404"]) {
        Some((Certain, "the application answers 404: it does not serve that path"))
    } else if says(&["server gave HTTP response to HTTPS client"]) {
        Some((Certain, "the application speaks plain HTTP there, not HTTPS"))
    } else if says(&["malformed HTTP response", "malformed HTTP status"]) {
        Some((Certain, "what answers there does not speak plain HTTP"))
    } else if says(&["statuscode: 401", "statuscode: 403"]) {
        Some((Likely, "the application wants credentials, which the probe does not send"))
    } else if says(&["statuscode: 405"]) {
        Some((Likely, "the application does not take a GET there"))
    } else if says(&["does not implement the grpc health protocol", "code = Unimplemented"]) {
        Some((Certain, "the server does not implement the gRPC health protocol"))
    } else if probe.exec.is_some()
        && says(&[
            "executable file",
            "no such file or directory",
            ": not found",
            "command not found",
        ])
    {
        Some((Certain, "the image does not have what its command runs"))
    } else {
        None
    }
}

/// A refused connection: what the application says of its ports, else what the container declares.
fn refused(
    container: ContainerView<'_>,
    which: Which,
    proof: Proof,
    asked: i32,
) -> Option<(Hypothesis, String, Option<i32>)> {
    let log = match which {
        Which::Readiness => container.running_log(),
        _ => container.log(),
    };
    let heard = log.as_ref().map(|log| listening(log.text)).unwrap_or_default();
    let spoken = |it: &Heard<'_>, fact: &str| {
        log.as_ref().map(|log| log.proof(fact, it.line, it.number)).into_iter()
    };
    if let Some(same) = heard.iter().find(|it| it.port == asked) {
        let told = spoken(same, "the application listens for its own pod only");
        let found = told.fold(Hypothesis::likely(CAUSE.id).because(proof), Hypothesis::because);
        let obstacle = format!("the application listens on {asked} for its own pod only");
        return same.is_loopback().then_some((found, obstacle, None));
    }
    if let [.., other] = heard.as_slice() {
        let told = spoken(other, "the application names another port");
        let found = told.fold(Hypothesis::certain(CAUSE.id).because(proof), Hypothesis::because);
        let ports = ports(heard.iter().map(|it| it.port));
        let right = (heard.len() == 1).then_some(other.port);
        return Some((found, format!("the application listens on {ports}, not on {asked}"), right));
    }
    let declared: Vec<i32> =
        container.spec().ports.iter().flatten().map(|it| it.container_port).collect();
    if declared.is_empty() || declared.contains(&asked) {
        return None;
    }
    let fact = format!("the container declares port {} only", ports(declared.iter().copied()));
    let found = Hypothesis::likely(CAUSE.id)
        .because(proof)
        .because(Proof::fact(fact))
        .settle("kubectl -n {namespace} logs {pod} -c {container}");
    let right = (declared.len() == 1).then(|| declared[0]);
    Some((found, format!("nothing listens on {asked}"), right))
}

fn ports(all: impl Iterator<Item = i32>) -> String {
    all.map(|port| port.to_string()).collect::<Vec<_>>().join(" and ")
}
