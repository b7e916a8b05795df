//! Every room's settings in one tree, and the one reader of the settings file and the environment.
//!
//! Enters: a YAML file and environment variables, laid over the defaults that are compiled in
//! (`config/firsthand.yaml`). Leaves: [`Settings`], or *all* faults at once, each with its place, what is
//! wrong and what to do.
//!
//! *Nothing in this room speaks to the network, and no secret passes through it:* settings name the file
//! or the variable that holds a secret, and the room that needs it reads it.

mod document;
mod fault;
mod layers;
mod nearest;
mod node;
mod validate;
mod walk;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use fault::{Fault, Place, Unusable};

/// The defaults, with a comment for every key. Compiled in; also the reference for people.
pub const DEFAULTS: &str = include_str!("../../config/firsthand.yaml");

/// Environment variables as far as settings are concerned: names and values.
pub type Environment = BTreeMap<String, String>;

/// Every setting there is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where Firsthand listens for alerts, health checks and metrics scrapes: `address:port`.
    pub listen: String,
    /// Where incidents, evidence and undelivered messages are kept.
    pub store: StoreSettings,
    /// The cluster that is watched.
    pub cluster: ClusterSettings,
}

/// Where incidents are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreSettings {
    /// The SQLite file. Its folder must exist; put it on a local disk, never on NFS.
    pub path: PathBuf,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self { path: "firsthand.db".into() }
    }
}

/// The cluster that is watched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClusterSettings {
    /// What the cluster is called in messages and routes. Alerts that carry another name in their
    /// `cluster` label are delivered without evidence, and say so.
    pub name: String,
}

impl Default for ClusterSettings {
    fn default() -> Self {
        Self { name: "kubernetes".into() }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:9095".into(),
            store: StoreSettings::default(),
            cluster: ClusterSettings::default(),
        }
    }
}

/// Reads the settings: the defaults, the file over them, the environment over both. Relative paths in
/// them are made relative to the file's folder, as Prometheus does; without a file, to the working
/// directory.
///
/// # Errors
/// [`Unusable::Unreadable`] when the file cannot be read, [`Unusable::Faulty`] with every fault.
pub fn read(file: Option<&Path>, environment: &Environment) -> Result<Settings, Unusable> {
    let layers = layers::read(file, environment)?;
    let mut walk = walk::Walk::default();
    let settings = walk.settings(&layers);
    if let Some(settings) = &settings {
        validate::check(settings, &layers, &mut walk);
    }
    match (settings, walk.into_faults()) {
        (Some(settings), faults) if faults.is_empty() => Ok(settings),
        (_, faults) => Err(Unusable::Faulty(faults)),
    }
}
