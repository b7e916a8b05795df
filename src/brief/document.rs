//! A longer text: headings, sentences, lists and tables, laid out as Markdown or as one HTML file.

use std::fmt::Write as _;

use maud::{DOCTYPE, html};
use serde::Serialize;

use super::plain::clean;
use super::{markdown, plain};

/// A text of several sections. Everything in it is clean and bounded; nothing is escaped yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Document {
    /// Its title.
    pub title: String,
    /// A line below the title.
    pub about: String,
    /// Its sections, in order.
    pub sections: Vec<Chapter>,
}

/// One section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chapter {
    /// Its heading.
    pub heading: String,
    /// What stands in it.
    pub parts: Vec<Part>,
}

/// A part of a section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Sentences.
    Text(String),
    /// Short points.
    List(Vec<String>),
    /// Rows of a first word and what belongs to it.
    Table(Vec<(String, String)>),
    /// Words of the evidence, verbatim.
    Quote(String),
}

impl Chapter {
    pub(super) fn new(heading: &str, parts: impl IntoIterator<Item = Part>) -> Self {
        Self { heading: heading.to_owned(), parts: parts.into_iter().collect() }
    }
}

/// As Markdown, for a wiki.
pub fn to_markdown(document: &Document) -> String {
    let mut out = format!("# {}\n\n", markdown::escape(&document.title));
    let _ = writeln!(out, "{}\n", markdown::escape(&document.about));
    for chapter in &document.sections {
        let _ = writeln!(out, "## {}\n", markdown::escape(&chapter.heading));
        for part in &chapter.parts {
            match part {
                Part::Text(text) => {
                    let _ = writeln!(out, "{}", markdown::escape(text));
                }
                Part::List(points) => points.iter().for_each(|point| {
                    let _ = writeln!(out, "- {}", markdown::escape(point));
                }),
                Part::Table(rows) => {
                    out.push_str("| | |\n|---|---|\n");
                    rows.iter().for_each(|(first, rest)| {
                        let (first, rest) = (markdown::escape(first), markdown::escape(rest));
                        let _ = writeln!(out, "| {first} | {rest} |");
                    });
                }
                Part::Quote(text) => out.push_str(&markdown::fenced(text)),
            }
            out.push('\n');
        }
    }
    out.truncate(out.trim_end().len());
    out + "\n"
}

/// As one HTML file that needs nothing else: readable on a phone, light and dark.
pub fn to_html(document: &Document) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (clean(&document.title)) }
                style { (STYLE) }
            }
            body {
                h1 { (clean(&document.title)) }
                p.about { (clean(&document.about)) }
                @for chapter in &document.sections {
                    h2 { (clean(&chapter.heading)) }
                    @for part in &chapter.parts {
                        @match part {
                            Part::Text(text) => p { (clean(text)) },
                            Part::List(points) => ul { @for point in points { li { (clean(point)) } } },
                            Part::Table(rows) => table {
                                @for (first, rest) in rows { tr { th { (clean(first)) } td { (clean(rest)) } } }
                            },
                            Part::Quote(text) => pre { (clean(text)) },
                        }
                    }
                }
            }
        }
    };
    page.into_string()
}

const STYLE: &str = "\
:root { color-scheme: light dark; }\
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }\
h1 { line-height: 1.2; } h2 { margin-top: 2rem; } .about { opacity: .75; }\
pre { overflow-x: auto; padding: .75rem; border: 1px solid #8886; border-radius: .4rem; }\
table { border-collapse: collapse; width: 100%; }\
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #8884; }\
th { white-space: nowrap; font-weight: 600; }";

/// One clean sentence for a point of a list.
pub(super) fn point(text: &str) -> String {
    plain::sentence(&plain::capital(&plain::short(text, 500)))
}
