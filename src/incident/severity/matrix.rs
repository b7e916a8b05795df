//! The matrix as settings: `incident.severity` in the YAML.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::Severity;

/// How bad what is, and how often each level is spoken of. `firsthand explain severity` prints it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Matrix {
    /// By what is seen to be hurt.
    pub impact: Impacts,
    /// Words in the names of namespaces and clusters, and the worst that what fails there can be. A word
    /// of the defaults is lifted by `SEV1`.
    pub at_most: BTreeMap<String, Severity>,
    /// Words in the names of namespaces and clusters that say production: there a high tier reaches SEV1
    /// also without a critical alert.
    pub production: Vec<String>,
    /// Tiers (`ownership.tier`) that make it one step worse, as a critical alert does.
    pub high_tiers: Vec<String>,
    /// Tiers whose failures are SEV3 at most.
    pub low_tiers: Vec<String>,
    /// What each level asks for.
    pub levels: Levels,
}

/// The severity of each kind of damage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Impacts {
    /// A Service that had endpoints has none that serves.
    pub no_endpoint: Severity,
    /// No pod is ready.
    pub no_ready_pod: Severity,
    /// Fewer than half of the pods are ready.
    pub degraded: Severity,
    /// At least half of the pods are ready, and not all.
    pub redundancy: Severity,
    /// A batch run fails.
    pub batch: Severity,
    /// Nothing is seen to be hurt.
    pub none: Severity,
    /// The damage cannot be seen; a critical alert makes it one step worse, a mild one SEV4.
    pub unseen: Severity,
}

/// What each level asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "UPPERCASE")]
pub struct Levels {
    /// Several things do not work for many.
    pub sev1: Level,
    /// Something does not work.
    pub sev2: Level,
    /// Redundancy is lost, or a batch run fails.
    pub sev3: Level,
    /// Nobody is hurt.
    pub sev4: Level,
}

/// How often one level is spoken of while nothing changes. Zero: never.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Level {
    /// How often stakeholders hear, at the latest; each of their messages names the next time.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub update: Duration,
    /// After how long the thread of who is on call says that it still fails; each time it takes twice
    /// as long.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub remind: Duration,
}

impl Levels {
    /// What that severity asks for.
    pub fn of(&self, severity: Severity) -> &Level {
        match severity {
            Severity::Sev1 => &self.sev1,
            Severity::Sev2 => &self.sev2,
            Severity::Sev3 => &self.sev3,
            Severity::Sev4 => &self.sev4,
        }
    }
}

impl Default for Matrix {
    fn default() -> Self {
        let words = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        let never = ["dev", "development", "test", "testing", "qa", "sandbox"];
        let never = never.into_iter().chain(["preview", "review", "ci", "demo"]);
        let at_most = never.map(|word| (word.to_owned(), Severity::Sev4));
        let nearly = ["uat", "stage", "staging"].map(|word| (word.to_owned(), Severity::Sev3));
        Self {
            impact: Impacts::default(),
            at_most: at_most.chain(nearly).collect(),
            production: words(&["prod", "production", "live"]),
            high_tiers: words(&["0", "1", "tier-0", "tier-1", "critical", "gold"]),
            low_tiers: words(&["3", "4", "tier-3", "tier-4", "low", "bronze"]),
            levels: Levels::default(),
        }
    }
}

impl Default for Impacts {
    fn default() -> Self {
        Self {
            no_endpoint: Severity::Sev2,
            no_ready_pod: Severity::Sev2,
            degraded: Severity::Sev3,
            redundancy: Severity::Sev3,
            batch: Severity::Sev3,
            none: Severity::Sev4,
            unseen: Severity::Sev3,
        }
    }
}

impl Default for Levels {
    fn default() -> Self {
        let level = |update: u64, remind: u64| Level {
            update: Duration::from_secs(update * 60),
            remind: Duration::from_secs(remind * 60),
        };
        Self {
            sev1: level(30, 60),
            sev2: level(60, 4 * 60),
            sev3: level(4 * 60, 24 * 60),
            sev4: level(0, 0),
        }
    }
}
