//! The room's settings. Defaults fit kube-state-metrics 2.x scraped by anything that speaks PromQL.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where Prometheus is and what is asked of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PrometheusSettings {
    /// Base URL of Prometheus, or of anything with its query API (Thanos, Mimir, VictoriaMetrics). A path
    /// is kept. Left out: nothing is polled, and only alerts open incidents.
    pub url: Option<String>,
    /// How often to ask. Shorter than the scrape interval gains nothing.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub poll_interval: Duration,
    /// How long one query may take.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub timeout: Duration,
    /// Matchers added to every selector, as PromQL writes them: `cluster="prod-eu"`. Needed where one
    /// Prometheus holds several clusters.
    pub matchers: Vec<String>,
    /// File with a bearer token, read again at every poll, because mounted tokens rotate.
    pub bearer_token_file: Option<PathBuf>,
    /// Basic authentication.
    pub basic_auth: Option<BasicAuth>,
    /// Further headers of each request, as `X-Scope-OrgID: shop` for a tenant. Not for secrets.
    pub headers: BTreeMap<String, String>,
    /// Certificates, where the system's own are not enough.
    pub tls: TlsFiles,
    /// The selectors the poll reads.
    pub queries: Queries,
}

impl Default for PrometheusSettings {
    fn default() -> Self {
        Self {
            url: None,
            poll_interval: Duration::from_secs(15),
            timeout: Duration::from_secs(10),
            matchers: Vec::new(),
            bearer_token_file: None,
            basic_auth: None,
            headers: BTreeMap::new(),
            tls: TlsFiles::default(),
            queries: Queries::default(),
        }
    }
}

/// A user name and the file its password is in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasicAuth {
    /// The user name.
    pub username: String,
    /// File with the password, read again at every use.
    pub password_file: PathBuf,
}

/// Certificate files in PEM form, read again whenever they are used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TlsFiles {
    /// The only authorities that are trusted. Left out: the system's.
    pub ca_file: Option<PathBuf>,
    /// Our own certificate, for a server that asks for one (mTLS). Needs `key_file`.
    pub cert_file: Option<PathBuf>,
    /// The key of `cert_file`.
    pub key_file: Option<PathBuf>,
}

/// The selectors the poll reads. Each must yield one series per container, with `namespace`, `pod`,
/// `container` and where possible `uid` (or their `exported_…` forms); doubled series are merged. The
/// poll wraps them so that an answer holds only what moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Queries {
    /// Raw restart counters.
    pub restarts: String,
    /// 1 while a container waits, with the label `reason`. Reasons of a normal start are left out here.
    pub waiting: String,
    /// 1 for the `reason` of a container's last end.
    pub terminated_reason: String,
    /// The exit code of a container's last end.
    pub terminated_exit_code: String,
    /// When a pod was made, in seconds since 1970: tells a new pod from a series that came back.
    pub created: String,
}

impl Default for Queries {
    fn default() -> Self {
        // Init containers have series of their own; native sidecars count there too.
        let both = |metric: &str, matcher: &str| {
            format!("{{__name__=~\"kube_pod_(init_)?container_status_{metric}\"{matcher}}}")
        };
        Self {
            restarts: both("restarts_total", ""),
            waiting: both("waiting_reason", ",reason!~\"ContainerCreating|PodInitializing\""),
            terminated_reason: both("last_terminated_reason", ""),
            terminated_exit_code: both("last_terminated_exitcode", ""),
            created: "kube_pod_created".to_owned(),
        }
    }
}

/// What is known of Alertmanager, whose webhooks are heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AlertmanagerSettings {
    /// Base URL of Alertmanager, for links, for its silences and inhibitions, which then hold for what the
    /// poll sees as well, and to notice an end whose webhook was lost. Left out: none of these.
    pub url: Option<String>,
    /// The label that names an alert's cluster, where one Alertmanager serves several. Alerts without it
    /// are taken for this cluster's.
    pub cluster_label: String,
    /// How often it is asked for silences and for what fires.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub ask_interval: Duration,
    /// File with a bearer token, read again at every use.
    pub bearer_token_file: Option<PathBuf>,
    /// Basic authentication.
    pub basic_auth: Option<BasicAuth>,
    /// Further headers of each request, as `X-Scope-OrgID: shop` for a tenant. Not for secrets.
    pub headers: BTreeMap<String, String>,
    /// Certificates, where the system's own are not enough.
    pub tls: TlsFiles,
}

impl Default for AlertmanagerSettings {
    fn default() -> Self {
        Self {
            url: None,
            cluster_label: "cluster".to_owned(),
            ask_interval: Duration::from_secs(30),
            bearer_token_file: None,
            basic_auth: None,
            headers: BTreeMap::new(),
            tls: TlsFiles::default(),
        }
    }
}
