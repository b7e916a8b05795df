//! What one collection has taken out, so that it is known wherever else it stands.

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::keys::TOKEN;
use super::{MARKER, keys, objects, redact_as, values};
use crate::diagnosis::{Evidence, Source};

/// The values that were taken out of one collection, and their number. They are kept in memory until the
/// collection is closed, and nowhere else; this type has no `Debug`.
#[derive(Default)]
pub(in crate::collect) struct Seen(Mutex<Book>);

#[derive(Default)]
struct Book {
    count: u32,
    known: Vec<Known>,
}

struct Known {
    /// The name that it had, as of an environment variable; empty where it had none.
    name: String,
    value: String,
    marker: String,
}

/// Values that are remembered; a storm of different tokens in a log is not worth more.
const MOST: usize = 2_000;

impl Seen {
    /// As [`super::redact`], and remembers.
    pub(in crate::collect) fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.redact_named(text, "")
    }

    /// Text that is the value of something called `name`.
    fn redact_named<'t>(&self, text: &'t str, name: &str) -> Cow<'t, str> {
        redact_as(text, |kind, value| self.marker(name, kind, value)).0
    }

    /// A value with its name: all of it goes where the name is a secret's.
    pub(in crate::collect) fn clean(&self, value: &mut String, name: &str) {
        if let Some(kind) = keys::kind(name).filter(|kind| values::is_value(value, kind)) {
            *value = self.marker(name, kind, value);
        } else if let Cow::Owned(clean) = self.redact_named(value, name) {
            *value = clean;
        }
    }

    /// What stands in place of that value. A second value of the same name is told from the first, so
    /// that a changed password shows as a change.
    fn marker(&self, name: &str, kind: &str, value: &str) -> String {
        let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        book.count = book.count.saturating_add(1);
        let plain = super::marker(kind);
        if value.contains(MARKER) {
            return plain;
        }
        let same = |it: &&Known| it.value == value && (it.name == name || name.is_empty());
        if let Some(known) = book.known.iter().find(same) {
            return known.marker.clone();
        }
        if book.known.len() >= MOST {
            return plain;
        }
        let others = book.known.iter().filter(|it| !name.is_empty() && it.name == name).count();
        let marker = match others {
            0 => plain,
            others => format!("{MARKER}{kind} #{}]", others + 1),
        };
        let (name, value) = (name.to_owned(), value.to_owned());
        book.known.push(Known { name, value, marker: marker.clone() });
        marker
    }

    /// Takes what was seen out of everything else as well, and adds how many there were.
    pub(in crate::collect) fn close(self, evidence: &mut Evidence) {
        let Book { count, known } = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        evidence.redacted = evidence.redacted.saturating_add(count);
        let Some(again) = Again::of(&known) else { return };
        for log in &mut evidence.logs {
            if let Source::Read(text) = &mut log.text {
                evidence.redacted += again.text(text);
            }
        }
        let count = again.objects(&mut evidence.pods)
            + again.objects(&mut evidence.deployments)
            + again.objects(&mut evidence.replica_sets)
            + again.objects(&mut evidence.stateful_sets)
            + again.objects(&mut evidence.daemon_sets)
            + again.objects(&mut evidence.controller_revisions)
            + again.objects(&mut evidence.jobs)
            + again.objects(&mut evidence.cron_jobs)
            + again.objects(&mut evidence.events);
        evidence.redacted = evidence.redacted.saturating_add(count);
    }
}

/// Finds known values.
struct Again {
    words: AhoCorasick,
    markers: Vec<String>,
}

impl Again {
    /// Only values that are no word and no name are looked for: a password `checkout` is a word of the
    /// log as well.
    fn of(known: &[Known]) -> Option<Self> {
        let telling = known.iter().filter(|it| values::is_random(&it.value, TOKEN));
        let (words, markers): (Vec<_>, Vec<_>) = telling
            .flat_map(|it| {
                [it.value.clone(), BASE64.encode(&it.value)].map(|word| (word, it.marker.clone()))
            })
            .unzip();
        if words.is_empty() {
            return None;
        }
        let builder =
            AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&words).ok();
        builder.map(|words| Self { words, markers })
    }

    fn text(&self, text: &mut String) -> u32 {
        let count = self.words.find_iter(text.as_str()).count();
        if count > 0 {
            *text = self.words.replace_all(text, &self.markers);
        }
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    fn objects<T: Serialize + DeserializeOwned>(&self, source: &mut Source<Vec<T>>) -> u32 {
        let Source::Read(objects) = source else { return 0 };
        let mut count = 0;
        for object in objects {
            let Ok(mut value) = serde_json::to_value(&*object) else { continue };
            let found = objects::strings(&mut value, &mut |text| self.text(text));
            if found > 0
                && let Ok(clean) = serde_json::from_value(value)
            {
                *object = clean;
                count += found;
            }
        }
        count
    }
}
