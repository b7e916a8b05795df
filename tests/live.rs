//! `check --live` over stand-ins: well, and broken in the ways in which set-ups are broken.

use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use clap::Parser as _;
use firsthand::cli::{self, Cli};
use serde_json::{Value, json};

/// What is broken.
#[derive(Clone, Copy, Debug, Default)]
struct World {
    no_kube_state_metrics: bool,
    prometheus_is_something_else: bool,
    alertmanager_keeps_ends_to_itself: bool,
    alertmanager_tells_others: bool,
    alertmanager_wants_a_password: bool,
    may_not: Option<&'static str>,
    slack_refuses: Option<&'static str>,
    no_history_scope: bool,
}

/// Everything that the settings name, on one address.
async fn answer(world: World, request: Request, asked: Arc<Mutex<Vec<String>>>) -> Response {
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let sent = request.headers().get("authorization").and_then(|it| it.to_str().ok());
    let authorized = sent == Some("Bearer am-token");
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    asked.lock().unwrap().push(path.clone());
    match path.as_str() {
        "/prom/api/v1/status/buildinfo" => {
            json_of(json!({ "status": "success", "data": { "version": "3.5.0" } }))
        }
        "/prom/api/v1/query" if world.prometheus_is_something_else => {
            "<html>welcome</html>".into_response()
        }
        "/prom/api/v1/query" => json_of(prometheus(world, &format!("{query}{body}"))),
        "/am/api/v2/status" if world.alertmanager_wants_a_password && !authorized => {
            StatusCode::UNAUTHORIZED.into_response()
        }
        "/am/api/v2/status" if world.alertmanager_tells_others => json_of(json!({
            "versionInfo": { "version": "0.31.1" },
            "config": { "original":
                "route: { receiver: mail }\nreceivers: [ { name: mail, email_configs: [ { to: a } ] } ]"
            },
        })),
        "/am/api/v2/status" => json_of(json!({
            "versionInfo": { "version": "0.31.1" },
            "config": { "original": format!(
                "route: {{ receiver: firsthand }}\nreceivers: [ {{ name: firsthand, webhook_configs: [ {{ url: <secret>, send_resolved: {} }} ] }} ]",
                !world.alertmanager_keeps_ends_to_itself
            ) },
        })),
        "/version" => json_of(json!({
            "major": "1", "minor": "33", "gitVersion": "v1.33.1", "gitCommit": "", "gitTreeState": "",
            "buildDate": "", "goVersion": "", "compiler": "", "platform": "",
        })),
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" => {
            let asked: Value = serde_json::from_str(&body).unwrap();
            let attributes = &asked["spec"]["resourceAttributes"];
            let resource = attributes["resource"].as_str().unwrap();
            let allowed = resource != "secrets" && Some(resource) != world.may_not;
            json_of(json!({ "status": { "allowed": allowed } }))
        }
        "/slack/auth.test" => slack(world, json!({ "user": "firsthand", "team": "Shop" }), false),
        "/slack/conversations.history" => slack(world, json!({ "messages": [] }), true),
        "/slack/chat.postMessage" | "/slack/chat.update" => slack(
            World { no_history_scope: false, ..world },
            json!({ "channel": "C0ALERTS01", "ts": "1.1" }),
            true,
        ),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn prometheus(world: World, query: &str) -> Value {
    let empty = world.no_kube_state_metrics && query.contains("kube_pod");
    let pod = json!({ "job": "kube-state-metrics", "namespace": "shop", "pod": "web-1", "uid": "u1", "container": "web" });
    let labels = if query.contains("count") || query.contains("vector") { json!({}) } else { pod };
    let result = if empty {
        json!([])
    } else {
        json!([{ "metric": labels, "value": [1_700_000_000, "42"] }])
    };
    json!({ "status": "success", "data": { "resultType": "vector", "result": result } })
}

fn slack(world: World, fields: Value, in_channel: bool) -> Response {
    let scopes = if world.no_history_scope { "chat:write" } else { "chat:write,channels:history" };
    let error = match world.slack_refuses {
        Some("not_in_channel") if !in_channel => None,
        None if in_channel && world.no_history_scope => Some("missing_scope"),
        refuses => refuses,
    };
    let mut body = fields;
    body["ok"] = error.is_none().into();
    body["error"] = json!(error);
    ([("x-oauth-scopes", scopes)], axum::Json(body)).into_response()
}

fn json_of(value: Value) -> Response {
    axum::Json(value).into_response()
}

/// Settings for that world, the answer of `check` with these arguments, and its exit code.
async fn check(world: World, arguments: &[&str]) -> (String, bool) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let app = Router::new().fallback(move |request| answer(world, request, Arc::clone(&seen)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let folder = tempfile::tempdir().unwrap();
    let file = settings(folder.path(), &format!("http://{address}"));
    run(&file, arguments).await
}

fn settings(folder: &Path, url: &str) -> std::path::PathBuf {
    std::fs::write(folder.join("token"), "xoxb-1-2-not-a-real-token").unwrap();
    let file = folder.join("firsthand.yaml");
    let text = format!(
        "cluster: {{ api_url: \"{url}\" }}\nprometheus: {{ url: \"{url}/prom\" }}\nalertmanager: {{ url: \"{url}/am\" }}\n\
         delivery: {{ timeout: 500ms, parked_retry: 50ms, channel_pause: 10ms, edit_pause: 10ms }}\n\
         receivers:\n  - name: oncall\n    watch: true\n    slack: {{ channel: C0ALERTS01, token_file: token, api_url: \"{url}/slack\" }}\n"
    );
    std::fs::write(&file, text).unwrap();
    file
}

async fn run(file: &Path, arguments: &[&str]) -> (String, bool) {
    let line = ["firsthand", "check", "--config", file.to_str().unwrap()];
    let cli = Cli::try_parse_from(line.iter().chain(arguments)).unwrap();
    let mut out = Vec::new();
    let outcome = cli::run(cli.command, &mut out).await.unwrap();
    (String::from_utf8(out).unwrap(), outcome == cli::Outcome::Fine)
}

/// The one line that says this, with its verdict.
#[track_caller]
fn said(text: &str, verdict: &str, words: &str) {
    let found = text.lines().any(|line| line.starts_with(verdict) && line.contains(words));
    assert!(found, "no {verdict} line says {words:?}:\n{text}");
}

#[tokio::test]
async fn a_set_up_that_is_well_is_good_in_every_line() {
    let (text, fine) = check(World::default(), &["--live"]).await;
    assert!(fine, "{text}");
    let lines = text.lines().filter(|line| !line.contains(": fine: "));
    assert!(lines.clone().all(|line| line.starts_with("good")), "{text}");
    assert!(lines.count() >= 12, "{text}");
    said(&text, "good", "version 3.5.0");
    said(&text, "good", "its receiver firsthand has a webhook and says when alerts end");
    said(&text, "good", "may read all that it needs");
    said(&text, "good", "channel C0ALERTS01: joined");
    said(&text, "good", "is writable");
}

#[tokio::test]
async fn each_broken_way_is_named_with_what_to_do() {
    let well = World::default();
    let broken = [
        (World { no_kube_state_metrics: true, ..well }, "bad", "the poll brings nothing"),
        (World { alertmanager_tells_others: true, ..well }, "bad", "none points here"),
        (World { alertmanager_wants_a_password: true, ..well }, "bad", "HTTP 401"),
        (World { slack_refuses: Some("token_revoked"), ..well }, "bad", "auth.test: token_revoked"),
        (World { prometheus_is_something_else: true, ..well }, "bad", "the answer is not JSON"),
        (
            World { alertmanager_keeps_ends_to_itself: true, ..well },
            "bad",
            "does not say when an alert ends",
        ),
        (
            World { may_not: Some("pods"), ..well },
            "bad",
            "may not list pods: nothing can be diagnosed",
        ),
        (World { may_not: Some("events"), ..well }, "weak", "may not list events"),
        (World { slack_refuses: Some("invalid_auth"), ..well }, "bad", "auth.test: invalid_auth"),
        (World { slack_refuses: Some("not_in_channel"), ..well }, "bad", "the bot is not in it"),
        (World { no_history_scope: true, ..well }, "weak", "no history scope"),
    ];
    for (world, verdict, words) in broken {
        let (text, fine) = check(world, &["--live"]).await;
        said(&text, verdict, words);
        assert_eq!(fine, verdict == "weak", "{world:?}\n{text}");
        let line = text.lines().find(|line| line.contains(words)).unwrap();
        assert!(line.contains("; "), "what to do is missing: {line}");
    }
}

#[tokio::test]
async fn what_cannot_be_reached_is_bad_and_the_rest_is_still_told() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let folder = tempfile::tempdir().unwrap();
    let file = settings(folder.path(), &nobody);
    let (text, fine) = run(&file, &["--live"]).await;
    assert!(!fine, "{text}");
    for part in ["prometheus", "alertmanager", "kubernetes", "slack oncall"] {
        said(&text, "bad", part);
    }
    said(&text, "good", "is writable");
    let (text, _) = run(&file, &["--live", "-o", "json"]).await;
    let data: Value = serde_json::from_str(&text).unwrap();
    assert!(
        data["live"]
            .as_array()
            .unwrap()
            .iter()
            .any(|line| line["verdict"] == "bad" && line["do"].is_string())
    );
}

#[tokio::test]
async fn alertmanager_is_asked_with_the_credentials_of_the_settings() {
    let world = World { alertmanager_wants_a_password: true, ..World::default() };
    let asked = Arc::new(Mutex::new(Vec::new()));
    let app = Router::new().fallback(move |request| answer(world, request, Arc::clone(&asked)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let folder = tempfile::tempdir().unwrap();
    let file = settings(folder.path(), &format!("http://{address}"));
    std::fs::write(folder.path().join("am-token"), "am-token").unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("/am\"", "/am\", bearer_token_file: am-token")).unwrap();
    let (text, fine) = run(&file, &["--live"]).await;
    assert!(fine, "{text}");
    said(&text, "good", "its receiver firsthand has a webhook");
}

#[tokio::test]
async fn a_store_that_cannot_be_written_and_a_receiver_that_nobody_watches_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = settings(folder.path(), "http://127.0.0.1:9");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text.replace("    watch: true\n", "");
    std::fs::write(&file, &text).unwrap();
    let (told, _) = run(&file, &["--live"]).await;
    said(&told, "weak", "nobody is told when Prometheus");
    // Nobody writes there, not even root.
    std::fs::write(&file, format!("store: {{ path: /proc/firsthand.db }}\n{text}")).unwrap();
    let (told, fine) = run(&file, &["--live"]).await;
    assert!(!fine && told.contains("store.path: the folder /proc is not writable"), "{told}");
    assert!(told.contains("name another file"), "{told}");
}

#[tokio::test]
async fn a_test_message_goes_by_the_real_way() {
    let (text, fine) = check(World::default(), &["--send-test"]).await;
    assert!(fine, "{text}");
    said(&text, "good", "the test message was taken");
    let refused = World { slack_refuses: Some("not_in_channel"), ..World::default() };
    let (text, fine) = check(refused, &["--send-test", "oncall"]).await;
    assert!(!fine);
    said(&text, "bad", "refused: not_in_channel");
}
