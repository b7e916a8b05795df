//! The same text with other encodings' signs written plainly, byte for byte in the same places: what is
//! found in it stands at the same place of the text itself.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input};

use super::Line;

/// An encoded sign, and the sign. The bytes behind the sign become blanks.
const SIGNS: [(&str, u8); 12] = [
    ("&quot;", b'"'),
    ("&#34;", b'"'),
    ("&#39;", b'\''),
    ("\\u0022", b'"'),
    ("\\u0026", b'&'),
    ("\\u003d", b'='),
    ("%22", b'"'),
    ("%3a", b':'),
    ("%3d", b'='),
    ("%26", b'&'),
    ("%3f", b'?'),
    ("%2c", b','),
];

static ENCODED: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(signs())
        .expect("the words are constants")
});

/// All signs of other encodings, and the beginning of an escape sequence.
pub(super) fn signs() -> impl Iterator<Item = &'static str> {
    SIGNS.iter().map(|(sign, _)| *sign).chain(["\u{1b}["])
}

/// The text with plain signs, where that is another text. Escape sequences for colours become blanks.
pub(super) fn of(text: &str, lines: &[Line]) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    for (line, _) in lines.iter().filter(|(_, hints)| hints.encoded) {
        plainly(text, line, &mut bytes);
    }
    // Only ASCII was written, over ASCII.
    String::from_utf8(bytes).ok().filter(|shadow| shadow != text)
}

fn plainly(text: &str, line: &Range<usize>, bytes: &mut [u8]) {
    for sign in ENCODED.find_iter(Input::new(text).range(line.clone())) {
        let after = &text.as_bytes()[sign.end()..];
        match SIGNS.get(sign.pattern().as_usize()) {
            // The padding of base64 is part of the value.
            Some((_, b'=')) if !after.first().is_some_and(u8::is_ascii_alphanumeric) => {}
            Some((_, plain)) => {
                bytes[sign.range()].fill(b' ');
                bytes[sign.start()] = *plain;
            }
            None => {
                let numbers = after.iter().take_while(|b| b.is_ascii_digit() || **b == b';');
                let end = sign.end() + numbers.count();
                let end = if text.as_bytes().get(end).is_some_and(u8::is_ascii_alphabetic) {
                    end + 1
                } else {
                    end
                };
                bytes[sign.start()..end].fill(b' ');
            }
        }
    }
}
