//! The difference between two pod templates, in the words people use for it.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{
    Container, EnvVar, PodSpec, PodTemplateSpec, Probe, ResourceRequirements, Volume,
};
use serde::Serialize;

use crate::diagnosis::Change;

/// Everything that differs between two templates: what makes containers fail in words of its own, container
/// by container, then all the rest by its name in the specification.
pub(super) fn templates(from: &PodTemplateSpec, to: &PodTemplateSpec) -> Vec<Change> {
    let (old, new) = (from, to);
    let (Some(from), Some(to)) = (from.spec.as_ref(), to.spec.as_ref()) else { return Vec::new() };
    let mut changes = Vec::new();
    worded(from, to, &mut changes);
    super::rest::add(old, new, &mut changes);
    changes
}

fn worded(from: &PodSpec, to: &PodSpec, changes: &mut Vec<Change>) {
    let (old, new) = (all_containers(from), all_containers(to));
    for (name, after) in &new {
        match old.get(name) {
            Some(before) => containers(before, after, changes),
            None => note(changes, "container", Some(name), None, after.image.clone()),
        }
    }
    for (name, before) in old.iter().filter(|(name, _)| !new.contains_key(*name)) {
        note(changes, "container", Some(name), before.image.clone(), None);
    }
    let references = |spec: &PodSpec| -> BTreeMap<String, String> {
        spec.volumes.iter().flatten().map(|it| (it.name.clone(), volume_words(it))).collect()
    };
    maps("volume", None, &references(from), &references(to), changes);
    let account = |spec: &PodSpec| spec.service_account_name.clone();
    note(changes, "service account", None, account(from), account(to));
    let pull = |spec: &PodSpec| {
        let names = spec.image_pull_secrets.iter().flatten().map(|it| it.name.clone());
        Some(names.collect::<Vec<_>>().join(", ")).filter(|names| !names.is_empty())
    };
    note(changes, "image pull secrets", None, pull(from), pull(to));
}

/// The names of all ConfigMaps that a pod refers to.
pub(super) fn config_maps_of(spec: &PodSpec) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for container in all_containers(spec).into_values() {
        let keys = container.env.iter().flatten().filter_map(|it| it.value_from.as_ref());
        names.extend(keys.filter_map(|it| Some(it.config_map_key_ref.as_ref()?.name.clone())));
        let whole = container.env_from.iter().flatten();
        names.extend(whole.filter_map(|it| Some(it.config_map_ref.as_ref()?.name.clone())));
    }
    for volume in spec.volumes.iter().flatten() {
        names.extend(volume.config_map.as_ref().map(|it| it.name.clone()));
        let sources = volume.projected.iter().flat_map(|it| it.sources.iter().flatten());
        names.extend(sources.filter_map(|it| Some(it.config_map.as_ref()?.name.clone())));
    }
    names
}

fn all_containers(spec: &PodSpec) -> BTreeMap<&str, &Container> {
    let init = spec.init_containers.iter().flatten();
    init.chain(&spec.containers).map(|it| (it.name.as_str(), it)).collect()
}

fn containers(from: &Container, to: &Container, changes: &mut Vec<Change>) {
    let name = Some(to.name.as_str());
    note(changes, "image", name, from.image.clone(), to.image.clone());
    note(changes, "command", name, list(from.command.as_ref()), list(to.command.as_ref()));
    note(changes, "args", name, list(from.args.as_ref()), list(to.args.as_ref()));
    maps("env", name, &env(from), &env(to), changes);
    let probes = [
        ("liveness probe", &from.liveness_probe, &to.liveness_probe),
        ("readiness probe", &from.readiness_probe, &to.readiness_probe),
        ("startup probe", &from.startup_probe, &to.startup_probe),
    ];
    for (what, before, after) in probes {
        note(
            changes,
            what,
            name,
            before.as_ref().map(probe_words),
            after.as_ref().map(probe_words),
        );
    }
    let (before, after) = (resources(from.resources.as_ref()), resources(to.resources.as_ref()));
    for what in keys(&before, &after) {
        note(changes, what, name, before.get(what).cloned(), after.get(what).cloned());
    }
    let ports = |it: &Container| {
        let ports = it.ports.iter().flatten().map(|port| port.container_port.to_string());
        Some(ports.collect::<Vec<_>>().join(", ")).filter(|ports| !ports.is_empty())
    };
    note(changes, "ports", name, ports(from), ports(to));
    let mounts = |it: &Container| -> BTreeMap<String, String> {
        let mounts = it.volume_mounts.iter().flatten();
        mounts.map(|mount| (mount.mount_path.clone(), mount_words(mount))).collect()
    };
    maps("mount", name, &mounts(from), &mounts(to), changes);
    note(
        changes,
        "security context",
        name,
        json(&from.security_context),
        json(&to.security_context),
    );
    note(changes, "working directory", name, from.working_dir.clone(), to.working_dir.clone());
}

fn env(container: &Container) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> =
        container.env.iter().flatten().map(|it| (it.name.clone(), env_words(it))).collect();
    for source in container.env_from.iter().flatten() {
        if let Some(map) = &source.config_map_ref {
            all.insert(format!("from ConfigMap {}", map.name), "all keys".into());
        }
        if let Some(secret) = &source.secret_ref {
            all.insert(format!("from Secret {}", secret.name), "all keys".into());
        }
    }
    all
}

fn env_words(variable: &EnvVar) -> String {
    let Some(from) = &variable.value_from else {
        return variable.value.clone().unwrap_or_default();
    };
    if let Some(key) = &from.secret_key_ref {
        format!("Secret {} key {}", key.name, key.key)
    } else if let Some(key) = &from.config_map_key_ref {
        format!("ConfigMap {} key {}", key.name, key.key)
    } else if let Some(field) = &from.field_ref {
        format!("field {}", field.field_path)
    } else {
        from.resource_field_ref
            .as_ref()
            .map_or(String::new(), |it| format!("resource {}", it.resource))
    }
}

fn resources(resources: Option<&ResourceRequirements>) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let Some(resources) = resources else { return all };
    for (what, kind) in [(&resources.limits, "limit"), (&resources.requests, "request")] {
        let amounts = what.iter().flatten();
        all.extend(amounts.map(|(name, amount)| (format!("{name} {kind}"), amount.0.clone())));
    }
    all
}

/// What a probe asks: `GET :8080/healthz`.
pub(in crate::diagnosis) fn probe_target(probe: &Probe) -> String {
    use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
    let port = |port: &IntOrString| match port {
        IntOrString::Int(number) => number.to_string(),
        IntOrString::String(name) => name.clone(),
    };
    if let Some(http) = &probe.http_get {
        format!("GET :{}{}", port(&http.port), http.path.as_deref().unwrap_or("/"))
    } else if let Some(tcp) = &probe.tcp_socket {
        format!("TCP :{}", port(&tcp.port))
    } else if let Some(grpc) = &probe.grpc {
        format!("gRPC :{}", grpc.port)
    } else {
        let command = probe.exec.as_ref().and_then(|exec| exec.command.as_ref());
        format!("exec {}", command.map(|it| it.join(" ")).unwrap_or_default())
    }
}

/// `GET :8080/healthz, every 10s, timeout 1s, 3 failures`.
fn probe_words(probe: &Probe) -> String {
    let how = probe_target(probe);
    let delay = probe.initial_delay_seconds.unwrap_or(0);
    let delay = if delay > 0 { format!("after {delay}s, ") } else { String::new() };
    format!(
        "{how}, {delay}every {}s, timeout {}s, {} failures",
        probe.period_seconds.unwrap_or(10),
        probe.timeout_seconds.unwrap_or(1),
        probe.failure_threshold.unwrap_or(3)
    )
}

fn volume_words(volume: &Volume) -> String {
    if let Some(map) = &volume.config_map {
        return format!("ConfigMap {}", map.name);
    }
    if let Some(secret) = &volume.secret {
        return format!("Secret {}", secret.secret_name.as_deref().unwrap_or_default());
    }
    if let Some(claim) = &volume.persistent_volume_claim {
        return format!("claim {}", claim.claim_name);
    }
    let mut words = json(volume).unwrap_or_default();
    words.truncate(words.char_indices().nth(200).map_or(words.len(), |(at, _)| at));
    words
}

fn mount_words(mount: &k8s_openapi::api::core::v1::VolumeMount) -> String {
    let path = mount.sub_path.as_deref().map_or(String::new(), |path| format!(" path {path}"));
    let mode = if mount.read_only == Some(true) { ", read-only" } else { "" };
    format!("volume {}{path}{mode}", mount.name)
}

fn list(words: Option<&Vec<String>>) -> Option<String> {
    words.filter(|words| !words.is_empty()).map(|words| words.join(" "))
}

fn json(value: &impl Serialize) -> Option<String> {
    serde_json::to_string(value).ok().filter(|text| text != "null")
}

fn maps(
    what: &str,
    container: Option<&str>,
    from: &BTreeMap<String, String>,
    to: &BTreeMap<String, String>,
    changes: &mut Vec<Change>,
) {
    for key in keys(from, to) {
        let (before, after) = (from.get(key).cloned(), to.get(key).cloned());
        note(changes, &format!("{what} {key}"), container, before, after);
    }
}

fn keys<'m>(
    from: &'m BTreeMap<String, String>,
    to: &'m BTreeMap<String, String>,
) -> BTreeSet<&'m str> {
    from.keys().chain(to.keys()).map(String::as_str).collect()
}

fn note(
    changes: &mut Vec<Change>,
    what: &str,
    container: Option<&str>,
    from: Option<String>,
    to: Option<String>,
) {
    if from != to {
        let container = container.map(str::to_owned);
        changes.push(Change { what: what.into(), container, from, to, at: None });
    }
}
