//! Go's regular expressions, as Alertmanager has them, in the words of the `regex` crate.
//!
//! The two languages are nearly one. Where they differ a route must mean here what it means there: `\d`,
//! `\w`, `\s` and `\b` know ASCII alone, `[` and `&&` inside a class are letters like any other, `{` begins a
//! repetition only where one stands, `\<` is a `<`, and `\Q…\E` quotes.

use std::iter::Peekable;
use std::str::Chars;

use regex::Regex;

/// Anchored at both ends.
///
/// # Errors
/// Why it is no regular expression.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    Regex::new(&format!("^(?:{})$", translated(pattern))).map_err(|error| {
        let why = error.to_string();
        why.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned()
    })
}

fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' if rest.peek() == Some(&'Q') => {
                rest.next();
                quote(&mut rest, &mut out);
            }
            '\\' => escape(&mut rest, &mut out, false),
            '[' => class(&mut rest, &mut out),
            '{' if !repeats(&rest) => out.push_str(r"\{"),
            c => out.push(c),
        }
    }
    out
}

/// Up to `\E`, or to the end, letters are letters.
fn quote(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    while let Some(c) = rest.next() {
        if c == '\\' && rest.next_if_eq(&'E').is_some() {
            return;
        }
        literal(c, out);
    }
}

/// What follows a backslash.
fn escape(rest: &mut Peekable<Chars<'_>>, out: &mut String, in_class: bool) {
    let Some(c) = rest.next() else { return out.push('\\') };
    let known = match c.to_ascii_lowercase() {
        'd' => "0-9",
        'w' => "0-9A-Za-z_",
        's' => r"\t\n\x0C\r ",
        'b' if !in_class => {
            out.push_str(&format!(r"(?-u:\{c})"));
            return;
        }
        _ if c.is_ascii() && !c.is_ascii_alphanumeric() => return literal(c, out),
        _ => {
            out.extend(['\\', c]);
            return;
        }
    };
    match (c.is_ascii_uppercase(), in_class) {
        (false, true) => out.push_str(known),
        (false, false) => out.push_str(&format!("[{known}]")),
        (true, _) => out.push_str(&format!("[^{known}]")),
    }
}

/// A class, after its `[`.
fn class(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    out.push('[');
    if rest.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    let mut first = true;
    while let Some(c) = rest.next() {
        match c {
            ']' if !first => return out.push(']'),
            '[' if named(rest, out) => {}
            c => {
                member(c, rest, out);
                // A `-` between two members makes a range; anywhere else it is one itself.
                let mut ahead = rest.clone();
                if ahead.next() == Some('-')
                    && let Some(end) = ahead.next().filter(|end| *end != ']')
                {
                    *rest = ahead;
                    out.push('-');
                    member(end, rest, out);
                }
            }
        }
        first = false;
    }
}

/// `[:alpha:]`, after its first bracket.
fn named(rest: &mut Peekable<Chars<'_>>, out: &mut String) -> bool {
    let ahead: String = rest.clone().collect();
    let Some(end) = ahead.strip_prefix(':').and_then(|name| name.find(":]")) else { return false };
    out.push('[');
    // The colon in front, the name, the colon and the bracket behind.
    out.extend(rest.by_ref().take(end + 3));
    true
}

fn member(c: char, rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    if c == '\\' { escape(rest, out, true) } else { literal(c, out) }
}

fn literal(c: char, out: &mut String) {
    out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
}

/// Whether `n}`, `n,}` or `n,m}` follows.
fn repeats(rest: &Peekable<Chars<'_>>) -> bool {
    let text: String = rest.clone().take_while(|c| *c != '}').collect();
    let closed = rest.clone().count() > text.chars().count();
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (least, most) = text.split_once(',').unwrap_or((&text, ""));
    closed && number(least) && (most.is_empty() || number(most))
}

#[cfg(test)]
mod tests {
    use super::compile;

    fn like(pattern: &str, text: &str) -> bool {
        compile(pattern).expect(pattern).is_match(text)
    }

    #[test]
    fn letters_of_classes_are_those_of_go() {
        assert!(!like(r"\d", "٣") && like(r"\D", "٣"));
        assert!(!like(r"\w+", "été") && like(r"[\w-]+", "a-b") && like(r"[\W]", "é"));
        assert!(like("[[]", "[") && like("[a&&b]", "&") && like("[]a]", "]") && like("[+--]", ","));
        assert!(like("[[:alpha:]_]+", "a_b") && like("[^[:digit:]]", "x"));
        assert!(like(r"[\d\.]+", "1.2") && like("[a-]", "-"));
    }

    #[test]
    fn braces_quotes_and_angles_are_those_of_go() {
        assert!(like("a{2}", "aa") && like("a{2,}", "aaa") && like("a{1,2}", "a"));
        assert!(like("a{", "a{") && like("{x}", "{x}") && like("a{,2}", "a{,2}"));
        assert!(like(r"\Qa.b\E+", "a.bb") && !like(r"\Qa.b", "axb"));
        assert!(like(r"\<a\>", "<a>") && like(r"a\_b", "a_b") && like(r"\bweb\b.*", "web-1"));
    }

    #[test]
    fn a_dot_is_no_line_feed_and_faults_are_told() {
        assert!(!like("a.b", "a\nb") && like("(?s)a.b", "a\nb"));
        assert_eq!(compile("SEV(1").expect_err("open"), "unclosed group");
        assert!(compile("[b-a]").is_err() && compile("a\\").is_err());
    }
}
