//! The daemon as a process of its own, and the settings that a story gives it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::kubectl;

/// A running daemon; it ends with this value.
#[derive(Debug)]
pub(crate) struct Daemon {
    process: Child,
    log: PathBuf,
}

impl Daemon {
    /// Runs the real program over the settings in `folder`.
    pub(crate) fn spawn(folder: &Path) -> Self {
        let log = folder.join("log");
        let file = File::options().append(true).create(true).open(&log).expect("a log");
        let process = Command::new(env!("CARGO_BIN_EXE_firsthand"))
            .args(["run", "--config"])
            .arg(folder.join("firsthand.yaml"))
            .env_remove("KUBECONFIG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .expect("the daemon starts");
        Self { process, log }
    }

    /// SIGKILL: no destructor, no flush, no goodbye.
    pub(crate) fn kill(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }

    /// Whether it ended by itself, which is never right.
    pub(crate) fn failed(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(Some(status)) if status.code().is_some())
    }

    /// The end of what it logged.
    pub(crate) fn log_end(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What the daemon of one story may see.
#[derive(Debug)]
pub(crate) struct Sees<'a> {
    /// The namespace, and those whose names begin with it.
    pub(crate) namespace: &'a str,
    /// Prometheus' address.
    pub(crate) prometheus: &'a str,
}

/// Writes the settings: the daemon of one story sees the metrics of its own namespaces only, and its
/// windows are short.
pub(crate) fn settings(
    folder: &Path,
    port: u16,
    sees: &Sees<'_>,
    slack: &str,
    account: (&str, &str),
) {
    std::fs::write(folder.join("token"), super::channel::TOKEN).expect("a token");
    std::fs::write(folder.join("kubeconfig"), kubeconfig(account)).expect("a kubeconfig");
    let channel = super::channel::CHANNEL;
    let Sees { namespace, prometheus } = sees;
    let text = format!(
        "listen: 127.0.0.1:{port}\n\
         store: {{ path: ./firsthand.db }}\n\
         cluster: {{ name: lab, kubeconfig: ./kubeconfig }}\n\
         prometheus:\n\
         \x20 url: {prometheus}\n\
         \x20 poll_interval: 5s\n\
         \x20 matchers: [ 'namespace=~\"{namespace}(-.+)?\"' ]\n\
         receivers:\n\
         \x20 - name: oncall\n\
         \x20   slack: {{ channel: {channel}, token_file: ./token, api_url: \"{slack}\" }}\n\
         incident:\n\
         \x20 recovery_window: 10s\n\
         \x20 max_recovery_window: 20s\n\
         \x20 ready_grace: 10s\n\
         \x20 look: {{ first: 2s, slowest: 5s, least: 1s }}\n"
    );
    std::fs::write(folder.join("firsthand.yaml"), text).expect("settings");
}

/// Access with a token of a ServiceAccount, as the daemon has it in a pod.
fn kubeconfig((space, account): (&str, &str)) -> String {
    let token = kubectl(&["-n", space, "create", "token", account, "--duration=2h"]);
    let jsonpath = |path: &str| {
        kubectl(&["config", "view", "--raw", "--flatten", "-o", &format!("jsonpath={path}")])
    };
    let server = jsonpath("{.clusters[0].cluster.server}");
    let authority = jsonpath("{.clusters[0].cluster.certificate-authority-data}");
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: lab\n\
         clusters: [ {{ name: lab, cluster: {{ server: \"{server}\", certificate-authority-data: {authority} }} }} ]\n\
         users: [ {{ name: firsthand, user: {{ token: {token} }} }} ]\n\
         contexts: [ {{ name: lab, context: {{ cluster: lab, user: firsthand }} }} ]\n",
        token = token.trim(),
    )
}
