//! CronJobs that do not start their runs: nothing fails then, because nothing runs.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::batch::v1::{CronJob, Job};

use super::event::EventView;
use super::world::{World, created, name, namespace};
use super::{ObjectRef, Proof};

/// How often a run must have been left out because one before it still runs. Once is what Forbid is for.
const HELD_UP: i32 = 3;

/// How long ago the controller may have said it last: events are kept for an hour.
const LATELY: SignedDuration = SignedDuration::from_hours(1);

/// Why a CronJob does not start its runs.
pub(super) enum Misses<'a> {
    /// So many starts were missed that the controller gave up counting, or each comes too late.
    TooMany(EventView<'a>),
    /// A run before still goes on, and may not be joined.
    HeldUp(&'a Job, Proof),
}

/// Whether, and why, with a line for its health.
pub(super) fn misses<'a>(world: &World<'a>, cron: &'a CronJob) -> Option<(Misses<'a>, String)> {
    let object = ObjectRef::new("CronJob", namespace(&cron.metadata), name(&cron.metadata));
    let events = world.events_of("CronJob", &cron.metadata);
    let late = |event: &&EventView<'a>| {
        event.last_seen().is_none_or(|at| world.now().duration_since(at) <= LATELY)
    };
    let told = |reasons: &[&str]| {
        events.iter().rev().filter(late).find(|it| reasons.contains(&it.reason())).copied()
    };
    if let Some(event) = told(&["TooManyMissedTimes", "MissSchedule", "FailedNeedsStart"]) {
        return Some((Misses::TooMany(event), "it misses its schedule".into()));
    }
    let spec = cron.spec.as_ref()?;
    let forbids = spec.concurrency_policy.as_deref() == Some("Forbid");
    let event = told(&["JobAlreadyActive"]).filter(|event| forbids && event.count() >= HELD_UP)?;
    let jobs = world.jobs_of(&object).iter().copied();
    let mut running = jobs.filter(|job| is_active(job));
    let job = running.next()?;
    let since = created(&job.metadata).map(|at| words(world.now(), at)).unwrap_or_default();
    let line = format!("run {} still goes on{since}, and no other may start", name(&job.metadata));
    Some((Misses::HeldUp(job, event.proof("the controller's words")), line))
}

fn is_active(job: &Job) -> bool {
    job.status.as_ref().and_then(|status| status.active).unwrap_or(0) > 0
}

fn words(now: Timestamp, since: Timestamp) -> String {
    let minutes = now.duration_since(since).as_mins();
    match minutes {
        0..120 => format!(" since {minutes} min"),
        120..2880 => format!(" since {} h", minutes / 60),
        _ => format!(" since {} days", minutes / 1440),
    }
}
