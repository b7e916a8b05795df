//! A collector without a daemon, for a question asked once.

use super::watch;
use crate::collect::Collector;
use crate::config::Settings;

/// A collector for the cluster and the Prometheus of these settings. Nothing is asked of them yet.
///
/// # Errors
/// When there is no cluster to ask, or an address is none.
pub async fn collector(settings: &Settings) -> anyhow::Result<Collector> {
    let sources = watch::Sources::of(settings).await?;
    if let Some(poller) = watch::poller(settings)? {
        let headers = poller.headers().await.map_err(|why| anyhow::anyhow!("prometheus: {why}"))?;
        sources.headers.send_replace(headers);
    }
    Ok(sources.collector)
}
