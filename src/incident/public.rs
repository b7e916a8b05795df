//! What stakeholders are told: few facts, in plain words, and when they hear next.
//!
//! It hangs on the incident as what people were told last. A message changes only when one of these
//! facts does; an update in its thread says what changed, or at the promised time that nothing did.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::draft::Draft;
use super::rules::after;
use super::{Entry, Incident, Reply, Rules, Say, Severity, State};
use crate::diagnosis::{Certainty, Health, Presence};

/// An update is said so long before the time that was promised: it takes a look and a delivery.
const LEAD: Duration = Duration::from_secs(60);
/// What comes and goes is told again after so long; the message itself always says how it is.
const PAUSE: Duration = Duration::from_secs(300);
/// How far quiet hours are followed to their end.
const QUIET_AT_MOST: i64 = 7 * 24 * 60;

/// What stakeholders were told, and when they hear next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Public {
    /// What their message says.
    pub standing: Standing,
    /// What the newest update in its thread said, or the message when it was new.
    pub told: Standing,
    /// When that was.
    pub told_at: Timestamp,
    /// By when they hear again, whatever happens; `None`: only when something changes.
    pub next_at: Option<Timestamp>,
    /// What somebody wrote to them last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Words>,
}

/// Somebody's own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// When.
    pub at: Timestamp,
    /// Who, as they call themselves.
    pub by: String,
    /// What they wrote.
    pub text: String,
}

/// The facts of which the words are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Where it stands.
    pub state: State,
    /// How bad.
    pub severity: Severity,
    /// How much of it works.
    pub extent: Extent,
    /// How much is known of the cause.
    pub cause: Known,
    /// Whether a rollout lines up with it.
    pub release: bool,
    /// Since when it works again.
    pub healthy_since: Option<Timestamp>,
    /// How it ended.
    pub ended: Option<String>,
    /// Another message tells of it, together with others.
    pub merged: bool,
    /// Since when it fails.
    #[serde(default)]
    pub since: Timestamp,
    /// For many at once: how many they are by now.
    #[serde(default)]
    pub members: usize,
    /// What it is called, and what its owners say that people notice.
    #[serde(default)]
    pub called: (Option<String>, Option<String>),
}

/// How much of it works; worse ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// It is gone, or meant to have no pods.
    Absent,
    /// It cannot be seen.
    Unseen,
    /// All of it, as far as can be seen.
    Whole,
    /// A batch run fails; nobody waits for it at this moment.
    Batch,
    /// Some of it.
    Partly,
    /// Nothing of it.
    Down,
}

/// How much is known of the cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// Nothing that is at least likely.
    Not,
    /// One is likely.
    Likely,
    /// It is proved.
    Certain,
}

/// What stakeholders hear because of a decision about a told incident; also when it wants to be asked
/// again for their sake.
pub(super) fn tell(draft: &mut Draft<'_>) -> Vec<Say> {
    let (now, rules) = (draft.now, draft.rules);
    let incident = &mut draft.incident;
    let told = incident.public.as_ref().map(|public| public.standing.state);
    if !incident.state.is_open() && told.is_none_or(|told| told == State::Resolved) {
        return Vec::new();
    }
    let before = incident.public.take();
    let is = standing(incident, before.as_ref());
    let mut say = Vec::new();
    // The pace is kept from promise to promise, so that a look's delay does not add up.
    let promised = before.as_ref().and_then(|public| public.next_at);
    let due = promised.is_some_and(|at| at <= after(now, LEAD)) && is.speaks();
    let from = promised.filter(|_| due).map_or(now, |at| at.max(now));
    let next_at = next_update(from, is.severity, rules).filter(|_| is.speaks());
    let Some(mut public) = before else {
        let told = is.clone();
        let fresh = Public { standing: is, told, told_at: now, next_at, words: None };
        incident.public = Some(fresh);
        look_for(incident, rules, now);
        return vec![Say::Public];
    };
    let news = !is.merged && is_news(&public, &is, now);
    if news || due {
        let was = Box::new(public.told.clone());
        say.push(Say::Update(Reply::Update { at: now, was, is: Box::new(is.clone()), next_at }));
        (public.told, public.told_at, public.next_at) = (is.clone(), now, next_at);
    }
    if !is.speaks() {
        public.next_at = None;
    } else if public.next_at.is_none()
        || is.severity > public.standing.severity && next_at < public.next_at
    {
        // It became graver, or speaks again: they hear sooner than was promised.
        public.next_at = next_at;
    }
    if public.standing != is || public.next_at != promised || !say.is_empty() {
        public.standing = is;
        say.insert(0, Say::Public);
    }
    incident.public = Some(public);
    look_for(incident, rules, now);
    say
}

/// Somebody writes to stakeholders, and to whoever is on call: carried as theirs.
pub fn write(incident: &Incident, words: Words, now: Timestamp, rules: &Rules) -> super::Decision {
    let mut incident = incident.clone();
    let entry = Entry {
        at: now,
        source: "people".to_owned(),
        text: format!("update by {}: {}", words.by, words.text),
    };
    incident.replies = incident.replies.saturating_add(1);
    let reply = Reply::Words { at: now, by: words.by.clone(), text: words.text.clone() };
    let mut say = Vec::new();
    if !incident.told.is_empty() {
        say.push(Say::Reply { reply: reply.clone(), broadcast: false });
    }
    if let Some(public) = &mut incident.public {
        public.words = Some(words);
        if public.standing.speaks() {
            public.next_at = next_update(now, public.standing.severity, rules);
        }
        say.extend([Say::Public, Say::Update(reply)]);
    }
    look_for(&mut incident, rules, now);
    super::Decision { incident, entries: vec![entry], say }
}

/// A line of the timeline for what stakeholders were told; `first`: some of them hear of it only now.
pub fn entry(incident: &Incident, say: &[Say], first: bool, now: Timestamp) -> Option<Entry> {
    let public = incident.public.as_ref()?;
    let update = say.iter().find_map(|say| match say {
        Say::Update(Reply::Update { was, is, .. }) => Some(was != is),
        _ => None,
    });
    let said = match (update, say.contains(&Say::Public)) {
        (Some(true), _) => "what changed",
        (Some(false), _) => "that nothing changed",
        (None, true) if first => "that it began",
        _ => return None,
    };
    let next = public.next_at.map(|at| format!("; the next update by {}", super::hear::clock(at)));
    let text = format!(
        "told stakeholders {said}: {}{}",
        public.standing.state.word(),
        next.unwrap_or_default()
    );
    Some(Entry { at: now, source: "firsthand".to_owned(), text })
}

impl Standing {
    /// Whether updates are owed at a pace.
    fn speaks(&self) -> bool {
        self.state.is_open() && !self.merged
    }
}

/// Whether people must hear of the difference now.
fn is_news(public: &Public, is: &Standing, now: Timestamp) -> bool {
    let told = &public.told;
    let over = is.state == State::Resolved;
    let turn = told.state != is.state || told.merged != is.merged;
    let worse = is.severity > told.severity && is.severity >= Severity::Sev2;
    // The first certain cause is news in itself.
    let proved = is.cause == Known::Certain && told.cause != is.cause;
    let at_once = turn && (over || told.state == State::Resolved) || proved && !over;
    at_once || (turn || worse) && after(public.told_at, PAUSE) <= now
}

/// The facts as they are, where nobody was told before.
pub fn standing_of(incident: &Incident) -> Standing {
    standing(incident, None)
}

fn standing(incident: &Incident, before: Option<&Public>) -> Standing {
    let top = incident.top().map(|top| top.certainty);
    let cause = match top.or(shared(incident)) {
        Some(Certainty::Certain) => Known::Certain,
        Some(Certainty::Likely) => Known::Likely,
        _ => Known::Not,
    };
    // What was proved once stays so to its end, whatever can be seen between two crashes.
    let known = before.map(|public| &public.standing).filter(|was| was.state.is_open());
    let cause = known.map_or(cause, |was| was.cause.max(cause));
    let seen = extent(incident);
    let was = before.map(|public| &public.standing).filter(|was| {
        was.state.is_open() && was.state != State::Monitoring && was.severity <= incident.severity
    });
    // Between two crashes it works for a moment. Better is only told with the severity or the state.
    let calm = incident.state.is_open() && incident.state != State::Monitoring;
    let extent = was.filter(|_| calm).map_or(seen, |was| was.extent.max(seen));
    Standing {
        state: incident.state,
        severity: incident.severity,
        extent,
        cause,
        release: incident.finding.as_ref().is_some_and(|finding| finding.rollout.is_some()),
        healthy_since: incident.healthy_since.filter(|_| !calm),
        ended: incident.closed.as_ref().map(|closed| closed.how.clone()),
        merged: incident.parent.is_some(),
        since: incident.since,
        members: incident.storm.as_ref().map_or(0, |storm| storm.members.len()),
        called: (incident.about.service.clone(), incident.about.impact.clone()),
    }
}

fn shared(incident: &Incident) -> Option<Certainty> {
    incident.storm.as_ref()?.shared.as_ref().map(|shared| shared.certainty)
}

fn extent(incident: &Incident) -> Extent {
    if let Some(storm) = &incident.storm {
        let silent = storm.open().any(|member| !member.silent.is_empty());
        return if silent { Extent::Down } else { Extent::Partly };
    }
    let Health { presence, ready, desired, services, failing, .. } = &incident.health;
    let batch = incident
        .subject
        .object
        .as_ref()
        .is_some_and(|object| object.kind == "Job" || object.kind == "CronJob");
    match presence {
        Presence::Unknown(_) | Presence::NotAsked => Extent::Unseen,
        Presence::Gone | Presence::ScaledToZero => Extent::Absent,
        _ if failing.is_empty() => Extent::Whole,
        _ if batch => Extent::Batch,
        _ if services.iter().any(|service| service.ready == 0) => Extent::Down,
        _ if *ready == 0 && *desired > 0 => Extent::Down,
        _ => Extent::Partly,
    }
}

/// By when they hear again: the pace of the severity; where that falls into quiet hours, their end.
fn next_update(now: Timestamp, severity: Severity, rules: &Rules) -> Option<Timestamp> {
    let every = rules.severity.levels.of(severity).update;
    if every.is_zero() {
        return None;
    }
    // To the minute, as it is told; never earlier than the pace.
    let minute = |at: Timestamp| Timestamp::from_second((at.as_second() + 59) / 60 * 60).ok();
    let due = minute(after(now, every))?;
    if severity == Severity::Sev1 {
        return Some(due);
    }
    let quiet = |at: &Timestamp| rules.quiet_hours.iter().any(|hours| hours.holds(*at));
    let later = |minutes| due.checked_add(SignedDuration::from_mins(minutes)).ok();
    (0..QUIET_AT_MOST).filter_map(later).find(|at| !quiet(at)).or(Some(due))
}

/// The incident wants to be asked in time for the next update.
fn look_for(incident: &mut Incident, rules: &Rules, now: Timestamp) {
    let Some(at) = incident.public.as_ref().and_then(|public| public.next_at) else { return };
    let due = at.checked_sub(LEAD).unwrap_or(at).max(after(now, rules.look.least));
    if let Some(look) = &mut incident.look_at {
        *look = (*look).min(due);
    }
}
