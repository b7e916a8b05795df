//! What all stories share: the cluster, the daemon's permissions, the users' alert rules and the routes
//! from Alertmanager to each story's daemon.
//!
//! *Nothing here reaches the daemon but what its users have: settings, a kubeconfig and Slack.*

mod channel;
mod daemon;
mod house;
mod target;

use std::collections::BTreeMap;
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

pub(crate) use channel::Channel;
pub(crate) use house::House;
pub(crate) use target::Target;

use crate::stories::Story;

/// The namespace of the daemon's ServiceAccount; never that of an installation.
pub(crate) const SPACE: &str = "firsthand-stories";

/// How long the real parts may take for what they were asked, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(240);

/// A script of the cluster's.
pub(crate) fn script(name: &str) -> PathBuf {
    folder().join(name)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster")
}

/// A manifest of the stories, as it stands in its file.
pub(crate) fn manifest(name: &str) -> String {
    let path = folder().join("manifests").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The cluster, made ready for the stories.
#[derive(Debug)]
pub(crate) struct Lab {
    /// Which cluster it is.
    pub(crate) target: Target,
    /// Told apart from the runs before: `shop-3f2a`.
    run: String,
    /// Where each story's daemon listens.
    ports: BTreeMap<&'static str, u16>,
}

impl Lab {
    /// Puts the rules, the routes and the daemon's permissions in place.
    pub(crate) fn open(target: Target, stories: &'static [Story]) -> Self {
        let run = format!("{:04x}", std::process::id() & 0xffff);
        // Below the ports that connections are given: one of those could take a daemon's while it is away.
        let mut free =
            (20_000..30_000).filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
        let ports = stories.iter().map(|story| (story.name, free.next().expect("a free port")));
        let ports = ports.collect();
        let lab = Self { target, run, ports };
        apply(&[], &manifest("rbac.yaml"));
        if let Target::Ours(state) = &lab.target {
            std::fs::write(state.join("rules/lab.yaml"), manifest("rules.yaml")).expect("rules");
            std::fs::write(state.join("alertmanager.yml"), lab.routes(stories)).expect("routes");
            for port in [9090, 9093] {
                reload(port);
            }
        }
        lab
    }

    /// Tells one story from its beginning to its end.
    pub(crate) fn tell(&self, story: &'static Story) -> Result<(), String> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            runtime.block_on(async {
                let house = House::open(self, story).await;
                (story.tell)(house).await;
            });
        }));
        told.map_err(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                .unwrap_or_default()
        })
    }

    /// The namespace of a story.
    pub(crate) fn namespace(&self, story: &Story) -> String {
        format!("{}-{}", story.namespace, self.run)
    }

    /// Where the daemon of a story listens.
    pub(crate) fn port(&self, story: &Story) -> u16 {
        self.ports[story.name]
    }

    /// Alerts go to the daemon of the story whose namespace they name.
    fn routes(&self, stories: &[Story]) -> String {
        let mut routes = String::new();
        let mut receivers = String::from("receivers:\n- name: nobody\n");
        for story in stories {
            let (space, port) = (self.namespace(story), self.port(story));
            routes.push_str(&format!(
                "  - {{ receiver: {space}, matchers: [ 'namespace=\"{space}\"' ], continue: true }}\n"
            ));
            receivers.push_str(&format!(
                "- name: {space}\n  webhook_configs: [ {{ url: 'http://127.0.0.1:{port}/alertmanager' }} ]\n"
            ));
        }
        format!(
            "route:\n  receiver: nobody\n  group_by: [namespace, alertname]\n  group_wait: 1s\n  \
             group_interval: 5s\n  routes:\n{routes}{receivers}"
        )
    }
}

fn reload(port: u16) {
    let wget = Command::new("busybox")
        .args(["wget", "-q", "-O", "/dev/null", "--post-data", ""])
        .arg(format!("http://127.0.0.1:{port}/-/reload"))
        .output()
        .expect("busybox");
    assert!(wget.status.success(), "reload of {port}: {}", String::from_utf8_lossy(&wget.stderr));
}

/// What kubectl says; panics with its complaint.
pub(crate) fn kubectl(arguments: &[&str]) -> String {
    let done = Command::new("kubectl").args(arguments).stdin(Stdio::null()).output();
    let done = done.expect("kubectl");
    let complaint = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "kubectl {}: {complaint}", arguments.join(" "));
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// Applies a manifest that is at hand as text.
pub(crate) fn apply(arguments: &[&str], manifest: &str) {
    let mut process = Command::new("kubectl")
        .args(arguments)
        .args(["apply", "-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("kubectl");
    let mut into = process.stdin.take().expect("its input");
    into.write_all(manifest.as_bytes()).expect("kubectl reads");
    drop(into);
    let done = process.wait_with_output().expect("kubectl ends");
    let complaint = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "kubectl apply: {complaint}\n{manifest}");
}
