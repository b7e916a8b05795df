//! An incident → words for an audience.
//!
//! Enters: an [`Incident`] or a [`Diagnosis`](crate::diagnosis::Diagnosis), and a [`Context`]: when the words
//! are made and what the links are built from. Leaves: the same brief in the idiom of each place it is
//! read in. [`OnCall`] holds the words themselves, chosen once; [`slack`], [`markdown`], [`text`] and
//! [`json`] only lay them out, so that no two places tell different stories.
//!
//! *Nothing in this room does I/O, reads a clock or fails. It never sees text that was not redacted,
//! and never passes on text that was not bounded: what is cut says that it was, and where the rest is.*

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod cause;
mod changed;
mod clock;
pub mod document;
mod explain;
mod found;
mod headline;
mod hurt;
pub mod json;
mod links;
pub mod markdown;
mod oncall;
mod plain;
mod postmortem;
pub mod records;
mod said;
mod severity;
pub mod slack;
mod stakeholders;
mod storm;
pub mod text;
mod watch;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::incident::route::Route;
use crate::incident::{Audience, Incident, Rules};

pub use cause::{CauseWords, Quote};
pub use changed::Changed;
pub use explain::{
    explain_index, explain_json, explain_list, explain_page, explain_sign, explain_sign_json,
    explain_text,
};
pub use found::{Found, checklist};
pub use headline::Dot;
pub use hurt::Hurt;
pub use links::Link;
pub use oncall::OnCall;
pub use postmortem::postmortem;
pub use said::{Keep, Said, Section};
pub use severity::{explain_severity, explain_severity_json};
pub use stakeholders::Stakeholders;

/// What the words depend on beside the incident itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Context {
    /// When the words are made. Decides which times need a date.
    pub at: Timestamp,
    /// The cluster that evidence is taken from; an alert of another one is delivered without. Empty:
    /// every cluster is taken for our own.
    pub cluster: String,
    /// Where people reach Alertmanager, for the Silence link; else the alert's own `externalURL`.
    pub alertmanager_url: Option<String>,
    /// How long health must hold: a message that says "watched" says until when.
    pub rules: Rules,
    /// Who hears of what: it says whom a message mentions.
    pub route: Route,
    /// Whom this message mentions, as Slack writes it: `<@U0123ABCD>`.
    pub mentions: Vec<String>,
    /// Whom the words are for.
    pub audience: Audience,
    /// Templates of links to this cluster's own places, by their kind: `grafana`, `console`, `logs`, `runbook`.
    pub links: BTreeMap<String, String>,
    /// Further clusters that evidence is taken from, with the same templates for each.
    pub others: BTreeMap<String, BTreeMap<String, String>>,
}

impl Context {
    /// Words made at this moment, for any cluster.
    pub fn at(at: Timestamp) -> Self {
        Self {
            at,
            cluster: String::new(),
            alertmanager_url: None,
            rules: Rules::default(),
            route: Route::default(),
            mentions: Vec::new(),
            audience: Audience::Oncall,
            links: BTreeMap::new(),
            others: BTreeMap::new(),
        }
    }

    /// The link templates of an incident's cluster; `None` where no evidence is taken from it.
    fn links_of(&self, incident: &Incident) -> Option<&BTreeMap<String, String>> {
        let cluster = &incident.subject.cluster;
        let ours = self.cluster.is_empty() || *cluster == self.cluster;
        if ours { Some(&self.links) } else { self.others.get(cluster) }
    }

    /// The same for one message, to one receiver at one moment.
    pub fn to(&self, receiver: &str, incident: &Incident, at: Timestamp) -> Self {
        Self { at, mentions: self.route.mentions(incident, receiver), ..self.clone() }
    }
}
