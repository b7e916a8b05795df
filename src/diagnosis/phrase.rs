//! Sentences with `{placeholders}`: filled from facts, or dropped whole.

use std::collections::BTreeMap;

/// Fills a text sentence by sentence; a sentence whose placeholder has no fact is dropped whole, never
/// shown with a hole.
pub(super) fn fill(text: &str, facts: &BTreeMap<String, String>) -> String {
    let filled: Vec<String> =
        sentences(text).into_iter().filter_map(|sentence| fill_whole(sentence, facts)).collect();
    filled.join(" ")
}

/// Fills a text as one piece, or returns nothing where a placeholder has no fact.
pub(super) fn fill_whole(text: &str, facts: &BTreeMap<String, String>) -> Option<String> {
    let mut filled = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let Some(length) = rest[open..].find('}') else { break };
        let name = &rest[open + 1..open + length];
        filled.push_str(&rest[..open]);
        if is_placeholder(name) {
            filled.push_str(facts.get(name)?);
        } else {
            // A brace of the command's own, as in `-o jsonpath={.status}`.
            filled.push_str(&rest[open..=open + length]);
        }
        rest = &rest[open + length + 1..];
    }
    filled.push_str(rest);
    Some(filled)
}

/// The names of a text's placeholders.
pub fn placeholders(text: &str) -> Vec<&str> {
    let pieces = text.split('{').skip(1).filter_map(|piece| piece.split_once('}'));
    pieces.map(|(name, _)| name).filter(|name| is_placeholder(name)).collect()
}

fn is_placeholder(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_')
}

/// Splits after a full stop that a space and a capital (or a placeholder) follow.
fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices(". ") {
        let next = text[at + 2..].chars().next();
        if next.is_some_and(|letter| letter.is_uppercase() || letter == '{') {
            found.push(&text[start..=at]);
            start = at + 2;
        }
    }
    found.push(&text[start..]);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    #[test]
    fn sentence_without_its_fact_is_dropped_whole() {
        let text = "Secret {secret} is missing. It exists in {elsewhere}. Nothing else is wrong.";
        let filled = fill(text, &facts(&[("secret", "db")]));
        assert_eq!(filled, "Secret db is missing. Nothing else is wrong.");
    }

    #[test]
    fn braces_of_a_command_stay() {
        let text = "kubectl get pod {pod} -o jsonpath={.status.phase}";
        let filled = fill_whole(text, &facts(&[("pod", "web")]));
        assert_eq!(filled.as_deref(), Some("kubectl get pod web -o jsonpath={.status.phase}"));
        assert_eq!(fill_whole(text, &facts(&[])), None);
    }

    #[test]
    fn facts_are_not_read_as_templates() {
        let filled = fill("Said {quote}.", &facts(&[("quote", "{secret}. {other}")]));
        assert_eq!(filled, "Said {secret}. {other}.");
    }
}
