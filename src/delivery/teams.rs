//! A Microsoft Teams channel, through a workflow ("Post to a channel when a webhook request is received").
//!
//! A workflow can post and nothing else, so only what people must hear is sent, as with Slack's incoming
//! webhooks. The card is an Adaptive Card 1.4 in the envelope that Teams documents; its message may have 28 KB.
//! Text from outside stands in `RichTextBlock`s, where nothing is markup, mention or function.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::sparing::{self, News};
use super::{Told, Trouble, http};
use crate::brief::{Context, OnCall, Said};
use crate::incident::{Debt, Reply};

/// The largest message, in bytes: 28 KB, less what Teams wraps around it.
const MESSAGE: usize = 26 * 1024;

/// The longest piece of text, in characters.
const PIECE: usize = 3_000;

/// A Microsoft Teams channel, through a workflow that begins with "When a Teams webhook request is
/// received". It cannot edit and has no thread, so it hears only what people must hear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The file that holds the workflow's address, which is a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_file: Option<PathBuf>,
    /// Or the environment variable that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_env: Option<String>,
}

#[derive(Debug)]
pub(super) struct Teams {
    settings: Settings,
    client: reqwest::Client,
}

impl Teams {
    pub(super) fn new(settings: &Settings, pace: &super::Settings) -> Result<Self, String> {
        Ok(Self { settings: settings.clone(), client: http::client(pace)? })
    }

    /// One workflow, one pace: Teams throttles at a few messages a second.
    pub(super) fn lane(&self) -> String {
        format!("teams {:?} {:?}", self.settings.url_file, self.settings.url_env)
    }

    pub(super) async fn tell(&self, debt: &Debt, context: &Context) -> Result<Told, Trouble> {
        let words = OnCall::of(&debt.incident, context);
        let message = match sparing::news(debt) {
            None => return Ok(sparing::told(debt)),
            Some(News::First) => message(&words, None),
            Some(News::Happened(reply)) => {
                let said = Said::of(reply, &debt.incident, context);
                message(&words, Some((reply, &said)))
            }
        };
        let Settings { url_file, url_env } = &self.settings;
        let url = http::address(None, url_file.as_deref(), url_env.as_deref())?;
        let answer = http::post(&self.client, &url, message.to_string().into_bytes()).await?;
        judge(&answer)?;
        Ok(sparing::told(debt))
    }
}

/// 202 when the workflow has begun, 200 from older ones. A 400 may be the card or a workflow that was
/// changed; either way the same card again does not help.
fn judge(answer: &http::Answer) -> Result<(), Trouble> {
    match answer.status {
        200 | 202 => Ok(()),
        201..=399 => Err(Trouble::Broken(
            "not_the_workflows_answer".into(),
            "check the address and what stands between",
        )),
        401 | 403 | 404 | 410 => Err(Trouble::Broken(
            format!("http_{}", answer.status),
            "the workflow is gone, off or not shared; put the address of one that works in place",
        )),
        status => http::judge(status, &answer.headers),
    }
}

/// The card within its limit: what is easiest to do without goes first.
fn message(words: &OnCall, happened: Option<(&Reply, &Said)>) -> Value {
    let mut body = match happened {
        None => whole(words),
        Some((reply, said)) => brief(words, reply, said),
    };
    loop {
        let message = envelope(words, &body);
        if message.to_string().len() <= MESSAGE || body.len() <= 2 {
            return message;
        }
        body.pop();
    }
}

fn envelope(words: &OnCall, body: &[Value]) -> Value {
    let actions: Vec<_> = words
        .links
        .iter()
        .take(6)
        .map(|link| json!({ "type": "Action.OpenUrl", "title": link.label, "url": link.url }))
        .collect();
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "fallbackText": http::cut(&words.notification(), 500),
                "body": body,
                "actions": actions,
                "msteams": { "width": "Full" },
            },
        }],
    })
}

/// Everything, in the order in which it can be done without from the end.
fn whole(words: &OnCall) -> Vec<Value> {
    let mut body = head(words);
    let mut row = |label: &str, text: &str| {
        if !text.is_empty() {
            body.push(rich(&[(label, Look::Bold), (text, Look::Plain)]));
        }
    };
    row(&format!("{} ", words.now_label()), words.now.as_deref().unwrap_or_default());
    let hurt: Vec<_> = words.hurt.lines().collect();
    row(&format!("{} ", words.hurt_label()), &hurt.join("; "));
    let certainty = words.cause.certainty.map(|it| format!("{}: ", it.word())).unwrap_or_default();
    row("Cause ", &format!("{certainty}{}", words.cause.sentence));
    if let Some(quote) = &words.cause.quote {
        body.extend(quoted(&quote.text, quote.footing().as_deref()));
    }
    for (index, choice) in words.next.iter().enumerate() {
        let label = if index == 0 { "Next: " } else { "or " };
        body.push(rich(&[
            (&format!("{label}{} ", choice.label), Look::Bold),
            (&choice.text, Look::Plain),
        ]));
        body.extend(choice.command.as_deref().map(code));
    }
    let mut row = |label: &str, text: &str| {
        if !text.is_empty() {
            body.push(rich(&[(label, Look::Bold), (text, Look::Plain)]));
        }
    };
    row("Changed ", &words.changed.as_ref().map(crate::brief::Changed::line).unwrap_or_default());
    row("Avoid ", &words.avoid.join(" "));
    row("Unknown ", &words.unknown.join(" "));
    let footer: Vec<_> = words.alerts.iter().chain(&words.footer).map(String::as_str).collect();
    body.push(small(&footer.join(" · ")));
    body
}

/// What happened, under the incident's own head.
fn brief(words: &OnCall, reply: &Reply, said: &Said) -> Vec<Value> {
    let mut body = head(words);
    body.push(rich(&[(&format!("{}  ", said.at), Look::Bold), (&said.lead, Look::Plain)]));
    if let (Some(quote), Reply::Identified { .. }) = (&said.quote, reply) {
        body.extend(quoted(&quote.text, quote.footing().as_deref()));
    }
    body.extend(words.next.iter().take(2).filter_map(|choice| choice.command.as_deref()).map(code));
    body
}

fn head(words: &OnCall) -> Vec<Value> {
    let place = [words.state.word(), &words.place, &words.cluster, &words.since];
    let place: Vec<_> = place.into_iter().filter(|part| !part.is_empty()).collect();
    let title = format!("{} {}  {}", words.dot.mark(), words.severity.word(), words.headline);
    vec![rich(&[(&title, Look::Title)]), small(&place.join(" · "))]
}

#[derive(Clone, Copy)]
enum Look {
    Title,
    Bold,
    Plain,
    Code,
    Small,
}

fn rich(runs: &[(&str, Look)]) -> Value {
    let inlines: Vec<_> = runs
        .iter()
        .filter(|(text, _)| !text.is_empty())
        .map(|(text, look)| {
            let mut run = json!({ "type": "TextRun", "text": http::cut(text, PIECE) });
            match look {
                Look::Title => {
                    run["size"] = "large".into();
                    run["weight"] = "bolder".into();
                }
                Look::Bold => run["weight"] = "bolder".into(),
                Look::Code => run["fontType"] = "monospace".into(),
                Look::Small => {
                    run["size"] = "small".into();
                    run["isSubtle"] = true.into();
                }
                Look::Plain => {}
            }
            run
        })
        .collect();
    json!({ "type": "RichTextBlock", "inlines": inlines })
}

fn small(text: &str) -> Value {
    rich(&[(text, Look::Small)])
}

fn code(text: &str) -> Value {
    json!({ "type": "Container", "style": "emphasis", "items": [rich(&[(text, Look::Code)])] })
}

/// Words of the evidence, and where they stand.
fn quoted(text: &str, footing: Option<&str>) -> Vec<Value> {
    std::iter::once(code(text)).chain(footing.map(small)).collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{MESSAGE, message};
    use crate::brief::{Context, OnCall};
    use crate::incident::{Incident, Subject};

    #[test]
    fn a_card_keeps_to_its_limit_whatever_it_has_to_say() {
        let subject = Subject { cluster: "c".into(), object: None, group: "X".into() };
        let incident = Incident::open("FH-1", subject, Timestamp::UNIX_EPOCH);
        let mut words = OnCall::of(&incident, &Context::at(Timestamp::UNIX_EPOCH));
        words.unknown = vec!["\u{1F534}".repeat(5_000); 3];
        words.cause.sentence = "\"".repeat(9_000);
        words.headline = "\u{1F534}".repeat(3_000);
        let message = message(&words, None).to_string();
        assert!(message.len() <= MESSAGE, "{}", message.len());
        assert!(message.contains("Cause"), "what matters stays");
    }
}
