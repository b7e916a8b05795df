//! A Slack channel through an incoming webhook: nothing to install but an address, and less to have for it.
//!
//! Such an address can post and nothing else: no edit, no thread, no search. So only what people must hear
//! is sent, each as a message of its own: the incident, a higher severity, the first certain cause, a
//! relapse, the end. What timed out is sent again: at least once.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::sparing::{self, News};
use super::{Told, Trouble, http};
use crate::brief::{self, Context};
use crate::incident::Debt;

/// A Slack channel through an incoming webhook. It cannot edit and has no thread, so it hears only what
/// people must hear; a bot (`slack`) says more with fewer messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The file that holds the address (`https://hooks.slack.com/services/…`), which is a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_file: Option<PathBuf>,
    /// Or the environment variable that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_env: Option<String>,
}

#[derive(Debug)]
pub(super) struct SlackWebhook {
    settings: Settings,
    client: reqwest::Client,
}

impl SlackWebhook {
    pub(super) fn new(settings: &Settings, pace: &super::Settings) -> Result<Self, String> {
        Ok(Self { settings: settings.clone(), client: http::client(pace)? })
    }

    /// One address, one pace: Slack allows one message a second.
    pub(super) fn lane(&self) -> String {
        format!("slack webhook {:?} {:?}", self.settings.url_file, self.settings.url_env)
    }

    pub(super) async fn tell(&self, debt: &Debt, context: &Context) -> Result<Told, Trouble> {
        let message = match sparing::news(debt) {
            None => return Ok(sparing::told(debt)),
            Some(News::First) => brief::slack::main(&debt.incident, context),
            Some(News::Happened(reply)) => brief::slack::alone(reply, &debt.incident, context),
        };
        let body = json!({
            "text": message.text,
            "blocks": message.blocks,
            "unfurl_links": false,
            "unfurl_media": false,
        });
        let Settings { url_file, url_env } = &self.settings;
        let url = http::address(None, url_file.as_deref(), url_env.as_deref())?;
        let answer = http::post(&self.client, &url, body.to_string().into_bytes()).await?;
        judge(&answer)?;
        Ok(sparing::told(debt))
    }
}

/// Slack's words (docs.slack.dev, "Sending messages using incoming webhooks"): success is the two letters
/// `ok`, so that a proxy's friendly page is none.
fn judge(answer: &http::Answer) -> Result<(), Trouble> {
    let word = answer.body.trim();
    let known = word.len() <= 64 && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    match answer.status {
        200 if word == "ok" => Ok(()),
        200..=399 => Err(Trouble::Broken(
            "not_slacks_answer".into(),
            "check the address and what stands between",
        )),
        400 | 413 => Err(Trouble::Refused(if known && !word.is_empty() {
            word.to_owned()
        } else {
            format!("http_{}", answer.status)
        })),
        403 | 404 | 410 if known && !word.is_empty() => Err(Trouble::Broken(
            word.to_owned(),
            "make a new incoming webhook for a channel that is there, and put its address in place",
        )),
        status => http::judge(status, &answer.headers),
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

    use super::{Trouble, judge};
    use crate::delivery::http::Answer;

    #[test]
    fn only_ok_is_ok() {
        let judge = |status, body: &str| {
            judge(&Answer { status, headers: HeaderMap::new(), body: body.to_owned() })
        };
        assert_eq!(judge(200, "ok"), Ok(()));
        assert!(matches!(judge(200, "<html>Please log in</html>"), Err(Trouble::Broken(..))));
        assert!(matches!(judge(302, ""), Err(Trouble::Broken(..))));
        assert_eq!(judge(400, "invalid_payload"), Err(Trouble::Refused("invalid_payload".into())));
        assert!(
            matches!(judge(404, "no_service"), Err(Trouble::Broken(why, _)) if why == "no_service")
        );
        assert!(matches!(judge(500, "rollup_error"), Err(Trouble::Away(_))));
        assert!(matches!(judge(400, "<secret>"), Err(Trouble::Refused(why)) if why == "http_400"));
    }
}
