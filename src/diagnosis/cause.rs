//! One entry of the catalogue: prose, metadata and the pure function that weighs the evidence.

use super::{Case, Hypothesis};

/// A cause: prose, metadata and logic in one place; `explain`, the pages in `docs/causes/`, the RBAC
/// role and the messages are all made from it.
pub struct Cause {
    /// The word for it everywhere, forever: file, fixture folder, page, metric label. Kebab-case.
    pub id: &'static str,
    /// States the state; at most 60 characters, no full stop.
    pub title: &'static str,
    /// The first version that knew it.
    pub since: &'static str,
    /// Sources it reads; from these come the permissions.
    pub reads: &'static [Reads],
    /// Ids of causes whose findings this cause's repair would also clear.
    pub clears: &'static [&'static str],
    /// The summary sentence; `{placeholders}` are filled from the hypothesis' facts. A sentence whose
    /// placeholder has no fact is dropped whole.
    pub why: &'static str,
    /// What to do, as choices; each starts with a verb. Placeholders as in `why`.
    pub fix: &'static [&'static str],
    /// What not to do. A sentence is shown only when all its placeholders have facts.
    pub avoid: &'static [&'static str],
    /// What it looks for in the evidence, for the page.
    pub looks_for: &'static [&'static str],
    /// How to confirm that it is repaired, for the page.
    pub confirm: &'static str,
    /// Further reading.
    pub links: &'static [&'static str],
    /// Weighs the evidence. Returns one hypothesis for each way in which this cause may hold.
    pub weigh: fn(&Case<'_>) -> Vec<Hypothesis>,
}

/// A source of evidence that a cause reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reads {
    /// Pods: status and spec.
    Pods,
    /// Events.
    Events,
    /// Container logs.
    Logs,
    /// ReplicaSets and other revisions.
    Revisions,
    /// Services and EndpointSlices.
    Services,
    /// Nodes.
    Nodes,
    /// ConfigMaps, key names only.
    ConfigMaps,
    /// Metrics from Prometheus.
    Metrics,
}
