//! `firsthand check --live`: does everything that the settings name answer, and may we do what we need?
//!
//! Nothing is changed anywhere. On the cluster one verb more than the daemon's is used: `create` on
//! SelfSubjectAccessReview, a question in the form of an object that is never stored, which every
//! authenticated user may ask.

mod alertmanager;
mod ask;
mod kubernetes;
mod prometheus;
mod receivers;
mod send_test;
mod slack;
mod store;

use serde_json::{Value, json};

use crate::config::Settings;
pub(super) use send_test::send_test;

/// One thing that was looked at.
#[derive(Debug)]
pub(super) struct Line {
    /// What it belongs to: `prometheus`, `slack oncall`.
    part: String,
    verdict: Verdict,
    /// What was found.
    says: String,
    /// What to do; empty where nothing is.
    advice: String,
}

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// As it should be.
    Good,
    /// It works, and something is lost.
    Weak,
    /// It does not work.
    Bad,
}

impl Line {
    fn good(part: &str, says: impl Into<String>) -> Self {
        Self { part: part.into(), verdict: Verdict::Good, says: says.into(), advice: String::new() }
    }

    fn weak(part: &str, says: impl Into<String>, advice: impl Into<String>) -> Self {
        let (says, advice) = (says.into(), advice.into());
        Self { part: part.into(), verdict: Verdict::Weak, says, advice }
    }

    fn bad(part: &str, says: impl Into<String>, advice: impl Into<String>) -> Self {
        let (says, advice) = (says.into(), advice.into());
        Self { part: part.into(), verdict: Verdict::Bad, says, advice }
    }

    /// Whether something does not work.
    pub(super) fn is_bad(&self) -> bool {
        self.verdict == Verdict::Bad
    }

    /// `bad   prometheus      http://…: connection refused; start it, or mend prometheus.url`.
    pub(super) fn in_words(&self) -> String {
        let Self { part, says, advice, .. } = self;
        let advice = if advice.is_empty() { String::new() } else { format!("; {advice}") };
        format!("{:<5} {part:<16} {says}{advice}", self.verdict.word())
    }

    /// The same as data.
    pub(super) fn as_data(&self) -> Value {
        let advice = (!self.advice.is_empty()).then_some(&self.advice);
        json!({ "part": self.part, "verdict": self.verdict.word(), "says": self.says, "do": advice })
    }
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Weak => "weak",
            Self::Bad => "bad",
        }
    }
}

/// Looks at everything at the same time; tells it in a fixed order.
pub(super) async fn look(settings: &Settings) -> Vec<Line> {
    crate::tls::install();
    let (store, kubernetes, prometheus, alertmanager, receivers) = tokio::join!(
        store::look(&settings.store),
        kubernetes::look_at_all(&settings.cluster, &settings.clusters),
        prometheus::look(settings),
        alertmanager::look(&settings.alertmanager),
        receivers::look(&settings.receivers),
    );
    [store, kubernetes, prometheus, alertmanager, receivers].into_iter().flatten().collect()
}
