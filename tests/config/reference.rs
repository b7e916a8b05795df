//! The settings reference, generated from the doc comments of the settings.

use std::fmt::Write as _;
use std::path::Path;

use firsthand::config::{self, Settings};
use serde_json::Value;

/// Calls `see` with the path and the schema of every setting, in the order of the structs.
pub(crate) fn settings(schema: &Value, see: &mut dyn FnMut(&str, &Value)) {
    descend(schema, schema, "", see, 0);
}

fn descend(
    root: &Value,
    schema: &Value,
    path: &str,
    see: &mut dyn FnMut(&str, &Value),
    depth: usize,
) {
    // Routes hold routes; one level of them is enough to read.
    if depth > 6 || path.matches("routes[]").count() > 1 {
        return;
    }
    let schema = resolved(root, schema);
    if let Some(properties) = schema["properties"].as_object() {
        for (key, property) in properties {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            see(&path, property);
            descend(root, property, &path, see, depth + 1);
        }
    }
    if schema["items"].is_object() {
        descend(root, &schema["items"], &format!("{path}[]"), see, depth + 1);
    }
}

/// The schema behind `$ref`, and behind "this or nothing".
fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let schema = match schema["anyOf"].as_array() {
        Some(any) => any.iter().find(|it| it["type"] != "null").unwrap_or(schema),
        None => schema,
    };
    match schema["$ref"].as_str().and_then(|it| it.strip_prefix('#')) {
        Some(pointer) => root.pointer(pointer).unwrap_or(schema),
        None => schema,
    }
}

#[test]
fn the_settings_reference_is_fresh() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/settings.md");
    let page = page();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, &page).unwrap();
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(there == page, "docs/settings.md is stale: UPDATE=1 cargo test --test config");
}

/// The page: one table per section.
fn page() -> String {
    let schema = serde_json::to_value(config::schema()).unwrap();
    let defaults = serde_json::to_value(Settings::default()).unwrap();
    let mut page = String::from(
        "# Settings\n\n\
         Generated from the doc comments of the settings; rewritten by `UPDATE=1 cargo test --test config`.\n\n\
         One YAML file is laid over these defaults, and environment variables over both: `store.path` is\n\
         `FIRSTHAND__STORE__PATH`. Lists are set as a whole, and only in the file. Relative paths start at the\n\
         folder of the settings file. Durations are words: `15s`, `2m`, `1h 30m`. The same as a file to copy\n\
         from: [config/firsthand.yaml](../config/firsthand.yaml). `firsthand check --config FILE` names every\n\
         fault at once.\n",
    );
    let mut table = false;
    settings(&schema, &mut |path, setting| {
        let section = !path.contains(['.', '[']) && is_section(&schema, setting);
        let said = said(&schema, setting);
        if section {
            write!(page, "\n## `{path}`\n\n{said}\n").unwrap();
            page.push_str("\n| key | default | what it does |\n|---|---|---|\n");
            table = true;
        } else {
            if !table {
                page.push_str("\n| key | default | what it does |\n|---|---|---|\n");
                table = true;
            }
            let default = default_of(&defaults, path);
            writeln!(page, "| `{path}` | {default} | {} |", said.replace('|', "\\|")).unwrap();
        }
    });
    page
}

fn is_section(root: &Value, setting: &Value) -> bool {
    let schema = resolved(root, setting);
    schema["properties"].is_object() || schema["items"].is_object()
}

/// The doc comment, in one line.
fn said(root: &Value, setting: &Value) -> String {
    let own = setting["description"].as_str();
    let text = own.or(resolved(root, setting)["description"].as_str()).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The default as it would be written; empty for sections and for what has none.
fn default_of(defaults: &Value, path: &str) -> String {
    let mut value = defaults;
    for key in path.split('.') {
        match value.get(key) {
            Some(inner) => value = inner,
            None => return String::new(),
        }
    }
    match value {
        Value::Null | Value::Object(_) => String::new(),
        Value::String(text) => format!("`{}`", text.replace('|', "\\|")),
        Value::Array(items) if items.is_empty() => "`[]`".to_owned(),
        Value::Array(items) => {
            let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            format!("`{}`", items.join("`, `"))
        }
        other => format!("`{other}`"),
    }
}
