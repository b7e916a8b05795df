//! One story's part of the cluster: a namespace, a daemon and a channel.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::daemon::{self, Daemon};
use super::{Channel, Lab, PATIENCE, Target, apply, kubectl, manifest};
use crate::stories::{Account, Story};

/// The house of one story. Its namespaces are deleted with it.
#[derive(Debug)]
pub(crate) struct House {
    /// The story's namespace.
    pub(crate) namespace: String,
    /// What people read.
    pub(crate) channel: Channel,
    name: &'static str,
    target: Target,
    folder: TempDir,
    port: u16,
    daemon: RefCell<Daemon>,
    more: Vec<String>,
    dumped: Cell<bool>,
}

impl House {
    /// Makes the namespace, and starts the daemon with the story's permissions.
    pub(crate) async fn open(lab: &Lab, story: &'static Story) -> Self {
        let namespace = lab.namespace(story);
        kubectl(&["create", "namespace", &namespace]);
        let space = match story.account {
            Account::Shipped => super::SPACE,
            Account::Namespaced => {
                apply(&["-n", &namespace], &manifest("namespaced.yaml"));
                &namespace
            }
        };
        let channel = Channel::open().await;
        let folder = tempfile::tempdir().expect("a folder");
        let account = (space, "firsthand");
        let slack = channel.url();
        let sees = daemon::Sees { namespace: &namespace, prometheus: lab.target.prometheus() };
        daemon::settings(folder.path(), lab.port(story), &sees, &slack, account);
        let daemon = RefCell::new(Daemon::spawn(folder.path()));
        let (name, target, port) = (story.name, lab.target.clone(), lab.port(story));
        Self {
            namespace,
            channel,
            name,
            target,
            folder,
            port,
            daemon,
            more: Vec::new(),
            dumped: Cell::new(false),
        }
    }

    /// kubectl in the story's namespace.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> String {
        kubectl(&[&["-n", &self.namespace], arguments].concat())
    }

    /// Applies a manifest of the stories.
    pub(crate) fn apply(&self, name: &str) {
        apply(&["-n", &self.namespace], &self.target.images(&manifest(name)));
    }

    /// Applies an object that a story made up.
    pub(crate) fn apply_text(&self, object: &Value) {
        apply(&["-n", &self.namespace], &object.to_string());
    }

    /// Waits until a Deployment's rollout is complete.
    pub(crate) fn rolled_out(&self, name: &str) {
        let workload = format!("deployment/{name}");
        self.kubectl(&["rollout", "status", &workload, "--timeout=240s"]);
    }

    /// Changes a Deployment's only container.
    pub(crate) fn change(&self, name: &str, image: &str, arguments: &[&str]) {
        let container = serde_json::json!({
            "name": "server", "image": self.image(image), "args": arguments,
        });
        let patch =
            serde_json::json!({"spec": {"template": {"spec": {"containers": [container]}}}});
        self.kubectl(&["patch", "deployment", name, "-p", &patch.to_string()]);
    }

    /// Where this cluster has an image of the stories.
    pub(crate) fn image(&self, name: &str) -> String {
        self.target.images(&format!("10.250.0.1:5000/{name}"))
    }

    /// Another namespace whose metrics this story's daemon sees.
    pub(crate) fn another_namespace(&mut self, suffix: &str) -> String {
        let name = format!("{}-{suffix}", self.namespace);
        kubectl(&["create", "namespace", &name]);
        self.more.push(name.clone());
        name
    }

    /// Waits until the message about a workload says all of that at once.
    pub(crate) async fn says(&self, workload: &str, wanted: &[&str]) -> String {
        let what = format!("the message about {workload} says {wanted:?}");
        let message = self
            .until(&what, || {
                let message = super::channel::words(&self.channel.message(workload)?);
                wanted.iter().all(|text| message.contains(text)).then_some(message)
            })
            .await;
        if !self.dumped.replace(true) {
            self.dump_says_the_same().await;
        }
        message
    }

    /// A dump of the namespace, read back, leads to the same findings as the cluster itself. While it changes
    /// in between they may differ: then both are taken anew.
    async fn dump_says_the_same(&self) {
        let mut tries = 0;
        self.until("a dump says the same as the cluster", || {
            tries += 1;
            let folder = self.folder.path().join(format!("dump-{tries}"));
            let folder = folder.display().to_string();
            self.firsthand("dump", &["-n", &self.namespace, &folder]);
            let live = causes(&self.firsthand("diagnose", &["-n", &self.namespace, "-o", "json"]));
            let read = ["diagnose", "--dump", &folder, "-o", "json"];
            let read = Command::new(env!("CARGO_BIN_EXE_firsthand")).args(read).output();
            let dumped = causes(&read.expect("firsthand"));
            assert!(tries < 10, "the cluster says {live:?}, its dump {dumped:?}");
            (live == dumped).then_some(())
        })
        .await;
    }

    /// Waits until some reply in the thread of a workload says that.
    pub(crate) async fn replies(&self, workload: &str, wanted: &str) -> String {
        let what = format!("the thread about {workload} says {wanted:?}");
        self.until(&what, || {
            self.channel.thread(workload).into_iter().find(|reply| reply.contains(wanted))
        })
        .await
    }

    /// Waits for the end: said in the message, and in the thread to the whole channel.
    pub(crate) async fn resolved(&self, workload: &str) {
        self.says(workload, &["resolved", &format!("{workload} recovered after")]).await;
        self.replies(workload, "resolved after").await;
        assert!(self.channel.last_was_broadcast(workload), "the end is told to the channel");
        assert_eq!(self.channel.violations(), Vec::<String>::new(), "Slack's rules were kept");
    }

    /// What `firsthand diagnose` answers about the namespace, with the daemon's own permissions.
    pub(crate) fn diagnose(&self, arguments: &[&str]) -> String {
        let done = self.firsthand("diagnose", &[&["-n", &self.namespace], arguments].concat());
        String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned()
    }

    fn firsthand(&self, command: &str, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_firsthand"))
            .args([command, "--config"])
            .arg(self.folder.path().join("firsthand.yaml"))
            .args(arguments)
            .output()
            .expect("firsthand")
    }

    /// The daemon's settings, as YAML.
    pub(crate) fn settings(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("firsthand.yaml")).expect("settings")
    }

    /// Writes other ones; the daemon reads them at its next start or reload.
    pub(crate) fn set_settings(&self, text: &str) {
        std::fs::write(self.folder.path().join("firsthand.yaml"), text).expect("settings");
    }

    /// Asks the daemon to read its settings again; what it answers.
    pub(crate) async fn reload(&self) -> u16 {
        let url = format!("http://127.0.0.1:{}/-/reload", self.port);
        let answer = reqwest::Client::new().post(url).send().await.expect("the daemon");
        answer.status().as_u16()
    }

    /// Waits until the daemon has polled a few times.
    pub(crate) async fn polled(&self) {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            let url = format!("http://127.0.0.1:{}/-/ready", self.port);
            let ready = reqwest::get(url).await.is_ok_and(|it| it.status().is_success());
            if ready {
                return tokio::time::sleep(Duration::from_secs(12)).await;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("the daemon is not ready:\n{}", self.daemon.borrow().log_end());
    }

    /// Sends an alert about a Deployment of another cluster, as Alertmanager would.
    pub(crate) async fn alert(&self, namespace: &str, deployment: &str, cluster: &str) {
        let body = serde_json::json!({
            "version": "4", "status": "firing", "receiver": "firsthand", "truncatedAlerts": 0,
            "alerts": [{
                "status": "firing", "startsAt": jiff::Timestamp::now(),
                "labels": { "alertname": "TooSlow", "namespace": namespace, "deployment": deployment,
                    "cluster": cluster, "severity": "warning" },
                "annotations": { "summary": "it is slow" }, "fingerprint": format!("{deployment:0>16}"),
            }],
        });
        let sent = reqwest::Client::new().post(self.webhook()).json(&body).send().await;
        assert!(sent.expect("the daemon").status().is_success());
    }

    /// For how long Prometheus has been running.
    pub(crate) async fn prometheus_runs_for(&self) -> Duration {
        let url = format!("{}/api/v1/status/runtimeinfo", self.target.prometheus());
        let answer = reqwest::get(url).await.expect("Prometheus").json::<Value>().await;
        let since = answer.expect("JSON")["data"]["startTime"].as_str().map(str::to_owned);
        let since: jiff::Timestamp = since.and_then(|it| it.parse().ok()).expect("a time");
        Duration::try_from(jiff::Timestamp::now().duration_since(since)).unwrap_or_default()
    }

    /// Listens in the place of the daemon, says yes to every webhook and keeps none.
    pub(crate) async fn swallow_webhooks(&self) -> Swallows {
        let seen = std::sync::Arc::<std::sync::Mutex<String>>::default();
        let keep = std::sync::Arc::clone(&seen);
        let app = axum::Router::new().fallback(move |body: String| {
            keep.lock().expect("whole").push_str(&body);
            async { "" }
        });
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", self.port)).await;
        let listener = listener.expect("the daemon's port");
        let task = tokio::spawn(async move { drop(axum::serve(listener, app).await) });
        Swallows { seen, task }
    }

    /// Where the daemon takes alerts.
    pub(crate) fn webhook(&self) -> String {
        format!("http://127.0.0.1:{}/alertmanager", self.port)
    }

    /// What the daemon tells Prometheus of itself.
    pub(crate) async fn metrics(&self) -> String {
        let answer = reqwest::get(format!("http://127.0.0.1:{}/metrics", self.port)).await;
        answer.expect("metrics").text().await.expect("a text")
    }

    /// How often the pods of a workload were restarted.
    pub(crate) fn restarts(&self, workload: &str) -> u32 {
        let path = "jsonpath={.items[*].status.containerStatuses[*].restartCount}";
        let counts = self.kubectl(&["get", "pods", "-l", &format!("app={workload}"), "-o", path]);
        counts.split_whitespace().filter_map(|count| count.parse::<u32>().ok()).sum()
    }

    /// Kills the daemon.
    pub(crate) fn kill_daemon(&mut self) {
        self.daemon.borrow_mut().kill();
    }

    /// Starts it again.
    pub(crate) fn start_daemon(&mut self) {
        self.daemon = RefCell::new(Daemon::spawn(self.folder.path()));
    }

    /// Asks every 200 ms until `is` says something, for at most [`PATIENCE`].
    pub(crate) async fn until<T>(&self, what: &str, mut is: impl FnMut() -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = is() {
                return found;
            }
            if began.elapsed() > PATIENCE || self.daemon.borrow_mut().failed() {
                panic!(
                    "not in {:?}: {what}; the channel:\n{}\nthe daemon:\n{}",
                    began.elapsed(),
                    self.channel.transcript(),
                    self.daemon.borrow().log_end()
                );
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// Somebody who takes webhooks and keeps none.
#[derive(Debug)]
pub(crate) struct Swallows {
    seen: std::sync::Arc<std::sync::Mutex<String>>,
    task: tokio::task::JoinHandle<()>,
}

impl Swallows {
    /// Whether an end was among them.
    pub(crate) fn ends(&self) -> bool {
        self.seen.lock().expect("whole").contains(r#""status":"resolved""#)
    }

    /// Frees the port.
    pub(crate) async fn stop(self) {
        self.task.abort();
        drop(self.task.await);
    }
}

/// The findings of a diagnosis in JSON: whose, and why.
fn causes(answer: &Output) -> Vec<(String, String, String)> {
    let diagnosis: Value = serde_json::from_slice(&answer.stdout).unwrap_or_default();
    let findings = diagnosis["findings"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let one = |finding: &Value| {
        let best = &finding["hypotheses"][0];
        (text(&finding["object"]["name"]), text(&best["cause"]), text(&best["certainty"]))
    };
    let mut all: Vec<_> = findings.iter().map(one).collect();
    all.sort();
    all
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(folder) = std::env::var_os("FIRSTHAND_SHOW") {
            let path = PathBuf::from(folder).join(format!("{}.txt", self.name));
            drop(std::fs::write(path, self.channel.transcript()));
        }
        for space in self.more.iter().chain([&self.namespace]) {
            kubectl(&["delete", "namespace", space, "--wait=false"]);
        }
    }
}
