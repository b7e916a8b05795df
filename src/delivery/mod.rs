//! One message owed to one receiver, sent until it is told.
//!
//! Enter: debts, from whoever keeps them ([`Debts`]), and the settings of the receivers. Leave:
//! requests to Slack, PagerDuty, Teams and webhooks, and for every attempt an
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

mod http;
pub mod log;
mod outbox;
mod pacing;
pub mod pagerduty;
mod proxy;
mod secret;
pub mod slack;
pub mod slack_webhook;
mod sparing;
pub mod teams;
pub mod webhook;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::brief::Context;
use crate::incident::{Audience, Debt, Logs, Place};
pub use outbox::{Backlog, Debts, Outbox};
pub use secret::read as read_secret;

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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiverSettings {
    /// The name that routes use.
    pub name: String,
    /// Whom its messages are for: `oncall`, or `stakeholders`, who get plain words in a message and a
    /// thread of their own. Slack, webhooks and the log can be for stakeholders.
    #[serde(default)]
    pub audience: Audience,
    /// Whether it is told what Firsthand says of itself: no heartbeat of the alerts, Prometheus or the API
    /// server away, evidence or messages that fail. Each is told once, and its end.
    #[serde(default)]
    pub watch: bool,
    /// Whether it may see words of logs: `redacted`, or `never`.
    #[serde(default)]
    pub logs: Logs,
    /// A Slack channel, through a bot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slack: Option<slack::Settings>,
    /// A Slack channel, through an incoming webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slack_webhook: Option<slack_webhook::Settings>,
    /// A PagerDuty service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pagerduty: Option<pagerduty::Settings>,
    /// A Microsoft Teams channel, through a workflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teams: Option<teams::Settings>,
    /// The daemon's own log: `{}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<log::Settings>,
    /// Anything that takes a signed HTTP POST.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<webhook::Settings>,
}

impl ReceiverSettings {
    /// Which kinds it has, by their keys. One is right.
    pub fn kinds(&self) -> Vec<&'static str> {
        let all = [
            ("slack", self.slack.is_some()),
            ("slack_webhook", self.slack_webhook.is_some()),
            ("pagerduty", self.pagerduty.is_some()),
            ("teams", self.teams.is_some()),
            ("log", self.log.is_some()),
            ("webhook", self.webhook.is_some()),
        ];
        all.into_iter().filter_map(|(key, there)| there.then_some(key)).collect()
    }
}

/// Someone who can be told.
#[derive(Debug)]
pub struct Receiver {
    name: String,
    logs: Logs,
    audience: Audience,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Slack(slack::Slack),
    SlackWebhook(slack_webhook::SlackWebhook),
    PagerDuty(pagerduty::PagerDuty),
    Teams(teams::Teams),
    Log,
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
        let name = &receiver.name;
        match receiver.kinds().as_slice() {
            [] => {
                return Err(format!(
                    "receiver {name:?} has no kind; add slack, slack_webhook, pagerduty, teams, webhook or log"
                ));
            }
            [_] => {}
            _ => {
                return Err(format!(
                    "receiver {name:?} has several kinds; make it several receivers"
                ));
            }
        }
        let kind = if let Some(it) = &receiver.slack {
            Kind::Slack(slack::Slack::new(it, settings)?)
        } else if let Some(it) = &receiver.slack_webhook {
            Kind::SlackWebhook(slack_webhook::SlackWebhook::new(it, settings)?)
        } else if let Some(it) = &receiver.pagerduty {
            Kind::PagerDuty(pagerduty::PagerDuty::new(it, settings)?)
        } else if let Some(it) = &receiver.teams {
            Kind::Teams(teams::Teams::new(it, settings)?)
        } else if let Some(it) = &receiver.webhook {
            Kind::Webhook(webhook::Webhook::new(it, settings)?)
        } else {
            Kind::Log
        };
        let (audience, logs) = (receiver.audience, receiver.logs);
        Ok(Self { name: name.clone(), audience, logs, kind })
    }

    /// The name that routes use.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whom its messages are for.
    fn audience(&self) -> Audience {
        self.audience
    }

    /// Receivers with the same lane keep one pace together: two names for one channel.
    fn lane(&self) -> Option<String> {
        match &self.kind {
            Kind::Slack(slack) => Some(slack.lane()),
            Kind::SlackWebhook(webhook) => Some(webhook.lane()),
            Kind::Teams(teams) => Some(teams.lane()),
            Kind::PagerDuty(_) | Kind::Webhook(_) | Kind::Log => None,
        }
    }

    /// Asks whether a message whose outcome is unknown has arrived. `None`: it has not, or the
    /// receiver cannot be asked.
    async fn find(&self, debt: &Debt) -> Result<Option<Told>, Trouble> {
        match &self.kind {
            Kind::Slack(slack) => slack.find(debt).await,
            _ => Ok(None),
        }
    }

    /// Tells it: posts, edits or replies.
    async fn tell(&self, debt: &Debt, context: &Context) -> Result<Told, Trouble> {
        let quiet = (self.logs == Logs::Never).then(|| debt.clone().without_logs());
        let debt = quiet.as_ref().unwrap_or(debt);
        match &self.kind {
            Kind::Slack(slack) => slack.tell(debt, context).await,
            Kind::SlackWebhook(webhook) => webhook.tell(debt, context).await,
            Kind::PagerDuty(pagerduty) => pagerduty.tell(debt, context).await,
            Kind::Teams(teams) => teams.tell(debt, context).await,
            Kind::Log => Ok(log::tell(&self.name, debt, context)),
            Kind::Webhook(webhook) => webhook.tell(debt, context).await,
        }
    }
}
