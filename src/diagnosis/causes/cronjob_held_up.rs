//! A CronJob does not start its runs.

use super::prelude::*;
use crate::diagnosis::ObjectRef;
use crate::diagnosis::cron::{Misses, misses};
use crate::diagnosis::world::is;

pub(super) static CAUSE: Cause = Cause {
    id: "cronjob-held-up",
    title: "The CronJob does not start its runs",
    since: "0.1.0",
    reads: &[Controllers, Events],
    clears: &[],
    why: "CronJob {workload} starts no runs: {obstacle}. Run {job} still goes on.",
    fix: &[
        "Find out why {job} does not end; deleting it lets the next run start. activeDeadlineSeconds bounds such runs.",
        "Set startingDeadlineSeconds of cronjob/{missing} to more than ten seconds and less than a hundred of its periods: older starts are then no longer counted.",
    ],
    avoid: &[],
    looks_for: &[
        "TooManyMissedTimes and MissSchedule events of the CronJob.",
        "concurrencyPolicy Forbid with JobAlreadyActive events that repeat, and a Job of it that is active.",
        "Not: a CronJob that is suspended, which is intended.",
    ],
    confirm: "The next run starts at its time.",
    links: &["https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let object = case.object();
    let all = case.evidence().cron_jobs.items().iter();
    let mine = all.filter(|_| object.kind == *"CronJob").find(|it| is(&it.metadata, object));
    let Some((why, _)) = mine.and_then(|it| misses(case.world(), it)) else { return Vec::new() };
    let found = Hypothesis::certain(CAUSE.id);
    vec![match why {
        Misses::TooMany(event) => found
            .because(event.proof("the controller's words"))
            .fact("obstacle", "too many starts were missed")
            .fact("missing", &object.name)
            .settle("kubectl -n {namespace} describe cronjob {workload}"),
        Misses::HeldUp(job, proof) => {
            let job = job.metadata.name.as_deref().unwrap_or_default();
            found
                .because(proof)
                .fact("obstacle", "one run at a time is allowed, and one does not end")
                .fact("job", job)
                .target(ObjectRef::new("Job", case.namespace(), job))
                .settle(format!("kubectl -n {{namespace}} describe job {job}"))
        }
    }]
}
