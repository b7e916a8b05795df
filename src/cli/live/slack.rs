//! Slack: whether the token is a bot's, what it may do, and whether the bot is in the channel.

use secrecy::ExposeSecret;
use serde_json::Value;

use super::Line;
use super::ask::{Answer, ask, client, span};
use crate::delivery::{read_secret, slack::Settings};

pub(super) async fn look(part: &str, settings: &Settings) -> Vec<Line> {
    match Bot::of(settings) {
        Ok(bot) => bot.everything(part, settings).await,
        Err(why) => vec![Line::bad(part, why, "put a bot token in place")],
    }
}

struct Bot {
    client: reqwest::Client,
    token: secrecy::SecretString,
    api_url: String,
}

impl Bot {
    fn of(settings: &Settings) -> Result<Self, String> {
        let token = read_secret(settings.token_file.as_deref(), settings.token_env.as_deref())?;
        let api_url = settings.api_url.trim_end_matches('/').to_owned();
        Ok(Self { client: client()?, token, api_url })
    }

    async fn everything(&self, part: &str, settings: &Settings) -> Vec<Line> {
        let answer = match self.call("auth.test", &[]).await {
            Err(why) => {
                let advice = "let Slack be reached from here (HTTPS_PROXY is honoured)";
                return vec![Line::bad(part, format!("auth.test: {why}"), advice)];
            }
            Ok(answer) if answer.body["ok"] != Value::Bool(true) => {
                let says = format!("auth.test: {}", word(&answer.body));
                return vec![Line::bad(part, says, "put a valid bot token (xoxb-…) in place")];
            }
            Ok(answer) => answer,
        };
        let scopes = scopes(&answer);
        let who = format!(
            "{} in {}, answers in {}",
            answer.body["user"].as_str().unwrap_or("a bot"),
            answer.body["team"].as_str().unwrap_or("a workspace"),
            span(answer.took)
        );
        let mut lines = vec![Line::good(part, who)];
        lines.extend(may(part, scopes.as_deref()));
        lines.push(self.channel(part, &settings.channel).await);
        lines
    }

    /// Reading the channel's history needs membership, so one question answers both.
    async fn channel(&self, part: &str, channel: &str) -> Line {
        let asked =
            self.call("conversations.history", &[("channel", channel), ("limit", "1")]).await;
        let word = match asked {
            Err(why) => return Line::weak(part, format!("channel {channel}: {why}"), ""),
            Ok(answer) if answer.body["ok"] == Value::Bool(true) => {
                return Line::good(
                    part,
                    format!("channel {channel}: joined, its history can be searched"),
                );
            }
            Ok(answer) => word(&answer.body),
        };
        match word.as_str() {
            "not_in_channel" => Line::bad(
                part,
                format!("channel {channel}: the bot is not in it"),
                "invite it: /invite @NAME in the channel",
            ),
            "channel_not_found" => Line::bad(
                part,
                format!("channel {channel}: no such channel, or a private one without the bot"),
                "mend the id, or invite the bot",
            ),
            "is_archived" => Line::bad(
                part,
                format!("channel {channel} is archived"),
                "unarchive it, or name another",
            ),
            "missing_scope" => Line::weak(
                part,
                format!("channel {channel}: whether the bot is in it cannot be asked"),
                "add channels:history (groups:history for private channels) and install the app again; until then a message may be told twice",
            ),
            _ => Line::bad(
                part,
                format!("channel {channel}: {word}"),
                "look the word up in Slack's reference of conversations.history",
            ),
        }
    }

    async fn call(&self, method: &str, query: &[(&str, &str)]) -> Result<Answer, String> {
        let url = format!("{}/{method}", self.api_url);
        ask(self.client.get(url).query(query).bearer_auth(self.token.expose_secret())).await
    }
}

/// What Slack says the token may do; some proxies take the header away.
fn scopes(answer: &Answer) -> Option<Vec<String>> {
    let told = answer.headers.get("x-oauth-scopes")?.to_str().ok()?;
    Some(told.split(',').map(|scope| scope.trim().to_owned()).collect())
}

fn may(part: &str, scopes: Option<&[String]>) -> Option<Line> {
    let scopes = scopes?;
    let has = |wanted: &str| scopes.iter().any(|scope| scope == wanted);
    Some(if !has("chat:write") {
        Line::bad(
            part,
            "the scope chat:write is missing",
            "add it to the Slack app and install it again",
        )
    } else if !has("channels:history") && !has("groups:history") {
        Line::weak(
            part,
            "no history scope: after a time-out a message may be told twice",
            "add channels:history, or groups:history for private channels",
        )
    } else {
        Line::good(part, format!("scopes {}", scopes.join(", ")))
    })
}

/// Slack's own word, where it is one.
fn word(body: &Value) -> String {
    let word = body["error"].as_str().unwrap_or("no answer of Slack's");
    let known = word.len() <= 64 && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if known { word.to_owned() } else { "no answer of Slack's".to_owned() }
}
