//! Rust, C, C++, their sanitizers, and the JVM itself.

use std::sync::LazyLock;

use regex::Regex;

use super::found::Found;
use super::lines::Lines;
use super::{Frame, Kind, Language, Weight};

pub(super) fn read(lines: &Lines<'_>, at: usize, line: &str) -> Option<Found> {
    rust(lines, at, line)
        .or_else(|| terminate(lines, at, line))
        .or_else(|| sanitizer(lines, at, line))
        .or_else(|| virtual_machine(lines, at, line))
        .or_else(|| short(lines, at, line))
}

/// Since 1.73 the message stands on the next line; before, it stood quoted before the place.
fn rust(lines: &Lines<'_>, at: usize, line: &str) -> Option<Found> {
    static PANIC: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"thread '([^']*)'(?: \(\d+\))? panicked at (?:'(.*)', )?([^\s:]+):(\d+):\d+(:?)$",
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
    let inside = (told + 1..lines.len()).take_while(|at| {
        let line = lines.clean(*at);
        let parts = ["stack backtrace", "note: ", "left: ", "right: ", "thread caused non-unw"];
        line.starts_with([' ', '\t']) || parts.iter().any(|it| line.trim_start().starts_with(it))
    });
    let place = Frame {
        file: panic.get(3)?.as_str().to_owned(),
        line: panic.get(4)?.as_str().parse().ok(),
        function: None,
    };
    let to = inside.last().unwrap_or(told);
    let own = !place.file.starts_with("/rustc/") && !place.file.contains("/.cargo/registry/");
    let why = "Rust ends the process when its main thread panics";
    Some(Found {
        from: at,
        to,
        kind: Kind::Panic,
        certain: main,
        weight: if main { Weight::Ended } else { Weight::Logged },
        frame: own.then_some(place),
        ..Found::line(told, Language::Rust, &message, why)
    })
}

/// C++: `terminate called after throwing an instance of 'X'`, and `what():` below it.
fn terminate(lines: &Lines<'_>, at: usize, line: &str) -> Option<Found> {
    let (_, thrown) = line.split_once("terminate called ")?;
    let below = lines.clean(at + 1);
    let what = below.trim_start().strip_prefix("what():").map(str::trim);
    let class =
        thrown.rsplit_once("instance of ").map_or(thrown, |(_, class)| class.trim_matches('\''));
    let message = what.map_or(class.to_owned(), |what| format!("{class}: {what}"));
    let told = if what.is_some() { at + 1 } else { at };
    let why = "C++ ends the process after an exception that nobody caught";
    Some(Found {
        from: at,
        to: last_words(lines, told),
        kind: Kind::Native,
        certain: true,
        ..Found::line(told, Language::Native, &message, why)
    })
}

/// Where the shell's own words about the death of what it ran end.
fn last_words(lines: &Lines<'_>, at: usize) -> usize {
    let of_shell = |at: &usize| {
        let line = lines.clean(*at);
        ["Aborted", "core dumped", "Segmentation fault", "Trace/breakpoint"]
            .iter()
            .any(|word| line.contains(word))
    };
    (at + 1..lines.len().min(at + 4)).rfind(of_shell).unwrap_or(at)
}

/// `==1==ERROR: AddressSanitizer: heap-use-after-free on address …`, `x.cpp:3:9: runtime error: …`.
fn sanitizer(lines: &Lines<'_>, at: usize, line: &str) -> Option<Found> {
    static PLACE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^\s+#\d+ 0x[0-9a-f]+ in (.+?) (/[^\s:]+):(\d+)").ok());
    let (_, message) = match line.split_once("==ERROR: ").or(line.split_once("==WARNING: ")) {
        Some((before, rest)) if rest.contains("Sanitizer: ") => (before, rest),
        _ => return undefined(at, line),
    };
    let mut to = at;
    let mut frame = None;
    for at in at + 1..lines.len().min(at + 400) {
        let line = lines.clean(at);
        let dump = line.starts_with([' ', '\t', '=', '#'])
            || line.trim().is_empty()
            || line.starts_with("SUMMARY: ")
            || [
                "0x",
                "READ of",
                "WRITE of",
                "freed by",
                "previously",
                "Shadow",
                "Direct",
                "Indirect",
                "allocated",
                "Address ",
                "HINT:",
                "This frame",
                "Thread",
            ]
            .iter()
            .any(|it| line.starts_with(it));
        if !dump {
            break;
        }
        to = at;
        frame = frame.or_else(|| {
            let found = PLACE.as_ref()?.captures(&line)?;
            let file = found.get(2)?.as_str();
            let library = ["/libsanitizer/", "/sysdeps/", "/csu/", "compiler-rt", "/usr/include/"];
            (!library.iter().any(|it| file.contains(it))).then(|| Frame {
                file: file.to_owned(),
                line: found.get(3).and_then(|number| number.as_str().parse().ok()),
                function: Some(found.get(1).map_or("", |name| name.as_str()).to_owned()),
            })
        });
    }
    Some(Found {
        to,
        kind: Kind::Native,
        certain: true,
        frame,
        ..Found::line(at, Language::Native, message, "the sanitizer ends the process")
    })
}

fn undefined(at: usize, line: &str) -> Option<Found> {
    let (place, message) = line.split_once(": runtime error: ")?;
    let mut parts = place.splitn(3, ':');
    let (file, number) = (parts.next()?, parts.next()?.parse().ok()?);
    let place = !file.contains(char::is_whitespace) && parts.next()?.parse::<u32>().is_ok();
    if !place {
        return None;
    }
    let frame = Frame { file: file.to_owned(), line: Some(number), function: None };
    let why = "the sanitizer found undefined behaviour, and may go on";
    Some(Found {
        kind: Kind::Native,
        weight: Weight::Said,
        frame: Some(frame),
        ..Found::line(at, Language::Native, message, why)
    })
}

/// The JVM's own crash, and its heap that does not fit.
fn virtual_machine(lines: &Lines<'_>, at: usize, line: &str) -> Option<Found> {
    let crashed = line.contains("# A fatal error has been detected");
    if !crashed && !line.contains("insufficient memory for the Java") {
        return None;
    }
    let cause = match crashed {
        true => (at + 1..at + 4).find(|at| lines.clean(*at).trim_matches(['#', ' ']).len() > 2)?,
        false => at,
    };
    let to = (at + 1..lines.len().min(at + 40)).take_while(|at| lines.clean(*at).starts_with('#'));
    let text = lines.clean(cause);
    Some(Found {
        from: at,
        to: to.last().unwrap_or(cause),
        kind: if crashed { Kind::Native } else { Kind::HeapExhausted },
        certain: true,
        ..Found::line(
            cause,
            Language::Java,
            text.trim_matches(['#', ' ']),
            "the JVM itself crashed",
        )
    })
}

/// Reports of one line.
fn short(lines: &Lines<'_>, at: usize, line: &str) -> Option<Found> {
    const WORDS: [&str; 12] = [
        "Segmentation fault",
        "segmentation fault",
        "Assertion `",
        "Assertion failed",
        "double free",
        " detected ***",
        "): invalid pointer",
        "overflowed its stack",
        "JavaScript heap out of memory",
        "Fatal Python error: ",
        "memory allocation of ",
        "corrupted size",
    ];
    let aborted = line.contains("core dumped") || line.trim() == "Aborted";
    let said = WORDS.iter().any(|word| line.contains(word));
    if line.starts_with('{') || !(said || aborted) {
        return None;
    }
    let language = match () {
        () if line.contains("JavaScript") => Language::Node,
        () if line.contains("Python") => Language::Python,
        () if line.contains("overflowed") || line.contains("memory allocation") => Language::Rust,
        () => Language::Native,
    };
    let dump = (at + 1..lines.len().min(at + 60)).take_while(|at| {
        let line = lines.clean(*at);
        line.trim().is_empty()
            || line.starts_with([' ', '\t'])
            || [
                "fatal runtime error",
                "----- Native",
                "Current thread",
                "Thread 0x",
                "Extension mod",
            ]
            .iter()
            .any(|it| line.starts_with(it))
    });
    let to = last_words(lines, dump.last().unwrap_or(at));
    // A shell that only says `Aborted` repeats what the program said above it.
    let weight = if said { Weight::Ended } else { Weight::Logged };
    let why = "the C library or the shell reports the end of the process";
    Some(Found {
        to,
        kind: Kind::Native,
        certain: said,
        weight,
        ..Found::line(at, language, line, why)
    })
}
