//! The documents are true: their links lead somewhere, their commands exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Parser;
use firsthand::cli::Cli;
use regex::Regex;

use crate::{files, none, root, text};

#[test]
fn links_between_documents_lead_somewhere() {
    let link = Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let mut complaints = Vec::new();
    for file in documents() {
        let source = text(&file).unwrap();
        for target in link.captures_iter(&without_code(&source)).map(|it| it[1].to_owned()) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let there = match path {
                "" => file.clone(),
                path => file.parent().unwrap_or(Path::new("")).join(path),
            };
            if !root().join(&there).exists() {
                complaints.push(format!("{}: {target} leads nowhere", file.display()));
            } else if !anchor.is_empty() && !anchors(&there).contains(anchor) {
                complaints.push(format!("{}: {target} names no heading", file.display()));
            }
        }
    }
    none(&complaints);
}

#[test]
fn commands_in_the_documents_exist() {
    let mut complaints = Vec::new();
    let mut seen = 0;
    for file in documents() {
        let source = text(&file).unwrap();
        for line in commands(&source) {
            seen += 1;
            if let Err(error) = Cli::try_parse_from(words(&line))
                && error.use_stderr()
            {
                complaints.push(format!("{}: `{line}`: {error}", file.display()));
            }
        }
    }
    assert!(seen > 0, "no document shows a command");
    none(&complaints);
}

#[test]
fn nothing_is_left_undone_and_no_path_of_a_machine_is_left_in() {
    let undone = Regex::new(concat!(r"\b(TO", "DO|FIX", r"ME|XX", r"X)\b")).unwrap();
    let machine =
        Regex::new(concat!(r#"(^|[\s"'`(=:])/(wo"#, r#"rk|ro"#, r#"ot)/|\.\./sha"#, "red"))
            .unwrap();
    let mut complaints = Vec::new();
    for file in files("", "") {
        let Some(source) = text(&file) else { continue };
        for (number, line) in (1..).zip(source.lines()) {
            if undone.is_match(line) || machine.is_match(line) {
                complaints.push(format!("{}:{number}: {}", file.display(), line.trim()));
            }
        }
    }
    none(&complaints);
}

/// Every document of the project.
fn documents() -> Vec<PathBuf> {
    files("", ".md").into_iter().filter(|file| !file.starts_with("tests")).collect()
}

/// The lines of shell blocks that call the program, without prompt and `cargo run`.
fn commands(source: &str) -> Vec<String> {
    let cargo = Regex::new(r"^cargo run (--release )?(-q )?-- ").unwrap();
    let mut shell = false;
    let mut found = Vec::new();
    for line in source.lines() {
        match line.trim().strip_prefix("```") {
            Some(language) => shell = !shell && ["sh", "console", "bash"].contains(&language),
            None if shell => {
                let line = line.trim().trim_start_matches("$ ");
                let line = cargo.replace(line, "firsthand ");
                if line.starts_with("firsthand ") {
                    found.push(line.split(" #").next().unwrap_or(&line).trim().to_owned());
                }
            }
            None => {}
        }
    }
    found
}

/// The words of a command line, up to where its output is sent elsewhere.
fn words(line: &str) -> Vec<String> {
    let line = line.split([';', '|', '>', '&']).next().unwrap_or(line);
    line.split_whitespace().map(|word| word.trim_matches(['\'', '"']).to_owned()).collect()
}

/// The anchors of a document's headings, as forges make them.
fn anchors(file: &Path) -> BTreeSet<String> {
    let source = text(file).unwrap_or_default();
    source
        .lines()
        .filter_map(|line| line.strip_prefix('#'))
        .map(|line| {
            let heading = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
            heading.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
        })
        .collect()
}

/// The text without code blocks and code spans, in which brackets mean something else.
fn without_code(source: &str) -> String {
    let spans = Regex::new(r"`[^`\n]*`").unwrap();
    let mut code = false;
    let lines: Vec<&str> = source
        .lines()
        .filter(|line| {
            let fence = line.trim_start().starts_with("```");
            code ^= fence;
            !code && !fence
        })
        .collect();
    spans.replace_all(&lines.join("\n"), "").into_owned()
}
