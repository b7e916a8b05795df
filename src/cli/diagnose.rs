//! `firsthand diagnose`: what is wrong here?

use std::collections::BTreeSet;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::bail;
use serde_json::json;

use super::Outcome;
use crate::brief;
use crate::collect;
use crate::daemon;
use crate::diagnosis::{Diagnosis, Evidence, ObjectRef, Scope, World, diagnose};
use crate::incident::Incident;
use crate::ledger::Ledger;

/// Arguments of `diagnose`.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Examples:\n  firsthand diagnose -n shop\n  firsthand diagnose -n shop \
                             deploy/checkout\n  firsthand diagnose --dump ./dump -o json"
)]
pub struct Args {
    /// The namespace to look at; where it is left out that of the kubeconfig's context, with --dump all
    #[arg(long, short, value_name = "NS")]
    namespace: Option<String>,
    /// One workload: checkout, deployment/checkout, deploy/checkout, pod/checkout-67cb7-85lnb
    #[arg(value_name = "WORKLOAD")]
    workload: Option<String>,
    /// Look at a folder written by firsthand dump, or kubectl cluster-info dump --output-directory=DIR
    #[arg(long, value_name = "DIR", conflicts_with_all = ["config", "kubeconfig", "context"])]
    dump: Option<PathBuf>,
    /// How to print the answer
    #[arg(long, short, value_enum, default_value_t)]
    output: Output,
    /// How the cluster is reached
    #[command(flatten)]
    reach: super::Reach,
}

/// How the answer is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    /// For people.
    #[default]
    Text,
    /// For programs: firsthand/diagnosis/v1.
    Json,
    /// For tickets.
    Markdown,
    /// Blocks, as Slack takes them.
    Slack,
}

/// Somebody waits at a terminal and asks once: more may be asked than during a storm of incidents.
const PATIENCE: Duration = Duration::from_secs(15);
const CALLS: u32 = 150;
const PODS_WITH_LOGS: usize = 12;

/// What was seen, and what it cost.
struct Seen {
    evidence: Evidence,
    calls: Option<u32>,
}

/// Looks, and prints what is wrong, best proved first; or that nothing is.
pub(super) async fn run(mut args: Args, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    let began = Instant::now();
    if args.dump.is_none() && args.namespace.is_none() {
        args.namespace = Some(args.reach.namespace().await?);
    }
    let namespace = args.namespace.as_deref();
    let named = args.workload.as_deref().map(Named::parse).transpose()?;
    let seen = match &args.dump {
        Some(dir) => Seen { evidence: collect::dump::read(dir)?, calls: None },
        None => look(&args, named.as_ref()).await?,
    };
    let scope = scope(&seen.evidence, namespace, named.as_ref())?;
    let diagnosis = diagnose(&seen.evidence, &scope);
    if diagnosis.findings.is_empty() && diagnosis.healthy.is_empty() {
        bail!("{}", nothing_seen(&seen.evidence, namespace, named.as_ref()));
    }
    if args.dump.is_none() && args.output == Output::Text {
        write!(out, "{}", told_already(&args).await.unwrap_or_default())?;
    }
    print(&args, &diagnosis, &seen, began.elapsed(), out)?;
    Ok(if diagnosis.findings.is_empty() { Outcome::Fine } else { Outcome::Found })
}

/// The open incidents of the namespace, where the daemon's store can be read from here. Whoever asks what is
/// wrong should know first what is being worked on already.
async fn told_already(args: &Args) -> anyhow::Result<String> {
    let settings = args.reach.settings()?;
    if !settings.store.path.exists() {
        return Ok(String::new());
    }
    let namespace = args.namespace.as_deref();
    let open = Ledger::open_to_read(&settings.store.path).await?.open_incidents().await?;
    let mine = |incident: &Incident| {
        let there = incident.subject.object.as_ref().map(|object| object.namespace.as_str());
        incident.is_told()
            && incident.subject.cluster == settings.cluster.name
            && there == namespace
    };
    let open: Vec<Incident> = open.into_iter().filter(mine).collect();
    if open.is_empty() {
        return Ok(String::new());
    }
    let rules = settings.incident.clone();
    let context = brief::Context { rules, ..brief::Context::at(jiff::Timestamp::now()) };
    Ok(format!("open incidents\n{}\n", brief::records::list(&open, &context)))
}

async fn look(args: &Args, named: Option<&Named>) -> anyhow::Result<Seen> {
    let namespace = args.namespace.as_deref().unwrap_or_default();
    let mut settings = args.reach.settings()?;
    settings.collect.deadline = settings.collect.deadline.max(PATIENCE);
    settings.collect.calls = settings.collect.calls.max(CALLS);
    settings.collect.pods_with_logs = settings.collect.pods_with_logs.max(PODS_WITH_LOGS);
    let collector = daemon::collector(&settings).await?;
    let (evidence, calls) = match named {
        Some(Named { kind: Some(kind), name }) => {
            collector
                .counted_subject(&ObjectRef::new(kind.as_str(), namespace, name.as_str()))
                .await
        }
        _ => collector.namespace(namespace).await,
    };
    Ok(Seen { evidence, calls: Some(calls) })
}

/// A workload as people type it.
#[derive(Debug, PartialEq)]
struct Named {
    kind: Option<String>,
    name: String,
}

impl Named {
    fn parse(typed: &str) -> anyhow::Result<Self> {
        let Some((kind, name)) = typed.split_once('/') else {
            return Ok(Self { kind: None, name: typed.to_owned() });
        };
        // A custom kind is written as Kubernetes writes it: `Rollout/checkout`.
        let kind = match kind.split('.').next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "deployment" | "deployments" | "deploy" => "Deployment",
            "statefulset" | "statefulsets" | "sts" => "StatefulSet",
            "daemonset" | "daemonsets" | "ds" => "DaemonSet",
            "replicaset" | "replicasets" | "rs" => "ReplicaSet",
            "pod" | "pods" | "po" => "Pod",
            "job" | "jobs" => "Job",
            "cronjob" | "cronjobs" | "cj" => "CronJob",
            _ if kind.starts_with(|c: char| c.is_ascii_uppercase()) => kind,
            _ => {
                bail!("{kind:?} is no kind of workload; write deployment/NAME, sts/NAME, pod/NAME")
            }
        };
        Ok(Self { kind: Some(kind.to_owned()), name: name.to_owned() })
    }

    fn is(&self, object: &ObjectRef) -> bool {
        self.name == object.name && self.kind.as_ref().is_none_or(|kind| object.kind == **kind)
    }
}

fn scope(
    evidence: &Evidence,
    namespace: Option<&str>,
    named: Option<&Named>,
) -> anyhow::Result<Scope> {
    let Some(named) = named else {
        let all = namespace.map(|namespace| Scope::Namespace(namespace.to_owned()));
        return Ok(all.unwrap_or(Scope::Everything));
    };
    let within = |object: &ObjectRef| namespace.is_none_or(|it| it == object.namespace);
    let world = World::new(evidence);
    let pods = evidence.pods.items().iter().map(|pod| {
        let text = |it: &Option<String>| it.clone().unwrap_or_default();
        ObjectRef::new("Pod", text(&pod.metadata.namespace), text(&pod.metadata.name))
    });
    let all = world.workloads().cloned().chain(pods);
    let found: BTreeSet<_> = all.filter(|object| named.is(object) && within(object)).collect();
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(Scope::Workload(one)),
        // A bare pod is a workload and a pod; only that is the same.
        (Some(one), Some(other)) => {
            bail!("there are {one} and {other}; say which, as in {}", one.kubectl())
        }
        (None, _) => match (namespace, &named.kind) {
            // It may be gone, or be known by its pods only.
            (Some(space), Some(kind)) => {
                Ok(Scope::Workload(ObjectRef::new(kind.as_str(), space, named.name.as_str())))
            }
            _ => bail!("{}", nothing_seen(evidence, namespace, Some(named))),
        },
    }
}

/// Why there is no answer.
fn nothing_seen(evidence: &Evidence, namespace: Option<&str>, named: Option<&Named>) -> String {
    if let (Some(why), Some(_)) = (evidence.pods.unavailable(), evidence.deployments.unavailable())
    {
        return format!("cannot see any workload: {why}");
    }
    let place = namespace.map(|it| format!(" in namespace {it}")).unwrap_or_default();
    let Some(named) = named else {
        return format!(
            "there is no workload{place}; is it spelled as kubectl get namespaces has it"
        );
    };
    let world = World::new(evidence);
    let within = world.workloads().filter(|it| namespace.is_none_or(|space| space == it.namespace));
    let names: BTreeSet<&str> = within.map(|it| it.name.as_str()).collect();
    let near = names.iter().max_by(|a, b| {
        let like = |it: &str| strsim::jaro_winkler(it, &named.name);
        like(a).total_cmp(&like(b))
    });
    match near {
        Some(near) => format!("there is no {}{place}; the nearest name is {near}", named.name),
        None => format!("there is no {}{place}, nor any other workload", named.name),
    }
}

fn print(
    args: &Args,
    diagnosis: &Diagnosis,
    seen: &Seen,
    took: Duration,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let at = seen.evidence.taken_at;
    let namespace = args.namespace.as_deref();
    match args.output {
        Output::Text => {
            let options = brief::text::Options {
                namespace: args.namespace.clone(),
                workload: args.workload.clone(),
                took: Some(took),
                api_calls: seen.calls,
                colour: std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
            };
            write!(out, "{}", brief::text::diagnosis(diagnosis, at, &options))?;
        }
        Output::Json => {
            let form = brief::json::diagnosis(diagnosis, at);
            writeln!(out, "{}", serde_json::to_string_pretty(&form)?)?;
        }
        Output::Markdown => {
            write!(out, "{}", brief::markdown::diagnosis(diagnosis, at, namespace))?;
        }
        Output::Slack => {
            let message = brief::slack::diagnosis(diagnosis, at, namespace);
            let body = json!({ "text": message.text, "blocks": message.blocks });
            writeln!(out, "{body:#}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workloads_are_named_as_kubectl_takes_them() {
        let named = |typed| Named::parse(typed).map(|it| (it.kind, it.name)).map_err(drop);
        let of = |kind: &str| Ok((Some(kind.to_owned()), "web".to_owned()));
        assert_eq!(named("web"), Ok((None, "web".into())));
        assert_eq!(named("deploy/web"), of("Deployment"));
        assert_eq!(named("deployments.apps/web"), of("Deployment"));
        assert_eq!(named("sts/web"), of("StatefulSet"));
        assert_eq!(named("Rollout/web"), of("Rollout"));
        assert_eq!(named("gibberish/web"), Err(()));
    }
}
