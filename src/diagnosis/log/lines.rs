//! A log as numbered lines, and what a runtime or a terminal has put around each.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use super::Mark;

/// The longest quote: a message has room for one, and nobody reads more on a phone.
const QUOTE_CHARS: usize = 300;

/// The longest line that is looked at; what stands behind it is payload, not a message.
const LOOKED_AT_BYTES: usize = 16 * 1024;

pub(super) struct Lines<'a> {
    pub(super) text: &'a str,
    /// The byte offset of each line's beginning.
    starts: Vec<usize>,
    /// How many lines of the log stand before the first of these.
    before: u64,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str, before: u64) -> Self {
        let mut starts = vec![0];
        starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
        if starts.last() == Some(&text.len()) {
            starts.pop();
        }
        Self { text, starts, before }
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// The line as it stands; empty beyond the end.
    pub(super) fn raw(&self, at: usize) -> &'a str {
        let Some(&start) = self.starts.get(at) else { return "" };
        let end = self.starts.get(at + 1).map_or(self.text.len(), |next| next - 1);
        let line = &self.text[start..end.max(start)];
        line.trim_end_matches(['\n', '\r'])
    }

    /// The line as the program wrote it: without colours, and without the time that a runtime put before
    /// it. Cut where no message reaches.
    pub(super) fn clean(&self, at: usize) -> Cow<'a, str> {
        let line = self.raw(at);
        // A bar of progress is overwritten by what follows it on the line.
        let line = line.rsplit('\r').next().unwrap_or(line);
        let line = &line[..line.floor_char_boundary(LOOKED_AT_BYTES)];
        match without_colours(line) {
            Cow::Borrowed(line) => Cow::Borrowed(without_stamp(line)),
            Cow::Owned(line) => Cow::Owned(without_stamp(&line).to_owned()),
        }
    }

    /// Where the line begins, as a byte offset.
    pub(super) fn start_of(&self, at: usize) -> usize {
        self.starts.get(at).copied().unwrap_or(self.text.len())
    }

    /// The number of the line that holds this byte, from 0.
    pub(super) fn at_byte(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start <= byte).saturating_sub(1)
    }

    /// Where the line ends, as a byte offset.
    pub(super) fn end_of(&self, at: usize) -> usize {
        self.starts.get(at + 1).copied().unwrap_or(self.text.len())
    }

    /// The line as a quote. A long one is quoted from where its message stands.
    pub(super) fn mark(&self, at: usize, message: &str) -> Mark {
        let line = self.raw(at);
        let first = message.get(..message.floor_char_boundary(40)).unwrap_or_default();
        let from = match line.find(first) {
            Some(from) if line[..from].chars().count() > QUOTE_CHARS / 2 => from,
            _ => 0,
        };
        let plain = without_colours(&line[from..]);
        let printable = plain.chars().filter(|letter| !letter.is_control() || *letter == '\t');
        let quote: String = printable.take(QUOTE_CHARS).collect();
        Mark { line: self.before + at as u64 + 1, quote: quote.trim().to_owned() }
    }
}

/// At most so many characters of a text, on one line.
pub(super) fn bounded(text: &str) -> String {
    let words = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    words.take(QUOTE_CHARS).collect::<String>().trim().to_owned()
}

fn without_colours(line: &str) -> Cow<'_, str> {
    static COLOUR: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|[@-Z\\-_])").ok());
    if !line.contains('\x1b') {
        return Cow::Borrowed(line);
    }
    match COLOUR.as_ref() {
        Some(colour) => colour.replace_all(line, ""),
        None => Cow::Borrowed(line),
    }
}

/// Takes off what runtimes and tools put before a line: `2026-11-21T02:11:07.123456789Z ` with the
/// `stdout F ` of the CRI's files, `web-1  | ` of compose, `[pod/web-7d9/app] ` of `kubectl logs --prefix`.
fn without_stamp(line: &str) -> &str {
    let line = without_name(line);
    let bytes = line.as_bytes();
    let dated = bytes.len() > 20
        && bytes[..4].iter().all(u8::is_ascii_digit)
        && bytes[4] == b'-'
        && bytes[10] == b'T';
    if !dated {
        return line;
    }
    let Some((stamp, rest)) = line.split_once(' ') else { return line };
    if stamp.len() > 36 || !stamp.is_ascii() {
        return line;
    }
    let of_cri = ["stdout F ", "stderr F ", "stdout P ", "stderr P "];
    let rest = of_cri.iter().find_map(|prefix| rest.strip_prefix(prefix)).unwrap_or(rest);
    // A level of four letters is set to the right: ` INFO`; what else is indented belongs to a trace.
    match rest.strip_prefix(' ') {
        Some(level) if ["INFO ", "WARN "].iter().any(|it| level.starts_with(it)) => level,
        _ => rest,
    }
}

fn without_name(line: &str) -> &str {
    if let Some(rest) = line.strip_prefix("[pod/") {
        return rest.split_once("] ").map_or(line, |(_, rest)| rest);
    }
    let Some(bar) = line.bytes().take(48).position(|letter| letter == b'|') else { return line };
    let (name, rest) = line.split_at(bar);
    let word = name.trim_end();
    let is_name = word.len() > 2
        && word.bytes().next().is_some_and(|letter| letter.is_ascii_lowercase())
        && word.bytes().all(|letter| letter.is_ascii_alphanumeric() || b"-_.".contains(&letter))
        && name.len() > word.len();
    match rest.strip_prefix("| ") {
        Some(rest) if is_name => rest,
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtime_stamp_and_colours_are_no_part_of_the_message() {
        let log = "2026-11-21T02:11:07.123456789Z stderr F \x1b[31mpanic: boom\x1b[0m\nplain";
        let lines = Lines::new(log, 0);
        assert_eq!(lines.clean(0), "panic: boom");
        assert_eq!(lines.clean(1), "plain");
        assert_eq!(lines.clean(2), "");
        assert_eq!(lines.mark(0, "boom").line, 1);
    }

    #[test]
    fn long_line_is_quoted_from_its_message() {
        let log = format!("{} the database is gone {}", "x".repeat(900), "y".repeat(900));
        let quote = Lines::new(&log, 0).mark(0, "the database").quote;
        assert!(quote.starts_with("the database is gone"));
        assert!(log.contains(&quote));
        assert_eq!(quote.chars().count(), QUOTE_CHARS);
    }
}
