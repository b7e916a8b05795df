//! Evidence → a folder in the layout that [`read`](super::read) reads. What was not read gets no file;
//! why not stands in `snapshot.json`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::{Metadata, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::diagnosis::{
    CustomResource, Evidence, ForEachKind, Instance, KeyedObject, Log, Metrics, Source,
};

/// Writes evidence to a folder, which is made where it is not there. Files that stand there already are
/// replaced; they can be read by their owner only.
///
/// # Errors
/// What the file system says.
pub fn write(evidence: &Evidence, dir: &Path) -> io::Result<()> {
    let mut out = Out { dir: dir.to_owned(), unavailable: BTreeMap::new(), failed: None };
    evidence.clone().for_each_kind(&mut out);
    if let Some(error) = out.failed.take() {
        return Err(error);
    }
    out.custom(&evidence.custom_resources)?;
    out.keyed("ConfigMap", "configmaps", &evidence.config_maps)?;
    out.keyed("Secret", "secrets", &evidence.secrets)?;
    out.logs(&evidence.logs)?;
    out.metrics(evidence)?;
    out.alerts(evidence)?;
    out.snapshot(evidence)
}

/// The folder, and what could not be written because it was never read.
struct Out {
    dir: PathBuf,
    unavailable: BTreeMap<String, String>,
    failed: Option<io::Error>,
}

impl ForEachKind for Out {
    fn kind<T>(&mut self, source: &mut Source<Vec<T>>)
    where
        T: Metadata<Ty = ObjectMeta> + Serialize + DeserializeOwned + Clone,
    {
        if self.failed.is_none() {
            self.failed = self.source(T::URL_PATH_SEGMENT, source).err();
        }
    }
}

impl Out {
    /// One file per namespace, as `kubectl cluster-info dump` has them; what has no namespace stands in
    /// the dump's own folder.
    fn source<T>(&mut self, stem: &str, source: &Source<Vec<T>>) -> io::Result<()>
    where
        T: Resource + Serialize,
    {
        let objects = match source {
            Source::Read(objects) => objects,
            Source::Unavailable(why) => {
                self.unavailable.insert(stem.to_owned(), why.clone());
                return Ok(());
            }
        };
        let values: Result<Vec<Value>, _> = objects.iter().map(serde_json::to_value).collect();
        self.lists(stem, T::KIND, T::API_VERSION, values?)
    }

    /// What is known of custom resources, in their own form. Where none were looked for nothing is said:
    /// most clusters have none.
    fn custom(&self, source: &Source<Vec<CustomResource>>) -> io::Result<()> {
        let mut kinds: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for object in source.items() {
            let value = json!({
                "kind": object.kind,
                "metadata": { "name": object.name, "namespace": object.namespace },
                "firsthand": { "secrets": object.secrets },
                "status": { "conditions": object.conditions },
            });
            kinds.entry(&object.kind).or_default().push(value);
        }
        for (kind, values) in kinds {
            self.lists(&format!("{}s", kind.to_ascii_lowercase()), kind, "v1", values)?;
        }
        Ok(())
    }

    fn lists(&self, stem: &str, kind: &str, version: &str, values: Vec<Value>) -> io::Result<()> {
        let mut spaces: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for value in values {
            let space = value["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
            spaces.entry(space).or_default().push(value);
        }
        if spaces.is_empty() {
            // Read, and there was none: an empty list is an answer.
            spaces.insert(String::new(), Vec::new());
        }
        for (space, items) in spaces {
            let list =
                json!({ "kind": format!("{kind}List"), "apiVersion": version, "items": items });
            self.file(&[&space, &format!("{stem}.json")], &pretty(&list)?)?;
        }
        Ok(())
    }

    /// Names and keys, no value. Where only names are known they stand among the metrics, as
    /// kube-state-metrics tells them.
    fn keyed(
        &mut self,
        kind: &str,
        stem: &str,
        source: &Source<Vec<KeyedObject>>,
    ) -> io::Result<()> {
        let objects = match source {
            Source::Read(objects) if objects.iter().all(|object| object.keys.is_none()) => {
                return Ok(());
            }
            Source::Read(objects) => objects,
            Source::Unavailable(why) => {
                self.unavailable.insert(stem.to_owned(), why.clone());
                return Ok(());
            }
        };
        self.lists(stem, kind, "v1", objects.iter().map(valueless).collect())
    }

    fn logs(&self, logs: &[Log]) -> io::Result<()> {
        let mut files: BTreeMap<(&str, &str, &str), String> = BTreeMap::new();
        for log in logs {
            let file = match log.instance {
                Instance::Previous => "previous-logs.txt",
                Instance::Current => "logs.txt",
            };
            let whose = format!("container {} of pod {}/{}", log.container, log.namespace, log.pod);
            let text = match &log.text {
                Source::Read(text) => text.clone(),
                Source::Unavailable(why) => format!("Request log error: {why}\n"),
            };
            let all = files.entry((&log.namespace, &log.pod, file)).or_default();
            // Writing into a String cannot fail.
            _ = write!(
                all,
                "==== START logs for {whose} ====\n{text}==== END logs for {whose} ====\n"
            );
        }
        for ((space, pod, file), text) in files {
            self.file(&[space, pod, file], &text)?;
        }
        Ok(())
    }

    fn metrics(&mut self, evidence: &Evidence) -> io::Result<()> {
        let named = [
            ("kube_secret_info", "secret", &evidence.secrets),
            ("kube_configmap_info", "configmap", &evidence.config_maps),
        ];
        let mut text = match &evidence.metrics {
            Source::Read(metrics) => open_metrics(metrics),
            Source::Unavailable(why) => {
                self.unavailable.insert("metrics".to_owned(), why.clone());
                String::new()
            }
        };
        for (metric, label, source) in named {
            for object in source.items().iter().filter(|object| object.keys.is_none()) {
                let (space, name) = (escaped(&object.namespace), escaped(&object.name));
                _ = writeln!(text, "{metric}{{namespace=\"{space}\",{label}=\"{name}\"}} 1");
            }
        }
        if text.is_empty() && self.unavailable.contains_key("metrics") {
            return Ok(());
        }
        self.file(&["metrics.txt"], &(text + "# EOF\n"))
    }

    /// As the body of an Alertmanager webhook.
    fn alerts(&self, evidence: &Evidence) -> io::Result<()> {
        let alert = |fact: &crate::diagnosis::AlertFact| {
            json!({
                "status": "firing", "labels": fact.labels, "annotations": fact.annotations,
                "startsAt": fact.starts_at, "endsAt": "0001-01-01T00:00:00Z",
            })
        };
        if evidence.alerts.is_empty() {
            return Ok(());
        }
        let alerts: Vec<Value> = evidence.alerts.iter().map(alert).collect();
        let body = json!({ "version": "4", "status": "firing", "alerts": alerts });
        self.file(&["alerts.json"], &pretty(&body)?)
    }

    fn snapshot(&self, evidence: &Evidence) -> io::Result<()> {
        let snapshot = json!({
            "taken_at": evidence.taken_at, "unavailable": self.unavailable,
            "missed": evidence.missed, "redacted": evidence.redacted,
        });
        self.file(&["snapshot.json"], &pretty(&snapshot)?)
    }

    fn file(&self, parts: &[&str], text: &str) -> io::Result<()> {
        let path =
            parts.iter().filter(|part| !part.is_empty()).fold(self.dir.clone(), |a, b| a.join(b));
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path)?.write_all(text.as_bytes())
    }
}

fn pretty(value: &Value) -> io::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

fn valueless(object: &KeyedObject) -> Value {
    let keys: BTreeMap<&str, &str> =
        object.keys.iter().flatten().map(|key| (key.as_str(), "")).collect();
    let mut meta = json!({ "namespace": object.namespace, "name": object.name });
    if let Some(edited) = object.edited_at {
        meta["managedFields"] = json!([{ "time": edited }]);
    }
    json!({ "metadata": meta, "data": keys })
}

/// The text form of OpenMetrics, without its last line.
fn open_metrics(metrics: &Metrics) -> String {
    let mut text = String::new();
    let mut before = "";
    let mut series: Vec<_> = metrics.0.iter().collect();
    series.sort_by(|a, b| (&a.name, &a.labels).cmp(&(&b.name, &b.labels)));
    for series in series {
        if series.name != before {
            _ = writeln!(text, "# TYPE {} unknown", series.name);
            before = &series.name;
        }
        let labels = series.labels.iter();
        let labels: Vec<_> = labels.map(|(name, v)| format!("{name}=\"{}\"", escaped(v))).collect();
        for (at, value) in &series.samples {
            #[expect(clippy::cast_precision_loss, reason = "milliseconds of our time fit a double")]
            let seconds = at.as_millisecond() as f64 / 1000.0;
            _ = writeln!(text, "{}{{{}}} {value} {seconds}", series.name, labels.join(","));
        }
    }
    text
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
