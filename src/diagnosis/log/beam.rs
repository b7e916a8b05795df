//! Erlang's runtime, under Erlang and Elixir.

use std::sync::LazyLock;

use regex::Regex;

use super::found::Found;
use super::lines::Lines;
use super::{Frame, Kind, Language, Weight, failure};

/// A report of the BEAM is not longer than this.
const REPORT_LINES: usize = 60;

pub(super) fn read(lines: &Lines<'_>, at: usize, line: &str) -> Option<Found> {
    if line.contains("init terminating in") || line.contains("Runtime terminating during boot") {
        // The same is said again in other words, and the dump is announced.
        let again =
            ["init terminating", "Runtime terminating", "rash dump", "could not start kernel"];
        let to = (at + 1..lines.len().min(at + 6)).rfind(|at| {
            let line = lines.clean(*at);
            again.iter().any(|words| line.contains(words))
        });
        return Some(Found {
            to: to.unwrap_or(at),
            kind: Kind::Exception,
            certain: true,
            ..Found::line(at, Language::Beam, line, "Erlang's runtime ends when its boot fails")
        });
    }
    if line.trim() == "BOOT FAILED" {
        return boot_failed(lines, at);
    }
    let (before, _) = line.split_once("** (")?;
    let first = message(line)?;
    let logged = before.contains("[error]") || (at > 0 && lines.clean(at - 1).contains("[error]"));
    let (mut best, mut said, mut to, mut frame) = (at, first, at, None);
    for at in at + 1..lines.len().min(at + REPORT_LINES) {
        let line = lines.clean(at);
        if line.trim().is_empty() || !line.starts_with([' ', '\t']) {
            break;
        }
        to = at;
        // `(Mix)` and `(EXIT)` only say that something else failed: the next `** (` says what.
        let wraps = ["(Mix)", "(EXIT", "(stop)"].iter().any(|it| said.starts_with(it));
        match message(&line) {
            Some(inner) if wraps => (best, said, frame) = (at, inner, None),
            _ => frame = frame.or_else(|| place(line.trim())),
        }
    }
    let (kind, named) = failure::about(&said).unwrap_or((Kind::Exception, None));
    Some(Found {
        at: best,
        from: at,
        to,
        kind,
        named,
        frame,
        weight: if logged { Weight::Logged } else { Weight::Ended },
        ..Found::line(at, Language::Beam, &said, "an exception that nobody rescued ends the boot")
    })
}

/// `(KeyError) key :rate not found` of `** (KeyError) key :rate not found`.
fn message(line: &str) -> Option<String> {
    line.split_once("** ").map(|(_, rest)| rest.trim().to_owned()).filter(|it| it.starts_with('('))
}

/// `(shop 0.1.0) lib/shop/rates.ex:12: Shop.Rates.load/1`; libraries stand in `deps/`.
fn place(line: &str) -> Option<Frame> {
    static PLACE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"^(?:\(([\w]+) [\d.]+[^)]*\) )?([\w./-]+\.exs?):(\d+): (.+)$").ok()
    });
    let found = PLACE.as_ref()?.captures(line)?;
    let of_platform = ["elixir", "stdlib", "kernel", "mix", "logger", "ecto", "phoenix"];
    let library = found.get(1).is_some_and(|name| of_platform.contains(&name.as_str()));
    let file = found.get(2)?.as_str();
    (!library && !file.starts_with("deps/")).then(|| Frame {
        file: file.to_owned(),
        line: found.get(3).and_then(|number| number.as_str().parse().ok()),
        function: found.get(4).map(|name| name.as_str().to_owned()),
    })
}

/// RabbitMQ's own heading; the first sentence below it says why.
fn boot_failed(lines: &Lines<'_>, at: usize) -> Option<Found> {
    let told = (at + 1..lines.len().min(at + 8)).find(|at| {
        let line = lines.clean(*at);
        !line.trim_matches(['=', ' ', '\t']).is_empty() && !line.contains("BOOT FAILED")
    })?;
    let line = lines.clean(told);
    let (kind, named) = failure::about(&line).unwrap_or((Kind::Fatal, None));
    Some(Found {
        from: at,
        to: told + 12,
        kind,
        named,
        ..Found::line(
            told,
            Language::Server,
            &line,
            "RabbitMQ's own report of why it did not start",
        )
    })
}
