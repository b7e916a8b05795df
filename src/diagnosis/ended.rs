//! How one run of a container ended, as its status tells.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::ContainerStateTerminated;

/// How one run of a container ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    state: &'a ContainerStateTerminated,
}

impl<'a> Ended<'a> {
    pub(super) fn new(state: &'a ContainerStateTerminated) -> Self {
        Self { state }
    }

    /// The exit code.
    pub fn exit_code(self) -> i32 {
        self.state.exit_code
    }

    /// `Error`, `Completed`, `OOMKilled`, `StartError`, `ContainerCannotRun`.
    pub fn reason(self) -> &'a str {
        self.state.reason.as_deref().unwrap_or_default()
    }

    /// The termination message, or the runtime's own words.
    pub fn message(self) -> Option<&'a str> {
        self.state.message.as_deref().filter(|message| !message.is_empty())
    }

    /// Whether the process never began: the message is then the runtime's.
    pub fn never_began(self) -> bool {
        matches!(self.reason(), "StartError" | "ContainerCannotRun")
    }

    /// When the run began.
    pub fn started_at(self) -> Option<Timestamp> {
        // A container that never ran carries the epoch here.
        self.state.started_at.as_ref().map(|time| time.0).filter(|at| *at > Timestamp::UNIX_EPOCH)
    }

    /// When the run ended.
    pub fn finished_at(self) -> Option<Timestamp> {
        self.state.finished_at.as_ref().map(|time| time.0).filter(|at| *at > Timestamp::UNIX_EPOCH)
    }

    /// How long the run lasted.
    pub fn lasted(self) -> Option<SignedDuration> {
        Some(self.finished_at()?.duration_since(self.started_at()?))
    }

    pub(super) fn container_id(self) -> Option<&'a str> {
        self.state.container_id.as_deref().filter(|id| !id.is_empty())
    }
}
