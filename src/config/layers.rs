//! Defaults, file and environment laid over each other.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use config::{Config, ConfigError, Map, Source, Value, ValueKind};

use super::document::{Document, Malformed};
use super::{DEFAULTS, Environment, Fault, Level, Place, Unusable};

/// What every variable of ours begins with. The second underscore matters: in a cluster, a Service called
/// `firsthand` puts `FIRSTHAND_PORT` and `FIRSTHAND_SERVICE_HOST` into every pod's environment.
const PREFIX: &str = "FIRSTHAND";
const SEPARATOR: &str = "__";

/// Who a value came from, as `config` remembers it.
const FROM_DEFAULTS: &str = "defaults";
const FROM_FILE: &str = "file";

/// The largest settings file that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// The layers, merged, and what is needed to say where something came from.
pub(super) struct Layers {
    /// The merged tree.
    pub(super) merged: Value,
    /// Faults that were seen while merging: they stand in the environment.
    pub(super) faults: Vec<Fault>,
    /// The settings file.
    pub(super) file: Option<PathBuf>,
    /// The environment, where some secrets are.
    pub(super) environment: Environment,
    document: Document,
    /// Path → variable.
    variables: HashMap<String, String>,
}

/// Reads and merges the layers.
pub(super) fn read(file: Option<&Path>, environment: &Environment) -> Result<Layers, Unusable> {
    let document = match file {
        Some(file) => parse(file, &text(file)?)?,
        None => Document::default(),
    };
    let defaults = Document::parse(DEFAULTS, FROM_DEFAULTS).unwrap_or_default();
    let mut layers = Layers {
        merged: Map::<String, Value>::new().into(),
        faults: Vec::new(),
        file: file.map(Path::to_owned),
        environment: environment.clone(),
        document,
        variables: HashMap::new(),
    };
    let ours = layers.ours(environment);
    let merged = Config::builder()
        .add_source(Layer(defaults.root))
        .add_source(Layer(layers.document.root.clone()))
        .add_source(
            config::Environment::with_prefix(PREFIX)
                .prefix_separator(SEPARATOR)
                .separator(SEPARATOR)
                .ignore_empty(true)
                .source(Some(ours)),
        )
        .build();
    match merged {
        Ok(config) => layers.merged = config.cache,
        Err(error) => layers.faults.push(Fault {
            place: Place::Nowhere { file: layers.file.clone() },
            path: String::new(),
            level: Level::Fault,
            what: format!("the settings cannot be merged: {error}"),
            advice: "see config/firsthand.yaml for the form".into(),
        }),
    }
    Ok(layers)
}

impl Layers {
    /// Where `path` was set. The environment is laid over the file, so it is asked first.
    pub(super) fn place(&self, path: &str) -> Place {
        if let Some(variable) = self.variable(path) {
            return Place::Variable { variable: variable.to_owned() };
        }
        match (&self.file, self.document.position(path)) {
            (Some(file), Some(position)) => Place::file(file, position),
            (file, _) => Place::Nowhere { file: file.clone() },
        }
    }

    /// Whether `path` was set by an environment variable, whose values are all text.
    pub(super) fn variable(&self, path: &str) -> Option<&str> {
        self.variables.get(path).map(String::as_str)
    }

    /// Whether the file or the environment sets exactly `path`.
    pub(super) fn holds(&self, path: &str) -> bool {
        self.variables.contains_key(path) || self.document.holds(path)
    }

    /// The names of all receivers, also of faulty ones, so that routes to them are not faulty as well.
    pub(super) fn receivers(&self) -> Vec<String> {
        let ValueKind::Table(root) = &self.merged.kind else { return Vec::new() };
        let Some(ValueKind::Array(all)) = root.get("receivers").map(|it| &it.kind) else {
            return Vec::new();
        };
        let name = |receiver: &Value| match &receiver.kind {
            ValueKind::Table(it) => it.get("name")?.clone().into_string().ok(),
            _ => None,
        };
        all.iter().filter_map(name).collect()
    }

    /// The variables that are settings. Those that cannot be are faults, and left out.
    fn ours(&mut self, environment: &Environment) -> HashMap<String, String> {
        let prefix = format!("{PREFIX}{SEPARATOR}");
        let mut ours = HashMap::new();
        for (name, value) in environment {
            let Some(rest) = name.strip_prefix(&prefix).filter(|_| !value.is_empty()) else {
                continue;
            };
            let path = rest.to_lowercase().replace(SEPARATOR, ".");
            if let Some(what) = impossible(&path) {
                self.faults.push(Fault {
                    place: Place::Variable { variable: name.clone() },
                    path: String::new(),
                    level: Level::Fault,
                    what: what.into(),
                    advice: "use the settings file for it, or unset the variable".into(),
                });
                continue;
            }
            self.variables.insert(path, name.clone());
            ours.insert(name.clone(), value.clone());
        }
        ours
    }
}

/// Why a variable cannot name a setting.
fn impossible(path: &str) -> Option<&'static str> {
    let mut parts = path.split('.');
    if parts.clone().any(|part| part.parse::<usize>().is_ok()) {
        return Some("an entry of a list cannot be set by a variable");
    }
    let word = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    (!parts.all(word)).then_some("no setting can have this name")
}

/// One document as a source of the `config` crate.
#[derive(Clone, Debug)]
struct Layer(Map<String, Value>);

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.0.clone())
    }
}

fn parse(file: &Path, text: &str) -> Result<Document, Unusable> {
    Document::parse(text, FROM_FILE).map_err(|Malformed { what, position }| {
        Unusable::Faulty(vec![Fault {
            place: Place::file(file, position),
            path: String::new(),
            level: Level::Fault,
            what,
            advice: "mend the YAML here; nothing else was checked".into(),
        }])
    })
}

/// The file's text.
fn text(file: &Path) -> Result<String, Unusable> {
    let unreadable = |why: String| Unusable::Unreadable { file: file.to_owned(), why };
    let size = std::fs::metadata(file).map_err(|error| {
        unreadable(match error.kind() {
            ErrorKind::NotFound => "no such file; give the right one with --config".into(),
            ErrorKind::PermissionDenied => "permission denied; make it readable".into(),
            _ => error.to_string(),
        })
    })?;
    if size.is_dir() {
        return Err(unreadable("a folder, not a file; name the file in it".into()));
    }
    if size.len() > LARGEST {
        return Err(unreadable("larger than 1 MiB; this is not a settings file".into()));
    }
    let bytes = std::fs::read(file).map_err(|error| unreadable(format!("{error}")))?;
    String::from_utf8(bytes).map_err(|_| unreadable("not UTF-8 text".into()))
}
