//! What differs between two pod templates and has no words of its own: told by its name in the
//! specification, so that "nothing else" is true where it is said.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::PodTemplateSpec;
use serde_json::{Map, Value};

use crate::diagnosis::Change;

/// The fields of a pod and of a container that are compared in words.
const OF_POD: [&str; 6] = [
    "containers",
    "initContainers",
    "volumes",
    "serviceAccountName",
    "serviceAccount",
    "imagePullSecrets",
];
const OF_CONTAINER: [&str; 14] = [
    "name",
    "image",
    "command",
    "args",
    "env",
    "envFrom",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "resources",
    "ports",
    "volumeMounts",
    "securityContext",
    "workingDir",
];

/// Fields whose words leave something out, with what their changes are called.
const SHORTENED: [(&str, &str); 8] = [
    ("env", "env"),
    ("envFrom", "env"),
    ("livenessProbe", "liveness probe"),
    ("readinessProbe", "readiness probe"),
    ("startupProbe", "startup probe"),
    ("resources", "resources"),
    ("ports", "ports"),
    ("volumeMounts", "mount"),
];

/// Characters of a value that are shown.
const LONGEST: usize = 120;

/// Labels and annotations that every revision has of its own, and that of `kubectl rollout restart`.
const OWN: [&str; 3] =
    ["pod-template-hash", "controller-revision-hash", "kubectl.kubernetes.io/restartedAt"];

/// Adds what differs and was not told yet.
pub(super) fn add(from: &PodTemplateSpec, to: &PodTemplateSpec, changes: &mut Vec<Change>) {
    let (Some(from), Some(to)) = (object(from), object(to)) else { return };
    for (field, word) in [("labels", "label"), ("annotations", "annotation")] {
        let of = |it: &Map<String, Value>| {
            let mut all = child(it.get("metadata"), field);
            all.retain(|key, _| !OWN.contains(&key.as_str()));
            all
        };
        compare(&of(&from), &of(&to), None, &format!("{word} "), &[], changes);
    }
    let (old, new) = (child(from.get("spec"), ""), child(to.get("spec"), ""));
    compare(&old, &new, None, "", &OF_POD, changes);
    shortened(&old, &new, None, ("volumes", "volume"), changes);
    let (old, new) = (containers(&old), containers(&new));
    for (name, after) in &new {
        let Some(before) = old.get(name) else { continue };
        compare(before, after, Some(name), "", &OF_CONTAINER, changes);
        for pair in SHORTENED {
            shortened(before, after, Some(name), pair, changes);
        }
    }
}

/// Each field that differs, but for those that are compared elsewhere.
fn compare(
    from: &Map<String, Value>,
    to: &Map<String, Value>,
    container: Option<&str>,
    before: &str,
    except: &[&str],
    changes: &mut Vec<Change>,
) {
    let mut keys: Vec<&String> = from.keys().chain(to.keys()).collect();
    keys.sort();
    keys.dedup();
    for key in keys.into_iter().filter(|key| !except.contains(&key.as_str())) {
        let (old, new) = (from.get(key), to.get(key));
        if old != new {
            note(changes, format!("{before}{key}"), container, old, new);
        }
    }
}

/// A field that differs although no change of it was told.
fn shortened(
    from: &Map<String, Value>,
    to: &Map<String, Value>,
    container: Option<&str>,
    (field, called): (&str, &str),
    changes: &mut Vec<Change>,
) {
    let (old, new) = (from.get(field), to.get(field));
    let told = |change: &Change| {
        let amounts = field == "resources"
            && (change.what.ends_with(" limit") || change.what.ends_with(" request"));
        change.container.as_deref() == container && (change.what.starts_with(called) || amounts)
    };
    if old != new && !changes.iter().any(told) {
        note(changes, field.to_owned(), container, old, new);
    }
}

fn note(
    changes: &mut Vec<Change>,
    what: String,
    container: Option<&str>,
    from: Option<&Value>,
    to: Option<&Value>,
) {
    let container = container.map(str::to_owned);
    changes.push(Change { what, container, from: from.map(words), to: to.map(words), at: None });
}

fn words(value: &Value) -> String {
    let whole = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match whole.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &whole[..end]),
        None => whole,
    }
}

fn object(template: &PodTemplateSpec) -> Option<Map<String, Value>> {
    match serde_json::to_value(template).ok()? {
        Value::Object(map) => Some(map),
        _ => None,
    }
}

/// The object under a key; with an empty key the value itself.
fn child(value: Option<&Value>, key: &str) -> Map<String, Value> {
    let value = value.and_then(|value| if key.is_empty() { Some(value) } else { value.get(key) });
    value.and_then(Value::as_object).cloned().unwrap_or_default()
}

fn containers(spec: &Map<String, Value>) -> BTreeMap<String, Map<String, Value>> {
    let lists = ["initContainers", "containers"].into_iter().filter_map(|key| spec.get(key));
    let all = lists.filter_map(Value::as_array).flatten().filter_map(Value::as_object);
    all.filter_map(|it| Some((it.get("name")?.as_str()?.to_owned(), it.clone()))).collect()
}
