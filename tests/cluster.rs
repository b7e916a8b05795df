//! Stories on a real Kubernetes: the real daemon, with exactly the permissions that it ships with, says in
//! Slack what a real kubelet, registry, kube-state-metrics, Prometheus and Alertmanager made happen.
//!
//! `tests/cluster/up` brings the cluster up, as root; without it every story is reported as ignored, and
//! why. Each story has namespaces, a daemon and a Slack stand-in of its own, so all of them run at once;
//! `FIRSTHAND_SHOW=FOLDER` writes there what each channel said in the end.

#![expect(clippy::print_stderr, reason = "a skipped or failed story must say why")]

#[path = "cluster/lab/mod.rs"]
mod lab;
#[path = "cluster/stories/mod.rs"]
mod stories;

use std::process::{Command, ExitCode};
use std::sync::Arc;

use lab::Lab;
use libtest_mimic::{Arguments, Trial};
use stories::{ALL, Story};

/// Set for the process that runs inside the cluster's network.
const INSIDE: &str = "FIRSTHAND_CLUSTER_INSIDE";

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    if let Some(why) = lab::absent() {
        eprintln!("the stories on a real cluster are skipped: {why}");
        let ignored = |story: &Story| Trial::test(story.name, || Ok(())).with_ignored_flag(true);
        arguments.ignored = false;
        arguments.include_ignored = false;
        return libtest_mimic::run(&arguments, ALL.iter().map(ignored).collect()).exit_code();
    }
    if std::env::var_os(INSIDE).is_none() {
        return inside();
    }
    firsthand::tls::install();
    // They wait most of the time.
    arguments.test_threads.get_or_insert(ALL.len());
    let lab = if arguments.list { None } else { Some(Arc::new(Lab::open(ALL))) };
    let trials = ALL.iter().map(|story| {
        let lab = lab.clone();
        Trial::test(story.name, move || {
            lab.as_deref().map_or(Ok(()), |lab| lab.tell(story)).map_err(Into::into)
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// Runs this very program again, inside the cluster's network: only there the daemon, the Slack stand-in
/// and Alertmanager can reach each other.
fn inside() -> ExitCode {
    let program = std::env::current_exe().expect("this program's own path");
    let status = Command::new(lab::script("in"))
        .arg(program)
        .args(std::env::args_os().skip(1))
        .env(INSIDE, "yes")
        .status()
        .expect("tests/cluster/in");
    u8::try_from(status.code().unwrap_or(1)).unwrap_or(1).into()
}
