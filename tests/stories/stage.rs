//! The stage: the daemon in this process, as `run` starts it from a settings file, over stand-ins of the
//! Kubernetes API, Prometheus and Slack, and a small world that they show.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use firsthand::config;
use firsthand::daemon::Daemon;
use firsthand::standin::kubernetes::{Kubernetes, Objects};
use firsthand::standin::prometheus::Prometheus;
use firsthand::standin::slack::{Options, Posted, Slack};
use firsthand::standin::world::{Behaviour, Pace, Template, World};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

pub(crate) const CHANNEL: &str = "C0ALERTS01";
pub(crate) const TOKEN: &str = "xoxb-4242-stage-token";

/// Long enough for the slowest machine; what is waited for normally takes a second or two.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Asks every 50 ms until `is` says something, for at most [`PATIENCE`].
pub(crate) async fn until<T>(what: &str, mut is: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = is().await {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "waited {PATIENCE:?} for {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Everything the daemon speaks to, and the daemon.
pub(crate) struct Stage {
    pub(crate) slack: Slack,
    pub(crate) kubernetes: Kubernetes,
    pub(crate) prometheus: Prometheus,
    pub(crate) world: World,
    /// The settings file, as a tree; YAML takes JSON. Changed before [`Stage::run`].
    pub(crate) settings: Value,
    folder: tempfile::TempDir,
    running: Option<(Daemon, CancellationToken)>,
}

impl Stage {
    /// Stand-ins that show this world. The daemon does not run yet.
    pub(crate) async fn of(world: World) -> Self {
        firsthand::tls::install();
        let options = Options {
            token: TOKEN.into(),
            channels: vec![CHANNEL.into()],
            pace: Duration::from_millis(5),
            burst: 50,
            history: true,
        };
        let slack = Slack::start(options).await.expect("Slack");
        let kubernetes = Kubernetes::start(Objects::default()).await.expect("Kubernetes");
        let prometheus = Prometheus::start().await.expect("Prometheus");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("slack-token"), TOKEN).expect("a token");
        let settings = json!({
            "listen": "127.0.0.1:0",
            "store": { "path": "./firsthand.db" },
            "cluster": { "name": "prod-eu", "api_url": kubernetes.url() },
            "receivers": [{
                "name": "oncall",
                "slack": { "channel": CHANNEL, "token_file": "./slack-token", "api_url": slack.url() },
            }],
            "delivery": {
                "channel_pause": "5ms", "edit_pause": "20ms", "search_pause": "50ms",
                "retry_max": "300ms", "parked_retry": "300ms",
            },
            "incident": {
                "recovery_window": "1s", "max_recovery_window": "1s", "severity_hold": "1s",
                "look": { "first": "200ms", "slowest": "300ms", "least": "100ms" },
            },
        });
        let stage = Self { slack, kubernetes, prometheus, world, settings, folder, running: None };
        stage.show();
        stage
    }

    /// Prometheus is polled, five times a second.
    pub(crate) fn polling(mut self) -> Self {
        self.settings["prometheus"] =
            json!({ "url": self.prometheus.url(), "poll_interval": "200ms" });
        self
    }

    /// Starts the daemon, or starts it again.
    pub(crate) async fn run(&mut self) {
        let file = self.settings_file();
        let settings = config::read(Some(&file), &config::Environment::new()).expect("settings");
        let stop = CancellationToken::new();
        let daemon = Daemon::start(settings, stop.clone()).await.expect("the daemon starts");
        self.running = Some((daemon, stop));
    }

    /// Stops the daemon in good order.
    pub(crate) async fn stop(&mut self) {
        let (daemon, stop) = self.running.take().expect("a running daemon");
        stop.cancel();
        daemon.ended().await.expect("it ended well");
    }

    /// Writes the settings and says where.
    pub(crate) fn settings_file(&self) -> PathBuf {
        let file = self.path("firsthand.yaml");
        std::fs::write(&file, self.settings.to_string()).expect("settings");
        file
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder of the settings, the ledger and the token.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Lets seconds pass in the world, and shows it at each.
    pub(crate) fn pass(&mut self, seconds: i64) {
        for _ in 0..seconds {
            tick(&mut self.world, 1);
            self.prometheus.scrape(self.world.now(), self.world.samples());
        }
        self.show();
    }

    /// Shows the world as it is.
    pub(crate) fn show(&self) {
        self.kubernetes.change(|served| {
            let Objects { forbidden, hanging, away, .. } = std::mem::take(served);
            *served = Objects { forbidden, hanging, away, ..self.world.objects() };
        });
        self.prometheus.scrape(self.world.now(), self.world.samples());
    }

    /// The pods of a Deployment.
    pub(crate) fn pods(&self, deployment: &str) -> Vec<String> {
        let objects = self.world.objects().objects;
        let pods = objects.iter().filter(|((resource, ..), pod)| {
            resource == "pods" && pod["metadata"]["labels"]["app"] == deployment
        });
        pods.map(|((_, _, name), _)| name.clone()).collect()
    }

    fn address(&self) -> String {
        let (daemon, _) = self.running.as_ref().expect("a running daemon");
        format!("http://{}", daemon.address())
    }

    /// Posts a webhook as Alertmanager does, once.
    pub(crate) async fn post(&self, alerts: &[Value]) -> (u16, String) {
        post(&self.address(), alerts).await
    }

    /// Posts a webhook that must be taken.
    pub(crate) async fn send(&self, alerts: &[Value]) {
        let (status, said) = self.post(alerts).await;
        assert_eq!(status, 200, "{said}");
    }

    /// What a page of the daemon says.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let answer = reqwest::get(format!("{}{path}", self.address())).await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    }

    /// Waits until the channel holds exactly one message that is as wanted.
    pub(crate) async fn message(&self, what: &str, wanted: impl Fn(&Told) -> bool) -> Told {
        let mut seen = Vec::new();
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            seen = self.channel();
            assert!(seen.len() < 2, "one incident, one message: {seen:#?}");
            if let [one] = seen.as_slice()
                && wanted(one)
            {
                return one.clone();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("waited {PATIENCE:?} for a message: {what}; the channel holds {seen:#?}")
    }

    /// The channel: every message with its thread.
    pub(crate) fn channel(&self) -> Vec<Told> {
        let told = |main: Posted| {
            let thread = self.slack.thread(&main.ts).into_iter().map(|reply| Words::of(&reply));
            Told { ts: main.ts.clone(), thread: thread.collect(), main: Words::of(&main) }
        };
        self.slack.messages(CHANNEL).into_iter().map(told).collect()
    }

    /// Nothing was said that Slack, or a careful reviewer, would object to.
    pub(crate) fn nothing_improper(&self) {
        assert_eq!(self.slack.violations(), Vec::<String>::new());
    }
}

/// Posts a webhook body with these alerts.
pub(crate) async fn post(address: &str, alerts: &[Value]) -> (u16, String) {
    let body = json!({
        "version": "4", "groupKey": "{}:{}", "status": "firing", "receiver": "firsthand",
        "truncatedAlerts": 0, "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {},
        "externalURL": "http://alertmanager.example", "alerts": alerts,
    });
    let sent = reqwest::Client::new().post(format!("{address}/alertmanager")).json(&body);
    let answer = sent.send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

/// One message with its thread.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) ts: String,
    pub(crate) main: Words,
    pub(crate) thread: Vec<Words>,
}

impl Told {
    /// Whether the main message shows this.
    pub(crate) fn says(&self, text: &str) -> bool {
        self.main.0.contains(text)
    }

    /// Whether a reply shows this.
    pub(crate) fn replies(&self, text: &str) -> bool {
        self.thread.iter().any(|reply| reply.0.contains(text))
    }

    /// Whether it is over, in the message and in the thread.
    pub(crate) fn is_resolved(&self) -> bool {
        let closed = self.replies("resolved after") || self.replies("closed after");
        self.main.0.starts_with("⚪ Resolved") && closed
    }

    /// The thread tells nothing twice.
    pub(crate) fn tells_once(&self) -> bool {
        let mut said: Vec<&str> = self.thread.iter().map(|reply| reply.0.as_str()).collect();
        said.sort_unstable();
        said.windows(2).all(|pair| pair[0] != pair[1])
    }
}

/// Everything a message shows: its text and every text of its blocks, one per line.
#[derive(Clone)]
pub(crate) struct Words(pub(crate) String);

impl Words {
    fn of(message: &Posted) -> Self {
        let mut words = vec![message.text.clone()];
        message.blocks.iter().for_each(|block| collect(block, &mut words));
        Self(words.join("\n"))
    }
}

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn collect(value: &Value, words: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if name == "text" || name == "url" => {
                        words.push(text.clone());
                    }
                    other => collect(other, words),
                }
            }
        }
        Value::Array(all) => all.iter().for_each(|value| collect(value, words)),
        _ => {}
    }
}

/// A firing alert with these labels. Its fingerprint and start follow from them.
pub(crate) fn firing(labels: &[(&str, &str)]) -> Value {
    let all: serde_json::Map<String, Value> =
        labels.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let hash = labels
        .iter()
        .flat_map(|(_, value)| value.bytes())
        .fold(7_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    json!({
        "status": "firing", "labels": all, "annotations": {},
        "startsAt": Timestamp::now() - SignedDuration::from_mins(3), "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example/graph", "fingerprint": format!("{hash:016x}"),
    })
}

/// A restart alert about a pod of namespace shop.
pub(crate) fn crash_looping(pod: &str) -> Value {
    firing(&[
        ("alertname", "KubePodCrashLooping"),
        ("severity", "critical"),
        ("namespace", "shop"),
        ("pod", pod),
    ])
}

/// The same alert, ended.
pub(crate) fn ended(alert: &Value) -> Value {
    let mut ended = alert.clone();
    ended["status"] = json!("resolved");
    ended["endsAt"] = json!(Timestamp::now());
    ended
}

/// What a crashing release writes before it ends.
pub(crate) const PANIC: &str = "level=info msg=\"listening\" addr=:8080\n\
     panic: assignment to entry in nil map\n\ngoroutine 1 [running]:\n\
     main.(*Cart).Add(...)\n\t/src/cart.go:41 +0x1d\nmain.main()\n\t/src/main.go:7 +0x1d\n";

/// A release that runs three seconds and ends with this log.
pub(crate) fn crashes(log: &str) -> Behaviour {
    Behaviour::Crashes {
        after: SignedDuration::from_secs(3),
        exit_code: 2,
        oom: false,
        log: log.to_owned(),
    }
}

pub(crate) fn release(tag: &str, behaviour: Behaviour) -> Template {
    Template {
        image: format!("registry.example/shop:{tag}"),
        env: Vec::new(),
        behaviour,
        limited: true,
    }
}

/// Deployments of so many replicas that ran well for a day.
pub(crate) fn running(deployments: &[&str], replicas: usize) -> World {
    let now = Timestamp::now() - SignedDuration::from_mins(10);
    let mut world = World::new("shop", now, Pace::default());
    for name in deployments {
        let since = now - SignedDuration::from_hours(24);
        world.running(name, replicas, 1, release("1.4.1", Behaviour::Healthy), since);
    }
    tick(&mut world, 5);
    world
}

/// The same, and a release with this behaviour rolled out after that.
pub(crate) fn released(deployments: &[&str], replicas: usize, behaviour: &Behaviour) -> World {
    let mut world = running(deployments, replicas);
    for name in deployments {
        world.roll_out(name, release("1.4.2", behaviour.clone()));
    }
    tick(&mut world, 120);
    world
}

/// Lets seconds pass in a world that nobody looks at.
pub(crate) fn tick(world: &mut World, seconds: i64) {
    for _ in 0..seconds * 2 {
        let next = world.now() + SignedDuration::from_millis(500);
        world.tick(next);
    }
}
