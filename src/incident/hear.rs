//! A signal arrives: it opens an incident, joins one, or changes nothing.

use jiff::Timestamp;

use super::{Decision, Heard, Incident, Rules, Signal};

/// Decides what follows from a signal.
///
/// `known` is the open incident of the signal's subject, or the latest closed one; `new_id` is used
/// only where a new incident opens.
pub fn hear(
    known: Option<&Incident>,
    signal: &Signal,
    new_id: &str,
    now: Timestamp,
    _rules: &Rules,
) -> Heard {
    let incident = match known {
        Some(incident) => incident.clone(),
        None => Incident::open(new_id, signal.subject.clone(), now),
    };
    Heard::Decided(Box::new(Decision { incident, entries: Vec::new(), say: Vec::new() }))
}
