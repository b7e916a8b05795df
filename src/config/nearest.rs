//! What a misspelt word was probably meant to be.

/// The candidate nearest to `word`, if one is near enough to be worth asking.
pub(super) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // A third of the letters may be wrong; more, and the question would be noise.
    let allowed = (word.chars().count() / 3).max(1);
    let lower = word.to_lowercase().replace('-', "_");
    candidates
        .into_iter()
        .map(|it| (strsim::damerau_levenshtein(&lower, &it.to_lowercase().replace('-', "_")), it))
        .filter(|(distance, it)| {
            *distance <= allowed || (lower.len() >= 3 && it.starts_with(&lower))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, it)| it)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let words = ["channel", "token_file", "api_url"];
        assert_eq!(nearest("chanel", words), Some("channel"));
        assert_eq!(nearest("tokenFile", words), Some("token_file"));
        assert_eq!(nearest("token-file", words), Some("token_file"));
        assert_eq!(nearest("colour", words), None);
    }
}
