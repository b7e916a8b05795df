//! Secrets whose names stand elsewhere in the line: rows that a statement of SQL inserts, and lines of
//! PostgreSQL's password file.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::keys::{self, PASSWORD};
use super::{Secret, regex, values};

/// Up to the first row: the table, and its columns if they are named.
static INSERT: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?i)\b(?:insert|replace)\s+(?:\w+\s+)?into\s+([^\s(]+)\s*(?:\(([^()]*)\))?\s*values\s*"#,
    )
});

/// Tables of which a row without named columns may hold a password.
static PEOPLE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)(?:^|[^a-z])(?:users?|accounts?|admins?|credentials?|logins?|passwords?|secrets?|tokens?|(?:api|access)_?keys?)(?:$|[^a-z])",
    )
});

/// `host:port:database:user:password`
static PGPASS: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?:^|[\s"'=])(\*|[A-Za-z0-9_.\-]+):(\*|[0-9]{2,5}):(\*|[A-Za-z0-9_\-]+):(?:\*|[A-Za-z0-9_.\-]+):([^\s"':]+)"#,
    )
});

/// The secrets of one line of `text`.
pub(super) fn find(text: &str, line: Range<usize>, found: &mut Vec<Secret>) {
    let words = &text[line.clone()];
    let mut inserts = INSERT.captures_iter(words).peekable();
    while let Some(insert) = inserts.next() {
        let (Some(whole), Some(table)) = (insert.get(0), insert.get(1)) else { continue };
        // Each row is walked once, however many statements stand in a line.
        let next = inserts.peek().and_then(|next| next.get(0));
        let end = next.map_or(line.end, |next| line.start + next.start());
        let at = line.start + whole.end()..end;
        let columns: Option<Vec<_>> =
            insert.get(2).map(|it| it.as_str().split(',').map(column).collect());
        let people = PEOPLE.is_match(table.as_str());
        found.extend(rows(text, at, |number, value| match &columns {
            Some(columns) => columns.get(number).copied().flatten(),
            None => (people && is_password(value)).then_some(PASSWORD),
        }));
    }
    for entry in PGPASS.captures_iter(words) {
        let Some(password) = entry.get(4) else { continue };
        let any = (1..4).any(|part| entry.get(part).is_some_and(|it| it.as_str() == "*"));
        if !values::is_placeholder(password.as_str())
            && (any || &entry[2] == "5432" && values::is_random(password.as_str(), PASSWORD))
        {
            let at = line.start + password.start()..line.start + password.end();
            found.push(Secret { at, kind: PASSWORD });
        }
    }
}

/// What a column of that name holds; also a hash of it, which can be guessed at.
fn column(name: &str) -> Option<&'static str> {
    let name = name.trim_matches(|c: char| c.is_whitespace() || "\"'`[]\\".contains(c));
    keys::kind(name.strip_suffix("_hash").unwrap_or(name))
}

/// Whether a value of a column without a name looks like one.
fn is_password(value: &str) -> bool {
    values::is_random(value, PASSWORD)
        && !value.contains(char::is_whitespace)
        && !value.contains("://")
        && !value.split_once('@').is_some_and(|(_, host)| host.contains('.'))
}

/// The quoted values of the rows `('a', 1), ('b', 2)` that `kind`, told their column, calls secrets.
fn rows(
    text: &str,
    at: Range<usize>,
    kind: impl Fn(usize, &str) -> Option<&'static str>,
) -> impl Iterator<Item = Secret> {
    Quotes { text, at, column: 0, depth: 0 }.filter_map(move |(column, at)| {
        let value = &text[at.clone()];
        let kind = kind(column, value).filter(|_| !values::is_placeholder(value))?;
        Some(Secret { at, kind })
    })
}

/// Walks rows once, from quote to quote.
struct Quotes<'t> {
    text: &'t str,
    at: Range<usize>,
    column: usize,
    depth: usize,
}

impl Iterator for Quotes<'_> {
    type Item = (usize, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.text.as_bytes();
        while self.at.start < self.at.end {
            let byte = bytes[self.at.start];
            self.at.start += 1;
            match byte {
                b'(' => {
                    self.depth += 1;
                    self.column = if self.depth == 1 { 0 } else { self.column };
                }
                b')' => self.depth = self.depth.saturating_sub(1),
                b',' if self.depth == 1 => self.column += 1,
                b'\'' => {
                    let start = self.at.start;
                    let end = self.close(start);
                    self.at.start = (end + 1).min(self.at.end);
                    if start < end {
                        return Some((self.column, start..end));
                    }
                }
                _ => {}
            }
        }
        None
    }
}

impl Quotes<'_> {
    /// Where the quote closes; two of them stand for one.
    fn close(&self, from: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = from;
        while at < self.at.end {
            match (bytes[at], bytes.get(at + 1)) {
                (b'\\', _) => at += 1,
                (b'\'', Some(b'\'')) => at += 1,
                (b'\'', _) => return at,
                _ => {}
            }
            at += 1;
        }
        self.at.end
    }
}
