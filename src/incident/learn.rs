//! A look was taken, or time passed: what is true now, and what is to be said.

use jiff::Timestamp;

use super::{Decision, Incident, Look, Rules, severity};

/// Decides what follows from a look at the subject.
pub fn learn(incident: &Incident, _look: &Look, now: Timestamp, rules: &Rules) -> Decision {
    pass(incident, now, rules)
}

/// Decides what follows from time alone: for subjects that cannot be looked at.
pub fn pass(incident: &Incident, _now: Timestamp, rules: &Rules) -> Decision {
    let mut incident = incident.clone();
    (incident.severity, incident.severity_reason) = severity::of(&incident, rules);
    Decision { incident, entries: Vec::new(), say: Vec::new() }
}
