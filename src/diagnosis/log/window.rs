//! How much of a log is read: its end, and no more than the end can need.

use std::borrow::Cow;

/// So much of the end is read: tens of thousands of lines, where a handful decide.
const WINDOW_BYTES: usize = 1024 * 1024;

/// A trace that reaches out of the window is followed back so far: dumps of many goroutines are long.
const LONGEST_TRACE_BYTES: usize = 16 * 1024 * 1024;

/// The end of a log, and how many lines stand before it.
pub(super) struct Window<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) lines_before: u64,
}

/// Takes the end of `bytes`, from the beginning of a line; bytes that are no UTF-8 become `U+FFFD`.
pub(super) fn of(bytes: &[u8]) -> Window<'_> {
    let start = start(bytes);
    let lines_before = bytes[..start].iter().filter(|byte| **byte == b'\n').count() as u64;
    let text = String::from_utf8_lossy(&bytes[start..]);
    let text = if text.starts_with("{\"log\":\"") { Cow::Owned(unwrapped(&text)) } else { text };
    Window { text, lines_before }
}

/// Docker's files hold each line as `{"log":"…\n","stream":"stderr","time":"…"}`.
fn unwrapped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for line in text.lines() {
        let fields = serde_json::from_str::<serde_json::Value>(line).ok();
        let inner = fields.as_ref().and_then(|fields| fields.get("log")?.as_str());
        plain.extend(inner.unwrap_or(line).trim_end().chars().map(|letter| match letter {
            '\n' => ' ',
            letter => letter,
        }));
        plain.push('\n');
    }
    plain
}

fn start(bytes: &[u8]) -> usize {
    let Some(wanted) = bytes.len().checked_sub(WINDOW_BYTES) else { return 0 };
    // One line longer than the window leaves no beginning inside it: then the line is cut.
    let first = bytes[wanted..].iter().position(|byte| *byte == b'\n');
    let mut start = first.map_or(wanted, |at| wanted + at + 1);
    let least = bytes.len().saturating_sub(LONGEST_TRACE_BYTES);
    while start > least && is_inside_a_trace(&bytes[start..]) {
        let before = bytes[least..start - 1].iter().rposition(|byte| *byte == b'\n');
        start = before.map_or(least, |at| least + at + 1);
    }
    start
}

/// Whether the line at the beginning of `rest` goes on with what stands above it.
fn is_inside_a_trace(rest: &[u8]) -> bool {
    let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
    line.is_empty()
        || matches!(line[0], b' ' | b'\t')
        || line.starts_with(b"goroutine ")
        || line.starts_with(b"created by ")
        || line.ends_with(b")")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_as_if_all_had_been_read() {
        let log = "0123456789abcde\n".repeat(100_000);
        let window = of(log.as_bytes());
        assert_eq!(window.text.len(), WINDOW_BYTES - 16);
        assert_eq!(window.lines_before as usize + window.text.lines().count(), 100_000);
    }

    #[test]
    fn trace_that_reaches_out_of_the_window_is_followed_to_its_beginning() {
        let frames = "main.worker(0xc000012345)\n\t/src/app/worker.go:42 +0x1d\n".repeat(40_000);
        let log = format!("starting\npanic: boom\n\ngoroutine 1 [running]:\n{frames}");
        assert!(of(log.as_bytes()).text.starts_with("panic: boom"));
    }

    #[test]
    fn bytes_that_are_no_text_do_not_matter() {
        assert_eq!(of(b"\xff\xfe\x00panic").text, "\u{fffd}\u{fffd}\0panic");
        assert_eq!(of(&vec![0; 3 * WINDOW_BYTES]).text.len(), WINDOW_BYTES);
    }
}
