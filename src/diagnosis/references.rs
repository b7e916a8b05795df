//! References from pods to ConfigMaps and Secrets: which ones the kubelet misses, and what else stands
//! nearby. Shared by the causes about them.

use k8s_openapi::api::core::v1::{Container, PodSpec, Volume};

use super::told::{Missing, Told, missing};
use super::{Case, Hypothesis, KeyedObject, ObjectRef, Proof, Source};

/// How alike two names must be for one to be offered as what was meant. Lower would offer any name of
/// the same length.
const ALIKE: f64 = 0.85;

/// A hypothesis for each object of that kind that the kubelet says does not exist.
pub(super) fn missing_objects(
    case: &Case<'_>,
    kind: &'static str,
    cause: &'static str,
) -> Vec<Hypothesis> {
    let named = case.told().into_iter().filter_map(|told| match missing(told.text)? {
        Missing::Object { kind: found, name } if found == kind => Some((told, name)),
        _ => None,
    });
    named.map(|(told, name)| missing_object(case, kind, cause, &told, &name)).collect()
}

fn missing_object(
    case: &Case<'_>,
    kind: &'static str,
    cause: &'static str,
    told: &Told<'_>,
    name: &str,
) -> Hypothesis {
    let known = objects(case, kind);
    let here = |it: &&KeyedObject| it.namespace == case.namespace();
    let names: Vec<&str> = known.iter().filter(here).map(|it| it.name.as_str()).collect();
    let elsewhere: Vec<&str> = known
        .iter()
        .filter(|it| it.name == name && it.namespace != case.namespace())
        .map(|it| it.namespace.as_str())
        .collect();
    let proof = told.proof(format!("{kind} {name} is not found"));
    let word = kind.to_ascii_lowercase();
    let hypothesis = if names.contains(&name) {
        // It was created after the kubelet looked; the next try will find it.
        Hypothesis::likely(cause).because(proof).against(Proof::fact(format!(
            "{kind} {name} exists by now: the next start may succeed"
        )))
    } else {
        Hypothesis::certain(cause).because(proof)
    };
    hypothesis
        .fact("container", told.container.name())
        .fact("name", name)
        .maybe("elsewhere", (!elsewhere.is_empty()).then(|| elsewhere.join(", ")))
        .maybe("nearest", nearest(name, names.iter().copied()))
        .maybe("previous", case.previous_if(|spec| refers(spec, kind, name)))
        .maybe("newly_asked", newly_asked(case, |spec| refers(spec, kind, name)))
        .target(ObjectRef::new(kind, case.namespace(), name))
        .settle(format!("kubectl -n {{namespace}} get {word} {name}"))
}

/// A hypothesis for each key that the kubelet says is not in its object.
pub(super) fn missing_keys(case: &Case<'_>, cause: &'static str) -> Vec<Hypothesis> {
    let named = case.told().into_iter().filter_map(|told| match missing(told.text)? {
        Missing::Key { kind, name, volume, key } => {
            let name = name.or_else(|| {
                let spec = told.container.pod().spec()?;
                named_by_volume(spec, kind, volume.as_deref()?, &key)
            })?;
            Some((told, kind, name, key))
        }
        Missing::Object { .. } => None,
    });
    named
        .map(|(told, kind, name, key)| {
            let known = objects(case, kind);
            let object =
                known.iter().find(|it| it.name == name && it.namespace == case.namespace());
            let keys = object.and_then(|it| it.keys.as_deref()).unwrap_or_default();
            let proof = told.proof(format!("{kind} {name} has no key {key}"));
            let hypothesis = if keys.contains(&key) {
                Hypothesis::likely(cause)
                    .because(proof)
                    .against(Proof::fact(format!("the key {key} exists by now")))
            } else {
                Hypothesis::certain(cause).because(proof)
            };
            hypothesis
                .fact("container", told.container.name())
                .fact("kind_of", kind)
                .fact("name", &name)
                .fact("key", &key)
                .maybe("nearest", nearest(&key, keys.iter().map(String::as_str)))
                .maybe("edited_at", object.and_then(|it| it.edited_at).map(clock))
                .maybe("previous", case.previous_if(|spec| refers_to_key(spec, kind, &name, &key)))
                .maybe(
                    "newly_asked",
                    newly_asked(case, |spec| refers_to_key(spec, kind, &name, &key)),
                )
                .target(ObjectRef::new(kind, case.namespace(), &name))
                .settle(settle_keys(kind, &name))
        })
        .collect()
}

/// The number of the newest revision, where that asks for something the one before did not: going back
/// would help, and hide what the next release needs.
fn newly_asked(case: &Case<'_>, asks: impl Fn(&PodSpec) -> bool) -> Option<String> {
    let (_, before) = case.previous_revision()?;
    let new = !before.spec.as_ref().is_some_and(asks);
    case.rollout()?.to_revision.clone().filter(|_| new)
}

/// `02:11 UTC on 2026-11-21`.
fn clock(at: jiff::Timestamp) -> String {
    at.strftime("%H:%M UTC on %Y-%m-%d").to_string()
}

fn settle_keys(kind: &str, name: &str) -> String {
    // `describe` shows the keys of a Secret without their values.
    format!("kubectl -n {{namespace}} describe {} {name}", kind.to_ascii_lowercase())
}

fn objects<'a>(case: &Case<'a>, kind: &str) -> &'a [KeyedObject] {
    let evidence = case.evidence();
    let source: &Source<Vec<KeyedObject>> =
        if kind == "Secret" { &evidence.secrets } else { &evidence.config_maps };
    source.items()
}

/// The name that was most likely meant.
pub(super) fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    names
        .filter(|other| *other != name)
        .map(|other| (strsim::jaro_winkler(name, other), other))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        .map(|(_, other)| other.to_owned())
}

/// Whether a pod refers to that object, in its environment or its volumes.
pub(super) fn refers(spec: &PodSpec, kind: &str, name: &str) -> bool {
    let secret = kind == "Secret";
    let in_container = |container: &Container| {
        let whole = container.env_from.iter().flatten().any(|it| {
            let found = match secret {
                true => it.secret_ref.as_ref().map(|it| &it.name),
                false => it.config_map_ref.as_ref().map(|it| &it.name),
            };
            found.is_some_and(|it| it == name)
        });
        whole || keys_of(container, secret).any(|(object, _)| object == name)
    };
    let in_volume = |volume: &Volume| items_of(volume, secret).any(|(object, _)| object == name);
    containers(spec).any(in_container) || spec.volumes.iter().flatten().any(in_volume)
}

fn refers_to_key(spec: &PodSpec, kind: &str, name: &str, key: &str) -> bool {
    let secret = kind == "Secret";
    let by_env = containers(spec).any(|it| keys_of(it, secret).any(|pair| pair == (name, key)));
    let in_volume = |volume: &Volume| {
        items_of(volume, secret).any(|(object, items)| object == name && items.contains(&key))
    };
    by_env || spec.volumes.iter().flatten().any(in_volume)
}

fn named_by_volume(spec: &PodSpec, kind: &str, volume: &str, key: &str) -> Option<String> {
    let volume = spec.volumes.iter().flatten().find(|it| it.name == volume)?;
    let all: Vec<(&str, Vec<&str>)> = items_of(volume, kind == "Secret").collect();
    let asked = all.iter().find(|(_, items)| items.contains(&key)).or_else(|| all.first())?;
    Some(asked.0.to_owned())
}

fn containers(spec: &PodSpec) -> impl Iterator<Item = &Container> {
    spec.init_containers.iter().flatten().chain(&spec.containers)
}

fn keys_of(container: &Container, secret: bool) -> impl Iterator<Item = (&str, &str)> {
    container.env.iter().flatten().filter_map(move |variable| {
        let from = variable.value_from.as_ref()?;
        if secret {
            from.secret_key_ref.as_ref().map(|it| (it.name.as_str(), it.key.as_str()))
        } else {
            from.config_map_key_ref.as_ref().map(|it| (it.name.as_str(), it.key.as_str()))
        }
    })
}

/// The objects of a volume, each with the keys asked of it (none named: all of them).
fn items_of(volume: &Volume, secret: bool) -> impl Iterator<Item = (&str, Vec<&str>)> {
    let mut all: Vec<(&str, Vec<&str>)> = Vec::new();
    if secret {
        if let Some(it) = &volume.secret {
            let name = it.secret_name.as_deref().unwrap_or_default();
            all.push((name, it.items.iter().flatten().map(|it| it.key.as_str()).collect()));
        }
    } else if let Some(it) = &volume.config_map {
        all.push((&it.name, it.items.iter().flatten().map(|it| it.key.as_str()).collect()));
    }
    for source in volume.projected.iter().flat_map(|it| it.sources.iter().flatten()) {
        if let Some(it) = source.secret.as_ref().filter(|_| secret) {
            all.push((&it.name, it.items.iter().flatten().map(|it| it.key.as_str()).collect()));
        }
        if let Some(it) = source.config_map.as_ref().filter(|_| !secret) {
            all.push((&it.name, it.items.iter().flatten().map(|it| it.key.as_str()).collect()));
        }
    }
    all.into_iter()
}
