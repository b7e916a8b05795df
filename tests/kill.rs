//! Promise: no accepted alert is lost and nobody is told the same thing twice, whatever instant the
//! daemon is killed at.
//!
//! The real binary runs over stand-ins and is killed with SIGKILL at random moments between webhook,
//! commit and send. Whoever sends alerts does what Alertmanager does: it repeats until it hears 2xx.
//! `FIRSTHAND_KILLS` sets the number of rounds, `FIRSTHAND_SEED` replays a run.

#![expect(clippy::print_stderr, reason = "the seed of a failed run must be seen")]

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use firsthand::standin::kubernetes::{Kubernetes, Objects};
use firsthand::standin::slack::{Options, Posted, Slack};
use firsthand::standin::world::{Behaviour, Pace, Template, World};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

const CHANNEL: &str = "C0ALERTS01";
const TOKEN: &str = "xoxb-kill-test";

/// Long enough for the slowest machine; what is waited for normally takes a second or two.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_kills_lose_nothing_and_repeat_nothing() {
    firsthand::tls::install();
    let rounds = number("FIRSTHAND_KILLS").unwrap_or(100);
    let seed = number("FIRSTHAND_SEED").unwrap_or_else(now_in_nanoseconds);
    eprintln!("FIRSTHAND_KILLS={rounds} FIRSTHAND_SEED={seed}");

    let mut house = House::start(rounds, seed).await;
    for round in 0..rounds {
        let sender = house.send(house.alert(round, "firing"));
        house.live_for_a_while().await;
        house.daemon.kill();
        house.daemon = house.spawn();
        sender.await.expect("the alert was taken in the end");
    }
    house
        .wait_until("every incident has its message, its evidence and its checklist", |told| {
            told.len() == usize_of(rounds) && told.values().all(|thread| thread.replies.len() == 2)
        })
        .await;

    house.heal();
    for round in 0..rounds {
        let sender = house.send(house.alert(round, "resolved"));
        if round % 10 == 0 {
            house.live_for_a_while().await;
            house.daemon.kill();
            house.daemon = house.spawn();
        }
        sender.await.expect("the end of the alert was taken in the end");
    }
    let told = house
        .wait_until("every incident is resolved, in its message and its thread", |told| {
            told.values()
                .all(|thread| is_over(&thread.main) && thread.replies.last().is_some_and(is_over))
        })
        .await;
    house.daemon.kill();

    assert_eq!(house.slack.violations(), Vec::<String>::new(), "Slack's rules were kept");
    for (workload, thread) in &told {
        let mut texts: Vec<&str> = thread.replies.iter().map(|reply| reply.text.as_str()).collect();
        let first = texts.first().copied().unwrap_or_default();
        assert!(first.contains("Evidence"), "{workload}: the thread begins with {first:?}");
        let said = texts.len();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), said, "{workload}: a reply was told twice");
    }
    eprintln!(
        "{} kills, {} incidents, {} messages",
        house.kills,
        told.len(),
        house.slack.everything().len()
    );
}

/// What one incident looks like in the channel.
#[derive(Debug)]
struct Thread {
    main: Posted,
    replies: Vec<Posted>,
}

/// The daemon, its world, and how often it was killed.
struct House {
    folder: tempfile::TempDir,
    slack: Slack,
    kubernetes: Kubernetes,
    world: World,
    webhook: String,
    daemon: Daemon,
    random: u64,
    kills: u32,
    pods: Vec<String>,
}

impl House {
    async fn start(workloads: u64, seed: u64) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = Options {
            token: TOKEN.into(),
            channels: vec![CHANNEL.into()],
            pace: Duration::from_millis(5),
            burst: 50,
            history: true,
        };
        let slack = Slack::start(options).await.expect("Slack");
        let kubernetes = Kubernetes::start(Objects::default()).await.expect("Kubernetes");
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
        settings(folder.path(), port, &kubernetes.url(), &slack.url());

        let world = crashing(workloads);
        kubernetes.change(|served| *served = world.objects());
        let pods = pods_of(&world, workloads);
        let daemon = Daemon::spawn(folder.path());
        Self {
            folder,
            slack,
            kubernetes,
            world,
            webhook: format!("http://127.0.0.1:{port}/alertmanager"),
            daemon,
            random: seed | 1,
            kills: 0,
            pods,
        }
    }

    fn spawn(&mut self) -> Daemon {
        self.kills += 1;
        Daemon::spawn(self.folder.path())
    }

    /// Up to 400 ms: a webhook is answered in some, evidence and messages take some more.
    async fn live_for_a_while(&mut self) {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        tokio::time::sleep(Duration::from_millis((self.random >> 33) % 400)).await;
    }

    /// Somebody rolls everything back.
    fn heal(&mut self) {
        for round in 0..self.pods.len() {
            self.world.roll_back(&workload(round as u64));
        }
        pass(&mut self.world, 30);
        self.kubernetes.change(|served| *served = self.world.objects());
    }

    fn alert(&self, round: u64, status: &str) -> Value {
        let ended = if status == "resolved" {
            json!(Timestamp::now())
        } else {
            json!("0001-01-01T00:00:00Z")
        };
        json!({
            "version": "4", "groupKey": format!("{{}}:{round}"), "status": status, "truncatedAlerts": 0,
            "receiver": "firsthand", "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {},
            "externalURL": "http://alertmanager.example",
            "alerts": [{
                "status": status, "startsAt": "2026-11-20T02:14:00Z", "endsAt": ended,
                "labels": {
                    "alertname": "KubePodCrashLooping", "severity": "critical", "namespace": "shop",
                    "pod": self.pods[usize_of(round)], "container": workload(round),
                },
                "annotations": {}, "generatorURL": "", "fingerprint": format!("{round:016x}"),
            }],
        })
    }

    /// Sends like Alertmanager: again and again until it is taken.
    fn send(&self, body: Value) -> tokio::task::JoinHandle<()> {
        let webhook = self.webhook.clone();
        tokio::spawn(async move {
            let client = reqwest::Client::new();
            let began = Instant::now();
            loop {
                let sent =
                    client.post(&webhook).json(&body).timeout(Duration::from_secs(5)).send().await;
                match sent {
                    Ok(answer) if answer.status().is_success() => return,
                    Ok(answer) => assert!(answer.status().is_server_error(), "{}", answer.status()),
                    Err(_) => {}
                }
                assert!(began.elapsed() < PATIENCE, "nobody took the alert");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
    }

    /// Waits until the channel is as wanted, and stays so for a moment.
    async fn wait_until(
        &self,
        what: &str,
        wanted: impl Fn(&BTreeMap<String, Thread>) -> bool,
    ) -> BTreeMap<String, Thread> {
        let began = Instant::now();
        let mut held = 0;
        loop {
            let told = self.told();
            held = if wanted(&told) { held + 1 } else { 0 };
            if held > 10 {
                return told;
            }
            if began.elapsed() > PATIENCE {
                let missing: Vec<(&String, &str, usize)> = told
                    .iter()
                    .filter(|(_, thread)| !is_over(&thread.main))
                    .map(|(name, thread)| (name, thread.main.text.as_str(), thread.replies.len()))
                    .take(3)
                    .collect();
                panic!(
                    "not in {PATIENCE:?}: {what}; {} incidents; for example {missing:#?}\n{}",
                    told.len(),
                    self.daemon.log_end()
                );
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The channel by workload; a second message for one workload is the failure this test is for.
    fn told(&self) -> BTreeMap<String, Thread> {
        let mut told: BTreeMap<String, Thread> = BTreeMap::new();
        for main in self.slack.messages(CHANNEL).into_iter().filter(|m| m.thread_ts.is_none()) {
            let workload = self.workload_in(&main.text);
            let replies =
                self.slack.thread(&main.ts).into_iter().filter(|m| m.ts != main.ts).collect();
            let thread = Thread { main, replies };
            if let Some(twice) = told.insert(workload.clone(), thread) {
                panic!("{workload} has two messages; the other one: {}", twice.main.text);
            }
        }
        told
    }

    fn workload_in(&self, text: &str) -> String {
        text.split(|c: char| !c.is_alphanumeric() && c != '-')
            .find(|word| word.starts_with("web-"))
            .unwrap_or_else(|| panic!("no workload in {text:?}"))
            .to_owned()
    }
}

/// Whether a message says that its incident is over.
fn is_over(message: &Posted) -> bool {
    message.text.to_lowercase().contains("resolved")
}

/// The daemon as a process of its own.
struct Daemon {
    process: Child,
    log: PathBuf,
}

impl Daemon {
    fn spawn(folder: &Path) -> Self {
        let log = folder.join("log");
        let file = std::fs::File::options().append(true).create(true).open(&log).expect("a log");
        let process = Command::new(env!("CARGO_BIN_EXE_firsthand"))
            .args(["run", "--config"])
            .arg(folder.join("firsthand.yaml"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .expect("the daemon starts");
        Self { process, log }
    }

    /// SIGKILL: no destructor, no flush, no goodbye.
    fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    fn log_end(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
    }
}

fn settings(folder: &Path, port: u16, kubernetes: &str, slack: &str) {
    std::fs::write(folder.join("token"), TOKEN).expect("a token");
    let text = format!(
        "listen: 127.0.0.1:{port}\n\
         store: {{ path: ./firsthand.db }}\n\
         cluster: {{ name: prod-eu, api_url: \"{kubernetes}\" }}\n\
         receivers:\n\
         \x20 - name: oncall\n\
         \x20   slack: {{ channel: {CHANNEL}, token_file: ./token, api_url: \"{slack}\" }}\n\
         delivery: {{ channel_pause: 10ms, edit_pause: 20ms, search_pause: 100ms }}\n\
         incident:\n\
         \x20 recovery_window: 2s\n\
         \x20 max_recovery_window: 2s\n\
         \x20 # Every incident is to have a message of its own here.\n\
         \x20 storm: {{ count: 100000, share: 100000 }}\n\
         \x20 look: {{ first: 500ms, slowest: 1s, least: 200ms }}\n"
    );
    std::fs::write(folder.join("firsthand.yaml"), text).expect("settings");
}

/// So many Deployments, each with a release that crashes.
fn crashing(workloads: u64) -> World {
    let now = Timestamp::now() - SignedDuration::from_mins(5);
    let mut world = World::new("shop", now, Pace::default());
    let template = |tag: &str, behaviour| Template {
        image: format!("registry.example/web:{tag}"),
        env: Vec::new(),
        behaviour,
        limited: true,
    };
    for number in 0..workloads {
        let since = now - SignedDuration::from_hours(20);
        world.running(&workload(number), 1, 1, template("1", Behaviour::Healthy), since);
    }
    pass(&mut world, 5);
    for number in 0..workloads {
        let log = "panic: no more handles\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:7 +0x1d\n";
        let crash = Behaviour::Crashes {
            after: SignedDuration::from_secs(3),
            exit_code: 2,
            oom: false,
            log: log.into(),
        };
        world.roll_out(&workload(number), template("2", crash));
    }
    pass(&mut world, 60);
    world
}

fn pass(world: &mut World, seconds: i64) {
    for step in 0..seconds * 2 {
        let _ = step;
        let next = world.now() + SignedDuration::from_millis(500);
        world.tick(next);
    }
}

fn pods_of(world: &World, workloads: u64) -> Vec<String> {
    let objects = world.objects();
    let pods = || objects.objects.keys().filter(|(resource, ..)| resource == "pods");
    (0..workloads)
        .map(|number| {
            let prefix = format!("{}-", workload(number));
            let pod = pods().find(|(_, _, name)| name.starts_with(&prefix));
            pod.expect("each workload has a pod").2.clone()
        })
        .collect()
}

fn workload(number: u64) -> String {
    format!("web-{number:03}x")
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn now_in_nanoseconds() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::from(now.subsec_nanos()) ^ now.as_secs()
}

fn usize_of(n: u64) -> usize {
    usize::try_from(n).expect("a small number")
}
