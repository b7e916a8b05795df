//! What the kubelet and the runtime say about a container that does not start, in whichever place and
//! wording they say it.

use std::sync::LazyLock;

use regex::Regex;

use super::container::ContainerView;
use super::trouble::Trouble;
use super::{Case, Proof};

/// One sentence about one container.
#[derive(Clone)]
pub struct Told<'a> {
    /// The container.
    pub container: ContainerView<'a>,
    /// The sentence, verbatim.
    pub text: &'a str,
    source: String,
}

impl Told<'_> {
    /// The sentence as proof of `fact`.
    pub fn proof(&self, fact: impl Into<String>) -> Proof {
        Proof::quoted(fact, self.text, self.source.clone())
    }
}

/// An object that the kubelet looked for and did not find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The object itself: `secret "x" not found`.
    Object {
        /// `Secret` or `ConfigMap`.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// A key of an object that exists.
    Key {
        /// `Secret` or `ConfigMap`.
        kind: &'static str,
        /// The object's name, where the sentence has it; a volume's sentence names the volume.
        name: Option<String>,
        /// The volume, where it is one.
        volume: Option<String>,
        /// The key.
        key: String,
    },
}

static OBJECT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?i)\b(secret|configmap)s? "([^"]+)" not found"#).ok());
static KEY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)couldn't find key (\S+) in (secret|configmap) (?:[^/\s]+/)?([^\s,]+)").ok()
});
static VOLUME_KEY: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"references non-existent (config|secret) key: ([^\s,\]]+)").ok());
static VOLUME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"for volume "([^"]+)""#).ok());

/// The first missing object or key that a sentence names.
pub(super) fn missing(text: &str) -> Option<Missing> {
    let kind = |word: &str| {
        if word.to_ascii_lowercase().starts_with("secret") { "Secret" } else { "ConfigMap" }
    };
    if let Some(found) = KEY.as_ref()?.captures(text) {
        return Some(Missing::Key {
            kind: kind(&found[2]),
            name: Some(found[3].to_owned()),
            volume: None,
            key: found[1].to_owned(),
        });
    }
    if let Some(found) = VOLUME_KEY.as_ref()?.captures(text) {
        let volume = VOLUME.as_ref()?.captures(text).map(|it| it[1].to_owned());
        return Some(Missing::Key {
            kind: kind(&found[1]),
            name: None,
            volume,
            key: found[2].to_owned(),
        });
    }
    let found = OBJECT.as_ref()?.captures(text)?;
    Some(Missing::Object { kind: kind(&found[1]), name: found[2].to_owned() })
}

/// Everything told about the containers of a case that do not start: waiting messages first, then the
/// warnings among their events, the newest first. Each text once.
pub(super) fn all<'a>(case: &Case<'a>) -> Vec<Told<'a>> {
    let mut found: Vec<Told<'a>> = Vec::new();
    let mut tell = |told: Told<'a>| {
        if !told.text.is_empty() && !found.iter().any(|it| it.text == told.text) {
            found.push(told);
        }
    };
    let stuck =
        |it: &ContainerView<'a>| matches!(it.trouble(), Some(Trouble::Waits | Trouble::NotStarted));
    for container in case.containers().filter(stuck) {
        if let Some((_, text)) = container.waiting() {
            let source =
                format!("{}/{}, waiting message", container.pod().name(), container.name());
            tell(Told { container, text, source });
        }
    }
    for container in case.containers().filter(stuck) {
        // What was said before the newest run is about an earlier one.
        let begun = container.last_ended().and_then(|it| it.started_at());
        for event in container.events().into_iter().rev().filter(|it| it.is_warning()) {
            if !event.is_since(begun) {
                continue;
            }
            let source = format!("event {} of {}", event.reason(), event.object());
            tell(Told { container, text: event.message(), source });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wording_names_the_object() {
        let object = |kind, name: &str| Some(Missing::Object { kind, name: name.into() });
        assert_eq!(missing("secret \"db\" not found"), object("Secret", "db"));
        assert_eq!(missing("configmap \"app\" not found"), object("ConfigMap", "app"));
        assert_eq!(
            missing("MountVolume.SetUp failed for volume \"v\" : configmap \"app\" not found"),
            object("ConfigMap", "app")
        );
        assert_eq!(missing("Error: secrets \"db\" not found"), object("Secret", "db"));
        assert_eq!(missing("failed to sync secret cache: timed out"), None);
    }

    #[test]
    fn every_wording_names_the_key() {
        let key = |kind, name: Option<&str>, volume: Option<&str>| {
            let own = |it: Option<&str>| it.map(str::to_owned);
            Some(Missing::Key { kind, name: own(name), volume: own(volume), key: "url".into() })
        };
        assert_eq!(
            missing("couldn't find key url in ConfigMap shop/app"),
            key("ConfigMap", Some("app"), None)
        );
        assert_eq!(
            missing("couldn't find key url in Secret shop/db"),
            key("Secret", Some("db"), None)
        );
        assert_eq!(
            missing(
                "MountVolume.SetUp failed for volume \"v\" : configmap references non-existent config key: url"
            ),
            key("ConfigMap", None, Some("v"))
        );
        assert_eq!(
            missing(
                "MountVolume.SetUp failed for volume \"v\" : references non-existent secret key: url"
            ),
            key("Secret", None, Some("v"))
        );
    }
}
