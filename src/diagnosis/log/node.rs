//! Node.js: uncaught errors, unhandled rejections, modules that are not there.

use std::sync::LazyLock;

use regex::Regex;

use super::choose::Found;
use super::lines::Lines;
use super::{Frame, Kind, Language, Weight};

/// `TypeError: x is not a function`, `Error [ERR_X]: …`, `Uncaught ReferenceError: …`.
static HEADER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^(?:Uncaught )?((?:[A-Za-z_$][\w$.]*)?(?:Error|Exception|Rejection)(?: \[[\w-]+\])?)(?:: (.*))?$").ok()
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
    let header = lines.clean(first);
    Some(Found {
        at: first,
        from: first.saturating_sub(if pointed { 5 } else { 0 }),
        to: closed.unwrap_or(to),
        kind: Kind::Exception,
        weight: if closed.is_some() || pointed { Weight::Ended } else { Weight::Logged },
        language: Language::Node,
        message: reason(header.trim_start_matches("Uncaught ")),
        frame,
        named: None,
        why: "Node.js ends the process after an error that nobody caught",
    })
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
        at,
        from: at,
        to: to.unwrap_or(at),
        kind: Kind::Exception,
        weight: Weight::Ended,
        language: Language::Node,
        message: reason(line),
        frame: source_above(lines, at),
        named: None,
        why: "Node.js ends the process after a rejection that nobody handled",
    }
}

/// `throw "text"` has no trace of its own: the value stands above `Thrown at:` or the version line.
fn thrown_value(lines: &Lines<'_>, at: usize) -> Option<Found> {
    let uncaught = (at.saturating_sub(8)..at).rev().find(|at| is_pointer(&lines.clean(*at)))?;
    let value = (uncaught + 1..at).find(|at| !lines.clean(*at).trim().is_empty())?;
    Some(Found {
        at: value,
        from: uncaught.saturating_sub(3),
        to: at,
        kind: Kind::Exception,
        weight: Weight::Ended,
        language: Language::Node,
        message: reason(&lines.clean(value)),
        frame: source_above(lines, uncaught),
        named: None,
        why: "Node.js ends the process after an error that nobody caught",
    })
}
