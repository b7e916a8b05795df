//! Go: `panic:`, `fatal error:`, and the goroutine that was running.

use super::found::Found;
use super::lines::Lines;
use super::{Frame, Kind, Language, Weight};

/// The first elements of the standard library's import paths.
const STANDARD: [&str; 46] = [
    "runtime",
    "internal",
    "net",
    "os",
    "sync",
    "syscall",
    "reflect",
    "encoding",
    "fmt",
    "io",
    "errors",
    "strings",
    "strconv",
    "context",
    "time",
    "log",
    "bufio",
    "bytes",
    "database",
    "testing",
    "crypto",
    "math",
    "sort",
    "text",
    "html",
    "mime",
    "path",
    "regexp",
    "unicode",
    "archive",
    "compress",
    "container",
    "go",
    "hash",
    "image",
    "plugin",
    "embed",
    "expvar",
    "flag",
    "index",
    "iter",
    "maps",
    "slices",
    "cmp",
    "unique",
    "weak",
];

/// How far below its first line a panic's goroutine may begin: long values are printed over lines.
const HEADER_LINES: usize = 24;

/// Goroutine dumps are long; what stands behind so many lines is another goroutine's.
const FRAMES: usize = 200;

pub(super) fn read(lines: &Lines<'_>, at: usize, line: &str) -> Option<Found> {
    let (kind, message) = match line.strip_prefix("panic: ") {
        Some(message) => (Kind::Panic, message),
        None => (Kind::Fatal, line.strip_prefix("fatal error: ")?),
    };
    let goroutine = (at + 1..lines.len().min(at + HEADER_LINES))
        .find(|at| lines.clean(*at).starts_with("goroutine "));
    let message = message.split(" [recovered").next().unwrap_or(message).trim();
    let frame = goroutine.and_then(|at| own_frame(lines, at + 1));
    let kind = if kind == Kind::Fatal && goroutine.is_some() { Kind::Panic } else { kind };
    Some(Found {
        to: end(lines, goroutine.unwrap_or(at)),
        kind,
        certain: goroutine.is_some(),
        weight: if goroutine.is_some() { Weight::Ended } else { Weight::Said },
        frame,
        ..Found::line(at, Language::Go, message, "the Go runtime ends the process after a panic")
    })
}

/// Functions and their places alternate: `main.f(0x1)` and `\t/src/main.go:12 +0x1d`.
fn own_frame(lines: &Lines<'_>, from: usize) -> Option<Frame> {
    let mut at = from;
    while at + 1 < lines.len().min(from + FRAMES) {
        let (function, place) = (lines.clean(at), lines.clean(at + 1));
        if function.trim().is_empty() || function.starts_with("created by ") {
            return None;
        }
        if !place.starts_with('\t') {
            at += 1;
            continue;
        }
        if let Some(frame) = frame(&function, place.trim()) {
            return Some(frame);
        }
        at += 2;
    }
    None
}

fn frame(function: &str, place: &str) -> Option<Frame> {
    let place = place.split(" +0x").next()?;
    let (file, number) = place.rsplit_once(':')?;
    let function = function.rsplit_once('(').map_or(function, |(name, _)| name);
    let vendored = ["/pkg/mod/", "/vendor/", "/go/src/", "@v"].iter().any(|it| file.contains(it));
    let package = function.split(['/', '.']).next().unwrap_or_default();
    let foreign =
        vendored || package == "panic" || function == "panic" || STANDARD.contains(&package);
    (!foreign && file.ends_with(".go")).then(|| Frame {
        file: file.to_owned(),
        line: number.parse().ok(),
        function: Some(function.to_owned()),
    })
}

/// The last line of the dump.
fn end(lines: &Lines<'_>, from: usize) -> usize {
    let mut last = from;
    for at in from..lines.len() {
        let line = lines.clean(at);
        let part = line.trim().is_empty()
            || line.starts_with(['\t', ' '])
            || line.starts_with("goroutine ")
            || line.starts_with("created by ")
            || line.starts_with("exit status")
            || line.ends_with(')');
        if !part && at > from {
            break;
        }
        last = at;
    }
    last
}
