//! R, Perl, Haskell, Clojure, and the launcher of .NET: ends that are told in a few lines of their own.

use std::sync::LazyLock;

use regex::Regex;

use super::found::Found;
use super::lines::Lines;
use super::{Frame, Kind, Language, failure};

pub(super) fn read(lines: &Lines<'_>, at: usize, line: &str) -> Option<Found> {
    match line.trim() {
        "Execution halted" => r(lines, at),
        "CallStack (from HasCallStack):" => haskell(lines, at),
        _ if line.starts_with("Execution error") || line.starts_with("Syntax error ") => {
            clojure(lines, at, line)
        }
        _ if line.ends_with("aborted due to compilation errors.") => perl(lines, at),
        "You must install or update .NET to run this application." => dotnet(lines, at, line),
        _ => None,
    }
}

/// R's last word; what it was about stands above: `Error in f(x) : message`, and warnings that say more.
fn r(lines: &Lines<'_>, at: usize) -> Option<Found> {
    let is_error = |line: &str| {
        ["Error in ", "Error: ", "Error : ", "Error "].iter().any(|it| line.starts_with(it))
    };
    let first = (at.saturating_sub(16)..at).rev().find(|at| is_error(&lines.clean(*at)))?;
    let whole = (first..at).map(|at| lines.clean(at).trim().to_owned()).collect::<Vec<_>>();
    let head = whole.first()?.clone();
    // A long call leaves its message to the next line.
    let open = head.ends_with(':') || head.ends_with(" :");
    let message = match whole.get(1).filter(|_| open) {
        Some(next) => format!("{head} {next}"),
        None => head,
    };
    let (kind, named) = match message.split_once("there is no package called ") {
        Some((_, name)) => {
            (Kind::MissingModule, failure::first_word(name.trim_matches(['‘', '’', '\'', '"'])))
        }
        None => failure::about(&whole.join(" ")).unwrap_or((Kind::Exception, None)),
    };
    let why = "R ends after an error that nothing caught";
    Some(Found {
        from: first,
        to: at,
        kind,
        named,
        certain: true,
        ..Found::line(first, Language::Text, &message, why)
    })
}

/// What Perl's compiler did not understand stands above its last word: `Global symbol "$y" … line 1.`
fn perl(lines: &Lines<'_>, at: usize) -> Option<Found> {
    static PLACE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^(.*) at (\S+) line (\d+)(?:, (?:near|at) .*|\.)$").ok());
    let place = PLACE.as_ref()?;
    let above = (at.saturating_sub(40)..at).rev();
    let first = above
        .take_while(|at| {
            let line = lines.clean(*at);
            place.is_match(&line) || line.starts_with(['"', ' ', '\t'])
        })
        .last()?;
    let line = lines.clean(first);
    let found = place.captures(&line)?;
    let frame = Frame { file: found[2].to_owned(), line: found[3].parse().ok(), function: None };
    let why = "Perl does not begin a program that it does not understand";
    Some(Found {
        from: first,
        to: at,
        kind: Kind::Exception,
        certain: true,
        frame: Some(frame),
        ..Found::line(first, Language::Text, &found[1], why)
    })
}

/// `shop: Prelude.head: empty list`, and where it was called from below it.
fn haskell(lines: &Lines<'_>, at: usize) -> Option<Found> {
    static PLACE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"^\s+(\S+), called at (\S+\.hs):(\d+):\d+ in (\S+):\S+$").ok()
    });
    let told = at.checked_sub(1)?;
    let calls = (at + 1..lines.len().min(at + 40))
        .take_while(|at| lines.clean(*at).starts_with(' '))
        .collect::<Vec<_>>();
    let frame = calls.iter().find_map(|at| {
        let line = lines.clean(*at);
        let found = PLACE.as_ref()?.captures(&line)?;
        (!["base", "containers"].contains(&found.get(4)?.as_str())).then(|| Frame {
            file: found[2].to_owned(),
            line: found[3].parse().ok(),
            function: Some(found[1].to_owned()),
        })
    });
    let message = lines.clean(told);
    let message = message.split_once(": ").map_or(&*message, |(_, said)| said);
    let why = "Haskell's report of an error that nobody caught";
    Some(Found {
        from: told,
        to: calls.last().copied().unwrap_or(at),
        kind: Kind::Exception,
        frame,
        ..Found::line(told, Language::Text, message, why)
    })
}

/// `Execution error (ClassName) at shop.core/start (core.clj:12).`, and the message on the next line.
fn clojure(lines: &Lines<'_>, at: usize, line: &str) -> Option<Found> {
    static PLACE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"^(?:Execution|Syntax) error(?: \(([\w$.]+)\))?.*? at (?:(\S+) )?\(([^():]+\.clj[cs]?):(\d+)(?::\d+)?\)\.$").ok()
    });
    let found = PLACE.as_ref()?.captures(line)?;
    let said = lines.clean(at + 1);
    let message = match found.get(1) {
        Some(class) => format!("{}: {}", class.as_str(), said.trim()),
        None => said.trim().to_owned(),
    };
    let own = !found[3].starts_with("core_");
    let frame = own.then(|| Frame {
        file: found[3].to_owned(),
        line: found[4].parse().ok(),
        function: found.get(2).map(|name| name.as_str().to_owned()),
    });
    let why = "Clojure ends after an exception that nobody caught";
    Some(Found {
        from: at,
        to: at + 1,
        kind: Kind::Exception,
        frame,
        ..Found::line(at + 1, Language::Java, &message, why)
    })
}

/// The launcher names the framework that is not there, and those that are.
fn dotnet(lines: &Lines<'_>, at: usize, line: &str) -> Option<Found> {
    let below = at + 1..lines.len().min(at + 16);
    let framework = below
        .clone()
        .find_map(|at| lines.clean(at).trim().strip_prefix("Framework: ").map(str::to_owned));
    let message = match &framework {
        Some(framework) => format!("{} ({framework})", line.trim()),
        None => line.trim().to_owned(),
    };
    let to = below.rev().find(|at| lines.clean(*at).contains("aka.ms/dotnet")).unwrap_or(at);
    let why = ".NET does not start without the framework that the program was built for";
    Some(Found {
        to,
        kind: Kind::MissingModule,
        named: framework.as_deref().and_then(failure::first_word),
        certain: true,
        ..Found::line(at, Language::DotNet, &message, why)
    })
}
