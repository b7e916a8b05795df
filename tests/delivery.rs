//! Delivery: everything is told, once, in order, at the receiver's pace, and says what is true when it is told.

#[expect(dead_code, reason = "shared with the tests of the ledger")]
mod story;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use firsthand::brief::Context;
use firsthand::delivery::{Outbox, Receiver, ReceiverSettings, Settings, slack, webhook};
use firsthand::incident::{Incident, Say, Severity, State};
use firsthand::ledger::Ledger;
use firsthand::standin::slack::{Options, Order, Posted, Slack};
use firsthand::telemetry::Telemetry;
use futures::future::join_all;
use jiff::Timestamp;
use story::{Desk, incident, note, say};
use tokio_util::sync::CancellationToken;

const CHANNEL: &str = "C0ALERTS01";

/// Slack's pace and patience, a hundred times faster.
fn quick() -> Settings {
    Settings {
        channel_pause: Duration::from_millis(10),
        edit_pause: Duration::from_millis(20),
        search_pause: Duration::from_millis(30),
        timeout: Duration::from_millis(300),
        retry_max: Duration::from_millis(50),
        parked_retry: Duration::from_millis(50),
    }
}

/// A Slack, a ledger, and the workers between them, which can be killed and started again.
struct Office {
    desk: Desk,
    slack: Slack,
    ledger: Ledger,
    settings: Settings,
    outbox: Option<Outbox>,
}

impl Office {
    async fn open() -> Self {
        Self::with(Options { pace: Duration::ZERO, ..Options::default() }, quick()).await
    }

    async fn with(options: Options, settings: Settings) -> Self {
        let desk = Desk::new();
        desk.write("slack-token", "xoxb-standin\n");
        let slack = Slack::start(options).await.expect("a stand-in");
        let ledger = desk.ledger().await;
        let mut office = Self { desk, slack, ledger, settings, outbox: None };
        office.start().await;
        office
    }

    async fn start(&mut self) {
        self.start_until(&CancellationToken::new()).await;
    }

    async fn start_until(&mut self, stop: &CancellationToken) {
        self.ledger.recover(Timestamp::now()).await.expect("recovered");
        let settings = ReceiverSettings {
            name: "oncall".into(),
            slack: Some(slack::Settings {
                channel: CHANNEL.into(),
                token_file: Some(self.desk.path("slack-token")),
                token_env: None,
                api_url: self.slack.url(),
            }),
            ..ReceiverSettings::default()
        };
        let receiver = Receiver::new(&settings, &self.settings).expect("a receiver");
        self.outbox = Some(start(&self.ledger, receiver, &self.settings, stop));
    }

    /// What a kill leaves: no worker finishes anything.
    fn kill(&mut self) {
        self.outbox = None;
    }

    async fn say(&self, incident: &Incident, what: &[Say]) {
        say(&self.ledger, incident, &["oncall"], what).await;
        if let Some(outbox) = &self.outbox {
            outbox.nudge();
        }
    }

    fn mains(&self) -> Vec<Posted> {
        self.slack.messages(CHANNEL)
    }

    fn thread(&self) -> Vec<String> {
        let mains = self.mains();
        let thread = mains.first().map(|main| self.slack.thread(&main.ts)).unwrap_or_default();
        thread.into_iter().map(|reply| reply.text).collect()
    }

    /// Waits until nothing is owed any more.
    async fn settled(&self) {
        eventually("everything is told", async || {
            self.ledger.info().await.is_ok_and(|info| info.deliveries_due == 0)
        })
        .await;
    }

    fn posts(&self) -> usize {
        self.slack.calls().iter().filter(|call| call.method == "chat.postMessage").count()
    }
}

fn start(
    ledger: &Ledger,
    receiver: Receiver,
    settings: &Settings,
    stop: &CancellationToken,
) -> Outbox {
    Outbox::start(
        ledger,
        vec![receiver],
        settings,
        &Context::at(Timestamp::now()),
        &Telemetry::new(["oncall"]),
        stop,
    )
}

/// Looks again every few milliseconds, for ten seconds at most.
async fn eventually(what: &str, holds: impl AsyncFn() -> bool) {
    for _ in 0..2_000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never came true: {what}");
}

fn position(thread: &[String], text: &str) -> Option<usize> {
    thread.iter().position(|said| said.contains(text))
}

#[tokio::test]
async fn one_message_is_edited_in_place_and_its_thread_is_in_order() {
    let office = Office::open().await;
    let mut checkout = incident("checkout");
    office.say(&checkout, &[Say::Main, note("first"), note("second"), note("third")]).await;
    office.settled().await;
    checkout.state = State::Monitoring;
    checkout.revision += 1;
    office.say(&checkout, &[Say::Main, note("fourth")]).await;
    office.settled().await;
    let mains = office.mains();
    assert_eq!(mains.len(), 1);
    assert_eq!(mains[0].history.len(), 1, "edited once");
    let thread = office.thread();
    let places: Vec<_> =
        ["first", "second", "third", "fourth"].iter().map(|text| position(&thread, text)).collect();
    assert_eq!(places, [Some(0), Some(1), Some(2), Some(3)], "{thread:?}");
    assert_eq!(office.slack.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn after_an_outage_nothing_is_lost_or_doubled_and_the_message_says_what_is_true_then() {
    let office = Office::open().await;
    office.slack.down(Some(Order::Status(503)));
    let mut checkout = incident("checkout");
    checkout.severity = Severity::Sev3;
    office.say(&checkout, &[Say::Main, note("during the outage")]).await;
    eventually("it was tried often", async || office.slack.calls().len() >= 5).await;
    checkout.severity = Severity::Sev1;
    checkout.revision += 1;
    office.say(&checkout, &[Say::Main]).await;
    office.say(&incident("cart"), &[Say::Main]).await;
    office.slack.down(None);
    office.settled().await;
    let mains = office.mains();
    assert_eq!(mains.len(), 2, "one per incident");
    let checkout = mains.iter().find(|main| main.text.contains("checkout")).expect("checkout");
    assert!(checkout.text.contains("SEV1"), "{}", checkout.text);
    assert_eq!(checkout.history, [], "it never said anything else");
    assert_eq!(office.slack.thread(&checkout.ts).len(), 1);
    assert_eq!(office.slack.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn every_way_of_not_answering_ends_in_one_message() {
    let orders = [
        Order::DoneSilence,
        Order::DoneReset,
        Order::Silence,
        Order::Reset,
        Order::Html,
        Order::Status(500),
        Order::Error("internal_error".into()),
    ];
    join_all(orders.map(async |order| {
        let office = Office::open().await;
        office.slack.order("chat.postMessage", &order, 1);
        office.say(&incident("checkout"), &[Say::Main]).await;
        office.settled().await;
        assert_eq!(office.mains().len(), 1, "{order:?}");
        // The same for a reply, whose search is another one.
        office.slack.order("chat.postMessage", &order, 1);
        office.say(&incident("checkout"), &[note("once")]).await;
        office.settled().await;
        assert_eq!(office.thread().len(), 1, "{order:?}");
        assert_eq!(office.slack.violations(), Vec::<String>::new(), "{order:?}");
    }))
    .await;
}

#[tokio::test]
async fn a_message_that_arrived_unseen_is_brought_up_to_date() {
    let office = Office::open().await;
    office.slack.order("chat.postMessage", &Order::DoneSilence, 1);
    let mut checkout = incident("checkout");
    office.say(&checkout, &[Say::Main]).await;
    eventually("it is there", async || office.mains().len() == 1).await;
    checkout.severity = Severity::Sev1;
    checkout.revision += 1;
    office.say(&checkout, &[Say::Main]).await;
    office.settled().await;
    let mains = office.mains();
    assert_eq!((mains.len(), office.posts()), (1, 1), "searched for, found, not sent again");
    assert!(mains[0].text.contains("SEV1"), "{}", mains[0].text);
}

#[tokio::test]
async fn without_history_scope_it_is_told_at_least_once() {
    let options = Options { history: false, pace: Duration::ZERO, ..Options::default() };
    let office = Office::with(options, quick()).await;
    office.slack.order("chat.postMessage", &Order::Silence, 1);
    office.say(&incident("checkout"), &[Say::Main]).await;
    office.settled().await;
    assert_eq!(office.mains().len(), 1);
}

#[tokio::test]
async fn a_kill_between_commit_and_send_or_in_the_middle_of_it_changes_nothing() {
    let mut office = Office::open().await;
    office.kill();
    office.say(&incident("checkout"), &[Say::Main]).await;
    office.start().await;
    office.settled().await;
    assert_eq!(office.mains().len(), 1);
    // Killed while the answer is on its way: the message is there and nobody knows.
    office.slack.order("chat.postMessage", &Order::DoneSilence, 1);
    office.say(&incident("checkout"), &[note("once")]).await;
    eventually("it arrived", async || office.thread().len() == 1).await;
    office.kill();
    office.start().await;
    office.settled().await;
    assert_eq!((office.mains().len(), office.thread().len()), (1, 1));
    assert_eq!(office.slack.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn retry_after_is_obeyed() {
    let office = Office::open().await;
    office.slack.order("chat.postMessage", &Order::RetryAfter(1), 1);
    office.say(&incident("checkout"), &[Say::Main]).await;
    office.say(&incident("cart"), &[Say::Main]).await;
    office.settled().await;
    let calls = office.slack.calls();
    let waited = calls[1].at - calls[0].at;
    assert!(waited >= Duration::from_secs(1), "the whole receiver waits: {waited:?}");
    assert!(waited < Duration::from_secs(2), "and not much longer: {waited:?}");
}

#[tokio::test]
async fn a_channel_is_never_hurried() {
    let settings = Settings { channel_pause: Duration::from_millis(60), ..quick() };
    let office =
        Office::with(Options { pace: Duration::ZERO, ..Options::default() }, settings).await;
    let notes: Vec<Say> = (0..10).map(|n| note(&format!("note {n}"))).collect();
    office.say(&incident("checkout"), &[&[Say::Main], notes.as_slice()].concat()).await;
    office.settled().await;
    let calls = office.slack.calls();
    assert_eq!((office.thread().len(), calls.len()), (10, 11));
    // Ten pauses of 60 ms; the first request alone may have been slow on its way.
    let took = calls[10].at - calls[0].at;
    assert!(took >= Duration::from_millis(400), "{took:?}");
}

#[tokio::test]
async fn a_channel_that_still_finds_it_too_fast_is_obeyed() {
    let pace = Duration::from_millis(100);
    let office = Office::with(Options { pace, burst: 1, ..Options::default() }, quick()).await;
    office.say(&incident("checkout"), &[Say::Main, note("once"), note("twice")]).await;
    office.settled().await;
    assert_eq!((office.mains().len(), office.thread().len()), (1, 2));
    assert_eq!(office.slack.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn edits_coalesce() {
    let office = Office::with(
        Options { pace: Duration::ZERO, ..Options::default() },
        Settings { edit_pause: Duration::from_millis(200), ..quick() },
    )
    .await;
    let mut checkout = incident("checkout");
    for revision in 1..=50 {
        checkout.revision = revision;
        office.say(&checkout, &[Say::Main]).await;
    }
    office.settled().await;
    let main = &office.mains()[0];
    assert!(main.history.len() <= 2, "{} edits for 50 changes", main.history.len());
    let newest = main.blocks.iter().any(|block| block["block_id"].to_string().contains("r50"));
    assert!(newest, "the last one is what stands: {:?}", main.blocks);
}

#[tokio::test]
async fn what_somebody_must_repair_is_parked_reported_and_told_after_the_repair() {
    for (broken, word) in [
        (Options { channels: vec![], ..Options::default() }, "channel_not_found"),
        (Options { token: "xoxb-rotated".into(), ..Options::default() }, "invalid_auth"),
    ] {
        let office = Office::with(Options { pace: Duration::ZERO, ..broken }, quick()).await;
        office.say(&incident("checkout"), &[Say::Main, note("kept")]).await;
        let parked = async || office.ledger.parked().await.is_ok_and(|stuck| !stuck.is_empty());
        eventually("it is parked", parked).await;
        let stuck = office.ledger.parked().await.expect("the list");
        assert_eq!((stuck[0].why.as_str(), stuck[0].receiver.as_str()), (word, "oncall"));
        // The operator invites the bot, or the mounted Secret rotates. Nothing is restarted.
        office.slack.change(|options| options.channels = vec![CHANNEL.into()]);
        office.desk.write("slack-token", "xoxb-rotated");
        office.slack.change(|options| options.token = "xoxb-rotated".into());
        eventually("it is told", async || office.thread().len() == 1).await;
        assert_eq!(office.ledger.parked().await, Ok(vec![]));
    }
}

#[tokio::test]
async fn a_message_that_slack_refuses_for_its_blocks_is_told_as_text() {
    let office = Office::open().await;
    office.slack.order("chat.postMessage", &Order::Error("invalid_blocks".into()), 1);
    office.say(&incident("checkout"), &[Say::Main]).await;
    office.settled().await;
    let main = &office.mains()[0];
    assert!(main.blocks.is_empty() && main.text.contains("checkout"), "{main:?}");
}

#[tokio::test]
async fn a_deleted_message_is_told_anew_and_its_thread_follows() {
    let office = Office::open().await;
    let mut checkout = incident("checkout");
    office.say(&checkout, &[Say::Main]).await;
    office.settled().await;
    office.slack.delete(&office.mains()[0].ts);
    checkout.revision += 1;
    office.say(&checkout, &[note("goes on")]).await;
    office.settled().await;
    assert_eq!((office.mains().len(), office.thread().len()), (1, 1));
    office.slack.delete(&office.mains()[0].ts);
    office.say(&checkout, &[Say::Main]).await;
    office.settled().await;
    assert_eq!(office.mains().len(), 1);
    assert_eq!(office.slack.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_channel_without_edits_is_not_flooded() {
    let office = Office::open().await;
    office.slack.order("chat.update", &Order::Error("cant_update_message".into()), 100);
    let mut checkout = incident("checkout");
    for revision in 1..=10 {
        checkout.revision = revision;
        office.say(&checkout, &[Say::Main]).await;
        office.settled().await;
    }
    assert!(office.mains().len() <= 4, "{} messages", office.mains().len());
}

#[tokio::test]
async fn shutting_down_finishes_the_message_in_hand() {
    let mut office = Office::open().await;
    let stop = CancellationToken::new();
    office.kill();
    office.start_until(&stop).await;
    office.slack.order("chat.postMessage", &Order::DoneSilence, 1);
    office.say(&incident("checkout"), &[Say::Main, note("later")]).await;
    eventually("it is in hand", async || office.posts() == 1).await;
    stop.cancel();
    let outbox = office.outbox.take().expect("the workers");
    outbox.finish(Duration::from_secs(5)).await;
    assert_eq!(office.posts(), 1, "nothing new was begun");
    office.start().await;
    office.settled().await;
    assert_eq!((office.mains().len(), office.thread().len()), (1, 1));
}

/// What a webhook hears.
type Heard = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// A webhook that answers with these statuses in turn, then with 200.
async fn hook(statuses: &[u16]) -> (String, Heard) {
    let heard = Heard::default();
    let kept = Arc::clone(&heard);
    let mut statuses = statuses.to_vec();
    statuses.reverse();
    let statuses = Arc::new(Mutex::new(statuses));
    let app = axum::Router::new().fallback(move |headers: HeaderMap, body: Bytes| {
        kept.lock().expect("a lock").push((headers, body));
        let status = statuses.lock().expect("a lock").pop().unwrap_or(200);
        async move { StatusCode::from_u16(status).expect("a status").into_response() }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, heard)
}

async fn tickets(desk: &Desk, url: String) -> (Ledger, Outbox) {
    let ledger = desk.ledger().await;
    let secret = desk.write("hook-secret", "hush\n");
    let settings = ReceiverSettings {
        name: "tickets".into(),
        webhook: Some(webhook::Settings {
            url: Some(url),
            secret_file: Some(secret),
            ..webhook::Settings::default()
        }),
        ..ReceiverSettings::default()
    };
    let receiver = Receiver::new(&settings, &quick()).expect("a receiver");
    let outbox = start(&ledger, receiver, &quick(), &CancellationToken::new());
    (ledger, outbox)
}

#[tokio::test]
async fn a_webhook_hears_signed_briefs_in_order_with_a_key_to_drop_repeats_by() {
    let (url, heard) = hook(&[503, 503]).await;
    let desk = Desk::new();
    let (ledger, outbox) = tickets(&desk, url).await;
    say(&ledger, &incident("checkout"), &["tickets"], &[Say::Main, note("then this")]).await;
    outbox.nudge();
    eventually("four requests", async || heard.lock().expect("a lock").len() == 4).await;
    let heard = heard.lock().expect("a lock").clone();
    let header = |n: usize, name: &str| heard[n].0[name].to_str().expect("text").to_owned();
    assert_eq!(header(0, "idempotency-key"), header(2, "idempotency-key"), "the same attempt");
    assert_ne!(header(2, "idempotency-key"), header(3, "idempotency-key"));
    for (n, event) in [(2, "main"), (3, "reply")] {
        let body: serde_json::Value = serde_json::from_slice(&heard[n].1).expect("json");
        assert_eq!(
            (&body["schema"], &body["event"]),
            (&"firsthand/brief/v1".into(), &event.into())
        );
        let signed = [header(n, "x-firsthand-timestamp").as_bytes(), b".", &heard[n].1].concat();
        assert_eq!(
            header(n, "x-firsthand-signature"),
            format!("v1={}", hmac_by_hand("hush", &signed))
        );
    }
}

/// The signature as somebody else computes it: HMAC by its definition (RFC 2104), from SHA-256 alone.
fn hmac_by_hand(secret: &str, message: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let mut key = [0u8; 64];
    key[..secret.len()].copy_from_slice(secret.as_bytes());
    let inner = Sha256::digest([key.map(|byte| byte ^ 0x36).as_slice(), message].concat());
    let outer = Sha256::digest([key.map(|byte| byte ^ 0x5c).as_slice(), inner.as_slice()].concat());
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_webhook_that_refuses_a_message_hears_the_next_one() {
    let (url, heard) = hook(&[422]).await;
    let desk = Desk::new();
    let (ledger, outbox) = tickets(&desk, url).await;
    say(&ledger, &incident("checkout"), &["tickets"], &[Say::Main]).await;
    say(&ledger, &incident("cart"), &["tickets"], &[Say::Main]).await;
    outbox.nudge();
    eventually("both were tried", async || heard.lock().expect("a lock").len() == 2).await;
    eventually("one is listed", async || {
        ledger.parked().await.is_ok_and(|stuck| stuck.len() == 1 && stuck[0].why == "http_422")
    })
    .await;
}
