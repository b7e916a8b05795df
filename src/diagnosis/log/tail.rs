//! What follows a line up to the end of the log: whether the program went on, worked again, or was asked
//! to stop.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::lines::Lines;

/// So many ordinary lines after a report that nothing survives: other processes of the container, and the
/// next start of the same one.
const REMEMBERED: usize = 250;

/// So many ordinary lines from the end complaints are read.
const NEAR: usize = 60;

/// The last lines of a log, classed once.
pub(super) struct Tail {
    /// The first line that is classed.
    first: usize,
    /// How many ordinary lines stand behind each of them.
    ordinary_after: Vec<usize>,
    /// The last line that says that something works, and the last that the program was asked to stop.
    works: Option<usize>,
    pub(super) stop: Option<usize>,
    /// The first line near enough to the end for a complaint of it to count.
    pub(super) near: usize,
}

impl Tail {
    pub(super) fn new(lines: &Lines<'_>) -> Self {
        let mut tail = Self {
            first: lines.len(),
            ordinary_after: Vec::new(),
            works: None,
            stop: None,
            near: 0,
        };
        let mut ordinary = 0;
        for at in (0..lines.len()).rev() {
            if ordinary == NEAR && tail.near == 0 {
                tail.near = at + 1;
            }
            if ordinary >= REMEMBERED {
                break;
            }
            tail.first = at;
            tail.ordinary_after.push(ordinary);
            let line = lines.clean(at);
            if !is_ordinary(&line) {
                continue;
            }
            match if ordinary <= NEAR * 2 { meaning(&line) } else { Meaning::Ordinary } {
                Meaning::Stop => tail.stop = tail.stop.or(Some(at)),
                Meaning::Works => {
                    tail.works = tail.works.or(Some(at));
                    ordinary += 1;
                }
                Meaning::Ending => {}
                Meaning::Ordinary => ordinary += 1,
            }
        }
        tail.ordinary_after.reverse();
        // Asked to stop, and then at work again: another process of the container, or a reload.
        tail.stop = tail.stop.filter(|stop| tail.works.is_none_or(|works| works < *stop));
        tail
    }

    /// How many ordinary lines follow line `at`.
    pub(super) fn after(&self, at: usize) -> usize {
        match at.checked_sub(self.first) {
            Some(index) => self.ordinary_after.get(index).copied().unwrap_or_default(),
            None => usize::MAX,
        }
    }

    /// Whether a line after `at` says that something works.
    pub(super) fn worked_after(&self, at: usize) -> bool {
        self.works.is_some_and(|works| works > at)
    }
}

/// Launchers say a few lines about the end of what they launched; indented lines belong to a report.
fn is_ordinary(line: &str) -> bool {
    const LAUNCHERS: [&str; 22] = [
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
        "]",
        "note: ",
        "#",
        "|",
        "│",
        "goroutine ",
        "created by ",
        "==",
        "For more information",
        "Usage",
        "usage",
    ];
    let blank = line.trim_ascii().is_empty();
    !blank && !line.starts_with([' ', '\t']) && !LAUNCHERS.iter().any(|it| line.starts_with(it))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Ordinary,
    Works,
    /// Words of the end itself, or another complaint.
    Ending,
    Stop,
}

const WORKS: [&str; 14] = [
    "connected",
    "listening",
    "started",
    "succeeded",
    "success",
    "is ready",
    "ready to accept",
    "recovered",
    "established",
    "accepting connections",
    "ready for connections",
    "is back",
    "restored",
    "startup complete",
];
const NOT: [&str; 14] = [
    "not ",
    "fail",
    "error",
    "disconnected",
    "unsuccess",
    "refused",
    "unable",
    "retry",
    "fatal",
    "panic",
    "exception",
    "could ",
    "cannot",
    "critical",
];
const ENDING: [&str; 14] = [
    "shut",
    "exit",
    "stopp",
    "clos",
    "terminat",
    "bye",
    "abort",
    "halt",
    "quit",
    "killed",
    "crash",
    "dump",
    "give up",
    "giving up",
];
const STOP: [&str; 14] = [
    "sigterm",
    "signal 15",
    "signal: term",
    "signal terminated",
    "signal=term",
    "shutdown signal",
    "graceful shutdown",
    "gracefully shutting down",
    "termination signal",
    "fast shutdown request",
    "smart shutdown request",
    "scheduling shutdown",
    "user requested shutdown",
    "sigint",
];

static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let words = WORKS.iter().chain(&NOT).chain(&ENDING).chain(&STOP);
    AhoCorasick::builder().ascii_case_insensitive(true).build(words).ok()
});

fn meaning(line: &str) -> Meaning {
    let Some(words) = WORDS.as_ref() else { return Meaning::Ordinary };
    let line = &line[..line.floor_char_boundary(512)];
    let (mut works, mut not, mut ending, mut stop) = (false, false, false, false);
    for hit in words.find_overlapping_iter(line) {
        match hit.pattern().as_usize() {
            at if at < WORKS.len() => works = true,
            at if at < WORKS.len() + NOT.len() => not = true,
            at if at < WORKS.len() + NOT.len() + ENDING.len() => ending = true,
            _ => stop = true,
        }
    }
    match () {
        () if stop && is_request(line) => Meaning::Stop,
        () if ending || not => Meaning::Ending,
        () if works => Meaning::Works,
        () => Meaning::Ordinary,
    }
}

/// Whether the line says that the program was asked to stop, not that it chose to, and not that a handler
/// was installed.
fn is_request(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let installs = [
        "register",
        "install",
        "waiting for s",
        "press",
        "listening for",
        "send sigterm",
        "enabled",
    ];
    let of_another = ["child", "worker process", "sending sigterm", "sent sigterm", "killing"];
    if has(&installs) || has(&of_another) {
        return false;
    }
    let named = has(&["sigterm", "signal 15", "sigint", "signal: term"]);
    let told = ["receiv", "caught", "got ", "handl", "signal", "shut", "stop", "terminat", "exit"];
    if named {
        return has(&told);
    }
    !has(&["after error", "due to", "because"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_to_stop_are_told_from_handlers_and_from_ends() {
        for asked in [
            "received SIGTERM, shutting down",
            "[INFO] Handling signal: term",
            "LOG:  received fast shutdown request",
            "1:signal-handler (1732) Received SIGTERM scheduling shutdown...",
            "Commencing graceful shutdown. Waiting for active requests to complete",
        ] {
            assert!(meaning(asked) == Meaning::Stop, "{asked}");
        }
        for other in ["SIGTERM handler installed", "press Ctrl-C or send SIGTERM to stop"] {
            assert!(meaning(other) != Meaning::Stop, "{other}");
        }
    }

    #[test]
    fn what_works_again_is_told_from_what_does_not() {
        assert!(meaning("INFO connected to database") == Meaning::Works);
        assert!(meaning("ERROR not connected: connection refused") == Meaning::Ending);
        assert!(meaning("GET /healthz 200") == Meaning::Ordinary);
    }
}
