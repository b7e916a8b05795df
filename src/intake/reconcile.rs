//! Open alerts compared with what Alertmanager holds: an end whose webhook was lost must not leave an
//! incident open for ever, and an Alertmanager that has forgotten everything must not close one.
//!
//! An alert has ended when Alertmanager, awake for a while, does not know it twice with a pause between,
//! and Prometheus, which knew it, says that it fires no more. Where Prometheus cannot tell (none is
//! named, or it never evaluated that rule), Alertmanager must have known the alert before, and be asked
//! for longer.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::answer::{Sample, ask};
use super::object::Labels;
use super::{Poller, Will};
use crate::incident::{AlertSignal, AlertStatus, JoinedAlert, Signal, SignalKind, Subject};

/// For how long Alertmanager must have been running: Prometheus sends what fires again every minute, a
/// rule group may be evaluated every five.
const AWAKE: SignedDuration = SignedDuration::from_mins(6);
/// The pause between the two times it does not know an alert.
const PAUSE: SignedDuration = SignedDuration::from_mins(2);
/// The same where Prometheus cannot be asked as well.
const LONG_PAUSE: SignedDuration = SignedDuration::from_mins(10);
/// An alert that is known to have ended and is held to fire for so long after that fires on. As long as
/// copies of its beginning are taken for late ones.
const LATE: SignedDuration = SignedDuration::from_mins(5);
/// How long ago Prometheus may have said last that an alert fires for it to fire still, in seconds: the
/// slowest rule groups are evaluated every five minutes.
const FIRES: i64 = 330;
/// For how long Prometheus must be running, in seconds: after a restart an alert may be pending again
/// until its state is restored, ten minutes at most.
const RUNNING: i64 = 900;
/// How far back Prometheus is asked, in seconds.
const FAR: i64 = 24 * 3600;
/// Labels beyond this length were cut.
const CUT: char = '…';

/// Remembers between two comparisons what Alertmanager knew and did not know.
#[derive(Debug, Default)]
pub struct Reconciler {
    alerts: BTreeMap<(String, Timestamp), Seen>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// Whether this Alertmanager ever held it.
    known: bool,
    /// Since when it does not.
    missing: Option<Timestamp>,
}

/// An open alert that Alertmanager does not know any more.
#[derive(Clone, Debug, PartialEq)]
pub struct Suspect {
    /// What it is about.
    pub subject: Subject,
    /// Alertmanager's fingerprint of it.
    pub fingerprint: String,
    /// The alert as it was heard.
    pub alert: JoinedAlert,
    /// Whether Alertmanager's word is enough where Prometheus has none.
    pub alone: bool,
}

/// What Prometheus says of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It fires.
    Fires,
    /// It fired last at this time.
    Ended(Timestamp),
    /// It never heard of it, or has not been running for long enough.
    Unknown,
}

impl Reconciler {
    /// Compares the alerts of open incidents with what Alertmanager holds. Returns those that seem to
    /// have ended, and a signal for each that is held to have ended and fires on.
    pub fn compare<'a>(
        &mut self,
        joined: impl Iterator<Item = (&'a Subject, &'a String, &'a JoinedAlert)>,
        will: &Will,
    ) -> (Vec<Suspect>, Vec<Signal>) {
        let now = will.read_at;
        let awake = now.duration_since(will.started_at) >= AWAKE;
        let (mut suspects, mut on) = (Vec::new(), Vec::new());
        let mut seen = BTreeMap::new();
        for (subject, fingerprint, alert) in joined {
            let key = (fingerprint.clone(), alert.starts_at);
            let mut one = self.alerts.get(&key).copied().unwrap_or_default();
            match (will.fires(fingerprint), alert.ended_at) {
                (Some((starts_at, updated)), ended) => {
                    one = Seen { known: true, missing: None };
                    let late =
                        |end: Timestamp| end.checked_add(LATE).is_ok_and(|end| end < updated);
                    if ended.is_some_and(late) {
                        on.push(fires_on(subject, fingerprint, alert, starts_at, now));
                    }
                }
                (None, Some(_)) => {}
                // One that has just started has not been told yet what fires.
                (None, None) if !awake => one.missing = None,
                (None, None) => {
                    let since = *one.missing.get_or_insert(now);
                    let gone = now.duration_since(since);
                    if gone >= PAUSE {
                        suspects.push(Suspect {
                            subject: subject.clone(),
                            fingerprint: fingerprint.clone(),
                            alert: alert.clone(),
                            alone: one.known && gone >= LONG_PAUSE,
                        });
                    }
                }
            }
            seen.insert(key, one);
        }
        self.alerts = seen;
        (suspects, on)
    }
}

impl Suspect {
    /// The end that was not heard, if it is one. `word` is `None` where no Prometheus is named; one that
    /// is away lets nothing end.
    pub fn ended(&self, word: Option<Word>, now: Timestamp) -> Option<Signal> {
        let (at, found) = match word {
            Some(Word::Fires) => return None,
            Some(Word::Ended(at)) => {
                (at, "its end was not heard; Alertmanager and Prometheus hold it no longer")
            }
            Some(Word::Unknown) | None if self.alone => {
                (now, "its end was not heard; Alertmanager holds it no longer")
            }
            Some(Word::Unknown) | None => return None,
        };
        let Self { subject, fingerprint, alert, .. } = self;
        let starts = alert.starts_at.as_millisecond();
        let key = format!("alert/{fingerprint}/{starts}/resolved/asked-{}", at.as_millisecond());
        let status = AlertStatus::Resolved;
        let said = AlertSignal { ends_at: Some(at), ..said(fingerprint, alert, status, found) };
        let kind = SignalKind::Alert(said);
        Some(Signal { key, subject: subject.clone(), heard_at: now, kind, muted: None })
    }
}

fn fires_on(
    subject: &Subject,
    fingerprint: &str,
    alert: &JoinedAlert,
    starts_at: Timestamp,
    now: Timestamp,
) -> Signal {
    let ended = alert.ended_at.map_or(0, Timestamp::as_millisecond);
    let key = format!("alert/{fingerprint}/{}/on-after/{ended}", starts_at.as_millisecond());
    let status = AlertStatus::Firing;
    let said = said(fingerprint, alert, status, "Alertmanager holds it to fire");
    let kind = SignalKind::Alert(AlertSignal { starts_at, ..said });
    Signal { key, subject: subject.clone(), heard_at: now, kind, muted: None }
}

fn said(fingerprint: &str, alert: &JoinedAlert, status: AlertStatus, found: &str) -> AlertSignal {
    AlertSignal {
        fingerprint: fingerprint.to_owned(),
        status,
        labels: alert.labels.clone(),
        annotations: alert.annotations.clone(),
        starts_at: alert.starts_at,
        ends_at: None,
        generator_url: alert.generator_url.clone(),
        external_url: alert.external_url.clone(),
        truncated: 0,
        asked: Some(found.to_owned()),
    }
}

impl Poller {
    /// What Prometheus says of an alert with these labels that began at `starts_at`.
    ///
    /// # Errors
    /// Where it cannot be asked; nothing may be concluded then.
    pub async fn word(
        &self,
        labels: &Labels,
        starts_at: Timestamp,
        now: Timestamp,
    ) -> Result<Word, String> {
        let Some(name) = labels.get("alertname") else { return Ok(Word::Unknown) };
        let (client, headers) = (self.client().await?, self.headers().await?);
        let at = now.as_second();
        let reach = (at - starts_at.as_second() + 600).clamp(900, FAR);
        let name = serde_json::to_string(name).map_err(|e| e.to_string())?;
        let fired = format!("ALERTS{{alertname={name},alertstate=\"firing\"}}");
        let last = format!("max_over_time(timestamp({fired})[{reach}s:30s])");
        // A Prometheus that was away a moment ago may not have evaluated the rule yet.
        let steady = "min(count_over_time((count(up))[600s:30s]))".to_owned();
        let (last, steady) = futures::try_join!(
            ask(&client, &headers, last, at),
            ask(&client, &headers, steady, at),
        )?;
        if !last.warnings.is_empty() || !steady.warnings.is_empty() {
            return Ok(Word::Unknown);
        }
        let fired = last.samples.iter().filter(|sample| fits(sample, labels));
        let Some(fired) = fired.map(|sample| sample.value as i64).max() else {
            return Ok(Word::Unknown);
        };
        let steady = steady.samples.first().is_some_and(|sample| sample.value >= 19.0);
        let fresh = self.started().await.is_some_and(|since| (0..RUNNING).contains(&(at - since)));
        let steady = steady && !fresh;
        Ok(match Timestamp::from_second(fired) {
            _ if at - fired <= FIRES => Word::Fires,
            Ok(fired) if steady => Word::Ended(fired),
            _ => Word::Unknown,
        })
    }
}

/// Whether a series of `ALERTS` may be this alert: whatever label both have is the same. Labels that were
/// added, dropped, cut or redacted on the way tell nothing.
fn fits(sample: &Sample, labels: &Labels) -> bool {
    sample.labels.iter().all(|(name, value)| {
        labels.get(name).is_none_or(|known| {
            known == value || known.ends_with(CUT) || known.contains("[redacted")
        })
    })
}
