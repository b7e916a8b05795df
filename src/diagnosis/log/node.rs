//! Node.js: uncaught errors, unhandled rejections, modules that are not there.

use std::sync::LazyLock;

use regex::Regex;

use super::Weight;
use super::found::Found;
use super::lines::Lines;
use super::{Frame, Kind, Language, failure};

/// `TypeError: x is not a function`, `Error [ERR_X]: …`, `Uncaught ReferenceError: …`.
static HEADER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?:^|[\s:])(?:Uncaught )?((?:[A-Za-z_$][\w$.]*)?(?:Error|Exception|Rejection)(?: \[[\w-]+\])?)(?:: (.*))?$").ok()
});

static PLACE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^at (?:async )?(?:new )?(?:(.+?) (?:\[as [^\]]+\] )?\()?((?:file://)?[^()\s]+?):(\d+):\d+\)?$").ok()
});

/// A message may have so many lines before its first frame: `Require stack:` and the like.
const MESSAGE_LINES: usize = 12;

/// An error prints so many lines of itself behind its frames before `Node.js v20` closes the report.
const REPORT_LINES: usize = 48;

pub(super) fn read(lines: &Lines<'_>, at: usize, line: &str) -> Option<Found> {
    if line.starts_with("[UnhandledPromiseRejection") {
        return Some(rejection(lines, at, line));
    }
    if line.starts_with("Node.js v") {
        return thrown_value(lines, at);
    }
    let first =
        (at.saturating_sub(MESSAGE_LINES)..=at).rev().find(|at| is_header(&lines.clean(*at)))?;
    let frames = (at + 1..lines.len()).take_while(|at| is_inside(&lines.clean(*at)));
    let to = frames.last()?;
    // Java's frames have no column.
    let frame_lines =
        (first + 1..=to).filter(|at| lines.clean(*at).trim_start().starts_with("at "));
    let placed = frame_lines.clone().any(|at| place(&lines.clean(at)).is_some());
    if !placed {
        return None;
    }
    let closed = (to + 1..lines.len().min(to + REPORT_LINES))
        .find(|at| lines.clean(*at).starts_with("Node.js v"));
    let pointed = (first.saturating_sub(3)..first).any(|at| is_pointer(&lines.clean(at)));
    let frame = frame_lines
        .filter_map(|at| place(&lines.clean(at)))
        .find(is_own)
        .or_else(|| source_above(lines, first));
    let end = closed.unwrap_or(to);
    let header = lines.clean(first);
    let header = header_of(&header).unwrap_or_else(|| header.to_string());
    let ended = closed.is_some() || pointed;
    let mut found = Found {
        from: first.saturating_sub(if pointed { 5 } else { 0 }),
        to: end,
        kind: Kind::Exception,
        certain: ended,
        weight: if ended { Weight::Ended } else { Weight::Logged },
        frame,
        ..Found::line(
            first,
            Language::Node,
            &reason(header.trim_start_matches("Uncaught ")),
            "Node.js ends the process after an error that nobody caught",
        )
    };
    if let Some((kind, named)) = failure::about(&found.message) {
        (found.kind, found.named) = (kind, named);
    }
    if header.contains("ZodError") {
        zod(lines, first, end, &mut found);
    } else {
        explain(lines, first, end, &mut found);
    }
    Some(found)
}

/// The error itself, without what was printed before it on the line.
fn header_of(line: &str) -> Option<String> {
    let found = HEADER.as_ref()?.captures(line)?;
    Some(line[found.get(1)?.start()..].to_owned())
}

/// zod lists what is wrong as JSON; a required entry in capitals is a variable.
fn zod(lines: &Lines<'_>, first: usize, end: usize, found: &mut Found) {
    let path = (first + 1..=end).find(|at| lines.clean(*at).trim().starts_with("\"path\": ["));
    let Some(path) = path else { return };
    let (line, next) = (lines.clean(path), lines.clean(path + 1));
    let inline = line.split_once('[').map_or("", |(_, rest)| rest);
    let name = failure::first_word(if inline.trim().is_empty() { &next } else { inline });
    let capitals = |name: &String| !name.bytes().any(|letter| letter.is_ascii_lowercase());
    found.named = name;
    let variable = found.named.as_ref().is_some_and(capitals);
    found.kind = if variable { Kind::MissingVariable } else { Kind::Config };
}

/// An error that says nothing is explained by its `[cause]`, by the errors that it gathers, or by the
/// fields that Node.js prints behind its frames.
fn explain(lines: &Lines<'_>, first: usize, end: usize, found: &mut Found) {
    if failure::about(&found.message).is_none() {
        for at in first + 1..=end {
            let line = lines.clean(at);
            let inner = line.trim().trim_start_matches("[cause]: ");
            let nested = line.starts_with(' ') && !inner.starts_with("at ");
            if nested
                && inner.contains("Error")
                && let Some((kind, named)) = failure::about(inner)
            {
                (found.at, found.message) = (at, inner.trim_end_matches([' ', '{']).to_owned());
                (found.kind, found.named) = (kind, named);
                break;
            }
        }
    }
    let field = |name: &str| {
        (first + 1..=end).find_map(|at| {
            let line = lines.clean(at);
            let value = line.trim().strip_prefix(name)?.trim_end_matches([',', '}', ' ']);
            Some(value.trim_matches('\'').to_owned())
        })
    };
    if found.named.is_none()
        && failure::about(&found.message).is_none_or(|(it, _)| it.is_network())
        && let Some(host) = field("address: ").or_else(|| field("hostname: "))
    {
        let code = field("code: ").unwrap_or_default();
        let about = failure::about(&code).or_else(|| failure::about(&found.message));
        if let Some((kind, _)) = about {
            found.kind = kind;
            found.named = Some(match field("port: ") {
                Some(port) => format!("{host}:{port}"),
                None => host,
            });
        }
    }
}

fn is_header(line: &str) -> bool {
    HEADER.as_ref().is_some_and(|header| header.is_match(line))
}

/// Frames, and the fields of the error that Node prints behind them.
fn is_inside(line: &str) -> bool {
    line.starts_with([' ', '\t']) || line == "}" || line.starts_with("- /")
}

fn is_pointer(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && line.bytes().all(|letter| letter == b'^')
}

fn place(line: &str) -> Option<Frame> {
    let found = PLACE.as_ref()?.captures(line.trim().trim_end_matches(" {"))?;
    Some(Frame {
        file: found.get(2)?.as_str().trim_start_matches("file://").to_owned(),
        line: found.get(3)?.as_str().parse().ok(),
        function: found.get(1).map(|name| name.as_str().to_owned()),
    })
}

fn is_own(frame: &Frame) -> bool {
    const FOREIGN: [&str; 4] = ["node:", "internal/", "node_modules/", "<anonymous>"];
    !FOREIGN.iter().any(|it| frame.file.contains(it))
}

/// A syntax error's frames are all Node's own; the file stands above: `/app/server.js:3`.
fn source_above(lines: &Lines<'_>, at: usize) -> Option<Frame> {
    (at.saturating_sub(6)..at).rev().find_map(|at| {
        let line = lines.clean(at);
        let (file, number) = line.trim_start_matches("file://").rsplit_once(':')?;
        let frame = Frame { file: file.to_owned(), line: number.parse().ok(), function: None };
        (file.starts_with('/') && frame.line.is_some() && is_own(&frame)).then_some(frame)
    })
}

/// The value behind a rejection, out of the long sentence that Node.js wraps around it.
fn reason(line: &str) -> String {
    match line.split_once("with the reason \"") {
        Some((_, reason)) => {
            let reason = reason.trim_end_matches([']', ' ', '{']).trim_end_matches("\".");
            format!("unhandled rejection: {reason}")
        }
        None => line.trim().to_owned(),
    }
}

fn rejection(lines: &Lines<'_>, at: usize, line: &str) -> Found {
    let to = (at + 1..lines.len().min(at + 8)).take_while(|at| is_inside(&lines.clean(*at))).last();
    Found {
        to: to.unwrap_or(at),
        kind: Kind::Exception,
        certain: true,
        frame: source_above(lines, at),
        ..Found::line(
            at,
            Language::Node,
            &reason(line),
            "Node.js ends the process after a rejection that nobody handled",
        )
    }
}

/// `throw "text"` has no trace of its own: the value stands above `Thrown at:` or the version line.
fn thrown_value(lines: &Lines<'_>, at: usize) -> Option<Found> {
    let uncaught = (at.saturating_sub(8)..at).rev().find(|at| is_pointer(&lines.clean(*at)))?;
    let value = (uncaught + 1..at).find(|at| !lines.clean(*at).trim().is_empty())?;
    Some(Found {
        from: uncaught.saturating_sub(3),
        to: at,
        kind: Kind::Exception,
        certain: true,
        frame: source_above(lines, uncaught),
        ..Found::line(
            value,
            Language::Node,
            &reason(&lines.clean(value)),
            "Node.js ends the process after an error that nobody caught",
        )
    })
}
