//! Base64 that hides a secret: a key in PEM, an address with a password, a file of settings.
//!
//! What it decodes to is held against the other rules, once. Images, digests and ids decode to bytes that
//! are no text, which the first of them tell.

use std::ops::Range;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use super::Secret;

/// The shortest stretch that is looked at: `password=hunter2` has 24 characters.
const SHORTEST: usize = 24;

/// The longest that is decoded. A file of settings is shorter.
const LONGEST: usize = 64 << 10;

/// So many characters are decoded first.
const HEAD: usize = 8;

const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const PLAIN: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
const FOR_ADDRESSES: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);

/// The stretches of `text` whose decoded text `holds` a secret, with its kind.
pub(super) fn find(
    text: &str,
    holds: impl Fn(&str) -> Option<&'static str>,
    found: &mut Vec<Secret>,
) {
    for run in runs(text.as_bytes()) {
        let words = &text[run.clone()];
        let decoded = decoded(&words[..HEAD]).and_then(|_| decoded(words));
        if let Some(kind) = decoded.and_then(|decoded| holds(&decoded)) {
            let padding = text[run.end..].bytes().take(2).take_while(|b| *b == b'=').count();
            found.push(Secret { at: run.start..run.end + padding, kind });
        }
    }
}

/// Stretches of at least [`SHORTEST`] bytes of the alphabets. Only each [`SHORTEST`]th byte of the rest is
/// looked at: a stretch has one of them.
fn runs(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let (mut at, mut from) = (SHORTEST - 1, 0);
    std::iter::from_fn(move || {
        while at < bytes.len() {
            if !is_base64(bytes[at]) {
                from = at + 1;
                at += SHORTEST;
                continue;
            }
            let before = bytes[from..at].iter().rev().take_while(|b| is_base64(**b)).count();
            let behind = bytes[at..].iter().take_while(|b| is_base64(**b)).count();
            let run = at - before..at + behind;
            from = run.end;
            at = run.end + SHORTEST;
            if run.len() >= SHORTEST {
                return Some(run);
            }
        }
        None
    })
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// The text behind it, if it is one.
fn decoded(words: &str) -> Option<String> {
    let words = &words[..words.len().min(LONGEST)];
    // One character alone says nothing.
    let words = &words[..words.len() - usize::from(words.len() % 4 == 1)];
    let engine = if words.contains(['-', '_']) { FOR_ADDRESSES } else { PLAIN };
    let text = String::from_utf8(engine.decode(words).ok()?).ok()?;
    let is_text = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    text.chars().all(is_text).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_found_wherever_they_begin() {
        let word = "a".repeat(SHORTEST);
        for before in 0..60 {
            let text = format!("{} {word}, {word}b! {}", "x ".repeat(before), &word[1..]);
            let lengths: Vec<_> = runs(text.as_bytes()).map(|run| run.len()).collect();
            assert_eq!(lengths, [SHORTEST, SHORTEST + 1], "{text}");
        }
    }
}
