//! Rust, Ruby, PHP, C and C++: one or two lines each.

use std::sync::LazyLock;

use regex::Regex;

use super::choose::Found;
use super::lines::Lines;
use super::{Frame, Kind, Language, Weight};

pub(super) fn read(lines: &Lines<'_>, at: usize, line: &str) -> Option<Found> {
    rust(lines, at, line)
        .or_else(|| ruby(lines, at, line))
        .or_else(|| php(at, line))
        .or_else(|| native(lines, at, line))
}

fn found(at: usize, language: Language, kind: Kind, message: &str, why: &'static str) -> Found {
    Found {
        at,
        from: at,
        to: at,
        kind,
        weight: Weight::Ended,
        language,
        message: message.to_owned(),
        frame: None,
        named: None,
        why,
    }
}

/// Since 1.73 the message stands on the next line; before, it stood quoted before the place.
fn rust(lines: &Lines<'_>, at: usize, line: &str) -> Option<Found> {
    static PANIC: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"^thread '([^']*)'(?: \(\d+\))? panicked at (?:'(.*)', )?([^\s:]+):(\d+):\d+(:?)$",
        )
        .ok()
    });
    let panic = PANIC.as_ref()?.captures(line)?;
    let old = panic.get(2).map(|message| message.as_str().to_owned());
    let (told, message) = match old {
        Some(message) => (at, message),
        None => (at + 1, lines.clean(at + 1).trim().to_owned()),
    };
    let main = panic.get(1).is_some_and(|thread| thread.as_str() == "main");
    let backtrace = (told + 1..lines.len()).take_while(|at| {
        let line = lines.clean(*at);
        line.starts_with([' ', '\t'])
            || line.starts_with("stack backtrace")
            || line.starts_with("note: ")
    });
    Some(Found {
        from: at,
        to: backtrace.last().unwrap_or(told),
        weight: if main { Weight::Ended } else { Weight::Logged },
        frame: Some(Frame {
            file: panic.get(3)?.as_str().to_owned(),
            line: panic.get(4)?.as_str().parse().ok(),
            function: None,
        }),
        ..found(
            told,
            Language::Rust,
            Kind::Panic,
            &message,
            "Rust ends the process when its main thread panics",
        )
    })
}

/// `/app/main.rb:3:in 'place': boom (RuntimeError)`.
fn ruby(lines: &Lines<'_>, at: usize, line: &str) -> Option<Found> {
    static RAISED: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"^(\S+\.rb):(\d+):in [`']([^']+)': (.*) \(([A-Z][\w:]*)\)$").ok()
    });
    static PLACE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^\s+(?:\d+: )?from (\S+\.rb):(\d+):in [`']([^']+)'").ok());
    let raised = RAISED.as_ref()?.captures(line)?;
    let frame = |found: &regex::Captures<'_>| {
        Some(Frame {
            file: found.get(1)?.as_str().to_owned(),
            line: found.get(2)?.as_str().parse().ok(),
            function: Some(found.get(3)?.as_str().to_owned()),
        })
    };
    let own = |frame: &Frame| !frame.file.contains("/gems/") && !frame.file.contains("/lib/ruby/");
    let to =
        (at + 1..lines.len()).take_while(|at| lines.clean(*at).starts_with([' ', '\t'])).last();
    let below = (at + 1..=to.unwrap_or(at)).filter_map(|at| {
        let line = lines.clean(at);
        PLACE.as_ref()?.captures(&line).as_ref().and_then(frame)
    });
    let message = format!("{}: {}", raised.get(5)?.as_str(), raised.get(4)?.as_str());
    let missing = message.strip_prefix("KeyError: key not found: ");
    let mut found = found(
        at,
        Language::Ruby,
        Kind::Exception,
        &message,
        "Ruby ends the process after an exception that nobody rescued",
    );
    if let Some(name) = missing.and_then(super::failure::first_word)
        && name
            .bytes()
            .all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == b'_')
    {
        (found.kind, found.named) = (Kind::MissingVariable, Some(name));
    }
    found.to = to.unwrap_or(at);
    found.frame = frame(&raised).into_iter().chain(below).find(own);
    Some(found)
}

/// `PHP Fatal error:  Uncaught Exception: boom in /app/x.php:3`.
fn php(at: usize, line: &str) -> Option<Found> {
    let (_, told) =
        line.split_once("PHP Fatal error:  ").or_else(|| line.split_once("PHP Parse error:  "))?;
    let told = told.strip_prefix("Uncaught ").unwrap_or(told);
    let (message, place) = told.rsplit_once(" in ").unwrap_or((told, ""));
    let (file, number) =
        place.rsplit_once(" on line ").or_else(|| place.rsplit_once(':')).unwrap_or((place, ""));
    let frame = Frame { file: file.to_owned(), line: number.trim().parse().ok(), function: None };
    // A request that fails does not end the server: only the command line's own program ends so.
    Some(Found {
        weight: Weight::Said,
        frame: (!file.is_empty()).then_some(frame),
        ..found(at, Language::Php, Kind::Exception, message, "PHP's last fatal error")
    })
}

fn native(lines: &Lines<'_>, at: usize, line: &str) -> Option<Found> {
    let told = |message: &str, why| found(at, Language::Native, Kind::Native, message, why);
    if let Some(thrown) = line.strip_prefix("terminate called ") {
        let what = lines.clean(at + 1);
        let what = what.trim_start().strip_prefix("what():").map(str::trim);
        let class = thrown
            .rsplit_once("instance of ")
            .map_or(thrown, |(_, class)| class.trim_matches('\''));
        let message = what.map_or(class.to_owned(), |what| format!("{class}: {what}"));
        let report = told(&message, "C++ ends the process after an exception that nobody caught");
        return Some(Found { at: if what.is_some() { at + 1 } else { at }, to: at + 1, ..report });
    }
    if line.contains("# A fatal error has been detected") {
        let cause =
            (at + 1..at + 4).find(|at| lines.clean(*at).trim_matches(['#', ' ']).len() > 2)?;
        let line = lines.clean(cause);
        let report = told(line.trim_matches(['#', ' ']), "the JVM itself crashed");
        return Some(Found { at: cause, to: cause + 12, ..report });
    }
    let words = [
        "Segmentation fault",
        "Assertion `",
        "double free or corruption",
        "(core dumped)",
        "stack smashing detected",
    ];
    let said = words.iter().any(|word| line.contains(word)) && !line.starts_with('{');
    said.then(|| told(line.trim(), "the C library or the shell reports the end of the process"))
}
