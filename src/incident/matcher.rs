//! Matchers of labels, in Alertmanager's syntax: `namespace="payments"`, `sev=~"SEV1|SEV2"`.

use std::collections::BTreeMap;
use std::fmt;
use std::iter::Peekable;
use std::str::{CharIndices, FromStr};

use regex::Regex;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Matchers that must all match.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matchers(Vec<Matcher>);

impl Matchers {
    /// Whether all of them match. None at all: yes.
    pub fn match_all(&self, labels: &BTreeMap<String, String>) -> bool {
        self.0.iter().all(|matcher| matcher.matches(labels))
    }
}

impl FromStr for Matchers {
    type Err = BadMatcher;

    /// Reads one text of one or more matchers: `a="b"`, or `{a="b", c!="d"}`.
    fn from_str(text: &str) -> Result<Self, BadMatcher> {
        Reader { text, chars: text.char_indices().peekable() }.matchers().map(Self)
    }
}

/// A text that is no matcher: where it goes wrong, and how.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("matcher `{text}`, character {position}: {what}")]
pub struct BadMatcher {
    /// The text as it was written.
    pub text: String,
    /// The character at which it goes wrong, from 1.
    pub position: usize,
    /// What is wrong and what would be right.
    pub what: String,
}

/// One condition on one label.
#[derive(Clone, Debug)]
struct Matcher {
    name: String,
    is: Is,
    value: String,
    /// The value as an anchored pattern, for `=~` and `!~`.
    pattern: Option<Regex>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    Equal,
    NotEqual,
    Like,
    NotLike,
}

impl Matcher {
    fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = labels.get(&self.name).map_or("", String::as_str);
        let like = || self.pattern.as_ref().is_some_and(|pattern| pattern.is_match(value));
        match self.is {
            Is::Equal => value == self.value,
            Is::NotEqual => value != self.value,
            Is::Like => like(),
            Is::NotLike => !like(),
        }
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.is, &self.value) == (&other.name, other.is, &other.value)
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = !self.name.is_empty()
            && self.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':');
        if plain {
            f.write_str(&self.name)?;
        } else {
            write!(f, "\"{}\"", escaped(&self.name))?;
        }
        write!(f, "{}\"{}\"", self.is.sign(), escaped(&self.value))
    }
}

impl Is {
    fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Like => "=~",
            Self::NotLike => "!~",
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Reads matchers character by character, so that a fault has a place.
struct Reader<'a> {
    text: &'a str,
    chars: Peekable<CharIndices<'a>>,
}

impl Reader<'_> {
    fn matchers(mut self) -> Result<Vec<Matcher>, BadMatcher> {
        self.skip_space();
        let braced = self.take('{');
        let mut found = Vec::new();
        loop {
            self.skip_space();
            if self.at_end(braced) {
                break;
            }
            found.push(self.matcher(braced)?);
            self.skip_space();
            if !self.take(',') && !self.at_end(braced) {
                return Err(self.fault("expected a comma or the end"));
            }
        }
        if braced && !self.take('}') {
            return Err(self.fault("the brace is not closed"));
        }
        self.skip_space();
        match self.chars.peek() {
            Some(_) => Err(self.fault("nothing may follow the closing brace")),
            None if found.is_empty() => {
                Err(self.fault("expected a matcher such as namespace=\"payments\""))
            }
            None => Ok(found),
        }
    }

    fn matcher(&mut self, braced: bool) -> Result<Matcher, BadMatcher> {
        let name = self.word(|c| "=!~,{}\"'`\\".contains(c) || c.is_whitespace())?;
        if name.is_empty() {
            return Err(self.fault("expected the name of a label"));
        }
        self.skip_space();
        let is = self.sign()?;
        self.skip_space();
        let start = self.position();
        // Commas end an unquoted value, as they do in Alertmanager: quote a value that holds one.
        let value = self.word(|c| c == ',' || c == '"' || (braced && c == '}'))?;
        let pattern = match is {
            Is::Equal | Is::NotEqual => None,
            Is::Like | Is::NotLike => Some(self.pattern(&value, start)?),
        };
        Ok(Matcher { name, is, value, pattern })
    }

    fn sign(&mut self) -> Result<Is, BadMatcher> {
        let wrong = "expected =, !=, =~ or !~ after the label's name";
        match self.chars.next_if(|(_, c)| *c == '=' || *c == '!') {
            Some((_, '=')) => Ok(if self.take('~') { Is::Like } else { Is::Equal }),
            Some(_) if self.take('=') => Ok(Is::NotEqual),
            Some(_) if self.take('~') => Ok(Is::NotLike),
            _ => Err(self.fault(wrong)),
        }
    }

    /// A quoted text, or everything up to a character that ends it, without the space around it.
    fn word(&mut self, ends: impl Fn(char) -> bool) -> Result<String, BadMatcher> {
        if self.take('"') {
            return self.quoted();
        }
        let mut word = String::new();
        while let Some((_, c)) = self.chars.next_if(|(_, c)| !ends(*c)) {
            word.push(c);
        }
        Ok(word.trim_end().to_owned())
    }

    fn quoted(&mut self) -> Result<String, BadMatcher> {
        let mut word = String::new();
        while let Some((_, c)) = self.chars.next() {
            match c {
                '"' => return Ok(word),
                '\\' => match self.chars.next() {
                    Some((_, 'n')) => word.push('\n'),
                    Some((_, c @ ('"' | '\\'))) => word.push(c),
                    // Left as written, so that the patterns `\d` and `\.` need no doubling.
                    Some((_, c)) => word.extend(['\\', c]),
                    None => break,
                },
                c => word.push(c),
            }
        }
        Err(self.fault("the quote is not closed"))
    }

    fn pattern(&self, value: &str, position: usize) -> Result<Regex, BadMatcher> {
        Regex::new(&format!("^(?s:{value})$")).map_err(|error| {
            let why = error.to_string();
            let why = why.lines().last().unwrap_or_default().trim().trim_start_matches("error: ");
            self.fault_at(position, &format!("`{value}` is no regular expression: {why}"))
        })
    }

    fn skip_space(&mut self) {
        while self.chars.next_if(|(_, c)| c.is_whitespace()).is_some() {}
    }

    fn take(&mut self, wanted: char) -> bool {
        self.chars.next_if(|(_, c)| *c == wanted).is_some()
    }

    fn at_end(&mut self, braced: bool) -> bool {
        self.chars.peek().is_none_or(|(_, c)| braced && *c == '}')
    }

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

impl<'de> Deserialize<'de> for Matchers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = Vec::<One>::deserialize(deserializer)?;
        Ok(Self(texts.into_iter().flat_map(|one| one.0.0).collect()))
    }
}

/// One text of a list, read for itself so that a fault is told with its place in the list.
struct One(Matchers);

impl<'de> Deserialize<'de> for One {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|bad: BadMatcher| {
            serde::de::Error::custom(format!("{bad}; write it as in `namespace=\"payments\"`"))
        })
    }
}

impl Serialize for Matchers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(ToString::to_string))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(matchers: &str, name: &str, value: &str) -> bool {
        let labels = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        matchers.parse::<Matchers>().expect(matchers).match_all(&labels)
    }

    fn fault(matchers: &str) -> String {
        matchers.parse::<Matchers>().expect_err(matchers).to_string()
    }

    #[test]
    fn values_may_be_quoted_or_plain() {
        assert!(matches(r#"namespace="payments""#, "namespace", "payments"));
        assert!(matches("namespace=payments", "namespace", "payments"));
        assert!(matches(" namespace = payments ", "namespace", "payments"));
        assert!(matches(r#"a="b \"c\" \\ d""#, "a", r#"b "c" \ d"#));
        assert!(matches(r#"a="one\ntwo""#, "a", "one\ntwo"));
        assert!(matches("url=http://x/?a=b", "url", "http://x/?a=b"));
        assert!(!matches("namespace!=payments", "namespace", "payments"));
    }

    #[test]
    fn patterns_are_anchored_at_both_ends() {
        assert!(matches(r#"sev=~"SEV1|SEV2""#, "sev", "SEV2"));
        assert!(!matches(r#"sev=~"SEV1|SEV2""#, "sev", "SEV20"));
        assert!(!matches("sev=~EV1", "sev", "SEV1"));
        assert!(matches(r#"pod=~"web-\d+""#, "pod", "web-12"));
        assert!(matches(r#"pod!~"web-.*""#, "pod", "db-0"));
    }

    #[test]
    fn a_missing_label_equals_the_empty_text() {
        assert!(matches(r#"team="""#, "other", "x"));
        assert!(matches("team=", "other", "x"));
        assert!(matches(r#"team=~".*""#, "other", "x"));
        assert!(!matches(r#"team=~".+""#, "other", "x"));
        assert!(matches("team!=a", "other", "x"));
    }

    #[test]
    fn names_of_any_script_may_be_quoted() {
        assert!(matches(r#""app.kubernetes.io/name"="web""#, "app.kubernetes.io/name", "web"));
        assert!(matches(r#"{"équipe"="été"}"#, "équipe", "été"));
    }

    #[test]
    fn one_text_may_hold_several() {
        let both = r#"{a="1", b=~"2|3",}"#.parse::<Matchers>().expect("two matchers");
        let label = |k: &str, v: &str| (k.to_owned(), v.to_owned());
        assert!(both.match_all(&BTreeMap::from([label("a", "1"), label("b", "3")])));
        assert!(!both.match_all(&BTreeMap::from([label("a", "1")])));
        assert_eq!("a=1,b=2".parse::<Matchers>().expect("two").0.len(), 2);
    }

    #[test]
    fn a_fault_has_its_place_and_its_remedy() {
        assert_eq!(
            fault("namespace payments"),
            "matcher `namespace payments`, character 11: expected =, !=, =~ or !~ after the label's name"
        );
        assert_eq!(fault(r#"é="x"#), r#"matcher `é="x`, character 5: the quote is not closed"#);
        assert_eq!(
            fault("sev=~SEV(1"),
            "matcher `sev=~SEV(1`, character 6: `SEV(1` is no regular expression: unclosed group"
        );
        assert!(fault("").contains("expected a matcher"));
        assert!(fault("=x").contains("character 1: expected the name of a label"));
        assert!(fault("{a=b").contains("not closed"));
        assert!(fault("{a=b} c").contains("nothing may follow"));
        assert!(fault(r#"a="b" c"#).contains("expected a comma or the end"));
    }

    #[test]
    fn they_are_written_as_they_are_read() {
        for text in [r#"a="b""#, r#""a.b"!="c\"d""#, r#"sev=~"SEV1|SEV2""#, r#"x!~"\\d+""#] {
            let read = text.parse::<Matchers>().expect(text);
            assert_eq!(read.0[0].to_string(), text);
            assert_eq!(read.0[0].to_string().parse::<Matchers>().expect(text), read);
        }
    }
}
