//! What the settings want taken out beside the secrets: patterns of one's own, e-mail addresses, names of users.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::{Secret, markers, regex, values, without};
use crate::collect::settings::RedactionSettings;

/// The settings' rules, ready to use. Nothing by default.
#[derive(Clone, Debug, Default)]
pub(in crate::collect) struct Rules {
    patterns: Vec<(String, Regex)>,
    emails: bool,
    user_names: bool,
}

/// An address of mail, not the user of a URL.
static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"\b[A-Za-z0-9][A-Za-z0-9._%+\-]{0,63}@(?:[A-Za-z0-9\-]{1,63}\.){1,8}[A-Za-z]{2,24}\b")
});

/// Where a user is named: `user=app`, `"username": "app"`, `for user "app"`, `://app:…@`, `CN=app,`.
static USER: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?ix)
        (?: \b(?:[a-z0-9]+[_.\-])?user(?:[_\-]?name|[_\-]?id)? | \blogin | \buid | \bowner | \brole )
            \\*["']? \s* (?: => | [:=] ) \s* \\*["']? (?P<pair> [a-z0-9._@\\+\-]{2,64} )
        | \b(?:user|role|login) \s+ \\*["'] (?P<told> [^"'\\\s]{2,64} ) \\*["']
        | :// (?P<address> [^\s:/@"']{1,64} ) (?: :[^\s/@]* )? @
        "#,
    )
});

/// So many kinds of its own are bounded by what a marker may hold.
pub(in crate::collect) fn is_kind(name: &str) -> bool {
    (1..=40).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

impl Rules {
    /// The rules of these settings. What [`RedactionSettings::faults`] names is left out.
    pub(in crate::collect) fn of(settings: &RedactionSettings) -> Self {
        let patterns = settings.patterns.iter().filter(|own| is_kind(&own.name));
        let patterns =
            patterns.filter_map(|own| Some((own.name.clone(), Regex::new(&own.pattern).ok()?)));
        Self {
            patterns: patterns.collect(),
            emails: settings.emails,
            user_names: settings.user_names,
        }
    }

    /// Whether that name's value is the name of a user, and is to go.
    pub(super) fn takes_user(&self, name: &str, value: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let names = ["user", "username", "user_name", "login"];
        self.user_names
            && names.iter().any(|it| name == *it || name.ends_with(&format!("_{it}")))
            && is_user(value)
    }

    /// The text without what the rules take out; `mark` gives what stands in its place.
    pub(super) fn take<'t>(
        &self,
        text: &'t str,
        mark: impl Fn(&str, &str) -> String,
    ) -> Cow<'t, str> {
        let mut text = Cow::Borrowed(text);
        for (kind, pattern) in &self.patterns {
            let found = pattern.find_iter(&text).map(|it| it.range()).collect();
            put(&mut text, found, kind, &mark);
        }
        if self.emails && text.contains('@') {
            let found = EMAIL.find_iter(&text).filter(|it| !in_address(&text, it.range()));
            let found = found.map(|it| it.range()).collect();
            put(&mut text, found, "e-mail", &mark);
        }
        if self.user_names {
            let found = USER.captures_iter(&text).filter_map(|it| {
                let name = ["pair", "told", "address"].iter().find_map(|group| it.name(group))?;
                is_user(name.as_str()).then(|| name.range())
            });
            let found = found.collect();
            put(&mut text, found, "user", &mark);
        }
        text
    }
}

/// The cluster's own accounts are no people, and diagnosis needs them; numbers are no names.
fn is_user(value: &str) -> bool {
    !value.starts_with("system:")
        && value.contains(|c: char| c.is_ascii_alphabetic())
        && !values::is_placeholder(value)
}

/// `://app:…@db.example.com`: what stands before the `@` is a user, and what stands behind it a host.
fn in_address(text: &str, at: Range<usize>) -> bool {
    let before = &text[..at.start];
    let word =
        before.rfind(|c: char| c.is_whitespace() || "\"'<>(".contains(c)).map_or(0, |it| it + 1);
    before[word..].contains("://")
}

/// Puts markers in place of what was found, and leaves out what was redacted before.
fn put(
    text: &mut Cow<'_, str>,
    found: Vec<Range<usize>>,
    kind: &str,
    mark: &impl Fn(&str, &str) -> String,
) {
    let known = markers(text);
    let found = found.into_iter().filter(|at| !at.is_empty());
    let parts: Vec<_> =
        found.flat_map(|at| without(&known, text, Secret { at, kind: "own" })).collect();
    if parts.is_empty() {
        return;
    }
    *text = Cow::Owned(super::replace(text, &parts, |_, value| mark(kind, value)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::settings::OwnPattern;

    fn taken(settings: RedactionSettings, text: &str) -> String {
        Rules::of(&settings).take(text, |kind, _| super::super::marker(kind)).into_owned()
    }

    #[test]
    fn own_patterns_mails_and_users_go_where_the_settings_say_so() {
        let own = OwnPattern { name: "customer".into(), pattern: "KD-[0-9]{8}".into() };
        let patterns = RedactionSettings { patterns: vec![own], ..Default::default() };
        assert_eq!(
            taken(patterns, "order of KD-12345678 and [redacted: key #2]"),
            "order of [redacted: customer] and [redacted: key #2]"
        );
        let emails = RedactionSettings { emails: true, ..Default::default() };
        assert_eq!(
            taken(emails, "mail to grace@example.com; postgres://app@db.example.com/x"),
            "mail to [redacted: e-mail]; postgres://app@db.example.com/x"
        );
        let users = RedactionSettings { user_names: true, ..Default::default() };
        assert_eq!(
            taken(
                users.clone(),
                "password authentication failed for user \"shop\" at postgres://app:x@db/x"
            ),
            "password authentication failed for user \"[redacted: user]\" at postgres://[redacted: user]:x@db/x"
        );
        let kept = "User \"system:serviceaccount:shop:web\" cannot list; runAsUser: 1000";
        assert_eq!(taken(users, kept), kept);
        assert_eq!(taken(RedactionSettings::default(), "grace@example.com"), "grace@example.com");
    }
}
