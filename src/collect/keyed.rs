//! ConfigMaps and Secrets without their values.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::diagnosis::{KeyedObject, Series, Source};

/// An object that has named values.
pub(super) trait Keyed {
    /// What is kept of it.
    fn keyed(self) -> KeyedObject;
}

impl Keyed for ConfigMap {
    fn keyed(self) -> KeyedObject {
        let data = self.data.into_iter().flatten().map(|(key, _)| key);
        let keys = data.chain(self.binary_data.into_iter().flatten().map(|(key, _)| key)).collect();
        object(self.metadata, keys)
    }
}

impl Keyed for Secret {
    fn keyed(self) -> KeyedObject {
        let data = self.data.into_iter().flatten().map(|(key, _)| key);
        let keys = data.chain(self.string_data.into_iter().flatten().map(|(key, _)| key)).collect();
        object(self.metadata, keys)
    }
}

/// Drops the values of all of them.
pub(super) fn all<T: Keyed>(source: Source<Vec<T>>) -> Source<Vec<KeyedObject>> {
    match source {
        Source::Read(objects) => Source::Read(objects.into_iter().map(Keyed::keyed).collect()),
        Source::Unavailable(why) => Source::Unavailable(why),
    }
}

/// The object that a series of kube-state-metrics tells of; `label` holds its name. Without
/// `honorLabels` the object's namespace is in `exported_namespace`.
pub(super) fn of_series(series: &Series, label: &str) -> Option<KeyedObject> {
    let namespace =
        series.labels.get("exported_namespace").or_else(|| series.labels.get("namespace"))?;
    Some(KeyedObject {
        namespace: namespace.clone(),
        name: series.labels.get(label)?.clone(),
        keys: None,
        edited_at: None,
    })
}

fn object(meta: ObjectMeta, keys: Vec<String>) -> KeyedObject {
    KeyedObject {
        edited_at: edited_at(&meta),
        namespace: meta.namespace.unwrap_or_default(),
        name: meta.name.unwrap_or_default(),
        keys: Some(keys),
    }
}

/// The newest edit that `managedFields` knows, if it came after the creation. The creation time says nothing about later edits, so
/// without `managedFields` (kubectl leaves them out) the time is not known.
fn edited_at(meta: &ObjectMeta) -> Option<Timestamp> {
    let made = meta.creation_timestamp.as_ref().map(|time| time.0);
    let times = meta.managed_fields.iter().flatten().filter_map(|it| Some(it.time.as_ref()?.0));
    times.max().filter(|at| made.is_none_or(|made| *at > made))
}
