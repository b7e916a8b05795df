//! Alertmanager's newer reader: names and values of any script, quoted as Go quotes.

use std::iter::Peekable;
use std::str::CharIndices;

use super::{BadMatcher, Is, Matcher};

/// Reads matchers, with the place of what is wrong.
pub(super) fn read(text: &str) -> Result<Vec<Matcher>, BadMatcher> {
    Reader { text, chars: text.char_indices().peekable() }.matchers()
}

struct Reader<'a> {
    text: &'a str,
    chars: Peekable<CharIndices<'a>>,
}

impl Reader<'_> {
    fn matchers(mut self) -> Result<Vec<Matcher>, BadMatcher> {
        self.skip_space();
        let braced = self.take('{');
        let mut found = Vec::new();
        self.skip_space();
        while !self.at_end() {
            found.push(self.matcher()?);
            self.skip_space();
            if !self.take(',') && !self.at_end() {
                return Err(self.fault("expected a comma or the end"));
            }
            self.skip_space();
        }
        if braced && !self.take('}') {
            return Err(self.fault("the brace is not closed"));
        }
        self.skip_space();
        match self.chars.peek() {
            Some(_) if braced => Err(self.fault("nothing may follow the closing brace")),
            Some(_) => Err(self.fault("there is no opening brace")),
            None => Ok(found),
        }
    }

    fn matcher(&mut self) -> Result<Matcher, BadMatcher> {
        let name = self.word()?.ok_or_else(|| self.fault("expected the name of a label"))?;
        if name.is_empty() {
            return Err(self.fault("the name of the label is empty"));
        }
        self.skip_space();
        let is = self.sign()?;
        self.skip_space();
        let start = self.position();
        let value = self.word()?.ok_or_else(|| self.fault("expected a value, or \"\""))?;
        Matcher::new(name, is, value.clone()).map_err(|why| {
            self.fault_at(start, &format!("`{value}` is no regular expression: {why}"))
        })
    }

    fn sign(&mut self) -> Result<Is, BadMatcher> {
        match self.chars.next_if(|(_, c)| *c == '=' || *c == '!') {
            Some((_, '=')) => Ok(if self.take('~') { Is::Like } else { Is::Equal }),
            Some(_) if self.take('=') => Ok(Is::NotEqual),
            Some(_) if self.take('~') => Ok(Is::NotLike),
            _ => Err(self.fault("expected =, !=, =~ or !~ after the label's name")),
        }
    }

    /// A quoted text, or a run of characters that mean nothing here; `None` where neither begins.
    fn word(&mut self) -> Result<Option<String>, BadMatcher> {
        let start = self.position();
        if self.take('"') {
            let raw = self.quoted(start)?;
            return match unquoted(&raw) {
                Some(text) => Ok(Some(text)),
                None => Err(self.fault_at(start, "a backslash here begins nothing that is known")),
            };
        }
        let mut word = String::new();
        while let Some((_, c)) = self.chars.next_if(|(_, c)| !reserved(*c)) {
            word.push(c);
        }
        Ok((!word.is_empty()).then_some(word))
    }

    /// What stands up to the closing quote, backslashes and all.
    fn quoted(&mut self, start: usize) -> Result<String, BadMatcher> {
        let mut raw = String::new();
        let mut escaped = false;
        for (_, c) in self.chars.by_ref() {
            match c {
                '"' if !escaped => return Ok(raw),
                _ => escaped = c == '\\' && !escaped,
            }
            raw.push(c);
        }
        Err(self.fault_at(start, "the quote is not closed"))
    }

    fn skip_space(&mut self) {
        while self.chars.next_if(|(_, c)| c.is_whitespace()).is_some() {}
    }

    fn take(&mut self, wanted: char) -> bool {
        self.chars.next_if(|(_, c)| *c == wanted).is_some()
    }

    fn at_end(&mut self) -> bool {
        self.chars.peek().is_none_or(|(_, c)| *c == '}')
    }

    /// The character that is next, from 1.
    fn position(&mut self) -> usize {
        let byte = self.chars.peek().map_or(self.text.len(), |(at, _)| *at);
        self.text[..byte].chars().count() + 1
    }

    fn fault(&mut self, what: &str) -> BadMatcher {
        let position = self.position();
        self.fault_at(position, what)
    }

    fn fault_at(&self, position: usize, what: &str) -> BadMatcher {
        BadMatcher { text: self.text.to_owned(), position, what: what.to_owned() }
    }
}

fn reserved(c: char) -> bool {
    c.is_whitespace() || "{}!=~,\\\"'`".contains(c)
}

/// A Go string literal's text, from between its quotes; `None` where it is none.
fn unquoted(raw: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.chars();
    while let Some(c) = rest.next() {
        match c {
            '\n' => return None,
            '\\' => unescape(&mut rest, &mut bytes)?,
            c => push(c, &mut bytes),
        }
    }
    String::from_utf8(bytes).ok()
}

fn unescape(rest: &mut std::str::Chars<'_>, bytes: &mut Vec<u8>) -> Option<()> {
    let byte = match rest.next()? {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' => b'\\',
        '"' => b'"',
        'x' => u8::try_from(number(rest, "", 2, 16)?).ok()?,
        first @ '0'..='7' => {
            u8::try_from(number(rest, first.encode_utf8(&mut [0; 4]), 2, 8)?).ok()?
        }
        kind @ ('u' | 'U') => {
            let code = number(rest, "", if kind == 'u' { 4 } else { 8 }, 16)?;
            push(char::from_u32(code)?, bytes);
            return Some(());
        }
        _ => return None,
    };
    bytes.push(byte);
    Some(())
}

/// The number of exactly `digits` digits that comes next, after `first`.
fn number(rest: &mut std::str::Chars<'_>, first: &str, digits: usize, radix: u32) -> Option<u32> {
    let text: String = first.chars().chain(rest.take(digits)).collect();
    let whole = text.len() == first.len() + digits && !text.starts_with('+');
    whole.then(|| u32::from_str_radix(&text, radix).ok()).flatten()
}

fn push(c: char, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}
