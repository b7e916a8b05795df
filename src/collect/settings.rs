//! Settings of this room.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
}

impl Default for Settings {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(5), calls: 40, pods_with_logs: 3 }
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
