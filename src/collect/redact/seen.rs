//! What one collection has taken out, so that it is known wherever else it stands.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::keys::TOKEN;
use super::own::Rules;
use super::{MARKER, keys, objects, redact_as, values};
use crate::diagnosis::{Evidence, Source};

/// The values that were taken out of one collection, and their number. They are kept in memory until the
/// collection is closed, and nowhere else; this type has no `Debug`.
#[derive(Default)]
pub(in crate::collect) struct Seen {
    book: Mutex<Book>,
    numbers: Numbers,
    rules: Arc<Rules>,
}

#[derive(Default)]
struct Book {
    count: u32,
    /// Values with their markers.
    known: HashMap<String, String>,
}

/// Values that are remembered; a storm of different tokens in a log is not worth more.
const MOST: usize = 2_000;

/// Which value has which number, over all collections about one object: `[redacted: password #2]` is the same
/// password an hour later. What is kept is a hash with a key that no one knows and that ends with the process.
#[derive(Clone, Default)]
pub(in crate::collect) struct Numbers(Arc<Mutex<Given>>);

#[derive(Default)]
struct Given {
    hasher: RandomState,
    markers: HashMap<u64, String>,
    last: HashMap<String, u32>,
}

impl Numbers {
    /// The marker of that value: the one it had before, or one with the kind's next number.
    fn marker(&self, kind: &str, value: &str) -> String {
        let mut given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hash = given.hasher.hash_one(value);
        if let Some(marker) = given.markers.get(&hash) {
            return marker.clone();
        }
        if given.markers.len() >= MOST {
            return super::marker(kind);
        }
        let number = given.last.entry(kind.to_owned()).or_default();
        *number += 1;
        let marker = format!("{MARKER}{kind} #{number}]");
        given.markers.insert(hash, marker.clone());
        marker
    }
}

impl Seen {
    /// For a collection with the settings' own rules, and with the numbers of those before it.
    pub(in crate::collect) fn with(rules: Arc<Rules>, numbers: Numbers) -> Self {
        Self { book: Mutex::default(), numbers, rules }
    }

    /// As [`super::redact`], and remembers.
    pub(in crate::collect) fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let clean = redact_as(text, |kind, value| self.marker(kind, value)).0;
        match clean {
            Cow::Borrowed(text) => self.rules.take(text, |kind, value| self.marker(kind, value)),
            Cow::Owned(text) => Cow::Owned(
                self.rules.take(&text, |kind, value| self.marker(kind, value)).into_owned(),
            ),
        }
    }

    /// A value with its name: all of it goes where the name is a secret's.
    pub(in crate::collect) fn clean(&self, value: &mut String, name: &str) {
        if let Some(kind) = keys::kind(name).filter(|kind| values::is_value(value, kind)) {
            *value = self.marker(kind, value);
        } else if self.rules.takes_user(name, value) {
            *value = self.marker("user", value);
        } else if let Cow::Owned(clean) = self.redact(value) {
            *value = clean;
        }
    }

    /// What stands in place of that value. Another value has another number, so that a changed password
    /// shows as a change, and two lines can be compared.
    fn marker(&self, kind: &str, value: &str) -> String {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.count = book.count.saturating_add(1);
        if value.contains(MARKER) {
            return super::marker(kind);
        }
        if let Some(marker) = book.known.get(value) {
            return marker.clone();
        }
        let marker = self.numbers.marker(kind, value);
        if book.known.len() < MOST {
            book.known.insert(value.to_owned(), marker.clone());
        }
        marker
    }

    /// Takes what was seen out of everything else as well, and adds how many there were.
    pub(in crate::collect) fn close(self, evidence: &mut Evidence) {
        let Book { count, known } = self.book.into_inner().unwrap_or_else(PoisonError::into_inner);
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
            + again.objects(&mut evidence.events)
            + again.objects(&mut evidence.nodes)
            + again.objects(&mut evidence.persistent_volume_claims);
        for missed in &mut evidence.missed {
            evidence.redacted += again.text(&mut missed.why);
        }
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
    fn of(known: &HashMap<String, String>) -> Option<Self> {
        let telling = known.iter().filter(|(value, _)| values::is_random(value, TOKEN));
        let (words, markers): (Vec<_>, Vec<_>) = telling
            .flat_map(|(value, marker)| {
                [value.clone(), BASE64.encode(value)].map(|word| (word, marker.clone()))
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
