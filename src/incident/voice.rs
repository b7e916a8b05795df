//! Whether to speak of it at all. Looking is not speaking.

use jiff::Timestamp;

use super::draft::Draft;
use super::hear::clock;
use super::memory::{Earlier, Noted};
use super::notes;
use super::rules::{after, between};
use super::see::{Sight, wrong};
use super::{Incident, Reply, Rules};
use crate::diagnosis::Certainty;

/// Whether there is reason to speak, written into the timeline either way.
pub(super) fn speaks(draft: &mut Draft<'_>, sight: &Sight) -> bool {
    match reason(&draft.incident, sight, draft.now, draft.rules) {
        Ok(why) => {
            draft.decided(format!("spoke: {why}"));
            draft.incident.memory.hold.clear();
            true
        }
        Err(why) => {
            if draft.incident.memory.hold != why {
                draft.decided(format!("hold: {why}"));
                draft.incident.memory.hold = why;
            }
            false
        }
    }
}

/// Why to speak, or else why not.
fn reason(
    incident: &Incident,
    sight: &Sight,
    now: Timestamp,
    rules: &Rules,
) -> Result<String, String> {
    if incident.about.ignore {
        return Err(
            "an annotation of the workload or of its namespace says to ignore it".to_owned()
        );
    }
    if let Some(alert) = &incident.memory.alerted {
        return Ok(format!("{alert} {}", if incident.alert_fires() { "fires" } else { "fired" }));
    }
    if incident.subject.object.as_ref().is_some_and(|it| it.kind == "ResourceQuota") {
        // Many are cut to fit. Whoever is refused by it has an incident that names it.
        return Err("a quota that is used up is told when something is refused".to_owned());
    }
    if let Some(muted) = incident.memory.muted.as_ref().filter(|muted| muted.until > now) {
        return Err(muted.why.clone());
    }
    let mut held = Vec::new();
    for verdict in [
        restarts(incident, now, rules),
        missed(incident, rules),
        unready(incident, sight, now, rules),
        waits(incident, sight, rules),
        proved(incident, sight, rules),
    ] {
        match verdict {
            Verdict::Speak(why) => return Ok(why),
            Verdict::Hold(why) => held.push(why),
            Verdict::Silent => {}
        }
    }
    Err(if held.is_empty() { "nothing is seen to be wrong".to_owned() } else { held.join("; ") })
}

enum Verdict {
    Speak(String),
    Hold(String),
    Silent,
}

fn restarts(incident: &Incident, now: Timestamp, rules: &Rules) -> Verdict {
    let burst = &rules.restarts_to_speak;
    let recent = incident.restarts.iter().filter(|r| after(r.at, burst.within) > now).count();
    let within = super::hear::span(burst.within);
    match u32::try_from(recent).unwrap_or(u32::MAX) {
        0 => Verdict::Silent,
        n if n >= burst.count => Verdict::Speak(format!("{n} restarts in {within}")),
        1 => Verdict::Hold(format!("1 restart in {within}, speaks at {}", burst.count)),
        n => Verdict::Hold(format!("{n} restarts in {within}, speaks at {}", burst.count)),
    }
}

/// What would have been told had anyone looked is told afterwards, as what it is.
fn missed(incident: &Incident, rules: &Rules) -> Verdict {
    match &incident.missed {
        Some(missed) if was_worth_telling(incident, rules) => {
            Verdict::Speak(format!("while nobody was looking it {}", missed.words()))
        }
        _ => Verdict::Silent,
    }
}

/// Whether the restarts while nobody looked came as fast as those that are told.
pub(super) fn was_worth_telling(incident: &Incident, rules: &Rules) -> bool {
    let Some(missed) = &incident.missed else { return false };
    let (burst, within) = (&rules.restarts_to_speak, rules.restarts_to_speak.within);
    let count = usize::try_from(burst.count).unwrap_or(usize::MAX).max(1);
    let of_then = |at: jiff::Timestamp| at >= missed.from && at <= missed.until;
    let times: Vec<_> =
        incident.restarts.iter().map(|it| it.at).filter(|at| of_then(*at)).collect();
    times.windows(count).any(|some| {
        some.first().zip(some.last()).is_some_and(|(first, last)| between(*first, *last) <= within)
    })
}

fn unready(incident: &Incident, sight: &Sight, now: Timestamp, rules: &Rules) -> Verdict {
    let Some(since) = incident.memory.failing_since.filter(|_| *sight == Sight::Failing) else {
        return Verdict::Silent;
    };
    let end = after(since, rules.ready_grace);
    if end <= now {
        return Verdict::Speak(format!(
            "failing since {}: {}",
            clock(since),
            wrong(&incident.health)
        ));
    }
    Verdict::Hold(format!("failing since {}, speaks at {}", clock(since), clock(end)))
}

fn waits(incident: &Incident, sight: &Sight, rules: &Rules) -> Verdict {
    if matches!(sight, Sight::Healthy | Sight::Absent) {
        // The poll's answer reaches back in time; the look is now.
        return Verdict::Silent;
    }
    let most = incident.waiting.iter().max_by_key(|(_, (_, _, polls))| *polls);
    let Some((key, (_, _, polls))) = most else { return Verdict::Silent };
    let reason = key.rsplit('/').next().unwrap_or(key);
    if *polls >= rules.waiting_polls {
        return Verdict::Speak(format!("{reason} lasts {polls} polls"));
    }
    Verdict::Hold(format!("{reason} in {polls} poll, speaks at {}", rules.waiting_polls))
}

fn proved(incident: &Incident, sight: &Sight, rules: &Rules) -> Verdict {
    match incident.top() {
        Some(top)
            if *sight == Sight::Failing
                && top.certainty == Certainty::Certain
                && rules.tell_at_once.contains(&top.cause) =>
        {
            Verdict::Speak(format!("{} is certain and cannot heal by itself", top.cause))
        }
        _ => Verdict::Silent,
    }
}

/// Begins to speak: for the first time, or of a relapse.
pub(super) fn begin(draft: &mut Draft<'_>, healthy: bool) {
    let now = draft.now;
    let incident = &mut draft.incident;
    incident.spoken_at.get_or_insert(now);
    if incident.memory.stale {
        // It belongs to the failure before; of this one nothing is proved.
        incident.finding = None;
        incident.found_at = None;
    }
    incident.memory.peak = Some(incident.severity);
    if healthy {
        // The message itself says so.
        incident.memory.noted.insert(Noted::AlertsLeft, now);
        incident.memory.noted.insert(Noted::Healthy, now);
    }
    if let Some(Earlier { closed, .. }) = incident.memory.taken_back.take() {
        incident.relapses = incident.relapses.saturating_add(1);
        let reason = what(incident);
        draft.reply(Reply::Relapse { at: now, resolved_at: closed.at, reason }, true);
    }
    let certain = draft.incident.top().is_some_and(|top| top.certainty == Certainty::Certain);
    draft.incident.memory.identified = certain;
    notes::evidence(draft);
}

/// What is wrong, in a sentence.
fn what(incident: &Incident) -> String {
    let alert = incident.alerts.values().find(|alert| alert.ended_at.is_none());
    match (&incident.finding, alert) {
        (Some(finding), _) => {
            let cause = incident.top().map(|top| format!(": {}", top.summary)).unwrap_or_default();
            format!("{} {}{cause}", incident.subject.name(), finding.predicate)
        }
        (_, Some(alert)) => format!("{} fires again", alert.name),
        _ => wrong(&incident.health),
    }
}
