//! What people have told Alertmanager that they want to hear nothing of, and what it holds to fire.
//!
//! Alertmanager does not know what the poll sees, so its silences and inhibitions are asked for and held
//! to here. *What cannot be read hides nothing and ends nothing.*

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::AlertmanagerSettings;
use super::access::Access;
use super::alertmanager::bounded;
use super::object::{Labels, subject_of};
use super::silence::Silence;
use crate::diagnosis::{ObjectRef, lift_by_name};
use crate::incident::{Muted, PollSignal, Signal, SignalKind, Subject};

/// The largest answer read: some 20,000 alerts.
const BODY: usize = 16 * 1024 * 1024;
/// How long one answer may take. Polls wait for it.
const WITHIN: Duration = Duration::from_secs(5);
/// For how long after it was read an inhibition is held to. Silences say themselves when they end.
const INHIBITED: SignedDuration = SignedDuration::from_mins(5);

/// Asks Alertmanager.
#[derive(Debug)]
pub struct Asker {
    access: Access,
    base: String,
    cluster: String,
    cluster_label: String,
}

/// What Alertmanager knew at one time.
#[derive(Clone, Debug)]
pub struct Will {
    /// When it was asked.
    pub read_at: Timestamp,
    /// Since when it runs: one that has just started knows nothing yet.
    pub started_at: Timestamp,
    alerts: Vec<Held>,
    silences: Vec<Silence>,
    cluster_label: String,
}

/// An alert that Alertmanager holds to fire, heard of or not.
#[derive(Clone, Debug)]
struct Held {
    fingerprint: String,
    subject: Subject,
    name: String,
    starts_at: Timestamp,
    updated_at: Timestamp,
    status: Status,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    state: String,
    silenced_by: Vec<String>,
    inhibited_by: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Alert {
    labels: Labels,
    fingerprint: String,
    starts_at: Timestamp,
    updated_at: Timestamp,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize)]
struct About {
    uptime: Timestamp,
}

impl Asker {
    /// Asks the Alertmanager of these settings; `None` where none is named.
    ///
    /// # Errors
    /// Where its certificate files cannot be used; in words.
    pub fn new(settings: &AlertmanagerSettings, cluster: &str) -> Result<Option<Self>, String> {
        let Some(url) = &settings.url else { return Ok(None) };
        Ok(Some(Self {
            access: settings.access(WITHIN)?,
            base: url.trim_end_matches('/').to_owned(),
            cluster: cluster.to_owned(),
            cluster_label: settings.cluster_label.clone(),
        }))
    }

    /// Everything that fires, every silence, and since when Alertmanager runs.
    ///
    /// # Errors
    /// Where any of the three cannot be read: half an answer could end what goes on. One sentence,
    /// without the address, which may hold a password.
    pub async fn ask(&self, now: Timestamp) -> Result<Will, String> {
        // When it started is asked first: a restart in between then shows at the next reading.
        let about: About = self.get("status").await?;
        let silences: Vec<Silence> = self.get("silences").await?;
        let alerts: Vec<Alert> = self.get("alerts").await?;
        let alerts = alerts.into_iter().map(|alert| Held {
            subject: subject_of(&alert.labels, &self.cluster, &self.cluster_label),
            name: bounded(alert.labels.get("alertname").map_or("alert", String::as_str), 100),
            fingerprint: alert.fingerprint,
            starts_at: alert.starts_at,
            updated_at: alert.updated_at,
            status: alert.status,
        });
        Ok(Will {
            read_at: now,
            started_at: about.uptime,
            alerts: alerts.collect(),
            silences,
            cluster_label: self.cluster_label.clone(),
        })
    }

    /// The HTTP client and the credentials of one request, for whoever asks something else.
    ///
    /// # Errors
    /// Where their files cannot be used; in words.
    pub async fn http(&self) -> Result<(reqwest::Client, HeaderMap), String> {
        Ok((self.access.client().await?, self.access.headers().await?))
    }

    async fn get<T: DeserializeOwned>(&self, what: &str) -> Result<T, String> {
        let (client, headers) = self.http().await?;
        let url = format!("{}/api/v2/{what}", self.base);
        let sent = client.get(url).headers(headers).send().await;
        let mut answer = sent.map_err(|error| super::answer::broken(&error, "alertmanager"))?;
        let status = answer.status();
        if !status.is_success() {
            return Err(format!("it answered {} to /api/v2/{what}", status.as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) =
            answer.chunk().await.map_err(|e| super::answer::broken(&e, "alertmanager"))?
        {
            if body.len() + chunk.len() > BODY {
                return Err(format!("its answer to /api/v2/{what} is larger than 16 MiB"));
            }
            body.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&body)
            .map_err(|error| format!("its answer to /api/v2/{what} is not as published: {error}"))
    }
}

impl Will {
    /// Whether people want to hear nothing of this signal of the poll, and why. `named` is what it named
    /// before it was lifted to the owner.
    pub fn mutes(
        &self,
        signal: &Signal,
        named: Option<&ObjectRef>,
        now: Timestamp,
    ) -> Option<Muted> {
        let SignalKind::Poll(poll) = &signal.kind else { return None };
        let labels = self.labels(signal, named, poll);
        let names = alert_names(poll);
        let silence = self.silences.iter().filter(|silence| silence.covers(&labels, &names, now));
        if let Some(silence) = silence.max_by_key(|silence| silence.ends_at()) {
            return Some(Muted { until: silence.ends_at(), why: silence.told() });
        }
        self.held_back(signal, named, now)
    }

    /// Alertmanager's own alerts about the same subject, all of which it holds back.
    fn held_back(
        &self,
        signal: &Signal,
        named: Option<&ObjectRef>,
        now: Timestamp,
    ) -> Option<Muted> {
        let until = self.read_at.checked_add(INHIBITED).ok().filter(|until| *until > now)?;
        let object = signal.subject.object.as_ref()?;
        let same = |held: &&Held| {
            held.subject.cluster == signal.subject.cluster
                && held.subject.object.as_ref().is_some_and(|its| {
                    let pod = its.kind.as_str() == "Pod";
                    its == object
                        || Some(its) == named
                        || pod && lift_by_name(&its.namespace, &its.name) == *object
                })
        };
        let mut about = self.alerts.iter().filter(same).peekable();
        about.peek()?;
        let mut why = None;
        for held in about {
            let status = &held.status;
            if status.state != "suppressed" {
                return None;
            }
            let by = status.inhibited_by.first().map(|by| self.name_of(by));
            why.get_or_insert_with(|| match by {
                Some(by) => format!("{} is inhibited in Alertmanager by {by}", held.name),
                None => format!("{} is held back in Alertmanager", held.name),
            });
        }
        why.map(|why| Muted { until, why })
    }

    fn name_of(&self, fingerprint: &str) -> String {
        let found = self.alerts.iter().find(|held| held.fingerprint == fingerprint);
        found.map_or_else(|| "another alert".to_owned(), |held| held.name.clone())
    }

    /// When it began, where Alertmanager holds this alert to fire, silenced or not; and when it was last
    /// told so.
    pub fn fires(&self, fingerprint: &str) -> Option<(Timestamp, Timestamp)> {
        let found = self.alerts.iter().find(|held| held.fingerprint == fingerprint)?;
        Some((found.starts_at, found.updated_at))
    }

    /// Passes every text that people wrote through `f`, which redacts.
    pub fn map_text(&mut self, f: impl Fn(&str) -> String) {
        for silence in &mut self.silences {
            silence.map_text(&f);
        }
    }

    /// The labels that an alert about the same would carry.
    fn labels(
        &self,
        signal: &Signal,
        named: Option<&ObjectRef>,
        poll: &PollSignal,
    ) -> BTreeMap<String, String> {
        let mut labels = BTreeMap::new();
        let mut put = |name: &str, value: &str| {
            if !name.is_empty() && !value.is_empty() {
                labels.insert(name.to_owned(), value.to_owned());
            }
        };
        put(&self.cluster_label, &signal.subject.cluster);
        for object in signal.subject.object.iter().chain(named) {
            put("namespace", &object.namespace);
            put(label_of(object.kind.as_str()), &object.name);
        }
        match poll {
            PollSignal::Restarted { pod, container, .. } => {
                put("pod", pod);
                put("container", container);
            }
            PollSignal::Waiting { pod, container, reason, .. } => {
                put("pod", pod);
                put("container", container);
                put("reason", reason);
            }
            PollSignal::Lacking { .. } => {}
        }
        labels
    }
}

/// The label that names an object of that kind in the alerts of most clusters.
fn label_of(kind: &str) -> &str {
    match kind {
        "Deployment" => "deployment",
        "StatefulSet" => "statefulset",
        "DaemonSet" => "daemonset",
        "ReplicaSet" => "replicaset",
        "Rollout" => "rollout",
        "Job" => "job_name",
        "CronJob" => "cronjob",
        "Node" => "node",
        "PersistentVolumeClaim" => "persistentvolumeclaim",
        "ResourceQuota" => "resourcequota",
        "Pod" => "pod",
        _ => "",
    }
}

/// The rules of most clusters, and our own, that would tell the same.
fn alert_names(poll: &PollSignal) -> Vec<&'static str> {
    match poll {
        PollSignal::Restarted { .. } => {
            vec!["KubePodCrashLooping", "PodRestarting", "PodCrashLooping", "ContainerOOMKilled"]
        }
        PollSignal::Waiting { reason, .. } if reason == "CrashLoopBackOff" => {
            vec![
                "KubePodCrashLooping",
                "PodCrashLooping",
                "KubeContainerWaiting",
                "KubePodNotReady",
            ]
        }
        PollSignal::Lacking { .. } => vec![
            "KubeDeploymentReplicasMismatch",
            "KubeDeploymentRolloutStuck",
            "KubeStatefulSetReplicasMismatch",
            "KubeDaemonSetRolloutStuck",
            "KubeJobFailed",
            "KubePodNotReady",
            "PodNotReady",
            "RolloutStuck",
            "JobFailed",
            "KubeNodeNotReady",
            "KubeNodePressure",
            "KubePersistentVolumeClaimPending",
            "KubeQuotaFullyUsed",
            "KubeCronJobTooLate",
        ],
        PollSignal::Waiting { .. } => vec![
            "KubeContainerWaiting",
            "KubePodNotReady",
            "PodImagePullFailing",
            "PodCannotStart",
            "PodNotReady",
        ],
    }
}
