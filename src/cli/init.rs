//! `firsthand init`: a settings file to begin with.

use std::io::Write;
use std::time::Duration;

use k8s_openapi::api::core::v1::Service;
use kube::api::{Api, ListParams};
use kube::config::Kubeconfig;

use super::Outcome;
use crate::collect;

/// Arguments of `init`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Asks nothing: looks for Services that are called like Prometheus and Alertmanager, in the cluster that the
kubeconfig or the pod names, and prints settings that `firsthand check` takes. What was not found stands
there as a comment.

Example:
  firsthand init > firsthand.yaml")]
pub struct Args {
    /// How the cluster is reached
    #[command(flatten)]
    reach: super::Reach,
}

/// How long the cluster may take: somebody waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    cluster: Option<String>,
    prometheus: Option<String>,
    alertmanager: Option<String>,
}

/// Prints the settings; says on stderr what could not be looked at.
pub(super) async fn run(args: Args, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    let settings = args.reach.settings()?.cluster;
    let cluster =
        Kubeconfig::read().ok().and_then(|file| cluster_of(&file, settings.context.as_deref()));
    let found = match collect::client(&settings).await {
        Ok(client) => {
            let services = Api::<Service>::all(client);
            let list = ListParams::default().limit(1_000);
            match tokio::time::timeout(PATIENCE, services.list(&list)).await {
                Ok(Ok(services)) => among(&services.items),
                Ok(Err(error)) => unseen(&error.to_string()),
                Err(_) => unseen("the API server does not answer"),
            }
        }
        Err(why) => unseen(&format!("{why:#}")),
    };
    write!(out, "{}", written(&Found { cluster, ..found }))?;
    Ok(Outcome::Fine)
}

fn unseen(why: &str) -> Found {
    tracing::warn!(why, "the cluster was not looked at; addresses are to be filled in");
    Found::default()
}

fn cluster_of(file: &Kubeconfig, context: Option<&str>) -> Option<String> {
    let current = context.or(file.current_context.as_deref())?;
    let named = file.contexts.iter().find(|it| it.name == current)?;
    Some(named.context.as_ref()?.cluster.clone())
}

/// Services called like Prometheus and Alertmanager, with the port that these listen on.
fn among(services: &[Service]) -> Found {
    // What is named after Prometheus and is another thing.
    const OTHERS: [&str; 9] = [
        "alertmanager",
        "operator",
        "exporter",
        "adapter",
        "pushgateway",
        "kube-state",
        "sidecar",
        "config-reloader",
        "blackbox",
    ];
    let address = |like: &str, not: &[&str], ports: &[i32]| {
        let mut all: Vec<_> = services
            .iter()
            .filter_map(|service| {
                let name = service.metadata.name.as_deref()?;
                let namespace = service.metadata.namespace.as_deref()?;
                let ours = name.contains(like) && !not.iter().any(|other| name.contains(other));
                let open = service.spec.as_ref()?.ports.iter().flatten();
                let port = open.map(|it| it.port).find(|port| ports.contains(port));
                port.filter(|_| ours).map(|port| {
                    // A headless Service of an operator's stands beside the one for people.
                    let governed = name.ends_with("-operated");
                    (governed, name.len(), format!("http://{name}.{namespace}.svc:{port}"))
                })
            })
            .collect();
        all.sort();
        all.into_iter().next().map(|(_, _, url)| url)
    };
    Found {
        cluster: None,
        prometheus: address("prometheus", &OTHERS, &[9090, 80]),
        alertmanager: address("alertmanager", &[], &[9093, 80]),
    }
}

fn written(found: &Found) -> String {
    let name = found.cluster.as_deref().unwrap_or("kubernetes");
    let name = serde_json::Value::from(name);
    let url = |url: &Option<String>, example: &str| match url {
        Some(url) => format!("  url: {url}\n"),
        None => format!("  # Not found; fill it in:\n  # url: {example}\n"),
    };
    let prometheus = url(&found.prometheus, "http://prometheus.monitoring.svc:9090");
    let alertmanager = url(&found.alertmanager, "http://alertmanager.monitoring.svc:9093");
    format!(
        "# Settings of Firsthand. Only what differs from the defaults; all of them: docs/settings.md.
# Try:  firsthand check --live --config firsthand.yaml

# Alerts come to http://ADDRESS:9095/alertmanager. In Alertmanager:
#   receivers:
#     - name: firsthand
#       webhook_configs: [ {{ url: 'http://firsthand.monitoring.svc:9095/alertmanager', send_resolved: true }} ]
listen: 0.0.0.0:9095

cluster:
  # What messages and routes call it.
  name: {name}

# Polled for restarts and bad waiting reasons, and read for memory.
prometheus:
{prometheus}
# For links and silences.
alertmanager:
{alertmanager}
store:
  # On a local disk that outlives the pod.
  path: ./firsthand.db

receivers:
  # Tells nobody but the daemon's own log: for a first look. `watch`: also when Firsthand itself is blind or mute.
  - name: log
    watch: true
    log: {{}}
  # A Slack channel. The app needs chat:write, and channels:history so that nothing is told twice.
  # - name: oncall
  #   slack:
  #     channel: C0123456789
  #     token_file: ./slack-token

route:
  receiver: log
  # routes:
  #   - matchers: [ 'sev=~\"SEV1|SEV2\"' ]
  #     receiver: oncall
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(namespace: &str, name: &str, port: i32) -> Service {
        serde_json::from_value(serde_json::json!({
            "metadata": { "namespace": namespace, "name": name },
            "spec": { "ports": [{ "port": port }] },
        }))
        .expect("a Service")
    }

    #[test]
    fn prometheus_is_told_from_what_is_named_after_it() {
        let found = among(&[
            service("monitoring", "kps-prometheus-node-exporter", 9100),
            service("monitoring", "kps-kube-prometheus-stack-operator", 443),
            service("monitoring", "prometheus-operated", 9090),
            service("monitoring", "kps-kube-prometheus-stack-prometheus", 9090),
            service("monitoring", "kps-kube-prometheus-stack-alertmanager", 9093),
            service("monitoring", "alertmanager-operated", 9093),
        ]);
        assert_eq!(
            found.prometheus.as_deref(),
            Some("http://kps-kube-prometheus-stack-prometheus.monitoring.svc:9090")
        );
        assert_eq!(
            found.alertmanager.as_deref(),
            Some("http://kps-kube-prometheus-stack-alertmanager.monitoring.svc:9093")
        );
        let plain = among(&[service("x", "prometheus-server", 80), service("x", "web", 80)]);
        assert_eq!(plain.prometheus.as_deref(), Some("http://prometheus-server.x.svc:80"));
        assert_eq!(plain.alertmanager, None);
    }
}
