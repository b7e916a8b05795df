//! helm, as a program.

use std::path::PathBuf;
use std::process::Command;

use crate::root;

/// The chart.
pub(crate) const CHART: &str = "deploy/chart/firsthand";

/// helm cannot ask a cluster here; built from its module it takes a very old one for granted.
const KUBERNETES: &str = "1.33.0";

/// A helm that can be started.
pub(crate) struct Helm(PathBuf);

impl Helm {
    /// Builds it where it is not there yet; else why there is none.
    pub(crate) fn find() -> Result<Self, String> {
        let built = Command::new(root("tests/deploy/build")).output();
        let built = built.map_err(|error| format!("tests/deploy/build: {error}"))?;
        let said = String::from_utf8_lossy(&built.stderr).trim().to_owned();
        match built.status.code() {
            Some(0) => Ok(Self(PathBuf::from(String::from_utf8_lossy(&built.stdout).trim()))),
            Some(77) => Err(said),
            _ => panic!("tests/deploy/build failed:\n{said}"),
        }
    }

    /// What it prints; an error is what it complains of.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let mut command = Command::new(&self.0);
        command.current_dir(root("")).args(arguments);
        // Whoever runs this may have repositories and plugins of their own.
        for name in ["HELM_CONFIG_HOME", "HELM_CACHE_HOME", "HELM_DATA_HOME", "HELM_PLUGINS"] {
            command.env(name, std::env::temp_dir().join("firsthand-no-helm-home"));
        }
        let output = command.output().map_err(|error| error.to_string())?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match output.status.success() {
            true => Ok(text(&output.stdout)),
            false => Err(text(&output.stderr) + &text(&output.stdout)),
        }
    }

    /// The manifests of one file of values.
    pub(crate) fn template(&self, values: &str) -> Result<String, String> {
        let place = [
            "template",
            "firsthand",
            CHART,
            "--namespace",
            "monitoring",
            "--kube-version",
            KUBERNETES,
        ];
        self.run(&[&place[..], &["--values", values]].concat())
    }
}
