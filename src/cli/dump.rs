//! `firsthand dump`: the evidence of whole namespaces, redacted, in a folder.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};

use super::Outcome;
use crate::collect;
use crate::daemon;
use crate::diagnosis::Evidence;

/// Arguments of `dump`.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Write the evidence of a namespace to a folder, redacted, to be diagnosed or sent \
                  elsewhere.\n\nThe layout is that of kubectl cluster-info dump --output-directory. \
                  Passwords, tokens and the values of ConfigMaps are not in it, and Secrets are never read.",
    after_long_help = "Example:\n  firsthand dump -n shop ./dump"
)]
pub struct Args {
    /// A namespace; give it several times for several
    #[arg(long, short, value_name = "NS", required = true)]
    namespace: Vec<String>,
    /// The folder to write; made where it is not there, and refused where it holds anything
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Write into a folder that holds files already, and replace those of the same name
    #[arg(long)]
    force: bool,
    /// How the cluster is reached
    #[command(flatten)]
    reach: super::Reach,
}

/// A dump is taken once and read by others later: it may cost more than a look.
const PATIENCE: Duration = Duration::from_secs(60);
const CALLS: u32 = 1_000;
const PODS_WITH_LOGS: usize = 100;

/// Takes the evidence, writes it, and says on stderr what is in it and what is not.
pub(super) async fn run(args: Args, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    vacant(&args.dir, args.force)?;
    let mut settings = args.reach.settings()?;
    settings.collect.deadline = settings.collect.deadline.max(PATIENCE);
    settings.collect.calls = settings.collect.calls.max(CALLS);
    settings.collect.pods_with_logs = settings.collect.pods_with_logs.max(PODS_WITH_LOGS);
    let collector = daemon::collector(&settings).await?;
    let mut all: Option<Evidence> = None;
    for namespace in &args.namespace {
        let (evidence, calls) = collector.namespace(namespace).await;
        if let (Some(why), true) =
            (evidence.pods.unavailable(), evidence.deployments.read().is_none())
        {
            bail!("cannot see any workload of {namespace}: {why}");
        }
        tracing::info!(namespace, calls, redacted = evidence.redacted, "namespace read");
        match &mut all {
            None => all = Some(evidence),
            Some(all) => all.extend(evidence),
        }
    }
    let evidence = all.unwrap_or_default();
    collect::dump::write(&evidence, &args.dir)
        .with_context(|| format!("cannot write {}", args.dir.display()))?;
    writeln!(out, "{}", summary(&evidence, &args.dir))?;
    Ok(Outcome::Fine)
}

/// A folder of somebody's own files is not written into by accident.
fn vacant(dir: &Path, force: bool) -> anyhow::Result<()> {
    let holds = std::fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some());
    if holds && !force {
        bail!(
            "{} is not empty; name another folder, or give --force to write into it",
            dir.display()
        );
    }
    Ok(())
}

/// One line: what is in it, what was taken out, what could not be read.
fn summary(evidence: &Evidence, dir: &Path) -> String {
    let logs = evidence.logs.iter().filter(|log| log.text.read().is_some()).count();
    let taken_out = match evidence.redacted {
        0 => "nothing had to be taken out".to_owned(),
        1 => "1 value was taken out".to_owned(),
        n => format!("{n} values were taken out"),
    };
    format!(
        "{}: {} pods, {} events, {logs} logs; {taken_out}. Read it with: firsthand diagnose --dump {}",
        dir.display(),
        evidence.pods.items().len(),
        evidence.events.items().len(),
        dir.display()
    )
}
