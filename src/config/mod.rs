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
mod secret;
mod validate;
mod walk;
mod wrong;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::delivery::{self, ReceiverSettings};
use crate::diagnosis::Names;
use crate::incident::Rules;
use crate::incident::route::{Named, Route, Schedule};
use crate::incident::watch::Watching;
use crate::intake::{AlertmanagerSettings, Namespaces, PrometheusSettings};
use crate::{collect, ledger, web};
pub use fault::{Fault, Level, Place, Unusable};

/// The defaults, with a comment for every key. Compiled in; also the reference for people.
pub const DEFAULTS: &str = include_str!("../../config/firsthand.yaml");

/// Environment variables as far as settings are concerned: names and values.
pub type Environment = BTreeMap<String, String>;

/// Every setting there is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where Firsthand listens, as `address:port`: alerts on `/alertmanager`, health on `/-/healthy` and
    /// `/-/ready`, metrics on `/metrics`.
    pub listen: String,
    /// Who may send alerts. Nothing here: anyone who reaches the port.
    pub web: web::Settings,
    /// Where incidents, their evidence and undelivered messages are kept.
    pub store: ledger::Settings,
    /// The cluster that is watched. API access: in-cluster, then `KUBECONFIG`, then `~/.kube/config`.
    pub cluster: collect::ClusterSettings,
    /// Further clusters whose alerts come here: evidence is taken there, with the API access that each
    /// names. Their Prometheus is not polled; an alert of a cluster that is not named is told without evidence.
    pub clusters: Vec<collect::ClusterSettings>,
    /// What taking the evidence of one incident may cost.
    pub collect: collect::Settings,
    /// Which namespaces are watched; what happens in others is not heard.
    pub namespaces: Namespaces,
    /// Where Prometheus is, and what is asked of it.
    pub prometheus: PrometheusSettings,
    /// Where Alertmanager is. Its alerts come by webhook, also without this.
    pub alertmanager: AlertmanagerSettings,
    /// Where on a workload it stands whose it is, and what its failure means.
    pub ownership: Names,
    /// When to speak, when to look, and when something is over.
    pub incident: Rules,
    /// When Firsthand speaks of itself and of what it depends on, to receivers with `watch: true`.
    pub watch: Watching,
    /// How fast messages are sent, and how patiently.
    pub delivery: delivery::Settings,
    /// Who can be told, as in Alertmanager: a name and one kind each.
    pub receivers: Vec<ReceiverSettings>,
    /// Who hears of what, as in Alertmanager. With a single receiver it may be left out.
    pub route: Route,
    /// Hours, days and months that routes name, in Alertmanager's form.
    #[schemars(with = "Vec<Named>")]
    pub time_intervals: Schedule,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:9095".into(),
            web: web::Settings::default(),
            store: ledger::Settings::default(),
            cluster: collect::ClusterSettings::default(),
            clusters: Vec::new(),
            collect: collect::Settings::default(),
            namespaces: Namespaces::default(),
            prometheus: PrometheusSettings::default(),
            alertmanager: AlertmanagerSettings::default(),
            ownership: Names::default(),
            incident: Rules::default(),
            watch: Watching::default(),
            delivery: delivery::Settings::default(),
            receivers: Vec::new(),
            route: Route::default(),
            time_intervals: Schedule::default(),
        }
    }
}

/// What an examination of the settings brought.
#[derive(Debug)]
pub struct Examined {
    /// The settings; `None` when there are faults.
    pub settings: Option<Settings>,
    /// Every fault and warning, in the order of their places.
    pub faults: Vec<Fault>,
}

/// Reads the settings: the defaults, the file over them, the environment over both. Relative paths in
/// them start at the file's folder, as with Prometheus; without a file, at the working directory.
///
/// # Errors
/// [`Unusable::Unreadable`] when the file cannot be read, [`Unusable::Faulty`] with every fault. Warnings
/// are logged.
pub fn read(file: Option<&Path>, environment: &Environment) -> Result<Settings, Unusable> {
    let Examined { settings, faults } = examine(file, environment)?;
    match settings {
        Some(settings) => {
            for warning in faults {
                tracing::warn!(setting = warning.path, "{warning}");
            }
            Ok(settings)
        }
        None => Err(Unusable::Faulty(faults)),
    }
}

/// The same for those who want to hear everything, warnings included.
///
/// # Errors
/// [`Unusable::Unreadable`] when the file cannot be read.
pub fn examine(file: Option<&Path>, environment: &Environment) -> Result<Examined, Unusable> {
    let Examined { settings, faults } = walked(file, environment)?;
    let grave = faults.iter().any(|fault| fault.level == Level::Fault);
    Ok(Examined { settings: settings.filter(|_| !grave), faults })
}

/// The settings for somebody who only looks at the cluster: who would be told, and where it would be
/// kept, may be wrong or missing.
///
/// # Errors
/// As [`read`], for faults in what looking needs.
pub fn read_to_look(file: Option<&Path>, environment: &Environment) -> Result<Settings, Unusable> {
    let Examined { settings, mut faults } = walked(file, environment)?;
    let Some(settings) = settings else { return Err(Unusable::Faulty(faults)) };
    faults.retain(|fault| {
        let section = fault.path.split(['.', '[']).next().unwrap_or_default();
        fault.level == Level::Fault && ["cluster", "collect", "prometheus"].contains(&section)
    });
    if faults.is_empty() { Ok(settings) } else { Err(Unusable::Faulty(faults)) }
}

/// The settings wherever they could be decoded at all, and all that is wrong with them.
fn walked(file: Option<&Path>, environment: &Environment) -> Result<Examined, Unusable> {
    let layers = match layers::read(file, environment) {
        Ok(layers) => layers,
        Err(Unusable::Faulty(faults)) => return Ok(Examined { settings: None, faults }),
        Err(unreadable) => return Err(unreadable),
    };
    let mut walk = walk::Walk::default();
    let settings = walk.settings(&layers).map(|settings| settings.completed(file));
    if let Some(settings) = &settings {
        validate::check(settings, &layers, &mut walk);
    }
    Ok(Examined { settings, faults: walk.into_faults() })
}

/// The schema of a settings file, for editors and for the reference.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Settings)
}

impl Settings {
    /// Fills in what follows from the rest: relative paths, and the receiver where there is only one.
    fn completed(mut self, file: Option<&Path>) -> Self {
        let folder = file.and_then(Path::parent).unwrap_or(Path::new(""));
        for path in self.paths() {
            *path = folder.join(&*path);
        }
        if let (None, [only]) = (&self.route.receiver, self.receivers.as_slice()) {
            self.route.receiver = Some(only.name.clone());
        }
        self
    }

    /// Every path in the settings.
    fn paths(&mut self) -> Vec<&mut PathBuf> {
        let mut paths = vec![&mut self.store.path];
        paths.extend(&mut self.cluster.kubeconfig);
        paths.extend(self.clusters.iter_mut().filter_map(|it| it.kubeconfig.as_mut()));
        let (prometheus, alertmanager) = (&mut self.prometheus, &mut self.alertmanager);
        paths.extend(&mut prometheus.bearer_token_file);
        paths.extend(prometheus.basic_auth.iter_mut().map(|it| &mut it.password_file));
        paths.extend(&mut alertmanager.bearer_token_file);
        paths.extend(alertmanager.basic_auth.iter_mut().map(|it| &mut it.password_file));
        for tls in [&mut prometheus.tls, &mut alertmanager.tls] {
            paths.extend(&mut tls.ca_file);
            paths.extend(&mut tls.cert_file);
            paths.extend(&mut tls.key_file);
        }
        paths.extend(&mut self.web.bearer_token_file);
        paths.extend(self.web.basic_auth.iter_mut().map(|it| &mut it.password_file));
        for receiver in &mut self.receivers {
            paths.extend(receiver.slack.iter_mut().filter_map(|it| it.token_file.as_mut()));
            paths.extend(receiver.slack_webhook.iter_mut().filter_map(|it| it.url_file.as_mut()));
            paths.extend(receiver.teams.iter_mut().filter_map(|it| it.url_file.as_mut()));
            paths.extend(
                receiver.pagerduty.iter_mut().filter_map(|it| it.routing_key_file.as_mut()),
            );
            if let Some(webhook) = &mut receiver.webhook {
                paths.extend(
                    [&mut webhook.url_file, &mut webhook.secret_file].into_iter().flatten(),
                );
            }
        }
        paths
    }
}
