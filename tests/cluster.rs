//! Stories on a real Kubernetes: the real daemon, with exactly the permissions that it ships with, says in
//! Slack what a real kubelet, registry, kube-state-metrics, Prometheus and Alertmanager made happen.
//!
//! `tests/cluster/up` brings the cluster up, as root; without it every story is reported as ignored, and
//! why. `FIRSTHAND_CLUSTER=mine` with `KUBECONFIG` takes the user's own instead (CONTRIBUTING.md). Each story has
//! namespaces, a daemon and a Slack stand-in of its own, so all of them run at once; two that wait for a quarter of
//! an hour are told with `FIRSTHAND_SLOW=1` only. `FIRSTHAND_SHOW=FOLDER` writes there what each channel said in the end.

#![expect(clippy::print_stderr, reason = "a skipped or failed story must say why")]

#[path = "cluster/lab/mod.rs"]
mod lab;
#[path = "cluster/stories/mod.rs"]
mod stories;

use std::process::{Command, ExitCode};
use std::sync::Arc;

use lab::{Lab, Target};
use libtest_mimic::{Arguments, Trial};
use stories::{ALL, FIGURES, Needs, SLOW, Story};

/// Set for the process that runs inside the cluster's network.
const INSIDE: &str = "FIRSTHAND_CLUSTER_INSIDE";

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    let target = match Target::find() {
        Ok(target) => target,
        Err(why) => {
            eprintln!("the stories on a real cluster are skipped: {why}");
            arguments.ignored = false;
            arguments.include_ignored = false;
            return libtest_mimic::run(&arguments, stories().iter().map(skipped).collect())
                .exit_code();
        }
    };
    if target.is_ours() && std::env::var_os(INSIDE).is_none() {
        return inside();
    }
    firsthand::tls::install();
    // They wait most of the time.
    arguments.test_threads.get_or_insert(stories().len());
    let whole = target.is_ours();
    let lab = if arguments.list { None } else { Some(Arc::new(Lab::open(target, stories()))) };
    let trials = stories().iter().map(|story| {
        if !whole && story.needs == Needs::Ours {
            eprintln!(
                "{} is skipped: it needs the node, registry or rules of our own cluster",
                story.name
            );
            return skipped(story);
        }
        if SLOW.contains(&story.name) && std::env::var_os("FIRSTHAND_SLOW").is_none() {
            eprintln!(
                "{} is left out: it takes a quarter of an hour (FIRSTHAND_SLOW=1)",
                story.name
            );
            return skipped(story);
        }
        let lab = lab.clone();
        Trial::test(story.name, move || {
            lab.as_deref().map_or(Ok(()), |lab| lab.tell(story)).map_err(Into::into)
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// What is to be told: the stories, or, with `FIRSTHAND_FIGURES=1`, the figures alone.
fn stories() -> &'static [Story] {
    if std::env::var_os("FIRSTHAND_FIGURES").is_some() { FIGURES } else { ALL }
}

/// A story that cannot be told here: reported as ignored, never as passed.
fn skipped(story: &Story) -> Trial {
    Trial::test(story.name, || Ok(())).with_ignored_flag(true)
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
