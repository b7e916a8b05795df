//! Structured log lines, JSON and `key=value`, as the common libraries write them: zap, zerolog, logrus,
//! slog, pino, winston, bunyan, log4j2, logback, structlog, serilog, .NET's console, monolog, MongoDB.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

/// Levels that programs end with, levels that they go on after, and levels that complain of nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Quiet,
    Error,
    Fatal,
}

/// What a structured line says.
pub(super) struct Record {
    pub(super) level: Option<Level>,
    pub(super) said: String,
    /// The error beside the message.
    pub(super) error: Option<String>,
    /// A text of several lines that may be a trace.
    pub(super) trace: Option<String>,
}

const LEVEL: [&str; 14] = [
    "level",
    "severity",
    "lvl",
    "levelname",
    "log.level",
    "s",
    "@level",
    "@l",
    "loglevel",
    "level_name",
    "severity_text",
    "severitytext",
    "log_level",
    "priority",
];
const SAID: [&str; 14] = [
    "msg",
    "message",
    "@message",
    "event",
    "@m",
    "renderedmessage",
    "@mt",
    "messagetemplate",
    "short_message",
    "log",
    "body",
    "text",
    "description",
    "m",
];
const ERROR: [&str; 22] = [
    "err",
    "error",
    "exception",
    "stack_trace",
    "stacktrace",
    "stack",
    "exc_info",
    "@x",
    "thrown",
    "error.stack_trace",
    "error.message",
    "error.stack",
    "exception.stacktrace",
    "exc_text",
    "attr",
    "cause",
    "full_message",
    "errorverbose",
    "traceback",
    "reason",
    "context",
    "errors",
];

pub(super) fn word(word: &str) -> Option<Level> {
    match word.to_ascii_lowercase().as_str() {
        "fatal" | "panic" | "critical" | "crit" | "emergency" | "emerg" | "alert" | "f"
        | "dpanic" => Some(Level::Fatal),
        "error" | "failed" | "err" | "e" | "severe" | "eror" | "fail" => Some(Level::Error),
        "trace" | "debug" | "info" | "notice" | "warn" | "warning" | "information" | "verbose"
        | "i" | "w" | "d" | "dbug" | "trce" | "log" | "hint" | "detail" | "statement" | "note"
        | "system" | "fine" | "config" | "informational" | "inf" | "wrn" | "dbg" | "warni" => {
            Some(Level::Quiet)
        }
        "ftl" | "ftal" => Some(Level::Fatal),
        _ => None,
    }
}

/// Bunyan and pino count up from 10 to 60; syslog counts down from 7 to 0; monolog counts to 600.
fn number(number: u64) -> Option<Level> {
    match number {
        0..=2 => Some(Level::Fatal),
        3 => Some(Level::Error),
        4..=9 => Some(Level::Quiet),
        10..50 => Some(Level::Quiet),
        50..60 => Some(Level::Error),
        60..100 => Some(Level::Fatal),
        100..400 => Some(Level::Quiet),
        400..500 => Some(Level::Error),
        500.. => Some(Level::Fatal),
    }
}

/// Reads one JSON object; nothing if it is none.
pub(super) fn json(line: &str) -> Option<Record> {
    let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(line) else { return None };
    let level = get(&fields, &LEVEL).and_then(|level| match level {
        Value::String(text) => word(text),
        Value::Number(count) => number(count.as_u64()?),
        _ => None,
    });
    // Go's logr counts verbosity up from 0; only what speaks syslog means an emergency by it.
    let of_syslog = ["short_message", "facility", "_facility", "priority", "syslog"];
    let verbosity = get(&fields, &["level", "v"]).and_then(Value::as_u64).is_some_and(|it| it < 3);
    let level = level.filter(|_| !verbosity || get(&fields, &of_syslog).is_some());
    let level = level.or_else(|| {
        (verbosity && get(&fields, &["error", "err"]).is_none()).then_some(Level::Quiet)
    });
    let level = level.or_else(|| get(&fields, &["log"])?.get("level")?.as_str().and_then(word));
    let said = get(&fields, &SAID).map(|value| text(value, 0)).unwrap_or_default();
    let errors = ERROR.iter().filter_map(|name| get(&fields, &[name]));
    let texts: Vec<String> =
        errors.map(|value| text(value, 0)).filter(|text| !text.is_empty()).collect();
    // Winston puts the trace behind the message of the same field.
    let trace = texts.iter().chain([&said]).find(|text| text.contains('\n')).cloned();
    Some(Record { level, error: texts.into_iter().next(), trace, said })
}

fn get<'a>(fields: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| {
        fields.get(*name).or_else(|| {
            fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        })
    })
}

/// The words of a value: of an object its trace, or its class and message with its causes.
fn text(value: &Value, depth: usize) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(fields) if depth < 6 => of_object(fields, depth),
        Value::Array(values) if depth < 6 => {
            values.first().map(|value| text(value, depth + 1)).unwrap_or_default()
        }
        _ => String::new(),
    }
}

fn of_object(fields: &Map<String, Value>, depth: usize) -> String {
    let word = |names: &[&str]| get(fields, names).and_then(Value::as_str);
    if let Some(stack) =
        word(&["stack", "stack_trace", "stacktrace", "extendedStackTrace", "trace"])
    {
        return stack.to_owned();
    }
    let class = word(&["type", "name", "class", "kind"]);
    let said = get(
        fields,
        &["message", "msg", "error", "errmsg", "err", "reason", "detail", "localizedMessage"],
    )
    .map(|value| text(value, depth + 1))
    .unwrap_or_default();
    let mut whole = match class {
        Some(class) if !said.is_empty() && class.contains(char::is_uppercase) => {
            format!("{class}: {said}")
        }
        _ => said,
    };
    // log4j2's layout nests each cause into the exception that it caused.
    let cause = get(fields, &["cause", "innerException"]).map(|it| text(it, depth + 1));
    if let Some(cause) = cause.filter(|cause| !cause.is_empty()) {
        whole.push_str("\n\tat thrown\nCaused by: ");
        whole.push_str(&cause);
    }
    whole
}

static FIELD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?:^|\s)([A-Za-z@][\w.@-]*)=(?:"((?:[^"\\]|\\.)*)"|(\S*))"#).ok()
});

/// Reads one line of `key=value` pairs that has a level among them.
pub(super) fn logfmt(line: &str) -> Option<Record> {
    let may = ["level=", "lvl=", "severity=", "Level=", "LEVEL="];
    if !may.iter().any(|name| line.contains(name)) {
        return None;
    }
    let (mut level, mut said, mut error) = (None, String::new(), None);
    for field in FIELD.as_ref()?.captures_iter(line) {
        let value = field.get(2).or(field.get(3)).map_or("", |value| value.as_str());
        let name = field.get(1).map_or("", |name| name.as_str()).to_ascii_lowercase();
        let plain = || value.replace("\\\"", "\"").replace("\\n", "\n").replace("\\t", "\t");
        match name.as_str() {
            "level" | "lvl" | "severity" => level = level.or_else(|| word(value)),
            "msg" | "message" | "event" => said = plain(),
            "err" | "error" | "exception" | "reason" | "cause" | "stack" | "exc_info" => {
                error = error.or_else(|| Some(plain()));
            }
            _ => {}
        }
    }
    let trace = error.as_ref().filter(|error| error.contains('\n')).cloned();
    level.map(|level| Record { level: Some(level), said, error, trace })
}
