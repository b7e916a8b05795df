//! The metrics that the daemon exports: their page, and the names that others may ask for.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use firsthand::telemetry::Telemetry;
use firsthand::telemetry::events::{
    DeliveryParked, DeliveryRetry, LookDone, LookOutcome, TaskPanicked,
};
use regex::Regex;

use crate::fresh;

/// Name, kind, unit and help of every metric of our own.
fn all() -> Vec<(String, String, String)> {
    let telemetry = Telemetry::new(["oncall"]);
    // Families whose labels are not known before it happens.
    telemetry.emit(LookDone {
        subject: "shop/Deployment/web",
        outcome: LookOutcome::Complete,
        seconds: 0.1,
        api_calls: 1,
        redacted: 0,
        cause: Some(("oom-killed", "certain")),
    });
    let (receiver, why) = ("oncall", "timeout");
    telemetry.emit(DeliveryRetry { receiver, why, detail: "", after: Duration::ZERO });
    telemetry.emit(DeliveryParked { receiver, why, advice: "" });
    telemetry.emit(TaskPanicked { task: "web", message: "" });
    let page = telemetry.page();
    let line = Regex::new(r"(?m)^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)$").expect("a pattern");
    let found = line.captures_iter(&page);
    found
        .map(|it| (it[1].to_owned(), it[3].to_owned(), it[2].trim_end_matches('.').to_owned()))
        .collect()
}

/// Names of ours in a text of queries that are no metric's.
pub(crate) fn unknown(text: &str) -> Vec<String> {
    let mut known = BTreeSet::new();
    for (name, kind, _) in all() {
        let endings: &[&str] = match kind.as_str() {
            "counter" => &["_total"],
            "histogram" => &["_bucket", "_sum", "_count"],
            "info" => &["_info"],
            _ => &[""],
        };
        known.extend(endings.iter().map(|ending| name.clone() + ending));
    }
    // Not what a recorded rule is called: there a colon stands before.
    let named = Regex::new(r"(?:^|[^:\w])(firsthand_\w+)").expect("a pattern");
    let named: BTreeSet<String> = named.captures_iter(text).map(|it| it[1].to_owned()).collect();
    named.into_iter().filter(|name| !known.contains(name)).collect()
}

/// `docs/metrics.md`.
pub(crate) fn page() -> Result<(), String> {
    let mut made = String::from(
        "<!-- Made by `UPDATE=1 cargo test --test deploy` from what the daemon exports. -->\n\
         # Metrics\n\n\
         `GET /metrics`, as OpenMetrics text. Every series whose labels are known stands at zero from the start, so that\n\
         alerts can be written on it; no label is ever a pod's name. The rules are in [alerts/](../alerts/firsthand-alerts.yaml).\n\n\
         | metric | kind | what it says |\n|---|---|---|\n",
    );
    for (name, kind, help) in all() {
        let ending = match kind.as_str() {
            "counter" => "_total",
            "info" => "_info",
            _ => "",
        };
        _ = writeln!(made, "| `{name}{ending}` | {kind} | {help} |");
    }
    made.push_str(
        "\nNames and labels keep their meaning within a major version; a new one may be added at any time.\n",
    );
    fresh("docs/metrics.md", &made)
}
