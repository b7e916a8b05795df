//! The settings of this room: `incident:` in the YAML.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Severity;
use super::route::Interval;
use super::severity::Matrix;

/// When to speak, when to look, and when something is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// How long health must hold before an incident is resolved. One and a half times the longest gap
    /// between its restarts replaces it where that is longer.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub recovery_window: Duration,
    /// The longest time that health is ever watched.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub max_recovery_window: Duration,
    /// A subject that fails again within this time after its end continues the same incident, in the
    /// same thread; later it is a new incident that names the old one.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub relapse: Duration,
    /// How many restarts are worth a message when no alert fires.
    pub restarts_to_speak: Burst,
    /// In how many polls running a container must wait for a bad reason before that is worth a message.
    pub waiting_polls: u32,
    /// How long readiness may be lost before that is worth a message.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub ready_grace: Duration,
    /// Causes that cannot heal by themselves: told as soon as they are certain.
    pub tell_at_once: Vec<String>,
    /// How long a lower severity must hold before the incident falls to it. It rises at once.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub severity_hold: Duration,
    /// After how long without sight of the subject that is said.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub unseen: Duration,
    /// How often a subject is looked at.
    pub look: Looks,
    /// When many fail at once.
    pub storm: Storms,
    /// From which severity on the draft of a postmortem is posted into the thread after the end. Left out:
    /// never; `firsthand postmortem` makes it at any time.
    pub postmortem_from: Option<Severity>,
    /// So many incidents that an alert opened and in which nothing was wrong are worth one note about the
    /// rule. `count: 0`: never.
    pub noisy: Burst,
    /// How bad what is, and how often each level is spoken of.
    pub severity: Matrix,
    /// When stakeholders hear nothing but what they must: an update that is due then comes at the end of
    /// the hours, and says so. SEV1 and what changed are told at any hour.
    pub quiet_hours: Vec<Interval>,
}

/// So many within so long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Burst {
    /// How many.
    pub count: u32,
    /// Within how long.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub within: Duration,
}

/// When one message speaks for many.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Storms {
    /// So many subjects of one cluster that begin to fail within `within` are told in one digest
    /// that names them all.
    pub count: usize,
    /// Within how long.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub within: Duration,
    /// So many told subjects whose diagnoses name the same cause (a node, a Secret, a failing
    /// dependency) get one parent.
    pub share: usize,
    /// Members that still fail so long after the last one joined, and share no cause with the others,
    /// are told on their own, once they are fewer than `count`.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub outlive: Duration,
}

/// The pace of looking. It doubles from `first` to `slowest` while nothing changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Looks {
    /// The pause after something changed.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub first: Duration,
    /// The pause while nothing changes.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub slowest: Duration,
    /// The least time between two looks at one subject, however many signals arrive.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub least: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        let minutes = |n: u64| Duration::from_secs(n * 60);
        let words = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        Self {
            recovery_window: minutes(10),
            max_recovery_window: minutes(6 * 60),
            relapse: minutes(24 * 60),
            restarts_to_speak: Burst::default(),
            waiting_polls: 2,
            ready_grace: minutes(2),
            tell_at_once: words(&[
                "image-not-found",
                "image-pull-unauthorised",
                "image-platform-missing",
                "image-reference-unusable",
                "secret-missing",
                "configmap-missing",
                "config-key-missing",
                "command-not-found",
                "argument-invalid",
                "env-var-missing",
            ]),
            severity_hold: minutes(5),
            unseen: minutes(10),
            look: Looks::default(),
            storm: Storms::default(),
            postmortem_from: None,
            noisy: Burst { count: 5, within: minutes(7 * 24 * 60) },
            severity: Matrix::default(),
            quiet_hours: Vec::new(),
        }
    }
}

impl Default for Burst {
    fn default() -> Self {
        Self { count: 3, within: Duration::from_secs(600) }
    }
}

impl Default for Storms {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { count: 6, within: seconds(60), share: 3, outlive: seconds(600) }
    }
}

impl Default for Looks {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(10),
            slowest: Duration::from_secs(300),
            least: Duration::from_secs(2),
        }
    }
}

/// `at + pause`, or the end of time.
pub(super) fn after(at: Timestamp, pause: Duration) -> Timestamp {
    SignedDuration::try_from(pause)
        .ok()
        .and_then(|pause| at.checked_add(pause).ok())
        .unwrap_or(Timestamp::MAX)
}

/// The time from `earlier` to `later`; zero where that is negative.
pub(super) fn between(earlier: Timestamp, later: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(earlier)).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_words_and_unknown_ones_are_refused() {
        let rules: Rules = serde_json::from_str(
            r#"{"recovery_window":"90s","restarts_to_speak":{"count":5},"look":{"least":"1s"}}"#,
        )
        .expect("rules");
        assert_eq!(rules.recovery_window, Duration::from_secs(90));
        assert_eq!(rules.restarts_to_speak, Burst { count: 5, ..Burst::default() });
        assert_eq!(rules.look.slowest, Looks::default().slowest);
        let wrong = serde_json::from_str::<Rules>(r#"{"recovery_windw":"90s"}"#).expect_err("typo");
        assert!(wrong.to_string().contains("recovery_windw"));
    }

    #[test]
    fn settings_survive_being_written() {
        let text = serde_json::to_string(&Rules::default()).expect("json");
        assert!(text.contains(r#""recovery_window":"10m""#), "{text}");
        assert_eq!(serde_json::from_str::<Rules>(&text).expect("rules"), Rules::default());
    }
}
