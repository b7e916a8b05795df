//! A signal arrives: it opens an incident, joins one, or changes nothing.

use std::time::Duration;

use jiff::Timestamp;

use super::draft::Draft;
use super::memory::Earlier;
use super::rules::{after, between};
use super::see::Sight;
use super::settle::settle;
use super::{
    AlertSignal, AlertStatus, Heard, Incident, JoinedAlert, Missed, Muted, PollSignal, Restarted,
    Rules, Signal, SignalKind, State,
};

/// Alerts kept in one incident; the rest is counted. An incident is stored as a whole at each change.
const MOST_ALERTS: usize = 200;
/// Restarts kept in one incident, the newest. Enough for the longest gap and for any burst.
pub(super) const MOST_RESTARTS: usize = 200;
/// Waiting reasons kept in one incident.
const MOST_WAITING: usize = 200;
/// For how long after an alert's end a copy of its beginning is taken for a late one. Alertmanagers of a
/// cluster, and retries, lag by seconds; an alert that truly fires on is sent again after minutes.
const LATE: Duration = Duration::from_secs(300);
/// Two polls further apart than this are not two polls running.
const POLLS_APART: Duration = Duration::from_secs(300);
/// A waiting reason that has lasted is refreshed this often; more would only be writing.
const REFRESH: Duration = Duration::from_secs(60);
/// An inhibition holds for minutes from each reading; it is written down again when it moved by so much.
const PROLONGED: Duration = Duration::from_secs(60);

/// Decides what follows from a signal.
///
/// `known` is the open incident of the signal's subject, or the latest closed one; `new_id` is used
/// only where a new incident opens. Hearing a signal twice changes nothing more.
pub fn hear(
    known: Option<&Incident>,
    signal: &Signal,
    new_id: &str,
    now: Timestamp,
    rules: &Rules,
) -> Heard {
    if let Some(why) = nothing_new(known, signal, rules).filter(|_| !mutes_anew(known, signal)) {
        return Heard::Ignored(why);
    }
    let (incident, how) = join(known, signal, new_id, rules);
    let mut draft = Draft::of(incident, now, rules);
    if let Some(how) = how {
        draft.record(signal.heard_at, "firsthand", how);
    }
    match &signal.kind {
        SignalKind::Alert(alert) => hear_alert(&mut draft, alert, signal.heard_at),
        SignalKind::Poll(poll) => hear_poll(&mut draft, poll, signal.heard_at),
        SignalKind::Written(_) => {}
    }
    mute(&mut draft, signal);
    want_look(&mut draft);
    // Nothing will ever be looked at: what can be said is said at once.
    let first = draft.incident.subject.object.is_none() && settle(&mut draft, &Sight::NotAsked);
    Heard::Decided(Box::new(draft.done(first)))
}

/// Whether people have told Alertmanager something else of it than is known.
fn mutes_anew(known: Option<&Incident>, signal: &Signal) -> bool {
    // A restart that is counted already would be counted again.
    let counted = matches!(signal.kind, SignalKind::Poll(PollSignal::Restarted { .. }));
    let poll = matches!(signal.kind, SignalKind::Poll(_)) && !counted;
    let open = known.filter(|incident| poll && incident.state.is_open());
    open.is_some_and(|incident| !same(incident.memory.muted.as_ref(), signal.muted.as_ref()))
}

/// An inhibition is prolonged at every reading; that alone is no news.
fn same(before: Option<&Muted>, now: Option<&Muted>) -> bool {
    let until = |muted: &Muted| after(muted.until, PROLONGED);
    match (before, now) {
        (Some(before), Some(now)) => before.why == now.why && now.until < until(before),
        (before, now) => before.is_none() == now.is_none(),
    }
}

/// Keeps what people told Alertmanager of what the poll saw.
fn mute(draft: &mut Draft<'_>, signal: &Signal) {
    let SignalKind::Poll(_) = &signal.kind else { return };
    let before = std::mem::replace(&mut draft.incident.memory.muted, signal.muted.clone());
    let why = |muted: &Option<Muted>| muted.as_ref().map(|muted| muted.why.clone());
    if why(&before) != why(&signal.muted) {
        let text =
            why(&signal.muted).unwrap_or_else(|| "no longer silenced in Alertmanager".into());
        draft.record(signal.heard_at, "alertmanager", text);
    }
}

/// Why the signal changes nothing, if it does not.
fn nothing_new(known: Option<&Incident>, signal: &Signal, rules: &Rules) -> Option<String> {
    match &signal.kind {
        SignalKind::Alert(alert) if alert.status == AlertStatus::Firing => {
            let joined = known?.alerts.get(&alert.fingerprint)?;
            let name = alert.name();
            match joined.ended_at {
                _ if alert.starts_at < joined.starts_at => {
                    Some(format!("{name} fires since {} already", clock(joined.starts_at)))
                }
                None => (alert.starts_at == joined.starts_at
                    && alert.annotations == joined.annotations)
                    .then(|| format!("{name} is known to fire")),
                Some(ended) => (alert.starts_at == joined.starts_at
                    && signal.heard_at <= after(ended, LATE))
                .then(|| format!("{name} ended at {}; this is a late copy", clock(ended))),
            }
        }
        SignalKind::Alert(alert) => ended_already(known, alert),
        SignalKind::Poll(PollSignal::Restarted { pod, uid, container, count, .. }) => {
            let seen = known?.counters.get(&counter_key(known?, uid, pod, container))?;
            (count <= seen).then(|| format!("restart {count} of {pod}/{container} is counted"))
        }
        SignalKind::Poll(PollSignal::Waiting { pod, uid, container, reason }) => {
            let key = waiting_key(uid, pod, container, reason);
            let (_, last, polls) = known?.waiting.get(&key)?;
            let lasted = *polls >= rules.waiting_polls && known?.state.is_open();
            (signal.heard_at <= *last || lasted && between(*last, signal.heard_at) < REFRESH)
                .then(|| format!("{pod}/{container} is known to wait: {reason}"))
        }
        SignalKind::Written(_) => Some("it says nothing of the subject's health".to_owned()),
        // Looks follow it from here; the poll only says that there is something to look at.
        SignalKind::Poll(PollSignal::Lacking { what }) => {
            let open = known.filter(|it| it.state.is_open() && it.healthy_since.is_none());
            open.map(|_| format!("it is looked at already: {what}"))
        }
    }
}

fn ended_already(known: Option<&Incident>, alert: &AlertSignal) -> Option<String> {
    let name = alert.name();
    let Some(incident) = known.filter(|incident| incident.state.is_open()) else {
        return Some(format!("{name} ended; nothing is open for it"));
    };
    let joined = incident.alerts.get(&alert.fingerprint)?;
    match joined.ended_at {
        Some(ended) => Some(format!("{name} is known to have ended at {}", clock(ended))),
        None if alert.starts_at < joined.starts_at => {
            Some(format!("{name} ended, and has fired again since {}", clock(joined.starts_at)))
        }
        None => None,
    }
}

/// The incident that the signal belongs to, and how that came about if it is not simply open.
fn join(
    known: Option<&Incident>,
    signal: &Signal,
    new_id: &str,
    rules: &Rules,
) -> (Incident, Option<String>) {
    let began = match &signal.kind {
        SignalKind::Alert(alert) => alert.starts_at.min(signal.heard_at),
        SignalKind::Poll(PollSignal::Restarted { missed: Some(missed), .. }) => {
            missed.from.min(signal.heard_at)
        }
        SignalKind::Poll(_) | SignalKind::Written(_) => signal.heard_at,
    };
    let mut fresh = Incident::open(new_id, signal.subject.clone(), signal.heard_at);
    fresh.since = began;
    let Some(known) = known else { return (fresh, Some("opened".to_owned())) };
    let Some(closed) = &known.closed else { return (known.clone(), None) };
    let pause = between(closed.at, signal.heard_at);
    if pause > rules.relapse {
        fresh.previous = Some(known.id.clone());
        let how = format!("opened: the one before ended {} ago", span(pause));
        return (fresh, Some(how));
    }
    let mut again = Incident {
        state: State::Investigating,
        severity: fresh.severity,
        severity_reason: fresh.severity_reason,
        closed: None,
        healthy_since: None,
        missed: None,
        ..known.clone()
    };
    if again.spoken_at.is_some() {
        again.memory.taken_back = Some(Earlier {
            closed: closed.clone(),
            since: known.since,
            severity: known.severity,
            severity_reason: known.severity_reason.clone(),
        });
    }
    again.memory.start_over();
    // An alert that fires on from before the end tells nothing of when it began again.
    again.since = began.max(closed.at);
    (again, Some(format!("reopened: it ended {} ago, {}", span(pause), closed.how)))
}

fn hear_alert(draft: &mut Draft<'_>, alert: &AlertSignal, heard_at: Timestamp) {
    let name = alert.name().to_owned();
    let asked = alert.asked.as_ref().map(|found| format!(" ({found})")).unwrap_or_default();
    if alert.status == AlertStatus::Firing {
        draft.incident.memory.alerted.get_or_insert_with(|| name.clone());
    }
    draft.incident.more_alerts = draft.incident.more_alerts.max(alert.truncated);
    let known = draft.incident.alerts.get_mut(&alert.fingerprint);
    match (alert.status, known) {
        (AlertStatus::Resolved, Some(joined)) => {
            let end = alert.ends_at.unwrap_or(heard_at).max(joined.starts_at).min(heard_at);
            joined.ended_at = Some(end);
            draft.record(
                heard_at,
                "alertmanager",
                format!("{name} ended at {}{asked}", clock(end)),
            );
        }
        (AlertStatus::Firing, Some(joined)) => {
            let again = joined.ended_at.is_some() || alert.starts_at > joined.starts_at;
            *joined = joined_alert(alert, heard_at);
            if again {
                let text = format!("{name} fires again since {}{asked}", clock(alert.starts_at));
                draft.record(heard_at, "alertmanager", text);
            }
        }
        (status, None) => {
            let text = match status {
                AlertStatus::Firing => format!("{name} fires since {}", clock(alert.starts_at)),
                AlertStatus::Resolved => format!("{name} ended before it was heard to fire"),
            };
            draft.record(heard_at, "alertmanager", text);
            keep_alert(&mut draft.incident, alert, heard_at);
        }
    }
}

/// Joins an alert. Where there are too many, one that has ended makes room, or it is only counted.
fn keep_alert(incident: &mut Incident, alert: &AlertSignal, heard_at: Timestamp) {
    if incident.alerts.len() >= MOST_ALERTS {
        let ended = incident.alerts.iter().find(|(_, joined)| joined.ended_at.is_some());
        let Some(fingerprint) = ended.map(|(fingerprint, _)| fingerprint.clone()) else {
            incident.more_alerts += 1;
            return;
        };
        incident.alerts.remove(&fingerprint);
    }
    incident.alerts.insert(alert.fingerprint.clone(), joined_alert(alert, heard_at));
}

fn joined_alert(alert: &AlertSignal, heard_at: Timestamp) -> JoinedAlert {
    JoinedAlert {
        name: alert.name().to_owned(),
        labels: alert.labels.clone(),
        annotations: alert.annotations.clone(),
        starts_at: alert.starts_at,
        ended_at: match alert.status {
            AlertStatus::Firing => None,
            AlertStatus::Resolved => Some(alert.ends_at.unwrap_or(heard_at)),
        },
        generator_url: alert.generator_url.clone(),
        external_url: alert.external_url.clone(),
    }
}

fn hear_poll(draft: &mut Draft<'_>, poll: &PollSignal, heard_at: Timestamp) {
    let incident = &mut draft.incident;
    match poll {
        PollSignal::Restarted { pod, uid, container, count, by, reason, exit_code, missed } => {
            let key = counter_key(incident, uid, pod, container);
            let before = incident.counters.insert(key, *count);
            let moved = before.map_or(*by, |before| count - before).max(1);
            if let Some(missed) = missed {
                return hear_missed(
                    draft,
                    pod,
                    container,
                    Missed { times: moved, ..missed.clone() },
                );
            }
            restarted(incident, heard_at, pod, container, moved);
            let exit = exit_code.map(|code| format!(", exit code {code}")).unwrap_or_default();
            let why = reason.as_ref().map(|r| format!(": {r}{exit}")).unwrap_or_default();
            let text = format!("{pod}/{container} restarted, {count} times by now{why}");
            draft.record(heard_at, "prometheus", text);
        }
        PollSignal::Waiting { pod, uid, container, reason } => {
            let key = waiting_key(uid, pod, container, reason);
            let polls = waited(incident, key, heard_at);
            if polls == 1 || polls == draft.rules.waiting_polls {
                let text = format!("{pod}/{container} waits: {reason} ({polls} polls running)");
                draft.record(heard_at, "prometheus", text.replace("1 polls", "1 poll"));
            }
        }
        PollSignal::Lacking { what } => draft.record(heard_at, "prometheus", what.clone()),
    }
}

/// Restarts of a time in which nobody looked are dated when they were, so that they are no burst of now.
fn hear_missed(draft: &mut Draft<'_>, pod: &str, container: &str, missed: Missed) {
    let incident = &mut draft.incident;
    // Spread evenly: when each of them was is not known any more, or not worth more.
    let times = missed.times.clamp(1, 50);
    let step = between(missed.from, missed.until) / u32::try_from(times).unwrap_or(1);
    for n in 1..times {
        let at = after(missed.from, step.saturating_mul(u32::try_from(n).unwrap_or(1)));
        restarted(incident, at.min(missed.until), pod, container, 1);
    }
    restarted(incident, missed.until, pod, container, 1);
    incident.restarts.sort_by_key(|restart| restart.at);
    incident.missed = Some(match incident.missed.take() {
        None => missed.clone(),
        Some(before) => Missed {
            times: before.times.saturating_add(missed.times),
            from: before.from.min(missed.from),
            until: before.until.max(missed.until),
        },
    });
    let times = missed.words();
    let text = format!("{pod}/{container} {times}");
    if draft.incident.is_told() {
        draft.note(format!("While nobody was looking {text}."));
    } else {
        draft.record(draft.now, "prometheus", format!("while nobody was looking {text}"));
    }
}

/// Counts a poll in which a container waits. Returns in how many polls running it did.
fn waited(incident: &mut Incident, key: String, heard_at: Timestamp) -> u32 {
    let waiting = &mut incident.waiting;
    waiting.retain(|_, (_, last, _)| between(*last, heard_at) <= POLLS_APART);
    if waiting.len() >= MOST_WAITING && !waiting.contains_key(&key) {
        let oldest = waiting.iter().min_by_key(|(_, (_, last, _))| *last).map(|(k, _)| k.clone());
        oldest.and_then(|oldest| waiting.remove(&oldest));
    }
    let (_, last, polls) = waiting.entry(key).or_insert((heard_at, heard_at, 0));
    *last = heard_at;
    *polls = polls.saturating_add(1);
    *polls
}

/// Keeps restarts of one container. A restart ends health: its window begins again.
pub(super) fn restarted(
    incident: &mut Incident,
    at: Timestamp,
    pod: &str,
    container: &str,
    times: i64,
) {
    let times = usize::try_from(times).unwrap_or(0).min(MOST_RESTARTS);
    let one = Restarted { at, pod: pod.to_owned(), container: container.to_owned() };
    incident.restarts.extend(std::iter::repeat_n(one, times));
    let surplus = incident.restarts.len().saturating_sub(MOST_RESTARTS);
    incident.restarts.drain(..surplus);
    incident.memory.restarted_at = incident.memory.restarted_at.max(Some(at));
    if incident.healthy_since.is_some_and(|since| since < at) {
        incident.healthy_since = None;
    }
}

/// Wants a look now, but not more often than the settings allow.
fn want_look(draft: &mut Draft<'_>) {
    let least = draft.rules.look.least;
    let incident = &mut draft.incident;
    let soonest = incident.looked_at.map_or(draft.now, |at| after(at, least).max(draft.now));
    incident.look_at = Some(incident.look_at.map_or(soonest, |at| at.min(soonest)));
    incident.memory.news();
}

/// Counters are kept by uid; a poll that has none is matched by the pod's name.
fn counter_key(incident: &Incident, uid: &str, pod: &str, container: &str) -> String {
    let known = || incident.memory.pods.iter().find(|(_, name)| *name == pod).map(|(uid, _)| uid);
    let uid = if uid.is_empty() { known().map_or(pod, String::as_str) } else { uid };
    format!("{uid}/{container}")
}

fn waiting_key(uid: &str, pod: &str, container: &str, reason: &str) -> String {
    format!("{}/{container}/{reason}", if uid.is_empty() { pod } else { uid })
}

/// `02:11`, UTC.
pub(super) fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M").to_string()
}

/// `40 s`, `31 min`, `2 h 5 min`.
pub(super) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    match (seconds / 3600, seconds / 60 % 60) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}
