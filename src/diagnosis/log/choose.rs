//! Chooses among all that a log says: the last fatal word before the exit, not the loudest.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::lines::{Lines, bounded};
use super::{Frame, Kind, Language, Reading, Told, Weight};
use super::{failure, go, java, level, native, network, node, python};

/// What one reader found, before it is weighed against what follows it in the log.
pub(super) struct Found {
    /// The line to quote.
    pub(super) at: usize,
    /// The first line of the whole report, and the last.
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) kind: Kind,
    pub(super) weight: Weight,
    pub(super) language: Language,
    pub(super) message: String,
    pub(super) frame: Option<Frame>,
    pub(super) named: Option<String>,
    pub(super) why: &'static str,
}

/// Words that open a report of a language, and words that ordinary complaints hold. A line without any
/// of them is not looked at. Case does not matter.
static WORTH_A_LOOK: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let words = [
        // Reports. The first REPORTS of these.
        "panic: ",
        "fatal error: ",
        "traceback (most recent call last)",
        "exception in thread",
        "unhandled exception",
        "panicked at ",
        "node.js v",
        "terminate called",
        "php fatal error",
        "uncaught ",
        "[unhandledpromiserejection",
        "application failed to start",
        "segmentation fault",
        "a fatal error has been detected",
        "assertion ",
        ".rb:",
        "core dumped",
        // Complaints.
        "error",
        "exception",
        "fatal",
        "emerg",
        "critical",
        "panic",
        "fail",
        "cannot",
        "can't",
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
        "already in use",
        "abort",
        "double free",
        "please set",
        "need to",
        "sigterm",
        "signal",
        "shutdown",
        "caused by",
    ];
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostFirst)
        .kind(Some(AhoCorasickKind::DFA))
        .build(words)
        .ok()
});
const REPORTS: usize = 17;

/// So many complaints are read, from the end: more would only be older.
const COMPLAINTS: usize = 160;

/// So many reports are read, from the end.
const REPORTS_READ: usize = 48;

/// A complaint further than this from the end was survived.
const NEAR_THE_END: usize = 30;

/// So many ordinary lines may follow the end of a program: what its launcher says about it.
const LAST_WORDS: usize = 6;

pub(super) fn choose(lines: &Lines<'_>) -> Reading {
    let (reports, complaints) = candidates(lines);
    let stopped = complaints.iter().rev().find_map(|at| request_to_stop(lines, *at));
    let mut found = read_reports(lines, &reports);
    let covered: Vec<(usize, usize)> = found.iter().map(|it| (it.from, it.to)).collect();
    let free = |at: &usize| !covered.iter().any(|(from, to)| (from..=to).contains(&at));
    found.extend(read_complaints(lines, complaints.into_iter().filter(free)));
    found.retain(|it| survives(lines, it));
    settle(lines, found, stopped)
}

/// Every complaint; the lines that explain one belong to it.
fn read_complaints(lines: &Lines<'_>, numbers: impl Iterator<Item = usize>) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for at in numbers {
        if found.last().is_none_or(|last| at > last.to) {
            found.extend(level::read(lines, at));
        }
    }
    found
}

/// The best of what is left, and what may stand behind it.
fn settle(lines: &Lines<'_>, mut found: Vec<Found>, stopped: Option<usize>) -> Reading {
    if let Some(stop) = stopped {
        // A crash before the request is a crash; what comes after it is the answer to the request.
        found.retain(|it| it.at < stop && it.weight > Weight::Logged);
        if found.is_empty() {
            return Reading { stopped: Some(lines.mark(stop, "")), ..Reading::default() };
        }
    }
    // Within one weight the last wins; but a bare complaint yields to one that says what about.
    found.sort_by_key(|it| (it.weight, it.weight == Weight::Ended || says_what(it), it.at));
    let Some(best) = found.pop() else { return Reading::default() };
    let near = |it: &Found| it.kind.is_dependency() && it.at.abs_diff(best.at) < NEAR_THE_END;
    let behind = match best.kind {
        Kind::Panic | Kind::Exception | Kind::Fatal => found.into_iter().rfind(near),
        _ => None,
    };
    let told = |it: Found| it.into_told(lines);
    Reading { behind: behind.map(told), told: Some(told(best)), stopped: None }
}

fn says_what(found: &Found) -> bool {
    !matches!(found.kind, Kind::Fatal | Kind::Exception) || found.frame.is_some()
}

impl Found {
    fn into_told(self, lines: &Lines<'_>) -> Told {
        let message = bounded(&self.message);
        let endpoint = self.kind.is_dependency().then(|| network::endpoint_in(&self.message));
        let endpoint = match self.kind.is_network() {
            true => self.named.clone().or(endpoint.flatten()),
            false => endpoint.flatten(),
        };
        Told {
            endpoint,
            kind: self.kind,
            weight: self.weight,
            language: self.language,
            mark: lines.mark(self.at, &message),
            message,
            frame: self.frame,
            named: self.named,
            why: self.why,
        }
    }
}

/// The numbers of the lines worth a look, reports and complaints apart, in order.
fn candidates(lines: &Lines<'_>) -> (Vec<usize>, Vec<usize>) {
    let (mut reports, mut complaints) = (Vec::new(), Vec::new());
    let Some(words) = WORTH_A_LOOK.as_ref() else { return (reports, complaints) };
    let mut from = 0;
    while from < lines.text.len() {
        let input = aho_corasick::Input::new(lines.text).span(from..lines.text.len());
        let Some(hit) = words.find(input) else { break };
        let at = lines.at_byte(hit.start());
        if hit.pattern().as_usize() < REPORTS {
            reports.push(at);
        }
        complaints.push(at);
        from = lines.end_of(at).max(hit.end());
    }
    (last(reports, REPORTS_READ), last(complaints, COMPLAINTS))
}

fn last(mut numbers: Vec<usize>, count: usize) -> Vec<usize> {
    numbers.drain(..numbers.len().saturating_sub(count));
    numbers
}

/// Every report in the log, each line in one report at most. Reports may open with any complaint: Java
/// and Node.js have no fixed first word.
fn read_reports(lines: &Lines<'_>, reports: &[usize]) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let headed = last(traces(lines), REPORTS_READ);
    let mut starts: Vec<usize> = reports.iter().copied().chain(headed).collect();
    starts.sort_unstable();
    starts.dedup();
    for at in starts {
        if found.last().is_some_and(|last| at <= last.to) {
            continue;
        }
        let line = lines.clean(at);
        let report = go::read(lines, at, &line)
            .or_else(|| python::read(lines, at, &line))
            .or_else(|| node::read(lines, at, &line))
            .or_else(|| java::read(lines, at, &line))
            .or_else(|| native::read(lines, at, &line));
        if let Some(report) = report {
            found.push(report.named_after_its_message());
        }
    }
    found
}

/// The lines right before the first `    at …` of each stack trace: where Java and Node.js put the
/// exception. A message of several lines is followed up to where it begins by their own readers.
fn traces(lines: &Lines<'_>) -> Vec<usize> {
    let mut found = Vec::new();
    for (byte, _) in lines.text.match_indices("at ") {
        let before = &lines.text.as_bytes()[..byte];
        if !matches!(before.last(), Some(b' ' | b'\t')) {
            continue;
        }
        let at = lines.at_byte(byte);
        let frame = |at: usize| lines.raw(at).trim_start().starts_with("at ");
        if at == 0 || !frame(at) {
            continue;
        }
        if !frame(at - 1) {
            found.push(at - 1);
        }
    }
    found
}

impl Found {
    /// A crash is named for what its message is about, where the message says more than that it crashed.
    fn named_after_its_message(mut self) -> Self {
        if matches!(self.kind, Kind::Panic | Kind::Exception | Kind::Fatal)
            && let Some((kind, named)) = failure::about(&self.message)
        {
            self.kind = kind;
            self.named = self.named.or(named);
        }
        self
    }
}

/// Whether nothing after it shows that the program went on.
fn survives(lines: &Lines<'_>, found: &Found) -> bool {
    let mut ordinary = 0;
    let end = lines.len().min(found.to + 1 + NEAR_THE_END * 4);
    for at in found.to + 1..end {
        let line = lines.clean(at);
        if !is_ordinary(&line) {
            continue;
        }
        if found.weight < Weight::Ended && shows_success(&line) {
            return false;
        }
        ordinary += 1;
    }
    match found.weight {
        Weight::Ended => ordinary <= LAST_WORDS * 3,
        Weight::Said => ordinary <= NEAR_THE_END,
        Weight::Logged => ordinary <= NEAR_THE_END,
    }
}

/// Launchers say a few lines about the end of what they launched; indented lines belong to a report.
fn is_ordinary(line: &str) -> bool {
    const LAUNCHERS: [&str; 12] = [
        "npm ERR!",
        "npm error",
        "error Command failed",
        "exit status",
        "make:",
        "Node.js v",
        "yarn run",
        "info Visit",
        " ELIFECYCLE",
        "ERR_PNPM",
        "}",
        "note: run with",
    ];
    let blank = line.trim().is_empty();
    !blank && !line.starts_with([' ', '\t']) && !LAUNCHERS.iter().any(|it| line.starts_with(it))
}

/// Words by which programs say that what failed before works now.
fn shows_success(line: &str) -> bool {
    const WORKS: [&str; 9] = [
        "connected",
        "listening",
        "started",
        "succeeded",
        "success",
        "is ready",
        "recovered",
        "established",
        "accepting connections",
    ];
    let lower = line.to_ascii_lowercase();
    let no = ["not ", "fail", "error", "disconnected", "unsuccess", "refused", "unable", "retry"];
    WORKS.iter().any(|word| lower.contains(word)) && !no.iter().any(|word| lower.contains(word))
}

/// Whether the line says that the program was asked to stop, not that it chose to.
fn request_to_stop(lines: &Lines<'_>, at: usize) -> Option<usize> {
    let lower = lines.clean(at).to_ascii_lowercase();
    let named = lower.contains("sigterm") || lower.contains("signal 15");
    let told = named
        && ["receiv", "caught", "got ", "handling", "signal", "shut", "stop", "terminat", "exit"]
            .iter()
            .any(|word| lower.contains(word));
    let worded = [
        "signal: terminated",
        "signal terminated",
        "received shutdown signal",
        "signal=terminated",
        "commencing graceful shutdown",
        "received signal terminated",
        "received termination signal",
        "received fast shutdown request",
        "received smart shutdown request",
    ];
    // A handler that is only installed at the start has not received anything.
    let installs = ["register", "install", "waiting for", "press", "listening for", "send sigterm"];
    let asked = told || worded.iter().any(|words| lower.contains(words));
    (asked && !installs.iter().any(|word| lower.contains(word))).then_some(at)
}
