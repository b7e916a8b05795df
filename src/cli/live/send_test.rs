//! `--send-test`: a message that says it is a test, by the way every message goes: committed, then sent.
//!
//! It has a store of its own, in a folder that is gone afterwards: the daemon's is locked while it runs,
//! and a test is no part of its history.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Line;
use crate::brief::Context;
use crate::config::Settings;
use crate::delivery::{Outbox, Receiver};
use crate::incident::{Closed, Decision, Entry, Incident, JoinedAlert, Reply, Say, State, Subject};
use crate::ledger::{Commit, Ledger};
use crate::telemetry::Telemetry;

/// How long a receiver may take: longer than the first retries.
const PATIENCE: Duration = Duration::from_secs(30);
const GLANCE: Duration = Duration::from_millis(50);

/// Tells every receiver, or the one of that name, and then that it is over.
pub(in crate::cli) async fn send_test(
    settings: &Settings,
    only: Option<&str>,
) -> anyhow::Result<Vec<Line>> {
    let chosen: Vec<_> =
        settings.receivers.iter().filter(|it| only.is_none_or(|name| name == it.name)).collect();
    if chosen.is_empty() {
        anyhow::bail!("no receiver is called {:?}", only.unwrap_or_default());
    }
    let folder = tempfile::tempdir().context("a folder for the test's store")?;
    let ledger = Ledger::open(&folder.path().join("test.db")).await?;
    let names: Vec<String> = chosen.iter().map(|receiver| receiver.name.clone()).collect();
    let receivers: Result<Vec<_>, _> =
        chosen.iter().map(|receiver| Receiver::new(receiver, &settings.delivery)).collect();
    let receivers = receivers.map_err(|why| anyhow::anyhow!("receivers: {why}"))?;
    let stop = CancellationToken::new();
    let context =
        Context { cluster: settings.cluster.name.clone(), ..Context::at(Timestamp::now()) };
    let telemetry = Telemetry::new(names.iter().map(String::as_str));
    let outbox = Outbox::start(&ledger, receivers, &settings.delivery, &context, &telemetry, &stop);

    let mut incident = test(settings);
    commit(&ledger, &incident, &names, &[Say::Main]).await?;
    outbox.nudge();
    let lines = outcome(&ledger, &names, settings).await?;
    let over = finished(&mut incident);
    commit(&ledger, &incident, &names, &[Say::Main, over]).await?;
    outbox.nudge();
    outcome(&ledger, &names, settings).await?;
    stop.cancel();
    outbox.finish(GLANCE).await;
    ledger.close().await;
    Ok(lines)
}

/// An incident about nothing, which says so wherever it is read.
fn test(settings: &Settings) -> Incident {
    let now = Timestamp::now();
    let subject = Subject {
        cluster: settings.cluster.name.clone(),
        object: None,
        group: "TEST of Firsthand, nothing is wrong".to_owned(),
    };
    let mut incident = Incident::open(&format!("FH-TEST-{}", now.as_second()), subject, now);
    "a test that somebody sent with `firsthand check --send-test`"
        .clone_into(&mut incident.severity_reason);
    incident.spoken_at = Some(now);
    let annotation = (
        "summary".to_owned(),
        "A test message. Nothing is wrong and nothing is to be done.".to_owned(),
    );
    let alert = JoinedAlert {
        name: "FirsthandTest".to_owned(),
        labels: BTreeMap::from([("alertname".to_owned(), "FirsthandTest".to_owned())]),
        annotations: BTreeMap::from([annotation]),
        starts_at: now,
        ended_at: None,
        generator_url: None,
        external_url: None,
    };
    incident.alerts.insert("test".to_owned(), alert);
    incident
}

/// The end of the test: nobody stays paged.
fn finished(incident: &mut Incident) -> Say {
    let at = Timestamp::now() + SignedDuration::from_secs(1);
    let (how, because) = ("alert ended".to_owned(), "the test is over".to_owned());
    incident.alerts.values_mut().for_each(|alert| alert.ended_at = Some(at));
    incident.state = State::Resolved;
    incident.closed = Some(Closed { at, how: how.clone(), because: because.clone() });
    incident.revision += 1;
    let since = incident.since;
    Say::Reply { reply: Reply::Resolved { at, since, how, because }, broadcast: false }
}

async fn commit(
    ledger: &Ledger,
    incident: &Incident,
    receivers: &[String],
    say: &[Say],
) -> anyhow::Result<()> {
    let now = Timestamp::now();
    let entry = Entry { at: now, source: "firsthand".into(), text: "a test was sent".into() };
    let decision = Decision { incident: incident.clone(), entries: vec![entry], say: say.to_vec() };
    let commit = Commit {
        done: &[],
        decision: &decision,
        receivers,
        stakeholders: &BTreeSet::new(),
        evidence: None,
        watermark: None,
        now,
    };
    ledger.commit(commit).await?;
    Ok(())
}

/// What became of it, per receiver, once nothing is on its way any more or patience is at its end.
async fn outcome(
    ledger: &Ledger,
    names: &[String],
    settings: &Settings,
) -> anyhow::Result<Vec<Line>> {
    let end = Instant::now() + PATIENCE.max(settings.delivery.timeout);
    loop {
        let stuck = ledger.parked().await?;
        let mut lines = Vec::new();
        let mut waiting = false;
        for name in names {
            let (due, parked, _) = ledger.owed(name).await?;
            let part = format!("test {name}");
            let why = stuck.iter().find(|it| it.receiver == *name).map(|it| it.why.clone());
            waiting |= due > 0 && why.is_none();
            lines.push(match why {
                Some(why) => {
                    Line::bad(&part, format!("refused: {why}"), "see the log above for what to do")
                }
                None if due + parked == 0 => Line::good(&part, "the test message was taken"),
                None => {
                    Line::bad(&part, "the test message was not taken in time", "see the log above")
                }
            });
        }
        if !waiting || Instant::now() > end {
            return Ok(lines);
        }
        tokio::time::sleep(GLANCE).await;
    }
}
