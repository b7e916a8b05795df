//! Python: tracebacks and their chains.

use super::found::Found;
use super::lines::Lines;
use super::{Frame, Kind, Language, Weight, failure};

const OPENS: &str = "Traceback (most recent call last)";

/// Between the parts of a chain.
const BECAUSE_OF: [&str; 2] =
    ["The above exception was the direct cause", "During handling of the above exception"];

/// One traceback of a chain.
struct Part {
    /// The line of the exception.
    at: usize,
    /// The last line of its message.
    to: usize,
    frame: Option<Frame>,
    /// Whether it was raised by looking a variable up in the environment.
    environment: bool,
}

pub(super) fn read(lines: &Lines<'_>, at: usize, line: &str) -> Option<Found> {
    let column = line.find(OPENS)?;
    let indent = line[..column].chars().take_while(|letter| letter.is_whitespace()).count();
    if line.starts_with('{') {
        return None;
    }
    if line.contains("Exception Group Traceback") {
        return group(lines, at);
    }
    let mut parts = vec![part(lines, at + 1, indent)?];
    while let Some(next) = parts.last().and_then(|last| chained(lines, last.to + 1)) {
        let Some(part) = part(lines, next + 1, indent) else { break };
        parts.push(part);
    }
    let last = parts.last()?;
    let (message, to) = (lines.clean(last.at).trim().to_owned(), last.to);
    let at_last = last.at;
    let handled = at > 0 && is_handled(&lines.clean(at - 1), &line[..column]);
    let (kind, named) = meaning(lines, &parts, &message);
    let frame = parts.iter().rev().find_map(|part| part.frame.clone());
    Some(Found {
        from: if handled { at - 1 } else { at },
        to,
        kind,
        weight: if handled { Weight::Logged } else { Weight::Ended },
        frame,
        named,
        ..Found::line(
            at_last,
            Language::Python,
            &message,
            "the last traceback before the end of the log",
        )
    })
}

/// A group of exceptions, each drawn behind a bar: the last of them tells.
fn group(lines: &Lines<'_>, at: usize) -> Option<Found> {
    let drawn = |line: &str| line.trim_start().starts_with(['|', '+']);
    let inside = (at + 1..lines.len()).take_while(|at| drawn(&lines.clean(*at)));
    let last = inside.clone().last()?;
    let is_leaf = |text: &str| {
        let class = text.split(':').next().unwrap_or_default();
        (class.ends_with("Error") || class.ends_with("Exception")) && !class.contains(' ')
    };
    let told = inside.clone().filter(|at| is_leaf(unbarred(&lines.clean(*at)))).last()?;
    let frames = inside.filter_map(|at| place(unbarred(&lines.clean(at))));
    let frame = frames.filter(|(_, own)| *own).map(|(frame, _)| frame).last();
    let message = unbarred(&lines.clean(told)).to_owned();
    Some(Found {
        from: at,
        to: last,
        kind: Kind::Exception,
        frame,
        ..Found::line(
            told,
            Language::Python,
            &message,
            "the last exception of the last group before the end of the log",
        )
    })
}

fn unbarred(line: &str) -> &str {
    line.trim_matches([' ', '|'])
}

/// What the chain is about: its last exception, or else the one that began it.
fn meaning(lines: &Lines<'_>, parts: &[Part], message: &str) -> (Kind, Option<String>) {
    for part in parts.iter().rev() {
        let text = lines.clean(part.at);
        if let Some(key) = text.trim().strip_prefix("KeyError: ").filter(|_| part.environment) {
            return (Kind::MissingVariable, failure::first_word(key));
        }
    }
    if let Some(name) = settings_field(lines, parts, message) {
        return (Kind::MissingVariable, Some(name));
    }
    let told = |part: &Part| failure::about(lines.clean(part.at).trim());
    match parts.iter().rev().find_map(told) {
        Some(found) => found,
        None => (Kind::Exception, None),
    }
}

/// pydantic: `1 validation error for Settings`, then the field, then `Field required`.
fn settings_field(lines: &Lines<'_>, parts: &[Part], message: &str) -> Option<String> {
    let settings = message.contains("validation error") && message.contains("ettings");
    let at = parts.last().filter(|_| settings)?.at;
    let required =
        lines.clean(at + 2).trim_start().to_ascii_lowercase().starts_with("field required");
    required.then(|| lines.clean(at + 1).trim().to_ascii_uppercase())
}

/// Reads the frames from the line after the heading up to the exception.
fn part(lines: &Lines<'_>, from: usize, indent: usize) -> Option<Part> {
    let (mut frame, mut environment) = (None, false);
    for at in from..lines.len() {
        let line = lines.clean(at);
        let deep = line.chars().take_while(|letter| letter.is_whitespace()).count() > indent;
        // loguru marks the frame that raised, and draws values below the source.
        let inside = deep || line.starts_with("> File ") || line.starts_with(['│', '└']);
        if !inside && !line.trim().is_empty() {
            return Some(Part { at, to: message_end(lines, at), frame, environment });
        }
        if let Some((place, own)) = place(line.trim_start_matches(['>', ' ', '\t', '|', '+'])) {
            environment |= !own
                && place.file.contains("os")
                && place.function.as_deref() == Some("__getitem__");
            if own {
                frame = Some(place);
            }
        } else {
            environment |= line.contains("environ");
        }
    }
    None
}

/// `File "/app/main.py", line 12, in load`: the place, and whether it is the user's own code.
fn place(line: &str) -> Option<(Frame, bool)> {
    let (file, rest) = line.strip_prefix("File \"")?.split_once("\", line ")?;
    let (number, function) = match rest.split_once(", in ") {
        Some((number, function)) => (number, Some(function.to_owned())),
        None => (rest, None),
    };
    const FOREIGN: [&str; 5] =
        ["site-packages/", "dist-packages/", "/lib/python", "/lib64/python", "<frozen"];
    let own = !FOREIGN.iter().any(|it| file.contains(it));
    Some((Frame { file: file.to_owned(), line: number.parse().ok(), function }, own))
}

/// A message may go on over indented lines and notes, up to a blank or a dated line.
fn message_end(lines: &Lines<'_>, at: usize) -> usize {
    let mut last = at;
    while last + 1 < lines.len() && lines.clean(last + 1).starts_with([' ', '\t']) {
        last += 1;
    }
    last
}

/// Where the next traceback of the chain opens.
fn chained(lines: &Lines<'_>, from: usize) -> Option<usize> {
    let told = (from..from + 3).find(|at| {
        let line = lines.clean(*at);
        BECAUSE_OF.iter().any(|words| line.contains(words))
    })?;
    (told + 1..told + 4).find(|at| lines.clean(*at).contains(OPENS))
}

/// A traceback that a logger wrote, or that ended only a thread, is not the process's end by itself.
fn is_handled(before: &str, prefix: &str) -> bool {
    let logged = ["ERROR", "WARN", "Exception in thread", "Exception ignored", "exception calling"];
    !prefix.trim().is_empty() || logged.iter().any(|word| before.contains(word))
}

/// Kept beside the reader of tracebacks: `os.environ` raises `KeyError`, everything else says so in words.
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_key_errors_name_the_same_variable() {
        let log = "Traceback (most recent call last):\n  File \"/app/main.py\", line 3, in <module>\n    url = os.environ[\"DATABASE_URL\"]\n  File \"<frozen os>\", line 685, in __getitem__\nKeyError: 'DATABASE_URL'\n";
        let told = super::super::read(log).told.unwrap();
        assert_eq!(told.kind, Kind::MissingVariable);
        assert_eq!(told.named, super::super::variable::about("DATABASE_URL is not set"));
        assert_eq!(told.frame.unwrap().to_string(), "/app/main.py:3");
    }
}
