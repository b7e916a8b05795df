//! The order of hypotheses and findings.

use std::cmp::Reverse;

use super::causes::{ALL, LAST};
use super::{Certainty, Finding, Hypothesis, ObjectRef};

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

/// What an alert calls gravest first, then by health, and before each victim what it waits for. Within one
/// grade what is proved, what is larger and what is newer; then by name. `alarm` tells how loud the alerts about
/// an object are, 0 the loudest.
pub(super) fn findings(all: &mut [Finding], alarm: impl Fn(&Finding) -> u8) {
    let grades: Vec<(ObjectRef, (u8, u8))> = all
        .iter()
        .flat_map(|it| {
            let own = (alarm(it), grade(it));
            let behind = it.behind.as_ref().map(|behind| (behind.object.clone(), own));
            behind.into_iter().chain([(it.object.clone(), own)])
        })
        .collect();
    all.sort_by_cached_key(|it| {
        let own = grades.iter().filter(|(object, _)| *object == it.object);
        let own: Vec<(u8, u8)> = own.map(|(_, grade)| *grade).collect();
        let object = &it.object;
        (
            own.iter().map(|(alarm, _)| *alarm).min(),
            own.iter().map(|(_, grade)| *grade).min(),
            it.behind.is_some(),
            Reverse(it.hypotheses.first().map(|best| best.certainty)),
            Reverse(it.health.desired),
            Reverse(it.since),
            (object.namespace.clone(), object.name.clone(), object.kind.clone()),
        )
    });
}

/// First what serves nobody any more, then what misses something, then the rest, and after each of these
/// the batch work of the same grade, however loud it is.
fn grade(finding: &Finding) -> u8 {
    let health = &finding.health;
    let serves = !matches!(finding.object.kind.as_str(), "Job" | "CronJob");
    let silent = !health.services.is_empty() && health.services.iter().all(|it| it.ready == 0);
    match (health.ready == 0 && health.desired > 0, serves) {
        _ if finding.object.kind == *"Service" || (serves && silent) => 0,
        (true, true) => 1,
        (false, true) if health.ready < health.desired => 2,
        (true, false) => 3,
        _ => 4,
    }
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
