//! One object of the API, from a dump or from the cluster, decoded on its own and redacted.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::redact::{self, Seen};

/// Decodes one item, redacted, or gives its name and why it is left out. An item that names no namespace
/// is of `namespace`; `seen` remembers what was taken out.
pub(super) fn decode<T>(
    mut value: Value,
    namespace: &str,
    seen: &Seen,
) -> Result<T, (String, String)>
where
    T: DeserializeOwned + k8s_openapi::Resource,
{
    let name = value["metadata"]["name"].as_str().unwrap_or("an item without a name").to_owned();
    if let Some(kind) = value["kind"].as_str()
        && kind != T::KIND
    {
        return Err((name, format!("is a {kind}, not a {}", T::KIND)));
    }
    if let Some(fields) = value.as_object_mut() {
        // The types refuse other versions by name; the fields are what matters, and they are checked.
        fields.remove("apiVersion");
        fields.remove("kind");
    }
    if let Some(meta) = value.get_mut("metadata").and_then(Value::as_object_mut)
        && !namespace.is_empty()
    {
        meta.entry("namespace").or_insert_with(|| namespace.into());
    }
    // Of these only the names of keys are kept, and the times that redaction would drop.
    if !["ConfigMap", "Secret"].contains(&T::KIND) {
        redact::object(&mut value, seen);
    }
    match serde_json::from_value(value.clone()) {
        Ok(object) => Ok(object),
        Err(first) => {
            words(&mut value);
            serde_json::from_value(value).map_err(|_| (name, first.to_string()))
        }
    }
}

/// Turns bare numbers and booleans into text where Kubernetes has only text, as people forget to quote
/// `revision: 42` in a file written by hand.
fn words(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields.iter_mut() {
                match key.as_str() {
                    "labels" | "annotations" | "matchLabels" | "nodeSelector" | "limits"
                    | "requests" | "hard" | "used" | "capacity" | "allocatable" => all_text(value),
                    "value" => text(value),
                    "args" | "command" => all_text(value),
                    _ => words(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(words),
        _ => {}
    }
}

fn all_text(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(text),
        Value::Array(items) => items.iter_mut().for_each(text),
        _ => {}
    }
}

fn text(value: &mut Value) {
    if value.is_number() || value.is_boolean() {
        *value = Value::String(value.to_string());
    }
}
