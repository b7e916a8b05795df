//! Keys and certificates in PEM: over several lines, on one line with `\n` in it, and cut at either end.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::{MARKER, Secret, regex};

/// The kind of a key.
pub(super) const PRIVATE_KEY: &str = "private-key";

static BEGIN: LazyLock<Regex> = LazyLock::new(|| regex(r"-----BEGIN ([A-Z0-9 ]+)-----"));
static END: LazyLock<Regex> = LazyLock::new(|| regex(r"-----END ([A-Z0-9 ]+)-----"));
/// The body where it is on the marker's own line.
static INLINE: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"^(?:\\+[rn]|[ \t])*(?:[A-Za-z0-9+/=]{16,}(?:\\+[rn]|[ \t])*)+[A-Za-z0-9+/=]*")
});
static INLINE_BEFORE: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?:[A-Za-z0-9+/=]{16,}(?:\\+[rn])+)*[A-Za-z0-9+/=]{2,}(?:\\+[rn])+$"));

/// A stretch of base64 in quotes.
static RUN: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"[A-Za-z0-9+/]{40,}={0,2}|[A-Za-z0-9+/]{2,}={1,2}"#));

/// Whether a line may be from the middle of a block: full, and of nothing but base64 in both cases.
pub(super) fn looks_like_body(line: &str) -> bool {
    let word = line.trim();
    matches!(word.len(), 64 | 70 | 72 | 76)
        && is_base64(word)
        && word.bytes().any(|b| b.is_ascii_uppercase())
        && word.bytes().any(|b| b.is_ascii_lowercase())
        && word.bytes().any(|b| b.is_ascii_digit())
}

/// The bodies of all blocks. The BEGIN and END lines say what it was, and stay.
pub(super) fn find(text: &str, lines: &[Range<usize>], found: &mut Vec<Secret>) {
    let mut inside: Option<&'static str> = None;
    for (number, line) in lines.iter().enumerate() {
        let words = &text[line.clone()];
        let begin =
            BEGIN.captures(words).and_then(|block| Some((block.get(0)?.range(), kind(&block[1]))));
        let end =
            END.captures(words).and_then(|block| Some((block.get(0)?.range(), kind(&block[1]))));
        match (begin, end) {
            (Some((begin, kind)), Some((end, _))) if begin.end <= end.start => {
                push(text, line.start + begin.end..line.start + end.start, kind, found);
                inside = None;
            }
            (begin, end) => {
                if let Some((end, kind)) = end {
                    if inside.is_none() {
                        body_before(text, &lines[..number], kind, found);
                    }
                    if let Some(body) = INLINE_BEFORE.find(&words[..end.start]) {
                        push(text, line.start + body.start()..line.start + end.start, kind, found);
                    }
                    inside = None;
                }
                if let Some((begin, kind)) = begin {
                    if let Some(body) = INLINE.find(&words[begin.end..]) {
                        let start = line.start + begin.end;
                        push(text, start + body.start()..start + body.end(), kind, found);
                    }
                    inside = Some(kind);
                    continue;
                }
            }
        }
        if let Some(kind) = inside {
            match body(text, line) {
                Some(at) => push(text, at, kind, found),
                None if is_header(words) => push(text, line.clone(), kind, found),
                None if words.trim().is_empty() || words.contains(MARKER) => {}
                None => inside = None,
            }
        }
    }
    loose(text, lines, found);
}

fn kind(label: &str) -> &'static str {
    if label.contains("PRIVATE") {
        PRIVATE_KEY
    } else if label.contains("CERTIFICATE") {
        "certificate"
    } else {
        "pem-block"
    }
}

/// A line of the body: nothing but base64, or behind a logger's own words a long stretch of it.
fn body(text: &str, line: &Range<usize>) -> Option<Range<usize>> {
    let words = text[line.clone()].trim_end();
    let word = words.trim_start().trim_matches(['"', '\'', ',', '+', ' ']);
    let word = word.strip_suffix("\\n").unwrap_or(word);
    let last = words.rsplit([' ', '\t']).next().unwrap_or_default();
    let part = if is_base64(word) {
        word
    } else if last.len() >= 40 && is_base64(last) {
        last
    } else {
        // A line inside another format: `{"log":"MIIE…\\n","stream":"stdout"}`.
        return RUN.find(words).map(|run| line.start + run.start()..line.start + run.end());
    };
    let start = line.start + text[line.clone()].find(part)?;
    Some(start..start + part.len())
}

fn is_base64(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b))
}

fn is_header(line: &str) -> bool {
    let line = line.trim();
    ["Proc-Type:", "DEK-Info:", "Version:", "Comment:", "Hash:", "Charset:"]
        .iter()
        .any(|name| line.starts_with(name))
}

/// The end of a block whose beginning was cut off: all lines of base64 right before its END.
fn body_before(text: &str, lines: &[Range<usize>], kind: &'static str, found: &mut Vec<Secret>) {
    for line in lines.iter().rev() {
        match body(text, line) {
            Some(at) => push(text, at, kind, found),
            None => break,
        }
    }
}

/// The middle of a block whose both ends were cut off: two full lines or more, and the last, shorter one.
fn loose(text: &str, lines: &[Range<usize>], found: &mut Vec<Secret>) {
    let mut at = 0;
    while at < lines.len() {
        let run =
            lines[at..].iter().take_while(|line| looks_like_body(&text[(*line).clone()])).count();
        if run >= 2 {
            let rest = lines.get(at + run).filter(|line| {
                let word = text[(*line).clone()].trim();
                is_base64(word) && word.len() < 76
            });
            for line in lines[at..at + run].iter().chain(rest) {
                push(text, line.clone(), "pem-block", found);
            }
        }
        at += run.max(1);
    }
}

fn push(text: &str, at: Range<usize>, kind: &'static str, found: &mut Vec<Secret>) {
    let words = &text[at.clone()];
    let start = at.start + (words.len() - words.trim_start().len());
    let end = start + words.trim().len();
    if start < end {
        found.push(Secret { at: start..end, kind });
    }
}
