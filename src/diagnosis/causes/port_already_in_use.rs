//! Two processes of one pod want the same port.

use super::prelude::*;
use crate::diagnosis::complaint::{Complaint, Heard, heard};

pub(super) static CAUSE: Cause = Cause {
    id: "port-already-in-use",
    title: "A port of the pod is already taken",
    since: "0.1.0",
    reads: &[Pods, Logs],
    clears: &["application-crashed"],
    why: "Container {container} cannot listen: port {port} is already taken in pod {pod}. Container {holder} declares it too. {unknown_port}",
    fix: &[
        "Give {container} or {holder} another port: containers of one pod share its ports.",
        "Find which process of {pod} listens there: another container, or a first instance that the start script left running.",
    ],
    avoid: &[],
    looks_for: &[
        "`address already in use`, `EADDRINUSE` in the log.",
        "Another container of the pod that declares the same port. A port of the node is told by the scheduler instead.",
    ],
    confirm: "The container runs on, and its log no longer says so.",
    links: &["https://kubernetes.io/docs/concepts/workloads/pods/#pod-networking"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let of = |it: &Heard<'_>| -> Option<Hypothesis> {
        let port = it.quote.rsplit(':').find_map(|piece| {
            let digits: String = piece.trim().chars().take_while(char::is_ascii_digit).collect();
            digits.parse::<i32>().ok().filter(|port| (1..=65535).contains(port))
        });
        let port = port.or_else(|| it.after("ort ", &[' ', ',']).and_then(|it| it.parse().ok()));
        let others = it.container.pod().containers().into_iter();
        let holder = others.filter(|other| other.name() != it.container.name()).find(|other| {
            other.spec().ports.iter().flatten().any(|it| Some(it.container_port) == port)
        });
        Some(it.hypothesis().maybe("port", port).maybe("holder", holder.map(|it| it.name())).maybe(
            "unknown_port",
            port.is_none().then(|| format!("Its log says: {}", it.quote.trim())),
        ))
    };
    heard(case, CAUSE.id, Complaint::PortTaken, "the port is taken").iter().filter_map(of).collect()
}
