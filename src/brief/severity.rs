//! The severity matrix, as `firsthand explain severity` prints it.

use std::fmt::Write;

use serde_json::{Value, json};

use super::clock;
use crate::incident::route::Route;
use crate::incident::severity::Level;
use crate::incident::{Rules, Severity};

const LEVELS: [(Severity, &str); 4] = [
    (Severity::Sev1, "several things do not work for many"),
    (Severity::Sev2, "something does not work"),
    (Severity::Sev3, "redundancy is lost, or a batch run fails"),
    (Severity::Sev4, "nobody is hurt"),
];

/// The matrix for people. `route`: who hears, where settings were read.
pub fn explain_severity(rules: &Rules, route: Option<&Route>) -> String {
    let mut out = String::from("severity: how bad an incident is, and why\n\nWhat is hurt\n");
    for (severity, what) in impacts(rules) {
        let _ = writeln!(out, "  {}  {what}", severity.word());
    }
    out.push_str("\nWhat makes it one step worse\n");
    out.push_str("  - a critical alert: severity is critical, page, emergency, disaster or p1\n");
    let matrix = &rules.severity;
    let _ = writeln!(out, "  - a high tier of the workload: {}", list(&matrix.high_tiers));
    out.push_str(
        "  SEV1 only where a Service serves nobody, other workloads of the namespace fail too, and it is\n  \
         known to matter: by a critical alert, or by a high tier in production",
    );
    let _ = writeln!(out, " ({} in the name)", list(&matrix.production));
    out.push_str("\nHow bad it can be at most\n");
    for (most, words) in caps(rules) {
        let _ =
            writeln!(out, "  {}  in namespaces and clusters called {}", most.word(), list(&words));
    }
    let _ = writeln!(out, "  SEV3  where the tier is {}", list(&matrix.low_tiers));
    out.push_str("\nWhat each level means\n");
    for (severity, meaning) in LEVELS {
        let _ = writeln!(out, "  {}  {meaning}", severity.word());
        for line in asked(rules, severity) {
            let _ = writeln!(out, "        {line}");
        }
        if let Some(route) = route {
            let _ = writeln!(out, "        {}", heard(route, severity));
        }
    }
    let hold = clock::words(rules.severity_hold);
    let _ = writeln!(
        out,
        "\nIt rises at once, and falls when the lower one has held for {hold}. A rise is told in the thread,\n\
         and from SEV2 up in the channel as well. SEV1 and SEV2 get a checklist for who leads.\n\
         Every number and word is a setting: incident.severity."
    );
    out
}

/// The same as data.
pub fn explain_severity_json(rules: &Rules, route: Option<&Route>) -> Value {
    let levels = LEVELS.map(|(severity, meaning)| {
        let told = route.map(|route| receivers(route, severity));
        json!({
            "severity": severity, "meaning": meaning, "receivers": told,
            "level": rules.severity.levels.of(severity),
        })
    });
    json!({ "schema": "firsthand/severity/v1", "matrix": rules.severity, "levels": levels })
}

fn impacts(rules: &Rules) -> [(Severity, &'static str); 7] {
    let levels = &rules.severity.impact;
    [
        (levels.no_endpoint, "a Service has no serving endpoint"),
        (levels.no_ready_pod, "no pod is ready"),
        (levels.degraded, "fewer than half of the pods are ready"),
        (levels.redundancy, "at least half of the pods are ready, not all"),
        (levels.batch, "a Job or CronJob fails"),
        (levels.none, "nothing is seen to be hurt"),
        (levels.unseen, "the damage cannot be seen, and an alert fires"),
    ]
}

fn caps(rules: &Rules) -> Vec<(Severity, Vec<String>)> {
    let all = [Severity::Sev4, Severity::Sev3, Severity::Sev2].map(|most| {
        let words = rules.severity.at_most.iter().filter(|(_, at)| **at == most);
        (most, words.map(|(word, _)| word.clone()).collect::<Vec<_>>())
    });
    all.into_iter().filter(|(_, words)| !words.is_empty()).collect()
}

fn asked(rules: &Rules, severity: Severity) -> Vec<String> {
    let Level { update, remind } = rules.severity.levels.of(severity);
    let every = |pause: &std::time::Duration| (!pause.is_zero()).then(|| clock::words(*pause));
    let lines = [
        every(update)
            .map(|it| format!("stakeholders hear at least every {it}, where they are told")),
        every(remind).map(|it| format!("the thread says after {it} that it still fails")),
    ];
    lines.into_iter().flatten().collect()
}

/// Who hears of an incident of which nothing but its severity is known.
fn heard(route: &Route, severity: Severity) -> String {
    let told = receivers(route, severity);
    if told.is_empty() { "nobody is told".to_owned() } else { format!("told: {}", told.join(", ")) }
}

fn receivers(route: &Route, severity: Severity) -> Vec<String> {
    let labels = [("sev".to_owned(), severity.word().to_owned())].into();
    let hits = route.hits(&labels);
    let mut told = Vec::new();
    for hit in hits {
        let whom = hit.mentions.get(&severity).map_or(0, Vec::len);
        let mentions = match whom {
            0 => String::new(),
            1 => " (mentions 1)".to_owned(),
            n => format!(" (mentions {n})"),
        };
        told.push(format!("{}{mentions}", hit.receiver));
    }
    told.dedup();
    told
}

fn list(words: &[String]) -> String {
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}
