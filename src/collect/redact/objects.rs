//! The same for objects of the API, where the name of a value stands in another field.

use serde_json::{Map, Value};

use super::{is_secret_name, keys, marker, redact, values};

/// Takes the secrets out of an object, drops what repeats its whole text, and says how many there were.
pub(in crate::collect) fn object(object: &mut Value) -> u32 {
    if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        strip(meta);
    }
    // A pod template has metadata of its own.
    if let Some(meta) = object.pointer_mut("/spec/template/metadata").and_then(Value::as_object_mut)
    {
        strip(meta);
    }
    walk(object)
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

fn walk(value: &mut Value) -> u32 {
    match value {
        Value::String(words) => text(words),
        Value::Array(items) => flags(items) + items.iter_mut().map(walk).sum::<u32>(),
        Value::Object(fields) => {
            let mut count = variable(fields);
            for (name, value) in fields.iter_mut() {
                if name == "annotations" {
                    count += annotations(value);
                } else if !NAMES.contains(&name.as_str()) {
                    count += walk(value);
                }
            }
            count
        }
        _ => 0,
    }
}

fn text(words: &mut String) -> u32 {
    let (redacted, count) = redact(words);
    if count > 0 {
        *words = redacted.into_owned();
    }
    count
}

/// `{name: DB_PASSWORD, value: …}`, an environment variable or a header of a probe.
fn variable(fields: &mut Map<String, Value>) -> u32 {
    let kind = fields.get("name").and_then(Value::as_str).and_then(keys::kind);
    match (kind, fields.get_mut("value")) {
        (Some(kind), Some(Value::String(value))) => whole(value, kind),
        _ => 0,
    }
}

fn annotations(annotations: &mut Value) -> u32 {
    let mut count = 0;
    for (name, value) in annotations.as_object_mut().into_iter().flatten() {
        // The part behind the owner's domain is the name.
        let name = name.rsplit('/').next().unwrap_or_default();
        if let Value::String(value) = value {
            count += match keys::kind(name) {
                Some(kind) => whole(value, kind),
                None => text(value),
            };
        }
    }
    count
}

/// `["--password", "…"]`: the flag and its value are two items.
fn flags(items: &mut [Value]) -> u32 {
    let mut count = 0;
    let mut before: Option<&'static str> = None;
    for item in items {
        let Value::String(word) = item else { continue };
        if let Some(kind) = before.take()
            && !word.starts_with('-')
        {
            count += whole(word, kind);
        } else if let Some(flag) = word.strip_prefix('-')
            && is_secret_name(flag)
            && !flag.contains('=')
        {
            before = keys::kind(flag);
        }
    }
    count
}

fn whole(value: &mut String, kind: &'static str) -> u32 {
    if !values::is_value(value, kind) {
        return text(value);
    }
    *value = marker(kind);
    1
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let count = object(&mut pod);
        let words = pod.to_string();
        assert!(!words.contains("swordfish"), "{words}");
        assert_eq!(count, 5, "{words}");
        for kept in [
            "token-service",
            "registry.example.com/secret:abc123",
            "9f86d081884c",
            "--verbose",
            "$(DB_PASSWORD)",
            "postgres://app:[redacted: password]@db:5432/shop",
            "https://login.example.com/token",
        ] {
            assert!(words.contains(kept), "{kept}: {words}");
        }
        assert_eq!(object(&mut pod), 0);
    }
}
