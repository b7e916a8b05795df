//! How a command reaches the cluster: the settings file, and kubectl's own flags over it.

use std::path::PathBuf;

use crate::collect;
use crate::config;

/// Flags that every command which looks at a cluster has.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Cluster")]
pub(crate) struct Reach {
    /// The settings file, for how the cluster and Prometheus are reached
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The kubeconfig to use; else in-cluster, KUBECONFIG, ~/.kube/config
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
}

impl Reach {
    /// The settings for looking, with the flags over them.
    pub(super) fn settings(&self) -> anyhow::Result<config::Settings> {
        let mut settings = config::read_to_look(self.config.as_deref(), &super::environment())?;
        if self.kubeconfig.is_some() {
            settings.cluster.kubeconfig.clone_from(&self.kubeconfig);
        }
        if self.context.is_some() {
            settings.cluster.context.clone_from(&self.context);
        }
        Ok(settings)
    }

    /// The namespace of the kubeconfig's context, as kubectl takes it.
    pub(super) async fn namespace(&self) -> anyhow::Result<String> {
        collect::default_namespace(&self.settings()?.cluster).await
    }
}
