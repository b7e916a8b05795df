//! The end of a log, within its limit.

/// A log is kept up to this many bytes. A stack trace is a few KiB; ten times that is context. Less
/// would lose the first failure behind its repetitions, more would make an incident's evidence heavy.
pub(super) const LIMIT: usize = 256 << 10;

/// The last [`LIMIT`] bytes, from the beginning of a line.
pub(super) fn tail(text: &str) -> &str {
    let Some(from) = text.len().checked_sub(LIMIT).filter(|from| *from > 0) else { return text };
    let from = text.ceil_char_boundary(from);
    if text.as_bytes()[from - 1] == b'\n' {
        return &text[from..];
    }
    match text[from..].find('\n') {
        Some(newline) if from + newline + 1 < text.len() => &text[from + newline + 1..],
        // One endless line: its end is better than nothing.
        _ => &text[from..],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_cut_at_the_beginning_of_a_line() {
        let long = "häll\n".repeat(LIMIT / 5);
        let end = tail(&long);
        assert!(end.len() <= LIMIT && end.len() > LIMIT - 8);
        assert!(end.starts_with("häll\n") && end.ends_with("häll\n"));
        assert_eq!(tail("short"), "short");
        assert_eq!(tail(&"ä".repeat(LIMIT)).len(), LIMIT);
    }
}
