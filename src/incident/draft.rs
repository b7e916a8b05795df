//! A decision while it is being made.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::rules::after;
use super::storm::Storm;
use super::{
    Closed, Decision, Entry, Incident, JoinedAlert, Reply, Rules, Say, Severity, State, public,
    recovery,
};
use crate::diagnosis::{BlindSpot, Finding, Health};

/// The incident as it becomes, with the reasons and what is to be said.
pub(super) struct Draft<'a> {
    /// The incident as it becomes.
    pub(super) incident: Incident,
    /// The time of the decision.
    pub(super) now: Timestamp,
    /// The settings.
    pub(super) rules: &'a Rules,
    /// Nothing is to be said, whatever changed.
    pub(super) quiet: bool,
    entries: Vec<Entry>,
    replies: Vec<Say>,
    before: Face,
}

impl<'a> Draft<'a> {
    pub(super) fn of(incident: Incident, now: Timestamp, rules: &'a Rules) -> Self {
        let before = Face::of(&incident, rules);
        Self {
            incident,
            now,
            rules,
            quiet: false,
            entries: Vec::new(),
            replies: Vec::new(),
            before,
        }
    }

    /// Writes a line of the timeline.
    pub(super) fn record(&mut self, at: Timestamp, source: &str, text: impl Into<String>) {
        self.entries.push(Entry { at, source: source.to_owned(), text: text.into() });
    }

    /// Writes down what the house itself decided.
    pub(super) fn decided(&mut self, text: impl Into<String>) {
        self.record(self.now, "firsthand", text);
    }

    /// Says something in the thread.
    pub(super) fn reply(&mut self, reply: Reply, broadcast: bool) {
        self.incident.replies = self.incident.replies.saturating_add(1);
        self.replies.push(Say::Reply { reply, broadcast });
    }

    /// Says one or two sentences in the thread, and writes them into the timeline.
    pub(super) fn note(&mut self, text: String) {
        self.decided(format!("noted: {text}"));
        self.reply(Reply::Note { at: self.now, text }, false);
    }

    /// The decision. The main message comes first, and only where its words would change.
    pub(super) fn done(mut self, first: bool) -> Decision {
        let changed = self.before != Face::of(&self.incident, self.rules);
        if changed {
            self.incident.revision += 1;
        }
        let mut say = Vec::new();
        if first || (changed && self.incident.is_told() && !self.quiet) {
            say.push(Say::Main);
        }
        say.append(&mut self.replies);
        if self.incident.is_told() && !self.quiet {
            say.append(&mut public::tell(&mut self));
        }
        Decision { incident: self.incident, entries: self.entries, say }
    }
}

/// What the main message is made of. What changes at every look without changing a word of it
/// (counters, events, the time of the look) is left out.
#[derive(PartialEq)]
struct Face {
    state: State,
    severity: (Severity, String),
    since: Timestamp,
    closed: Option<Closed>,
    relapses: u32,
    alerts: BTreeMap<String, JoinedAlert>,
    more_alerts: u64,
    finding: Option<Finding>,
    health: Health,
    watched: Option<(Timestamp, Timestamp)>,
    blind_spots: Vec<BlindSpot>,
    redacted: u32,
    parent: Option<String>,
    storm: Option<Box<Storm>>,
}

impl Face {
    fn of(incident: &Incident, rules: &Rules) -> Self {
        let health = Health { restarts: Vec::new(), ready_since: None, ..incident.health.clone() };
        let finding = incident.finding.clone().map(|finding| Finding {
            events: Vec::new(),
            excerpt: None,
            health: Health::default(),
            ..finding
        });
        let until = incident.healthy_since.map(|since| {
            let window = recovery::window(incident, rules);
            (since, after(since, window))
        });
        Self {
            state: incident.state,
            severity: (incident.severity, incident.severity_reason.clone()),
            since: incident.since,
            closed: incident.closed.clone(),
            relapses: incident.relapses,
            alerts: incident.alerts.clone(),
            more_alerts: incident.more_alerts,
            finding,
            health,
            watched: until,
            blind_spots: incident.blind_spots.clone(),
            redacted: incident.redacted,
            parent: incident.parent.clone(),
            storm: incident.storm.clone(),
        }
    }
}
