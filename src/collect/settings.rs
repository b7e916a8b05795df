//! Settings of this room.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::incident::Logs;
use crate::incident::glob;

/// What collecting for one incident may cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How long collecting may take in all. What has not answered by then is a blind spot. Longer sees
    /// more of a slow API server, and says it later.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub deadline: Duration,
    /// How many calls to the API server one collection may make; a page of a list is one.
    pub calls: u32,
    /// Of how many failing pods the logs are read; the pods of one workload fail alike.
    pub pods_with_logs: usize,
    /// Whose logs are read at all.
    pub logs: LogSettings,
    /// What is taken out of every text beside passwords, tokens and keys, which always are.
    pub redaction: RedactionSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(5),
            calls: 40,
            pods_with_logs: 3,
            logs: LogSettings::default(),
            redaction: RedactionSettings::default(),
        }
    }
}

/// Whose logs are read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// In all namespaces that are not named below.
    pub default: Logs,
    /// In these: a name, or a pattern with `*`. Where several match, the longest counts.
    pub namespaces: BTreeMap<String, Logs>,
}

impl LogSettings {
    /// Whether the logs of that namespace are never read.
    pub(super) fn never(&self, namespace: &str) -> bool {
        let matching = self.namespaces.iter().filter(|(pattern, _)| glob(pattern, namespace));
        let closest =
            matching.max_by_key(|(pattern, _)| (pattern.as_str() == namespace, pattern.len()));
        closest.map_or(self.default, |(_, logs)| *logs) == Logs::Never
    }
}

/// What is taken out beside the secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RedactionSettings {
    /// Patterns of one's own.
    pub patterns: Vec<OwnPattern>,
    /// Whether e-mail addresses go, too.
    pub emails: bool,
    /// Whether names of users go, too, where they are told as such.
    pub user_names: bool,
}

/// A pattern of one's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnPattern {
    /// What it is called where it was taken out: `customer-number` becomes `[redacted: customer-number #1]`.
    pub name: String,
    /// A regular expression, in the syntax of Rust's `regex` crate.
    pub pattern: String,
}

impl RedactionSettings {
    /// What is wrong with each pattern, by its place in the list: what, and what to do.
    pub fn faults(&self) -> Vec<(usize, &'static str, String)> {
        let wrong = |own: &OwnPattern| match regex::Regex::new(&own.pattern) {
            Err(error) => {
                let why = error.to_string();
                let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
                Some(("pattern", format!("is no regular expression: {why}")))
            }
            Ok(pattern) if pattern.is_match("") => {
                Some(("pattern", "matches where there is nothing".to_owned()))
            }
            Ok(_) if !super::redact::is_kind(&own.name) => {
                Some(("name", "is not of small letters, digits and hyphens".to_owned()))
            }
            Ok(_) => None,
        };
        let all = self.patterns.iter().enumerate();
        all.filter_map(|(at, own)| wrong(own).map(|(key, what)| (at, key, what))).collect()
    }
}

/// A cluster, and how its API is reached: in-cluster where Firsthand runs in a pod,
/// then `KUBECONFIG`, then `~/.kube/config`, unless one of the settings says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClusterSettings {
    /// What the cluster is called in messages and routes, and in the `cluster` label of alerts. Those that
    /// carry the name of no cluster of the settings are delivered without evidence, and say so.
    pub name: String,
    /// A kubeconfig file to use.
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig; its current one where this is absent.
    pub context: Option<String>,
    /// The API server's address, without credentials: for `kubectl proxy` and for tests.
    pub api_url: Option<String>,
    /// Links that every message about this cluster offers: `grafana`, `console`, `logs`, `runbook`. Their
    /// placeholders `{cluster}`, `{namespace}`, `{kind}`, `{workload}`, `{cause}`, `{alertname}`, `{team}`,
    /// `{from_ms}` and `{to_ms}` are filled in, percent-encoded; a link that lacks one is left out. Links
    /// of the alert itself go first.
    pub links: BTreeMap<String, String>,
}

impl Default for ClusterSettings {
    fn default() -> Self {
        Self {
            name: "kubernetes".into(),
            kubeconfig: None,
            context: None,
            api_url: None,
            links: BTreeMap::new(),
        }
    }
}
