//! One event, read the same way whatever version of the API wrote it.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Event;

use super::{EventLine, Proof};

/// What Kubernetes puts before the message of events it has folded.
const COMBINED: &str = "(combined from similar events): ";

/// One event. Cheap to copy.
#[derive(Clone, Copy, Debug)]
pub struct EventView<'a> {
    event: &'a Event,
}

impl<'a> EventView<'a> {
    pub(super) fn new(event: &'a Event) -> Self {
        Self { event }
    }

    /// `FailedMount`, `BackOff`.
    pub fn reason(self) -> &'a str {
        self.event.reason.as_deref().unwrap_or_default()
    }

    /// The message, without the prefixes that folded events and newer tools put before it.
    pub fn message(self) -> &'a str {
        let message = self.event.message.as_deref().unwrap_or_default();
        let message = message.strip_prefix(COMBINED).unwrap_or(message);
        prefix(message).map_or(message, |(_, rest)| rest)
    }

    /// Whether it is of type `Warning`.
    pub fn is_warning(self) -> bool {
        self.event.type_.as_deref() == Some("Warning")
    }

    /// The kind and name of the object it is about: `Pod web-7d9`.
    pub fn object(self) -> String {
        let object = &self.event.involved_object;
        format!(
            "{} {}",
            object.kind.as_deref().unwrap_or_default(),
            object.name.as_deref().unwrap_or_default()
        )
    }

    /// The kind of the object it is about.
    pub fn kind(self) -> &'a str {
        self.event.involved_object.kind.as_deref().unwrap_or_default()
    }

    /// The name of the object it is about.
    pub fn name(self) -> &'a str {
        self.event.involved_object.name.as_deref().unwrap_or_default()
    }

    pub(super) fn namespace(self) -> &'a str {
        self.event.involved_object.namespace.as_deref().unwrap_or_default()
    }

    pub(super) fn uid(self) -> &'a str {
        self.event.involved_object.uid.as_deref().unwrap_or_default()
    }

    /// The container it is about, where it says so (`spec.containers{app}`).
    pub fn container(self) -> Option<&'a str> {
        match self.event.involved_object.field_path.as_deref().and_then(|it| it.split_once('{')) {
            Some((_, rest)) => rest.strip_suffix('}'),
            None => prefix(self.event.message.as_deref()?).map(|(container, _)| container),
        }
    }

    /// Whether it was seen at that time or later. An event that does not tell its time is taken to be.
    pub(super) fn is_since(self, begun: Option<Timestamp>) -> bool {
        self.last_seen().is_none_or(|seen| begun.is_none_or(|begun| seen >= begun))
    }

    /// When it was last seen. Newer events leave `lastTimestamp` empty.
    pub fn last_seen(self) -> Option<Timestamp> {
        let event = self.event;
        let series = event.series.as_ref().and_then(|series| series.last_observed_time.as_ref());
        series
            .map(|time| time.0)
            .or_else(|| event.last_timestamp.as_ref().map(|time| time.0))
            .or_else(|| event.event_time.as_ref().map(|time| time.0))
            .or_else(|| event.first_timestamp.as_ref().map(|time| time.0))
            .or_else(|| event.metadata.creation_timestamp.as_ref().map(|time| time.0))
    }

    /// When it was first seen.
    pub fn first_seen(self) -> Option<Timestamp> {
        let event = self.event;
        event
            .first_timestamp
            .as_ref()
            .map(|time| time.0)
            .or_else(|| event.event_time.as_ref().map(|time| time.0))
            .or_else(|| event.metadata.creation_timestamp.as_ref().map(|time| time.0))
            .or_else(|| self.last_seen())
    }

    /// How often it was seen.
    pub fn count(self) -> i32 {
        let series = self.event.series.as_ref().and_then(|series| series.count);
        series.or(self.event.count).unwrap_or(1).max(1)
    }

    /// The event's message as proof of `fact`.
    pub fn proof(self, fact: impl Into<String>) -> Proof {
        let source = format!("event {} of {}", self.reason(), self.object());
        Proof::quoted(fact, self.message(), source)
    }

    /// The event as the thread shows it.
    pub(super) fn line(self) -> EventLine {
        EventLine {
            at: self.last_seen(),
            count: self.count(),
            kind: self.event.type_.clone().unwrap_or_else(|| "Normal".into()),
            object: self.object(),
            reason: self.reason().into(),
            message: self.message().into(),
        }
    }
}

/// The container and the rest of a message that begins with the field it is about:
/// `spec.containers{app}: Readiness probe failed`.
fn prefix(message: &str) -> Option<(&str, &str)> {
    let (field, rest) = message.split_once("}: ")?;
    let (path, container) = field.split_once('{')?;
    let paths = ["spec.containers", "spec.initContainers", "spec.ephemeralContainers"];
    paths.contains(&path).then_some((container, rest))
}
