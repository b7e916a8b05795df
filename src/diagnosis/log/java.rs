//! The JVM and .NET: exceptions with their causes.

use std::sync::LazyLock;

use regex::Regex;

use super::found::Found;
use super::lines::Lines;
use super::{Frame, Kind, Language, Weight, failure, network};

/// The class at the end of a line's prefix: `Exception in thread "main" java.lang.X: message`.
static HEADER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?:^|[\s:])((?:[A-Za-z_$][\w$]*\.)+[A-Za-z_$][\w$]*(?:Exception|Error|Failure|Throwable))(?:: (.*))?$").ok()
});

static PLACE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"^\s*at (?:[\w.@-]*//?)*([\w$.<>]+)\(([\w$]+\.(?:java|kt|scala|groovy))(?::(\d+))?\)",
    )
    .ok()
});

/// Packages of the platform, of servers and of libraries that most services stand on.
const FOREIGN: [&str; 34] = [
    "java.",
    "javax.",
    "jakarta.",
    "jdk.",
    "sun.",
    "com.sun.",
    "org.springframework.",
    "org.apache.",
    "org.hibernate.",
    "com.zaxxer.",
    "org.eclipse.",
    "io.netty.",
    "reactor.",
    "kotlin.",
    "kotlinx.",
    "scala.",
    "com.fasterxml.",
    "org.postgresql.",
    "com.mysql.",
    "org.mariadb.",
    "redis.clients.",
    "io.lettuce.",
    "org.jboss.",
    "io.quarkus.",
    "io.micronaut.",
    "com.google.",
    "ch.qos.",
    "org.slf4j.",
    "io.grpc.",
    "okhttp3.",
    "com.mongodb.",
    "org.flywaydb.",
    "akka.",
    "io.vertx.",
];

/// A report is not longer than this, whatever recursion put into it.
const REPORT_LINES: usize = 4096;

pub(super) fn read(lines: &Lines<'_>, at: usize, line: &str) -> Option<Found> {
    if line.contains("APPLICATION FAILED TO START") {
        return spring(lines, at);
    }
    if line.starts_with("Unhandled exception. ") || line.starts_with("Unhandled Exception: ") {
        return dot_net(lines, at, line);
    }
    let (first, message) = header(lines, at)?;
    let above = announced(lines, first);
    let thread = first_word_is_thread(&lines.clean(first))
        || lines.clean(above).contains("Application run failed");
    let mut said = vec![message.clone()];
    let (mut best, mut best_message) = (first, message);
    let (mut to, mut part) = (at, Vec::new());
    let mut frames: Vec<Option<Frame>> = Vec::new();
    let mut net = false;
    for at in first + 1..lines.len().min(first + REPORT_LINES) {
        let line = lines.clean(at);
        net |= line.contains(" ---> ") || line.contains("   --- End of ");
        let cause = line
            .strip_prefix("Caused by: ")
            .or_else(|| line.trim_start().strip_prefix("---> ").filter(|_| line.starts_with(' ')));
        if let Some(cause) = cause {
            frames.push(own(&part));
            part.clear();
            (best, best_message) = (at, cause.trim().to_owned());
            said.push(best_message.clone());
        } else if !is_inside(&line) && at > to {
            break;
        } else if let Some(frame) = place(&line) {
            part.push(frame);
        }
        to = at.max(to);
    }
    frames.push(own(&part));
    let (kind, named) = meaning(&said);
    let weight = weight(thread, super::level::is_last(lines, to));
    Some(Found {
        from: above,
        to,
        kind,
        certain: thread,
        weight,
        frame: frames.into_iter().rev().flatten().next(),
        named,
        ..Found::line(
            best,
            if net { Language::DotNet } else { Language::Java },
            &best_message,
            "the innermost cause of the last exception before the end of the log",
        )
    })
}

/// What the chain is about: its innermost cause that says so. Where that names no address, an outer one may.
fn meaning(said: &[String]) -> (Kind, Option<String>) {
    let mut about = said.iter().rev().filter_map(|message| failure::about(message));
    let Some((kind, named)) = about.next() else { return (Kind::Exception, None) };
    if named.is_some() || !kind.is_network() {
        return (kind, named);
    }
    let outer = said.iter().rev().find_map(|message| network::endpoint_in(message));
    (kind, outer)
}

/// An exception that a logger wrote is the end only where nothing follows it.
fn weight(thread: bool, last: bool) -> Weight {
    match (thread, last) {
        (true, _) => Weight::Ended,
        (false, true) => Weight::Said,
        (false, false) => Weight::Logged,
    }
}

/// The logger's own line above a trace belongs to it: `ERROR … Application run failed`.
fn announced(lines: &Lines<'_>, first: usize) -> usize {
    let above = (first.saturating_sub(2)..first).find(|at| {
        let line = lines.clean(*at);
        ["ERROR", "SEVERE", "FATAL", "WARN"].iter().any(|level| line.contains(level))
    });
    above.unwrap_or(first)
}

/// The line of the exception's class at or a little above `at`, and the class with its message.
fn header(lines: &Lines<'_>, at: usize) -> Option<(usize, String)> {
    (at.saturating_sub(6)..=at).rev().find_map(|at| {
        let line = lines.clean(at);
        let found = HEADER.as_ref()?.captures(&line)?;
        let message = found.get(2).map(|message| format!(": {}", message.as_str()));
        Some((at, format!("{}{}", found.get(1)?.as_str(), message.unwrap_or_default())))
    })
}

fn first_word_is_thread(line: &str) -> bool {
    line.contains("Exception in thread \"main\"") || line.contains("Exception in Application start")
}

fn is_inside(line: &str) -> bool {
    let line = line.trim_start();
    ["at ", "... ", "Suppressed: ", "---", "Wrapped by: ", "Caused by: "]
        .iter()
        .any(|it| line.starts_with(it))
}

fn place(line: &str) -> Option<(Frame, bool)> {
    let found = PLACE.as_ref()?.captures(line)?;
    let function = found.get(1)?.as_str();
    let own = !FOREIGN.iter().any(|package| function.starts_with(package));
    let frame = Frame {
        file: found.get(2)?.as_str().to_owned(),
        line: found.get(3).and_then(|number| number.as_str().parse().ok()),
        function: Some(function.to_owned()),
    };
    Some((frame, own))
}

fn own(frames: &[(Frame, bool)]) -> Option<Frame> {
    frames.iter().find(|(_, own)| *own).map(|(frame, _)| frame.clone())
}

/// Spring Boot's own report: a heading, then `Description:` and the sentence.
fn spring(lines: &Lines<'_>, at: usize) -> Option<Found> {
    let heading = (at..at + 8).find(|at| lines.clean(*at).starts_with("Description:"))?;
    let told = (heading + 1..heading + 5).find(|at| !lines.clean(*at).trim().is_empty())?;
    let action = (told..told + 16).find(|at| lines.clean(*at).starts_with("Action:"));
    let message = lines.clean(told);
    Some(Found {
        from: at,
        to: action.map_or(told, |action| action + 3),
        kind: Kind::Exception,
        certain: true,
        ..Found::line(
            told,
            Language::Java,
            &message,
            "Spring Boot's own report of why the application did not start",
        )
    })
}

/// `Unhandled exception. A: x` with ` ---> B: y` for each cause; the deepest counts.
fn dot_net(lines: &Lines<'_>, at: usize, line: &str) -> Option<Found> {
    static DOT_NET: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^\s*at ([\w.<>`+\[\],]+)\(.*\) in (.+):line (\d+)").ok());
    let first = line.split_once(['.', ':']).map(|(_, rest)| rest.trim())?;
    let (mut best, mut message, mut to, mut frame) = (at, first.to_owned(), at, None);
    let mut said = vec![message.clone()];
    for at in at + 1..lines.len().min(at + REPORT_LINES) {
        let line = lines.clean(at);
        let line = line.trim_start();
        if let Some(cause) = line.strip_prefix("---> ") {
            said.push(cause.to_owned());
            (best, message, frame) = (at, cause.to_owned(), None);
        } else if let Some(found) = DOT_NET.as_ref().and_then(|place| place.captures(line)) {
            frame = frame.or_else(|| {
                Some(Frame {
                    file: found.get(2)?.as_str().to_owned(),
                    line: found.get(3)?.as_str().parse().ok(),
                    function: Some(found.get(1)?.as_str().to_owned()),
                })
            });
        } else if !line.starts_with("at ") && !line.starts_with("--- ") {
            break;
        }
        to = at;
    }
    let (kind, named) = meaning(&said);
    Some(Found {
        from: at,
        to,
        kind,
        named,
        certain: true,
        frame,
        ..Found::line(
            best,
            Language::DotNet,
            &message,
            "the .NET runtime ends the process after an unhandled exception",
        )
    })
}
