//! The body of an Alertmanager webhook, version 4, read once and for all.
//!
//! Fields as Alertmanager 0.34 writes them; older ones leave some out and newer ones add some, so what
//! is missing has a default and what is unknown is passed over.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::object::{Labels, subject_of};
use crate::incident::{AlertSignal, AlertStatus, Signal, SignalKind};

/// What a webhook said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    /// One signal per alert and status; repeats within the body are left out.
    pub signals: Vec<Signal>,
    /// `Watchdog` alerts: they fire always, and say only that the path is alive.
    pub heartbeats: u64,
    /// Of which clusters these were, and whether they fire or have ended.
    pub beats: Vec<(String, bool)>,
    /// `InfoInhibitor` alerts: they exist to inhibit others.
    pub inhibitors: u64,
    /// Alerts of the body that could not be read while others could.
    pub unreadable: u64,
    /// Alerts that Alertmanager cut off (`max_alerts`). They are not lost on its side: it sends the group
    /// again, and each signal carries the number.
    pub truncated: u64,
}

impl Heard {
    /// Passes every annotation and label value through `f`, which redacts. A label is shown to it as
    /// `name=value`, so that `password=…` is recognised; the subject is not changed.
    pub fn map_text(&mut self, mut f: impl FnMut(&str) -> String) {
        for signal in &mut self.signals {
            let SignalKind::Alert(alert) = &mut signal.kind else { continue };
            for text in alert.annotations.values_mut() {
                *text = f(text);
            }
            for (name, value) in &mut alert.labels {
                let pair = format!("{name}={value}");
                let mapped = f(&pair);
                if mapped != pair {
                    let kept = mapped.strip_prefix(name.as_str()).and_then(|m| m.strip_prefix('='));
                    *value = kept.unwrap_or(&mapped).to_owned();
                }
            }
        }
    }
}

/// A body that can never be read: what is wrong, where, and what to do. A repeat would not help.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadBody(String);

/// Reads the body of a webhook. `own_cluster` is the cluster of alerts without the label
/// `cluster_label`; `heard_at` is when it arrived.
///
/// # Errors
/// Where nothing of the body can be read. An alert that cannot be read beside others that can is
/// counted and left out.
pub fn parse(
    body: &[u8],
    own_cluster: &str,
    cluster_label: &str,
    heard_at: Timestamp,
) -> Result<Heard, BadBody> {
    let webhook = webhook(body)?;
    let count = webhook.alerts.len();
    let mut heard = Heard { truncated: webhook.truncated_alerts, ..Heard::default() };
    let mut known = BTreeSet::new();
    let mut fault = None;
    for (i, alert) in webhook.alerts.into_iter().enumerate() {
        let alert = match read(alert, &webhook.status) {
            Ok(alert) => alert,
            Err(why) => {
                heard.unreadable += 1;
                fault.get_or_insert_with(|| format!("alerts[{i}]: {why}"));
                continue;
            }
        };
        match alert.labels.get("alertname").map(String::as_str) {
            Some("Watchdog") => {
                let subject = subject_of(&alert.labels, own_cluster, cluster_label);
                heard.beats.push((subject.cluster, alert.status != "resolved"));
                heard.heartbeats += 1;
            }
            Some("InfoInhibitor") => heard.inhibitors += 1,
            _ => {
                let mut signal = signal(alert, heard_at, own_cluster, cluster_label);
                if let SignalKind::Alert(alert) = &mut signal.kind {
                    alert.truncated = webhook.truncated_alerts;
                    alert.external_url = link(&webhook.external_url);
                }
                if known.insert(signal.key.clone()) {
                    heard.signals.push(signal);
                }
            }
        }
    }
    match fault {
        Some(fault) if heard.unreadable == count as u64 => Err(BadBody(format!(
            "no alert of the webhook could be read, {fault}; send Alertmanager's own body, version 4"
        ))),
        _ => Ok(heard),
    }
}

/// The start of a body that could not be read, fit for a log once it is redacted.
pub fn sample(body: &[u8]) -> String {
    const BYTES: usize = 512;
    let text = String::from_utf8_lossy(&body[..body.len().min(BYTES)]);
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Webhook {
    #[serde(default)]
    status: String,
    #[serde(default, rename = "externalURL", deserialize_with = "or_default")]
    external_url: String,
    #[serde(default, deserialize_with = "or_default")]
    truncated_alerts: u64,
    alerts: Vec<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Alert {
    #[serde(default, deserialize_with = "or_default")]
    status: String,
    labels: Labels,
    #[serde(default, deserialize_with = "or_default")]
    annotations: Labels,
    #[serde(default)]
    starts_at: Option<Timestamp>,
    #[serde(default)]
    ends_at: Option<Timestamp>,
    #[serde(default, rename = "generatorURL", deserialize_with = "or_default")]
    generator_url: String,
    #[serde(default, deserialize_with = "or_default")]
    fingerprint: String,
}

/// `null` is as good as absent.
fn or_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

fn webhook(body: &[u8]) -> Result<Webhook, BadBody> {
    const ADVICE: &str = "send Alertmanager's own webhook body, version 4";
    let value: Value = serde_json::from_slice(body)
        .map_err(|e| BadBody(format!("the body is not JSON ({e}); {ADVICE}")))?;
    let Value::Object(fields) = &value else {
        return Err(BadBody(format!(
            "the body is {}, not an object with `alerts`; {ADVICE}",
            kind_of(&value)
        )));
    };
    // Bodies without a version are read: some forwarders drop it. One with another version is not,
    // because the same names may then mean something else.
    match fields.get("version") {
        None | Some(Value::Null) => {}
        Some(Value::String(v)) if v == "4" => {}
        Some(other) => {
            let other = bounded(&other.to_string(), 40);
            return Err(BadBody(format!("the webhook's version is {other}, not \"4\"; {ADVICE}")));
        }
    }
    if !fields.contains_key("alerts") {
        return Err(BadBody(
            "the body has no `alerts`: it is not Alertmanager's own; if webhook_config.payload \
             replaces it, remove payload from that receiver"
                .to_owned(),
        ));
    }
    serde_json::from_value(value)
        .map_err(|e| BadBody(format!("the webhook is malformed ({e}); {ADVICE}")))
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn read(alert: Value, group_status: &str) -> Result<Alert, String> {
    let mut alert: Alert =
        serde_json::from_value(alert).map_err(|e| bounded(&e.to_string(), 200))?;
    if alert.labels.is_empty() {
        return Err("it has no labels".to_owned());
    }
    if alert.status.is_empty() {
        alert.status = group_status.to_owned();
    }
    match alert.status.as_str() {
        "firing" | "resolved" => Ok(alert),
        other => Err(format!("its status is \"{}\", not firing or resolved", bounded(other, 40))),
    }
}

fn signal(alert: Alert, heard_at: Timestamp, own_cluster: &str, cluster_label: &str) -> Signal {
    let subject = subject_of(&alert.labels, own_cluster, cluster_label);
    let fingerprint = match alert.fingerprint.as_str() {
        "" => fingerprint(&alert.labels),
        given => bounded(given, 64),
    };
    let status =
        if alert.status == "resolved" { AlertStatus::Resolved } else { AlertStatus::Firing };
    // A firing alert's end is in year 1 (Go's zero time), or a guess of when it would time out.
    let ends_at = alert.ends_at.filter(|_| status == AlertStatus::Resolved).and_then(real_time);
    let starts_at = alert.starts_at.and_then(real_time);
    let key = key(&fingerprint, starts_at, status, ends_at);
    let kind = SignalKind::Alert(AlertSignal {
        fingerprint,
        status,
        labels: bounded_map(alert.labels, LABEL),
        annotations: bounded_map(alert.annotations, ANNOTATION),
        starts_at: starts_at.unwrap_or(heard_at),
        ends_at,
        generator_url: link(&alert.generator_url),
        external_url: None,
        truncated: 0,
        asked: None,
    });
    Signal { key, subject, heard_at, kind, muted: None }
}

/// The same alert, status and times: the same key, however often and from however many peers it comes.
fn key(
    fingerprint: &str,
    starts_at: Option<Timestamp>,
    status: AlertStatus,
    ends_at: Option<Timestamp>,
) -> String {
    let ms = |t: Option<Timestamp>| t.map_or(0, Timestamp::as_millisecond);
    match status {
        AlertStatus::Firing => format!("alert/{fingerprint}/{}/firing", ms(starts_at)),
        AlertStatus::Resolved => {
            format!("alert/{fingerprint}/{}/resolved/{}", ms(starts_at), ms(ends_at))
        }
    }
}

/// `None` for Go's zero time, which is in year 1.
fn real_time(t: Timestamp) -> Option<Timestamp> {
    (t > Timestamp::UNIX_EPOCH).then_some(t)
}

/// Alertmanager's own fingerprint of a label set (prometheus/common, `labelSetToFingerprint`): FNV-1a
/// over the sorted names and values, each ended by 0xff. For senders that leave it out.
fn fingerprint(labels: &Labels) -> String {
    let mut sum: u64 = 0xcbf2_9ce4_8422_2325;
    let mut add = |byte: u8| sum = (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    for (name, value) in labels {
        name.bytes().for_each(&mut add);
        add(0xff);
        value.bytes().for_each(&mut add);
        add(0xff);
    }
    format!("{sum:016x}")
}

/// The longest label value kept, in characters. Kubernetes' own end at 63 (names at 253); routes match
/// on these, so the limit is generous.
const LABEL: usize = 1_000;
/// The longest annotation kept, in characters: a long runbook paragraph, not a document.
const ANNOTATION: usize = 4_000;
/// The most labels or annotations kept of one alert, and the longest name.
const ENTRIES: usize = 64;
const NAME: usize = 200;

fn bounded_map(map: Labels, longest: usize) -> Labels {
    let mut kept: BTreeMap<_, _> = map
        .iter()
        .take(ENTRIES)
        .map(|(name, value)| (bounded(name, NAME), bounded(value, longest)))
        .collect();
    // What names the alert and routes it is never among what is cut off.
    for name in ["alertname", "namespace", "sev", "severity", "summary", "runbook_url"] {
        if let Some(value) = map.get(name) {
            kept.insert(name.to_owned(), bounded(value, longest));
        }
    }
    kept
}

/// At most `most` characters, with `…` where something was cut.
pub(super) fn bounded(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// A link that may be shown as a button: http or https, without credentials, at most 3,000 characters
/// (Slack's limit for a button). Anything else is no link.
fn link(url: &str) -> Option<String> {
    const LONGEST: usize = 3_000;
    let mut url = reqwest::Url::parse(url).ok()?;
    if !matches!(url.scheme(), "http" | "https") || url.as_str().len() > LONGEST {
        return None;
    }
    // Both only fail for URLs without a host, which http does not have.
    url.set_password(None).and_then(|()| url.set_username("")).ok()?;
    Some(url.into())
}
