//! Real parts: Prometheus and Alertmanager as child processes on free loopback ports, with folders of
//! their own that are gone afterwards. What they scrape and whom they call is in this process.
//!
//! *Nothing here speaks to anything but loopback, and no child outlives its value.*

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use tempfile::TempDir;

/// How long a real part may take to do what it was asked, on a busy machine.
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

/// A child process that ends with this value, and the folder it works in.
struct Process {
    child: Child,
    folder: TempDir,
    port: u16,
}

impl Drop for Process {
    fn drop(&mut self) {
        // By its own pid; it may be gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Process {
    fn start(program: &str, package: &str, folder: TempDir, arguments: &[&str]) -> Self {
        // Whether it is ready is asked with an HTTP client.
        firsthand::tls::install();
        let port = free_port();
        let log = fs::File::create(folder.path().join("log")).expect("a log");
        let child = Command::new(program)
            .args(arguments)
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|e| {
                panic!("{program}: {e}; apt-get install {package}, or run tests/run")
            });
        Self { child, folder, port }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    async fn ready(&mut self) {
        let url = format!("{}/-/ready", self.url());
        let began = Instant::now();
        loop {
            let answer = reqwest::get(&url).await;
            if answer.is_ok_and(|a| a.status().is_success()) {
                return;
            }
            let ended = self.child.try_wait().expect("its own child");
            if ended.is_some() || began.elapsed() > PATIENCE {
                let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                panic!("{url} is not ready ({ended:?}):\n{log}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// A real Prometheus.
pub(crate) struct RealPrometheus(Process);

impl RealPrometheus {
    /// Scrapes `scraped` and evaluates `rules` (a rule file's text) every second, and tells `alertmanager`.
    pub(crate) async fn scraping(
        scraped: &Scraped,
        honor_labels: bool,
        rules: &str,
        alertmanager: Option<&RealAlertmanager>,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("rules.yaml"), rules).expect("written");
        let alerting = alertmanager.map_or(String::new(), |am| {
            format!(
                "alerting: {{ alertmanagers: [ {{ static_configs: [ {{ targets: ['{}'] }} ] }} ] }}\n",
                am.address()
            )
        });
        let config = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\n\
             rule_files: [ rules.yaml ]\n{alerting}\
             scrape_configs:\n\
             - job_name: kube-state-metrics\n\
             \x20 honor_labels: {honor_labels}\n\
             \x20 static_configs:\n\
             \x20 - targets: ['{}']\n\
             \x20   labels: {{ namespace: monitoring, pod: kube-state-metrics-0, container: ksm, service: kube-state-metrics }}\n",
            scraped.address
        );
        Self::start(folder, &config).await
    }

    /// Holds only what `history` says, as if it had been scraped at those times.
    pub(crate) async fn remembering(history: &History) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let text = folder.path().join("history.txt");
        fs::write(&text, format!("{}# EOF\n", history.0)).expect("written");
        promtool(
            &["tsdb", "create-blocks-from", "openmetrics"],
            &[&text, &folder.path().join("data")],
        );
        Self::start(folder, "global: {}\n").await
    }

    async fn start(folder: TempDir, config: &str) -> Self {
        fs::write(folder.path().join("prometheus.yml"), config).expect("written");
        let arguments =
            ["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--log.level=warn"];
        let mut process = Process::start("prometheus", "prometheus", folder, &arguments);
        process.ready().await;
        Self(process)
    }

    /// Its base URL.
    pub(crate) fn url(&self) -> String {
        self.0.url()
    }
}

/// Runs promtool on files; panics with what it says if it is not content.
pub(crate) fn promtool(arguments: &[&str], files: &[&Path]) {
    run("promtool", "prometheus", arguments, files);
}

fn run(program: &str, package: &str, arguments: &[&str], files: &[&Path]) {
    let output =
        Command::new(program).args(arguments).args(files).output().unwrap_or_else(|e| {
            panic!("{program}: {e}; apt-get install {package}, or run tests/run")
        });
    let said = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success(),
        "{program} {arguments:?}:\n{}",
        String::from_utf8_lossy(&said)
    );
}

/// A real Alertmanager that sends everything to one webhook, at once.
pub(crate) struct RealAlertmanager(Process);

impl RealAlertmanager {
    /// Sends to `url`, with `http_config` (YAML in braces) if it needs credentials.
    pub(crate) async fn sending_to(url: &str, http_config: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = format!(
            "route: {{ receiver: firsthand, group_by: ['...'], group_wait: 0s, group_interval: 1s, repeat_interval: 1h }}\n\
             receivers:\n\
             - name: firsthand\n\
             \x20 webhook_configs: [ {{ url: '{url}', send_resolved: true, http_config: {http_config} }} ]\n\
             inhibit_rules:\n\
             - {{ source_matchers: [ alertname=KubeNodeNotReady ], target_matchers: [ severity=warning ], equal: [ node ] }}\n"
        );
        fs::write(folder.path().join("alertmanager.yml"), config).expect("written");
        let arguments = [
            "--config.file=alertmanager.yml",
            "--storage.path=data",
            "--cluster.listen-address=",
            "--log.level=warn",
        ];
        let package = "prometheus-alertmanager";
        let mut process = Process::start("prometheus-alertmanager", package, folder, &arguments);
        process.ready().await;
        Self(process)
    }

    /// `address:port`.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.0.port)
    }

    /// Its base URL.
    pub(crate) fn url(&self) -> String {
        self.0.url()
    }
}

/// A metrics endpoint whose text the test changes.
pub(crate) struct Scraped {
    /// `address:port`; the path is `/metrics`.
    pub(crate) address: String,
    text: Arc<Mutex<String>>,
}

impl Scraped {
    /// Serves `text` until it is changed.
    pub(crate) async fn serving(text: &str) -> Self {
        let text = Arc::new(Mutex::new(text.to_owned()));
        let page =
            async |State(text): State<Arc<Mutex<String>>>| text.lock().expect("whole").clone();
        let address =
            serve(Router::new().route("/metrics", get(page)).with_state(text.clone())).await;
        Self { address, text }
    }

    /// What is scraped from now on.
    pub(crate) fn set(&self, text: &str) {
        *self.text.lock().expect("whole") = text.to_owned();
    }
}

/// A webhook that keeps every body it is sent.
pub(crate) struct Heard {
    /// Where to send.
    pub(crate) url: String,
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Heard {
    /// Listens at `/alertmanager`.
    pub(crate) async fn listening() -> Self {
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let keep = async |State(bodies): State<Arc<Mutex<Vec<Vec<u8>>>>>,
                          body: axum::body::Bytes| {
            bodies.lock().expect("whole").push(body.to_vec());
        };
        let router = Router::new().route("/alertmanager", post(keep)).with_state(bodies.clone());
        Self { url: format!("http://{}/alertmanager", serve(router).await), bodies }
    }

    /// Everything sent so far.
    pub(crate) fn bodies(&self) -> Vec<Vec<u8>> {
        self.bodies.lock().expect("whole").clone()
    }
}

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Samples with their times, as Prometheus would have scraped them.
#[derive(Default)]
pub(crate) struct History(String);

/// Second 0 of every [`History`]: 2026-11-21T00:00:00Z.
pub(crate) const ZERO: i64 = 1_795_219_200;

impl History {
    /// `series`, scraped every 15 s from second `from` (after [`ZERO`]) on, with these values. All
    /// samples of one metric must be added one after the other, as OpenMetrics wants it.
    pub(crate) fn series(
        mut self,
        series: &str,
        from: i64,
        values: impl IntoIterator<Item = i64>,
    ) -> Self {
        for (i, value) in (0_i64..).zip(values) {
            self.0.push_str(&format!("{series} {value} {}\n", ZERO + from + 15 * i));
        }
        self
    }
}
