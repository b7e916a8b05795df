//! A receiver that is not Slack: signed JSON in a published form.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use firsthand::ledger::Ledger;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::stage::{PANIC, Stage, crash_looping, crashes, ended, released, until};

type Requests = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// A webhook that keeps every request it is sent.
pub(crate) struct Hook {
    url: String,
    requests: Requests,
    refusals: Arc<Mutex<usize>>,
}

impl Hook {
    pub(crate) const SECRET: &str = "hook-secret-for-the-stage";

    pub(crate) async fn listening() -> Self {
        let (requests, refusals) = (Requests::default(), Arc::new(Mutex::new(0)));
        let keep = async |State((requests, refusals)): State<(Requests, Arc<Mutex<usize>>)>,
                          headers: HeaderMap,
                          body: Bytes| {
            requests.lock().expect("whole").push((headers, body));
            let mut refusals = refusals.lock().expect("whole");
            *refusals = refusals.saturating_sub(1);
            if *refusals > 0 { StatusCode::BAD_GATEWAY } else { StatusCode::OK }
        };
        let state = (requests.clone(), refusals.clone());
        let router = Router::new().route("/hook", post(keep)).with_state(state);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, requests, refusals }
    }

    /// Becomes a receiver of everything, beside the channel.
    pub(crate) fn join(&self, stage: &mut Stage) {
        std::fs::write(stage.path("hook-secret"), Self::SECRET).expect("a secret");
        let receivers = stage.settings["receivers"].as_array_mut().expect("a list");
        let webhook = json!({ "url": self.url, "secret_file": "./hook-secret" });
        receivers.push(json!({ "name": "tickets", "webhook": webhook }));
        stage.settings["route"] = json!({
            "receiver": "oncall",
            "routes": [
                { "matchers": ["namespace=\"shop\""], "receiver": "tickets", "continue": true },
                { "matchers": ["namespace=\"shop\""], "receiver": "oncall" },
            ],
        });
    }

    pub(crate) fn bodies(&self) -> Vec<Value> {
        let read = |(_, body): &(HeaderMap, Bytes)| serde_json::from_slice(body).expect("JSON");
        self.requests.lock().expect("whole").iter().map(read).collect()
    }
}

/// What stakeholders hear, and what somebody types meanwhile: plain words, the next time, and the end.
#[tokio::test]
async fn stakeholders_hear_plain_words_and_what_somebody_writes_to_them() {
    let mut stage = Stage::of(released(&["checkout"], 2, &crashes(PANIC))).await;
    let hook = Hook::listening().await;
    hook.join(&mut stage);
    stage.settings["receivers"][1]["audience"] = json!("stakeholders");
    stage.settings["incident"]["severity"] = json!({ "levels": { "SEV2": { "update": "30m" } } });
    stage.run().await;
    let alert = crash_looping(&stage.pods("checkout")[0]);
    stage.send(std::slice::from_ref(&alert)).await;
    stage.message("the cause", |told| told.says("nil map")).await;
    let (config, by) = (stage.settings_file(), "Dana");
    let mut typed = std::process::Command::new(env!("CARGO_BIN_EXE_firsthand"));
    typed.args([
        "update",
        "checkout",
        "We go back; password=hunter2hunter2",
        "--by",
        by,
        "--config",
    ]);
    let typed = tokio::task::spawn_blocking(move || typed.arg(config).output());
    let typed = typed.await.expect("whole").expect("it runs");
    assert!(typed.status.success(), "{}", String::from_utf8_lossy(&typed.stderr));
    let theirs = |body: &Value| body["text"].as_str().is_some_and(|it| it.contains("Dana writes"));
    until("somebody's words", async || hook.bodies().iter().any(theirs).then_some(())).await;
    stage.message("their words", |told| told.thread.iter().any(|it| it.0.contains("Dana"))).await;
    stage.world.roll_back("checkout");
    stage.pass(30);
    stage.send(&[ended(&alert)]).await;
    let over = |body: &Value| body["text"].as_str().is_some_and(|it| it.contains("It is over."));
    until("the end", async || hook.bodies().iter().any(over).then_some(())).await;
    let bodies = hook.bodies();
    assert_eq!(bodies[0]["schema"], "firsthand/update/v1");
    assert!(
        bodies[0]["text"].as_str().is_some_and(|it| it.contains("Next update by")),
        "{bodies:#?}"
    );
    for body in &bodies {
        let text = body.to_string();
        for never in ["nil map", "kubectl", "pod", "hunter2"] {
            assert!(!text.contains(never), "stakeholders read {never}: {text}");
        }
    }
    stage.stop().await;
    let ledger = Ledger::open_to_read(&stage.path("firsthand.db")).await.expect("a ledger");
    let id = ledger.recent(1).await.expect("incidents")[0].id.clone();
    let entries = ledger.timeline(&id).await.expect("a timeline");
    for wanted in
        ["told stakeholders that it began", "update by Dana", "told stakeholders what changed"]
    {
        assert!(entries.iter().any(|it| it.text.contains(wanted)), "{wanted}: {entries:#?}");
    }
}

#[tokio::test]
async fn a_webhook_gets_signed_json_in_the_published_form() {
    let schema = include_str!("../../docs/schema/brief-v1.json");
    let schema: Value = serde_json::from_str(schema).expect("JSON");
    let form = jsonschema::validator_for(&schema).expect("a schema");
    let mut stage = Stage::of(released(&["checkout"], 2, &crashes(PANIC))).await;
    let hook = Hook::listening().await;
    hook.join(&mut stage);
    *hook.refusals.lock().expect("whole") = 3;
    stage.run().await;
    let alert = crash_looping(&stage.pods("checkout")[0]);
    stage.send(std::slice::from_ref(&alert)).await;
    stage.message("the cause", |told| told.says("nil map")).await;
    stage.world.roll_back("checkout");
    stage.pass(30);
    stage.send(&[ended(&alert)]).await;
    until("it hears the end", async || {
        hook.bodies().iter().any(|body| body["incident"]["state"] == "resolved").then_some(())
    })
    .await;

    let requests = hook.requests.lock().expect("whole").clone();
    let head = |headers: &HeaderMap, name: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    for (headers, body) in &requests {
        let brief: Value = serde_json::from_slice(body).expect("JSON");
        let wrong: Vec<String> = form.iter_errors(&brief).map(|error| error.to_string()).collect();
        assert_eq!(wrong, Vec::<String>::new(), "{brief:#}");
        let mut mac = Hmac::<Sha256>::new_from_slice(Hook::SECRET.as_bytes()).expect("any key");
        mac.update(head(headers, "x-firsthand-timestamp").as_bytes());
        mac.update(b".");
        mac.update(body);
        let sum: String = mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(head(headers, "x-firsthand-signature"), format!("v1={sum}"));
    }
    let keys: Vec<String> =
        requests.iter().map(|(headers, _)| head(headers, "idempotency-key")).collect();
    assert!(keys.iter().all(|key| !key.is_empty()));
    let message = |key: &String| key.split('@').next().map(str::to_owned);
    assert_eq!(
        message(&keys[0]),
        message(&keys[1]),
        "what was refused is sent again under its key"
    );
    let incidents: std::collections::BTreeSet<String> =
        hook.bodies().iter().map(|body| body["incident"]["id"].to_string()).collect();
    assert_eq!(incidents.len(), 1);
    stage.nothing_improper();
}
