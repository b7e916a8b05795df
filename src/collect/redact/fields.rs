//! Names and values that are two fields of their own: environment variables of the API, attributes of XML,
//! and lines of YAML that follow each other.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::{Secret, keys, pairs, regex, values};

/// `name: DB_PASSWORD, value: …` on one line.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?i)\b(?:name|key)\\*["']?\s*[:=]\s*\\*["']?([a-z0-9_.\-]+)\\*["']?(?:\s*,\s*\\*["']?[a-z_]+\\*["']?\s*[:=]\s*\\*["']?[^"',{}\[\]\\]*\\*["']?){0,3}\s*,?\s*\\*["']?value\\*["']?\s*[:=]\s*"#,
    )
});

/// The same the other way round.
static VALUED: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?i)\bvalue\\*["']?\s*[:=]\s*\\*["']([^"'\\]+)\\*["']\s*,?\s*\\*["']?(?:name|key)\\*["']?\s*[:=]\s*\\*["']?([a-z0-9_.\-]+)"#,
    )
});

/// `<password>…</password>`
static ELEMENT: LazyLock<Regex> =
    LazyLock::new(|| regex(r"<([A-Za-z0-9_.:\-]+)(?:\s[^<>]*)?>([^<>]+)</"));

/// `<property name="connection.password">…</property>`
static PROPERTY: LazyLock<Regex> = LazyLock::new(|| {
    regex(r#"(?i)\b(?:name|key)=\\*["']([A-Za-z0-9_.\-]+)\\*["'][^<>]*>([^<>]+)</"#)
});

/// `["password", "…"]`, `("password", "…")`
static TUPLE: LazyLock<Regex> = LazyLock::new(|| {
    regex(r#"[\[(]\s*\\*["']([A-Za-z0-9_.\-]+)\\*["']\s*,\s*\\*["']([^"'\\]+)\\*["']\s*[\])]"#)
});

static NAME_LINE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?i)^\s*(?:-\s+)?(?:\\*["']?name\\*["']?\s*[:=]\s*|variable\s+)\\*["']?([a-z0-9_.\-]+)\\*["']?[,{\s]*$"#,
    )
});

static VALUE_LINE: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"(?i)^\s*(?:-\s+)?\\*["']?(?:value|default)\\*["']?\s*[:=]\s*"#));

/// A name whose value begins on the next line.
static OPEN_LINE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"^\s*(?:-\s+)?["']?([A-Za-z0-9_.\-]+)["']?\s*:\s*(?:!{1,2}[a-z]+\s*)?([|>][+\-0-9]*)?\s*$"#,
    )
});

/// A sentence that ends where the password should be; it is on the next line.
static ANNOUNCED: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\b(?:password|passphrase|passcode|secret|token|(?:api|access)[ -]key)\b[^:]*\s[^:]*:\s*$",
    )
});

/// Names and values in one line.
pub(super) fn find(text: &str, line: Range<usize>, found: &mut Vec<Secret>) {
    let words = &text[line.clone()];
    if words.contains("alue") || words.contains("ALUE") {
        for named in NAMED.captures_iter(words) {
            if let (Some(whole), Some(kind)) = (named.get(0), keys::kind(&named[1])) {
                let value = values::value(text, line.start + whole.end(), line.end);
                pairs::keep(text, value, kind, found);
            }
        }
        for valued in VALUED.captures_iter(words) {
            both(&line, valued.get(2), valued.get(1), found);
        }
    }
    if words.contains("</") {
        for element in ELEMENT.captures_iter(words) {
            both(&line, element.get(1), element.get(2), found);
        }
        for property in PROPERTY.captures_iter(words) {
            both(&line, property.get(1), property.get(2), found);
        }
    }
    for tuple in TUPLE.captures_iter(words) {
        both(&line, tuple.get(1), tuple.get(2), found);
    }
}

fn both(
    line: &Range<usize>,
    name: Option<regex::Match<'_>>,
    value: Option<regex::Match<'_>>,
    found: &mut Vec<Secret>,
) {
    if let (Some(name), Some(value)) = (name, value)
        && let Some(kind) = keys::kind(name.as_str())
        && !values::is_placeholder(value.as_str())
        && values::is_value(value.as_str(), kind)
    {
        found.push(Secret { at: line.start + value.start()..line.start + value.end(), kind });
    }
}

/// What the lines so far say about the next one.
#[derive(Debug, Default)]
pub(super) struct Before {
    /// The line named a variable; its value follows.
    named: Option<&'static str>,
    /// The line held a value; its name may follow.
    value: Option<Range<usize>>,
    /// Inside a block of text that belongs to a secret's name.
    block: Option<Block>,
}

#[derive(Debug)]
struct Block {
    kind: &'static str,
    indent: usize,
    /// Whether `|` or `>` opened it; else it is one word.
    text: bool,
    /// Whether a sentence announced it: it need not be indented, and only what looks random is it.
    said: bool,
}

impl Before {
    /// Finds what this line holds because of those before it. `named` is whether it has a secret's word.
    pub(super) fn line(
        &mut self,
        text: &str,
        line: Range<usize>,
        named: bool,
        found: &mut Vec<Secret>,
    ) {
        let words = &text[line.clone()];
        if self.block.is_none() && !named && self.named.is_none() && !words.contains("alue") {
            self.value = None;
            return;
        }
        self.within_block(text, &line, found);
        if let Some(kind) = self.named.take()
            && let Some(at) = value_line(text, &line)
        {
            found.push(Secret { at, kind });
        }
        let name = NAME_LINE.captures(words).filter(|_| named).and_then(|it| keys::kind(&it[1]));
        if let (Some(kind), Some(at)) = (name, self.value.take()) {
            found.push(Secret { at, kind });
        } else {
            self.named = name;
        }
        self.value = value_line(text, &line).filter(|_| words.trim_start().starts_with("- "));
        if let Some(open) = OPEN_LINE.captures(words).filter(|_| named)
            && let Some(kind) = keys::kind(&open[1])
        {
            let text = open.get(2).is_some();
            self.block = Some(Block { kind, indent: indent(words), text, said: false });
        } else if named && ANNOUNCED.is_match(words) {
            self.block = Some(Block { kind: keys::PASSWORD, indent: 0, text: false, said: true });
        }
    }

    fn within_block(&mut self, text: &str, line: &Range<usize>, found: &mut Vec<Secret>) {
        let Some(block) = self.block.take() else { return };
        let words = &text[line.clone()];
        let word = words.trim();
        if word.is_empty() {
            self.block = Some(block);
            return;
        }
        if indent(words) <= block.indent && !block.said {
            return;
        }
        let start = line.start + indent(words);
        let at = start..start + word.len();
        let single = !word.contains([' ', ':', '{', '[', '(']) && !word.starts_with('-');
        if block.text {
            found.push(Secret { at, kind: block.kind });
            self.block = Some(block);
        } else if block.said {
            if !word.contains(char::is_whitespace) && values::is_random(word, block.kind) {
                found.push(Secret { at, kind: block.kind });
            }
        } else if single && values::is_value(word, block.kind) {
            found.push(Secret { at, kind: block.kind });
        }
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The value of a line `value: …`.
fn value_line(text: &str, line: &Range<usize>) -> Option<Range<usize>> {
    let from = VALUE_LINE.find(&text[line.clone()])?.end() + line.start;
    let value = values::value(text, from, line.end)?;
    let at = if value.quoted { value.at } else { from..line.end };
    (!values::is_placeholder(&text[at.clone()])).then_some(at)
}
