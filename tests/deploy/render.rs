//! What the chart makes of values.

use k8s_openapi::api::{apps, core, networking, rbac};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::helm::{CHART, Helm};
use crate::{fresh, restricted, root, stems, text};

/// A check that needs helm.
pub(crate) type Check = Box<dyn Fn(&Helm) -> Result<(), String> + Send>;

/// Lint, and a check per file of values: `values/NAME.yaml` makes `golden/NAME.yaml`, and each of `refused/`
/// is refused with the words at its head.
pub(crate) fn checks() -> Vec<(String, Check)> {
    let mut all: Vec<(String, Check)> = vec![("lint".into(), Box::new(lint))];
    for name in stems("tests/deploy/values", ".yaml") {
        all.push((format!("renders {name}"), Box::new(move |helm| renders(helm, &name))));
    }
    for name in stems("tests/deploy/refused", ".yaml") {
        all.push((format!("refuses {name}"), Box::new(move |helm| refuses(helm, &name))));
    }
    all
}

fn lint(helm: &Helm) -> Result<(), String> {
    let said = helm.run(&["lint", "--strict", CHART])?;
    if said.contains("[WARNING]") || said.contains("[ERROR]") { Err(said) } else { Ok(()) }
}

fn renders(helm: &Helm, name: &str) -> Result<(), String> {
    let made = helm.template(&format!("tests/deploy/values/{name}.yaml"))?;
    let objects: Vec<Value> =
        serde_saphyr::from_multiple(&made).map_err(|error| format!("no YAML: {error}"))?;
    let mut wrong = Vec::new();
    for object in objects.iter().filter(|it| !it.is_null()) {
        wrong.extend(complaints(object));
    }
    if !wrong.is_empty() {
        return Err(wrong.join("\n"));
    }
    fresh(&format!("tests/deploy/golden/{name}.yaml"), &made)
}

/// What is wrong with one object, whatever the values.
pub(crate) fn complaints(object: &Value) -> Vec<String> {
    let kind = object["kind"].as_str().unwrap_or_default();
    let mut wrong = match kind {
        "ClusterRole" => known::<rbac::v1::ClusterRole>(object),
        "ClusterRoleBinding" => known::<rbac::v1::ClusterRoleBinding>(object),
        "Role" => known::<rbac::v1::Role>(object),
        "RoleBinding" => known::<rbac::v1::RoleBinding>(object),
        "ServiceAccount" => known::<core::v1::ServiceAccount>(object),
        "ConfigMap" => known::<core::v1::ConfigMap>(object),
        "Service" => known::<core::v1::Service>(object),
        "StatefulSet" => known::<apps::v1::StatefulSet>(object),
        "NetworkPolicy" => known::<networking::v1::NetworkPolicy>(object),
        // Of the Prometheus operator; their form is that of the golden files.
        "ServiceMonitor" | "PrometheusRule" | "AlertmanagerConfig" => Vec::new(),
        _ => vec![format!("a {kind} is not for this chart to make")],
    };
    match kind {
        "StatefulSet" => wrong.extend(restricted::complaints(object)),
        "ClusterRole" | "Role" => wrong.extend(restricted::too_much(object)),
        "ConfigMap" => wrong.extend(unusable(object)),
        _ => {}
    }
    if object["metadata"]["labels"]["app.kubernetes.io/name"].is_null() {
        wrong.push(format!("a {kind} without the usual labels"));
    }
    wrong
}

/// Keys that the type does not have, which an API server would refuse or drop.
pub(crate) fn known<T: DeserializeOwned + Serialize>(object: &Value) -> Vec<String> {
    let typed: T = match serde_json::from_value(object.clone()) {
        Ok(typed) => typed,
        Err(error) => return vec![format!("{}: {error}", object["kind"])],
    };
    let kept = serde_json::to_value(typed).expect("what was read can be written");
    let mut lost = Vec::new();
    missing(object, &kept, object["kind"].as_str().unwrap_or_default(), &mut lost);
    lost
}

fn missing(made: &Value, kept: &Value, path: &str, lost: &mut Vec<String>) {
    match (made, kept) {
        (Value::Object(made), Value::Object(kept)) => {
            for (key, value) in made {
                match kept.get(key) {
                    Some(kept) => missing(value, kept, &format!("{path}.{key}"), lost),
                    // Empty lists and objects are left out when they are written.
                    None if value.as_object().is_some_and(|it| it.is_empty()) => {}
                    None if value.as_array().is_some_and(|it| it.is_empty()) => {}
                    None => lost.push(format!("{path}.{key} is not known to Kubernetes")),
                }
            }
        }
        (Value::Array(made), Value::Array(kept)) => {
            for (at, (made, kept)) in made.iter().zip(kept).enumerate() {
                missing(made, kept, &format!("{path}[{at}]"), lost);
            }
        }
        _ => {}
    }
}

/// Faults that the daemon would find in the settings file. Secrets are not there when this is asked.
pub(crate) fn unusable(map: &Value) -> Vec<String> {
    let Some(settings) = map["data"]["firsthand.yaml"].as_str() else { return Vec::new() };
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("firsthand.yaml");
    std::fs::write(&file, settings).expect("a file");
    let none = firsthand::config::Environment::new();
    let examined = firsthand::config::examine(Some(&file), &none).expect("readable");
    let absent =
        |fault: &String| fault.contains("/secrets/") || fault.contains("/var/lib/firsthand");
    examined.faults.iter().map(ToString::to_string).filter(|fault| !absent(fault)).collect()
}

fn refuses(helm: &Helm, name: &str) -> Result<(), String> {
    let path = format!("tests/deploy/refused/{name}.yaml");
    let head = text(&path)?;
    let expected: Vec<&str> = head.lines().filter_map(|it| it.strip_prefix("# says ")).collect();
    if expected.is_empty() {
        return Err(format!("{path} does not say what is said"));
    }
    match helm.template(root(&path).to_str().ok_or("a path that is no text")?) {
        Ok(_) => Err(format!("{path} is not refused")),
        Err(said) if expected.iter().all(|words| said.contains(words)) => Ok(()),
        Err(said) => Err(format!("expected {expected:?}; said:\n{said}")),
    }
}
