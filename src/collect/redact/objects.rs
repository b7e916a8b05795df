//! The same for objects of the API, where the name of a value stands in another field.

use serde_json::{Map, Value};

use super::{Seen, is_secret_name};

/// Takes the secrets out of an object, and drops what repeats its whole text.
pub(in crate::collect) fn object(object: &mut Value, seen: &Seen) {
    if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        strip(meta);
    }
    // A pod template has metadata of its own.
    if let Some(meta) = object.pointer_mut("/spec/template/metadata").and_then(Value::as_object_mut)
    {
        strip(meta);
    }
    walk(object, seen);
}

/// Both hold the object once more: one as text, one as field names.
fn strip(meta: &mut Map<String, Value>) {
    meta.remove("managedFields");
    if let Some(annotations) = meta.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    }
}

/// Fields that name things. A workload may be called `token-service:v2`, and its name must stay.
const NAMES: [&str; 14] = [
    "name",
    "generateName",
    "namespace",
    "uid",
    "kind",
    "image",
    "imageID",
    "containerID",
    "nodeName",
    "labels",
    "matchLabels",
    "secretName",
    "claimName",
    "ownerReferences",
];

/// Passes every text of an object through `f`, except names.
pub(super) fn strings(value: &mut Value, f: &mut impl FnMut(&mut String) -> u32) -> u32 {
    match value {
        Value::String(words) => f(words),
        Value::Array(items) => items.iter_mut().map(|item| strings(item, f)).sum(),
        Value::Object(fields) => {
            let named = fields.iter_mut().filter(|(name, _)| !NAMES.contains(&name.as_str()));
            named.map(|(_, value)| strings(value, f)).sum()
        }
        _ => 0,
    }
}

fn walk(value: &mut Value, seen: &Seen) {
    match value {
        Value::String(words) => seen.clean(words, ""),
        Value::Array(items) => {
            flags(items, seen);
            items.iter_mut().for_each(|item| walk(item, seen));
        }
        Value::Object(fields) => {
            variable(fields, seen);
            for (name, value) in fields.iter_mut() {
                if name == "annotations" {
                    annotations(value, seen);
                } else if !NAMES.contains(&name.as_str()) {
                    walk(value, seen);
                }
            }
        }
        _ => {}
    }
}

/// `{name: DB_PASSWORD, value: …}`, an environment variable or a header of a probe.
fn variable(fields: &mut Map<String, Value>, seen: &Seen) {
    let Some(name) = fields.get("name").and_then(Value::as_str).map(str::to_owned) else { return };
    if let Some(Value::String(value)) = fields.get_mut("value") {
        seen.clean(value, &name);
    }
}

fn annotations(annotations: &mut Value, seen: &Seen) {
    for (name, value) in annotations.as_object_mut().into_iter().flatten() {
        // The part behind the owner's domain is the name.
        let name = name.rsplit('/').next().unwrap_or_default();
        if let Value::String(value) = value {
            seen.clean(value, name);
        }
    }
}

/// `["--password", "…"]`: the flag and its value are two items.
fn flags(items: &mut [Value], seen: &Seen) {
    let mut before: Option<String> = None;
    for item in items {
        let Value::String(word) = item else { continue };
        if let Some(flag) = before.take()
            && !word.starts_with('-')
        {
            seen.clean(word, &flag);
        } else if let Some(flag) = word.strip_prefix('-')
            && is_secret_name(flag)
            && !flag.contains('=')
        {
            before = Some(flag.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Evidence;
    use serde_json::json;

    #[test]
    fn values_of_variables_and_flags_go_and_names_stay() {
        let mut pod = json!({
            "metadata": {
                "name": "token-service", "managedFields": [{}],
                "annotations": {
                    "kubectl.kubernetes.io/last-applied-configuration": "swordfish",
                    "vault.example.com/token": "swordfish-1", "checksum/config": "9f86d081884c",
                },
            },
            "spec": { "containers": [{
                "image": "registry.example.com/secret:abc123",
                "args": ["--user", "app", "--password", "swordfish", "--token=swordfish2", "--verbose"],
                "env": [
                    { "name": "DB_PASSWORD", "value": "swordfish" },
                    { "name": "DB_URL", "value": "postgres://app:swordfish@db:5432/shop" },
                    { "name": "TOKEN_URL", "value": "https://login.example.com/token" },
                    { "name": "API_KEY", "valueFrom": { "secretKeyRef": { "name": "api", "key": "key" } } },
                    { "name": "PASSWORD", "value": "$(DB_PASSWORD)" },
                ],
            }] },
        });
        let seen = Seen::default();
        object(&mut pod, &seen);
        let words = pod.to_string();
        let mut evidence = Evidence::default();
        seen.close(&mut evidence);
        let count = evidence.redacted;
        assert!(!words.contains("swordfish"), "{words}");
        assert_eq!(count, 5, "{words}");
        for kept in [
            "token-service",
            "registry.example.com/secret:abc123",
            "9f86d081884c",
            "--verbose",
            "$(DB_PASSWORD)",
            "postgres://app:[redacted: password #1]@db:5432/shop",
            "https://login.example.com/token",
        ] {
            assert!(words.contains(kept), "{kept}: {words}");
        }
        let before = pod.clone();
        object(&mut pod, &Seen::default());
        assert_eq!(pod, before);
    }
}
