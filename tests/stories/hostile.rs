//! Text that somebody else wrote: secrets stay here, and nothing in it acts.

use serde_json::{Value, json};

use crate::process::Process;
use crate::receivers::Hook;
use crate::stage::{CHANNEL, PANIC, Stage, crash_looping, crashes, post, release, released, until};

/// What must never be seen again, each where such things are found.
const PLANTED: [&str; 9] = [
    "hunter2-in-a-pair",
    "s3cr3t-in-a-url",
    "c2VjcmV0LWJhc2ljLWF1dGg6eHl6enk",
    "AKIAQ7PLANTED4EXMPL",
    "MIIEpAIBAAKCAQEAplantedplantedplanted",
    "ghp_plantedPlantedPlantedPlantedPlante12",
    "hunter3-in-an-annotation",
    "hunter4-in-an-event",
    "hunter5-in-the-env",
];

fn talkative() -> String {
    format!(
        "connecting with password={} to the database\n\
         GET https://ops:{}@db.example/orders\n\
         Authorization: Basic {}\n\
         aws_access_key_id={}\n\
         -----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----\n\
         cloning with {}\n\
         panic: cannot connect to postgres://ops:{}@db.example/orders: password={} refused\n\n\
         goroutine 1 [running]:\nmain.main()\n\t/src/main.go:7 +0x1d\n",
        PLANTED[0],
        PLANTED[1],
        PLANTED[2],
        PLANTED[3],
        PLANTED[4],
        PLANTED[5],
        PLANTED[1],
        PLANTED[0],
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planted_secrets_are_nowhere_to_be_found() {
    let mut stage = Stage::of(crate::stage::running(&["checkout"], 1)).await;
    let mut bad = release("1.4.2", crashes(&talkative()));
    bad.env = vec![("DB_PASSWORD".into(), PLANTED[8].into()), ("LEVEL".into(), "info".into())];
    stage.world.roll_out("checkout", bad);
    stage.pass(90);
    let pod = stage.pods("checkout")[0].clone();
    stage.kubernetes.change(|served| {
        let of = ("pods".to_owned(), "shop".to_owned(), pod.clone());
        let uid = served.objects[&of]["metadata"]["uid"].clone();
        let told = format!("probe https://ops:{}@checkout.example/health refused", PLANTED[7]);
        served.put("events", json!({
            "apiVersion": "v1", "kind": "Event", "metadata": { "name": "told.1", "namespace": "shop" },
            "involvedObject": { "kind": "Pod", "name": pod, "namespace": "shop", "uid": uid },
            "reason": "Unhealthy", "message": told, "type": "Warning", "count": 3,
            "firstTimestamp": jiff::Timestamp::now(), "lastTimestamp": jiff::Timestamp::now(),
        }));
    });
    let hook = Hook::listening().await;
    hook.join(&mut stage);

    let mut alert = crash_looping(&pod);
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
    until("the webhook heard the evidence", async || (hook.bodies().len() >= 2).then_some(()))
        .await;
    let metrics = reqwest::get(format!("{}/metrics", daemon.url)).await.expect("an answer");
    let metrics = metrics.text().await.expect("text");
    let bodies: Vec<Value> = stage.slack.calls().into_iter().map(|call| call.body).collect();
    let mut places = vec![
        ("Slack".to_owned(), json!(bodies).to_string().into_bytes()),
        ("the webhook".to_owned(), json!(hook.bodies()).to_string().into_bytes()),
        ("/metrics".to_owned(), metrics.into_bytes()),
    ];
    for file in ["firsthand.db", "firsthand.db-wal", "log"] {
        places.push((file.to_owned(), std::fs::read(stage.path(file)).expect("a file")));
    }
    assert!(places.iter().all(|(_, bytes)| bytes.len() > 200), "there is something to search");
    for (place, bytes) in &places {
        for planted in PLANTED.iter().copied().chain([crate::stage::TOKEN, Hook::SECRET]) {
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
