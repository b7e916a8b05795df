//! Complaints of one line: structured logs, levels, and the last words of programs that have neither.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::choose::Found;
use super::lines::Lines;
use super::{Kind, Language, Weight, failure};

/// Levels that programs end with, and levels that they go on after.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Error,
    Fatal,
}

/// Reads one line that holds a word of complaint; nothing if it only mentions one.
pub(super) fn read(lines: &Lines<'_>, at: usize) -> Option<Found> {
    let line = lines.clean(at);
    let line = line.trim();
    if line.starts_with('{') {
        return json(at, line);
    }
    logfmt(at, line).or_else(|| plain(lines, at, line))
}

fn json(at: usize, line: &str) -> Option<Found> {
    let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(line) else { return None };
    let get = |names: &[&str]| names.iter().find_map(|name| fields.get(*name));
    let level = match get(&[
        "level",
        "severity",
        "lvl",
        "levelname",
        "log.level",
        "s",
        "@level",
        "loglevel",
    ])? {
        Value::String(word) => of_word(word)?,
        // Bunyan and pino count: 50 is error, 60 is fatal.
        Value::Number(number) => of_number(number.as_u64()?)?,
        _ => return None,
    };
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(inner) => {
            let inner = |name: &str| inner.get(name).and_then(Value::as_str).map(str::to_owned);
            inner("stack")
                .or_else(|| inner("message"))
                .or_else(|| inner("msg"))
                .or_else(|| inner("error"))
        }
        _ => None,
    };
    let said =
        get(&["msg", "message", "event", "log", "@message"]).and_then(text).unwrap_or_default();
    let error = get(&[
        "err",
        "error",
        "exception",
        "stack_trace",
        "stacktrace",
        "stack",
        "exc_info",
        "attr",
    ])
    .and_then(text);
    let mut found = complaint(at, level, &said, error.as_deref());
    // A trace inside a field is read as a trace, but quoted where it stands: in this line.
    let trace =
        error.filter(|error| error.contains('\n')).and_then(|error| super::read(&error).told);
    if let Some(trace) = trace {
        found.kind = trace.kind;
        found.frame = trace.frame;
        found.named = trace.named;
        found.message = trace.message;
    }
    Some(Found { language: Language::Structured, ..found })
}

fn of_word(word: &str) -> Option<Level> {
    match word.to_ascii_lowercase().as_str() {
        "fatal" | "panic" | "critical" | "crit" | "emergency" | "emerg" | "alert" | "f"
        | "dpanic" => Some(Level::Fatal),
        "error" | "err" | "e" | "severe" => Some(Level::Error),
        _ => None,
    }
}

fn of_number(number: u64) -> Option<Level> {
    match number {
        60.. => Some(Level::Fatal),
        50..60 => Some(Level::Error),
        _ => None,
    }
}

fn complaint(at: usize, level: Level, said: &str, error: Option<&str>) -> Found {
    let first = error.map(|error| error.lines().next().unwrap_or_default()).unwrap_or_default();
    let message = match (said.trim(), first.trim()) {
        (said, "") => said.to_owned(),
        ("", error) => error.to_owned(),
        (said, error) if said.contains(error) => said.to_owned(),
        (said, error) => format!("{said}: {error}"),
    };
    let (kind, named) = failure::about(&message).unwrap_or((Kind::Fatal, None));
    let (weight, why) = match level {
        Level::Fatal => (Weight::Said, "the last message of a level that programs end with"),
        Level::Error => (Weight::Logged, "the last error in the log"),
    };
    Found {
        at,
        from: at,
        to: at,
        kind,
        weight,
        language: Language::Text,
        message,
        frame: None,
        named,
        why,
    }
}

static LEVEL_FIELD: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?:^|\s)(?:level|lvl|severity)="?([A-Za-z]+)"?"#).ok());
static TEXT_FIELD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?:^|\s)(msg|message|err|error)=(?:"((?:[^"\\]|\\.)*)"|(\S+))"#).ok()
});

fn logfmt(at: usize, line: &str) -> Option<Found> {
    let level = LEVEL_FIELD.as_ref()?.captures(line)?;
    let level = of_word(level.get(1)?.as_str())?;
    let (mut said, mut error) = (String::new(), None);
    for field in TEXT_FIELD.as_ref()?.captures_iter(line) {
        let value =
            field.get(2).or(field.get(3)).map_or("", |value| value.as_str()).replace("\\\"", "\"");
        match field.get(1).map(|name| name.as_str()) {
            Some("msg" | "message") => said = value,
            _ => error = Some(value),
        }
    }
    if said.is_empty() && error.is_none() {
        line.clone_into(&mut said);
    }
    let found = complaint(at, level, &said, error.as_deref());
    Some(Found { language: Language::Structured, ..found })
}

/// A level word where levels stand: after a time, in brackets, before a colon.
static LEVEL_WORD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?:^|[\s\[|<(])(FATAL|PANIC|CRITICAL|EMERG|emerg|crit|Fatal|fatal|CRIT|ERROR|error|Error|ERR|SEVERE)(?:[\]|>):\s]+)(.*)$").ok()
});
/// What loggers put before a message: times, levels, places.
static PREFIX: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^(?:\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?\]?\s+|[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ [\w.-]+:\d+\] )").ok()
});

fn plain(lines: &Lines<'_>, at: usize, line: &str) -> Option<Found> {
    let prefix =
        PREFIX.as_ref().and_then(|prefix| prefix.find(line)).map_or(0, |found| found.end());
    let body = &line[prefix..];
    let klog = line.starts_with('F') && prefix > 0;
    let level = LEVEL_WORD.as_ref()?.captures(body);
    let level = level.as_ref().and_then(|found| {
        Some((of_word(found.get(1)?.as_str())?, found.get(2)?.as_str(), found.get(1)?.start()))
    });
    let lower = ["WARN", "INFO", "DEBUG", "warn:", "info:"].iter().any(|word| {
        body.get(..body.floor_char_boundary(48)).is_some_and(|start| start.contains(word))
    });
    // The server recovers from a panic in a handler: the request failed, the process did not.
    if body.starts_with("http: panic serving") {
        return None;
    }
    let mut to = at;
    let about = failure::about(body).or_else(|| {
        let (whole, last) = continued(lines, at, body);
        to = last;
        failure::about(&whole)
    });
    let fatal = klog || matches!(level, Some((Level::Fatal, ..)));
    let (kind, named) = match about {
        Some(found) => found,
        None if fatal => (Kind::Fatal, None),
        None if matches!(level, Some((_, _, start)) if start < 60) => (Kind::Fatal, None),
        None => return last_words(lines, at, body),
    };
    // Words that a program says only when it ends: of the launch itself, at the end of the log.
    let launch = matches!(
        kind,
        Kind::UsageError
            | Kind::MissingVariable
            | Kind::CommandNotFound
            | Kind::NotExecutable
            | Kind::ExecFormat
    );
    let last = !lower && (launch || level.is_some() || prefix > 0) && is_last(lines, at);
    let weight = if fatal || (last && !lower) { Weight::Said } else { Weight::Logged };
    let message = level
        .map(|(_, rest, _)| rest)
        .filter(|rest| !rest.trim().is_empty() && !launch)
        .unwrap_or(body);
    let shell = matches!(kind, Kind::CommandNotFound | Kind::NotExecutable);
    Some(Found {
        at,
        from: at,
        to,
        kind,
        weight,
        language: if shell { Language::Shell } else { Language::Text },
        message: message.trim().to_owned(),
        frame: None,
        named,
        why: if weight == Weight::Said {
            "the program's last words"
        } else {
            "the last error in the log"
        },
    })
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
    let after = (at + 1..lines.len()).take(64).filter(|at| {
        let line = lines.clean(*at);
        let help = ["Usage", "usage", "Try ", "Options", "See ", "For more", "Flags", "Run "];
        !line.trim().is_empty()
            && !line.starts_with([' ', '\t', '-'])
            && !help.iter().any(|word| line.starts_with(word))
    });
    after.count() <= 4
}

/// The very last line of a program without levels: `2026/11/21 02:11:07 listen: …` of Go's `log.Fatal`.
fn last_words(lines: &Lines<'_>, at: usize, body: &str) -> Option<Found> {
    const WORDS: [&str; 9] = [
        "fail",
        "cannot",
        "can't",
        "could not",
        "unable to",
        "invalid",
        "not found",
        "missing",
        "error",
    ];
    let lower = body.to_ascii_lowercase();
    let complains = WORDS.iter().any(|word| lower.contains(word));
    let last = (at + 1..lines.len()).all(|at| lines.raw(at).trim().is_empty());
    (complains && last).then(|| Found {
        at,
        from: at,
        to: at,
        kind: Kind::Fatal,
        weight: Weight::Logged,
        language: Language::Text,
        message: body.to_owned(),
        frame: None,
        named: None,
        why: "the last line of the log",
    })
}
