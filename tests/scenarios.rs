//! Every folder of evidence under `tests/scenarios/` runs against the whole catalogue; its `expected.md`
//! is what the operator reads. `UPDATE=1 cargo test --test scenarios` rewrites those.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use firsthand::collect::dump;
use firsthand::diagnosis::{
    Certainty, Diagnosis, Evidence, Finding, Hypothesis, Proof, Scope, Source, diagnose,
};
use jiff::Timestamp;
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;
use similar::TextDiff;

fn main() {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let stories = folders(&root).into_iter().flat_map(|cause| folders(&cause));
    let trials = stories
        .map(|story| {
            let name = story.strip_prefix(&root).unwrap_or(&story).display().to_string();
            Trial::test(name, move || check(&story))
        })
        .chain(include_str!("pairs.txt").lines().filter(|line| !line.starts_with('#')).map(pair))
        .collect();
    libtest_mimic::run(&arguments, trials).exit();
}

/// Stories that look alike are told as different causes.
fn pair(line: &'static str) -> Trial {
    let (alike, stories) = line.split_once(": ").expect("what is alike: the stories");
    Trial::test(format!("told apart: {alike}"), move || {
        let mut causes = BTreeSet::new();
        for story in stories.split(", ") {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
            let evidence = dump::read(&root.join(story)).map_err(|error| error.to_string())?;
            let diagnosis = diagnose(&evidence, &Scope::Everything);
            // A victim is told after what it waits for.
            let told = diagnosis.findings.iter().map(|it| it.hypotheses[0].cause.clone());
            let cause =
                told.clone().find(|it| story.starts_with(it.as_str())).or(told.clone().next());
            let cause = cause.ok_or_else(|| format!("nothing is told of {story}"))?;
            if !causes.insert(cause.clone()) {
                return Err(format!("{story} is told as {cause}, as another one is").into());
            }
        }
        Ok(())
    })
}

/// The one place that knows the API: a folder in, what the operator reads out.
fn check(story: &Path) -> Result<(), Failed> {
    let evidence = dump::read(story).map_err(|error| Failed::from(error.to_string()))?;
    let diagnosis = diagnose(&evidence, &Scope::Everything);
    let mut shuffled = evidence.clone();
    shuffle(&mut shuffled);
    let found = render(&diagnosis);
    if found != render(&diagnose(&shuffled, &Scope::Everything)) {
        return Err("the order of the objects changes the diagnosis".into());
    }
    less_evidence_proves_no_more(&evidence, &diagnosis)?;
    quotes_are_verbatim(&diagnosis, &serde_json::to_string(&evidence)?)?;
    healthy_neighbours_change_nothing(&evidence, &diagnosis)?;
    let expected = story.join("expected.md");
    if std::env::var_os("UPDATE").is_some() {
        return std::fs::write(&expected, found).map_err(Into::into);
    }
    let wanted = std::fs::read_to_string(&expected).unwrap_or_default();
    if wanted == found {
        return Ok(());
    }
    let diff = TextDiff::from_lines(&wanted, &found).unified_diff().to_string();
    let command = "UPDATE=1 cargo test --test scenarios";
    Err(format!("{}\n{diff}\nif this is right: {command}", story.display()).into())
}

fn render(diagnosis: &Diagnosis) -> String {
    let mut text = String::new();
    let spots: Vec<String> =
        diagnosis.blind_spots.iter().map(|it| format!("{} ({})", it.source, it.why)).collect();
    for finding in &diagnosis.findings {
        finding_text(&mut text, finding, &spots);
    }
    if diagnosis.findings.is_empty() {
        let _ = writeln!(text, "cause: none\nblind spots: {}\n---", list(&spots));
        let names: Vec<String> = diagnosis.healthy.iter().map(|(it, _)| it.to_string()).collect();
        let _ = writeln!(text, "healthy: {}", list(&names));
    }
    text
}

fn finding_text(text: &mut String, finding: &Finding, spots: &[String]) {
    let best = &finding.hypotheses[0];
    let rivals: Vec<String> = finding.hypotheses[1..]
        .iter()
        .filter(|it| it.certainty == best.certainty)
        .map(|it| it.cause.clone())
        .collect();
    let because: Vec<String> = best.because.iter().map(proof_text).collect();
    let _ = writeln!(text, "cause: {} ({})", best.cause, best.certainty.word());
    let _ = writeln!(text, "because: {}", list(&because));
    let _ = writeln!(text, "rivals: {}", list(&rivals));
    let _ = writeln!(text, "blind spots: {}\n---", list(spots));
    let _ = writeln!(text, "{} {}: {}", finding.object, finding.predicate, best.summary);
    if let Some(since) = finding.since {
        let _ = writeln!(text, "since {since}; {}", finding.health.failing.join("; "));
    }
    if let Some(rollout) = &finding.rollout {
        let revision = |it: &Option<String>| it.clone().unwrap_or_else(|| "?".into());
        let (from, to) = (revision(&rollout.from_revision), revision(&rollout.to_revision));
        let word = |it: &Option<String>| it.clone().unwrap_or_else(|| "nothing".into());
        let changes = rollout.changes.iter();
        let changes: Vec<String> = changes
            .map(|it| format!("{} {} → {}", it.what, word(&it.from), word(&it.to)))
            .collect();
        let _ = writeln!(text, "changed {from} → {to}: {}", list(&changes));
    }
    for choice in &finding.next {
        let _ =
            writeln!(text, "{}: {}", choice.label, choice.command.as_ref().unwrap_or(&choice.text));
    }
    for avoid in &finding.avoid {
        let _ = writeln!(text, "avoid: {avoid}");
    }
    for unknown in &finding.unknown {
        let _ = writeln!(text, "unknown: {unknown}");
    }
}

fn proof_text(proof: &Proof) -> String {
    match &proof.quote {
        Some(quote) => format!("{} `{quote}`", proof.fact),
        None => proof.fact.clone(),
    }
}

fn list(items: &[String]) -> String {
    if items.is_empty() { "none".into() } else { items.join(", ") }
}

/// No invention: what is quoted stands in the evidence, letter by letter.
fn quotes_are_verbatim(diagnosis: &Diagnosis, evidence: &str) -> Result<(), Failed> {
    let quotes = diagnosis.findings.iter().flat_map(|it| &it.hypotheses).flat_map(quotes_of);
    for quote in quotes {
        let escaped = serde_json::to_string(quote)?;
        if !evidence.contains(escaped.trim_matches('"')) {
            return Err(format!("quoted, but not in the evidence: {quote}").into());
        }
    }
    Ok(())
}

fn quotes_of(hypothesis: &Hypothesis) -> impl Iterator<Item = &String> {
    hypothesis.because.iter().chain(&hypothesis.against).filter_map(|it| it.quote.as_ref())
}

/// A source that cannot be read never makes another cause certain, and nothing that is taken away makes
/// the diagnosis fail.
fn less_evidence_proves_no_more(evidence: &Evidence, full: &Diagnosis) -> Result<(), Failed> {
    let all = serde_json::to_value(evidence)?;
    let proved = |it: &Diagnosis| -> Vec<String> {
        let best = it.findings.iter().filter_map(|it| it.hypotheses.first());
        best.filter(|it| it.certainty == Certainty::Certain).map(|it| it.cause.clone()).collect()
    };
    let known: Vec<String> = full
        .findings
        .iter()
        .flat_map(|it| &it.hypotheses)
        .filter(|it| it.certainty == Certainty::Certain)
        .map(|it| it.cause.clone())
        .collect();
    for source in all.as_object().into_iter().flatten().map(|(name, _)| name) {
        let mut less = all.clone();
        let Some(items) = less[source].get("read").and_then(|it| it.as_array()).cloned() else {
            continue;
        };
        for at in 0..items.len() {
            let mut fewer = less.clone();
            fewer[source]["read"].as_array_mut().map(|items| items.remove(at));
            diagnose(&serde_json::from_value(fewer)?, &Scope::Everything);
        }
        less[source] = serde_json::json!({"unavailable": "forbidden"});
        let blind = diagnose(&serde_json::from_value(less)?, &Scope::Everything);
        if let Some(new) = proved(&blind).into_iter().find(|cause| !known.contains(cause)) {
            return Err(format!("without {source}, {new} becomes certain").into());
        }
    }
    Ok(())
}

/// Other teams' namespaces, with all the scars that healthy ones have, change no verdict.
fn healthy_neighbours_change_nothing(evidence: &Evidence, alone: &Diagnosis) -> Result<(), Failed> {
    static NOISE: LazyLock<Evidence> = LazyLock::new(noise);
    let mut among = evidence.clone();
    among.extend(NOISE.clone());
    // The clock is the story's own.
    among.taken_at = evidence.taken_at;
    let among = diagnose(&among, &Scope::Everything);
    let verdicts = |it: &Diagnosis| -> BTreeSet<String> {
        let own = it.findings.iter().filter(|it| !it.object.namespace.starts_with(NEIGHBOUR));
        own.map(|it| {
            let best = &it.hypotheses[0];
            format!("{}: {} ({})", it.object, best.cause, best.certainty.word())
        })
        .collect()
    };
    let (before, after) = (verdicts(alone), verdicts(&among));
    if before != after {
        return Err(format!("among healthy neighbours {before:?} becomes {after:?}").into());
    }
    Ok(())
}

/// What the namespaces of the noise are called.
const NEIGHBOUR: &str = "neighbour-";

/// All healthy stories in one cluster, each in namespaces of its own.
fn noise() -> Evidence {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/healthy");
    let stories = folders(&root).into_iter().enumerate();
    let mut all = Evidence { taken_at: Timestamp::MIN, ..Evidence::default() };
    for (number, story) in stories {
        let evidence = dump::read(&story).expect("a healthy story");
        let mut value = serde_json::to_value(&evidence).expect("evidence as JSON");
        // Nodes belong to the story that is told.
        value["nodes"] = serde_json::json!({ "read": [] });
        move_away(&mut value, &format!("{NEIGHBOUR}{number}-"));
        all.extend(serde_json::from_value(value).expect("evidence again"));
    }
    all
}

fn move_away(value: &mut Value, before: &str) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                match field {
                    Value::String(name) if key == "namespace" => name.insert_str(0, before),
                    other => move_away(other, before),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| move_away(item, before)),
        _ => {}
    }
}

/// The same evidence in another order.
fn shuffle(evidence: &mut Evidence) {
    use Source::Read;
    if let Read(pods) = &mut evidence.pods {
        pods.reverse();
    }
    if let Read(events) = &mut evidence.events {
        events.reverse();
    }
    if let Read(sets) = &mut evidence.replica_sets {
        sets.reverse();
    }
    evidence.logs.reverse();
}

fn folders(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|it| it.path()).filter(|it| it.is_dir()).collect();
    found.sort();
    found
}
