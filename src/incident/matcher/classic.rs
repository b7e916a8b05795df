//! Alertmanager's older reader: names of ASCII letters, values with or without quotes, and a backslash
//! that begins nothing stands for itself.

use super::{Is, Matcher};

/// The signs, the longer ones before those that begin them.
const SIGNS: [(&str, Is); 4] =
    [("=~", Is::Like), ("!~", Is::NotLike), ("!=", Is::NotEqual), ("=", Is::Equal)];

/// Reads matchers; `None` where this reader cannot.
pub(super) fn read(text: &str) -> Option<Vec<Matcher>> {
    let text = text.strip_prefix('{').unwrap_or(text);
    let text = text.strip_suffix('}').unwrap_or(text);
    split(text).into_iter().map(matcher).collect()
}

/// The parts between commas that no quotes enclose. An empty last part is none.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            // As there: a comma does not end an escape.
            ',' if !quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
                continue;
            }
            ',' => {}
            '"' if escaped => escaped = false,
            '"' => quoted = !quoted,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    let last = text[start..].trim();
    if !last.is_empty() {
        parts.push(last);
    }
    parts
}

fn matcher(part: &str) -> Option<Matcher> {
    let space = ['\t', '\n', '\x0c', '\r', ' '];
    let part = part.trim_matches(space);
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
    let end = part.find(|c: char| !letter(c) && !c.is_ascii_digit()).unwrap_or(part.len());
    let (name, rest) = part.split_at(end);
    if !name.starts_with(letter) {
        return None;
    }
    let rest = rest.trim_start_matches(space);
    let (sign, is) = SIGNS.into_iter().find(|(sign, _)| rest.starts_with(sign))?;
    let value = unescaped(rest[sign.len()..].trim_start_matches(space))?;
    Matcher::new(name.to_owned(), is, value).ok()
}

/// The value's text. A quote may stand at both ends and, with a backslash, inside.
fn unescaped(value: &str) -> Option<String> {
    let raw = value.strip_prefix('"').unwrap_or(value);
    let mut open = raw.len() < value.len();
    let mut text = String::with_capacity(raw.len());
    let mut chars = raw.char_indices();
    while let Some((at, c)) = chars.next() {
        let last = at + 1 == raw.len();
        match c {
            '\\' if !last => match chars.next()?.1 {
                'n' => text.push('\n'),
                c @ ('"' | '\\') => text.push(c),
                c => text.extend(['\\', c]),
            },
            '"' if open && last => open = false,
            '"' => return None,
            c => text.push(c),
        }
    }
    (!open).then_some(text)
}
