//! One fault in the settings: where, what, and what to do.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// The file could not be read at all.
    #[error("settings file {}: {why}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why, and what to do.
        why: String,
    },
    /// It was read, and these are its faults; at least one.
    #[error("{}", list(.0))]
    Faulty(Vec<Fault>),
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fault {
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// The setting: `receivers[0].slack.channel`; empty when it is about the file as a whole.
    pub path: String,
    /// Whether Firsthand can run with it.
    pub level: Level,
    /// What is wrong.
    pub what: String,
    /// What to do.
    #[serde(rename = "do")]
    pub advice: String,
}

/// How grave a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Firsthand does not run with it.
    Fault,
    /// It runs, and probably not as it was meant.
    Warning,
}

/// Where a setting was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum Place {
    /// In the settings file.
    File {
        /// The file as it was named on the command line.
        file: PathBuf,
        /// Line, from 1.
        line: u64,
        /// Column in characters, from 1.
        column: u64,
    },
    /// In an environment variable.
    Variable {
        /// Its name.
        variable: String,
    },
    /// Nowhere: a default, or something that is missing altogether.
    Nowhere {
        /// The settings file, if there is one.
        #[serde(skip_serializing_if = "Option::is_none")]
        file: Option<PathBuf>,
    },
}

impl Place {
    /// A place in `file`.
    pub(super) fn file(file: &Path, (line, column): (u64, u64)) -> Self {
        Self::File { file: file.to_owned(), line, column }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line, column } => write!(f, "{}:{line}:{column}", file.display()),
            Self::Variable { variable } => write!(f, "environment variable {variable}"),
            Self::Nowhere { file: Some(file) } => write!(f, "{}", file.display()),
            Self::Nowhere { file: None } => write!(f, "settings"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        if self.level == Level::Warning {
            write!(f, "warning: ")?;
        }
        write!(f, "{}; {}", self.what, self.advice)
    }
}

/// All faults, one line each.
fn list(faults: &[Fault]) -> String {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    match lines.as_slice() {
        [only] => only.clone(),
        many => format!("{} faults in the settings\n  {}", many.len(), many.join("\n  ")),
    }
}
