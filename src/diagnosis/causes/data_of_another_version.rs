//! The data was written by another version of the program.

use super::prelude::*;
use crate::diagnosis::complaint::{Complaint, Heard, heard};

pub(super) static CAUSE: Cause = Cause {
    id: "data-of-another-version",
    title: "The data is of another version of the program",
    since: "0.1.0",
    reads: &[Pods, Logs, Revisions],
    clears: &["application-crashed"],
    why: "Container {container} cannot use its data: it was written by another version. It says: {message}. This rollout changed the image from {old}.",
    fix: &[
        "Go back to {old}, and upgrade the data as the program's manual says before the next attempt.",
        "Upgrade the data as the program's manual says, or go back to the version that wrote it.",
    ],
    avoid: &["Deleting the data to make it start: it may be the only copy."],
    looks_for: &[
        "`database files are incompatible with server`, `featureCompatibilityVersion`, `Can't handle RDB format version`, `cannot downgrade`.",
    ],
    confirm: "The container runs on, and its log no longer says so.",
    links: &[
        "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#rolling-updates",
    ],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let of = |it: &Heard<'_>| -> Option<Hypothesis> {
        let old = case.previous_image(it.container.name());
        let old = old.filter(|old| *old != it.container.image());
        Some(it.hypothesis().maybe("old", old))
    };
    heard(case, CAUSE.id, Complaint::DataVersion, "the data is of another version")
        .iter()
        .filter_map(of)
        .collect()
}
