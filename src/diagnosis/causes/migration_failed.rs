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
    // Whatever breaks a migration off has the same way out; see `migration`.
    fix: &[],
    avoid: &[],
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
