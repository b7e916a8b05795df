//! The values of a Secret that somebody printed: whatever their names are, they are secrets.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::keys::SECRET;
use super::{Line, Secret, regex, values};

/// Whether the text may have one at all.
static HINT: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"kind\\{0,7}["']?[ \t]{0,8}:[ \t]{0,8}\\{0,7}["']?Secret\b"#));

static KIND: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"^(\s*)(?:- )?["']?kind["']?\s*:\s*["']?([A-Za-z]+)["']?,?\s*$"#));
static DATA: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"^(\s*)["']?(?:data|stringData)["']?\s*:\s*\{?\s*$"#));
static FIELD: LazyLock<Regex> = LazyLock::new(|| regex(r#"^\s*["']?[A-Za-z0-9_.\-]+["']?\s*:\s+"#));

/// The same on one line.
static INLINE: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"\\*["'](?:data|stringData)\\*["']\s*:\s*\{([^{}]*)\}"#));
static VALUE: LazyLock<Regex> = LazyLock::new(|| regex(r#"\\*["']\s*:\s*\\*["']([^"'\\]+)"#));

/// Values of one object that are remembered until its kind is known.
const MOST: usize = 500;

/// The values of all Secrets in the text.
pub(super) fn find(text: &str, lines: &[Line], found: &mut Vec<Secret>) {
    if !text.contains("Secret") || !HINT.is_match(text) {
        return;
    }
    let mut object = Object::default();
    for (line, _) in lines {
        let words = &text[line.clone()];
        if HINT.is_match(words) {
            inline(words, line.start, found);
        }
        object.line(text, line, found);
    }
}

fn inline(words: &str, start: usize, found: &mut Vec<Secret>) {
    for data in INLINE.captures_iter(words).filter_map(|it| it.get(1)) {
        for value in VALUE.captures_iter(data.as_str()).filter_map(|it| it.get(1)) {
            let from = start + data.start();
            push(words, start, from + value.start()..from + value.end(), found);
        }
    }
}

fn push(words: &str, start: usize, at: Range<usize>, found: &mut Vec<Secret>) {
    if !values::is_placeholder(&words[at.start - start..at.end - start]) {
        found.push(Secret { at, kind: SECRET });
    }
}

/// One object over several lines. `kubectl` prints its data before its kind.
#[derive(Default)]
struct Object {
    /// How far its kind stands in, where that says that it is a Secret.
    secret: Option<usize>,
    /// How far its data's own line stands in, while its values follow.
    data: Option<usize>,
    /// Values whose object's kind was not seen yet.
    values: Vec<Range<usize>>,
}

impl Object {
    fn line(&mut self, text: &str, line: &Range<usize>, found: &mut Vec<Secret>) {
        let words = &text[line.clone()];
        if words.starts_with("---") {
            *self = Self::default();
        } else if let Some(kind) = KIND.captures(words) {
            self.data = None;
            if &kind[2] == "Secret" {
                self.secret = Some(kind[1].len());
                let values = std::mem::take(&mut self.values);
                found.extend(values.into_iter().map(|at| Secret { at, kind: SECRET }));
            } else {
                *self = Self::default();
            }
        } else if let Some(data) = DATA.captures(words) {
            self.data = Some(data[1].len());
        } else if let Some(outer) = self.data {
            let inner = words.len() - words.trim_start().len();
            if inner <= outer && !words.trim().is_empty() {
                self.data = None;
            } else if let Some(at) = value(text, line) {
                self.hold(at, found);
            }
        }
    }

    fn hold(&mut self, at: Range<usize>, found: &mut Vec<Secret>) {
        if self.secret.is_some() {
            found.push(Secret { at, kind: SECRET });
        } else if self.values.len() < MOST {
            self.values.push(at);
        }
    }
}

/// The value of a line in the data: behind its name, or all of a line of a longer text.
fn value(text: &str, line: &Range<usize>) -> Option<Range<usize>> {
    let words = &text[line.clone()];
    let from = FIELD.find(words).map_or(words.len() - words.trim_start().len(), |it| it.end());
    let value = words[from..].trim_end().trim_end_matches(',').trim_matches(['"', '\'']);
    let start = line.start + from + words[from..].find(value)?;
    let block = matches!(value.trim_end_matches(['-', '+']), "|" | ">" | "{" | "}" | "");
    (!block && !values::is_placeholder(value)).then_some(start..start + value.len())
}
