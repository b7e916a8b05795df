//! Objects of one kind out of all files that may hold them, each decoded on its own.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use k8s_openapi::Metadata;
use k8s_openapi::api::core::v1::Endpoints;
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{ABSENT, Folder, files};
use crate::collect::decode::decode;
use crate::collect::redact::Seen;
use crate::diagnosis::{BlindSpot, ForEachKind, Source};

/// Reads the files of all folders, and remembers what was broken and the newest time it saw.
pub(super) struct Reader<'a> {
    pub(super) dir: &'a Path,
    pub(super) folders: &'a [Folder],
    /// What was there and could not be read.
    pub(super) missed: Vec<BlindSpot>,
    /// The newest time that stands in any object.
    pub(super) newest: Option<Timestamp>,
    /// What was taken out.
    pub(super) seen: Seen,
    /// Why a source has no file, by its stem, where whoever wrote the dump said so.
    pub(super) unavailable: BTreeMap<String, String>,
    /// The names of the files that were looked for, without their endings.
    pub(super) read: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(dir: &'a Path, folders: &'a [Folder]) -> Self {
        Self {
            dir,
            folders,
            missed: Vec::new(),
            newest: None,
            seen: Seen::default(),
            unavailable: BTreeMap::new(),
            read: Vec::new(),
        }
    }

    /// Why there is no file of that stem.
    pub(super) fn absent(&self, stem: &str) -> String {
        self.unavailable.get(stem).map_or_else(|| ABSENT.to_owned(), Clone::clone)
    }

    /// All objects of a kind from the files of these stems: read where any folder has such a file.
    pub(super) fn source<T>(&mut self, stems: &[&str]) -> Source<Vec<T>>
    where
        T: DeserializeOwned + k8s_openapi::Resource,
    {
        self.read.extend(stems.iter().map(|&stem| stem.to_owned()));
        let mut found: Option<Vec<T>> = None;
        let mut refused = None;
        for folder in self.folders {
            for name in stems.iter().flat_map(|stem| {
                ["json", "yaml", "yml"].map(|extension| format!("{stem}.{extension}"))
            }) {
                let path = folder.path.join(&name);
                let shown = path.strip_prefix(self.dir).unwrap_or(&path).display().to_string();
                match files::whole(&path) {
                    None => {}
                    Some(Err(why)) => {
                        self.miss(&shown, &why);
                        refused = Some(format!("{shown} {why}"));
                    }
                    Some(Ok(text)) => {
                        let objects = self.objects(&shown, &folder.namespace, &text);
                        found.get_or_insert_default().extend(objects);
                    }
                }
            }
        }
        match found {
            Some(found) => Source::Read(found),
            None => {
                let stem = stems.first().copied().unwrap_or_default();
                Source::Unavailable(refused.unwrap_or_else(|| self.absent(stem)))
            }
        }
    }

    /// Remembers that something was there and could not be read.
    pub(super) fn miss(&mut self, source: &str, why: &str) {
        let why = why.lines().next().unwrap_or_default().chars().take(200).collect();
        self.missed.push(BlindSpot { source: source.into(), why });
    }

    fn objects<T>(&mut self, file: &str, namespace: &str, text: &str) -> Vec<T>
    where
        T: DeserializeOwned + k8s_openapi::Resource,
    {
        let mut objects = Vec::new();
        for value in self.values(file, text) {
            self.newest = self.newest.max(newest(&value));
            match decode(value, namespace, &self.seen) {
                Ok(object) => objects.push(object),
                Err((name, why)) => self.miss(&format!("{file}: {name}"), &why),
            }
        }
        objects
    }

    /// The items of a file, whatever form of list it has.
    pub(super) fn values(&mut self, file: &str, text: &str) -> Vec<Value> {
        if let Ok(value) = serde_json::from_str(text) {
            return items(value);
        }
        let mut values = Vec::new();
        for document in documents(text) {
            let options = yaml_options();
            match serde_saphyr::from_str_with_options::<Value>(&document, options) {
                Ok(value) => values.extend(items(value)),
                Err(error) => self.miss(file, &format!("is neither JSON nor YAML: {error}")),
            }
        }
        values
    }
}

impl ForEachKind for Reader<'_> {
    fn kind<T>(&mut self, source: &mut Source<Vec<T>>)
    where
        T: Metadata<Ty = ObjectMeta> + Serialize + DeserializeOwned + Clone,
    {
        // `kubectl cluster-info dump` once wrote some names with a hyphen.
        let plural = T::URL_PATH_SEGMENT;
        *source = match plural {
            "replicasets" => self.source(&[plural, "replica-sets"]),
            "statefulsets" => self.source(&[plural, "stateful-sets"]),
            "daemonsets" => self.source(&[plural, "daemon-sets"]),
            _ => self.source(&[plural]),
        };
    }
}

/// Splits a YAML stream at its `---` lines, so that one broken document costs only itself. No scalar
/// can hold such a line: its text would be indented.
fn documents(text: &str) -> Vec<String> {
    let mut documents = vec![String::new()];
    for line in text.split_inclusive('\n') {
        if line.trim_end() == "---" {
            documents.push(String::new());
        } else if let Some(last) = documents.last_mut() {
            last.push_str(line);
        }
    }
    documents.retain(|document| {
        document.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
    });
    documents
}

/// The parser's own limits are for settings files; the file's size is the limit here. Those against
/// alias bombs stay.
fn yaml_options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: usize::MAX,
            max_nodes: usize::MAX,
            max_total_scalar_bytes: usize::MAX,
            max_depth: 128,
        },
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::LastWins,
        // A label `on` or `no` is a word; Kubernetes writes only `true` and `false`.
        strict_booleans: true,
    }
}

pub(super) fn items(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        Value::Object(mut object) => match object.remove("items") {
            Some(Value::Array(items)) => items,
            Some(_) => Vec::new(),
            None if object.get("kind").and_then(Value::as_str).is_some_and(is_list) => Vec::new(),
            None => vec![Value::Object(object)],
        },
        _ => Vec::new(),
    }
}

fn is_list(kind: &str) -> bool {
    kind.ends_with("List")
}

/// Fields that tell when something had happened, as against when something will expire.
const TIMES: [&str; 15] = [
    "creationTimestamp",
    "firstTimestamp",
    "lastTimestamp",
    "eventTime",
    "lastObservedTime",
    "startedAt",
    "finishedAt",
    "startTime",
    "completionTime",
    "lastTransitionTime",
    "lastUpdateTime",
    "lastProbeTime",
    "lastHeartbeatTime",
    "lastScheduleTime",
    "time",
];

fn newest(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter_map(|(key, value)| match value {
                Value::String(text) if TIMES.contains(&key.as_str()) => text.parse().ok(),
                value => newest(value),
            })
            .max(),
        Value::Array(items) => items.iter().filter_map(newest).max(),
        _ => None,
    }
}

/// The old form of a Service's endpoints in the new form's types.
pub(super) fn slices(endpoints: Vec<Endpoints>) -> Vec<EndpointSlice> {
    endpoints.into_iter().map(slice).collect()
}

fn slice(old: Endpoints) -> EndpointSlice {
    let name = old.metadata.name.clone().unwrap_or_default();
    let mut slice = EndpointSlice {
        metadata: ObjectMeta {
            labels: Some([("kubernetes.io/service-name".to_owned(), name)].into()),
            ..old.metadata
        },
        address_type: "IPv4".into(),
        ..EndpointSlice::default()
    };
    for subset in old.subsets.into_iter().flatten() {
        let ports = subset.ports.into_iter().flatten().map(|port| EndpointPort {
            app_protocol: port.app_protocol,
            name: port.name,
            port: Some(port.port),
            protocol: port.protocol,
        });
        slice.ports.get_or_insert_default().extend(ports);
        let groups = [(subset.addresses, true), (subset.not_ready_addresses, false)];
        for (addresses, ready) in groups {
            slice.endpoints.extend(addresses.into_iter().flatten().map(|address| Endpoint {
                addresses: vec![address.ip],
                conditions: Some(EndpointConditions {
                    ready: Some(ready),
                    serving: Some(ready),
                    terminating: None,
                }),
                node_name: address.node_name,
                target_ref: address.target_ref,
                ..Endpoint::default()
            }));
        }
    }
    slice
}
