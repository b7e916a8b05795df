//! Text that somebody else wrote: secrets stay here, and nothing in it acts.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::http::{StatusCode, Uri};
use serde_json::{Value, json};

use crate::process::Process;
use crate::receivers::Hook;
use crate::stage::{CHANNEL, PANIC, Stage, crash_looping, crashes, post, release, released, until};

/// What must never be seen again, each where such things are found.
const PLANTED: [&str; 20] = [
    "hunter2-in-a-pair",
    "s3cr3t-in-a-url",
    "c2VjcmV0LWJhc2ljLWF1dGg6eHl6enk",
    "AKIAQ7PLANTED4EXMPL",
    "MIIEpAIBAAKCAQEAplantedplantedplanted",
    "ghp_plantedPlantedPlantedPlantedPlante12",
    "hunter3-in-an-annotation",
    "hunter4-in-an-event",
    "hunter5-in-the-env",
    "hunter6-in-a-pods-annotation",
    "hunter7-in-an-argument",
    "hunter8-in-a-last-word",
    "hunter9-in-an-alerts-label",
    "hunter10-of-a-node",
    "hunter11-in-a-probe",
    "hunter12-while-it-waits",
    "hunter13-in-a-config-map",
    "cGFzc3dvcmQ9aHVudGVyMTQtaW4tYmFzZTY0",
    "hunter15-in-json",
    "hunter16-on-the-next-line",
];

fn talkative() -> String {
    format!(
        "connecting with password={} to the database\n\
         GET https://ops:{}@db.example/orders\n\
         Authorization: Basic {}\n\
         aws_access_key_id={}\n\
         -----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----\n\
         cloning with {}\n\
         settings were {}\n\
         {{\"level\":\"info\",\"msg\":\"{{\\\"db\\\":{{\\\"password\\\":\\\"{}\\\"}}}}\"}}\n\
         password: |\n  {}\n\
         panic: cannot connect to postgres://ops:{}@db.example/orders: password={} refused\n\n\
         goroutine 1 [running]:\nmain.main()\n\t/src/main.go:7 +0x1d\n",
        PLANTED[0],
        PLANTED[1],
        PLANTED[2],
        PLANTED[3],
        PLANTED[4],
        PLANTED[5],
        PLANTED[17],
        PLANTED[18],
        PLANTED[19],
        PLANTED[1],
        PLANTED[0],
    )
}

/// Plants in the pod, in its events, in its node and in a ConfigMap.
fn plant(stage: &Stage, pod: &str) {
    stage.kubernetes.change(|served| {
        let of = ("pods".to_owned(), "shop".to_owned(), pod.to_owned());
        let object = served.objects.get_mut(&of).expect("the pod");
        let uid = object["metadata"]["uid"].clone();
        object["metadata"]["annotations"] = json!({
            "vault.example.com/token": PLANTED[9],
            "example.com/settings": format!("user=ops password={}", PLANTED[9]),
        });
        let node = object["spec"]["nodeName"].as_str().unwrap_or("node-1").to_owned();
        object["spec"]["nodeName"] = json!(node);
        let container = &mut object["spec"]["containers"][0];
        container["args"] = json!(["--level", "info", "--db-password", PLANTED[10]]);
        container["livenessProbe"] = json!({
            "httpGet": { "path": "/health", "port": 8080, "httpHeaders": [
                { "name": "Authorization", "value": format!("Bearer {}", PLANTED[14]) },
            ] },
        });
        let status = &mut object["status"]["containerStatuses"][0];
        let last = format!("fatal: cannot log in with password \"{}\"", PLANTED[11]);
        status["lastState"]["terminated"]["message"] = json!(last);
        if status["state"]["waiting"].is_object() {
            let told = format!("back-off: https://ops:{}@registry.example/v2/", PLANTED[15]);
            status["state"]["waiting"]["message"] = json!(told);
        }
        let told = format!("probe https://ops:{}@checkout.example/health refused", PLANTED[7]);
        served.put("events", json!({
            "apiVersion": "v1", "kind": "Event", "metadata": { "name": "told.1", "namespace": "shop" },
            "involvedObject": { "kind": "Pod", "name": pod, "namespace": "shop", "uid": uid },
            "reason": "Unhealthy", "message": told, "type": "Warning", "count": 3,
            "firstTimestamp": jiff::Timestamp::now(), "lastTimestamp": jiff::Timestamp::now(),
        }));
        let told = format!("cannot register: api_key={} refused", PLANTED[13]);
        served.put("nodes", json!({
            "apiVersion": "v1", "kind": "Node", "metadata": { "name": node },
            "status": { "conditions": [
                { "type": "Ready", "status": "True", "reason": "KubeletReady", "message": told },
            ] },
        }));
        served.put("configmaps", json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "app", "namespace": "shop" },
            "data": { "app.properties": format!("greeting={}", PLANTED[16]) },
        }));
    });
}

/// Everybody who can be told, at one address: what each was sent, by its path.
struct Everybody {
    heard: Arc<Mutex<Vec<(String, Bytes)>>>,
}

impl Everybody {
    async fn told_by(stage: &mut Stage) -> Self {
        let heard: Arc<Mutex<Vec<(String, Bytes)>>> = Arc::default();
        let kept = Arc::clone(&heard);
        let app = axum::Router::new().fallback(move |uri: Uri, body: Bytes| {
            kept.lock().expect("whole").push((uri.path().to_owned(), body));
            let answer = match uri.path() {
                "/pagerduty" => (StatusCode::ACCEPTED, "{}"),
                "/teams" => (StatusCode::ACCEPTED, ""),
                _ => (StatusCode::OK, "ok"),
            };
            async move { answer }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let at = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, app).await });
        let file = |name: &str, text: &str| {
            std::fs::write(stage.path(name), text).expect("a file");
            format!("./{name}")
        };
        let others = json!([
            { "name": "tickets", "webhook": {
                "url": format!("http://{at}/webhook"), "secret_file": file("hook-secret", Hook::SECRET) } },
            { "name": "pager", "pagerduty": {
                "url": format!("http://{at}/pagerduty"), "routing_key_file": file("key", Self::KEY) } },
            { "name": "managers", "teams": { "url_file": file("teams", &format!("http://{at}/teams")) } },
            { "name": "simple", "slack_webhook": {
                "url_file": file("simple", &format!("http://{at}/slack-webhook")) } },
            { "name": "mine", "log": {} },
        ]);
        let receivers = stage.settings["receivers"].as_array_mut().expect("a list");
        receivers.extend(others.as_array().expect("a list").iter().cloned());
        let routes: Vec<Value> = ["tickets", "pager", "managers", "simple", "mine", "oncall"]
            .iter()
            .map(|name| {
                json!({ "matchers": ["namespace=\"shop\""], "receiver": name, "continue": true })
            })
            .collect();
        stage.settings["route"] = json!({ "receiver": "oncall", "routes": routes });
        Self { heard }
    }

    const KEY: &str = "0123456789abcdef-key-of-the-pager";

    /// Where it was heard and what, without the credentials that a body must carry.
    fn bodies(&self) -> Vec<(String, Vec<u8>)> {
        let heard = self.heard.lock().expect("whole").clone();
        let without_key =
            |body: &Bytes| String::from_utf8_lossy(body).replace(Self::KEY, "").into_bytes();
        heard.iter().map(|(path, body)| (path.clone(), without_key(body))).collect()
    }

    fn has_told(&self, path: &str) -> bool {
        self.heard.lock().expect("whole").iter().any(|(at, _)| at == path)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planted_secrets_are_nowhere_to_be_found() {
    let mut stage = Stage::of(crate::stage::running(&["checkout"], 1)).await;
    let mut bad = release("1.4.2", crashes(&talkative()));
    bad.env = vec![("DB_PASSWORD".into(), PLANTED[8].into()), ("LEVEL".into(), "info".into())];
    stage.world.roll_out("checkout", bad);
    stage.pass(90);
    let pod = stage.pods("checkout")[0].clone();
    plant(&stage, &pod);
    let everybody = Everybody::told_by(&mut stage).await;

    let mut alert = crash_looping(&pod);
    alert["labels"]["dsn"] = json!(format!("postgres://ops:{}@db.example/orders", PLANTED[12]));
    alert["annotations"] = json!({
        "summary": "checkout crashes",
        "description": format!("log in with password: {}", PLANTED[6]),
        "runbook_url": format!("https://ops:{}@wiki.example/checkout", PLANTED[1]),
    });
    alert["generatorURL"] = json!(format!("http://ops:{}@prometheus.example/graph", PLANTED[1]));
    let daemon = Process::run(&mut stage, "trace").await;
    assert_eq!(post(&daemon.url, &[alert]).await.0, 200);
    let told =
        stage.message("the cause", |told| told.says("panic") && !told.thread.is_empty()).await;
    assert!(told.says("cannot connect to postgres"), "the rest of the line is told: {told:#?}");
    assert!(told.says("redacted"), "how much was taken out is told: {told:#?}");
    let all = ["/webhook", "/pagerduty", "/teams", "/slack-webhook"];
    until("everybody is told", async || all.iter().all(|at| everybody.has_told(at)).then_some(()))
        .await;
    let metrics = reqwest::get(format!("{}/metrics", daemon.url)).await.expect("an answer");
    let metrics = metrics.text().await.expect("text");
    let bodies: Vec<Value> = stage.slack.calls().into_iter().map(|call| call.body).collect();
    let mut places = everybody.bodies();
    places.push(("Slack".to_owned(), json!(bodies).to_string().into_bytes()));
    places.push(("/metrics".to_owned(), metrics.into_bytes()));
    drop(daemon);
    for file in ["firsthand.db", "firsthand.db-wal", "log"] {
        places.push((file.to_owned(), std::fs::read(stage.path(file)).expect("a file")));
    }
    places.extend(asked(&stage));
    let log = places.iter().find(|(place, _)| place == "log").expect("a log");
    assert!(String::from_utf8_lossy(&log.1).contains("told"), "the log was a receiver");
    for (place, bytes) in &places {
        assert!(bytes.len() > 150, "there is something to search in {place}");
        for planted in
            PLANTED.iter().copied().chain([crate::stage::TOKEN, Hook::SECRET, Everybody::KEY])
        {
            let found = bytes.windows(planted.len()).position(|at| at == planted.as_bytes());
            let around = found.map(|at| {
                let (from, to) = (at.saturating_sub(120), (at + 120).min(bytes.len()));
                String::from_utf8_lossy(&bytes[from..to]).into_owned()
            });
            assert!(found.is_none(), "{planted} is in {place}: {around:?}");
        }
    }
    stage.nothing_improper();
}

/// What the other commands print and write, of the ledger and of the cluster.
fn asked(stage: &Stage) -> Vec<(String, Vec<u8>)> {
    let config = stage.path("firsthand.yaml");
    let firsthand = |args: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_firsthand"))
            .args(args)
            .arg("--config")
            .arg(&config)
            .current_dir(stage.folder())
            .env_clear()
            .output()
            .expect("it runs");
        [output.stdout, output.stderr].concat()
    };
    let all = firsthand(&["incidents", "-o", "json"]);
    let listed = String::from_utf8_lossy(&all).into_owned();
    let id =
        listed.split('"').find(|word| word.starts_with("FH-")).expect("an incident").to_owned();
    let mut places = vec![("incidents".to_owned(), all)];
    for args in [
        vec!["incidents", "show", &id],
        vec!["timeline", &id],
        vec!["postmortem", &id],
        vec!["diagnose", "-n", "shop", "-o", "json"],
        vec!["diagnose", "-n", "shop"],
        vec!["dump", "-n", "shop", "./dump"],
    ] {
        places.push((args.join(" "), firsthand(&args)));
    }
    let mut folders = vec![stage.path("dump")];
    let mut dumped = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                dumped.extend(std::fs::read(path).expect("a file"));
            }
        }
    }
    assert!(String::from_utf8_lossy(&dumped).contains("[redacted: "), "the dump is redacted");
    places.push(("the dump's files".to_owned(), dumped));
    places
}

#[tokio::test]
async fn text_from_logs_and_annotations_stays_inert() {
    let evil = "<!channel> <!here|now> <@U0BOSS> <https://evil.example|click here> @everyone & *bold* _it_";
    let rtl = "\u{202e}gnp.exe\u{202c} \u{200f}abc";
    let ticks = "`".repeat(10_000);
    let log = format!(
        "{evil}\n{rtl}\n{ticks}\npanic: {evil} {rtl} ``` {}\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:7 +0x1d\n",
        "`".repeat(300),
    );
    let mut stage = Stage::of(released(&["checkout"], 2, &crashes(&log))).await;
    stage.run().await;
    let mut alert = crash_looping(&stage.pods("checkout")[0]);
    alert["labels"]["team"] = json!(evil);
    alert["annotations"] = json!({
        "summary": format!("{evil} {rtl} {ticks}"),
        "description": evil,
        "runbook_url": "javascript:alert(1)",
        "dashboard_url": "https://grafana.example/d/1|x>y<!channel>",
    });
    stage.send(&[alert]).await;
    let told =
        stage.message("the evidence", |told| told.says("panic") && !told.thread.is_empty()).await;
    stage.nothing_improper();
    assert!(!format!("{told:?}").contains("javascript:"), "{told:#?}");
    for body in stage.slack.calls().iter().map(|call| &call.body) {
        assert!(!body.to_string().contains('\u{202e}'), "a mark that turns text around: {body}");
    }
}

#[tokio::test]
async fn an_alert_of_any_shape_is_told_within_slacks_limits() {
    let mut stage = Stage::of(released(&["checkout"], 2, &crashes(&PANIC.repeat(400)))).await;
    stage.run().await;
    let pods = stage.pods("checkout");
    let alerts: Vec<Value> = (0..40)
        .map(|n| {
            let mut alert = crash_looping(&pods[n % pods.len()]);
            alert["labels"]["alertname"] = json!(format!("{}{n}", "VeryLongName".repeat(40)));
            alert["labels"][format!("label{}", "x".repeat(n * 10))] = json!("ü".repeat(900));
            alert["annotations"] =
                json!({ "summary": "&".repeat(3900), "description": "<".repeat(3900) });
            alert["fingerprint"] = json!(format!("{n:016x}"));
            alert
        })
        .collect();
    stage.send(&alerts).await;
    stage.message("the cause", |told| told.says("nil map") && !told.thread.is_empty()).await;
    let refused = stage.get("/metrics").await.1;
    assert!(!refused.contains("invalid_blocks") && !refused.contains("msg_too_long"), "{refused}");
    assert_eq!(stage.slack.messages(CHANNEL).len(), 1);
    stage.nothing_improper();
}
