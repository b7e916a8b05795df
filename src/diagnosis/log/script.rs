//! Ruby, PHP, Dart and Lua: exceptions that nobody caught.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::found::Found;
use super::lines::Lines;
use super::{Frame, Kind, Language, Weight};

pub(super) fn read(lines: &Lines<'_>, at: usize, line: &str) -> Option<Found> {
    ruby(lines, at, line)
        .or_else(|| php(lines, at, line))
        .or_else(|| dart(lines, at, line))
        .or_else(|| lua(lines, at, line))
}

/// `/app/main.rb:3:in 'place': boom (RuntimeError)`. The message may go on over lines before its class.
fn ruby(lines: &Lines<'_>, at: usize, line: &str) -> Option<Found> {
    static RAISED: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"^(\S+\.rb>?):(\d+):(?:in [`']([^']+)':)? ?(.*?)(?: \(([A-Z][\w:]*)\))?$").ok()
    });
    static PLACE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^\s+(?:\d+: )?from (\S+\.rb>?):(\d+):in [`']([^']+)'").ok());
    static CLASS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\(([A-Z]\w*(?:::\w+)*)\)$").ok());
    let raised = RAISED.as_ref()?.captures(line)?;
    let class = match raised.get(5) {
        Some(class) => class.as_str().to_owned(),
        None => {
            let below = (at + 1..lines.len().min(at + 8)).find_map(|at| {
                let line = lines.clean(at);
                let found = CLASS.as_ref()?.captures(&line)?;
                Some(found.get(1)?.as_str().to_owned())
            });
            let syntax = raised.get(4).is_some_and(|it| it.as_str().contains("syntax error"));
            below.or_else(|| syntax.then(|| "SyntaxError".to_owned()))?
        }
    };
    // Its causes follow, each with its own frames.
    let inside = (at + 1..lines.len()).take_while(|at| {
        let line = lines.clean(*at);
        line.starts_with([' ', '\t']) || RAISED.as_ref().is_some_and(|it| it.is_match(&line))
    });
    let causes: Vec<String> = inside
        .clone()
        .map(|at| lines.clean(at).into_owned())
        .filter(|line| !line.starts_with([' ', '\t']))
        .collect();
    let to = inside.last().unwrap_or(at);
    let below = (at + 1..=to).filter_map(|at| {
        let line = lines.clean(at);
        PLACE.as_ref()?.captures(&line).as_ref().and_then(ruby_frame)
    });
    let message = format!("{class}: {}", raised.get(4)?.as_str());
    let mut found = Found {
        to,
        kind: Kind::Exception,
        frame: ruby_frame(&raised).into_iter().chain(below).find(is_own_ruby),
        ..Found::line(
            at,
            Language::Ruby,
            &message,
            "Ruby ends the process after an exception that nobody rescued",
        )
    };
    if super::failure::about(&message).is_none()
        && let Some((kind, named)) = causes.iter().find_map(|it| super::failure::about(it))
    {
        (found.kind, found.named) = (kind, named);
    }
    if let Some(name) = missing_key(&message) {
        (found.kind, found.named) = (Kind::MissingVariable, Some(name));
    }
    Some(found)
}

/// `ENV.fetch` raises `KeyError` like any other table; keys in capitals are variables.
fn missing_key(message: &str) -> Option<String> {
    let key = message.strip_prefix("KeyError: key not found: ")?;
    let name = super::failure::first_word(key)?;
    let variable =
        |letter: u8| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == b'_';
    name.bytes().all(variable).then_some(name)
}

fn ruby_frame(found: &Captures<'_>) -> Option<Frame> {
    Some(Frame {
        file: found.get(1)?.as_str().to_owned(),
        line: found.get(2)?.as_str().parse().ok(),
        function: found.get(3).map(|name| name.as_str().to_owned()),
    })
}

fn is_own_ruby(frame: &Frame) -> bool {
    !["/gems/", "/lib/ruby/", "<internal:"].iter().any(|it| frame.file.contains(it))
}

/// `PHP Fatal error:  Uncaught Exception: boom in /app/x.php:3`. The same stands a second time on the
/// other stream, without `PHP`.
fn php(lines: &Lines<'_>, at: usize, line: &str) -> Option<Found> {
    let heads = ["Fatal error: ", "Parse error: "];
    let (before, told) = heads.iter().find_map(|head| line.split_once(head))?;
    let (told, to) = message_of_php(lines, at, told.trim())?;
    let told = told.strip_prefix("Uncaught ").unwrap_or(&told);
    let (message, place) = told.rsplit_once(" in ").unwrap_or((told, ""));
    let (file, number) =
        place.rsplit_once(" on line ").or_else(|| place.rsplit_once(':')).unwrap_or((place, ""));
    let parsed = number.trim().parse().ok();
    let frame = Frame { file: file.to_owned(), line: parsed, function: None };
    // A request that fails does not end the server: only the command line's own program ends so.
    let served = before.contains("FastCGI") || before.contains("WARNING: [pool");
    Some(Found {
        to,
        kind: Kind::Exception,
        weight: if served { Weight::Logged } else { Weight::Said },
        frame: (file.ends_with(".php") && parsed.is_some()).then_some(frame),
        ..Found::line(at, Language::Php, message, "PHP's last fatal error")
    })
}

/// The message up to ` in FILE:LINE`, and the last line of the trace.
fn message_of_php(lines: &Lines<'_>, at: usize, told: &str) -> Option<(String, usize)> {
    let own = told.contains(".php") || told.starts_with("Uncaught ") || told.contains(" on line ");
    if !own {
        return None;
    }
    let inside = (at + 1..lines.len().min(at + 80)).take_while(|at| {
        let line = lines.clean(*at);
        let line = line.trim_start();
        line.starts_with('#')
            || line.starts_with("Stack trace:")
            || line.starts_with("thrown in ")
            || line.starts_with("PHP ")
    });
    Some((told.to_owned(), inside.last().unwrap_or(at)))
}

/// `Unhandled exception:`, and the exception on the next line.
fn dart(lines: &Lines<'_>, at: usize, line: &str) -> Option<Found> {
    static PLACE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^#\d+ +(.+?) \((\S+\.dart):(\d+)(?::\d+)?\)").ok());
    if line.trim() != "Unhandled exception:" {
        return None;
    }
    let message = lines.clean(at + 1);
    let frames = (at + 2..lines.len().min(at + 80)).take_while(|at| {
        let line = lines.clean(*at);
        line.starts_with('#') || line.starts_with("<asynchronous")
    });
    let last = frames.clone().last();
    let own = frames.into_iter().find_map(|at| {
        let line = lines.clean(at);
        let found = PLACE.as_ref()?.captures(&line)?;
        let file = found.get(2)?.as_str();
        (!file.starts_with("dart:") && !file.contains("pub.dev")).then(|| Frame {
            file: file.to_owned(),
            line: found.get(3).and_then(|number| number.as_str().parse().ok()),
            function: found.get(1).map(|name| name.as_str().to_owned()),
        })
    });
    Some(Found {
        from: at,
        to: last.unwrap_or(at + 1),
        kind: Kind::Exception,
        certain: true,
        frame: own,
        ..Found::line(
            at + 1,
            Language::Dart,
            &message,
            "Dart ends after an exception that nobody caught",
        )
    })
}

/// `lua: /app/x.lua:3: attempt to index a nil value`, and `stack traceback:` below it.
fn lua(lines: &Lines<'_>, at: usize, line: &str) -> Option<Found> {
    let above = at.checked_sub(1).filter(|_| line.trim() == "stack traceback:")?;
    // A module that is not found is followed by every place where it is not.
    let above = (above.saturating_sub(40)..=above)
        .rev()
        .find(|at| !lines.clean(*at).starts_with([' ', '\t']))?;
    let message = lines.clean(above);
    let missing = message
        .split_once("module '")
        .and_then(|(_, rest)| Some(rest.split_once("' not found")?.0.to_owned()));
    let to =
        (at + 1..lines.len()).take_while(|at| lines.clean(*at).starts_with([' ', '\t'])).last();
    Some(Found {
        from: above,
        to: to.unwrap_or(at),
        kind: if missing.is_some() { Kind::MissingModule } else { Kind::Exception },
        named: missing,
        ..Found::line(
            above,
            Language::Text,
            &message,
            "Lua's report of an error that nobody caught",
        )
    })
}
