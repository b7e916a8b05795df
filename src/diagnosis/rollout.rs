//! What was changed: the failing revision against the last one that worked.

mod diff;
mod rest;

pub(super) use diff::probe_target;

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::apps::v1::ControllerRevision;
use k8s_openapi::api::core::v1::PodTemplateSpec;

use super::owner::owner_of;
use super::pod::PodView;
use super::world::{World, created, name, namespace, revision};
use super::{Change, ObjectRef, Rollout};

/// How long after a rollout a first failure still lines up with it. Shorter would miss a leak that takes
/// an hour to kill; longer would blame every old release.
const LINES_UP_FOR: SignedDuration = SignedDuration::from_hours(2);

/// How far the clocks of the nodes and of the controllers may disagree.
const SLACK: SignedDuration = SignedDuration::from_secs(60);

/// One revision of a workload: its number and its pod template.
#[derive(Clone)]
pub(super) struct Rolled<'a> {
    number: String,
    /// The name its pods know it by: their hash.
    object: String,
    created: Option<Timestamp>,
    has_ready_pods: bool,
    pub(super) template: Cow<'a, PodTemplateSpec>,
}

impl Rolled<'_> {
    /// Its number, `41`; the name of its object where it has none.
    pub(super) fn number(&self) -> &str {
        &self.number
    }

    /// The revision as health tells it.
    pub(super) fn named(&self) -> super::Revision {
        super::Revision {
            number: self.number.clone(),
            template: self.object.clone(),
            created_at: self.created,
        }
    }
}

/// The newest revision of a workload and the last one that worked before it.
pub(super) struct Revisions<'a> {
    pub(super) newest: Rolled<'a>,
    pub(super) before: Option<Rolled<'a>>,
}

/// The revisions of a workload, where any were read.
pub(super) fn revisions<'a>(world: &World<'a>, object: &ObjectRef) -> Option<Revisions<'a>> {
    let mut all = match object.kind.as_str() {
        "StatefulSet" | "DaemonSet" => of_controller_revisions(world, object),
        _ => of_replica_sets(world, object),
    };
    let newest = all.pop()?;
    // An older revision that still serves is known to work; else the one just before.
    let before = all.iter().rposition(|it| it.has_ready_pods).or(all.len().checked_sub(1));
    let before = before.map(|at| all.swap_remove(at));
    Some(Revisions { newest, before })
}

/// The rollout that lines up with a failure that began `since`, or the ConfigMap edits that do.
pub(super) fn lining_up(
    world: &World<'_>,
    object: &ObjectRef,
    revisions: Option<&Revisions<'_>>,
    failing: &[PodView<'_>],
    since: Option<Timestamp>,
) -> Option<Rollout> {
    let mut rollout = revisions.and_then(|it| rolled_out(world, object, it, failing, since));
    let edits = edited_maps(world, object, revisions, failing, since);
    if edits.is_empty() {
        return rollout;
    }
    rollout
        .get_or_insert_with(|| Rollout {
            from_revision: None,
            to_revision: revisions.map(|it| it.newest.number.clone()),
            at: None,
            changes: Vec::new(),
            can_roll_back: false,
        })
        .changes
        .extend(edits);
    rollout
}

fn rolled_out(
    world: &World<'_>,
    object: &ObjectRef,
    revisions: &Revisions<'_>,
    failing: &[PodView<'_>],
    since: Option<Timestamp>,
) -> Option<Rollout> {
    let (newest, before) = (&revisions.newest, revisions.before.as_ref()?);
    let at = rolled_out_at(world, object, newest, before);
    // Where pods of the older revision fail as well the newest one is not what broke them.
    if !failing.is_empty() && !failing.iter().any(|pod| is_of(pod, newest)) {
        return None;
    }
    let in_time = match (at, since) {
        (Some(at), Some(since)) => since >= at - SLACK && since <= at + LINES_UP_FOR,
        _ => true,
    };
    if !(in_time || before.has_ready_pods) {
        return None;
    }
    let mut changes = diff::templates(&before.template, &newest.template);
    changes.extend(same_tag_other_digest(&changes, world, object, newest, before));
    Some(Rollout {
        from_revision: Some(before.number.clone()),
        to_revision: Some(newest.number.clone()),
        at,
        changes,
        can_roll_back: true,
    })
}

/// When the newest revision began: its object's creation, or, where an old one was taken up again, the
/// event of its being scaled up.
fn rolled_out_at(
    world: &World<'_>,
    object: &ObjectRef,
    newest: &Rolled<'_>,
    before: &Rolled<'_>,
) -> Option<Timestamp> {
    if newest.created >= before.created {
        return newest.created;
    }
    let events = world.events_named(object);
    let scaled = events.iter().filter(|event| {
        event.reason() == "ScalingReplicaSet"
            && event.message().starts_with("Scaled up")
            && event.message().split(' ').any(|word| word == newest.object)
    });
    scaled.filter_map(|event| event.first_seen()).filter(|at| Some(*at) > before.created).min()
}

/// The same tag, pushed again: only the digests of running containers tell.
fn same_tag_other_digest(
    changes: &[Change],
    world: &World<'_>,
    object: &ObjectRef,
    newest: &Rolled<'_>,
    before: &Rolled<'_>,
) -> Vec<Change> {
    let pods = world.pods_of(object);
    let digest = |revision: &Rolled<'_>, container: &str| {
        let of = pods.iter().filter(|pod| is_of(pod, revision)).flat_map(|pod| pod.containers());
        let id =
            of.filter(|it| it.name() == container).find_map(|it| it.status())?.image_id.clone();
        id.rsplit_once('@').map(|(_, digest)| digest.to_owned())
    };
    let spec = newest.template.spec.as_ref();
    let names = spec.into_iter().flat_map(|spec| &spec.containers).map(|it| it.name.as_str());
    names
        .filter(|container| {
            !changes
                .iter()
                .any(|it| it.what == "image" && it.container.as_deref() == Some(*container))
        })
        .filter_map(|container| {
            let (from, to) = (digest(before, container)?, digest(newest, container)?);
            (from != to).then(|| Change {
                what: "image digest".into(),
                container: Some(container.into()),
                from: Some(from),
                to: Some(to),
                at: None,
            })
        })
        .collect()
}

/// ConfigMaps the pods refer to that were edited shortly before the failure: no rollout shows them.
fn edited_maps(
    world: &World<'_>,
    object: &ObjectRef,
    revisions: Option<&Revisions<'_>>,
    failing: &[PodView<'_>],
    since: Option<Timestamp>,
) -> Vec<Change> {
    let Some(since) = since else { return Vec::new() };
    let spec = revisions
        .and_then(|it| it.newest.template.spec.as_ref())
        .or_else(|| failing.first().and_then(|pod| pod.spec()));
    let Some(spec) = spec else { return Vec::new() };
    let names = diff::config_maps_of(spec);
    let edited = names.iter().filter_map(|name| {
        let map = world.config_map(&object.namespace, name)?;
        let at = map.edited_at?;
        let close = at <= since + SLACK && at >= since - LINES_UP_FOR;
        close.then(|| Change {
            what: format!("ConfigMap {name}"),
            container: None,
            from: None,
            to: Some(Change::EDITED.into()),
            at: Some(at),
        })
    });
    edited.collect()
}

/// Whether a pod is of that revision. Where the pod does not tell, it is taken to be.
fn is_of(pod: &PodView<'_>, revision: &Rolled<'_>) -> bool {
    let labels = pod.object().metadata.labels.as_ref();
    let label = |key: &str| labels.and_then(|labels| labels.get(key));
    if let Some(hash) = label("controller-revision-hash") {
        return revision.object == *hash || revision.object.ends_with(&format!("-{hash}"));
    }
    let owner = super::owner::controller(&pod.object().metadata);
    match owner.filter(|owner| owner.kind == "ReplicaSet") {
        Some(owner) => owner.name == revision.object,
        None => label("pod-template-hash")
            .is_none_or(|hash| revision.object.ends_with(&format!("-{hash}"))),
    }
}

fn of_replica_sets<'a>(world: &World<'a>, object: &ObjectRef) -> Vec<Rolled<'a>> {
    let sets = world.replica_sets_of(object).iter();
    sets.filter_map(|set| {
        Some(Rolled {
            number: match revision(&set.metadata) {
                0 => name(&set.metadata).to_owned(),
                number => number.to_string(),
            },
            object: name(&set.metadata).to_owned(),
            created: created(&set.metadata),
            has_ready_pods: set.status.as_ref().and_then(|s| s.ready_replicas).unwrap_or(0) > 0,
            template: Cow::Borrowed(set.spec.as_ref()?.template.as_ref()?),
        })
    })
    .collect()
}

fn of_controller_revisions<'a>(world: &World<'a>, object: &ObjectRef) -> Vec<Rolled<'a>> {
    let all = world.evidence().controller_revisions.items().iter();
    let mine = |it: &&ControllerRevision| {
        owner_of(&it.metadata, namespace(&it.metadata)).as_ref() == Some(object)
    };
    let mut found: Vec<&ControllerRevision> = all.filter(mine).collect();
    found.sort_by_key(|it| (it.revision, name(&it.metadata)));
    let pods = world.pods_of(object);
    let read = found.into_iter().filter_map(|it| {
        let template = it.data.as_ref()?.0.get("spec")?.get("template")?.clone();
        let mut revision = Rolled {
            number: it.revision.to_string(),
            object: name(&it.metadata).to_owned(),
            created: created(&it.metadata),
            has_ready_pods: false,
            template: Cow::Owned(serde_json::from_value(template).ok()?),
        };
        revision.has_ready_pods = pods.iter().any(|pod| pod.is_ready() && is_of(pod, &revision));
        Some(revision)
    });
    read.collect()
}
