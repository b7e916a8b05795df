//! Where a value ends, and whether it looks like a secret or like prose.

use std::ops::Range;

use super::keys::{PASSWORD, SECRET};
use super::{MARKER, marker_len};

/// A value: its stretch without quotes, and whether it stood in quotes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) at: Range<usize>,
    pub(super) quoted: bool,
}

/// The value that begins at `from` and ends before `end`, both in `text`.
pub(super) fn value(text: &str, from: usize, end: usize) -> Option<Value> {
    let rest = &text[from..end];
    let slashes = rest.bytes().take_while(|b| *b == b'\\').count();
    let value = match rest[slashes..].chars().next()? {
        quote @ ('"' | '\'' | '`') => {
            let start = from + slashes + 1;
            Value { at: start..quote_end(text, start, end, quote, slashes), quoted: true }
        }
        _ => Value { at: from..bare_end(text, from, end), quoted: false },
    };
    (!value.at.is_empty()).then_some(value)
}

/// Where the quote closes that was opened behind `slashes` backslashes: text quoted in quoted text has
/// 1, 3, 7 … of them, and the quotes inside the value have more.
fn quote_end(text: &str, start: usize, end: usize, quote: char, slashes: usize) -> usize {
    let level = (slashes + 1).next_power_of_two();
    let bytes = text.as_bytes();
    let mut run = 0;
    for (at, byte) in bytes[..end].iter().enumerate().skip(start) {
        match *byte {
            b'\\' => run += 1,
            byte if char::from(byte) == quote && run % (2 * level) == level - 1 => {
                return at - (level - 1);
            }
            _ => run = 0,
        }
    }
    end
}

/// Where a value without quotes ends: at white space, `&`, a closing quote, or where the next pair begins.
fn bare_end(text: &str, from: usize, end: usize) -> usize {
    let mut at = from;
    while at < end {
        let rest = &text[at..end];
        if rest.starts_with(MARKER) {
            at += marker_len(rest).unwrap_or(1).min(rest.len());
            continue;
        }
        let Some(char) = rest.chars().next() else { break };
        let after = &rest[char.len_utf8()..];
        let closes = match char {
            '&' | '<' | '>' => true,
            '"' | '\'' | '`' => !after.starts_with(|c: char| c.is_ascii_alphanumeric()),
            // Backslashes before a closing quote belong to the quote.
            '\\' => {
                let run = rest.len() - rest.trim_start_matches('\\').len();
                if !rest[run..].starts_with(['"', '\'', 'n', 'r', 't']) {
                    at += run;
                    continue;
                }
                true
            }
            ',' | ';' => begins_pair(after),
            char => char.is_whitespace(),
        };
        if closes {
            break;
        }
        at += char.len_utf8();
    }
    // The punctuation of the sentence or of the list it stands in.
    let value = &text[from..at];
    if value.ends_with(']') && value.contains(MARKER) {
        return at;
    }
    from + value.trim_end_matches([',', ';', ')', '}', ']', '.', ':']).len()
}

fn begins_pair(text: &str) -> bool {
    let text = text.trim_start_matches(['"', '\'']);
    let name = text.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "_-. ".contains(c));
    text.is_empty() || (name.len() < text.len() && name.starts_with(['=', ':']))
}

/// Whether a value says that there is none, or where it is taken from.
pub(super) fn is_placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let word = lower.trim_matches(|c: char| "<>()[]*%\"'".contains(c));
    let variable = value.strip_prefix('$').is_some_and(|name| {
        let name = name.strip_prefix(['{', '(']).unwrap_or(name).trim_end_matches(['}', ')']);
        !name.is_empty()
            && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    });
    word.is_empty()
        || variable
        || value.starts_with(MARKER)
        || value.starts_with("{{")
        || (word.len() > 2 && word.chars().all(|c| c == 'x'))
        || (value.starts_with('%') && value.len() < 4)
        || NOTHING.contains(&word)
}

const NOTHING: [&str; 29] = [
    "true",
    "false",
    "null",
    "none",
    "nil",
    "undefined",
    "yes",
    "no",
    "redacted",
    "hidden",
    "masked",
    "required",
    "missing",
    "invalid",
    "empty",
    "unset",
    "expired",
    "not",
    "is",
    "was",
    "string",
    "present",
    "absent",
    "set",
    "optional",
    "unknown",
    "error",
    "failed",
    "denied",
];

/// Whether a value of a pair like `key=value` is to go.
pub(super) fn is_value(value: &str, kind: &str) -> bool {
    if is_placeholder(value) || (kind != PASSWORD && is_short_number(value)) {
        return false;
    }
    kind == PASSWORD || !(is_path(value) || kind == SECRET && is_object_name(value))
}

/// Whether a word in the middle of prose looks like a secret: `password: hunter2` does,
/// `invalid token: expected` does not.
pub(super) fn is_opaque(value: &str, kind: &str) -> bool {
    if !is_value(value, kind) || value.ends_with(':') || is_short_number(value) {
        return false;
    }
    let letters = |c: char| c.is_ascii_alphabetic();
    let words = value.trim_end_matches(['!', '?']).split(['-', '_', '\'', '/', '.']);
    let mut words = words.filter(|word| !word.is_empty()).peekable();
    let several = value.contains(['-', '_', '/', '.']);
    let prose = words.peek().is_none()
        || words.all(|word| word.len() < 20 && word.chars().all(letters) && is_one_case(word));
    match (prose, several) {
        (true, true) => kind == PASSWORD && value.contains('-'),
        (true, false) => false,
        // The name of an object, as in "failed to get secret: payments-db2 not found".
        (false, _) => kind != SECRET || !(value.contains('-') && is_dns_name(value)),
    }
}

/// `word`, `Word` or `WORD`.
fn is_one_case(word: &str) -> bool {
    let rest = word.get(1..).unwrap_or_default();
    !rest.contains(|c: char| c.is_ascii_uppercase())
        || !word.contains(|c: char| c.is_ascii_lowercase())
}

pub(super) fn is_short_number(value: &str) -> bool {
    value.len() < 6 && value.bytes().all(|b| b.is_ascii_digit())
}

/// `/etc/ssl/tls.key`: where a secret is, not what it is.
fn is_path(value: &str) -> bool {
    value.starts_with(['/', '.'])
        && value.matches('/').count() > 1
        && value.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c))
}

/// `shop/payments-db`, as the logs of controllers name a Secret.
fn is_object_name(value: &str) -> bool {
    value.split_once('/').is_some_and(|(space, name)| is_dns_name(space) && is_dns_name(name))
}

fn is_dns_name(value: &str) -> bool {
    !value.is_empty()
        && value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b))
}
