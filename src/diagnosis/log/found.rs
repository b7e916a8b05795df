//! One thing that a reader found, before it is weighed against what follows it in the log.

use super::lines::{Lines, bounded};
use super::{Frame, Kind, Language, Told, Weight, failure, network};

/// A report or a complaint.
pub(super) struct Found {
    /// The line to quote.
    pub(super) at: usize,
    /// The first line of the whole report, and the last.
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) kind: Kind,
    pub(super) weight: Weight,
    /// Whether no process survives this: then what follows it is another process.
    pub(super) certain: bool,
    pub(super) language: Language,
    pub(super) message: String,
    pub(super) frame: Option<Frame>,
    pub(super) named: Option<String>,
    pub(super) why: &'static str,
}

impl Found {
    /// One line, which is its own whole report.
    pub(super) fn line(at: usize, language: Language, message: &str, why: &'static str) -> Self {
        Self {
            at,
            from: at,
            to: at,
            kind: Kind::Fatal,
            weight: Weight::Ended,
            certain: false,
            language,
            message: message.trim().to_owned(),
            frame: None,
            named: None,
            why,
        }
    }

    /// A crash is named for what its message is about, where the message says more than that it crashed.
    pub(super) fn named_after_its_message(mut self) -> Self {
        let general =
            matches!(self.kind, Kind::Panic | Kind::Exception | Kind::Fatal | Kind::Native);
        if general && let Some((kind, named)) = failure::about(&self.message) {
            self.kind = kind;
            self.named = self.named.or(named);
        }
        self
    }

    pub(super) fn into_told(self, lines: &Lines<'_>) -> Told {
        let message = bounded(&self.message);
        let endpoint = match self.kind {
            kind if kind.is_network() => self.named.clone(),
            kind if kind.is_dependency() => network::endpoint_in(&self.message),
            _ => None,
        };
        Told {
            kind: self.kind,
            weight: self.weight,
            language: self.language,
            mark: lines.mark(self.at, &message),
            named: self.named.or_else(|| endpoint.clone()),
            endpoint,
            message,
            frame: self.frame,
            why: self.why,
        }
    }
}
