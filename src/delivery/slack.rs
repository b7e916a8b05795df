//! Slack, through a bot: posts, edits in place, replies in the thread, and can be asked what
//! arrived.

use std::collections::HashMap;
use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use slack_morphism::errors::SlackClientError;
use slack_morphism::prelude::SlackClientHyperConnector;
use slack_morphism::{SlackApiToken, SlackClient};

use super::proxy::Way;
use super::{Told, Trouble, secret};
use crate::brief::{self, Context};
use crate::incident::{Debt, Owed, Place};

/// What our metadata is called in Slack.
const EVENT: &str = "firsthand";

/// Messages per page of a search, and pages: more than a channel takes in the minutes that are
/// searched.
const PAGE: (&str, usize) = ("200", 10);

/// A search begins this long before the incident: Slack's clock is not ours.
const SKEW: SignedDuration = SignedDuration::from_mins(10);

/// A Slack channel, through a bot that is a member of it. Scopes: `chat:write`; with
/// `channels:history` (`groups:history` for private channels) nothing is ever told twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The channel's id, `C0123456789` (in Slack: channel details, at the bottom).
    pub channel: String,
    /// The file that holds the bot's token (`xoxb-…`). Read for every message, so a rotated token
    /// needs no restart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    /// Or the environment variable that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_env: Option<String>,
    /// Where Slack's API is.
    #[serde(default = "api_url")]
    pub api_url: String,
}

fn api_url() -> String {
    "https://slack.com/api/".to_owned()
}

type Connector = SlackClientHyperConnector<hyper_rustls::HttpsConnector<Way>>;

#[derive(Debug)]
pub(super) struct Slack {
    settings: Settings,
    client: SlackClient<Connector>,
    timeout: Duration,
    search_pause: Duration,
}

/// Of an answer only what is needed: a block that a library does not know must not turn a success
/// into an error.
#[derive(Deserialize)]
struct Stands {
    channel: String,
    ts: String,
}

#[derive(Deserialize)]
struct Page {
    /// Required, so that a page of HTML, which the library reads as `{}`, is no empty answer.
    #[serde(rename = "ok")]
    _ok: bool,
    #[serde(default)]
    messages: Vec<Found>,
    #[serde(default)]
    response_metadata: Option<Cursor>,
}

#[derive(Deserialize)]
struct Cursor {
    #[serde(default)]
    next_cursor: String,
}

#[derive(Deserialize)]
struct Found {
    ts: String,
    #[serde(default)]
    metadata: Value,
}

impl Slack {
    pub(super) fn new(settings: &Settings, pace: &super::Settings) -> Result<Self, String> {
        crate::tls::install();
        let https = hyper_rustls::HttpsConnectorBuilder::new()
            .with_native_roots()
            .map_err(|error| format!("no CA certificates to trust slack.com by: {error}"))?
            .https_or_http()
            .enable_http1()
            .enable_http2()
            .wrap_connector(Way::from_environment());
        let connector = Connector::with_connector(https)
            .with_slack_api_url(settings.api_url.trim_end_matches('/'));
        Ok(Self {
            settings: settings.clone(),
            client: SlackClient::new(connector),
            timeout: pace.timeout,
            search_pause: pace.search_pause,
        })
    }

    /// One channel, whatever the receivers in front of it are called.
    pub(super) fn lane(&self) -> String {
        format!("{} {}", self.settings.api_url, self.settings.channel)
    }

    pub(super) async fn tell(&self, debt: &Debt, context: &Context) -> Result<Told, Trouble> {
        let message = match &debt.what {
            Owed::Main => brief::slack::main(&debt.incident, context),
            Owed::Reply { reply, .. } => brief::slack::reply(reply, &debt.incident, context),
        };
        let (method, mut body) = match &debt.place {
            Some(place) => ("chat.update", json!({ "channel": place.channel, "ts": place.ts })),
            None => ("chat.postMessage", self.post(debt)?),
        };
        body["text"] = message.text.into();
        body["blocks"] = message.blocks.into();
        body["metadata"] = json!({
            "event_type": EVENT,
            "event_payload": { "key": debt.key, "revision": debt.revision.to_string() },
        });
        let mut answer = self.call(method, &body).await;
        if let Err(Trouble::Refused(why)) = &answer
            && why.contains("blocks")
        {
            // The text says the same in a plainer form; better that than nothing.
            tracing::error!(
                why,
                incident = debt.incident.id,
                "slack refuses blocks; sending text alone"
            );
            body["blocks"] = json!([]);
            answer = self.call(method, &body).await;
        }
        let Stands { channel, ts } = answer?;
        Ok(Told { revision: debt.revision, place: Some(Place { channel, ts }) })
    }

    /// The arguments of a post: to the channel, or to the thread.
    fn post(&self, debt: &Debt) -> Result<Value, Trouble> {
        let mut body = json!({
            "channel": self.settings.channel, "unfurl_links": false, "unfurl_media": false,
        });
        if let Owed::Reply { broadcast, .. } = debt.what {
            let thread =
                debt.thread.as_ref().ok_or_else(|| Trouble::Vanished("no thread".into()))?;
            body["channel"] = json!(thread.channel);
            body["thread_ts"] = json!(thread.ts);
            body["reply_broadcast"] = json!(broadcast);
        }
        Ok(body)
    }

    /// Searches by our own metadata. Twice, with a pause: a post that timed out may still land
    /// after the first look.
    pub(super) async fn find(&self, debt: &Debt) -> Result<Option<Told>, Trouble> {
        for pause in [Some(self.search_pause), None] {
            match self.search(debt).await {
                Ok(None) => {}
                // The search is not allowed or not there. Then better twice than never.
                Err(Trouble::Broken(why, _) | Trouble::Refused(why) | Trouble::Vanished(why)) => {
                    tracing::warn!(
                        why,
                        incident = debt.incident.id,
                        "slack cannot be asked whether a message arrived; it may be told twice"
                    );
                    return Ok(None);
                }
                found => return found,
            }
            if let Some(pause) = pause {
                tokio::time::sleep(pause).await;
            }
        }
        Ok(None)
    }

    async fn search(&self, debt: &Debt) -> Result<Option<Told>, Trouble> {
        let oldest = debt.incident.opened_at.checked_sub(SKEW).unwrap_or(Timestamp::UNIX_EPOCH);
        let mut query: HashMap<&str, String> = HashMap::from([
            ("limit", PAGE.0.to_owned()),
            ("include_all_metadata", "true".to_owned()),
            ("oldest", format!("{}.000000", oldest.as_second())),
        ]);
        let (method, channel) = match &debt.thread {
            Some(thread) => {
                query.insert("ts", thread.ts.clone());
                ("conversations.replies", &thread.channel)
            }
            None => ("conversations.history", &self.settings.channel),
        };
        query.insert("channel", channel.clone());
        for _ in 0..PAGE.1 {
            let page: Page = self.ask(method, &query).await?;
            if let Some(told) = page.messages.iter().find_map(|found| ours(found, debt, channel)) {
                return Ok(Some(told));
            }
            match page.response_metadata.map(|cursor| cursor.next_cursor) {
                Some(next) if !next.is_empty() => query.insert("cursor", next),
                _ => return Ok(None),
            };
        }
        Ok(None)
    }

    async fn call(&self, method: &str, body: &Value) -> Result<Stands, Trouble> {
        let token = self.token()?;
        let session = self.client.open_session(&token);
        let call = session.http_session_api.http_post(method, body, None);
        within(self.timeout, call).await
    }

    async fn ask(&self, method: &str, query: &HashMap<&str, String>) -> Result<Page, Trouble> {
        let token = self.token()?;
        let session = self.client.open_session(&token);
        let query: Vec<_> = query.iter().map(|(name, value)| (*name, Some(value))).collect();
        within(self.timeout, session.http_session_api.http_get(method, &query, None)).await
    }

    fn token(&self) -> Result<SlackApiToken, Trouble> {
        let Settings { token_file, token_env, .. } = &self.settings;
        match secret::read(token_file.as_deref(), token_env.as_deref()) {
            Ok(token) => Ok(SlackApiToken::new(token.expose_secret().into())),
            Err(why) => {
                tracing::error!(why, "slack token unreadable");
                Err(Trouble::Broken(
                    "token_unreadable".into(),
                    "see the log for which file or variable",
                ))
            }
        }
    }
}

/// The message with our key, and which revision of it stands there.
fn ours(found: &Found, debt: &Debt, channel: &str) -> Option<Told> {
    let payload = &found.metadata["event_payload"];
    if found.metadata["event_type"] != EVENT || payload["key"] != debt.key {
        return None;
    }
    let revision = payload["revision"].as_str().and_then(|text| text.parse().ok());
    let place = Place { channel: channel.to_owned(), ts: found.ts.clone() };
    Some(Told { revision: revision.unwrap_or(0).min(debt.revision), place: Some(place) })
}

/// The library has no timeout of its own.
async fn within<T>(
    timeout: Duration,
    call: impl Future<Output = Result<T, SlackClientError>>,
) -> Result<T, Trouble> {
    match tokio::time::timeout(timeout, call).await {
        Ok(result) => result.map_err(trouble),
        Err(_) => Err(Trouble::Unsure("timeout".into())),
    }
}

/// What to make of an error. Its own text is never used: it holds the whole body of the answer.
fn trouble(error: SlackClientError) -> Trouble {
    match error {
        SlackClientError::ApiError(error) => refusal(&error.code),
        SlackClientError::RateLimitError(error) => {
            Trouble::Limited(error.retry_after.unwrap_or(Duration::from_secs(30)))
        }
        SlackClientError::HttpError(error) => match error.status_code.as_u16() {
            status @ (408 | 500..) => Trouble::Unsure(format!("http_{status}")),
            status => Trouble::Broken(
                format!("http_{status}"),
                "this is not Slack's answer; check api_url and what stands between",
            ),
        },
        SlackClientError::HttpProtocolError(error) => {
            let cause = error.cause.as_deref().map(|cause| cause as &(dyn Error + 'static));
            match cause.and_then(|cause| cause.downcast_ref::<hyper_util::client::legacy::Error>())
            {
                Some(error) if error.is_connect() => Trouble::Away("connect".into()),
                _ => Trouble::Unsure("connection".into()),
            }
        }
        _ => Trouble::Unsure("unreadable_answer".into()),
    }
}

/// Slack's words (the `error` field; docs.slack.dev, chat.postMessage and chat.update). A word that
/// is not known here is taken for something that somebody must repair: parked and tried again,
/// never dropped.
fn refusal(code: &str) -> Trouble {
    let why = code.to_owned();
    match code {
        // "Some aspect of the operation may have succeeded."
        "internal_error" | "fatal_error" | "request_timeout" => Trouble::Unsure(why),
        "service_unavailable" | "team_added_to_org" | "message_limit_exceeded" => {
            Trouble::Away(why)
        }
        "ratelimited" | "rate_limited" => Trouble::Limited(Duration::from_secs(30)),
        "message_not_found" | "cant_update_message" | "edit_window_closed" | "thread_not_found" => {
            Trouble::Vanished(why)
        }
        "invalid_blocks"
        | "invalid_blocks_format"
        | "msg_blocks_too_long"
        | "msg_too_long"
        | "no_text"
        | "invalid_arguments"
        | "metadata_too_large"
        | "cannot_reply_to_message"
        | "invalid_metadata_format"
        | "invalid_metadata_schema" => Trouble::Refused(why),
        "invalid_auth" | "not_authed" | "account_inactive" | "token_revoked" | "token_expired" => {
            Trouble::Broken(
                why,
                "put a valid bot token where token_file or token_env points; no restart needed",
            )
        }
        "missing_scope" => {
            Trouble::Broken(why, "add the scope chat:write to the Slack app and install it again")
        }
        "channel_not_found" => Trouble::Broken(
            why,
            "check the channel id; a private channel needs the bot as a member",
        ),
        "not_in_channel" => Trouble::Broken(why, "invite the bot to the channel"),
        "is_archived" => Trouble::Broken(why, "unarchive the channel or set another one"),
        _ if code.len() <= 64 && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') => {
            Trouble::Broken(why, "look the word up in Slack's reference of chat.postMessage")
        }
        _ => Trouble::Broken("unknown_error".into(), "look at what answers under api_url"),
    }
}
