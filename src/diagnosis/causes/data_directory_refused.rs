//! A database refuses its data directory: owner, mode, a lock, or files that are there already.

use super::prelude::*;
use crate::diagnosis::complaint::{Complaint, Heard, heard};

pub(super) static CAUSE: Cause = Cause {
    id: "data-directory-refused",
    title: "A database refuses its data directory",
    since: "0.1.0",
    reads: &[Pods, Logs],
    clears: &["application-crashed"],
    why: "Container {container} refuses its data directory: {message}.",
    fix: &[
        "Set the data directory to a folder below the mount ({lost}: the volume has lost+found in its root).",
        "Let {object} run as the user that owns the files: set runAsUser and fsGroup.",
        "Make sure that only one pod uses the volume, and remove the lock of a process that is gone.",
    ],
    avoid: &["Emptying the directory: it may hold the only copy of the data."],
    looks_for: &[
        "PostgreSQL's `has wrong ownership`, `initdb: error: directory … exists but is not empty`, `root execution … is not permitted`; locks of PostgreSQL, MySQL, MongoDB, Elasticsearch.",
    ],
    confirm: "The container runs on, and its log no longer says so.",
    links: &["https://kubernetes.io/docs/tasks/configure-pod-container/security-context/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let of = |it: &Heard<'_>| -> Option<Hypothesis> {
        let occupied = it.quote.contains("not empty");
        Some(it.hypothesis().maybe("lost", occupied.then_some("PGDATA or the like")))
    };
    heard(case, CAUSE.id, Complaint::DataDirectory, "it refuses the directory")
        .iter()
        .filter_map(of)
        .collect()
}
