//! The client of the Kubernetes API.

use std::time::Duration;

use anyhow::{Context, anyhow};
use kube::config::{KubeConfigOptions, Kubeconfig};

use super::ClusterSettings;

/// How long the API server may be silent. Above any collection's deadline, which is what really counts:
/// this one frees the connection.
const SILENCE: Duration = Duration::from_secs(15);
const CONNECT: Duration = Duration::from_secs(5);

/// A client for the cluster of these settings. It is built without a call to the cluster, so that a
/// cluster that is away does not keep the daemon from starting.
///
/// # Errors
/// When there is no way to reach a cluster: no pod, no kubeconfig, or one that cannot be used.
pub async fn client(settings: &ClusterSettings) -> anyhow::Result<kube::Client> {
    crate::tls::install();
    let mut config = config(settings).await?;
    // Its own retries go on for minutes; an incident cannot wait, and a blind spot is said.
    config.default_retry = false;
    config.connect_timeout = Some(CONNECT);
    config.read_timeout = Some(SILENCE);
    // Else the time a connection has been idle in the pool counts too.
    config.reset_reader_on_write = true;
    kube::Client::try_from(config).context("cannot build a client for the Kubernetes API")
}

/// The namespace that a command means where none is named: that of the kubeconfig's context, else
/// `default`.
///
/// # Errors
/// As [`client`].
pub async fn default_namespace(settings: &ClusterSettings) -> anyhow::Result<String> {
    crate::tls::install();
    Ok(config(settings).await?.default_namespace)
}

async fn config(settings: &ClusterSettings) -> anyhow::Result<kube::Config> {
    if let Some(url) = &settings.api_url {
        let url = url.parse().map_err(|_| {
            anyhow!("cluster.api_url is not an address; write it as http://127.0.0.1:8001")
        })?;
        return Ok(kube::Config::new(url));
    }
    let options = KubeConfigOptions { context: settings.context.clone(), ..Default::default() };
    if let Some(path) = &settings.kubeconfig {
        let file = Kubeconfig::read_from(path)
            .with_context(|| format!("cluster.kubeconfig {} cannot be read", path.display()))?;
        return kube::Config::from_custom_kubeconfig(file, &options)
            .await
            .with_context(|| format!("cluster.kubeconfig {} cannot be used", path.display()));
    }
    if settings.context.is_none()
        && let Ok(config) = kube::Config::incluster()
    {
        return Ok(config);
    }
    // The error's own words hold its cause already, and would say it twice as a chain.
    kube::Config::from_kubeconfig(&options).await.map_err(|error| {
        anyhow!(
            "no Kubernetes cluster to ask; set cluster.kubeconfig, KUBECONFIG, or run in a pod \
             ({})",
            error.to_string().replace(['"', '\''], "")
        )
    })
}
