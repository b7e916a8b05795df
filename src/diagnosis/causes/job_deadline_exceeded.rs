//! A Job ran for longer than its deadline allows, and was ended for that.

use super::prelude::*;

pub(super) static CAUSE: Cause = Cause {
    id: "job-deadline-exceeded",
    title: "The Job took longer than its deadline allows",
    since: "0.1.0",
    reads: &[Controllers, Events],
    clears: &[],
    why: "Job {job} was ended after {lasted}: its deadline (activeDeadlineSeconds) is {deadline}.",
    fix: &[
        "Find out why {job} takes so long: its pods are deleted with the deadline, so look while it runs.",
        "Raise spec.activeDeadlineSeconds of {job}, if the work may take longer now.",
    ],
    avoid: &["Looking for the end in the application: the Job controller deleted its pods."],
    looks_for: &[
        "The Job's condition Failed (or FailureTarget) with reason DeadlineExceeded.",
        "Not: BackoffLimitExceeded, where the pods themselves failed.",
    ],
    confirm: "The next run completes in time.",
    links: &[
        "https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-termination-and-cleanup",
    ],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let job = case.world().jobs_of(case.object()).last().copied();
    let found = job.and_then(|job| {
        let status = job.status.as_ref()?;
        let conditions = status.conditions.iter().flatten();
        let ended = conditions.filter(|it| it.status == "True").find(|it| {
            ["Failed", "FailureTarget"].contains(&it.type_.as_str())
                && it.reason.as_deref() == Some("DeadlineExceeded")
        })?;
        let name = job.metadata.name.as_deref().unwrap_or_default();
        let began = status.start_time.as_ref().map(|time| time.0);
        let over = ended.last_transition_time.as_ref().map(|time| time.0);
        let lasted = began.zip(over).map(|(began, over)| over.duration_since(began).as_secs());
        let deadline = job.spec.as_ref().and_then(|spec| spec.active_deadline_seconds);
        let words = ended.message.as_deref().unwrap_or("DeadlineExceeded");
        let place = format!("condition {} of Job {name}", ended.type_);
        Some(
            Hypothesis::certain(CAUSE.id)
                .because(Proof::quoted("the Job controller says so", words, place))
                .fact("job", name)
                .maybe("lasted", lasted.map(seconds))
                .maybe("deadline", deadline.map(seconds)),
        )
    });
    found.into_iter().collect()
}

fn seconds(count: i64) -> String {
    match count {
        ..120 => format!("{count} s"),
        _ => format!("{} min", count / 60),
    }
}
