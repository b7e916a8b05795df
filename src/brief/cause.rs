//! Why: the best hypothesis, with its proof, or plainly that there is none.

use super::plain;
use crate::diagnosis::{Certainty, Finding, Hypothesis, Proof};

/// The id under which the catalogue says that proof is missing.
pub(super) const NOT_ENOUGH: &str = "not-enough-evidence";

/// The cause in words. Only `certain` is told as a fact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CauseWords {
    /// How sure; `None` where there is no hypothesis, and the sentence says why.
    pub certainty: Option<Certainty>,
    /// The cause in one sentence; or what is missing.
    pub sentence: String,
    /// The words that prove it.
    pub quote: Option<Quote>,
    /// Further facts for it, each short.
    pub facts: Vec<String>,
    /// What speaks against it.
    pub against: Vec<String>,
    /// What would settle it. Empty where it is settled.
    pub settle: Vec<String>,
    /// The object to repair, where that is another one.
    pub target: Option<String>,
    /// How many other hypotheses are left.
    pub others: usize,
}

/// Words of the evidence, verbatim, and where they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Verbatim; long ones are cut at the end of a line, and `left_out` then counts.
    pub text: String,
    /// `previous log of checkout-67cb7-85lnb, line 214`.
    pub place: Option<String>,
    /// Lines that were left out.
    pub left_out: usize,
}

impl CauseWords {
    /// The words for the best hypothesis of a finding.
    pub(super) fn of(finding: &Finding) -> Self {
        match finding.hypotheses.split_first() {
            Some((best, others)) => {
                let others = others.iter().filter(|other| other.cause != NOT_ENOUGH);
                Self::weighed(best, others.count())
            }
            None => Self::none("no cause of the catalogue fits"),
        }
    }

    /// No hypothesis at all; why not.
    pub(super) fn none(why: &str) -> Self {
        Self { sentence: why.to_owned(), ..Self::default() }
    }

    fn weighed(best: &Hypothesis, others: usize) -> Self {
        let known = best.cause != NOT_ENOUGH;
        let proof = best.because.iter().position(|proof| proof.quote.is_some());
        let facts = best.because.iter().enumerate().filter(|(i, _)| Some(*i) != proof);
        // What the sentence says already is not said again under it.
        let said = |fact: &str| {
            let long = best.facts.values().filter(|value| value.len() > 5);
            long.into_iter().any(|value| fact.contains(value) && best.summary.contains(value))
        };
        let facts = facts.filter(|(_, proof)| !said(&proof.fact));
        let facts = facts.map(|(_, proof)| plain::short(&proof.fact, 160));
        let settled = best.certainty == Certainty::Certain;
        Self {
            certainty: known.then_some(best.certainty),
            sentence: plain::short(&best.summary, 400),
            quote: proof.and_then(|i| best.because.get(i)).and_then(Quote::of),
            facts: facts.filter(|fact| !fact.is_empty()).take(2).collect(),
            against: best.against.iter().take(2).map(against).collect(),
            settle: best.settle.iter().filter(|_| !settled).take(2).map(|s| command(s)).collect(),
            target: best.target.as_ref().map(|object| plain::short(&object.to_string(), 200)),
            others,
        }
    }

    /// `certain`, `likely`, `possible`; or what stands in their place.
    pub fn word(&self) -> &'static str {
        self.certainty.map_or("not enough evidence", Certainty::word)
    }
}

impl Quote {
    /// The first lines of a proof's quote.
    pub(super) fn of(proof: &Proof) -> Option<Self> {
        let whole = plain::clean(proof.quote.as_deref()?);
        let whole = whole.trim_matches('\n');
        let lines = whole.lines().count();
        let kept: Vec<_> = whole.lines().take(4).collect();
        let text = plain::cut(&kept.join("\n"), 800);
        let place = proof.source.as_deref().map(|place| plain::short(place, 240));
        (!text.trim().is_empty()).then_some(Self { text, place, left_out: lines.saturating_sub(4) })
    }

    /// Where it stands, and how much was left out.
    pub fn footing(&self) -> Option<String> {
        let more = (self.left_out > 0).then(|| {
            format!("{} more in the thread", plain::counted(self.left_out, "line", "lines"))
        });
        let parts: Vec<_> = self.place.clone().into_iter().chain(more).collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

fn against(proof: &Proof) -> String {
    plain::short(
        if proof.fact.is_empty() {
            proof.quote.as_deref().unwrap_or_default()
        } else {
            &proof.fact
        },
        240,
    )
}

/// A command as it stands, bounded; it may be of several lines.
pub(super) fn command(text: &str) -> String {
    plain::cut(plain::clean(text).trim(), 700)
}
