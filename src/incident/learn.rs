//! A look was taken, or time passed: what is known now.

use jiff::Timestamp;

use super::draft::Draft;
use super::rules::after;
use super::see::{self, Sight};
use super::settle::settle;
use super::{Decision, Incident, Look, Rules};

/// Decides what follows from a look at the subject. Learning the same look twice changes nothing more.
pub fn learn(incident: &Incident, look: &Look, now: Timestamp, rules: &Rules) -> Decision {
    let mut draft = Draft::of(incident.clone(), now, rules);
    if !incident.state.is_open() {
        return draft.done(false);
    }
    if incident.looked_at.is_some_and(|at| look.taken_at <= at) {
        // Known already. Whoever asks too early must not be asked again at once.
        let due = incident.look_at.is_none_or(|at| at <= now);
        draft.incident.look_at =
            if due { Some(after(now, rules.look.least)) } else { incident.look_at };
        return draft.done(false);
    }
    // A signal that arrived while the look was being taken wants another one.
    let wanted = incident.look_at.filter(|at| *at > look.taken_at);
    let sight = see::absorb(&mut draft, look);
    let first = settle(&mut draft, &sight);
    if let (Some(next), Some(wanted)) = (draft.incident.look_at, wanted) {
        draft.incident.look_at = Some(next.min(wanted.max(after(look.taken_at, rules.look.least))));
    }
    draft.done(first)
}

/// Decides what follows from time alone, for a subject that is nothing in Kubernetes: there is nothing
/// to look at, its alerts are all that is known. Any other subject is looked at instead.
pub fn pass(incident: &Incident, now: Timestamp, rules: &Rules) -> Decision {
    let mut draft = Draft::of(incident.clone(), now, rules);
    let first = incident.state.is_open()
        && incident.subject.object.is_none()
        && settle(&mut draft, &Sight::NotAsked);
    draft.done(first)
}
