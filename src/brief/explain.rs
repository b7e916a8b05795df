//! What a cause of the catalogue means: for the terminal, as data, and as a page of `docs/causes/`.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::diagnosis::Cause;
use crate::diagnosis::causes::ALL;
use crate::diagnosis::signs::{SIGNS, Sign, signs_of};

/// The cause for the terminal.
pub fn explain_text(cause: &Cause) -> String {
    let mut text = format!("{}: {}\n\n{}\n", cause.id, cause.title, general(cause.why));
    for (heading, sentences) in sections(cause) {
        let _ = write!(text, "\n{heading}\n");
        for sentence in sentences {
            let _ = writeln!(text, "  - {}", general(sentence));
        }
    }
    text
}

/// A sign for the terminal: what it means, and the causes that show it.
pub fn explain_sign(sign: &Sign) -> String {
    let names = sign.names.join(", ");
    let mut text = format!("{names} ({})\n\n{}\n\nCauses that show it\n", sign.kind, sign.means);
    let causes: Vec<&Cause> = sign.causes.iter().filter_map(|id| named(id)).collect();
    for line in explain_list(&causes).lines() {
        let _ = writeln!(text, "  {line}");
    }
    text.push_str(
        "\nfirsthand explain CAUSE tells them apart; firsthand diagnose looks which it is.\n",
    );
    text
}

/// A sign as data.
pub fn explain_sign_json(sign: &Sign) -> Value {
    json!({
        "schema": "firsthand/sign/v1",
        "names": sign.names,
        "kind": sign.kind,
        "means": sign.means,
        "causes": sign.causes,
    })
}

fn named(id: &str) -> Option<&'static Cause> {
    ALL.iter().copied().find(|cause| cause.id == id)
}

/// All causes, one line each, in the catalogue's order.
pub fn explain_list(causes: &[&Cause]) -> String {
    let width = causes.iter().map(|cause| cause.id.len()).max().unwrap_or_default();
    let mut text = String::new();
    for cause in causes {
        let _ = writeln!(text, "{:width$}  {}", cause.id, cause.title);
    }
    text
}

/// The cause as data. `{placeholders}` stay: they are the names of a hypothesis' facts.
pub fn explain_json(cause: &Cause) -> Value {
    json!({
        "schema": "firsthand/cause/v1",
        "cause": cause.id,
        "title": cause.title,
        "since": cause.since,
        "reads": cause.reads.iter().map(|source| format!("{source:?}")).collect::<Vec<_>>(),
        "clears": cause.clears,
        "why": cause.why,
        "looks_for": cause.looks_for,
        "fix": cause.fix,
        "avoid": cause.avoid,
        "confirm": cause.confirm,
        "links": cause.links,
    })
}

/// The page of a cause in Markdown. `example` is what a scenario makes Firsthand say.
pub fn explain_page(cause: &Cause, example: Option<&str>) -> String {
    let mut page = String::from(
        "<!-- Made by `UPDATE=1 cargo test --test catalogue`; edit the cause, not this page. -->\n",
    );
    let _ = write!(
        page,
        "# {}\n\n`{}`, since {}\n\n{}\n",
        cause.title,
        cause.id,
        cause.since,
        escaped(cause.why)
    );
    let signs: Vec<String> = signs_of(cause).map(|sign| format!("`{}`", sign.names[0])).collect();
    if !signs.is_empty() {
        let _ = write!(page, "\n## Symptoms\n\n{}\n", signs.join(", "));
    }
    for (heading, sentences) in sections(cause) {
        let _ = write!(page, "\n## {heading}\n\n");
        for sentence in sentences {
            let _ = writeln!(page, "- {}", escaped(sentence));
        }
    }
    if let Some(example) = example {
        let _ = write!(page, "\n## Example\n\n````text\n{}\n````\n", example.trim_end());
    }
    page
}

/// The index of the pages.
pub fn explain_index(causes: &[&Cause]) -> String {
    let mut page =
        String::from("<!-- Made by `UPDATE=1 cargo test --test catalogue`. -->\n# Causes\n\n");
    page.push_str(
        "What Firsthand can tell apart. `firsthand explain` says the same at a terminal, of a cause, a state, an exit code, an event or an alert.\n\n",
    );
    page.push_str("## By what you see\n\n| you see | it means | look at |\n|---|---|---|\n");
    for sign in SIGNS {
        let names: Vec<String> = sign.names.iter().map(|name| format!("`{name}`")).collect();
        let causes: Vec<String> = sign.causes.iter().map(|id| format!("[{id}]({id}.md)")).collect();
        let (names, causes) = (names.join(", "), causes.join(", "));
        let _ = writeln!(page, "| {names} ({}) | {} | {causes} |", sign.kind, sign.means);
    }
    page.push_str("\n## All of them\n\n| cause | what it is |\n|---|---|\n");
    for cause in causes {
        let _ = writeln!(page, "| [{id}]({id}.md) | {title} |", id = cause.id, title = cause.title);
    }
    page
}

fn sections(cause: &Cause) -> Vec<(&'static str, Vec<&'static str>)> {
    let all = [
        ("Check", cause.looks_for.to_vec()),
        ("Fix", cause.fix.to_vec()),
        ("Avoid", cause.avoid.to_vec()),
        ("Confirm", vec![cause.confirm]),
        ("Links", cause.links.to_vec()),
    ];
    all.into_iter().filter(|(_, sentences)| sentences.iter().any(|it| !it.is_empty())).collect()
}

/// A sentence about no case in particular: `{exit_code}` reads `<exit code>`.
fn general(sentence: &str) -> String {
    let mut general = sentence.to_owned();
    for name in crate::diagnosis::placeholders(sentence) {
        general = general.replace(&format!("{{{name}}}"), &format!("<{}>", name.replace('_', " ")));
    }
    general
}

/// The same for Markdown, where angle brackets would vanish.
fn escaped(sentence: &str) -> String {
    let mut text = sentence.to_owned();
    for name in crate::diagnosis::placeholders(sentence) {
        text = text.replace(&format!("{{{name}}}"), &format!("*{}*", name.replace('_', " ")));
    }
    text
}
