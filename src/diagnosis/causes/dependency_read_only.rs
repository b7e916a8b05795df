//! A database takes no writes: a replica, or one that protects itself.

use super::prelude::*;
use crate::diagnosis::complaint::{Complaint, Heard, heard};

pub(super) static CAUSE: Cause = Cause {
    id: "dependency-read-only",
    title: "A database the program writes to is read-only",
    since: "0.1.0",
    reads: &[Pods, Logs],
    clears: &["application-crashed", "readiness-probe-failing"],
    why: "Container {container} cannot write: the database is read-only. It says: {message}. The database is {endpoint}.",
    fix: &[
        "Point {workload} at the primary, not at a replica.",
        "Promote a replica or clear the read-only mode, if the database set it itself (full disk, failover, maintenance).",
    ],
    avoid: &[],
    looks_for: &[
        "`read-only transaction`, `READONLY You can't write against a read only replica`, `--read-only option`, `NotWritablePrimary`.",
    ],
    confirm: "The container runs on, and its log no longer says so.",
    links: &[
        "https://kubernetes.io/docs/tasks/run-application/run-replicated-stateful-application/",
    ],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let of = |it: &Heard<'_>| -> Option<Hypothesis> { Some(it.hypothesis()) };
    heard(case, CAUSE.id, Complaint::ReadOnly, "it may not write").iter().filter_map(of).collect()
}
