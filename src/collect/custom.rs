//! Custom resources: what can be understood of any of them.

use serde_json::Value;

use super::redact::{self, Seen};
use crate::diagnosis::{Condition, CustomResource};

/// The custom resource, redacted; nothing where it has no condition, which is all that is read of it.
pub(super) fn of(value: &mut Value, namespace: &str, seen: &Seen) -> Option<CustomResource> {
    redact::object(value, seen);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let conditions = value["status"]["conditions"].as_array()?;
    let conditions: Vec<Condition> = conditions
        .iter()
        .map(|it| Condition {
            kind: text(&it["type"]),
            status: text(&it["status"]),
            reason: text(&it["reason"]),
            message: text(&it["message"]),
        })
        .collect();
    let kind = value["kind"].as_str().filter(|kind| !kind.is_empty())?;
    let meta = &value["metadata"];
    let name = meta["name"].as_str()?;
    Some(CustomResource {
        kind: kind.to_owned(),
        namespace: meta["namespace"].as_str().unwrap_or(namespace).to_owned(),
        name: name.to_owned(),
        secrets: match value["firsthand"]["secrets"].as_array() {
            // As `firsthand dump` writes it.
            Some(known) => known.iter().map(&text).collect(),
            None => secrets(kind, name, &value["spec"]),
        },
        conditions,
    })
}

/// The Secrets that controllers make from such an object: external-secrets, sealed-secrets, cert-manager,
/// and the operators of cloud vaults.
fn secrets(kind: &str, name: &str, spec: &Value) -> Vec<String> {
    let at = |pointer: &str| spec.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let made = match kind {
        "ExternalSecret" => at("/target/name").or_else(|| Some(name.to_owned())),
        "SealedSecret" => at("/template/metadata/name").or_else(|| Some(name.to_owned())),
        "Certificate" => at("/secretName"),
        "VaultStaticSecret" | "VaultDynamicSecret" | "VaultPKISecret" => at("/destination/name"),
        "InfisicalSecret" => at("/managedSecretReference/secretName"),
        "OnePasswordItem" | "BitwardenSecret" | "DopplerSecret" => {
            at("/managedSecret/name").or_else(|| Some(name.to_owned()))
        }
        _ => None,
    };
    made.into_iter().collect()
}
