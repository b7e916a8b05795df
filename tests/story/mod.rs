//! What the tests of the ledger and of delivery tell their stories with.

use std::path::PathBuf;

use firsthand::diagnosis::ObjectRef;
use firsthand::incident::{
    AlertSignal, AlertStatus, Decision, Entry, Incident, Reply, Say, Signal, SignalKind, Subject,
};
use firsthand::ledger::{Commit, Ledger};
use jiff::Timestamp;
use tempfile::TempDir;

/// A folder of its own for one test's ledger.
pub(crate) struct Desk {
    folder: TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).expect("a file");
        path
    }

    pub(crate) async fn ledger(&self) -> Ledger {
        Ledger::open(&self.path("firsthand.db")).await.expect("a ledger")
    }
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

pub(crate) fn subject(name: &str) -> Subject {
    Subject {
        cluster: "prod-eu".into(),
        object: Some(ObjectRef::new("Deployment", "shop", name)),
        group: String::new(),
    }
}

/// An incident about that workload which has just opened.
pub(crate) fn incident(name: &str) -> Incident {
    Incident::open(&format!("FH-{name}"), subject(name), Timestamp::now())
}

pub(crate) fn signal(key: &str, name: &str) -> Signal {
    let alert = AlertSignal {
        fingerprint: key.to_owned(),
        status: AlertStatus::Firing,
        labels: [("alertname".to_owned(), "KubePodCrashLooping".to_owned())].into(),
        annotations: [].into(),
        starts_at: at("2026-11-21T02:11:00Z"),
        ends_at: None,
        generator_url: None,
        external_url: None,
        truncated: 0,
        asked: None,
    };
    Signal {
        key: key.to_owned(),
        subject: subject(name),
        heard_at: at("2026-11-21T02:11:05Z"),
        kind: SignalKind::Alert(alert),
        muted: None,
    }
}

pub(crate) fn note(text: &str) -> Say {
    let reply = Reply::Note { at: at("2026-11-21T02:14:00Z"), text: text.to_owned() };
    Say::Reply { reply, broadcast: false }
}

pub(crate) fn decide(incident: &Incident, say: &[Say]) -> Decision {
    let entry = Entry {
        at: at("2026-11-21T02:14:00Z"),
        source: "firsthand".into(),
        text: format!("decided to say {} things", say.len()),
    };
    Decision { incident: incident.clone(), entries: vec![entry], say: say.to_vec() }
}

/// Commits that an incident says something to somebody.
pub(crate) async fn say(ledger: &Ledger, incident: &Incident, receivers: &[&str], say: &[Say]) {
    let receivers: Vec<String> = receivers.iter().map(|&name| name.to_owned()).collect();
    let commit = Commit {
        done: &[],
        decision: &decide(incident, say),
        receivers: &receivers,
        stakeholders: &Default::default(),
        evidence: None,
        watermark: None,
        now: Timestamp::now(),
    };
    ledger.commit(commit).await.expect("committed");
}
