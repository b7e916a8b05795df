//! What one look shows, and how it joins what was known.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::draft::Draft;
use super::hear::{clock, restarted};
use super::memory::Noted;
use super::rules::between;
use super::{Incident, Look, Rules};
use crate::diagnosis::{Certainty, Finding, Health, Presence, Proof, RestartCount};

/// A weaker diagnosis replaces a stronger one only after so many looks in a row: between two crashes a
/// container runs for a while, and then there is less to see.
const WEAKER_LOOKS: u32 = 3;
/// A restart found at the first look belongs to this incident when it is no older. What is older was
/// another failure, and would only stretch the time that health is watched.
const HISTORY: Duration = Duration::from_secs(3600);
/// A pod that came so long before or after another one went has nothing to do with it.
const REPLACED_WITHIN: Duration = Duration::from_secs(180);
/// Rollouts noted in one thread.
const MOST_ROLLOUTS: usize = 10;

/// What a look shows of the subject, in one word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// It is there, and nothing is wrong.
    Healthy,
    /// It is there, and something is wrong.
    Failing,
    /// It does not exist, or is meant to have no pods.
    Absent,
    /// It could not be seen, and why. Neither health nor failure.
    Unseen(String),
    /// Nobody asked: it is nothing that has health, or another cluster's.
    NotAsked,
}

/// What the health says. What could not be seen hides health, but not a failure that was seen.
fn sight(health: &Health) -> Sight {
    let unknown = |text: &&String| text.starts_with("unknown");
    match &health.presence {
        Presence::NotAsked => Sight::NotAsked,
        Presence::Unknown(why) => Sight::Unseen(why.clone()),
        Presence::Gone | Presence::ScaledToZero => Sight::Absent,
        Presence::Present if health.failing.is_empty() => Sight::Healthy,
        Presence::Present => match health.failing.iter().find(unknown) {
            Some(why) if health.failing.iter().all(|text| unknown(&text)) => {
                let why = why.trim_start_matches("unknown").trim_start_matches(':').trim();
                Sight::Unseen(why.to_owned())
            }
            _ => Sight::Failing,
        },
    }
}

/// Takes over what a look shows.
pub(super) fn absorb(draft: &mut Draft<'_>, look: &Look) -> Sight {
    let sight = sight(&look.health);
    let seen = matches!(sight, Sight::Healthy | Sight::Failing);
    if seen {
        let moved = rolled_out(draft, look);
        count_restarts(draft, look);
        replaced(draft, look, &sight, moved);
    }
    keep_finding(draft, look, &sight);
    hold_health(draft, look, &sight);
    let incident = &mut draft.incident;
    let (before, now) = (&incident.health, &look.health);
    if (&before.presence, before.ready, before.failing.is_empty())
        != (&now.presence, now.ready, now.failing.is_empty())
    {
        incident.memory.news();
    }
    incident.looks = incident.looks.saturating_add(1);
    incident.looked_at = Some(look.taken_at);
    incident.health = look.health.clone();
    incident.blind_spots = look.blind_spots.clone();
    incident.redacted = look.redacted;
    sight
}

/// Notices that another revision is wanted now. Returns whether one is; `None` where that is not known.
fn rolled_out(draft: &mut Draft<'_>, look: &Look) -> Option<bool> {
    let now = look.health.revision.as_ref()?;
    let before = draft.incident.memory.revision.replace(now.clone())?;
    if before.template == now.template {
        return Some(false);
    }
    if draft.incident.memory.templates.len() >= MOST_ROLLOUTS {
        return Some(true);
    }
    draft.incident.memory.templates.insert(now.template.clone());
    let back = now.created_at.zip(before.created_at).is_some_and(|(new, old)| new < old);
    let good = draft.incident.finding.as_ref().and_then(|finding| {
        finding.rollout.as_ref().and_then(|rollout| rollout.from_revision.as_ref())
    });
    let text = match (back, good) {
        (true, Some(good)) => {
            format!("Rolled back to revision {good}, now number {}. Watching.", now.number)
        }
        (true, None) => {
            format!("Rolled back: revision {} is an earlier one. Watching.", now.number)
        }
        (false, _) => format!("Revision {} is being rolled out. Watching.", now.number),
    };
    if draft.incident.is_told() {
        draft.note(text);
    } else {
        draft.record(look.taken_at, "kubernetes", text);
    }
    Some(true)
}

/// Counts restarts by raw counters. A recreated pod starts from zero, so counters are compared by uid.
fn count_restarts(draft: &mut Draft<'_>, look: &Look) {
    let first = draft.incident.looks == 0;
    for restart in &look.health.restarts {
        let moved = count(&mut draft.incident, restart, look.taken_at, first, draft.rules);
        if moved > 0 {
            let (at, text) = (restart.last_ended_at.unwrap_or(look.taken_at), told(restart, moved));
            draft.record(at, "kubernetes", text);
        }
    }
    let living = || look.health.restarts.iter();
    let keys: BTreeSet<String> = living().map(|r| format!("{}/{}", r.uid, r.container)).collect();
    draft.incident.counters.retain(|key, _| keys.contains(key));
}

fn told(restart: &RestartCount, moved: i64) -> String {
    let RestartCount { pod, container, count, .. } = restart;
    match moved {
        1 => format!("{pod}/{container} restarted, {count} times by now"),
        _ => format!("{pod}/{container} restarted {moved} times, {count} times by now"),
    }
}

/// Takes over one counter. Returns by how much it moved since it was last seen.
fn count(
    incident: &mut Incident,
    restart: &RestartCount,
    taken_at: Timestamp,
    first: bool,
    rules: &Rules,
) -> i64 {
    let RestartCount { uid, pod, container, .. } = restart;
    let now = i64::from(restart.count);
    let ended = restart.last_ended_at.filter(|at| *at <= taken_at);
    // A poll without uids counted under the pod's name.
    let unnamed = incident.counters.remove(&format!("{pod}/{container}"));
    let before = incident.counters.insert(format!("{uid}/{container}"), now).or(unnamed);
    if let (Some(began), Some(ended), 2..) = (restart.last_started_at, ended, now) {
        let run = between(began, ended);
        if run <= rules.max_recovery_window {
            incident.memory.longest_run = incident.memory.longest_run.max(run.as_secs());
        }
    }
    let recent = ended.filter(|at| between(*at, taken_at) <= HISTORY);
    match before {
        Some(before) if now > before => {
            restarted(incident, ended.unwrap_or(taken_at), pod, container, now - before);
            now - before
        }
        // History: when the last of these runs ended is known, the others' times are not.
        None if first && now > 0 && recent.is_some() => {
            restarted(incident, recent.unwrap_or(taken_at), pod, container, 1);
            0
        }
        None if !first && now > 0 => {
            restarted(incident, ended.unwrap_or(taken_at), pod, container, now);
            now
        }
        _ => {
            incident.memory.restarted_at = incident.memory.restarted_at.max(recent);
            0
        }
    }
}

/// Notices pods that were deleted and came back without a rollout. That resets the back-off and loses
/// the previous log, and cures nothing.
fn replaced(draft: &mut Draft<'_>, look: &Look, sight: &Sight, moved: Option<bool>) {
    let now: BTreeMap<String, String> =
        look.health.restarts.iter().map(|r| (r.uid.clone(), r.pod.clone())).collect();
    let incident = &mut draft.incident;
    let crashed = |pod: &String| incident.restarts.iter().any(|restart| restart.pod == *pod);
    let gone = |it: &(&String, &String)| !now.contains_key(it.0) && crashed(it.1);
    let gone: Vec<String> =
        incident.memory.pods.iter().filter(gone).map(|(_, pod)| pod.clone()).collect();
    let new = now.iter().filter(|(uid, _)| !incident.memory.pods.contains_key(*uid));
    let new: Vec<String> = new.map(|(_, pod)| stem(pod).to_owned()).collect();
    let memory = &mut incident.memory;
    // The old pod may go before the new one comes, or after: looks fall in between.
    memory.came.extend(new.into_iter().map(|stem| (stem, look.taken_at)));
    memory.went.extend(gone.into_iter().map(|pod| (pod, look.taken_at)));
    for times in [&mut memory.came, &mut memory.went] {
        times.retain(|_, at| between(*at, look.taken_at) <= REPLACED_WITHIN);
    }
    memory.pods = now;
    if moved != Some(false) {
        memory.went.clear();
        return;
    }
    let old = memory.went.keys().filter(|pod| memory.came.contains_key(stem(pod))).count();
    if old == 0 || *sight != Sight::Failing || !draft.incident.is_told() {
        return;
    }
    draft.incident.memory.went.clear();
    if draft.incident.memory.noted.insert(Noted::Replaced, draft.now).is_none() {
        let pods = if old == 1 { "1 pod was".to_owned() } else { format!("{old} pods were") };
        draft.note(format!(
            "{pods} replaced without a rollout: deleted by hand, evicted or drained. The failure goes \
             on; the restart back-off began again. The earlier evidence is kept here."
        ));
    }
}

/// What pods of one template have in common: `web-67cb7` of `web-67cb7-85lnb`, `db` of `db-0`.
fn stem(pod: &str) -> &str {
    pod.rsplit_once('-').map_or(pod, |(stem, _)| stem)
}

/// Keeps the finding that tells most. After it heals the old one stays: it is the proof.
fn keep_finding(draft: &mut Draft<'_>, look: &Look, sight: &Sight) {
    let Some(new) = &look.finding else { return };
    let incident = &mut draft.incident;
    let weaker = incident.finding.as_ref().is_some_and(|old| best(new) < best(old));
    let current = incident.finding.is_some() && !incident.memory.stale;
    if *sight == Sight::Failing {
        let before = incident.finding.as_ref().and_then(revision);
        let moved = before.is_some_and(|before| revision(new).is_some_and(|now| now != before));
        incident.memory.weaker = if weaker { incident.memory.weaker.saturating_add(1) } else { 0 };
        if current && weaker && !moved && incident.memory.weaker < WEAKER_LOOKS {
            // Which of the two is true now should not stay open for long.
            incident.memory.steady = incident.memory.steady.min(1);
            return;
        }
    } else if current && best(new) <= incident.finding.as_ref().and_then(best) {
        return;
    } else if incident.finding.as_ref().is_some_and(|old| !old.health.failing.is_empty()) {
        // It recovers. What its log says in quiet is not why it failed.
        return;
    }
    incident.memory.weaker = 0;
    // Events expire and logs rotate: the beginning is never seen later than it was seen before.
    if let Some(since) = new.since.filter(|since| *since < incident.since) {
        let ended = incident.memory.taken_back.as_ref().map(|earlier| earlier.closed.at);
        incident.since = ended.map_or(since, |ended| since.max(ended));
    }
    incident.memory.stale = false;
    incident.finding = Some(steadied(incident.finding.as_ref(), new, &look.health));
    incident.found_at = Some(look.taken_at);
}

/// The same cause in the same sentence needs no other replica's proof. While the pod of the first one
/// lives its proof stays, so that the message stands still while its pods take turns in crashing; and
/// what was changed stays said after it was rolled back.
fn steadied(old: Option<&Finding>, new: &Finding, health: &Health) -> Finding {
    let mut kept = new.clone();
    let Some(old) = old.filter(|old| words(old).is_some() && words(old) == words(new)) else {
        return kept;
    };
    if kept.rollout.is_none() {
        kept.rollout = old.rollout.clone();
    }
    let place = proof(old).and_then(|proof| proof.source.as_deref()).unwrap_or_default();
    let lives = health.restarts.iter().any(|restart| place.contains(&restart.pod));
    if lives && new.rollout == old.rollout {
        kept.hypotheses = old.hypotheses.clone();
        kept.excerpt = old.excerpt.clone();
        kept.next = old.next.clone();
    }
    kept
}

/// What a finding says: the cause, how sure, and in which sentence. Where proof of it stands, in a
/// status or in an event, may differ from look to look.
fn words(finding: &Finding) -> Option<(&str, Certainty, &str)> {
    let best = finding.hypotheses.first()?;
    Some((&best.cause, best.certainty, &best.summary))
}

fn proof(finding: &Finding) -> Option<&Proof> {
    finding.hypotheses.first()?.because.iter().find(|proof| proof.quote.is_some())
}

fn best(finding: &Finding) -> Option<Certainty> {
    finding.hypotheses.first().map(|hypothesis| hypothesis.certainty)
}

fn revision(finding: &Finding) -> Option<&String> {
    finding.rollout.as_ref().and_then(|rollout| rollout.to_revision.as_ref())
}

/// Keeps since when health holds, or does not.
fn hold_health(draft: &mut Draft<'_>, look: &Look, sight: &Sight) {
    let at = look.taken_at;
    let before = draft.incident.healthy_since;
    let (memory, health) = (&mut draft.incident.memory, &look.health);
    match sight {
        Sight::Healthy => {
            let since = healthy_since(&draft.incident, look);
            draft.incident.healthy_since = Some(since);
            if before != Some(since) {
                let again = if before.is_some() { "healthy again" } else { "healthy" };
                let text = format!("{again} since {}: {}", clock(since), health.pods_ready());
                draft.record(at, "kubernetes", text);
            }
            draft.incident.memory.failing_since = None;
        }
        Sight::Failing => {
            memory.failing_since.get_or_insert(at);
            memory.failed_at = Some(at);
            draft.incident.healthy_since = None;
            if before.is_some() {
                draft.record(at, "kubernetes", format!("health is lost: {}", wrong(health)));
            }
        }
        Sight::Absent => {
            memory.failing_since = None;
            draft.incident.healthy_since = None;
        }
        Sight::Unseen(why) => {
            if memory.unseen_since.is_none() {
                memory.unseen_since = Some(at);
                draft.record(at, "firsthand", format!("it cannot be seen: {why}"));
            }
            return;
        }
        Sight::NotAsked => return,
    }
    let memory = &mut draft.incident.memory;
    memory.unseen_since = None;
    memory.absent = if *sight == Sight::Absent { memory.absent.saturating_add(1) } else { 0 };
}

/// Since when health holds, as far as it is proved: never earlier than the last restart, than the last
/// failing look, or than a blind time in which nothing vouches for it.
fn healthy_since(incident: &Incident, look: &Look) -> Timestamp {
    let (at, memory) = (look.taken_at, &incident.memory);
    let ready = look.health.ready_since.filter(|since| *since <= at);
    let held = match (incident.healthy_since, ready) {
        (Some(since), Some(ready)) => since.max(ready),
        (Some(since), None) => {
            let blind = memory.unseen_since.map(|unseen| at.duration_since(unseen));
            blind.and_then(|blind| since.checked_add(blind).ok()).unwrap_or(since)
        }
        (None, Some(ready)) if memory.failed_at.is_none_or(|failed| failed < ready) => ready,
        (None, _) => at,
    };
    held.max(memory.restarted_at.unwrap_or(held)).min(at)
}

/// What is wrong, as the health says it.
pub(super) fn wrong(health: &Health) -> String {
    let known = health.failing.iter().filter(|text| !text.starts_with("unknown"));
    let known: Vec<&str> = known.map(String::as_str).take(3).collect();
    if known.is_empty() { health.pods_ready() } else { known.join("; ") }
}
