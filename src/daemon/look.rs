//! One look at one subject: evidence taken, diagnosed, and put into a [`Look`].

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use jiff::Timestamp;

use super::clusters::Clusters;
use crate::collect::{Collector, Lifted, LiftedBy};
use crate::diagnosis::{
    self, About, AlertFact, BlindSpot, Evidence, Health, Names, ObjectRef, Presence, Scope,
    diagnose, health,
};
use crate::incident::{Incident, Look, Subject};

/// What came back from one look.
pub(super) struct Looked {
    pub(super) incident_id: String,
    pub(super) subject: String,
    /// Its root owner, where that was only guessed before and is known now.
    pub(super) root: Option<ObjectRef>,
    pub(super) look: Look,
    /// What the workload says about itself, where it was seen.
    pub(super) about: Option<About>,
    pub(super) evidence: Option<Evidence>,
    pub(super) took: Duration,
    pub(super) api_calls: u64,
    /// Whether something in it panicked: a bug, and no reason to keep the alert from anyone.
    pub(super) panicked: bool,
}

/// Takes the evidence and diagnoses it. Never fails: what goes wrong is a blind spot.
pub(super) async fn look_at(clusters: Clusters, names: Arc<Names>, incident: Incident) -> Looked {
    let began = Instant::now();
    let mut incident = incident;
    let collector = clusters.collector(&incident.subject.cluster);
    let root = match (&incident.named, &collector) {
        (Some(named), Some(collector)) => owner(collector, named).await,
        _ => None,
    };
    if root.is_some() {
        incident.subject.object.clone_from(&root);
    }
    let seen =
        AssertUnwindSafe(see(collector.as_deref(), &clusters, &incident)).catch_unwind().await;
    let panicked = seen.is_err();
    let (look, evidence, api_calls) = seen.unwrap_or_else(|_| {
        let why = "failed on this evidence; that is a bug in Firsthand, its log has the place";
        let blind = BlindSpot { source: "diagnosis".into(), why: why.into() };
        (Look { health: unknown(why), ..unseen(blind) }, None, 0)
    });
    let about = evidence.as_ref().zip(incident.subject.object.as_ref());
    let about = about.and_then(|(evidence, object)| diagnosis::about(evidence, object, &names));
    Looked {
        about,
        subject: incident.subject.key(),
        incident_id: incident.id,
        root,
        look,
        evidence,
        took: began.elapsed(),
        api_calls,
        panicked,
    }
}

/// The root owner, if the cluster itself tells it.
async fn owner(collector: &Collector, named: &ObjectRef) -> Option<ObjectRef> {
    let Lifted { object, by } = collector.lift(named).await;
    matches!(by, LiftedBy::Owners).then_some(object)
}

async fn see(
    collector: Option<&Collector>,
    clusters: &Clusters,
    incident: &Incident,
) -> (Look, Option<Evidence>, u64) {
    let Subject { cluster, object, .. } = &incident.subject;
    match (object, collector) {
        (Some(object), Some(collector)) => {
            let (mut evidence, api_calls) = collector.counted_subject(object).await;
            evidence.alerts = alerts(incident);
            (diagnosed(object, &evidence), Some(evidence), u64::from(api_calls))
        }
        (Some(_), None) => (unseen(foreign(cluster, &clusters.names())), None, 0),
        (None, _) => {
            let why = "the alert names nothing in Kubernetes".to_owned();
            (unseen(BlindSpot { source: "Kubernetes".into(), why }), None, 0)
        }
    }
}

/// What the pure room says of one subject.
fn diagnosed(object: &ObjectRef, evidence: &Evidence) -> Look {
    let diagnosis = diagnose(evidence, &Scope::Workload(object.clone()));
    let finding = diagnosis.findings.into_iter().find(|finding| finding.object == *object);
    let health =
        finding.as_ref().map_or_else(|| health(evidence, object), |finding| finding.health.clone());
    Look {
        taken_at: evidence.taken_at,
        finding,
        health,
        blind_spots: diagnosis.blind_spots,
        redacted: evidence.redacted,
    }
}

/// A look at something that cannot be looked at.
fn unseen(blind: BlindSpot) -> Look {
    Look {
        taken_at: Timestamp::now(),
        finding: None,
        health: Health::default(),
        blind_spots: vec![blind],
        redacted: 0,
    }
}

fn unknown(why: &str) -> Health {
    Health { presence: Presence::Unknown(why.to_owned()), ..Health::default() }
}

fn foreign(cluster: &str, own: &str) -> BlindSpot {
    BlindSpot {
        source: "Kubernetes".into(),
        why: format!("the alert is about cluster {cluster}; this Firsthand reads {own} only"),
    }
}

fn alerts(incident: &Incident) -> Vec<AlertFact> {
    let firing = incident.alerts.values().filter(|alert| alert.ended_at.is_none());
    firing
        .map(|alert| AlertFact {
            labels: BTreeMap::clone(&alert.labels),
            annotations: BTreeMap::clone(&alert.annotations),
            starts_at: Some(alert.starts_at),
        })
        .collect()
}
