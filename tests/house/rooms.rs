//! Imports run one way, pure rooms stay pure, every room has a front door.

use std::path::Path;

use regex::Regex;

use crate::{files, none, text};

/// Each room and what it may import, itself aside. Top to bottom is the direction of imports; edge rooms
/// never import each other.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("main", &["cli", "tls"]),
    (
        "cli",
        &[
            "daemon",
            "config",
            "intake",
            "collect",
            "ledger",
            "delivery",
            "web",
            "brief",
            "incident",
            "diagnosis",
            "telemetry",
            "tls",
            "standin",
        ],
    ),
    (
        "daemon",
        &[
            "config",
            "intake",
            "collect",
            "ledger",
            "delivery",
            "web",
            "brief",
            "incident",
            "diagnosis",
            "telemetry",
            "tls",
        ],
    ),
    (
        "config",
        &["intake", "collect", "ledger", "delivery", "web", "brief", "incident", "diagnosis"],
    ),
    ("standin", &["brief", "incident", "diagnosis", "tls"]),
    ("intake", EDGE),
    ("collect", EDGE),
    ("ledger", EDGE),
    ("delivery", EDGE),
    ("web", EDGE),
    ("telemetry", &[]),
    ("tls", &[]),
    ("brief", &["incident", "diagnosis"]),
    ("incident", &["diagnosis"]),
    ("diagnosis", &[]),
];

/// What every edge room may import.
const EDGE: &[&str] = &["brief", "incident", "diagnosis", "telemetry", "tls"];

/// The rooms without I/O, clock or failure, and the crates they may use: none of these does any.
const PURE: &[&str] = &["diagnosis", "incident", "brief"];
const PURE_CRATES: &[&str] = &[
    "aho_corasick",
    "core",
    "humantime_serde",
    "jiff",
    "k8s_openapi",
    "maud",
    "regex",
    "schemars",
    "serde",
    "serde_json",
    "std",
    "strsim",
];

/// The most lines a file may have before its tests; 400 is the aim.
const LONGEST: usize = 600;

#[test]
fn imports_run_one_way() {
    let mut complaints = Vec::new();
    for file in files("src", ".rs") {
        let room = room(&file);
        if room == "lib" {
            continue;
        }
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == room) else {
            complaints.push(format!("{}: room `{room}` has no place in the house", file.display()));
            continue;
        };
        for (line, imported) in imports(&file) {
            if imported != room && !allowed.contains(&imported.as_str()) {
                complaints.push(format!(
                    "{}:{line}: {room} imports {imported}; allowed: {}",
                    file.display(),
                    allowed.join(", ")
                ));
            }
        }
    }
    none(&complaints);
}

#[test]
fn the_reader_of_imports_sees_every_form() {
    let source = "use crate::web;\nuse crate::{\n    brief::{a, b},\n    ledger,\n};\n\
                  // crate::cli\nlet x = crate::daemon::run();\nuse super::collect::x;\n\
                  mod tests {\n    use super::super::config;\n    use super::own;\n}\n";
    let found = imports_of(source, Path::new("src/intake/mod.rs"));
    let found: Vec<String> =
        found.into_iter().map(|(line, room)| format!("{line} {room}")).collect();
    assert_eq!(
        found,
        ["1 web", "2 brief", "2 ledger", "7 daemon", "8 collect", "10 config"],
        "{found:?}"
    );
}

#[test]
fn pure_rooms_deny_what_they_must_not_touch() {
    let mut complaints = Vec::new();
    let uses =
        Regex::new(r"^\s*(?:pub(?:\([^)]*\))? )?use (?:::)?([a-z_][a-z0-9_]*)(?:::|;| )").unwrap();
    for room in PURE {
        let door = text(Path::new(&format!("src/{room}/mod.rs"))).unwrap();
        let fence = "#![deny(clippy::disallowed_methods, clippy::disallowed_types)]";
        if !door.lines().any(|line| line == fence) {
            complaints.push(format!("src/{room}/mod.rs: lacks {fence}"));
        }
        for file in files(&format!("src/{room}"), ".rs") {
            let source = text(&file).unwrap();
            let modules: Vec<&str> =
                source.lines().filter_map(|line| line.trim().strip_prefix("mod ")).collect();
            // Tests may use what tests are made with.
            let code = source.lines().take_while(|line| !line.starts_with("#[cfg(test)]"));
            for (number, line) in (1..).zip(code) {
                let Some(used) = uses.captures(line).map(|it| it[1].to_owned()) else { continue };
                let inner = ["crate", "self", "super"].contains(&used.as_str())
                    || modules.contains(&format!("{used};").as_str());
                if !inner && !PURE_CRATES.contains(&used.as_str()) {
                    complaints
                        .push(format!("{}:{number}: a pure room uses {used}", file.display()));
                }
                for touched in ["std::fs", "std::net", "std::env", "std::io", "std::process"] {
                    if line.contains(touched) && !line.trim_start().starts_with("//") {
                        complaints.push(format!(
                            "{}:{number}: a pure room uses {touched}",
                            file.display()
                        ));
                    }
                }
            }
        }
    }
    none(&complaints);
}

#[test]
fn every_room_says_at_its_door_what_never_happens_inside() {
    let never = Regex::new(r"(?is)\*[^*]*\b(never|nothing|no)\b[^*]*\*").unwrap();
    let mut complaints = Vec::new();
    for file in files("src", "mod.rs") {
        let source = text(&file).unwrap();
        let head: Vec<&str> =
            source.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
        if head.is_empty() {
            complaints.push(format!("{}: does not open with //!", file.display()));
        } else if file.components().count() == 3 && !never.is_match(&head.join(" ")) {
            complaints.push(format!("{}: does not say *what never happens here*", file.display()));
        }
    }
    none(&complaints);
}

#[test]
fn no_file_outgrows_a_reader() {
    let mut complaints = Vec::new();
    for file in files("src", ".rs") {
        let source = text(&file).unwrap();
        let lines = source.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count();
        if lines > LONGEST {
            complaints.push(format!("{}: {lines} lines before its tests", file.display()));
        }
    }
    none(&complaints);
}

/// The room a file belongs to.
fn room(file: &Path) -> String {
    let first = file.components().nth(1).unwrap().as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

fn imports(file: &Path) -> Vec<(usize, String)> {
    imports_of(&text(file).unwrap(), file)
}

/// The rooms a source names, by line: after `crate::`, in its braces, or by `super::` up to the root.
fn imports_of(source: &str, file: &Path) -> Vec<(usize, String)> {
    let code: Vec<String> = source
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default().to_owned() + "\n")
        .collect();
    let code = code.concat();
    let named = Regex::new(r"\b(?:crate|firsthand)::([a-z_]+)").unwrap();
    let braced = Regex::new(r"\b(?:crate|firsthand)::\{").unwrap();
    let above = Regex::new(r"(?m)^([ ]*).*?\b((?:super::)+)([a-z_]+)").unwrap();
    let line = |at: usize| code[..at].matches('\n').count() + 1;
    let mut found = Vec::new();
    for it in named.captures_iter(&code) {
        found.push((line(it.get(0).unwrap().start()), it[1].to_owned()));
    }
    for it in braced.find_iter(&code) {
        found.extend(members(&code[it.end()..]).into_iter().map(|room| (line(it.start()), room)));
    }
    // src/a/mod.rs and src/a.rs are one step below the root, src/a/b.rs two; a nested module one more.
    let steps = file.components().count() - 1 - usize::from(file.ends_with("mod.rs"));
    for it in above.captures_iter(&code) {
        let supers = it[2].matches("super").count();
        if supers >= steps + usize::from(!it[1].is_empty()) {
            found.push((line(it.get(2).unwrap().start()), it[3].to_owned()));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The first word of every member of a brace list whose opening brace has just been read.
fn members(code: &str) -> Vec<String> {
    let (mut depth, mut word, mut fresh, mut found) = (1, String::new(), true, Vec::new());
    for c in code.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => fresh = true,
            _ => {}
        }
        if depth == 1 && fresh && (c.is_alphanumeric() || c == '_') {
            word.push(c);
        } else if !word.is_empty() {
            found.push(std::mem::take(&mut word));
            fresh = false;
        }
        if depth == 0 {
            break;
        }
    }
    found
}
