//! Pods that the API server refuses to create: no pod is there to look at, the words stand with the
//! controller. Shared by the causes about them.

use super::{Case, Hypothesis, Proof};

/// The API server's words for a pod that it does not create.
pub(super) struct Refusal<'a> {
    pub(super) text: &'a str,
    proof: Proof,
}

/// The newest refusal, while pods are missing: a quota that was full yesterday is no cause today.
pub(super) fn refusal<'a>(case: &Case<'a>) -> Option<Refusal<'a>> {
    let living = case.pods().iter().filter(|pod| !pod.is_over() && !pod.is_terminating()).count();
    let lacking = usize::try_from(case.health().desired).is_ok_and(|desired| living < desired);
    if !lacking && !is_new_revision_unmade(case) {
        return None;
    }
    let told = case.events_with("FailedCreate").last();
    let told = told.map(|event| (event.message(), event.proof("the API server's words")));
    // Events expire after an hour; the condition stays.
    let told = told.or_else(|| {
        let (text, source) = case.world().replica_failure(case.object())?;
        Some((text, Proof::quoted("the API server's words", text, source)))
    });
    told.map(|(text, proof)| Refusal { text, proof })
}

/// Whether the newest revision lacks pods that it should have, while those of the old one still serve.
fn is_new_revision_unmade(case: &Case<'_>) -> bool {
    let newest = case.world().replica_sets_of(case.object()).last();
    newest.is_some_and(|set| {
        let wanted = set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(0);
        let made = set.status.as_ref().map_or(0, |status| status.replicas);
        made < wanted
    })
}

impl<'a> Refusal<'a> {
    /// A hypothesis that these words prove.
    pub(super) fn hypothesis(self, cause: &'static str) -> Hypothesis {
        Hypothesis::certain(cause)
            .because(self.proof)
            .settle("kubectl -n {namespace} get events --field-selector reason=FailedCreate")
    }

    /// Whether one of these stands in the words, whatever case they are in.
    pub(super) fn says(&self, words: &[&str]) -> bool {
        let text = self.text.to_ascii_lowercase();
        words.iter().any(|word| text.contains(word))
    }

    /// What follows the words, up to the first of `ends`.
    pub(super) fn after(&self, words: &str, ends: &[char]) -> Option<&'a str> {
        let rest = self.text.split_once(words)?.1;
        let found = rest.split(ends).next()?.trim().trim_matches('"');
        (!found.is_empty()).then_some(found)
    }
}
