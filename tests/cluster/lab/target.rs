//! Which cluster the stories are told on: the one that `tests/cluster/up` makes, or one of the user's.

use std::path::{Path, PathBuf};

/// Where the images of the manifests are on our own cluster.
const OUR_IMAGES: &str = "10.250.0.1:5000/";

/// A cluster for the stories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Our own, with its node, its registry, its Prometheus and its Alertmanager; its state is in that folder.
    Ours(PathBuf),
    /// The user's: only its API, and a Prometheus that scrapes its kube-state-metrics.
    Users {
        /// What stands before `app:1` and `app:2`.
        images: String,
        /// Prometheus' address.
        prometheus: String,
    },
}

impl Target {
    /// The cluster, or why there is none.
    ///
    /// `KUBECONFIG` alone does not choose a cluster: whoever works with one has it set, and it often leads to
    /// one that must not be given a dozen crash loops. `FIRSTHAND_CLUSTER=mine` says that this one may.
    pub(crate) fn find() -> Result<Self, String> {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        match set("FIRSTHAND_CLUSTER").as_deref() {
            Some("off") => Err("FIRSTHAND_CLUSTER=off".into()),
            Some("mine") => users(set),
            _ => {
                let network = Path::new("/run/netns/firsthand-cluster");
                let state = set("FIRSTHAND_CLUSTER_STATE").unwrap_or_default();
                let up = network.exists().then(|| Self::Ours(state.into()));
                up.ok_or_else(|| "it is not up; run tests/cluster/up as root".into())
            }
        }
    }

    /// Whether it is ours, with all its parts.
    pub(crate) fn is_ours(&self) -> bool {
        matches!(self, Self::Ours(_))
    }

    /// A manifest of the stories, with the images where this cluster has them.
    pub(crate) fn images(&self, manifest: &str) -> String {
        match self {
            Self::Ours(_) => manifest.to_owned(),
            Self::Users { images, .. } => manifest.replace(OUR_IMAGES, images),
        }
    }

    /// Where Prometheus is.
    pub(crate) fn prometheus(&self) -> &str {
        match self {
            Self::Ours(_) => "http://127.0.0.1:9090",
            Self::Users { prometheus, .. } => prometheus,
        }
    }
}

fn users(set: impl Fn(&str) -> Option<String>) -> Result<Target, String> {
    set("KUBECONFIG").ok_or("FIRSTHAND_CLUSTER=mine wants KUBECONFIG too")?;
    let prometheus = set("FIRSTHAND_PROMETHEUS").ok_or(
        "FIRSTHAND_CLUSTER=mine wants FIRSTHAND_PROMETHEUS: a URL where the Prometheus of that cluster answers",
    )?;
    // As `docker build` names an image and `kind load docker-image` loads it.
    let images = set("FIRSTHAND_IMAGES").unwrap_or_default();
    Ok(Target::Users { images, prometheus })
}
