//! The figures of the README, by one command: `cargo bench --bench figures`.
//!
//! How long a diagnosis takes over 256 KiB of logs and of a crowded namespace, how long it takes from a webhook to the request at
//! Slack (evidence, decision and commit included), and how long from start to ready. Over the stand-ins,
//! so that it is Firsthand that is measured.

#![expect(clippy::print_stdout, reason = "the figures are the result")]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use firsthand::collect::dump;
use firsthand::diagnosis::{Evidence, Scope, Source, diagnose};
use firsthand::standin::kubernetes::{Kubernetes, Objects};
use firsthand::standin::prometheus::Prometheus;
use firsthand::standin::slack::{Options, Slack};
use firsthand::standin::world::{Behaviour, Pace, Template, World};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

const LOG: usize = 256 * 1024;
const DIAGNOSES: usize = 2000;
const ALERTS: usize = 100;
const STARTS: usize = 20;
const NAMESPACES: usize = 50;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    firsthand::tls::install();
    println!("{:<44}{:>10}{:>10}", "", "p50", "p99");
    diagnoses();
    namespaces();
    let mut house = House::start().await;
    house.webhooks().await;
    house.starts().await;
}

/// A crash with a quarter of a mebibyte of log around it.
fn diagnoses() {
    let story = "tests/scenarios/application-crashed/typical";
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(story);
    let mut evidence = dump::read(&folder).expect("the scenario can be read");
    for log in &mut evidence.logs {
        if let Source::Read(text) = &mut log.text {
            *text = padded(text);
        }
    }
    let times = (0..DIAGNOSES).map(|_| timed(&evidence)).collect();
    told("diagnosis of an incident, 256 KiB of log", times);
}

/// A crash among 500 pods, in a namespace with 5,000 events: from memory, and from a dump on disk.
fn namespaces() {
    let evidence = crowded();
    let times = (0..NAMESPACES).map(|_| timed(&evidence)).collect();
    told("diagnosis of 500 pods and 5,000 events", times);
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("dump");
    dump::write(&evidence, &place).expect("a dump");
    let times = (0..STARTS).map(|_| from_dump(&place)).collect();
    told("firsthand diagnose --dump of the same", times);
}

fn from_dump(place: &Path) -> Duration {
    let began = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_firsthand"))
        .args(["diagnose", "--dump"])
        .arg(place)
        .output()
        .expect("the program runs");
    let took = began.elapsed();
    assert!(String::from_utf8_lossy(&output.stdout).contains("crash"), "the crash was found");
    took
}

/// One crash, a hundred copies of a namespace of five healthy pods, and old events of pods that are gone.
fn crowded() -> Evidence {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut all = dump::read(&root.join("application-crashed/recorded-crashes")).expect("a crash");
    let plain = dump::read(&root.join("healthy/plain")).expect("a healthy namespace");
    let plain = serde_json::to_string(&plain).expect("evidence as JSON");
    for copy in 0..100 {
        let named = ["web", "api", "redis"]
            .iter()
            .fold(plain.clone(), |text, name| text.replace(name, &format!("{name}{copy}x")));
        let mut more: Evidence = serde_json::from_str(&named).expect("evidence again");
        more.nodes = Source::Read(Vec::new());
        all.extend(more);
    }
    if let Source::Read(events) = &mut all.events {
        let event = events.first().cloned().expect("an event");
        events.extend((0..5000).map(|number| {
            let mut old = event.clone();
            old.metadata.name = Some(format!("old-{number}"));
            old.involved_object.name = Some(format!("gone-{}", number % 700));
            old.involved_object.uid = Some(format!("gone-{number}"));
            old
        }));
    }
    all
}

fn timed(evidence: &Evidence) -> Duration {
    let began = Instant::now();
    let diagnosis = diagnose(evidence, &Scope::Everything);
    let took = began.elapsed();
    assert!(!diagnosis.findings.is_empty(), "the crash was found");
    took
}

/// The same end after ordinary lines.
fn padded(end: &str) -> String {
    let line =
        "2026-11-20T02:10:41.102Z INFO request served path=/cart status=200 took=12ms id=8f1c\n";
    let mut text = line.repeat(LOG.saturating_sub(end.len()) / line.len());
    text.push_str(end);
    text
}

struct House {
    folder: tempfile::TempDir,
    slack: Slack,
    kubernetes: Kubernetes,
    prometheus: Prometheus,
    port: u16,
}

impl House {
    async fn start() -> Self {
        let options = Options {
            token: "xoxb-bench".into(),
            pace: Duration::from_millis(1),
            burst: 1000,
            ..Options::default()
        };
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let house = Self {
            folder: tempfile::tempdir().expect("a folder"),
            slack: Slack::start(options).await.expect("Slack"),
            kubernetes: Kubernetes::start(Objects::default()).await.expect("Kubernetes"),
            prometheus: Prometheus::start().await.expect("Prometheus"),
            port: free.local_addr().expect("an address").port(),
        };
        let settings = format!(
            "listen: 127.0.0.1:{}\nstore: {{ path: ./firsthand.db }}\n\
             cluster: {{ name: bench, api_url: \"{}\" }}\n\
             prometheus: {{ url: \"{}\", poll_interval: 5s }}\n\
             receivers: [{{ name: oncall, slack: {{ channel: C0ALERTS01, token_file: ./token, api_url: \"{}\" }} }}]\n\
             delivery: {{ channel_pause: 1ms, edit_pause: 1ms }}\n",
            house.port,
            house.kubernetes.url(),
            house.prometheus.url(),
            house.slack.url(),
        );
        std::fs::write(house.folder.path().join("token"), "xoxb-bench").expect("a token");
        std::fs::write(house.folder.path().join("firsthand.yaml"), settings).expect("settings");
        house
    }

    /// One alert at a time, each about another workload that crashes.
    async fn webhooks(&mut self) {
        let world = crashing();
        self.kubernetes.change(|served| *served = world.objects());
        self.prometheus.scrape(Timestamp::now(), world.samples());
        let daemon = self.daemon();
        self.until_ready().await;
        let client = reqwest::Client::new();
        let webhook = format!("http://127.0.0.1:{}/alertmanager", self.port);
        let mut times = Vec::new();
        for number in 0..ALERTS {
            let workload = workload(number);
            let mut changes = self.slack.changes();
            let began = Instant::now();
            let body = alert(&world, &workload);
            let sent = client.post(&webhook).json(&body).send().await.expect("it is taken");
            assert!(sent.status().is_success());
            while !self.slack.messages("C0ALERTS01").iter().any(|m| m.text.contains(&workload)) {
                changes.changed().await.expect("Slack is there");
            }
            times.push(began.elapsed());
        }
        told("webhook in to Slack request out", times);
        drop(daemon);
    }

    async fn starts(&mut self) {
        let world = crashing();
        let mut times = Vec::new();
        for _ in 0..STARTS {
            self.prometheus.scrape(Timestamp::now(), world.samples());
            let began = Instant::now();
            let daemon = self.daemon();
            self.until_ready().await;
            times.push(began.elapsed());
            drop(daemon);
        }
        told("start of the process to ready", times);
    }

    fn daemon(&self) -> Daemon {
        let process = Command::new(env!("CARGO_BIN_EXE_firsthand"))
            .args(["--log-level", "error", "run", "--config"])
            .arg(self.folder.path().join("firsthand.yaml"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        Daemon(process.expect("the daemon starts"))
    }

    async fn until_ready(&self) {
        let client = reqwest::Client::new();
        let url = format!("http://127.0.0.1:{}/-/ready", self.port);
        let began = Instant::now();
        while !client.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            assert!(began.elapsed() < Duration::from_secs(20), "the daemon is never ready");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn workload(number: usize) -> String {
    format!("web-{number:03}x")
}

/// So many Deployments, each with a release that crashes.
fn crashing() -> World {
    let now = Timestamp::now() - SignedDuration::from_mins(3);
    let mut world = World::new("shop", now, Pace::default());
    for number in 0..ALERTS {
        let crash = Behaviour::Crashes {
            after: SignedDuration::from_secs(3),
            exit_code: 2,
            oom: false,
            log: "panic: no more handles\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:7 +0x1d\n".into(),
        };
        let image = "registry.example/web:2".to_owned();
        let template = Template { image, env: Vec::new(), behaviour: crash, limited: true };
        world.running(&workload(number), 1, 2, template, now);
    }
    for _ in 0..120 {
        world.tick(world.now() + SignedDuration::from_millis(500));
    }
    world
}

fn alert(world: &World, workload: &str) -> serde_json::Value {
    let objects = world.objects();
    let prefix = format!("{workload}-");
    let pod = objects
        .objects
        .keys()
        .find(|(resource, _, name)| resource == "pods" && name.starts_with(&prefix))
        .map(|(_, _, name)| name.clone());
    json!({
        "version": "4", "status": "firing", "receiver": "firsthand", "groupKey": workload,
        "alerts": [{
            "status": "firing", "startsAt": Timestamp::now(), "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": workload, "annotations": {}, "generatorURL": "",
            "labels": {
                "alertname": "KubePodCrashLooping", "severity": "critical", "namespace": "shop",
                "pod": pod, "container": workload,
            },
        }],
    })
}

fn told(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| {
        let index = ((times.len() - 1) as f64 * share).round() as usize;
        format!("{:.1} ms", times[index].as_secs_f64() * 1000.0)
    };
    println!("{what:<44}{:>10}{:>10}", at(0.5), at(0.99));
}
