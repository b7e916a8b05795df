//! Text from outside, made safe to show: no control characters, no direction marks, bounded.
//!
//! Lengths are counted in UTF-16 units, the widest of the ways in which chat services count.

/// Without what moves the cursor, hides text or turns its direction. Line breaks and tabs stay.
pub(super) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut marks = 0;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c == '\u{1b}' || c == '\u{9b}' {
            rest = &rest[sequence(c, rest)..];
            continue;
        }
        // A letter may carry a few marks; a tower of them covers the lines around it.
        marks = if is_mark(c) { marks + 1 } else { 0 };
        if !is_hidden(c) && marks <= MARKS {
            out.push(c);
        }
    }
    out
}

/// Marks above and below one letter. Vietnamese needs two, and phonetic script three.
const MARKS: usize = 3;

/// The longest escape sequence that is taken out whole; of what is longer only the escape goes.
const SEQUENCE: usize = 256;

/// The length of what belongs to a terminal's escape. Without the escape it would stay as litter.
fn sequence(escape: char, rest: &str) -> usize {
    let bytes = &rest.as_bytes()[..rest.len().min(SEQUENCE)];
    let control = |bytes: &[u8]| {
        // `ESC [ … letter`: colours, the cursor, the screen.
        let parameters = bytes.iter().take_while(|b| (0x20..0x40).contains(*b)).count();
        let ended = bytes.get(parameters).is_some_and(|b| (0x40..0x7f).contains(b));
        parameters + usize::from(ended)
    };
    match bytes.first() {
        _ if escape == '\u{9b}' => control(bytes),
        Some(b'[') => 1 + control(&bytes[1..]),
        // `ESC ] … BEL` or `ESC \`: titles and links of terminals.
        Some(b']' | b'P' | b'X' | b'^' | b'_') => {
            let ends = |at: usize| match bytes.get(at)? {
                0x07 => Some(at + 1),
                0x1b if bytes.get(at + 1) == Some(&b'\\') => Some(at + 2),
                _ => None,
            };
            let line = bytes.iter().position(|b| *b == b'\n').unwrap_or(bytes.len());
            (1..line).find_map(ends).unwrap_or(1)
        }
        // Two letters: a reset, a character set.
        Some(b'(' | b')' | b'#') if bytes.get(1).is_some_and(u8::is_ascii_alphanumeric) => 2,
        Some(b'c' | b'7' | b'8' | b'=' | b'>' | b'M' | b'D' | b'E' | b'H') => 1,
        _ => 0,
    }
}

/// Marks that stand on the letter before them.
fn is_mark(c: char) -> bool {
    matches!(c,
        '\u{0300}'..='\u{036f}' | '\u{0483}'..='\u{0489}' | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// One clean line: line breaks and runs of spaces become one space.
pub(super) fn line(text: &str) -> String {
    clean(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One clean line that keeps its runs of spaces.
pub(super) fn spaced(text: &str) -> String {
    clean(text).replace(['\n', '\t'], " ")
}

/// One clean line of at most `max` units.
pub(super) fn short(text: &str, max: usize) -> String {
    cut(&line(text), max)
}

/// The text, or as much of it as fits with an ellipsis behind it.
pub(super) fn cut(text: &str, max: usize) -> String {
    if width(text) <= max {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut left = max.saturating_sub(1);
    for c in text.chars() {
        match left.checked_sub(c.len_utf16()) {
            Some(rest) => left = rest,
            None => break,
        }
        out.push(c);
    }
    out.push('…');
    out
}

/// Its length in UTF-16 units.
pub(super) fn width(text: &str) -> usize {
    text.encode_utf16().count()
}

/// `1 pod`, `2 pods`.
pub(super) fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// `Certain: …` out of `certain: …`.
pub(super) fn capital(text: &str) -> String {
    let first = text.split_whitespace().next().unwrap_or_default();
    // A name is written as it is: `payments-m6pst` is not `Payments-m6pst`.
    if !first.trim_end_matches([',', ':', ';']).chars().all(char::is_alphabetic) {
        return text.to_owned();
    }
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// A sentence with its full stop, exactly one.
pub(super) fn sentence(text: &str) -> String {
    let text = text.trim_end();
    if text.is_empty() || text.ends_with(['.', '!', '?', '…', ':']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

fn is_hidden(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_direction_marks_and_hidden_characters_are_taken_out() {
        assert_eq!(
            clean("\u{1b}[31;1mERROR\u{1b}[0m \u{202e}evil\u{202c}\0\u{200b}!"),
            "ERROR evil!"
        );
        let titled =
            "\u{1b}]0;owned\u{7}a\u{1b}]8;;https://evil.example\u{1b}\\b\u{9b}2Jc\u{1b}[2J\u{1b}cd";
        assert_eq!(clean(titled), "abcd");
        assert_eq!(clean("\u{1b}[\n\nstays"), "\n\nstays");
        assert_eq!(clean("\u{1b}]never ends"), "never ends");
        assert_eq!(clean(&format!("e{}x", "\u{301}".repeat(40))), "e\u{301}\u{301}\u{301}x");
        assert_eq!(clean("عربي ไทย 日本語\tx\ny"), "عربي ไทย 日本語\tx\ny");
    }

    #[test]
    fn a_cut_never_splits_a_character_and_says_that_it_cut() {
        assert_eq!(cut("😀😀😀", 5), "😀😀…");
        assert_eq!(cut("😀😀😀", 6), "😀😀😀");
        assert_eq!(cut("abc", 0), "…");
    }
}
