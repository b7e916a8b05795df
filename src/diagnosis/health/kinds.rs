//! What each kind says of itself: how many pods should be ready, whether the rollout is complete (as
//! `kubectl rollout status` judges it), and what is intended and therefore no fault.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::batch::v1::{Job, JobCondition};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{Checkup, Grade};
use crate::diagnosis::cron;
use crate::diagnosis::owner::controller;
use crate::diagnosis::pod::PodView;
use crate::diagnosis::trouble::{MAY_LINGER_FOR, MAY_START_FOR};
use crate::diagnosis::world::{World, created, is, name, namespace};
use crate::diagnosis::{ObjectRef, Presence, ServiceHealth};

/// Fills in presence, numbers and the controller's own words.
pub(super) fn check(checkup: &mut Checkup, world: &World<'_>, object: &ObjectRef) {
    if super::things::check(checkup, world, object) {
        return;
    }
    checkup.health.presence = presence(world, object);
    if checkup.health.presence != Presence::Present {
        return;
    }
    if let Some(why) = world.evidence().pods.unavailable() {
        checkup.unknown("pods", why);
    }
    let seen = world.metadata_of(object).is_some();
    match object.kind.as_str() {
        "Deployment" if seen => deployment(checkup, world, object),
        "StatefulSet" if seen => stateful_set(checkup, world, object),
        "DaemonSet" if seen => daemon_set(checkup, world, object),
        "ReplicaSet" if seen => replica_set(checkup, world, object),
        "Job" if seen => job(checkup, world.jobs_of(object), world.now()),
        "CronJob" => cron_job(checkup, world, object),
        "Pod" => pod(checkup, world, object),
        "Service" => service(checkup, world, object),
        _ => by_its_pods(checkup, world, object),
    }
}

/// The pods that speak for a workload: living ones; of Jobs those that have not been made up for.
pub(super) fn speaking_pods<'w>(world: &'w World<'_>, object: &ObjectRef) -> Vec<PodView<'w>> {
    let mut pods = world.pods_of(object);
    match object.kind.as_str() {
        "Pod" => {}
        "Job" | "CronJob" => {
            let current = current_job(world.jobs_of(object));
            pods.retain(|pod| {
                let owner = controller(&pod.object().metadata).map(|owner| owner.name.as_str());
                current.is_none_or(|job| owner == job.metadata.name.as_deref() && !succeeded(job))
            });
        }
        _ => pods.retain(|pod| !pod.is_over() && !pod.is_terminating()),
    }
    pods
}

/// Desired and ready pods of each controller of a namespace; nothing where no kind of controller was
/// read.
pub(super) fn controller_rows(world: &World<'_>, place: &str) -> Option<Vec<(i32, i32)>> {
    let evidence = world.evidence();
    evidence.deployments.read()?;
    let mut rows = Vec::new();
    for it in evidence.deployments.items().iter().filter(|it| namespace(&it.metadata) == place) {
        let desired = it.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
        rows.push((desired, it.status.as_ref().and_then(|s| s.ready_replicas).unwrap_or(0)));
    }
    for it in evidence.stateful_sets.items().iter().filter(|it| namespace(&it.metadata) == place) {
        let desired = it.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
        rows.push((desired, it.status.as_ref().and_then(|s| s.ready_replicas).unwrap_or(0)));
    }
    for it in evidence.daemon_sets.items().iter().filter(|it| namespace(&it.metadata) == place) {
        let status = it.status.as_ref();
        rows.push(status.map_or((0, 0), |s| (s.desired_number_scheduled, s.number_ready)));
    }
    Some(rows)
}

/// The labels that the pods of a controller carry.
pub(in crate::diagnosis) fn template_labels<'w>(
    world: &World<'w>,
    object: &ObjectRef,
) -> Option<&'w BTreeMap<String, String>> {
    let evidence = world.evidence();
    let metadata = match object.kind.as_str() {
        "Deployment" => world.deployment(object)?.spec.as_ref()?.template.metadata.as_ref(),
        "StatefulSet" => {
            let sets = evidence.stateful_sets.items();
            sets.iter()
                .find(|it| is(&it.metadata, object))?
                .spec
                .as_ref()?
                .template
                .metadata
                .as_ref()
        }
        "DaemonSet" => {
            let sets = evidence.daemon_sets.items();
            sets.iter()
                .find(|it| is(&it.metadata, object))?
                .spec
                .as_ref()?
                .template
                .metadata
                .as_ref()
        }
        _ => None,
    };
    metadata?.labels.as_ref()
}

fn presence(world: &World<'_>, object: &ObjectRef) -> Presence {
    let evidence = world.evidence();
    let there = match object.kind.as_str() {
        "Service" => world.service(&object.namespace, &object.name).is_some(),
        _ => world.has(object),
    };
    if there {
        return Presence::Present;
    }
    let unread = match object.kind.as_str() {
        "Deployment" => evidence.deployments.unavailable(),
        "StatefulSet" => evidence.stateful_sets.unavailable(),
        "DaemonSet" => evidence.daemon_sets.unavailable(),
        "ReplicaSet" => evidence.replica_sets.unavailable(),
        "Job" => evidence.jobs.unavailable(),
        "CronJob" => evidence.cron_jobs.unavailable(),
        "Pod" => evidence.pods.unavailable(),
        "Service" => evidence.services.unavailable(),
        _ => Some("only its pods could tell, and it has none"),
    };
    match unread {
        Some(why) => Presence::Unknown(why.into()),
        None => Presence::Gone,
    }
}

fn deployment(checkup: &mut Checkup, world: &World<'_>, object: &ObjectRef) {
    let Some(found) = world.deployment(object) else { return };
    let spec = found.spec.as_ref();
    let desired = spec.and_then(|spec| spec.replicas).unwrap_or(1);
    if scaled_to_zero(checkup, desired) {
        return;
    }
    let Some(status) = found.status.as_ref() else { return by_its_pods(checkup, world, object) };
    let (updated, total) = (status.updated_replicas.unwrap_or(0), status.replicas.unwrap_or(0));
    checkup.health.ready = status.ready_replicas.unwrap_or(0);
    checkup.health.updated = updated;
    check_replicas(checkup, world, object, &found.metadata);
    let observed = observed(&found.metadata, status.observed_generation);
    let available = status.available_replicas.unwrap_or(0);
    let complete = observed && updated >= desired && total <= updated && available >= updated;
    // A paused rollout is meant to stay where it is.
    checkup.health.rollout_complete = complete;
    if spec.and_then(|spec| spec.paused) != Some(true) {
        unfinished(checkup, observed, updated, desired);
        if observed && updated >= desired && total > updated {
            let old = usize::try_from(total - updated).unwrap_or(0);
            let line = format!("{} of the old revision still to go", super::count(old, "pod"));
            checkup.add(Grade::Settling, line);
        } else if observed && updated >= desired && available < updated.min(checkup.health.ready) {
            let line = format!("{available} of {updated} updated pods available");
            checkup.add(Grade::Settling, line);
        }
    }
    for condition in status.conditions.iter().flatten() {
        let reason = condition.reason.as_deref().unwrap_or_default();
        match (condition.type_.as_str(), condition.status.as_str(), reason) {
            ("Progressing", "False", "ProgressDeadlineExceeded") => {
                checkup.add(Grade::Fault, "the rollout has exceeded its progress deadline");
            }
            ("ReplicaFailure", "True", _) => {
                checkup.add(Grade::Fault, "pods cannot be created");
            }
            _ => {}
        }
    }
}

fn stateful_set(checkup: &mut Checkup, world: &World<'_>, object: &ObjectRef) {
    let sets = world.evidence().stateful_sets.items();
    let Some(found) = sets.iter().find(|it| is(&it.metadata, object)) else { return };
    let spec = found.spec.as_ref();
    let desired = spec.and_then(|spec| spec.replicas).unwrap_or(1);
    if scaled_to_zero(checkup, desired) {
        return;
    }
    let Some(status) = found.status.as_ref() else { return by_its_pods(checkup, world, object) };
    checkup.health.ready = status.ready_replicas.unwrap_or(0);
    checkup.health.updated = status.updated_replicas.unwrap_or(0);
    check_replicas(checkup, world, object, &found.metadata);
    let observed = observed(&found.metadata, status.observed_generation);
    let strategy = spec.and_then(|spec| spec.update_strategy.as_ref());
    let partition = strategy.and_then(|it| it.rolling_update.as_ref()).and_then(|it| it.partition);
    let revisions = (&status.update_revision, &status.current_revision);
    let done = match (strategy.and_then(|it| it.type_.as_deref()), partition) {
        (Some("OnDelete"), _) => true,
        (_, Some(kept)) if kept > 0 => checkup.health.updated >= desired - kept,
        _ => revisions.0 == revisions.1,
    };
    checkup.health.rollout_complete = observed && done && checkup.health.ready >= desired;
    if !observed {
        unfinished(checkup, observed, 0, 0);
    } else if !done {
        let line = format!("{} of {desired} pods updated", checkup.health.updated);
        checkup.add(Grade::Settling, line);
    }
}

fn daemon_set(checkup: &mut Checkup, world: &World<'_>, object: &ObjectRef) {
    let sets = world.evidence().daemon_sets.items();
    let Some(found) = sets.iter().find(|it| is(&it.metadata, object)) else { return };
    let Some(status) = found.status.as_ref() else { return by_its_pods(checkup, world, object) };
    let desired = status.desired_number_scheduled;
    if scaled_to_zero(checkup, desired) {
        return;
    }
    checkup.health.ready = status.number_ready;
    checkup.health.updated = status.updated_number_scheduled.unwrap_or(0);
    check_replicas(checkup, world, object, &found.metadata);
    let observed = observed(&found.metadata, status.observed_generation);
    let strategy = found.spec.as_ref().and_then(|spec| spec.update_strategy.as_ref());
    let on_delete = strategy.and_then(|it| it.type_.as_deref()) == Some("OnDelete");
    let updated = if on_delete { desired } else { checkup.health.updated };
    unfinished(checkup, observed, updated, desired);
    let available = status.number_available.unwrap_or(0);
    checkup.health.rollout_complete = observed && updated >= desired && available >= desired;
}

fn replica_set(checkup: &mut Checkup, world: &World<'_>, object: &ObjectRef) {
    let sets = world.evidence().replica_sets.items();
    let Some(found) = sets.iter().find(|it| is(&it.metadata, object)) else { return };
    if scaled_to_zero(checkup, found.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)) {
        return;
    }
    checkup.health.ready = found.status.as_ref().and_then(|s| s.ready_replicas).unwrap_or(0);
    checkup.health.updated = checkup.health.ready;
    let observed =
        observed(&found.metadata, found.status.as_ref().and_then(|s| s.observed_generation));
    check_replicas(checkup, world, object, &found.metadata);
    unfinished(checkup, observed, 0, 0);
    checkup.health.rollout_complete = observed;
}

fn job(checkup: &mut Checkup, jobs: &[&Job], now: Timestamp) {
    let Some(job) = jobs.last() else { return };
    if job.spec.as_ref().and_then(|spec| spec.suspend) == Some(true) {
        checkup.health.presence = Presence::ScaledToZero;
        return;
    }
    if succeeded(job) {
        checkup.health.rollout_complete = true;
        return;
    }
    let status = job.status.as_ref();
    checkup.health.desired = status.and_then(|s| s.active).unwrap_or(0);
    checkup.health.ready = status.and_then(|s| s.ready).unwrap_or(0);
    checkup.health.updated = checkup.health.desired;
    let failed = status.and_then(|s| s.failed).unwrap_or(0);
    if let Some(condition) = condition(job, "Failed") {
        let reason = condition.reason.as_deref().unwrap_or("Failed");
        checkup.add(Grade::Fault, format!("Job {} has failed: {reason}", name(&job.metadata)));
    } else if failed > 0 {
        let pods = super::count(usize::try_from(failed).unwrap_or(0), "pod");
        checkup.add(Grade::Fault, format!("Job {}: {pods} failed", name(&job.metadata)));
    } else if checkup.health.desired == 0 && !is_young(&job.metadata, now) {
        // Its pods cannot be created: it has none, and none has failed.
        checkup.health.desired = job.spec.as_ref().and_then(|spec| spec.parallelism).unwrap_or(1);
        checkup.add(Grade::Fault, format!("Job {} has no pod", name(&job.metadata)));
    }
}

fn cron_job(checkup: &mut Checkup, world: &World<'_>, object: &ObjectRef) {
    let all = world.evidence().cron_jobs.items();
    let found = all.iter().find(|it| is(&it.metadata, object));
    let spec = found.and_then(|it| it.spec.as_ref());
    if spec.and_then(|spec| spec.suspend) == Some(true) {
        checkup.health.presence = Presence::ScaledToZero;
        return;
    }
    if let Some(why) = world.evidence().jobs.unavailable() {
        checkup.unknown("jobs", why);
    }
    checkup.health.rollout_complete = true;
    let misses = found.and_then(|it| cron::misses(world, it));
    if misses.is_none()
        && found.is_some_and(|it| it.status.as_ref().is_none_or(|it| it.active.is_none()))
        && let Some(due) = next_run(world, object)
        && world.now().duration_since(due) > LATE
    {
        let due = due.strftime("%Y-%m-%d %H:%M UTC");
        checkup.add(Grade::Fault, format!("it was due at {due} and has not run"));
    }
    if let Some(current) = current_job(world.jobs_of(object)) {
        job(checkup, &[current], world.now());
    }
    if let Some((_, line)) = misses {
        checkup.add(Grade::Fault, line);
    }
}

/// How late the controller may be.
const LATE: SignedDuration = SignedDuration::from_mins(15);

/// When kube-state-metrics reckons that a CronJob runs next; in the past where it missed that.
fn next_run(world: &World<'_>, object: &ObjectRef) -> Option<Timestamp> {
    let metrics = world.evidence().metrics.read()?;
    let labels = [("namespace", object.namespace.as_str()), ("cronjob", object.name.as_str())];
    let series = metrics.labelled("kube_cronjob_next_schedule_time", labels).next()?;
    let (_, seconds) = series.samples.last()?;
    Timestamp::from_second(*seconds as i64).ok()
}

fn pod(checkup: &mut Checkup, world: &World<'_>, object: &ObjectRef) {
    let pods = world.pods_of(object);
    let Some(pod) = pods.first() else { return };
    checkup.health.rollout_complete = true;
    if pod.is_gated() {
        checkup.health.presence = Presence::ScaledToZero;
    } else if pod.phase() == "Failed" {
        let reason = pod.reason().unwrap_or("its containers ended badly");
        checkup.health.desired = 1;
        checkup.add(Grade::Fault, format!("the pod has failed: {reason}"));
    } else if pod.phase() != "Succeeded" {
        checkup.health.desired = 1;
        checkup.health.ready = i32::from(pod.is_ready());
        checkup.health.updated = 1;
        checkup.check_ready(&pods, 0, world.now(), false);
    }
}

/// A Service is well when an endpoint of it serves.
fn service(checkup: &mut Checkup, world: &World<'_>, object: &ObjectRef) {
    let Some(found) = world.service(&object.namespace, &object.name) else { return };
    checkup.health.rollout_complete = true;
    if found.spec.as_ref().and_then(|spec| spec.type_.as_deref()) == Some("ExternalName") {
        return;
    }
    let Some((ready, total)) = world.endpoints(&object.namespace, &object.name) else {
        let why = world.evidence().endpoint_slices.unavailable().unwrap_or("not read");
        return checkup.unknown("its endpoints", why);
    };
    checkup.health.services = vec![ServiceHealth { name: object.name.clone(), ready, total }];
    if ready == 0 {
        checkup.add(Grade::Fault, "no endpoint serves");
    }
}

/// Where the controller itself says nothing (an unread or custom one), its pods are all there is.
fn by_its_pods(checkup: &mut Checkup, world: &World<'_>, object: &ObjectRef) {
    let unread = match object.kind.as_str() {
        "Deployment" => world.evidence().deployments.unavailable(),
        "StatefulSet" => world.evidence().stateful_sets.unavailable(),
        "DaemonSet" => world.evidence().daemon_sets.unavailable(),
        "ReplicaSet" => world.evidence().replica_sets.unavailable(),
        "Job" => world.evidence().jobs.unavailable(),
        _ => None,
    };
    if let Some(why) = unread {
        let what = format!("what its {} wants", object.kind.as_str());
        checkup.unknown(&what, why);
    }
    let pods = speaking_pods(world, object);
    if let Some(failed) = failed_run(world, object, pods.is_empty()) {
        let why = failed.reason().unwrap_or("its containers ended badly");
        checkup.health.desired = 1;
        checkup.add(Grade::Fault, format!("pod {} has failed: {why}", failed.name()));
        return;
    }
    let gated = pods.iter().filter(|pod| pod.is_gated()).count();
    let wanted = world.replica_sets_of(object).iter().filter_map(|set| set.spec.as_ref()?.replicas);
    let seen = i32::try_from(pods.len() - gated).unwrap_or(i32::MAX);
    checkup.health.desired = seen.max(wanted.sum());
    checkup.health.ready =
        i32::try_from(pods.iter().filter(|pod| pod.is_ready()).count()).unwrap_or(i32::MAX);
    checkup.health.updated = seen;
    checkup.health.rollout_complete = unread.is_none();
    checkup.check_ready(&pods, 0, world.now(), false);
}

/// The newest pod of a custom owner that runs things to their end (a Tekton TaskRun, an Argo Workflow), where
/// it has failed and none is left that might do better. Controllers that keep pods running make new ones.
fn failed_run<'w>(
    world: &'w World<'_>,
    object: &ObjectRef,
    none_lives: bool,
) -> Option<PodView<'w>> {
    const KEEPING: [&str; 6] = [
        "Deployment",
        "ReplicaSet",
        "StatefulSet",
        "DaemonSet",
        "ReplicationController",
        "Service",
    ];
    if KEEPING.contains(&object.kind.as_str()) || !none_lives {
        return None;
    }
    let newest = world.pods_of(object).into_iter().max_by_key(|pod| pod.created())?;
    let never = newest.spec().and_then(|it| it.restart_policy.as_deref()) == Some("Never");
    (newest.phase() == "Failed" && never).then_some(newest)
}

/// The Job whose outcome counts: the newest, or while that runs without a failure the one before it,
/// if that failed.
fn current_job<'j>(jobs: &[&'j Job]) -> Option<&'j Job> {
    let newest = jobs.last()?;
    let undecided = !succeeded(newest)
        && condition(newest, "Failed").is_none()
        && newest.status.as_ref().and_then(|s| s.failed).unwrap_or(0) == 0;
    let before = jobs.len().checked_sub(2).and_then(|at| jobs.get(at));
    match before {
        Some(before) if undecided && condition(before, "Failed").is_some() => Some(before),
        _ => Some(newest),
    }
}

fn succeeded(job: &Job) -> bool {
    condition(job, "Complete").is_some() || condition(job, "SuccessCriteriaMet").is_some()
}

fn condition<'j>(job: &'j Job, kind: &str) -> Option<&'j JobCondition> {
    let conditions = job.status.as_ref()?.conditions.as_deref()?;
    conditions.iter().find(|it| it.type_ == kind && it.status == "True")
}

fn scaled_to_zero(checkup: &mut Checkup, desired: i32) -> bool {
    checkup.health.desired = desired;
    if desired <= 0 {
        checkup.health.presence = Presence::ScaledToZero;
        checkup.health.rollout_complete = true;
    }
    desired <= 0
}

fn unfinished(checkup: &mut Checkup, observed: bool, updated: i32, desired: i32) {
    if !observed {
        checkup.add(Grade::Settling, "the controller has not seen the newest change yet");
    } else if updated < desired {
        checkup.add(Grade::Settling, format!("{updated} of {desired} pods updated"));
    }
}

/// Whether the controller has seen the newest spec. Where either number is missing there is nothing to
/// compare.
fn observed(metadata: &ObjectMeta, observed: Option<i64>) -> bool {
    match (metadata.generation, observed) {
        (Some(generation), Some(observed)) => observed >= generation,
        _ => true,
    }
}

/// Compares the ready pods of a controller with what it wants; those that leave and those that come are given
/// time.
fn check_replicas(
    checkup: &mut Checkup,
    world: &World<'_>,
    object: &ObjectRef,
    controller: &ObjectMeta,
) {
    let (pods, now) = (speaking_pods(world, object), world.now());
    checkup.check_ready(&pods, leaving(world, object), now, is_young(controller, now));
}

/// How many pods are on their way out, within the time that they may take: what replaces them comes after.
fn leaving(world: &World<'_>, object: &ObjectRef) -> usize {
    let in_time = |pod: &PodView<'_>| {
        let due = pod.object().metadata.deletion_timestamp.as_ref();
        due.is_some_and(|due| world.now().duration_since(due.0) < MAY_LINGER_FOR)
    };
    world.pods_of(object).iter().filter(|pod| in_time(pod)).count()
}

fn is_young(metadata: &ObjectMeta, now: Timestamp) -> bool {
    created(metadata).is_some_and(|at| now.duration_since(at) < MAY_START_FOR)
}
