//! A service takes no more connections, or a pool in the program has none left.

use super::prelude::*;
use crate::diagnosis::complaint::{Complaint, Heard, heard};

pub(super) static CAUSE: Cause = Cause {
    id: "dependency-exhausted",
    title: "No more connections to a dependency are to be had",
    since: "0.1.0",
    reads: &[Pods, Logs],
    clears: &["application-crashed", "readiness-probe-failing", "killed-by-probe"],
    why: "Container {container} gets no connection to a service it needs: {message}. The service is {endpoint}.",
    fix: &[
        "Find who holds the connections: idle clients, leaks, or more replicas than the service allows for.",
        "Lower the pool sizes of its clients, put a pooler before it, or raise its limit of connections.",
    ],
    avoid: &["Scaling {workload} up: each replica takes connections of its own."],
    looks_for: &[
        "`too many connections`, `too many clients`, `remaining connection slots are reserved`, pools that time out.",
        "The service answers: it is not down, it is full.",
    ],
    confirm: "The container runs on, and its log no longer says so.",
    links: &["https://kubernetes.io/docs/concepts/workloads/controllers/deployment/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let of = |it: &Heard<'_>| -> Option<Hypothesis> { Some(it.hypothesis()) };
    heard(case, CAUSE.id, Complaint::Exhausted, "no connection is left")
        .iter()
        .filter_map(of)
        .collect()
}
