//! The order of hypotheses and findings.

use std::cmp::Reverse;

use super::causes::{ALL, LAST};
use super::{Certainty, Finding, Hypothesis};

/// Merges what is said twice and puts the best first: by certainty, then by how much the repair would
/// clear, then by how specific the proof is. Never by the number of facts: that rewards verbosity.
pub(super) fn hypotheses(all: Vec<Hypothesis>) -> Vec<Hypothesis> {
    let mut kept: Vec<Hypothesis> = Vec::new();
    for one in all {
        // Ten replicas that fail alike are one hypothesis, told by the most certain of them.
        let same = |it: &&mut Hypothesis| {
            it.cause == one.cause && it.summary == one.summary && it.target == one.target
        };
        match kept.iter_mut().find(same) {
            Some(twin) if one.certainty > twin.certainty => *twin = one,
            Some(_) => {}
            None => kept.push(one),
        }
    }
    let ids: Vec<String> = kept.iter().map(|it| it.cause.clone()).collect();
    kept.sort_by_key(|it| {
        (
            it.cause == LAST,
            Reverse(it.certainty),
            is_cleared(it, &ids),
            Reverse(clears(it).iter().filter(|id| ids.iter().any(|other| other == *id)).count()),
            Reverse(specificity(it)),
            place(&it.cause),
        )
    });
    if kept.iter().any(|it| it.cause != LAST) {
        kept.retain(|it| it.cause != LAST);
    }
    kept
}

/// The gravest first: what serves nobody any more, then what misses something, then the rest, and after
/// each of these the batch work of the same grade, however loud it is; then by name.
pub(super) fn findings(all: &mut [Finding]) {
    all.sort_by(|a, b| {
        let grade = |it: &Finding| {
            let health = &it.health;
            let serves = !matches!(it.object.kind.as_str(), "Job" | "CronJob");
            let silent =
                !health.services.is_empty() && health.services.iter().all(|it| it.ready == 0);
            match (health.ready == 0 && health.desired > 0, serves) {
                _ if it.object.kind == *"Service" || (serves && silent) => 0,
                (true, true) => 1,
                (false, true) if health.ready < health.desired => 2,
                (true, false) => 3,
                _ => 4,
            }
        };
        grade(a).cmp(&grade(b)).then_with(|| {
            let name = |it: &Finding| (it.object.namespace.clone(), it.object.name.clone());
            name(a).cmp(&name(b)).then_with(|| a.object.kind.cmp(&b.object.kind))
        })
    });
}

fn clears(hypothesis: &Hypothesis) -> &'static [&'static str] {
    ALL.iter().find(|cause| cause.id == hypothesis.cause).map_or(&[], |cause| cause.clears)
}

fn is_cleared(hypothesis: &Hypothesis, present: &[String]) -> bool {
    let by = |id: &String| ALL.iter().find(|cause| cause.id == id);
    let id = hypothesis.cause.as_str();
    present.iter().filter_map(by).any(|cause| cause.id != id && cause.clears.contains(&id))
}

/// A quote that names its place beats a quote, a quote beats a fact without one.
fn specificity(hypothesis: &Hypothesis) -> u8 {
    let first = hypothesis.because.first();
    let quoted = first.is_some_and(|proof| proof.quote.is_some());
    let unrivalled = hypothesis.against.is_empty();
    u8::from(quoted) * 2 + u8::from(unrivalled && hypothesis.certainty != Certainty::Possible)
}

/// The catalogue's own order settles what nothing else does.
fn place(id: &str) -> usize {
    ALL.iter().position(|cause| cause.id == id).unwrap_or(usize::MAX)
}
