//! PagerDuty, through Events API v2: an incident pages once, is told what people must hear, and is resolved.
//!
//! One incident of ours is one `dedup_key`: whatever is sent again joins the same alert there. Limits and
//! answers are those of PagerDuty's reference ("Send an event"): `summary` 1024 characters, an event 512 KB,
//! 202 when it is queued.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::sparing::{self, News};
use super::{Told, Trouble, http, secret};
use crate::brief::{Context, OnCall, Said};
use crate::incident::{Debt, Incident, Owed, Reply, Severity};

/// The longest `summary`, in characters, and the largest event, in bytes.
const SUMMARY: usize = 1024;
const EVENT: usize = 512 * 1024;

/// The longest `dedup_key`.
const KEY: usize = 255;

/// A PagerDuty service, through an integration of the type "Events API v2".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The file that holds the integration key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routing_key_file: Option<PathBuf>,
    /// Or the environment variable that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routing_key_env: Option<String>,
    /// What a severity is called there: `critical`, `error`, `warning` or `info`. Left out: SEV1 is
    /// critical, SEV2 error, SEV3 warning, SEV4 info.
    #[serde(default)]
    pub severities: BTreeMap<Severity, Called>,
    /// Where events are taken; `https://events.eu.pagerduty.com/v2/enqueue` for accounts in Europe.
    #[serde(default = "url")]
    pub url: String,
}

fn url() -> String {
    "https://events.pagerduty.com/v2/enqueue".to_owned()
}

/// PagerDuty's four severities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Called {
    /// The gravest.
    Critical,
    /// An error.
    Error,
    /// A warning.
    Warning,
    /// The mildest.
    Info,
}

#[derive(Debug)]
pub(super) struct PagerDuty {
    settings: Settings,
    client: reqwest::Client,
}

impl PagerDuty {
    pub(super) fn new(settings: &Settings, pace: &super::Settings) -> Result<Self, String> {
        Ok(Self { settings: settings.clone(), client: http::client(pace)? })
    }

    pub(super) async fn tell(&self, debt: &Debt, context: &Context) -> Result<Told, Trouble> {
        let Some(event) = self.event(debt, context) else { return Ok(sparing::told(debt)) };
        let Settings { routing_key_file, routing_key_env, .. } = &self.settings;
        let key = secret::read(routing_key_file.as_deref(), routing_key_env.as_deref());
        let key = key.map_err(|why| {
            tracing::error!(why, "pagerduty integration key unreadable");
            Trouble::Broken("key_unreadable".into(), "see the log for which file or variable")
        })?;
        let url = http::address(Some(&self.settings.url), None, None)?;
        let answer = http::post(&self.client, &url, bounded(event, key.expose_secret())).await?;
        judge(&answer)?;
        Ok(sparing::told(debt))
    }

    /// The event, without the integration key; `None` where nobody there needs to know.
    fn event(&self, debt: &Debt, context: &Context) -> Option<Value> {
        let open = debt.incident.state.is_open();
        let over = matches!(&debt.what, Owed::Main if !open && debt.place.is_some());
        match sparing::news(debt) {
            _ if over => Some(resolve(&debt.incident)),
            Some(News::Happened(Reply::Resolved { .. })) => Some(resolve(&debt.incident)),
            // Nobody is woken for what is over.
            _ if !open => None,
            Some(News::First) => Some(self.trigger(&debt.incident, None, context)),
            Some(News::Happened(reply)) => {
                let said = Said::of(reply, &debt.incident, context);
                Some(self.trigger(&debt.incident, Some(&said.lead), context))
            }
            None => None,
        }
    }

    fn trigger(&self, incident: &Incident, happened: Option<&str>, context: &Context) -> Value {
        let words = OnCall::of(incident, context);
        let notification = words.notification();
        // Read out on the phone as well, where a dot is nothing.
        let lead = notification.trim_start_matches(words.dot.mark()).trim_start();
        let object = incident.subject.object.as_ref();
        let links: Vec<_> = words
            .links
            .iter()
            .map(|link| json!({ "href": link.url, "text": link.label }))
            .collect();
        json!({
            "routing_key": "",
            "event_action": "trigger",
            "dedup_key": dedup_key(incident),
            "client": "Firsthand",
            "payload": {
                "summary": http::cut(lead, SUMMARY),
                "source": incident.subject.key(),
                "severity": self.called(incident.severity),
                "timestamp": incident.since,
                "component": incident.subject.name(),
                "group": object.map_or("", |object| object.namespace.as_str()),
                "class": incident.top().map_or("", |top| top.cause.as_str()),
                "custom_details": details(&words, incident, happened),
            },
            "links": links,
        })
    }

    fn called(&self, severity: Severity) -> Called {
        self.settings.severities.get(&severity).copied().unwrap_or(match severity {
            Severity::Sev1 => Called::Critical,
            Severity::Sev2 => Called::Error,
            Severity::Sev3 => Called::Warning,
            Severity::Sev4 => Called::Info,
        })
    }
}

fn resolve(incident: &Incident) -> Value {
    json!({ "routing_key": "", "event_action": "resolve", "dedup_key": dedup_key(incident) })
}

/// The same for every event about an incident.
fn dedup_key(incident: &Incident) -> String {
    http::cut(&format!("firsthand/{}/{}", incident.subject.cluster, incident.id), KEY)
}

fn details(words: &OnCall, incident: &Incident, happened: Option<&str>) -> Value {
    let mut details = serde_json::Map::new();
    let mut set = |name: &str, value: Value| {
        if !value.is_null() && value != "" && value != json!([]) {
            details.insert(name.to_owned(), value);
        }
    };
    set("what happened", json!(happened));
    set("incident", json!(incident.id));
    set("severity", json!(format!("{}: {}", incident.severity.word(), incident.severity_reason)));
    set("place", json!(words.place));
    set("cluster", json!(words.cluster));
    set("since", json!(words.since));
    set("hurt", json!(words.hurt.lines().collect::<Vec<_>>()));
    let certainty = words.cause.certainty.map(|it| format!("{}: ", it.word())).unwrap_or_default();
    set("cause", json!(format!("{certainty}{}", words.cause.sentence)));
    set("proof", json!(words.cause.quote.as_ref().map(|quote| &quote.text)));
    set("changed", json!(words.changed.as_ref().map(crate::brief::Changed::line)));
    let next = words.next.iter().map(|choice| match &choice.command {
        Some(command) => format!("{}: {command}", choice.label),
        None => format!("{}: {}", choice.label, choice.text),
    });
    set("next", json!(next.collect::<Vec<_>>()));
    set("avoid", json!(words.avoid));
    set("unknown", json!(words.unknown));
    Value::Object(details)
}

/// The event as it is sent; where it is too large, its details go, and say that they did.
fn bounded(mut event: Value, key: &str) -> Vec<u8> {
    event["routing_key"] = key.into();
    let body = event.to_string().into_bytes();
    if body.len() <= EVENT {
        return body;
    }
    event["payload"]["custom_details"] = json!({ "left out": "larger than PagerDuty takes" });
    event.to_string().into_bytes()
}

fn judge(answer: &http::Answer) -> Result<(), Trouble> {
    let names_key = answer.body.contains("routing_key") || answer.body.contains("routing key");
    match answer.status {
        // 202 says that it is queued. Any other success is somebody else's.
        202 => Ok(()),
        200..=399 => Err(Trouble::Broken(
            "not_pagerdutys_answer".into(),
            "check the url and what stands between",
        )),
        400 if names_key => Err(Trouble::Broken(
            "invalid_routing_key".into(),
            "put the integration key of an Events API v2 integration in place",
        )),
        status => http::judge(status, &answer.headers),
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;
    use serde_json::json;

    use super::{EVENT, Trouble, bounded, judge};
    use crate::delivery::http::Answer;

    #[test]
    fn answers_mean_what_the_reference_says() {
        let judge = |status, body: &str| {
            judge(&Answer { status, headers: HeaderMap::new(), body: body.to_owned() })
        };
        assert_eq!(judge(202, r#"{"status":"success"}"#), Ok(()));
        assert!(matches!(judge(200, "welcome"), Err(Trouble::Broken(..))));
        let key = r#"{"status":"invalid event","errors":["'routing_key' is invalid"]}"#;
        assert!(matches!(judge(400, key), Err(Trouble::Broken(..))));
        assert!(matches!(judge(400, "{}"), Err(Trouble::Refused(_))));
        assert!(matches!(judge(429, ""), Err(Trouble::Away(_))));
        assert!(matches!(judge(500, ""), Err(Trouble::Away(_))));
    }

    #[test]
    fn what_is_too_large_loses_its_details_and_not_its_page() {
        let event =
            json!({ "payload": { "summary": "s", "custom_details": { "a": "x".repeat(EVENT) } } });
        let body = bounded(event, "key");
        assert!(body.len() < 1_000);
        let body: serde_json::Value = serde_json::from_slice(&body).expect("json");
        assert_eq!(
            (body["payload"]["summary"].as_str(), body["routing_key"].as_str()),
            (Some("s"), Some("key"))
        );
    }
}
