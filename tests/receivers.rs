//! The receivers beside Slack's bot: their bodies by the services' published formats, and that each is told
//! whatever its service answers.
//!
//! `UPDATE=1 cargo test --test receivers` rewrites the expected bodies; read the difference.

#[path = "messages/incidents.rs"]
#[expect(dead_code, reason = "shared with the tests of messages")]
mod incidents;
#[expect(dead_code, reason = "shared with the tests of the ledger")]
mod story;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use firsthand::brief::Context;
use firsthand::delivery::{
    Outbox, Receiver, ReceiverSettings, Settings, log, pagerduty, slack_webhook, teams, webhook,
};
use firsthand::incident::{Incident, Reply, Say, Severity, State};
use firsthand::ledger::Ledger;
use firsthand::telemetry::Telemetry;
use serde_json::Value;
use story::{Desk, at, note, say};
use tokio_util::sync::CancellationToken;

/// The kinds that are told over HTTP, with the status and body of their services' success.
const KINDS: [(&str, u16, &str); 4] = [
    ("slack-webhook", 200, "ok"),
    ("pagerduty", 202, "{}"),
    ("teams", 202, ""),
    ("webhook", 200, ""),
];

/// What a service does with one request.
#[derive(Clone, Copy, Debug)]
enum Does {
    Answers(u16, &'static str),
    /// Takes it and never answers.
    IsSilent,
}

/// A service on loopback: does these things in turn, then what its success is.
struct Service {
    url: String,
    heard: Arc<Mutex<Vec<Value>>>,
}

impl Service {
    async fn start(first: &[Does], then: Does) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let plan = Arc::new(Mutex::new(first.iter().rev().copied().collect::<Vec<_>>()));
        let kept = Arc::clone(&heard);
        let app = axum::Router::new().fallback(move |body: Bytes| {
            kept.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
            let does = plan.lock().unwrap().pop().unwrap_or(then);
            async move { answer(does).await }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/secret-path", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, heard }
    }

    fn heard(&self) -> Vec<Value> {
        self.heard.lock().unwrap().clone()
    }
}

async fn answer(does: Does) -> Response {
    match does {
        Does::Answers(status, body) => {
            (StatusCode::from_u16(status).unwrap(), [("retry-after", "0")], body).into_response()
        }
        Does::IsSilent => std::future::pending().await,
    }
}

/// A desk with one receiver of that kind and what it is owed.
struct Office {
    desk: Desk,
    ledger: Ledger,
    kind: &'static str,
    url: String,
}

impl Office {
    async fn of(kind: &'static str, service: &Service) -> Self {
        let desk = Desk::new();
        desk.write("url", &format!("{}\n", service.url));
        desk.write("key", "0123456789abcdef0123456789abcdef\n");
        let ledger = desk.ledger().await;
        Self { desk, ledger, kind, url: service.url.clone() }
    }

    fn receiver(&self) -> Receiver {
        let (url, key) = (Some(self.desk.path("url")), Some(self.desk.path("key")));
        let mut settings = ReceiverSettings { name: "them".into(), ..ReceiverSettings::default() };
        match self.kind {
            "slack-webhook" => {
                settings.slack_webhook =
                    Some(slack_webhook::Settings { url_file: url, url_env: None });
            }
            "teams" => settings.teams = Some(teams::Settings { url_file: url, url_env: None }),
            "pagerduty" => {
                settings.pagerduty = Some(pagerduty::Settings {
                    routing_key_file: key,
                    routing_key_env: None,
                    severities: [(Severity::Sev3, pagerduty::Called::Info)].into(),
                    url: self.url.clone(),
                });
            }
            "webhook" => {
                settings.webhook =
                    Some(webhook::Settings { url_file: url, ..webhook::Settings::default() });
            }
            _ => settings.log = Some(log::Settings {}),
        }
        Receiver::new(&settings, &quick()).expect("a receiver")
    }

    fn work(&self) -> Outbox {
        let mut context = Context::at(at("2026-11-21T02:14:00Z"));
        context.cluster = "prod-eu".into();
        let telemetry = Telemetry::new(["them"]);
        let stop = CancellationToken::new();
        Outbox::start(&self.ledger, vec![self.receiver()], &quick(), &context, &telemetry, &stop)
    }

    async fn settled(&self) {
        for _ in 0..2_000 {
            if self.ledger.info().await.is_ok_and(|info| info.deliveries_due == 0) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{}: something is still owed", self.kind);
    }
}

fn quick() -> Settings {
    let ms = Duration::from_millis;
    Settings {
        channel_pause: ms(1),
        edit_pause: ms(2),
        search_pause: ms(2),
        timeout: ms(200),
        retry_max: ms(20),
        parked_retry: ms(20),
    }
}

/// Open from here on, however the golden incident ends.
fn open() -> Incident {
    incidents::crash_looping()
}

fn loud(reply: Reply) -> Say {
    Say::Reply { reply, broadcast: true }
}

fn worse() -> Reply {
    Reply::Severity {
        at: at("2026-11-21T02:19:00Z"),
        from: Severity::Sev2,
        to: Severity::Sev1,
        reason: "Service frontend now fails too".into(),
    }
}

fn over() -> Reply {
    Reply::Resolved {
        at: at("2026-11-21T02:42:00Z"),
        since: at("2026-11-21T02:11:00Z"),
        how: "recovered".into(),
        because: "healthy 15 min, no restart since 02:26".into(),
    }
}

#[tokio::test]
async fn whatever_the_service_answers_it_is_told() {
    for (kind, status, body) in KINDS {
        let fine = Does::Answers(status, body);
        let trouble = [Does::Answers(429, "slow down"), Does::Answers(500, "oops"), Does::IsSilent];
        let service = Service::start(&trouble, fine).await;
        let office = Office::of(kind, &service).await;
        say(&office.ledger, &open(), &["them"], &[Say::Main]).await;
        let outbox = office.work();
        outbox.nudge();
        office.settled().await;
        assert_eq!(service.heard().len(), 4, "{kind}: three times for nothing, then told");
    }
}

#[tokio::test]
async fn a_kill_between_commit_and_send_loses_nothing() {
    for (kind, status, body) in KINDS {
        let service = Service::start(&[Does::IsSilent], Does::Answers(status, body)).await;
        let office = Office::of(kind, &service).await;
        say(&office.ledger, &open(), &["them"], &[Say::Main]).await;
        let killed = office.work();
        while service.heard().is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        drop(killed);
        office.ledger.recover(jiff::Timestamp::now()).await.unwrap();
        let _again = office.work();
        office.settled().await;
        assert_eq!(service.heard().len(), 2, "{kind}");
    }
}

#[tokio::test]
async fn what_must_be_repaired_is_parked_and_told_after_the_repair() {
    let answers: [(&str, u16, &'static str, &str); 4] = [
        ("slack-webhook", 200, "<html>log in</html>", "not_slacks_answer"),
        ("slack-webhook", 404, "no_service", "no_service"),
        ("pagerduty", 400, r#"{"errors":["'routing_key' is invalid"]}"#, "invalid_routing_key"),
        ("teams", 404, "", "http_404"),
    ];
    for (kind, status, body, why) in answers {
        let (_, good, words) = KINDS.into_iter().find(|(name, ..)| *name == kind).unwrap();
        let service =
            Service::start(&[Does::Answers(status, body); 2], Does::Answers(good, words)).await;
        let office = Office::of(kind, &service).await;
        say(&office.ledger, &open(), &["them"], &[Say::Main]).await;
        let _outbox = office.work();
        let mut seen = false;
        while service.heard().len() < 3 {
            seen |= office.ledger.parked().await.unwrap().iter().any(|stuck| stuck.why == why);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        assert!(seen, "{kind}: {why} was to be seen");
    }
}

#[tokio::test]
async fn those_who_cannot_edit_hear_only_what_they_must() {
    for (kind, status, body) in KINDS.into_iter().filter(|(kind, ..)| *kind != "webhook") {
        let service = Service::start(&[], Does::Answers(status, body)).await;
        let office = Office::of(kind, &service).await;
        let outbox = office.work();
        let mut incident = open();
        for what in [
            vec![Say::Main, note("quiet")],
            vec![Say::Main],
            vec![Say::Main, loud(worse())],
            vec![Say::Main, note("still quiet")],
        ] {
            incident.revision += 1;
            say(&office.ledger, &incident, &["them"], &what).await;
            outbox.nudge();
            office.settled().await;
        }
        assert_eq!(service.heard().len(), 2, "{kind}: the incident, and that it is worse");
        let mut resolved = incidents::resolved();
        resolved.id = incident.id.clone();
        resolved.state = State::Resolved;
        say(&office.ledger, &resolved, &["them"], &[Say::Main, loud(over())]).await;
        outbox.nudge();
        office.settled().await;
        assert!(service.heard().len() >= 3, "{kind}: and that it is over");
        golden(kind, &service.heard());
    }
}

/// The bodies as they are expected, each by the service's published format.
fn golden(kind: &str, heard: &[Value]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/messages/receivers");
    let schema = std::fs::read_to_string(folder.join(format!("{kind}.schema.json"))).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for body in heard {
        let faults: Vec<_> = validator.iter_errors(body).map(|it| format!("{it}")).collect();
        assert!(faults.is_empty(), "{kind}: {faults:#?}\n{body:#}");
    }
    let text = format!("{:#}\n", Value::from(heard.to_vec()));
    let file = folder.join(format!("{kind}.json"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(there == text, "{} differs: UPDATE=1 cargo test --test receivers", file.display());
}

#[tokio::test]
async fn one_incident_is_one_page_that_is_resolved() {
    let service = Service::start(&[], Does::Answers(202, "{}")).await;
    let office = Office::of("pagerduty", &service).await;
    let outbox = office.work();
    say(&office.ledger, &open(), &["them"], &[Say::Main]).await;
    outbox.nudge();
    office.settled().await;
    let mut resolved = incidents::resolved();
    resolved.id = open().id;
    say(&office.ledger, &resolved, &["them"], &[Say::Main, loud(over())]).await;
    // Over before anybody was paged: nobody is woken for it.
    let mut late = incidents::resolved();
    late.id = "FH-late".into();
    say(&office.ledger, &late, &["them"], &[Say::Main]).await;
    outbox.nudge();
    office.settled().await;
    let told: Vec<_> = service
        .heard()
        .iter()
        .map(|event| {
            (event["event_action"].as_str().unwrap().to_owned(), event["dedup_key"].clone())
        })
        .collect();
    assert_eq!(told[0].0, "trigger");
    assert!(told[1..].iter().all(|(action, key)| action == "resolve" && *key == told[0].1));
}

#[tokio::test]
async fn the_log_hears_without_a_service() {
    let service = Service::start(&[], Does::Answers(200, "")).await;
    let office = Office::of("log", &service).await;
    say(&office.ledger, &open(), &["them"], &[Say::Main, note("quiet")]).await;
    let _outbox = office.work();
    office.settled().await;
    assert_eq!(service.heard().len(), 0);
}
