//! What can be wrong with one node of the settings, in words.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use super::nearest::nearest;

/// An error with the path it belongs to.
#[derive(Debug)]
pub(super) struct Wrong {
    /// The path of the node, or of the unknown key; of the surrounding node where something is missing.
    pub(super) at: Option<String>,
    /// What is wrong.
    pub(super) kind: Kind,
}

/// What is wrong with a node.
#[derive(Debug)]
pub(super) enum Kind {
    /// A key or a word that is not one of those expected.
    Unknown { found: String, expected: &'static [&'static str], key: bool },
    /// A key that must be there.
    Missing(&'static str),
    /// Anything else, in words, with what to do where that is known.
    Other { what: String, advice: Option<String> },
}

impl Wrong {
    /// What is wrong, and what to do.
    pub(super) fn words(&self) -> (String, String) {
        match &self.kind {
            Kind::Unknown { found, expected, key } => {
                let what = if *key { "unknown key" } else { "unknown word" };
                let advice = if let Some(file) = in_a_file(found, expected) {
                    format!("no secret belongs here: put it in a file and name that with `{file}`")
                } else if let Some(meant) = self.meant() {
                    format!("did you mean `{meant}`?")
                } else {
                    format!("there are: {}", expected.join(", "))
                };
                (format!("{what} `{found}`"), advice)
            }
            Kind::Missing(name) => ("is missing".into(), format!("add `{name}:` here")),
            Kind::Other { what, advice } => {
                let seen = "see docs/settings.md for what belongs here";
                (what.clone(), advice.clone().unwrap_or_else(|| seen.into()))
            }
        }
    }

    /// What an unknown key or word was probably meant to be.
    pub(super) fn meant(&self) -> Option<&'static str> {
        match &self.kind {
            Kind::Unknown { found, expected, .. } if in_a_file(found, expected).is_none() => {
                nearest(found, expected.iter().copied())
            }
            _ => None,
        }
    }

    /// The same, at `path` unless it is known more exactly.
    pub(super) fn at(mut self, path: &str) -> Self {
        self.at.get_or_insert_with(|| path.to_owned());
        self
    }

    fn expected(found: &str, expected: &dyn Expected) -> Self {
        let expected = expected.to_string();
        let (expected, advice) = match expected.as_str() {
            it if it.contains("duration") => {
                ("a duration", "write a number and a unit, as in `15s`, `2m` or `1h 30m`")
            }
            "a string" => ("text", "put it in quotes if it is text"),
            "a boolean" => ("a switch", "write true or false"),
            "a sequence" => ("a list", "write it as in `[ one, two ]`, or one `- ` line for each"),
            it if it.starts_with("struct ") || it == "a map" => {
                ("a mapping", "write its keys below it, as docs/settings.md lists them")
            }
            it if it.starts_with('u') => ("a whole number", "write 0 or more, without a unit"),
            it => (it, "see docs/settings.md for what belongs here"),
        };
        let what = format!("expected {expected}, found {found}");
        Self { at: None, kind: Kind::Other { what, advice: Some(advice.to_owned()) } }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, advice) = self.words();
        write!(f, "{what}; {advice}")
    }
}

impl std::error::Error for Wrong {}

impl de::Error for Wrong {
    /// A room's own complaint: `what; what to do`.
    fn custom<T: fmt::Display>(said: T) -> Self {
        let said = said.to_string();
        let (what, advice) = match said.split_once("; ") {
            Some((what, advice)) => (what.to_owned(), Some(advice.to_owned())),
            None => (said, None),
        };
        Self { at: None, kind: Kind::Other { what, advice } }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::expected(&said(found), expected)
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::expected(&said(found), expected)
    }

    fn unknown_field(found: &str, expected: &'static [&'static str]) -> Self {
        Self { at: None, kind: Kind::Unknown { found: found.to_owned(), expected, key: true } }
    }

    fn unknown_variant(found: &str, expected: &'static [&'static str]) -> Self {
        Self { at: None, kind: Kind::Unknown { found: found.to_owned(), expected, key: false } }
    }

    fn missing_field(name: &'static str) -> Self {
        Self { at: None, kind: Kind::Missing(name) }
    }
}

/// The key that names the file of a secret which somebody wrote down in the settings: `token_file` for
/// `token`.
fn in_a_file(found: &str, expected: &[&'static str]) -> Option<&'static str> {
    expected.iter().copied().find(|it| it.strip_suffix("_file") == Some(found))
}

/// What was found, in a settings writer's words.
fn said(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Unit | Unexpected::Option => "nothing".into(),
        Unexpected::Bool(it) => format!("`{it}`"),
        Unexpected::Signed(it) => format!("the number {it}"),
        Unexpected::Unsigned(it) => format!("the number {it}"),
        Unexpected::Float(it) => format!("the number {it}"),
        Unexpected::Str(it) => format!("the text `{}`", it.chars().take(60).collect::<String>()),
        Unexpected::Seq => "a list".into(),
        Unexpected::Map => "a mapping".into(),
        other => other.to_string(),
    }
}
