//! A migration of a database schema fails.

use super::prelude::*;
use crate::diagnosis::complaint::{Complaint, Heard, heard};

pub(super) static CAUSE: Cause = Cause {
    id: "migration-failed",
    title: "A schema migration fails",
    since: "0.1.0",
    reads: &[Pods, Logs],
    clears: &["application-crashed"],
    why: "Container {container} fails in a schema migration: {message}.",
    fix: &[
        "Repair the migration, or the state it left behind, as its tool says; then let it run again.",
        "Look at the database's own error in the log: a missing right, a lock, or data that does not fit.",
    ],
    avoid: &[
        "Rolling back {workload} blindly: a part of the migration may be applied, and the old version may not know the schema.",
    ],
    looks_for: &[
        "Flyway, Liquibase, Alembic, Django, Prisma, Rails, golang-migrate and others: a failed, dirty or unknown migration.",
        "It beats the crash that follows. Rolling the image back may be unsafe: a part may be applied.",
    ],
    confirm: "The container runs on, and its log no longer says so.",
    links: &["https://kubernetes.io/docs/concepts/workloads/pods/init-containers/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let of = |it: &Heard<'_>| -> Option<Hypothesis> { Some(it.hypothesis()) };
    heard(case, CAUSE.id, Complaint::Migration, "the migration fails")
        .iter()
        .filter_map(of)
        .collect()
}
