//! The ledger: what was accepted is never lost, what was committed is whole, nothing grows without a bound.

mod story;

use std::collections::BTreeSet;
use std::time::Duration;

use firsthand::diagnosis::{Evidence, Instance, Log, Source};
use firsthand::incident::{
    AlertStatus, Claim, Closed, Debt, Entry, Outcome, Owed, Place, Say, Signal, SignalKind,
};
use firsthand::ledger::{Commit, Ledger, LedgerError, Settings};
use jiff::{SignedDuration, Timestamp};
use sqlx::Connection;
use story::{Desk, at, decide, incident, note, say, signal, subject};

async fn owed(ledger: &Ledger, receiver: &str) -> Option<Debt> {
    match ledger.claim(receiver, Timestamp::now()).await.expect("a claim") {
        Claim::Owed(debt) => Some(*debt),
        Claim::Nothing { .. } => None,
    }
}

async fn told(ledger: &Ledger, debt: &Debt) {
    let place = Place { channel: "C1".into(), ts: format!("{}.1", debt.id) };
    let outcome =
        Outcome::Told { revision: debt.revision, place: Some(place), not_before: Timestamp::now() };
    ledger.settle(debt.id, &outcome).await.expect("settled");
}

#[tokio::test]
async fn accepted_signals_outlive_the_process() {
    let desk = Desk::new();
    let ledger = desk.ledger().await;
    ledger.accept(&[signal("a", "checkout"), signal("b", "cart")]).await.expect("accepted");
    drop(ledger);
    let pending = desk.ledger().await.pending(10).await.expect("pending");
    let keys: Vec<_> = pending.iter().map(|(_, signal)| signal.key.as_str()).collect();
    assert_eq!(keys, ["a", "b"]);
}

#[tokio::test]
async fn repeated_alert_is_one_signal() {
    let desk = Desk::new();
    let ledger = desk.ledger().await;
    assert_eq!(ledger.accept(&[signal("a", "checkout"), signal("a", "checkout")]).await, Ok(1));
    let id = ledger.pending(1).await.expect("pending")[0].0;
    ledger.done(&[id]).await.expect("done");
    assert_eq!(ledger.accept(&[signal("a", "checkout")]).await, Ok(0), "also after it is done");
    assert_eq!(ledger.pending(10).await, Ok(vec![]));
}

#[tokio::test]
async fn an_alert_that_fires_on_after_its_end_is_news_again() {
    let desk = Desk::new();
    let ledger = desk.ledger().await;
    let fires = signal("alert/f1/100/firing", "checkout");
    let ends = ended(signal("alert/f1/100/resolved/200", "checkout"));
    for one in [&fires, &ends] {
        assert_eq!(ledger.accept(std::slice::from_ref(one)).await, Ok(1));
        let id = ledger.pending(1).await.expect("pending")[0].0;
        ledger.done(&[id]).await.expect("done");
    }
    assert_eq!(ledger.accept(&[fires.clone(), fires.clone()]).await, Ok(1));
    let pending = ledger.pending(10).await.expect("pending");
    assert_eq!(pending.iter().map(|(_, signal)| signal).collect::<Vec<_>>(), [&fires]);
    assert_eq!(ledger.accept(&[ends]).await, Ok(0), "the end that was told is no news");
}

#[tokio::test]
async fn an_alert_that_its_end_overtook_is_over() {
    let desk = Desk::new();
    let ledger = desk.ledger().await;
    let mut fires = signal("alert/f1/100/firing", "checkout");
    assert_eq!(
        ledger.accept(&[ended(signal("alert/f1/100/resolved/200", "checkout"))]).await,
        Ok(1)
    );
    assert_eq!(ledger.accept(&[signal("alert/f1/300/firing", "checkout")]).await, Ok(1), "another");
    assert_eq!(ledger.accept(std::slice::from_ref(&fires)).await, Ok(0));
    fires.heard_at += SignedDuration::from_mins(10);
    assert_eq!(ledger.accept(&[fires]).await, Ok(1), "ten minutes later it fires indeed");
}

fn ended(mut signal: Signal) -> Signal {
    if let SignalKind::Alert(alert) = &mut signal.kind {
        alert.status = AlertStatus::Resolved;
    }
    signal
}

#[tokio::test]
async fn a_commit_is_one_thing() {
    let desk = Desk::new();
    let ledger = desk.ledger().await;
    ledger.accept(&[signal("a", "checkout")]).await.expect("accepted");
    let id = ledger.pending(1).await.expect("pending")[0].0;
    let incident = incident("checkout");
    let commit = Commit {
        done: &[id],
        decision: &decide(&incident, &[Say::Main, note("more")]),
        receivers: &["oncall".to_owned(), "tickets".to_owned()],
        stakeholders: &BTreeSet::new(),
        evidence: Some(&Evidence { taken_at: at("2026-11-21T02:12:00Z"), ..Evidence::default() }),
        watermark: Some(("poll", "17")),
        now: Timestamp::now(),
    };
    assert_eq!(ledger.commit(commit).await, Ok(4));
    drop(ledger);
    let ledger = desk.ledger().await;
    assert_eq!(ledger.pending(10).await, Ok(vec![]));
    assert_eq!(ledger.open_incident(&incident.subject.key()).await, Ok(Some(incident.clone())));
    assert_eq!(ledger.timeline(&incident.id).await.map(|entries| entries.len()), Ok(1));
    assert_eq!(ledger.evidence(&incident.id).await.map(|kept| kept.len()), Ok(1));
    assert_eq!(ledger.watermark("poll").await, Ok(Some("17".into())));
    assert_eq!(ledger.info().await.map(|info| info.deliveries_due), Ok(4));
}

#[tokio::test]
async fn full_disk_is_said_and_survived() {
    let desk = Desk::new();
    let settings = Settings { path: desk.path("small.db"), max_mib: 1, ..Settings::default() };
    let ledger = Ledger::open_with(&settings).await.expect("a ledger");
    let many = |from: usize| -> Vec<_> {
        (from..from + 100).map(|n| signal(&format!("{n}"), &"x".repeat(500))).collect()
    };
    let mut accepted = 0;
    let error = loop {
        match ledger.accept(&many(accepted)).await {
            Ok(new) => accepted += new,
            Err(error) => break error,
        }
        assert!(accepted < 10_000, "the limit holds");
    };
    assert!(matches!(error, LedgerError::Full(_)), "{error}");
    assert!(error.passes() && error.to_string().contains("free disk space"), "{error}");
    // Nothing of the refused call is there, everything of the others is, and reading goes on.
    let pending = ledger.pending(usize::MAX).await.expect("still readable");
    assert_eq!(pending.len(), accepted);
    // Room returns; so does the ledger, in the same process.
    let ids: Vec<i64> = pending.iter().map(|(id, _)| *id).collect();
    ledger.done(&ids).await.expect("marked");
    ledger.prune(Timestamp::now()).await.expect("pruned");
    assert_eq!(ledger.accept(&many(accepted)).await, Ok(100));
}

#[tokio::test]
async fn a_newer_file_is_refused_in_words() {
    let desk = Desk::new();
    drop(desk.ledger().await);
    let url = format!("sqlite://{}", desk.path("firsthand.db").display());
    let mut file = sqlx::SqliteConnection::connect(&url).await.expect("the file");
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (99, 'from the future', 1, x'00', 0)",
    )
    .execute(&mut file)
    .await
    .expect("written");
    drop(file);
    for error in [
        Ledger::open(&desk.path("firsthand.db")).await.expect_err("refused"),
        Ledger::open_to_read(&desk.path("firsthand.db")).await.expect_err("refused"),
    ] {
        assert!(matches!(error, LedgerError::Newer { found: 99, .. }), "{error}");
        assert!(error.to_string().contains("newer version"), "{error}");
    }
}

#[tokio::test]
async fn one_daemon_per_file_and_readers_beside_it() {
    let desk = Desk::new();
    let path = desk.path("firsthand.db");
    assert!(matches!(Ledger::open_to_read(&path).await, Err(LedgerError::Broken(_))));
    let ledger = desk.ledger().await;
    assert!(matches!(Ledger::open(&path).await, Err(LedgerError::InUse(_))));
    let reader = Ledger::open_to_read(&path).await.expect("a reader");
    ledger.set_watermark("poll", "1").await.expect("set");
    assert_eq!(reader.watermark("poll").await, Ok(Some("1".into())));
    assert!(reader.set_watermark("poll", "2").await.is_err(), "readers do not write");
}

#[tokio::test]
async fn a_file_that_is_no_ledger_is_refused_by_name() {
    let desk = Desk::new();
    let path = desk.write("firsthand.db", &"this is no database ".repeat(100));
    let error = Ledger::open(&path).await.expect_err("refused");
    assert!(matches!(&error, LedgerError::Broken(why) if why.contains("firsthand.db")), "{error}");
    assert!(!error.passes());
}

#[tokio::test]
async fn a_reopened_incident_is_the_open_one_again() {
    let desk = Desk::new();
    let ledger = desk.ledger().await;
    let mut checkout = incident("checkout");
    let key = checkout.subject.key();
    checkout.look_at = Some(at("2026-11-21T02:15:00Z"));
    say(&ledger, &checkout, &[], &[]).await;
    assert_eq!(ledger.due_looks(at("2026-11-21T02:14:59Z")).await, Ok(vec![]));
    assert_eq!(ledger.due_looks(at("2026-11-21T02:15:00Z")).await, Ok(vec![checkout.clone()]));
    assert_eq!(ledger.next_look_at().await, Ok(checkout.look_at));
    let now = at("2026-11-21T03:00:00Z");
    checkout.look_at = None;
    checkout.closed =
        Some(Closed { at: now, how: "recovered".into(), because: "healthy 15 min".into() });
    say(&ledger, &checkout, &[], &[]).await;
    assert_eq!(ledger.open_incident(&key).await, Ok(None));
    assert_eq!(ledger.last_closed(&key).await, Ok(Some(checkout.clone())));
    checkout.closed = None;
    say(&ledger, &checkout, &[], &[]).await;
    assert_eq!(ledger.open_incident(&key).await, Ok(Some(checkout)));
    assert_eq!(ledger.last_closed(&key).await, Ok(None));
}

#[tokio::test]
async fn ids_can_be_said_aloud_and_are_never_given_twice() {
    let desk = Desk::new();
    let ledger = desk.ledger().await;
    let now = at("2026-11-21T02:11:30Z");
    let first = ledger.new_id(&subject("checkout"), now).await.expect("an id");
    assert_eq!(first, "FH-20261121-0211-checkout");
    let mut open = incident("checkout");
    open.id = first;
    say(&ledger, &open, &[], &[]).await;
    let second = ledger.new_id(&subject("checkout"), now).await.expect("an id");
    assert_eq!(second, "FH-20261121-0211-checkout-2");
}

#[tokio::test]
async fn what_changes_before_it_is_told_is_told_once() {
    let desk = Desk::new();
    let ledger = desk.ledger().await;
    let mut checkout = incident("checkout");
    for revision in 1..=5 {
        checkout.revision = revision;
        say(&ledger, &checkout, &["oncall"], &[Say::Main]).await;
    }
    let debt = owed(&ledger, "oncall").await.expect("one debt");
    assert_eq!(debt.incident.revision, 5, "as it is now");
    assert_eq!(owed(&ledger, "oncall").await, None);
    // It changes while it is being sent: owed again, and only once.
    checkout.revision = 6;
    say(&ledger, &checkout, &["oncall"], &[Say::Main]).await;
    told(&ledger, &debt).await;
    let again = owed(&ledger, "oncall").await.expect("the newer one");
    assert_eq!((again.id, again.incident.revision), (debt.id, 6));
    assert!(again.place.is_some(), "it is edited in place");
    told(&ledger, &again).await;
    assert_eq!(owed(&ledger, "oncall").await, None);
}

#[tokio::test]
async fn a_thread_keeps_its_order_and_holds_up_nobody_else() {
    let desk = Desk::new();
    let ledger = desk.ledger().await;
    say(&ledger, &incident("checkout"), &["oncall"], &[Say::Main, note("1"), note("2")]).await;
    say(&ledger, &incident("cart"), &["oncall"], &[note("only a reply")]).await;
    let checkout = owed(&ledger, "oncall").await.expect("a main message");
    let cart = owed(&ledger, "oncall").await.expect("the other main message");
    assert_eq!((&checkout.what, &cart.what), (&Owed::Main, &Owed::Main), "replies wait for theirs");
    told(&ledger, &cart).await;
    let reply = owed(&ledger, "oncall").await.expect("cart's thread goes on");
    assert_eq!(reply.incident.id, "FH-cart");
    assert!(reply.thread.is_some());
    assert_eq!(owed(&ledger, "oncall").await, None, "checkout's main message is still being told");
    told(&ledger, &checkout).await;
    let first = owed(&ledger, "oncall").await.expect("the first reply");
    assert!(matches!(first.what, Owed::Reply { seq: 1, .. }));
    let refused = Outcome::Refused { why: "invalid_blocks".into() };
    let retry = Outcome::Retry { at: Timestamp::now(), why: "connect".into() };
    ledger.settle(first.id, &retry).await.expect("settled");
    let again = owed(&ledger, "oncall").await.expect("the same reply");
    assert!(matches!(again.what, Owed::Reply { seq: 1, .. }), "never the second before the first");
    assert_eq!((again.attempts, &again.key), (1, &first.key));
    ledger.settle(again.id, &refused).await.expect("settled");
    let second = owed(&ledger, "oncall").await.expect("the second reply");
    assert!(matches!(second.what, Owed::Reply { seq: 2, .. }), "what is given up is passed");
}

#[tokio::test]
async fn a_crash_while_sending_leaves_an_open_question() {
    let desk = Desk::new();
    let ledger = desk.ledger().await;
    say(&ledger, &incident("checkout"), &["oncall"], &[Say::Main]).await;
    let debt = owed(&ledger, "oncall").await.expect("a debt");
    assert!(!debt.uncertain);
    drop(ledger);
    let ledger = desk.ledger().await;
    assert_eq!(ledger.recover(Timestamp::now()).await, Ok(1));
    let again = owed(&ledger, "oncall").await.expect("still owed");
    assert!(again.uncertain, "asked about before it is told again");
    assert_eq!(again.key, debt.key);
}

#[tokio::test]
async fn what_waits_for_help_is_listed_and_tried_after_a_restart() {
    let desk = Desk::new();
    let ledger = desk.ledger().await;
    say(&ledger, &incident("checkout"), &["oncall"], &[Say::Main]).await;
    let debt = owed(&ledger, "oncall").await.expect("a debt");
    let later = Timestamp::now() + Duration::from_secs(600);
    let parked = Outcome::Parked { at: later, why: "channel_not_found".into() };
    ledger.settle(debt.id, &parked).await.expect("settled");
    assert_eq!(owed(&ledger, "oncall").await, None);
    drop(ledger);
    let reader = Ledger::open_to_read(&desk.path("firsthand.db")).await.expect("a reader");
    let stuck = reader.parked().await.expect("listed");
    assert_eq!(stuck.len(), 1);
    assert_eq!((stuck[0].why.as_str(), stuck[0].what.as_str()), ("channel_not_found", "main"));
    let ledger = desk.ledger().await;
    ledger.recover(Timestamp::now()).await.expect("recovered");
    assert!(owed(&ledger, "oncall").await.is_some());
}

#[tokio::test]
async fn timelines_and_evidence_keep_their_beginning_and_their_end() {
    let desk = Desk::new();
    let ledger = desk.ledger().await;
    let checkout = incident("checkout");
    for n in 0..12 {
        let mut decision = decide(&checkout, &[]);
        decision.entries = (0..100)
            .map(|line| Entry {
                text: format!("{}", n * 100 + line),
                ..decision.entries[0].clone()
            })
            .collect();
        let taken_at = at("2026-11-21T02:12:00Z") + Duration::from_secs(n);
        let log = Log {
            namespace: "shop".into(),
            pod: "checkout-1".into(),
            container: "app".into(),
            instance: Instance::Previous,
            container_id: None,
            text: Source::Read("panic: ü\n".repeat(100_000)),
            cut: false,
        };
        let evidence = Evidence { taken_at, logs: vec![log], ..Evidence::default() };
        let commit = Commit {
            done: &[],
            decision: &decision,
            receivers: &[],
            stakeholders: &BTreeSet::new(),
            evidence: Some(&evidence),
            watermark: None,
            now: taken_at,
        };
        ledger.commit(commit).await.expect("committed");
    }
    let timeline = ledger.timeline(&checkout.id).await.expect("a timeline");
    assert_eq!(timeline.len(), 1_000);
    assert_eq!((timeline[0].text.as_str(), timeline[999].text.as_str()), ("0", "1199"));
    let evidence = ledger.evidence(&checkout.id).await.expect("evidence");
    let seconds: Vec<_> = evidence.iter().map(|kept| kept.taken_at.as_second() % 60).collect();
    assert_eq!(seconds, [0, 1, 2, 7, 8, 9, 10, 11]);
    let log = &evidence[0].logs[0];
    assert!(log.cut && log.text.read().is_some_and(|text| text.len() <= 16 * 1024));
}

#[tokio::test]
async fn samples_are_few_and_small() {
    let desk = Desk::new();
    let ledger = desk.ledger().await;
    for n in 0..30 {
        let body = vec![b'x'; 100_000];
        ledger
            .keep_sample("alertmanager", &body, &format!("{n}"), Timestamp::now())
            .await
            .expect("kept");
    }
    let samples = ledger.samples().await.expect("samples");
    assert_eq!((samples.len(), samples[0].why.as_str()), (20, "29"));
    assert!(samples.iter().all(|sample| sample.body.len() <= 16 * 1024));
}

#[tokio::test]
async fn pruning_takes_what_is_over_and_nothing_else() {
    let desk = Desk::new();
    let ledger = desk.ledger().await;
    ledger.accept(&[signal("done", "cart"), signal("pending", "cart")]).await.expect("accepted");
    let id = ledger.pending(1).await.expect("pending")[0].0;
    ledger.done(&[id]).await.expect("done");
    let open = incident("checkout");
    let mut over = incident("cart");
    over.closed = Some(Closed {
        at: at("2026-11-21T03:00:00Z"),
        how: "recovered".into(),
        because: "healthy".into(),
    });
    say(&ledger, &open, &["oncall"], &[Say::Main]).await;
    say(&ledger, &over, &["oncall"], &[Say::Main]).await;
    let before = ledger.info().await.expect("info");
    assert_eq!((before.incidents, before.deliveries_due), (2, 2));
    let pruned = ledger.prune(Timestamp::now() + Duration::from_secs(1)).await.expect("pruned");
    assert_eq!((pruned.incidents, pruned.signals), (1, 1));
    let info = ledger.info().await.expect("info");
    assert_eq!((info.incidents, info.deliveries_due, info.signals_pending), (1, 1, 1));
}

#[tokio::test]
async fn a_row_that_cannot_be_read_holds_up_nobody() {
    let desk = Desk::new();
    let ledger = desk.ledger().await;
    ledger.accept(&[signal("a", "checkout"), signal("b", "cart")]).await.expect("accepted");
    say(&ledger, &incident("checkout"), &["oncall"], &[Say::Main]).await;
    say(&ledger, &incident("cart"), &["oncall"], &[Say::Main]).await;
    let url = format!("sqlite://{}", desk.path("firsthand.db").display());
    let mut file = sqlx::SqliteConnection::connect(&url).await.expect("the file");
    for damage in [
        "UPDATE signals SET body = '{}' WHERE key = 'a'",
        "UPDATE incidents SET body = '{}' WHERE id = 'FH-checkout'",
    ] {
        sqlx::query(damage).execute(&mut file).await.expect("damaged");
    }
    let pending = ledger.pending(10).await.expect("the other one");
    assert_eq!(pending.iter().map(|(_, s)| s.key.as_str()).collect::<Vec<_>>(), ["b"]);
    assert_eq!(ledger.info().await.map(|info| info.signals_aside), Ok(1));
    assert_eq!(owed(&ledger, "oncall").await, None, "set aside");
    assert_eq!(owed(&ledger, "oncall").await.map(|debt| debt.incident.id), Some("FH-cart".into()));
    assert_eq!(ledger.parked().await.map(|stuck| stuck.len()), Ok(1));
}
