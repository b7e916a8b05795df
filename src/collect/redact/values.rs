//! Where a value ends, and whether it looks like a secret or like prose.

use std::ops::Range;

use super::keys::{PASSWORD, ROUTING_KEY, SECRET, SECRET_ID, SESSION};
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
    // In JSON the next name is in quotes: `null,"user":…`.
    let sign = name.trim_start_matches(['\\', '"', '\'']);
    text.is_empty() || (name.len() < text.len() && sign.starts_with(['=', ':']))
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
        || value.starts_with("$(")
        || matches!(value, "|" | ">" | "|-" | ">-" | "|+" | ">+")
        || (word.len() > 2 && word.chars().all(|c| c == 'x'))
        || (value.starts_with('%') && value.len() < 4)
        || value == "?"
        || ["PASSWORD", "PASS", "TOKEN", "SECRET", "KEY"].contains(&value)
        || value.strip_prefix(':').is_some_and(is_bound)
        || NOTHING.contains(&word)
}

/// What a statement binds later: `:password`.
fn is_bound(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

const NOTHING: [&str; 34] = [
    "include",
    "omit",
    "same-origin",
    "await",
    "new",
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
    // An id of a connection is called so too; a browser's session has many letters and digits.
    if kind == SESSION {
        return value.len() >= 16 && is_random(value, PASSWORD);
    }
    if kind == ROUTING_KEY {
        return value.len() == 32 && is_random(value, PASSWORD);
    }
    if kind == SECRET_ID {
        return is_uuid(value);
    }
    if is_placeholder(value) || (kind != PASSWORD && is_short_number(value)) {
        return false;
    }
    kind == PASSWORD || !(is_path(value) || kind == SECRET && is_object_name(value))
}

/// Whether what a field called just `secret` holds is the name of a Secret, as controllers log it.
pub(super) fn names_a_secret(name: &str, value: &str) -> bool {
    name.eq_ignore_ascii_case("secret")
        && is_dns_name(value)
        && value.contains('-')
        && !value.contains(|c: char| c.is_ascii_digit())
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

/// Whether a word that no sign sets apart looks like nothing but a secret: letters and digits, and neither
/// the name of an object (`payments-db2`), nor a time, an id or a path.
pub(super) fn is_random(value: &str, kind: &str) -> bool {
    let has = |is: fn(&char) -> bool| value.chars().any(|c| is(&c));
    let mixed = has(char::is_ascii_digit) && has(char::is_ascii_alphabetic);
    if !mixed || value.len() < 6 || is_placeholder(value) || is_uuid(value) || is_plain(value) {
        return false;
    }
    if kind == PASSWORD {
        return !is_path(value);
    }
    let name = is_dns_name(value) && (value.len() < 20 || value.contains(['-', '.']));
    let word = value.chars().all(|c| c.is_ascii_alphanumeric() || "+/=_~.-!%$#*^&@".contains(c));
    let pair = value.trim_end_matches('=').contains('=');
    let mail = value.split_once('@').is_some_and(|(_, host)| host.contains('.'));
    value.len() >= 8 && word && !(name || pair || mail) && !is_path(value) && !is_constant(value)
}

/// `3f2504e0-4f89-41d3-9a0c-0305e82c3301`
pub(super) fn is_uuid(value: &str) -> bool {
    value.len() == 36
        && value.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// A number with its unit or a time: `12ms`, `3h14m`, `2026-11-21T02:14:00Z`, `10.0.0.7:5432`, `v1.4.2`,
/// or a line of a file: `token.go:88`.
fn is_plain(value: &str) -> bool {
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    let place = value.rsplit_once(':').is_some_and(|(file, line)| {
        let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending);
        (1..5).contains(&ending.len()) && line.bytes().all(|b| b.is_ascii_digit())
    });
    place
        || value.starts_with("HTTP/")
        || letters <= 2 && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:+/".contains(&b))
}

/// `STRIPE_KEY_V2`, `ERR_401`, `com.example.Auth2`: a name in a program.
fn is_constant(value: &str) -> bool {
    let capitals = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    value.contains('_') && value.chars().all(capitals) || value.contains("..")
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

/// `/etc/ssl/tls.key`, `tls.key`: where a secret is, not what it is.
fn is_path(value: &str) -> bool {
    let file = [".key", ".pem", ".crt", ".cer", ".p12", ".jks"];
    (value.starts_with(['/', '.']) && value.matches('/').count() > 1
        || file.iter().any(|ending| value.ends_with(ending)))
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
