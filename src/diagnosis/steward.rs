//! Who applies an object and would undo what a hand changes: Flux, Argo CD, Helm, an operator.
//!
//! Read from the marks that these tools leave on what they apply. A mark whose names could not be names is no
//! mark: they end up in commands.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::world::{annotation, label};
use super::{Case, Choice};

/// Who applies an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Steward {
    /// `Flux`, `Argo CD`, `Helm`; or the operator's own kind.
    pub tool: String,
    /// The object of that tool: `Kustomization flux-system/shop`, `Application shop`, `release shop`.
    pub object: String,
    /// What it applied, where that is written on the object: the chart, `shop-1.4.2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// A tool, as far as its commands differ.
enum Tool<'a> {
    FluxKustomization { namespace: &'a str, name: &'a str },
    FluxHelmRelease { namespace: &'a str, name: &'a str },
    ArgoCd { application: &'a str },
    Helm { namespace: &'a str, release: &'a str },
    Operator { kind: &'a str, name: &'a str },
}

/// Who applies this object, if it says so.
pub(super) fn steward(metadata: &ObjectMeta) -> Option<Steward> {
    let tool = tool(metadata)?;
    let (name, object) = match &tool {
        Tool::FluxKustomization { namespace, name } => {
            ("Flux", format!("Kustomization {namespace}/{name}"))
        }
        Tool::FluxHelmRelease { namespace, name } => {
            ("Flux", format!("HelmRelease {namespace}/{name}"))
        }
        Tool::ArgoCd { application } => ("Argo CD", format!("Application {application}")),
        Tool::Helm { release, .. } => ("Helm", format!("release {release}")),
        Tool::Operator { kind, name } => (*kind, format!("{kind} {name}")),
    };
    let version = label(metadata, "helm.sh/chart").filter(|it| is_name(it)).map(str::to_owned);
    Some(Steward { tool: name.to_owned(), object, version })
}

/// What to do, as this object's steward allows it: what it would revert says so, and how not.
pub(super) fn heeded(case: &Case<'_>, mut choices: Vec<Choice>) -> Vec<Choice> {
    let metadata = case.world().metadata_of(case.object());
    let Some((metadata, tool)) = metadata.and_then(|it| Some((it, tool(it)?))) else {
        return choices;
    };
    let by_hand = |choice: &Choice| {
        let command = choice.command.as_deref().unwrap_or_default();
        command.contains(" rollout undo ") || command.contains(" set image ")
    };
    let Some(at) = choices.iter().position(by_hand) else { return choices };
    let Some(Steward { tool: name, object, .. }) = steward(metadata) else { return choices };
    if let Tool::Helm { namespace, release } = tool {
        choices[at] = Choice {
            label: "roll back".into(),
            command: Some(format!("helm -n {namespace} rollback {release}")),
            text: format!(
                "Helm installed this ({object}): its own roll-back, since the next upgrade brings back what \
                 a rollout undo took away. Which revisions there are: helm -n {namespace} history {release}"
            ),
        };
        return choices;
    }
    let (suspend, then) = commands(&tool, metadata.namespace.as_deref().unwrap_or_default());
    let again = match tool {
        Tool::Operator { .. } => "reconciles it",
        _ => "syncs",
    };
    choices[at].text.push_str(&format!(" {then}"));
    let label =
        if matches!(tool, Tool::Operator { .. }) { "change it there" } else { "suspend first" };
    let text = format!(
        "{name} applies this ({object}): what is changed by hand is reverted when it next {again}."
    );
    choices.insert(at, Choice { label: label.into(), command: Some(suspend), text });
    choices
}

/// What keeps the steward from reverting, and the sentence that goes with the change by hand.
fn commands(tool: &Tool<'_>, object_namespace: &str) -> (String, String) {
    let instead = "Or revert the commit in Git instead.";
    match tool {
        Tool::FluxKustomization { namespace, name } => (
            format!("flux suspend kustomization {name} -n {namespace}"),
            format!("{instead} Afterwards: flux resume kustomization {name} -n {namespace}"),
        ),
        Tool::FluxHelmRelease { namespace, name } => (
            format!("flux suspend helmrelease {name} -n {namespace}"),
            format!("{instead} Afterwards: flux resume helmrelease {name} -n {namespace}"),
        ),
        Tool::ArgoCd { application } => (
            format!("argocd app set {application} --sync-policy none"),
            format!("{instead} Afterwards: argocd app set {application} --sync-policy automated"),
        ),
        Tool::Helm { namespace, release } => {
            (format!("helm -n {namespace} rollback {release}"), String::new())
        }
        Tool::Operator { kind, name } => (
            format!("kubectl -n {object_namespace} edit {} {name}", kind.to_lowercase()),
            "Only where the operator is stopped.".to_owned(),
        ),
    }
}

fn tool(metadata: &ObjectMeta) -> Option<Tool<'_>> {
    let own = metadata.namespace.as_deref().unwrap_or_default();
    let marked = |key: &str| label(metadata, key).filter(|it| is_name(it));
    let noted = |key: &str| annotation(metadata, key).filter(|it| is_name(it));
    // A release that Flux makes bears Helm's marks too, so Helm is asked last.
    if let Some(name) = marked("helm.toolkit.fluxcd.io/name") {
        let namespace = marked("helm.toolkit.fluxcd.io/namespace").unwrap_or(own);
        return Some(Tool::FluxHelmRelease { namespace, name });
    }
    if let Some(name) = marked("kustomize.toolkit.fluxcd.io/name") {
        let namespace = marked("kustomize.toolkit.fluxcd.io/namespace").unwrap_or(own);
        return Some(Tool::FluxKustomization { namespace, name });
    }
    if let Some(application) = argo(metadata).or_else(|| marked("argocd.argoproj.io/instance")) {
        return Some(Tool::ArgoCd { application });
    }
    let owner = metadata.owner_references.iter().flatten().find(|it| it.controller == Some(true));
    if let Some(owner) = owner.filter(|it| is_operators(&it.api_version) && is_name(&it.name)) {
        return Some(Tool::Operator { kind: &owner.kind, name: &owner.name });
    }
    let release = noted("meta.helm.sh/release-name")?;
    let namespace = noted("meta.helm.sh/release-namespace").unwrap_or(own);
    Some(Tool::Helm { namespace, release })
}

/// The application in `shop:apps/Deployment:shop/checkout`; where applications live in several namespaces its
/// own stands in front, `argocd_shop:…`.
fn argo(metadata: &ObjectMeta) -> Option<&str> {
    let (application, _) =
        annotation(metadata, "argocd.argoproj.io/tracking-id")?.split_once(':')?;
    let name = application.rsplit_once('_').map_or(application, |(_, name)| name);
    is_name(name).then_some(name)
}

/// Whether a kind of this API group is somebody's own: those of Kubernetes have no dot, or end in `.k8s.io`.
fn is_operators(api_version: &str) -> bool {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    group.contains('.') && !group.ends_with(".k8s.io")
}

/// What Kubernetes takes for a name, and a shell for one word.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 253
        && !text.starts_with('-')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(json: serde_json::Value) -> Option<String> {
        let metadata: ObjectMeta = serde_json::from_value(json).expect("metadata");
        steward(&metadata).map(|it| format!("{}, {}", it.tool, it.object))
    }

    #[test]
    fn each_tool_is_known_by_its_own_marks() {
        let cases = [
            (
                serde_json::json!({"namespace": "shop", "labels": {
                    "kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}}),
                "Flux, Kustomization flux-system/apps",
            ),
            (
                serde_json::json!({"namespace": "shop", "annotations": {"meta.helm.sh/release-name": "shop"}, "labels": {
                    "app.kubernetes.io/managed-by": "Helm",
                    "helm.toolkit.fluxcd.io/name": "shop", "helm.toolkit.fluxcd.io/namespace": "releases"}}),
                "Flux, HelmRelease releases/shop",
            ),
            (
                serde_json::json!({"namespace": "shop", "annotations": {
                    "argocd.argoproj.io/tracking-id": "argocd_checkout:apps/Deployment:shop/checkout"}}),
                "Argo CD, Application checkout",
            ),
            (
                serde_json::json!({"namespace": "shop", "labels": {"argocd.argoproj.io/instance": "checkout"}}),
                "Argo CD, Application checkout",
            ),
            (
                serde_json::json!({"namespace": "shop", "annotations": {
                    "meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "shop"}}),
                "Helm, release web",
            ),
            (
                serde_json::json!({"namespace": "shop", "ownerReferences": [{"apiVersion": "postgresql.cnpg.io/v1",
                    "kind": "Cluster", "name": "db", "uid": "u", "controller": true}]}),
                "Cluster, Cluster db",
            ),
        ];
        for (metadata, expected) in cases {
            assert_eq!(told(metadata).as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_is_no_mark_or_no_name_is_nobody() {
        assert_eq!(
            told(serde_json::json!({"labels": {"app.kubernetes.io/instance": "shop"}})),
            None
        );
        let evil = serde_json::json!({"annotations": {"meta.helm.sh/release-name": "x; rm -rf /"}});
        assert_eq!(told(evil), None);
        let flag = serde_json::json!({"labels": {"argocd.argoproj.io/instance": "--all"}});
        assert_eq!(told(flag), None);
        let core = serde_json::json!({"ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "u", "controller": true}]});
        assert_eq!(told(core), None);
    }
}
