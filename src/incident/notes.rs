//! What is said in the thread once people have been told.

use std::time::Duration;

use super::draft::Draft;
use super::hear::{clock, span};
use super::memory::Noted;
use super::rules::{after, between};
use super::see::{Sight, wrong};
use super::settle::has_failed;
use super::{Incident, LooksBack, Reply, Rules, Severity, recovery};
use crate::diagnosis::{Certainty, Presence};

/// Evidence is told again for another cause, but not sooner than this; each time it takes twice as
/// long, so that two causes that take turns do not fill the thread.
const EVIDENCE_PAUSE: Duration = Duration::from_secs(120);
/// Health that comes and goes is noted again after this long; the main message always says how it is.
const NOTE_PAUSE: Duration = Duration::from_secs(1800);

/// Says whatever has become worth hearing.
pub(super) fn replies(draft: &mut Draft<'_>, sight: &Sight, over: bool) {
    if over {
        return;
    }
    if *sight == Sight::Failing {
        identified(draft);
        evidence(draft);
    }
    match sight {
        Sight::Failing => {
            failing(draft);
            remind(draft);
        }
        Sight::Healthy => healthy(draft),
        Sight::Absent => absent(draft),
        Sight::Unseen(why) => unseen(draft, why),
        Sight::NotAsked => {}
    }
}

/// Says that it still fails, where nothing else is said of it: at the pace of its severity, each time
/// after twice as long.
fn remind(draft: &mut Draft<'_>) {
    let now = draft.now;
    if reminder_at(&draft.incident, draft.rules).is_none_or(|at| at > now) {
        return;
    }
    let incident = &mut draft.incident;
    let times = incident.memory.reminded.map_or(0, |(_, times)| times) + 1;
    incident.memory.reminded = Some((now, times));
    let again = reminder_at(incident, draft.rules).map_or_else(String::new, |at| {
        format!(" Said again at about {}, unless something changes.", clock(at))
    });
    let restarts = match incident.restarts.len() {
        0 => String::new(),
        n if n >= super::hear::MOST_RESTARTS => format!(", more than {n} restarts"),
        n => format!(", {n} restarts"),
    };
    let text = format!(
        "Still failing after {}: {}{restarts}.{again}",
        span(between(incident.since, now)),
        wrong(&incident.health)
    );
    draft.note(text);
}

/// When it is said that it still fails.
pub(super) fn reminder_at(incident: &Incident, rules: &Rules) -> Option<jiff::Timestamp> {
    let pause = rules.severity.levels.of(incident.severity).remind;
    if pause.is_zero() {
        return None;
    }
    let (from, times) =
        incident.memory.reminded.unwrap_or((incident.since.max(incident.spoken_at?), 0));
    Some(after(from, pause.saturating_mul(1 << times.min(10))))
}

/// What whoever leads a grave incident has to see to, ticked where the record shows that it is done.
pub(super) fn checklist(draft: &mut Draft<'_>) {
    let (incident, at) = (&draft.incident, draft.now);
    let severity = incident.severity;
    if severity < Severity::Sev2 || incident.memory.noted.contains_key(&Noted::Checklist) {
        return;
    }
    let top = incident.top();
    let proved = top.is_some_and(|top| top.certainty == Certainty::Certain);
    let owner = match &incident.about.team {
        Some(team) => (true, format!("Owner known: team {team}")),
        None => (false, "Owner: no team is named on the workload; ask who leads".to_owned()),
    };
    let next = incident.finding.as_ref().and_then(|finding| finding.next.first());
    let next =
        next.map_or_else(String::new, |choice| format!("; the message says: {}", choice.label));
    let items = vec![
        (true, format!("Told, as {}: {}", severity.word(), incident.severity_reason)),
        (incident.finding.is_some(), "Evidence kept in this thread".to_owned()),
        (proved, "Cause proved, not guessed".to_owned()),
        owner,
        (false, "Somebody leads, and has said so here".to_owned()),
        (false, format!("Decided: roll back or fix forward{next}")),
        (false, format!("Stakeholders know: firsthand update {} \"…\"", incident.id)),
        (
            false,
            "Verified: this thread says when health has held and the alerts have ended".to_owned(),
        ),
    ];
    draft.incident.memory.noted.insert(Noted::Checklist, at);
    draft.reply(Reply::Checklist { at, severity, items }, false);
}

/// The evidence behind the main message: once, and again for another cause.
pub(super) fn evidence(draft: &mut Draft<'_>) {
    let now = draft.now;
    let incident = &mut draft.incident;
    let Some(finding) = incident.finding.clone().filter(|_| !incident.memory.stale) else { return };
    let cause = incident.top().map_or(String::new(), |top| top.cause.clone());
    let times = match &incident.memory.evidence {
        None => 0,
        Some((told, at, times)) => {
            let pause = EVIDENCE_PAUSE.saturating_mul(1 << (times - 1).min(10));
            if *told == cause || after(*at, pause) > now {
                return;
            }
            *times
        }
    };
    incident.memory.evidence = Some((cause, now, times + 1));
    let at = incident.found_at.unwrap_or(now);
    draft.reply(Reply::Evidence { at, finding: Box::new(finding) }, false);
}

/// The first certain cause, after a message that had none.
fn identified(draft: &mut Draft<'_>) {
    let Some(top) = draft.incident.top().filter(|top| top.certainty == Certainty::Certain) else {
        return;
    };
    if draft.incident.memory.identified {
        return;
    }
    let proof = top.because.iter().find(|proof| proof.quote.is_some());
    let reply = Reply::Identified {
        at: draft.now,
        summary: top.summary.clone(),
        quote: proof.and_then(|proof| proof.quote.clone()),
        source: proof.and_then(|proof| proof.source.clone()),
    };
    draft.incident.memory.identified = true;
    draft.reply(reply, false);
}

fn failing(draft: &mut Draft<'_>) {
    let incident = &draft.incident;
    let noted = |what| incident.memory.noted.get(&what);
    let ended = incident.alerts.values().filter_map(|alert| Some((alert.ended_at?, &alert.name)));
    // Health was announced, and is gone again.
    let announced = noted(Noted::Healthy).is_some_and(|at| noted(Noted::Failing) < Some(at));
    if announced {
        let since = incident.memory.failing_since.unwrap_or(draft.now);
        let text = format!("Failing since {}: {}.", clock(since), wrong(&incident.health));
        once(draft, Noted::Failing, text, Some(Duration::ZERO));
    } else if !incident.alert_fires()
        && let Some((at, name)) = ended.max()
    {
        let wrong = wrong(&incident.health);
        let text = format!("{name} ended at {}, but the failure goes on: {wrong}.", clock(at));
        once(draft, Noted::AlertsEnded, text, None);
    }
}

fn healthy(draft: &mut Draft<'_>) {
    let (incident, now) = (&draft.incident, draft.now);
    let Some(since) = incident.healthy_since else { return };
    let window = recovery::window(incident, draft.rules);
    let well = format!("Healthy since {}: {}", clock(since), incident.health.pods_ready());
    let firing = fires(incident);
    if after(since, window) <= now {
        let Some(firing) = firing else { return };
        let held = span(between(since, now));
        let back = looks_back(incident, now);
        let text = format!("{well}, for {held}. {firing}{back}: resolved once that ends.");
        once(draft, Noted::AlertsLeft, text, None);
    } else if incident.memory.noted.get(&Noted::Healthy).is_none_or(|at| *at < since)
        && after(since, steady(incident, draft.rules)) <= now
        && has_failed(incident)
    {
        let until = clock(after(since, window));
        let left = firing
            .map(|firing| format!(" {firing}{}.", looks_back(incident, now)))
            .unwrap_or_default();
        let text = format!("{well}. Watching until about {until}.{left}");
        once(draft, Noted::Healthy, text, Some(NOTE_PAUSE));
    }
}

fn absent(draft: &mut Draft<'_>) {
    let incident = &draft.incident;
    let Some(firing) = fires(incident).filter(|_| incident.memory.absent > 1) else { return };
    let what = if incident.health.presence == Presence::ScaledToZero {
        "is scaled to zero"
    } else {
        "is gone: the API server says that it does not exist"
    };
    let text = format!("{} {what}. {firing}: closed once that ends.", incident.subject.name());
    once(draft, Noted::Absent, text, None);
}

fn unseen(draft: &mut Draft<'_>, why: &str) {
    let Some(since) = draft.incident.memory.unseen_since else { return };
    let noted = draft.incident.memory.noted.get(&Noted::Unseen).is_some_and(|at| *at > since);
    if !noted && after(since, draft.rules.unseen) <= draft.now {
        let text = format!(
            "Cannot be seen since {}: {why}. That is neither health nor failure, so the incident stays \
             open.",
            clock(since)
        );
        once(draft, Noted::Unseen, text, Some(NOTE_PAUSE));
    }
}

/// Why an alert still fires although all is well, where its rule tells.
fn looks_back(incident: &Incident, now: jiff::Timestamp) -> String {
    match incident.looks_back(now) {
        Some(LooksBack { far, until: Some(until) }) => {
            format!(" because its rule looks back {}, until about {}", span(far), clock(until))
        }
        Some(LooksBack { far, .. }) => format!(" although its rule looks back only {}", span(far)),
        None => String::new(),
    }
}

/// `KubePodCrashLooping still fires`, or `3 alerts still fire`.
fn fires(incident: &Incident) -> Option<String> {
    let mut firing = incident.alerts.values().filter(|alert| alert.ended_at.is_none());
    let first = firing.next()?;
    Some(match firing.count() {
        0 => format!("{} still fires", first.name),
        more => format!("{} and {more} more still fire", first.name),
    })
}

/// How long health must have lasted to be announced: half a minute, or as long as the last runs between
/// crashes lasted, up to two minutes. The full window is for the end.
pub(super) fn steady(incident: &Incident, rules: &Rules) -> Duration {
    let window = recovery::window(incident, rules);
    let gap = recovery::longest_gap(incident, rules);
    gap.clamp(Duration::from_secs(30), Duration::from_secs(120)).min(window / 2)
}

/// Notes something once; again only after `pause`, where there is one.
fn once(draft: &mut Draft<'_>, what: Noted, text: String, pause: Option<Duration>) {
    let now = draft.now;
    let before = draft.incident.memory.noted.get(&what);
    if before.is_none_or(|at| pause.is_some_and(|pause| after(*at, pause) <= now)) {
        draft.incident.memory.noted.insert(what, now);
        draft.note(text);
    }
}
