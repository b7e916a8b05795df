//! Text from outside, made safe to show: no control characters, no direction marks, bounded.
//!
//! Lengths are counted in UTF-16 units, the widest of the ways in which chat services count.

/// Without what moves the cursor, hides text or turns its direction. Line breaks and tabs stay.
pub(super) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            // A terminal's colour sequence: `ESC [ … letter`. Without the escape its tail would stay as litter.
            if chars.next_if_eq(&'[').is_some() {
                while chars.next_if(|c| !('@'..='~').contains(c)).is_some() {}
                chars.next();
            }
        } else if !is_hidden(c) {
            out.push(c);
        }
    }
    out
}

/// One clean line: line breaks and runs of spaces become one space.
pub(super) fn line(text: &str) -> String {
    clean(text).split_whitespace().collect::<Vec<_>>().join(" ")
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
            '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'
            ..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
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
        assert_eq!(clean("عربي ไทย 日本語\tx\ny"), "عربي ไทย 日本語\tx\ny");
    }

    #[test]
    fn a_cut_never_splits_a_character_and_says_that_it_cut() {
        assert_eq!(cut("😀😀😀", 5), "😀😀…");
        assert_eq!(cut("😀😀😀", 6), "😀😀😀");
        assert_eq!(cut("abc", 0), "…");
    }
}
