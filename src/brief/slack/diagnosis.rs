//! A diagnosis as one Slack message, for `diagnose -o slack`.

use jiff::Timestamp;

use super::{Message, Piece, blocks, cause, changed, fit::Blocks, hurt, labelled, next, rich};
use crate::brief::found::{self, Found};
use crate::brief::plain;
use crate::diagnosis::Diagnosis;

/// How many findings one message shows in full; the others are named.
const IN_FULL: usize = 3;

/// What is wrong, ranked. `namespace` is what was asked about; `None`: everything.
pub fn diagnosis(diagnosis: &Diagnosis, taken_at: Timestamp, namespace: Option<&str>) -> Message {
    let mut out = Blocks::new("d");
    let title = title(diagnosis, namespace);
    out.must(blocks::header(&title));
    for (rank, finding) in (0..).zip(diagnosis.findings.iter().take(IN_FULL)) {
        let words = Found::of(finding, taken_at);
        let name = found::named(&finding.object, namespace);
        let about = [Some(words.kind.clone()), words.since.clone()].into_iter().flatten();
        let about = about.collect::<Vec<_>>().join(", ");
        let head = format!("{} {name} {} ", words.severity.word(), words.predicate);
        // What matters least goes first where not all fit: the last finding's details.
        let ease = |detail: u8| rank * 8 + detail;
        out.push(ease(1), rich(vec![blocks::line(&[Piece::Bold(&head), Piece::Text(&about)])]));
        out.push(ease(3), hurt("Hurt", &words.hurt));
        out.push(ease(2), cause(&words.cause));
        out.push(ease(4), words.changed.as_ref().map_or(serde_json::Value::Null, changed));
        out.push(ease(5), next(&words.next));
        out.push(ease(6), labelled("Avoid ", &words.avoid));
    }
    let more: Vec<_> = diagnosis
        .findings
        .iter()
        .skip(IN_FULL)
        .take(30)
        .map(|f| found::named(&f.object, namespace))
        .collect();
    let unnamed = diagnosis.findings.len().saturating_sub(IN_FULL + more.len());
    let rest = if unnamed > 0 { format!(" and {unnamed} more") } else { String::new() };
    if !more.is_empty() {
        out.push(1, labelled("Also ", &[format!("{}{rest}", more.join(", "))]));
    }
    if let ([], [(_, health)]) = (diagnosis.findings.as_slice(), diagnosis.healthy.as_slice()) {
        let lines = found::checklist(health);
        let lines = lines
            .iter()
            .map(|(holds, words)| format!("{} {words}", if *holds { "✓" } else { "✗" }));
        out.push(1, rich(vec![blocks::literal("", &lines.collect::<Vec<_>>().join("\n"))]));
    }
    let blind = found::blind(&diagnosis.blind_spots);
    let seen = format!("evidence {}", crate::brief::clock::time(taken_at, taken_at));
    out.must(blocks::context(&blind.into_iter().chain([seen]).collect::<Vec<_>>().join(" · ")));
    Message { text: blocks::escaped(&title, 1_000), blocks: out.fitted() }
}

fn title(diagnosis: &Diagnosis, namespace: Option<&str>) -> String {
    let place = plain::short(namespace.unwrap_or("cluster"), 63);
    match (diagnosis.findings.as_slice(), diagnosis.healthy.as_slice()) {
        ([], [(object, health)]) if diagnosis.starting().next().is_some() => {
            let name = found::named(object, namespace);
            format!("{name} is still starting: {}", health.pods_ready())
        }
        ([], healthy) if diagnosis.starting().next().is_some() => format!(
            "{place}: nothing is known to be wrong; {} of {} still starting",
            diagnosis.starting().count(),
            plain::counted(healthy.len(), "workload", "workloads")
        ),
        ([], [(object, _)]) => format!("{} is healthy", found::named(object, namespace)),
        ([], healthy) => format!(
            "{place}: nothing is wrong with {}",
            plain::counted(healthy.len(), "workload", "workloads")
        ),
        ([one], _) => {
            format!("{} {}", found::named(&one.object, namespace), plain::short(&one.predicate, 60))
        }
        (several, healthy) => {
            let all = plain::counted(several.len() + healthy.len(), "workload", "workloads");
            format!("{place}: {} of {all} have something wrong", several.len())
        }
    }
}
