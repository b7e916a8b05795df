//! When health has held for long enough.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::rules::between;
use super::{Incident, Rules};

/// How long health must hold: `recovery_window`, or one and a half times the longest gap between this
/// incident's restarts where that is longer, but never more than `max_recovery_window`.
///
/// A leak that kills every forty minutes is not cured after ten.
pub(super) fn window(incident: &Incident, rules: &Rules) -> Duration {
    let wanted = longest_gap(incident, rules).mul_f64(1.5).max(rules.recovery_window);
    wanted.min(rules.max_recovery_window.max(rules.recovery_window))
}

/// The longest time between two restarts of one container, of the workload as a whole, or of the run
/// that a pod itself tells of. What lies further apart than a relapse belongs to two incidents.
pub(super) fn longest_gap(incident: &Incident, rules: &Rules) -> Duration {
    let mut last: BTreeMap<(&str, &str), Timestamp> = BTreeMap::new();
    let mut longest = Duration::from_secs(incident.memory.longest_run);
    let mut restarts: Vec<_> = incident.restarts.iter().collect();
    restarts.sort_by_key(|restart| restart.at);
    for restart in restarts {
        for series in [(restart.pod.as_str(), restart.container.as_str()), ("", "")] {
            if let Some(before) = last.insert(series, restart.at) {
                let gap = between(before, restart.at);
                if gap <= rules.relapse {
                    longest = longest.max(gap);
                }
            }
        }
    }
    longest
}
