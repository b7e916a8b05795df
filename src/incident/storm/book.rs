//! What is known of all open incidents at once, and where a decision about one of them belongs.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::super::rules::{Storms, after};
use super::super::{Incident, Rules, Subject};
use super::{Member, Shared, Storm};
use crate::diagnosis::{Choice, Hypothesis};

/// All open incidents, as far as they concern each other.
#[derive(Clone, Debug, Default)]
pub struct Book {
    pub(super) lines: BTreeMap<String, Line>,
    pub(super) parents: BTreeMap<String, Parent>,
}

/// One incident that is no parent.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) cluster: String,
    /// When it became worth telling; `None` while it is only looked at.
    pub(super) began: Option<Timestamp>,
    pub(super) parent: Option<String>,
    pub(super) member: Member,
    /// Who hears of it, or would.
    pub(super) receivers: BTreeSet<String>,
    /// Its best hypothesis, and what to do about it.
    pub(super) best: Option<(Hypothesis, Vec<Choice>)>,
}

/// One open parent.
#[derive(Clone, Debug)]
pub(super) struct Parent {
    pub(super) cluster: String,
    /// It takes in whatever begins to fail while many do.
    pub(super) crowd: bool,
    /// What its members share: whoever shares it, too, joins at any time.
    pub(super) what: Option<String>,
    pub(super) joined_at: Timestamp,
    /// Something of its members changed since it was tended.
    pub(super) stale: bool,
    pub(super) tended_at: Timestamp,
}

/// Where a decision about one incident belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// It speaks for itself.
    Alone,
    /// That parent speaks for it.
    In(String),
    /// It is the one too many: a parent opens, about this.
    Opens(Opening),
}

/// Why a parent opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The parent's subject.
    pub subject: Subject,
    /// Why, for the timeline.
    pub why: String,
    what: Option<String>,
    members: BTreeSet<String>,
}

impl Book {
    /// The book of these open incidents, after a start.
    pub fn of(open: &[Incident]) -> Self {
        let mut book = Self::default();
        for incident in open {
            match &incident.storm {
                Some(storm) => book.keep_parent(incident, storm),
                None => {
                    let line = Line::of(incident, BTreeSet::new(), began(incident));
                    book.lines.insert(incident.id.clone(), line);
                }
            }
        }
        // A member that joined and was not committed since does not say so itself.
        for parent in open {
            let members = parent.storm.iter().flat_map(|storm| &storm.members);
            for (id, _) in members.filter(|(_, member)| member.fate.is_open()) {
                if let Some(line) = book.lines.get_mut(id) {
                    line.parent.get_or_insert_with(|| parent.id.clone());
                }
            }
        }
        let Self { lines, parents } = &mut book;
        for line in lines.values_mut() {
            line.parent = line.parent.take().filter(|parent| parents.contains_key(parent));
        }
        book
    }

    /// Takes note of an incident as it was just decided, and says where it belongs.
    pub fn place(
        &mut self,
        incident: &Incident,
        receivers: &[String],
        now: Timestamp,
        rules: &Rules,
    ) -> Place {
        if incident.subject.is_watched() {
            // What Firsthand says of itself is no workload's failure, and not everyone's to hear.
            return Place::Alone;
        }
        let before = self.lines.get(&incident.id);
        let began = before.and_then(|line| line.began).or_else(|| began(incident).map(|_| now));
        let parent = before.and_then(|line| line.parent.clone());
        let line = Line::of(incident, receivers.iter().cloned().collect(), began);
        let new = before.is_none_or(|before| {
            before.member != line.member || !line.receivers.is_subset(&before.receivers)
        });
        let line = Line { parent: parent.clone(), ..line };
        self.lines.insert(incident.id.clone(), line);
        let place = match parent {
            Some(parent) => Place::In(parent),
            None if incident.state.is_open() && began.is_some() => {
                self.belongs(&incident.id, now, &rules.storm)
            }
            None => Place::Alone,
        };
        if let Place::In(parent) = &place {
            self.join(&incident.id, parent, now, new);
        } else if !incident.state.is_open() {
            self.lines.remove(&incident.id);
        }
        place
    }

    /// Opens a parent and takes its members in.
    pub fn open(&mut self, id: &str, opening: &Opening, now: Timestamp) -> Incident {
        let mut incident = Incident::open(id, opening.subject.clone(), now);
        for member in &opening.members {
            if let Some(line) = self.lines.get_mut(member) {
                line.parent = Some(id.to_owned());
                incident.since = incident.since.min(line.member.since);
            }
        }
        let parent = Parent {
            cluster: opening.subject.cluster.clone(),
            crowd: opening.what.is_none(),
            what: opening.what.clone(),
            joined_at: now,
            stale: true,
            tended_at: now,
        };
        self.parents.insert(id.to_owned(), parent);
        incident.storm = Some(Box::new(Storm {
            crowd: opening.what.is_none(),
            members: BTreeMap::new(),
            shared: None,
            joined_at: now,
            named_at: None,
        }));
        incident
    }

    /// Parents whose words are older than what is known of their members.
    pub fn stale(&self, now: Timestamp) -> Vec<String> {
        let due =
            |parent: &Parent| parent.stale && after(parent.tended_at, super::parent::PAUSE) <= now;
        self.parents.iter().filter(|(_, p)| due(p)).map(|(id, _)| id.clone()).collect()
    }

    /// When the next parent's words want to be renewed.
    pub fn next(&self) -> Option<Timestamp> {
        let stale = self.parents.values().filter(|parent| parent.stale);
        stale.map(|parent| after(parent.tended_at, super::parent::PAUSE)).min()
    }

    fn keep_parent(&mut self, incident: &Incident, storm: &Storm) {
        let parent = Parent {
            cluster: incident.subject.cluster.clone(),
            crowd: storm.crowd,
            what: storm.shared.as_ref().map(|Shared { what, .. }| what.clone()),
            joined_at: storm.joined_at,
            stale: true,
            tended_at: storm.joined_at,
        };
        self.parents.insert(incident.id.clone(), parent);
    }

    fn join(&mut self, id: &str, parent: &str, now: Timestamp, new: bool) {
        let Some(line) = self.lines.get_mut(id) else { return };
        let joins = line.parent.is_none();
        line.parent = Some(parent.to_owned());
        if let Some(parent) = self.parents.get_mut(parent) {
            parent.stale |= new || joins;
            if joins {
                parent.joined_at = now;
            }
        }
    }

    /// Where an incident that is worth telling, and is in no parent yet, belongs.
    fn belongs(&self, id: &str, now: Timestamp, storms: &Storms) -> Place {
        let Some(line) = self.lines.get(id) else { return Place::Alone };
        let mine = |parent: &&Parent| parent.cluster == line.cluster;
        let shares = |what: &String| line.member.shares.contains(what);
        let sharing =
            self.parents.iter().find(|(_, p)| mine(p) && p.what.as_ref().is_some_and(shares));
        if let Some((parent, _)) = sharing {
            return Place::In(parent.clone());
        }
        if let Some(opening) = self.shared(line, storms) {
            return Place::Opens(opening);
        }
        let young = |at: Timestamp| after(at, storms.within) > now;
        if !line.began.is_some_and(young) {
            return Place::Alone;
        }
        let collecting = |p: &Parent| p.crowd && young(p.joined_at);
        let open = self.parents.iter().find(|(_, p)| mine(p) && collecting(p));
        if let Some((parent, _)) = open {
            return Place::In(parent.clone());
        }
        self.crowd(line, young, storms)
    }

    /// Enough of one cluster began to fail at the same time.
    fn crowd(&self, line: &Line, young: impl Fn(Timestamp) -> bool, storms: &Storms) -> Place {
        let members = self.loose(line, |other| other.began.is_some_and(&young));
        if members.len() < storms.count {
            return Place::Alone;
        }
        let any = self.parents.iter().find(|(_, p)| p.cluster == line.cluster && p.crowd);
        if let Some((parent, _)) = any {
            return Place::In(parent.clone());
        }
        let why = format!("{} subjects began to fail within {:?}", members.len(), storms.within);
        Place::Opens(Opening { subject: subject(line, "many workloads"), why, what: None, members })
    }

    /// Enough of one cluster share what this one's diagnosis names.
    fn shared(&self, line: &Line, storms: &Storms) -> Option<Opening> {
        let groups = line.member.shares.iter().map(|what| {
            let members = self
                .loose(line, |other| other.began.is_some() && other.member.shares.contains(what));
            (what, members)
        });
        let (what, members) = groups.max_by_key(|(_, members)| members.len())?;
        let why = format!("{} subjects share {what}", members.len());
        let subject = subject(line, what);
        (members.len() >= storms.share).then(|| Opening {
            subject,
            why,
            what: Some(what.clone()),
            members,
        })
    }

    /// Open incidents of the same cluster that no parent speaks for.
    fn loose(&self, line: &Line, also: impl Fn(&Line) -> bool) -> BTreeSet<String> {
        let fits = |other: &Line| {
            other.cluster == line.cluster
                && other.parent.is_none()
                && other.member.fate.is_open()
                && also(other)
        };
        self.lines.iter().filter(|(_, other)| fits(other)).map(|(id, _)| id.clone()).collect()
    }
}

impl Line {
    fn of(incident: &Incident, receivers: BTreeSet<String>, began: Option<Timestamp>) -> Self {
        let next = incident.finding.as_ref().map_or_else(Vec::new, |finding| finding.next.clone());
        Self {
            cluster: incident.subject.cluster.clone(),
            began,
            parent: incident.parent.clone(),
            member: Member::of(incident),
            receivers: receivers.union(&incident.told).cloned().collect(),
            best: incident.top().cloned().map(|best| (best, next)),
        }
    }
}

/// When an incident became worth telling: an alert fires, or the house spoke of it.
fn began(incident: &Incident) -> Option<Timestamp> {
    let alerted = incident.memory.alerted.as_ref().map(|_| incident.opened_at);
    incident.spoken_at.or(alerted).filter(|_| incident.is_told() || alerted.is_some())
}

fn subject(line: &Line, group: &str) -> Subject {
    Subject { cluster: line.cluster.clone(), object: None, group: group.to_owned() }
}
