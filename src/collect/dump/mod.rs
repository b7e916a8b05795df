//! Evidence from a folder in the layout of `kubectl cluster-info dump --output-directory=DIR`.
//!
//! ```text
//! DIR/nodes.json                     a List, a bare array or several YAML documents; .json .yaml .yml
//! DIR/<namespace>/pods.json          and events, services, replicasets, deployments …
//! DIR/<namespace>/<pod>/logs.txt     as kubectl writes it, with START and END lines per container
//! DIR/<namespace>/<pod>/previous-logs.txt
//! DIR/metrics.txt                    OpenMetrics or Prometheus text
//! DIR/alerts.json                    an Alertmanager webhook body
//! DIR/snapshot.json                  {"taken_at": "2026-11-21T09:54:00Z"}; from `firsthand dump` also why
//!                                    a source has no file, and how much was taken out
//! ```
//!
//! Every other `.json`, `.yaml` or `.yml` in a folder is taken for custom resources, of which the conditions
//! are read.
//!
//! A file that is not there is a source that was not read; a file that is there and empty was read. A
//! broken item is left out and said, never an error. Other files are ignored, and links are not
//! followed: a dump may come from anyone.

mod alerts;
mod custom;
mod files;
mod logs;
mod metrics;
mod objects;
mod write;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ConfigMap, Endpoints, Secret};

use self::files::Folder;
use self::objects::Reader;
pub use self::write::write;
use super::keyed;
use crate::diagnosis::{BlindSpot, Evidence, KeyedObject, Source};

/// Reads a dump. Without a `snapshot.json` the evidence is taken to be as old as the newest time that
/// stands in it.
///
/// # Errors
/// When `dir` is not a folder that can be listed. Nothing inside it is ever an error.
pub fn read(dir: &Path) -> anyhow::Result<Evidence> {
    if !dir.is_dir() {
        bail!(
            "{} is not a folder; name one written by kubectl cluster-info dump --output-directory",
            dir.display()
        );
    }
    let folders = files::folders(dir).with_context(|| format!("cannot list {}", dir.display()))?;
    let mut reader = Reader::new(dir, &folders);
    let snapshot = snapshot(dir, &mut reader);
    let mut evidence = Evidence {
        config_maps: keyed::all::<ConfigMap>(reader.source(&["configmaps"])),
        secrets: keyed::all::<Secret>(reader.source(&["secrets"])),
        ..Evidence::default()
    };
    evidence.for_each_kind(&mut reader);
    evidence.custom_resources = custom::all(&mut reader);
    if evidence.endpoint_slices.read().is_none()
        && let Source::Read(old) = reader.source::<Endpoints>(&["endpoints"])
    {
        evidence.endpoint_slices = Source::Read(objects::slices(old));
    }
    evidence.logs = logs::all(&folders, evidence.pods.items(), &reader.seen);
    evidence.alerts = alerts::read(dir, &reader.seen);
    let text = metrics::text(dir);
    evidence.taken_at =
        snapshot.taken_at.unwrap_or_else(|| newest(&reader, &evidence, text.as_deref()));
    evidence.metrics = match text {
        Some(text) => Source::Read(metrics::parse(&text, evidence.taken_at)),
        None => Source::Unavailable(reader.absent("metrics")),
    };
    names_from_metrics(&mut evidence);
    evidence.missed = snapshot.missed.into_iter().chain(reader.missed).collect();
    evidence.redacted = snapshot.redacted;
    reader.seen.close(&mut evidence);
    Ok(evidence)
}

/// Why a source without a file was not read.
const ABSENT: &str = "not in the dump";

/// What `snapshot.json` says; all of it may be left out.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Snapshot {
    taken_at: Option<Timestamp>,
    unavailable: BTreeMap<String, String>,
    missed: Vec<BlindSpot>,
    redacted: u32,
}

fn snapshot(dir: &Path, reader: &mut Reader<'_>) -> Snapshot {
    let Some(text) = files::text(&dir.join("snapshot.json")) else { return Snapshot::default() };
    let mut snapshot: Snapshot = serde_json::from_str(&text).unwrap_or_default();
    if snapshot.taken_at.is_none() {
        reader.miss("snapshot.json", "has no readable \"taken_at\"");
    }
    reader.unavailable = std::mem::take(&mut snapshot.unavailable);
    snapshot
}

/// The newest time that stands in the dump.
fn newest(reader: &Reader<'_>, evidence: &Evidence, metrics: Option<&str>) -> Timestamp {
    let alerts = evidence.alerts.iter().filter_map(|alert| alert.starts_at).max();
    let samples = metrics.and_then(metrics::newest);
    [reader.newest, alerts, samples].into_iter().flatten().max().unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Where the dump has no Secrets or ConfigMaps, kube-state-metrics may have told which there are.
fn names_from_metrics(evidence: &mut Evidence) {
    let Source::Read(metrics) = &evidence.metrics else { return };
    let named = |metric: &str, label: &str| -> Option<Vec<KeyedObject>> {
        let all: Vec<_> =
            metrics.named(metric).filter_map(|s| keyed::of_series(s, label)).collect();
        (!all.is_empty()).then_some(all)
    };
    if evidence.secrets.read().is_none()
        && let Some(secrets) = named("kube_secret_info", "secret")
    {
        evidence.secrets = Source::Read(secrets);
    }
    if evidence.config_maps.read().is_none()
        && let Some(maps) = named("kube_configmap_info", "configmap")
    {
        evidence.config_maps = Source::Read(maps);
    }
}

#[cfg(test)]
mod tests;
