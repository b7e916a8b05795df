//! Where to look: the lines that can open a report, and those that hold a word of complaint.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, Input, MatchKind};

use super::lines::Lines;

/// So many reports are read, from the end: more would only be older.
const REPORTS: usize = 48;

/// So many complaints are read, from the end.
const COMPLAINTS: usize = 160;

/// What frames begin with, in Java, .NET and Node.js: reports that have no fixed first word.
const FRAMES: [&str; 2] = ["\tat ", "  at "];

/// What opens a report of a language, or stands in its first lines. Case matters, so that the search is
/// as fast as memory.
const OPENERS: [&str; 44] = [
    "aborted due to compilation errors",
    "panic: ",
    "fatal error: ",
    "Traceback (most recent",
    "nhandled exception",
    "nhandled Exception",
    "panicked at ",
    "Node.js v",
    "terminate called",
    "Fatal error: ",
    "Parse error: ",
    "[UnhandledPromiseRejection",
    "APPLICATION FAILED TO START",
    "egmentation fault",
    "# A fatal error has been",
    "Assertion ",
    ".rb:",
    ".rb>:",
    "core dumped",
    "Sanitizer: ",
    ": runtime error: ",
    "** (",
    "init terminating in",
    "Runtime terminating during",
    "BOOT FAILED",
    "FATAL CONFIG FILE ERROR",
    "Fatal Python error",
    "Caused by: ",
    " detected ***",
    "double free",
    "): invalid pointer",
    "overflowed its stack",
    "bootstrap check",
    "JavaScript heap out of",
    "stack traceback:",
    "insufficient memory for the Java",
    "memory allocation of ",
    "Execution halted",
    "CallStack (from HasCallStack)",
    "Execution error ",
    "You must install or update .NET",
    " REPORT====",
    "Kernel pid terminated",
    "Syntax error compiling",
];

static REPORT: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let words = FRAMES.iter().chain(&OPENERS);
    AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(words).ok()
});

/// The lines that may open a report, in order.
pub(super) fn reports(lines: &Lines<'_>) -> Vec<usize> {
    let mut found = Vec::new();
    let frame = |at: usize| lines.clean(at).trim_start().starts_with("at ");
    each(REPORT.as_ref(), lines, 0, |at, pattern| {
        if pattern >= FRAMES.len() {
            // Ruby's frames hold what opens its reports.
            if !lines.clean(at).trim_start().starts_with("from ") {
                found.push(at);
            }
        } else if at > 0 && !frame(at - 1) {
            // The exception stands above its first frame, over several lines at times.
            found.push(at - 1);
        }
    });
    found.dedup();
    last(found, REPORTS)
}

/// Words that ordinary complaints hold. Case does not matter.
static COMPLAINT: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let words = [
        "err",
        "exception",
        "fatal",
        "emerg",
        "crit",
        "panic",
        "fail",
        "cannot",
        "can't",
        "couldn't",
        "could not",
        "unable to",
        "not set",
        "not found",
        "required",
        "must ",
        "missing",
        "invalid",
        "unknown",
        "unrecogni",
        "unbound variable",
        "no such",
        "denied",
        "refused",
        "timed out",
        "timeout",
        "enotfound",
        "econn",
        "option",
        "argument",
        "flag",
        "unreachable",
        "no route",
        "uninitialized",
        "in use",
        "abort",
        "please set",
        "need to",
        "alert",
        "severe",
        "\"s\":",
        "nvalid",
        "no space",
        "doesn't exist",
        "does not exist",
        "halted",
        "\"level\":",
        "bad ",
        "unexpected",
        "incompatible",
        "expired",
        "not specify",
        "unsupported",
        "too many",
        "not exist",
        "\"@l\"",
        "unauthorized",
        "not configured",
        "stopping",
        "killed",
        "corrupt",
        "wrongpass",
        "noauth",
        "readonly",
        "read-only",
        "died",
        "specify",
    ];
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostFirst)
        .build(words)
        .ok()
});

/// The lines from `first` on that hold a word of complaint, in order.
pub(super) fn complaints(lines: &Lines<'_>, first: usize) -> Vec<usize> {
    let mut found = Vec::new();
    each(COMPLAINT.as_ref(), lines, first, |at, _| found.push(at));
    // A runtime's own `stderr` before the line is no word of the program.
    let complains = |line: &str| COMPLAINT.as_ref().is_some_and(|words| words.is_match(line));
    found.retain(|at| complains(&lines.clean(*at)));
    last(found, COMPLAINTS)
}

/// Calls once for each line from `first` on that holds a word.
fn each(
    words: Option<&AhoCorasick>,
    lines: &Lines<'_>,
    first: usize,
    mut call: impl FnMut(usize, usize),
) {
    let Some(words) = words else { return };
    let mut from = lines.start_of(first);
    while from < lines.text.len() {
        let Some(hit) = words.find(Input::new(lines.text).span(from..lines.text.len())) else {
            break;
        };
        let at = lines.at_byte(hit.start());
        call(at, hit.pattern().as_usize());
        from = lines.end_of(at).max(hit.end());
    }
}

fn last(mut numbers: Vec<usize>, count: usize) -> Vec<usize> {
    numbers.drain(..numbers.len().saturating_sub(count));
    numbers
}
