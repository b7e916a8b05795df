//! One message owed to one receiver, sent until it is told.
//!
//! Enter: debts, from whoever keeps them ([`Debts`]), and the settings of the receivers. Leave:
//! requests to Slack and to webhooks, and for every attempt an
//! [`Outcome`](crate::incident::Outcome) that is written down.
//!
//! *Nothing here decides what is said or to whom; nothing is sent that was not committed; nothing
//! is forgotten because it failed; no secret and no body of a message is ever logged.* What is sent
//! is rendered at the last moment from the incident as it is then.
//!
//! What is promised: to a Slack bot with history scope, once (after an attempt whose outcome is
//! unknown the channel is searched before anything is sent again); to receivers that cannot be
//! asked, at least once, with a key to drop repeats by. Trouble that passes is retried without end.
//! What somebody must repair (a token, an archived channel) is parked, reported, and still tried
//! once in a while, so that the repair is all it takes.

mod outbox;
mod pacing;
mod secret;
pub mod slack;
pub mod webhook;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::brief::Context;
use crate::incident::{Debt, Place};
pub use outbox::{Backlog, Debts, Outbox};

/// How fast messages are sent, and how patient delivery is. The defaults are Slack's own limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Pause between two messages to one channel. Slack allows one a second; less earns refusals.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub channel_pause: Duration,
    /// Pause between two edits of one message. What changes meanwhile goes into the next edit.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub edit_pause: Duration,
    /// Pause between the two searches for a message that may have arrived: longer than a slow post
    /// takes to show.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub search_pause: Duration,
    /// How long one request may take. After that its outcome is unknown.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub timeout: Duration,
    /// The longest pause between attempts while a receiver is away. It begins with half a second
    /// and doubles.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub retry_max: Duration,
    /// The pause between attempts while a receiver waits for somebody's repair.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub parked_retry: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            channel_pause: Duration::from_secs(1),
            edit_pause: Duration::from_secs(2),
            search_pause: Duration::from_secs(3),
            timeout: Duration::from_secs(10),
            retry_max: Duration::from_secs(60),
            parked_retry: Duration::from_secs(60),
        }
    }
}

/// One receiver: a name that routes use, and exactly one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiverSettings {
    /// The name that routes use.
    pub name: String,
    /// A Slack channel, through a bot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slack: Option<slack::Settings>,
    /// Anything that takes a signed HTTP POST.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<webhook::Settings>,
}

/// Someone who can be told.
#[derive(Debug)]
pub struct Receiver {
    name: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Slack(slack::Slack),
    Webhook(webhook::Webhook),
}

/// A message that is at the receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    /// Which revision of it.
    revision: i64,
    /// Where it stands, where that has a name.
    place: Option<Place>,
}

/// Why a message is not told. `why` is a short word for metrics and `check`: the receiver's own, or
/// ours.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Trouble {
    /// Too fast; the receiver said how long to wait.
    Limited(Duration),
    /// Certainly not told; passes.
    Away(String),
    /// Perhaps told; passes.
    Unsure(String),
    /// Not told until somebody repairs something, and what.
    Broken(String, &'static str),
    /// Not told, and never as it is.
    Refused(String),
    /// What was to be edited, or replied to, is no longer there.
    Vanished(String),
}

impl Receiver {
    /// A receiver from its settings. Reads no secret yet: it is read for every attempt, because
    /// mounted secrets rotate.
    ///
    /// # Errors
    /// When it has no kind or several, or when no TLS client can be built (no CA certificates in
    /// the image).
    pub fn new(receiver: &ReceiverSettings, settings: &Settings) -> Result<Self, String> {
        let kind = match (&receiver.slack, &receiver.webhook) {
            (Some(slack), None) => Kind::Slack(slack::Slack::new(slack, settings)?),
            (None, Some(webhook)) => Kind::Webhook(webhook::Webhook::new(webhook, settings)?),
            (None, None) => {
                return Err(format!(
                    "receiver {:?} has no kind; add slack or webhook",
                    receiver.name
                ));
            }
            _ => {
                return Err(format!(
                    "receiver {:?} has several kinds; make it several receivers",
                    receiver.name
                ));
            }
        };
        Ok(Self { name: receiver.name.clone(), kind })
    }

    /// The name that routes use.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Receivers with the same lane keep one pace together: two names for one channel.
    fn lane(&self) -> Option<String> {
        match &self.kind {
            Kind::Slack(slack) => Some(slack.lane()),
            Kind::Webhook(_) => None,
        }
    }

    /// Asks whether a message whose outcome is unknown has arrived. `None`: it has not, or the
    /// receiver cannot be asked.
    async fn find(&self, debt: &Debt) -> Result<Option<Told>, Trouble> {
        match &self.kind {
            Kind::Slack(slack) => slack.find(debt).await,
            Kind::Webhook(_) => Ok(None),
        }
    }

    /// Tells it: posts, edits or replies.
    async fn tell(&self, debt: &Debt, context: &Context) -> Result<Told, Trouble> {
        match &self.kind {
            Kind::Slack(slack) => slack.tell(debt, context).await,
            Kind::Webhook(webhook) => webhook.tell(debt, context).await,
        }
    }
}
