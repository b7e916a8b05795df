//! What is true now, and what follows: severity, state, whether to speak, what to say, whether it is
//! over, when to look again.

use jiff::Timestamp;

use super::draft::Draft;
use super::hear::{clock, span};
use super::rules::{after, between};
use super::see::Sight;
use super::{Closed, Incident, Reply, Rules, Severity, State, notes, recovery, severity, voice};
use crate::diagnosis::{Certainty, Presence};

/// Decides everything that follows from what a look showed. Returns whether this is the first message.
pub(super) fn settle(draft: &mut Draft<'_>, sight: &Sight) -> bool {
    let told = draft.incident.is_told();
    weigh(draft, sight);
    let over = ended(draft, sight);
    let state = match over {
        Some(_) => State::Resolved,
        None => state(&draft.incident, sight, draft.now, draft.rules),
    };
    // What is over is not begun to be talked about, but no alert goes untold.
    let missed = voice::was_worth_telling(&draft.incident, draft.rules);
    let worth = over.is_none() || missed || draft.incident.memory.alerted.is_some();
    let speaks = !told && worth && voice::speaks(draft, sight);
    enter(draft, state);
    if speaks {
        voice::begin(draft, *sight == Sight::Healthy);
    } else if told {
        notes::replies(draft, sight, over.is_some());
    }
    if over.is_none() && draft.incident.is_told() {
        notes::checklist(draft);
    }
    match over {
        // The first message, if this is it, stands in the channel already.
        Some(closed) => close(draft, closed, !speaks),
        None => draft.incident.look_at = Some(next_look(draft, sight)),
    }
    speaks
}

fn enter(draft: &mut Draft<'_>, state: State) {
    let before = draft.incident.state;
    if before != state {
        draft.incident.state = state;
        draft.incident.memory.news();
        draft.decided(format!("state: {} → {}", before.word(), state.word()));
    }
}

/// Where it stands, if it is not over.
fn state(incident: &Incident, sight: &Sight, now: Timestamp, rules: &Rules) -> State {
    let certain = incident.top().is_some_and(|top| top.certainty == Certainty::Certain);
    let failing =
        if certain && !incident.memory.stale { State::Identified } else { State::Investigating };
    match sight {
        Sight::Failing => failing,
        // Nothing of the subject was wrong, and an alert fires: nothing has come back.
        Sight::Healthy if incident.alert_fires() && !has_failed(incident) => State::Investigating,
        Sight::Healthy if is_steady(incident, now, rules) => State::Monitoring,
        Sight::Absent if incident.memory.absent > 1 => State::Monitoring,
        // Between two crashes everything is well for a while.
        Sight::Healthy => failing,
        Sight::Absent | Sight::Unseen(_) | Sight::NotAsked => incident.state,
    }
}

fn is_steady(incident: &Incident, now: Timestamp, rules: &Rules) -> bool {
    let since = incident.healthy_since;
    since.is_some_and(|since| after(since, notes::steady(incident, rules)) <= now)
}

/// Whether the subject itself was seen to fail, and not only an alert to fire.
pub(super) fn has_failed(incident: &Incident) -> bool {
    let hour = std::time::Duration::from_secs(3600);
    let memory = &incident.memory;
    memory.failed_at.is_some()
        || memory.restarted_at.is_some_and(|at| after(at, hour) >= incident.since)
}

/// Severity rises at once and falls only when it has been milder for a while. It says how bad the
/// incident is, so it does not fall while health is being verified or cannot be seen.
fn weigh(draft: &mut Draft<'_>, sight: &Sight) {
    let (judged, why) = severity::of(&draft.incident, draft.rules);
    let incident = &mut draft.incident;
    let before = incident.severity;
    let fresh = !incident.is_told() && (*sight != Sight::Healthy || incident.looks <= 1);
    let blind = matches!(sight, Sight::Unseen(_) | Sight::Absent);
    let past = *sight == Sight::Healthy || (*sight == Sight::NotAsked && !incident.alert_fires());
    if !fresh && (blind || (past && judged < before)) {
        incident.memory.milder = None;
        return;
    }
    if !fresh && judged < before {
        let since = match incident.memory.milder {
            Some((severity, since)) if severity >= judged => since,
            _ => draft.now,
        };
        incident.memory.milder = Some((judged, since));
        if after(since, draft.rules.severity_hold) > draft.now {
            return;
        }
    }
    incident.memory.milder = None;
    incident.severity = judged;
    incident.severity_reason.clone_from(&why);
    if judged == before {
        return;
    }
    draft.decided(format!("severity: {} → {}: {why}", before.word(), judged.word()));
    if draft.incident.is_told() && draft.incident.memory.peak.is_none_or(|peak| judged > peak) {
        draft.incident.memory.peak = Some(judged);
        let reply = Reply::Severity { at: draft.now, from: before, to: judged, reason: why };
        draft.reply(reply, judged >= Severity::Sev2);
    }
}

/// How it ended, if it did. Health must hold and every alert must have ended; what cannot be seen is
/// never over.
fn ended(draft: &Draft<'_>, sight: &Sight) -> Option<Closed> {
    let (incident, rules, now) = (&draft.incident, draft.rules, draft.now);
    let calm = calm_from(incident, rules).is_none_or(|from| from <= now);
    if incident.alert_fires() || !calm {
        return None;
    }
    let missed = incident.missed.as_ref();
    let missed = missed.map(|it| format!("while nobody was looking it {}; ", it.words()));
    let missed = missed.unwrap_or_default();
    let end = |how: &str, because: String| {
        let because = format!("{missed}{because}{}", last_end(incident));
        Some(Closed { at: now, how: how.to_owned(), because })
    };
    match sight {
        Sight::Failing => None,
        Sight::Healthy => {
            let since = incident.healthy_since?;
            if after(since, recovery::window(incident, rules)) > now {
                return None;
            }
            let held =
                format!("healthy {}, {}", span(between(since, now)), incident.health.pods_ready());
            let quiet = incident.memory.restarted_at;
            let quiet = quiet.map(|at| format!(", no restart since {}", clock(at)));
            let how = if has_failed(incident) { "recovered" } else { "alert ended" };
            let how = if incident.alerts.is_empty() { "recovered" } else { how };
            end(how, held + &quiet.unwrap_or_default())
        }
        Sight::Absent if incident.memory.absent < 2 => None,
        Sight::Absent if incident.health.presence == Presence::ScaledToZero => {
            end("scaled to zero", "it is meant to have no pods".to_owned())
        }
        Sight::Absent => end("gone", "the API server says that it does not exist".to_owned()),
        Sight::NotAsked if incident.subject.is_watched() => Some(Closed {
            at: now,
            how: "works again".to_owned(),
            because: last_end(incident).trim_start_matches(", ").to_owned(),
        }),
        Sight::NotAsked if !incident.alerts.is_empty() => {
            let nothing = incident.subject.object.is_none();
            let why =
                if nothing { "it names nothing in Kubernetes" } else { "its health was not seen" };
            end("alert ended", why.to_owned())
        }
        // Only the poll spoke of it, and speaks of it no more.
        Sight::NotAsked if heard_lately(incident, now, rules.recovery_window) => None,
        Sight::NotAsked => end("unverified", "nothing more was heard of it".to_owned()),
        // Nobody was told of it, and it can neither be seen nor is it heard of: it need not be kept.
        Sight::Unseen(_) => {
            let blind = incident.memory.unseen_since?;
            let over = after(blind, rules.max_recovery_window) <= now;
            let quiet = !incident.is_told() && !heard_lately(incident, now, rules.recovery_window);
            if over && quiet { end("unverified", "it could not be seen".to_owned()) } else { None }
        }
    }
}

fn heard_lately(incident: &Incident, now: Timestamp, window: std::time::Duration) -> bool {
    let restarted = incident.memory.restarted_at;
    let waited = incident.waiting.values().map(|(_, last, _)| *last).max();
    restarted.max(waited).is_some_and(|at| after(at, window) > now)
}

/// After a relapse the alerts, too, must have been quiet for the window: one that comes and goes would
/// otherwise end and reopen the incident each time.
fn calm_from(incident: &Incident, rules: &Rules) -> Option<Timestamp> {
    let ended = incident.alerts.values().filter_map(|alert| alert.ended_at).max()?;
    (incident.relapses > 0 || incident.memory.taken_back.is_some())
        .then(|| after(ended, rules.recovery_window))
}

fn last_end(incident: &Incident) -> String {
    let ended =
        incident.alerts.values().filter_map(|alert| alert.ended_at.map(|at| (at, &alert.name)));
    ended.max().map(|(at, name)| format!(", {name} ended {}", clock(at))).unwrap_or_default()
}

fn close(draft: &mut Draft<'_>, closed: Closed, broadcast: bool) {
    draft.decided(format!("closed: {}: {}", closed.how, closed.because));
    let incident = &mut draft.incident;
    incident.look_at = None;
    incident.waiting.clear();
    // It came back and went again before anyone was told: what people know stays true.
    if let Some(earlier) = incident.memory.taken_back.take() {
        incident.closed = Some(earlier.closed);
        incident.since = earlier.since;
        incident.severity = earlier.severity;
        incident.severity_reason = earlier.severity_reason;
        draft.quiet = true;
        return;
    }
    incident.closed = Some(closed.clone());
    if incident.spoken_at.is_some() {
        let Closed { at, how, because } = closed;
        draft.reply(Reply::Resolved { at, since: draft.incident.since, how, because }, broadcast);
    }
}

/// When to look again: fast at first, slower while nothing changes, and in time for whatever time alone
/// decides.
fn next_look(draft: &mut Draft<'_>, sight: &Sight) -> Timestamp {
    let (rules, now) = (draft.rules, draft.now);
    let incident = &mut draft.incident;
    let pace = rules.look.first.saturating_mul(1 << incident.memory.steady.min(16));
    incident.memory.steady = incident.memory.steady.saturating_add(1);
    let memory = &incident.memory;
    let told = incident.is_told();
    let grace = memory.failing_since.filter(|_| !told).map(|at| after(at, rules.ready_grace));
    let well = incident.healthy_since.filter(|_| *sight == Sight::Healthy);
    let held = well.map(|since| after(since, recovery::window(incident, rules)));
    let times = [
        Some(after(now, pace.min(rules.look.slowest))),
        grace,
        held,
        well.map(|since| after(since, notes::steady(incident, rules))),
        memory.unseen_since.map(|since| after(since, rules.unseen)),
        calm_from(incident, rules),
        memory.milder.map(|(_, since)| after(since, rules.severity_hold)),
        memory.muted.as_ref().map(|muted| muted.until),
        notes::reminder_at(incident, rules).filter(|_| told && *sight == Sight::Failing),
    ];
    let soonest = after(now, rules.look.least);
    let due = times.into_iter().flatten().filter(|at| *at > now).min().unwrap_or(soonest);
    due.max(soonest)
}
