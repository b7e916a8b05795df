//! Complaints of one line: structured logs, levels, and the last words of programs that have neither.

use std::sync::LazyLock;

use regex::Regex;

use super::found::Found;
use super::lines::Lines;
use super::record::{self, Level, Record};
use super::{Kind, Language, Weight, failure, server};

/// JSON lines up to this length are read whole; longer ones are payload.
const LONGEST_RECORD: usize = 256 * 1024;

const LAST_FATAL: &str = "the last message of a level that programs end with";
const LAST_WORDS: &str = "the program's last words";
const LAST_ERROR: &str = "the last error in the log";

/// Reads one line that holds a word of complaint; nothing if it only mentions one.
pub(super) fn read(lines: &Lines<'_>, at: usize) -> Option<Found> {
    let line = lines.clean(at);
    let line = line.trim();
    if let Some(start) = line.find('{').filter(|start| *start < 120)
        && (start == 0 || line[..start].ends_with([' ', ']', ':', '\t']))
    {
        let raw = lines.raw(at);
        let whole = raw.find('{').filter(|_| raw.len() <= LONGEST_RECORD).map(|from| &raw[from..]);
        let record = whole.and_then(record::json).or_else(|| record::json(&line[start..]));
        if let Some(record) = record {
            return structured(at, &record, start == 0 && is_last(lines, at));
        }
        if start == 0 {
            return None;
        }
    }
    if let Some(record) = record::logfmt(line) {
        let whole = record.said.is_empty() && record.error.is_none();
        let said = if whole { line.to_owned() } else { record.said };
        return structured(at, &Record { said, ..record }, false);
    }
    plain(lines, at, line)
}

fn structured(at: usize, record: &Record, last: bool) -> Option<Found> {
    let level = match (record.level, &record.error) {
        (Some(level), _) => level,
        // Without a level, an error is one only where the program ends with it.
        (None, Some(_)) if last => Level::Error,
        (None, _) => return None,
    };
    let (weight, why) = match level {
        Level::Quiet => return None,
        Level::Fatal => (Weight::Said, LAST_FATAL),
        Level::Error => (Weight::Logged, LAST_ERROR),
    };
    let first = |text: &str| {
        text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
    };
    let error = record.error.as_deref().map(first).unwrap_or_default();
    let check = record.said.lines().find(|line| line.contains("bootstrap check failure ["));
    let said = check.map_or_else(|| first(&record.said), first);
    // MongoDB says so after each failed assertion.
    if said.starts_with("***aborting") {
        return None;
    }
    let message = match (said.as_str(), error.as_str()) {
        (said, "") => said.to_owned(),
        ("", error) => error.to_owned(),
        (said, error) if said.contains(error) => said.to_owned(),
        (said, error) => format!("{said}: {error}"),
    };
    let mut found = Found { weight, ..Found::line(at, Language::Structured, &message, why) };
    if let Some((kind, named)) = failure::about(&message) {
        (found.kind, found.named) = (kind, named);
    } else if check.is_some() {
        found.kind = Kind::Config;
    }
    // A trace inside a field is read as a trace, but quoted where it stands: in this line.
    if let Some(trace) = record.trace.as_deref().and_then(|text| super::read(text).told) {
        found.frame = trace.frame;
        // A trace of the logger's own frames says less than the error beside it.
        if !matches!(trace.kind, Kind::Fatal | Kind::Exception) || found.kind == Kind::Fatal {
            found.kind = trace.kind;
            found.named = trace.named.or(found.named);
            found.message = trace.message;
        }
    }
    Some(found)
}

/// A level where levels stand: after a time, in brackets, before a colon.
static LEVEL_WORD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let upper = "FAILED|FATAL|PANIC|CRITICAL|EMERG|EMERGENCY|CRIT|ALERT|ERROR|ERR|EROR|SEVERE|FTL|WARNING|WARN|WRN|INFO|INF|NOTICE|DEBUG|DBG|TRACE|LOG|HINT|DETAIL|STATEMENT|FINE|CONFIG";
    let lower = "emerg|alert|crit|critical|error|err|fatal|Fatal|Error|Critical|panic|warning|warn|Warning|notice|Note|System|info|Info|debug|fail|dbug|trce";
    Regex::new(&format!(
        r"(?:^|[\s\[|<(.,=])({upper})(?:[\]|>):,\s/\[]+|$)(.*)$|(?:^|[\s,\]]|\d [-|] )[\[(<]?({lower})(?:[\])>]+:?|: )\s*(.*)$|^npm (ERR!|error) (.*)$"
    ))
    .ok()
});

/// What loggers put before a message: times, hosts, processes.
static PREFIX: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let date = r"\[?\d{4}[-/.]\d\d[-/.]\d\d[T ,]{1,2}\d\d:\d\d:\d\d(?:[.,]\d+)?(?: ?(?:Z|UTC|[A-Z]{3,4}|[+-]\d\d:?\d\d))?\]?[:,]?";
    let named = r"\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d(?:\.\d+)?";
    let klog = r"[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ [\w./-]+:\d+\]";
    let syslog =
        r"(?:<\d+>)?(?:\d )?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ [\w./-]+(?:\[\d+\])?:";
    let modern = r"<\d+>1 \S+ \S+ \S+ \S+ \S+ (?:-|\[[^\]]*\])";
    Regex::new(&format!(
        r"^(?:{date}|{named}|{klog}|{syslog}|{modern}|\[?\d\d:\d\d:\d\d(?:[.,]\d+)?\]?)\s+"
    ))
    .ok()
});

/// So far into a line its level stands; words behind it are the message's.
const LEVEL_WITHIN: usize = 100;

fn plain(lines: &Lines<'_>, at: usize, line: &str) -> Option<Found> {
    if let Some(told) = server::redis(at, line) {
        return told;
    }
    let prefix =
        PREFIX.as_ref().and_then(|prefix| prefix.find(line)).map_or(0, |found| found.end());
    let body = &line[prefix..];
    // The server recovers from a panic in a handler: the request failed, the process did not.
    if body.starts_with("http: panic serving") || server::is_of_a_session(line) {
        return None;
    }
    let klog = line.as_bytes().first().filter(|_| prefix > 0 && line.contains("] ")).copied();
    let (level, message) = match klog {
        Some(b'F') => (Some(Level::Fatal), body),
        Some(b'E') => (Some(Level::Error), body),
        Some(b'I' | b'W') => return None,
        _ => leading(body, prefix > 0 || is_dated(lines.raw(at))).unwrap_or_else(|| level_in(body)),
    };
    if level == Some(Level::Quiet) {
        return None;
    }
    // The reason stands above: this only says what follows from it.
    let only = ["aborting", "exiting", "aborted", "shutting down", "execution halted", "bye"];
    let lower = message.trim().to_ascii_lowercase();
    let short = lower.len() < 40 && !lower.contains(": ");
    if short && only.iter().any(|it| lower.starts_with(it)) {
        return None;
    }
    // So does what only says where to read more.
    const ELSEWHERE: [&str; 4] = [
        "check the logs at",
        "for complete error details",
        "fatal errors found in configuration",
        "error(s) found in configuration file",
    ];
    if ELSEWHERE.iter().any(|it| lower.contains(it)) {
        return None;
    }
    told(lines, at, prefix, level, body, message)
}

/// `2026-11-21T02:11:07Z fatal cannot listen`: a bare level as the first word. Without a time before it,
/// `error` may as well begin a sentence.
fn leading(body: &str, dated: bool) -> Option<(Option<Level>, &str)> {
    const BARE: [&str; 9] =
        ["fatal", "panic", "critical", "error", "warn", "warning", "info", "debug", "trace"];
    let (word, rest) = body.split_once([' ', '\t'])?;
    let bare = BARE.contains(&word) && (dated || word != "error");
    bare.then(|| (record::word(word), rest.trim()))
}

fn is_dated(raw: &str) -> bool {
    let bytes = raw.as_bytes();
    bytes.len() > 10 && bytes[..4].iter().all(u8::is_ascii_digit) && matches!(bytes[4], b'-' | b'/')
}

fn level_in(body: &str) -> (Option<Level>, &str) {
    let found = LEVEL_WORD.as_ref().and_then(|level| level.captures(body));
    let Some(found) = found else { return (None, body) };
    let (word, rest) = match (found.get(1), found.get(3), found.get(5)) {
        (Some(word), ..) => (word, found.get(2)),
        (_, Some(word), _) => (word, found.get(4)),
        (.., Some(word)) => (word, found.get(6)),
        _ => return (None, body),
    };
    if word.start() > LEVEL_WITHIN {
        return (None, body);
    }
    let level = if word.as_str().starts_with("ERR!") {
        Some(Level::Error)
    } else {
        record::word(word.as_str())
    };
    let rest = rest.map_or("", |rest| rest.as_str()).trim();
    (level, if rest.is_empty() { body } else { rest })
}

fn told(
    lines: &Lines<'_>,
    at: usize,
    prefix: usize,
    level: Option<Level>,
    body: &str,
    message: &str,
) -> Option<Found> {
    let mut to = at;
    let mut whole = String::new();
    let about = failure::about(body).or_else(|| {
        (whole, to) = continued(lines, at, body);
        if to > at { failure::about(&whole) } else { None }
    });
    let fatal = level == Some(Level::Fatal);
    let (kind, named) = match about {
        Some(found) => found,
        None if body.starts_with("npm ") => return None,
        None if level.is_some() => (Kind::Fatal, None),
        None => return last_words(lines, at, body),
    };
    let last = is_last(lines, at);
    if level.is_none() && !last && !is_of_launch(kind) {
        return None;
    }
    // Words that a program says only when it ends: of the launch itself, at the end of the log.
    let said = fatal || last && (is_of_launch(kind) || level.is_some() || prefix > 0);
    let shell = matches!(kind, Kind::CommandNotFound | Kind::NotExecutable);
    let words = if is_of_launch(kind) { body } else { message };
    let why = match (fatal, said) {
        (true, _) => LAST_FATAL,
        (_, true) => LAST_WORDS,
        _ => LAST_ERROR,
    };
    Some(Found {
        to,
        kind,
        named,
        weight: if said { Weight::Said } else { Weight::Logged },
        ..Found::line(at, if shell { Language::Shell } else { Language::Text }, words, why)
    })
}

/// What a program says of its own launch, and of nothing else.
fn is_of_launch(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::UsageError
            | Kind::MissingVariable
            | Kind::CommandNotFound
            | Kind::NotExecutable
            | Kind::ExecFormat
    )
}

/// The line and the indented lines below it: entrypoints explain themselves over several.
fn continued(lines: &Lines<'_>, at: usize, body: &str) -> (String, usize) {
    let (mut whole, mut last) = (body.to_owned(), at);
    for next in at + 1..at + 6 {
        let line = lines.clean(next);
        if !line.starts_with([' ', '\t']) {
            break;
        }
        last = next;
        whole.push(' ');
        whole.push_str(line.trim());
    }
    whole.truncate(whole.floor_char_boundary(4096));
    (whole, last)
}

/// Whether it stands among the last few lines, help texts left out.
pub(super) fn is_last(lines: &Lines<'_>, at: usize) -> bool {
    const HELP: [&str; 12] = [
        "Usage", "usage", "Try ", "Options", "See ", "For more", "Flags", "Run ", "USAGE", "npm ",
        "Use ", "Examples",
    ];
    let after = (at + 1..lines.len()).take(64).filter(|at| {
        let line = lines.clean(*at);
        !line.trim().is_empty()
            && !line.starts_with([' ', '\t', '-'])
            && !HELP.iter().any(|word| line.starts_with(word))
    });
    after.count() <= 4
}

/// The very last line of a program without levels: `2026/11/21 02:11:07 listen: …` of Go's `log.Fatal`.
fn last_words(lines: &Lines<'_>, at: usize, body: &str) -> Option<Found> {
    const WORDS: [&str; 20] = [
        "fail",
        "cannot",
        "can't",
        "could not",
        "couldn't",
        "unable to",
        "invalid",
        "not found",
        "missing",
        "error",
        "fatal",
        "abort",
        "halted",
        "not exist",
        "unknown",
        "died",
        "bad ",
        "corrupt",
        "mismatch",
        " at /",
    ];
    let lower = body.to_ascii_lowercase();
    let complains = WORDS.iter().any(|word| lower.contains(word));
    let harmless = ["0 error", "no error", "errors=0", "error=null", "failed=0"];
    let last = (at + 1..lines.len()).take(3).filter(|at| !lines.raw(*at).trim().is_empty());
    let is_last = last.count() <= 1 && at + 3 >= lines.len();
    (complains && is_last && !harmless.iter().any(|it| lower.contains(it))).then(|| Found {
        weight: Weight::Logged,
        ..Found::line(at, Language::Text, body, "the last line of the log")
    })
}
