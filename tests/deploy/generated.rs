//! What is made from the code: the roles, the schema of the values, the documents.

use std::fmt::Write as _;

use firsthand::collect::{PERMISSIONS, Permission};
use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::helm::CHART;
use crate::{fresh, text};

/// A check that needs no helm.
type Check = fn() -> Result<(), String>;

pub(crate) fn trials() -> Vec<Trial> {
    let all: [(&str, Check); 7] = [
        ("the roles are what the code reads", roles),
        ("the values' schema knows every setting", schema),
        ("the page of permissions is fresh", page),
        ("the chart's version is the program's", version),
        ("the chart holds the rules of alerts/", rules),
        ("the page of metrics is fresh", crate::metrics::page),
        ("the dashboard asks for metrics that there are", dashboard),
    ];
    all.into_iter()
        .map(|(name, check)| Trial::test(name, move || check().map_err(Failed::from)))
        .collect()
}

/// One rule per group and set of verbs; what belongs to no namespace in a rule of its own.
fn roles() -> Result<(), String> {
    let mut rules: Vec<(&str, Vec<&str>, Vec<String>)> = Vec::new();
    for (group, resource, verbs) in resources() {
        let alone = resource == "nodes";
        let found = rules.iter_mut().find(|(of, with, resources)| {
            *of == group && *with == verbs && !alone && resources[0] != "nodes"
        });
        match found {
            Some((_, _, resources)) => resources.push(resource),
            None => rules.push((group, verbs, vec![resource])),
        }
    }
    let mut made = String::from(
        "# Made by `UPDATE=1 cargo test --test deploy` from what the code reads; docs/permissions.md says why.\n",
    );
    for (group, verbs, resources) in rules {
        let group = if group.is_empty() { "\"\"" } else { group };
        let (resources, verbs) = (resources.join(", "), verbs.join(", "));
        _ = writeln!(
            made,
            "- apiGroups: [{group}]\n  resources: [{resources}]\n  verbs: [{verbs}]"
        );
    }
    fresh(&format!("{CHART}/files/permissions.yaml"), &made)
}

/// Every resource with its verbs, in the order of the list.
fn resources() -> Vec<(&'static str, String, Vec<&'static str>)> {
    let mut found: Vec<(&str, String, Vec<&str>)> = Vec::new();
    for permission in PERMISSIONS {
        let name = name(permission);
        match found.iter_mut().find(|it| it.0 == permission.group && it.1 == name) {
            Some((_, _, verbs)) => verbs.push(permission.verb),
            None => found.push((permission.group, name, vec![permission.verb])),
        }
    }
    for (_, _, verbs) in &mut found {
        verbs.sort_unstable();
    }
    found
}

fn name(permission: &Permission) -> String {
    match permission.subresource {
        "" => permission.resource.to_owned(),
        sub => format!("{}/{sub}", permission.resource),
    }
}

/// The part of the schema that is about `config` is the schema of the settings.
fn schema() -> Result<(), String> {
    let path = format!("{CHART}/values.schema.json");
    let mut values: Value = serde_json::from_str(&text(&path)?).map_err(|it| it.to_string())?;
    let mut settings = json!(firsthand::config::schema());
    let root = settings.as_object_mut().ok_or("no object")?;
    root.remove("$schema");
    let parts = root.remove("$defs").unwrap_or_default();
    let all = values["$defs"].as_object_mut().ok_or("no $defs")?;
    all.retain(|name, _| name.starts_with("chart."));
    all.insert("chart.settings".into(), settings);
    for (name, part) in parts.as_object().into_iter().flatten() {
        all.insert(name.clone(), part.clone());
    }
    let made = serde_json::to_string_pretty(&values).map_err(|it| it.to_string())?;
    fresh(&path, &(made + "\n"))
}

fn page() -> Result<(), String> {
    let mut made = String::from(
        "<!-- Made by `UPDATE=1 cargo test --test deploy` from the list that the code holds. -->\n\
         # Permissions\n\n\
         All that Firsthand ever asks of a cluster. No write verb, no watch, and no verb on Secrets at all; the\n\
         ServiceAccount of the chart has exactly this, in every namespace or, with `clusterWide: false`, in those that\n\
         are named. `firsthand check --live` asks for each of them and says what is lost.\n\n\
         | group | resource | verb | without it |\n|---|---|---|---|\n",
    );
    for permission in PERMISSIONS {
        let group = if permission.group.is_empty() { "core" } else { permission.group };
        let (name, verb, lost) = (name(permission), permission.verb, permission.lost);
        _ = writeln!(made, "| {group} | `{name}` | `{verb}` | {lost} |");
    }
    made.push_str(
        "\nA permission that is missing stops nothing: where it would have mattered the message names it as a blind\n\
         spot, and only what it would have shown is lost. Nodes belong to no namespace, so with `clusterWide: false`\n\
         they are not seen.\n\n\
         Whether a Secret exists is told by kube-state-metrics and by the kubelet's words, never by reading it. The values of ConfigMaps are dropped as soon as their keys are known. `check --live` also asks by\n\
         SelfSubjectAccessReview, which every authenticated account may do, and which is stored nowhere.\n",
    );
    fresh("docs/permissions.md", &made)
}

fn version() -> Result<(), String> {
    let chart = text(&format!("{CHART}/Chart.yaml"))?;
    let want = format!("\nappVersion: {}\n", env!("CARGO_PKG_VERSION"));
    if chart.contains(&want) { Ok(()) } else { Err(format!("no `{}`", want.trim())) }
}

/// helm reads nothing outside of the chart's folder.
fn rules() -> Result<(), String> {
    fresh(&format!("{CHART}/files/firsthand-alerts.yaml"), &text("alerts/firsthand-alerts.yaml")?)
}

/// Only for metrics that the daemon exports, and of a data source that the reader chooses.
fn dashboard() -> Result<(), String> {
    let path = format!("{CHART}/files/dashboard.json");
    let board: Value = serde_json::from_str(&text(&path)?).map_err(|it| it.to_string())?;
    let (mut queries, mut wrong) = (0, Vec::new());
    for panel in board["panels"].as_array().into_iter().flatten() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            queries += 1;
            wrong.extend(crate::metrics::unknown(target["expr"].as_str().unwrap_or_default()));
            if target["datasource"]["uid"] != "${datasource}" {
                wrong.push(format!("{}: a data source of its own", panel["title"]));
            }
        }
    }
    if queries == 0 {
        wrong.push("no query".to_owned());
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}
