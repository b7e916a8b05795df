//! Erlang's runtime, under Erlang and Elixir.

use std::sync::LazyLock;

use regex::Regex;

use super::found::Found;
use super::lines::Lines;
use super::{Frame, Kind, Language, Weight, failure};

/// A report of the BEAM is not longer than this.
const REPORT_LINES: usize = 60;

pub(super) fn read(lines: &Lines<'_>, at: usize, line: &str) -> Option<Found> {
    if line.contains(" REPORT====") {
        return otp_report(lines, at);
    }
    let ends = ["init terminating in", "Runtime terminating during boot", "Kernel pid terminated"];
    if ends.iter().any(|words| line.contains(words)) {
        // Elixir has told the exception above, in words; this is the same as a term.
        let above = at.saturating_sub(20)..at;
        let told = |at: usize| {
            let line = lines.clean(at);
            line.contains("** (") || line.starts_with("ERROR! ") || line.contains(" REPORT====")
        };
        if above.clone().any(told) {
            return None;
        }
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
    if line.ends_with("BOOT FAILED") {
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
        let said = without_prefix(&line);
        !said.trim_matches(['=', ' ', '\t']).is_empty() && !line.contains("BOOT FAILED")
    })?;
    let line = lines.clean(told);
    let line = without_prefix(&line);
    let (kind, named) = failure::about(line).unwrap_or((Kind::Fatal, None));
    Some(Found {
        from: at,
        to: told + 12,
        kind,
        named,
        ..Found::line(told, Language::Server, line, "RabbitMQ's own report of why it did not start")
    })
}

/// Without the time, level and process that RabbitMQ's logger puts before each line.
fn without_prefix(line: &str) -> &str {
    let behind = line.split_once("[error] ").map_or(line, |(_, rest)| rest);
    match behind.split_once("> ") {
        Some((process, rest)) if process.starts_with('<') => rest,
        _ if behind.starts_with('<') && behind.ends_with('>') => "",
        _ => behind,
    }
}

/// What OTP's reports of crashes and supervisors say the reason is.
fn otp_report(lines: &Lines<'_>, at: usize) -> Option<Found> {
    let heads = ["=CRASH REPORT====", "=SUPERVISOR REPORT====", "=ERROR REPORT===="];
    let head = lines.clean(at);
    if !heads.iter().any(|it| head.starts_with(it)) {
        return None;
    }
    let below = (at + 1..lines.len().min(at + 30)).take_while(|at| {
        let line = lines.clean(*at);
        line.starts_with([' ', '\t'])
    });
    let of_reason = |line: &str| {
        ["reason:", "exception exit:", "exception error:", "Reason:", "{reason,"]
            .iter()
            .find_map(|it| line.trim_start().strip_prefix(it).map(|said| said.trim().to_owned()))
    };
    let (told, message) = below.clone().find_map(|at| Some((at, of_reason(&lines.clean(at))?)))?;
    let (kind, named) = failure::about(&message).unwrap_or((Kind::Exception, None));
    Some(Found {
        from: at,
        to: below.last().unwrap_or(told),
        kind,
        named,
        weight: Weight::Logged,
        ..Found::line(told, Language::Beam, &message, "the reason in OTP's last report")
    })
}
