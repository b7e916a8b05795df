//! Matchers of labels, in Alertmanager's syntax: `namespace="payments"`, `sev=~"SEV1|SEV2"`.
//!
//! Alertmanager has two readers, and so have we: one for names and values of any script ([`utf8`]), and
//! the older, more tolerant one ([`classic`]). Where both can read a text and disagree the older one is
//! believed, as there; a text that only one of them can read means what that one reads.

mod classic;
mod pattern;
mod utf8;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use regex::Regex;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Matchers that must all match.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matchers(Vec<Matcher>);

impl Matchers {
    /// The first that does not match, as it is written.
    pub fn refusal(&self, labels: &BTreeMap<String, String>) -> Option<String> {
        self.0.iter().find(|matcher| !matcher.matches(labels)).map(ToString::to_string)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all of them match. None at all: yes.
    pub fn match_all(&self, labels: &BTreeMap<String, String>) -> bool {
        self.0.iter().all(|matcher| matcher.matches(labels))
    }
}

impl FromStr for Matchers {
    type Err = BadMatcher;

    /// Reads one text of one or more matchers: `a="b"`, or `{a="b", c!="d"}`. No text at all is refused,
    /// which Alertmanager takes for "everything"; `{}` says that.
    fn from_str(text: &str) -> Result<Self, BadMatcher> {
        match (utf8::read(text), classic::read(text)) {
            (_, Some(_)) if text.trim().is_empty() => Err(BadMatcher {
                text: text.to_owned(),
                position: 1,
                what: "expected a matcher such as namespace=\"payments\"".to_owned(),
            }),
            (_, Some(matchers)) | (Ok(matchers), None) => Ok(Self(matchers)),
            (Err(bad), None) => Err(bad),
        }
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
    /// # Errors
    /// Why the value of `=~` or `!~` is no regular expression.
    fn new(name: String, is: Is, value: String) -> Result<Self, String> {
        let pattern = match is {
            Is::Equal | Is::NotEqual => None,
            Is::Like | Is::NotLike => Some(pattern::compile(&value)?),
        };
        Ok(Self { name, is, value, pattern })
    }

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

impl fmt::Display for Matchers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, matcher) in self.0.iter().enumerate() {
            write!(f, "{}{matcher}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
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
    fn where_the_two_readers_disagree_the_older_one_is_believed() {
        // Only the older one takes spaces, quotes in the middle and lone backslashes.
        assert!(matches("a=b c", "a", "b c"));
        assert!(matches(r#"a="\d+""#, "a", r"\d+"));
        assert!(matches("{a=b", "a", "b"));
        // Only the newer one takes other names, and Go's escapes in them.
        assert!(matches(r#""a\u002eb"="\t\x41""#, "a.b", "\tA"));
        assert!(matches(r#"été=x"#, "été", "x"));
        // Both take this one: a tab for the newer, a backslash and a t for the older.
        assert!(matches(r#"a="x\ty""#, "a", r"x\ty"));
        assert!(matches("{}", "a", "anything"));
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
        assert_eq!(fault(r#"é="x"#), r#"matcher `é="x`, character 3: the quote is not closed"#);
        assert_eq!(
            fault("sev=~SEV(1"),
            "matcher `sev=~SEV(1`, character 6: `SEV(1` is no regular expression: unclosed group"
        );
        assert!(fault("").contains("expected a matcher"));
        assert!(fault("=x").contains("character 1: expected the name of a label"));
        assert!(fault("{a=b, c!}").contains("character 9: expected =, !=, =~ or !~"));
        assert!(fault(r#"{"a"=b} c"#).contains("nothing may follow"));
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
