//! The rules of `alerts/`: promtool and amtool have nothing against them, and each is tested both ways.

use std::collections::BTreeMap;
use std::process::Command;

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::{root, text};

const RULES: &str = "alerts/firsthand-alerts.yaml";
const TESTS: [&str; 2] =
    ["alerts/firsthand-alerts.test.yaml", "alerts/firsthand-alerts.slow.test.yaml"];
const SNIPPET: &str = "alerts/alertmanager.yaml";

type Check = fn() -> Result<(), String>;

pub(crate) fn trials() -> Vec<Trial> {
    let all: [(&str, Check); 5] = [
        ("promtool tests the rules", promtool),
        ("every rule fires and ends in a test", both_ways),
        ("every rule's runbook is a page", runbooks),
        ("rules ask for metrics that there are", metrics),
        ("amtool takes the snippet, and Firsthand's own alerts pass it by", amtool),
    ];
    all.into_iter()
        .map(|(name, check)| Trial::test(name, move || check().map_err(Failed::from)))
        .collect()
}

fn promtool() -> Result<(), String> {
    run("promtool", &["check", "rules", "--lint=all", "--lint-fatal", RULES])?;
    run("promtool", &[&["test", "rules"], &TESTS[..]].concat()).map(|_| ())
}

/// What it says.
fn run(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).current_dir(root("")).args(arguments).output();
    let output = output.map_err(|error| format!("{program}: {error}; tests/run installs it"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.success() {
        true => Ok(said),
        false => Err(said + &String::from_utf8_lossy(&output.stderr)),
    }
}

fn yaml(path: &str) -> Result<Value, String> {
    serde_saphyr::from_str(&text(path)?).map_err(|error| format!("{path}: {error}"))
}

/// Every rule with an alert's name, by it.
fn alerts() -> Result<BTreeMap<String, Value>, String> {
    let groups = yaml(RULES)?;
    let rules = groups["groups"].as_array().into_iter().flatten();
    let rules = rules.flat_map(|group| group["rules"].as_array().into_iter().flatten());
    let named = rules.filter_map(|rule| Some((rule["alert"].as_str()?.to_owned(), rule.clone())));
    Ok(named.collect())
}

fn both_ways() -> Result<(), String> {
    let tests: Vec<Value> = TESTS.into_iter().map(yaml).collect::<Result<_, _>>()?;
    // Whether some test saw it fire, and some other not.
    let mut seen: BTreeMap<String, (bool, bool)> = BTreeMap::new();
    let cases = tests.iter().flat_map(|file| file["tests"].as_array().into_iter().flatten());
    for asked in cases.flat_map(|case| case["alert_rule_test"].as_array().into_iter().flatten()) {
        let fires = asked["exp_alerts"].as_array().is_some_and(|it| !it.is_empty());
        let (fired, quiet) =
            seen.entry(asked["alertname"].as_str().unwrap_or("").into()).or_default();
        *fired |= fires;
        *quiet |= !fires;
    }
    let alerts = alerts()?;
    let half: Vec<&String> =
        alerts.keys().filter(|it| seen.get(*it) != Some(&(true, true))).collect();
    if half.is_empty() { Ok(()) } else { Err(format!("not tested both ways: {half:?}")) }
}

fn runbooks() -> Result<(), String> {
    let mut wrong = Vec::new();
    for (name, rule) in alerts()? {
        let page = rule["annotations"]["runbook_url"].as_str().unwrap_or_default();
        let (file, heading) = page.split_once('#').unwrap_or((page, ""));
        let there = text(file).unwrap_or_default();
        let named = there.lines().any(|line| line == format!("## {name}"));
        if there.is_empty() || !(heading.is_empty() || named && heading == name.to_lowercase()) {
            wrong.push(format!("{name}: {page:?} is no page"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn metrics() -> Result<(), String> {
    let unknown = crate::metrics::unknown(&text(RULES)?);
    if unknown.is_empty() { Ok(()) } else { Err(format!("not exported: {unknown:?}")) }
}

fn amtool() -> Result<(), String> {
    run("amtool", &["check-config", SNIPPET])?;
    let hears = |labels: &[&str]| {
        let asked = ["config", "routes", "test", "--config.file", SNIPPET];
        run("amtool", &[&asked[..], labels].concat()).map(|said| said.trim().to_owned())
    };
    let ways = [
        (&["alertname=FirsthandDown"][..], "yours"),
        (&["alertname=FirsthandDeliveriesLate", "severity=critical"][..], "yours"),
        (&["alertname=PodRestarting", "namespace=shop"][..], "firsthand"),
    ];
    for (labels, expected) in ways {
        let heard = hears(labels)?;
        if heard != expected {
            return Err(format!("{labels:?} goes to {heard:?} and not to {expected:?}"));
        }
    }
    Ok(())
}
