//! `firsthand route`: who would hear?

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Format, Outcome};
use crate::config::{self, Settings};
use crate::incident::route::{Step, Verdict};
use crate::incident::{Heard, Incident, SignalKind, hear};
use crate::intake;

/// Arguments of `route`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Labels are those of the alert and what Firsthand adds: cluster, namespace, kind, workload, team, cause,
sev (SEV1 to SEV4), state. A label that is not given counts as empty. Exit code: 1 when nobody would hear.

Example:
  firsthand route --config firsthand.yaml namespace=payments sev=SEV2")]
pub struct Args {
    /// Labels; beside an alert they overrule its own
    #[arg(value_name = "NAME=VALUE")]
    labels: Vec<String>,
    /// The body of an Alertmanager webhook, or - for standard input: asks for each alert in it
    #[arg(long, value_name = "FILE")]
    alert: Option<PathBuf>,
    /// The settings file
    #[arg(long, short, value_name = "FILE", default_value = "firsthand.yaml")]
    config: PathBuf,
    /// At which time, for routes with time intervals: 2026-11-21T02:11:00Z. Left out: now
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// How to print the answer
    #[arg(long, short, value_enum, default_value_t)]
    output: Format,
}

/// One thing that was asked about.
struct Question {
    /// The alert's name; empty for labels from the command line.
    name: String,
    labels: BTreeMap<String, String>,
}

/// Prints the way through the tree and who hears, for every question.
pub(super) fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    let settings = config::read(Some(&args.config), &super::environment())?;
    let given = given(&args.labels)?;
    let at = args.at.unwrap_or_else(Timestamp::now);
    let mut questions = match &args.alert {
        Some(file) => asked(&body(file)?, &settings, at)?,
        None => vec![Question { name: String::new(), labels: BTreeMap::new() }],
    };
    for question in &mut questions {
        question.labels.extend(given.clone());
    }
    let heard =
        |q: &Question| !settings.route.told_now(&q.labels, &settings.time_intervals, at).is_empty();
    let all = questions.iter().all(heard);
    match args.output {
        Format::Json => {
            let answers: Vec<_> = questions.iter().map(|q| as_data(q, &settings, at)).collect();
            writeln!(out, "{:#}", json!({ "schema": "firsthand/route/v1", "answers": answers }))?;
        }
        Format::Text => {
            for (index, question) in questions.iter().enumerate() {
                write!(
                    out,
                    "{}{}",
                    if index > 0 { "\n" } else { "" },
                    in_words(question, &settings, at)
                )?;
            }
        }
    }
    Ok(if all { Outcome::Fine } else { Outcome::Found })
}

fn given(labels: &[String]) -> anyhow::Result<BTreeMap<String, String>> {
    let read = |text: &String| match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => {
            Ok((name.to_owned(), value.trim_matches('"').to_owned()))
        }
        _ => bail!("{text:?} is no label; write it as in namespace=payments"),
    };
    labels.iter().map(read).collect()
}

fn body(file: &Path) -> anyhow::Result<Vec<u8>> {
    if file == Path::new("-") {
        let mut body = Vec::new();
        std::io::stdin().lock().read_to_end(&mut body).context("reading standard input")?;
        return Ok(body);
    }
    std::fs::read(file).with_context(|| format!("reading {}", file.display()))
}

/// The labels of every alert in a webhook body, as the incident that it opens would have them.
fn asked(body: &[u8], settings: &Settings, at: Timestamp) -> anyhow::Result<Vec<Question>> {
    let label = &settings.alertmanager.cluster_label;
    let said = intake::parse(body, &settings.cluster.name, label, at)?;
    let mut questions = Vec::new();
    for signal in &said.signals {
        let SignalKind::Alert(alert) = &signal.kind else { continue };
        let opened = match hear(None, signal, "FH-0", at, &settings.incident) {
            Heard::Decided(decision) => decision.incident,
            // One that has ended opens nothing; its labels are asked about all the same.
            Heard::Ignored(_) => {
                let mut incident = Incident::open("FH-0", signal.subject.clone(), at);
                incident.severity_reason.clear();
                incident
            }
        };
        let mut labels = alert.labels.clone();
        labels.extend(opened.labels());
        // Decided by looking, which nobody did.
        labels.remove("sev");
        labels.remove("cause");
        questions.push(Question { name: alert.name().to_owned(), labels });
    }
    if questions.is_empty() {
        bail!("the webhook holds no alert that opens an incident");
    }
    Ok(questions)
}

fn in_words(question: &Question, settings: &Settings, at: Timestamp) -> String {
    let labels: Vec<_> =
        question.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut lines = Vec::new();
    match question.name.as_str() {
        "" => lines.push(labels.join(" ")),
        name => lines.push(format!("{name}: {}", labels.join(" "))),
    }
    let steps = settings.route.steps(&question.labels);
    let (mark, what): (Vec<_>, Vec<_>) = steps.iter().map(|step| line(step, settings, at)).unzip();
    for ((step, mark), what) in steps.iter().zip(mark).zip(what) {
        lines.push(format!("  {}{mark} {what}", "  ".repeat(step.depth)));
    }
    let told = settings.route.told_now(&question.labels, &settings.time_intervals, at);
    lines.push(match told.as_slice() {
        [] => format!("nobody hears at {at:.0}"),
        told => format!("hears: {}", told.join(", ")),
    });
    if !question.labels.contains_key("sev") && asks_for(&steps, "sev") {
        lines.push(
            "sev is not given and counts as empty; add sev=SEV2 to see who hears then".into(),
        );
    }
    lines.join("\n") + "\n"
}

/// The mark of one step, and what it says.
fn line(step: &Step<'_>, settings: &Settings, at: Timestamp) -> (&'static str, String) {
    let route = step.route;
    let matchers = match route.matchers.is_empty() {
        true if step.depth == 0 => "route".to_owned(),
        true => format!("{} takes everything", step.path),
        false => route.matchers.to_string(),
    };
    let goes_on = if route.continues { ", and the next is asked" } else { "" };
    match &step.verdict {
        Verdict::Passes => ("✓", format!("{matchers}{goes_on}")),
        Verdict::Tells(who) if settings.time_intervals.mutes(route, at) => {
            ("✓", format!("{matchers} → {who}, but not at this time{goes_on}"))
        }
        Verdict::Tells(who) => ("✓", format!("{matchers} → {who}{goes_on}")),
        Verdict::Refuses(matcher) if *matcher == matchers => ("✗", matchers),
        Verdict::Refuses(matcher) => ("✗", format!("{matchers}: not {matcher}")),
        Verdict::NotAsked => ("·", format!("{matchers}: not asked")),
    }
}

/// Whether a route that was asked looks at this label.
fn asks_for(steps: &[Step<'_>], label: &str) -> bool {
    let begins = |matcher: &str| {
        matcher.strip_prefix(label).is_some_and(|rest| rest.starts_with(['=', '!']))
    };
    steps.iter().any(|step| step.route.matchers.to_string().split(", ").any(begins))
}

fn as_data(question: &Question, settings: &Settings, at: Timestamp) -> Value {
    let steps = settings.route.steps(&question.labels);
    let path: Vec<_> = steps
        .iter()
        .map(|step| {
            let (verdict, detail) = match &step.verdict {
                Verdict::Passes => ("passes", Value::Null),
                Verdict::Tells(who) => ("tells", json!(who)),
                Verdict::Refuses(matcher) => ("refuses", json!(matcher)),
                Verdict::NotAsked => ("not_asked", Value::Null),
            };
            json!({
                "route": step.path,
                "matchers": step.route.matchers,
                "verdict": verdict,
                "detail": detail,
                "continue": step.route.continues,
                "muted": settings.time_intervals.mutes(step.route, at),
            })
        })
        .collect();
    json!({
        "alert": (!question.name.is_empty()).then_some(&question.name),
        "labels": question.labels,
        "at": at,
        "path": path,
        "receivers": settings.route.told_now(&question.labels, &settings.time_intervals, at),
    })
}
