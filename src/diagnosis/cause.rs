//! One entry of the catalogue: prose, metadata and the pure function that weighs the evidence; and how
//! that function words what it found.

use super::{Case, Certainty, Hypothesis, ObjectRef, Proof};

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
    /// PersistentVolumeClaims, PersistentVolumes and StorageClasses.
    Volumes,
    /// RoleBindings and ServiceAccounts.
    Rights,
    /// Ingresses, NetworkPolicies.
    Network,
    /// CronJobs, HorizontalPodAutoscalers, PodDisruptionBudgets.
    Controllers,
    /// Custom resources that make Secrets: their conditions.
    Custom,
    /// Metrics from Prometheus.
    Metrics,
}

/// How a cause words its hypothesis. The summary is filled in from the cause's own `why` afterwards.
impl Hypothesis {
    /// Proved: the first proof quotes the evidence.
    pub fn certain(cause: &'static str) -> Self {
        Self::with(cause, Certainty::Certain)
    }

    /// Fits best; `settle` names what would prove it.
    pub fn likely(cause: &'static str) -> Self {
        Self::with(cause, Certainty::Likely)
    }

    /// Not excluded.
    pub fn possible(cause: &'static str) -> Self {
        Self::with(cause, Certainty::Possible)
    }

    /// With a certainty that the cause worked out.
    pub fn with(cause: &'static str, certainty: Certainty) -> Self {
        Self {
            cause: cause.into(),
            certainty,
            summary: String::new(),
            because: Vec::new(),
            against: Vec::new(),
            settle: Vec::new(),
            target: None,
            facts: Default::default(),
        }
    }

    /// What speaks for it; the strongest first.
    #[must_use]
    pub fn because(mut self, proof: Proof) -> Self {
        self.because.push(proof);
        self
    }

    /// What speaks against it.
    #[must_use]
    pub fn against(mut self, proof: Proof) -> Self {
        self.against.push(proof);
        self
    }

    /// A whole command that would settle it; `{placeholders}` are filled from the facts, and the
    /// command is left out if one is missing.
    #[must_use]
    pub fn settle(mut self, command: impl Into<String>) -> Self {
        self.settle.push(command.into());
        self
    }

    /// Such a command, where it would settle anything.
    #[must_use]
    pub fn maybe_settle(self, command: Option<&str>) -> Self {
        match command {
            Some(command) => self.settle(command),
            None => self,
        }
    }

    /// A named value for the sentences. `namespace`, `object` (`deployment/checkout`), `workload` (its
    /// name) and `kind` are always there. An empty value is no fact.
    #[must_use]
    pub fn fact(mut self, name: &str, value: impl ToString) -> Self {
        let value = value.to_string();
        if !value.is_empty() {
            self.facts.insert(name.into(), value);
        }
        self
    }

    /// A named value, where there is one.
    #[must_use]
    pub fn maybe(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.fact(name, value),
            None => self,
        }
    }

    /// The object whose repair clears the fault, where that is another one than the finding's own.
    #[must_use]
    pub fn target(mut self, object: ObjectRef) -> Self {
        self.target = Some(object);
        self
    }
}

impl Proof {
    /// A fact that is not anyone's words: a number, an absence, a comparison.
    pub fn fact(fact: impl Into<String>) -> Self {
        Self { fact: fact.into(), quote: None, source: None }
    }

    /// A fact with the evidence's own words, verbatim, and where they stand.
    pub fn quoted(
        fact: impl Into<String>,
        quote: impl Into<String>,
        source: impl Into<String>,
    ) -> Self {
        Self { fact: fact.into(), quote: Some(quote.into()), source: Some(source.into()) }
    }
}
