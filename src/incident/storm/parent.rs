//! What follows for a parent from what became of its members.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::super::draft::Draft;
use super::super::notes;
use super::super::rules::after;
use super::super::{Closed, Decision, Entry, Incident, Named, Reply, Rules, Say, Severity, State};
use super::book::Line;
use super::{Book, Fate, Member, Shared, Storm};
use crate::diagnosis::{Certainty, Choice, Hypothesis};

/// A parent's words are renewed at most this often: in a storm members change many times a second.
pub(super) const PAUSE: Duration = Duration::from_secs(2);
/// The thread names new members when none has joined for this long …
const SETTLED: Duration = Duration::from_secs(10);
/// … and at the latest after this long.
const OVERDUE: Duration = Duration::from_secs(60);
/// Names in one reply, in characters: with what stands around them it fits every receiver's limit.
const NAMES: usize = 5_000;

/// What follows for a parent.
#[derive(Clone, Debug)]
pub struct Tended {
    /// The parent as it is now, why, and what it says.
    pub decision: Decision,
    /// Who hears of it: all who would have heard of a member.
    pub receivers: BTreeSet<String>,
    /// Members that are told on their own from now on, by incident.
    pub released: Vec<String>,
}

impl Book {
    /// Brings a parent up to date with its members.
    pub fn tend(&mut self, parent: &Incident, now: Timestamp, rules: &Rules) -> Tended {
        let mut draft = Draft::of(parent.clone(), now, rules);
        let first = draft.incident.spoken_at.is_none();
        let mut storm = draft.incident.storm.take().map_or_else(empty, |storm| *storm);
        let lines = self.gather(&parent.id, &mut storm);
        storm.shared = shared(&storm, &lines);
        let released = released(&storm, now, rules);
        for id in &released {
            storm.members.entry(id.clone()).and_modify(|member| member.fate = Fate::Left);
        }
        weigh(&mut draft, &storm, first);
        stand(&mut draft, &storm, first);
        name(&mut draft, &mut storm);
        if draft.incident.state.is_open() {
            notes::checklist(&mut draft);
        }
        draft.incident.look_at = next(&draft.incident, &storm, now, rules);
        draft.incident.storm = Some(Box::new(storm));
        let receivers = lines.iter().flat_map(|(_, line)| line.receivers.clone()).collect();
        let decision = draft.done(first);
        self.settle(&decision.incident, &released, now);
        Tended { decision, receivers, released }
    }

    /// Takes what is known of the members into the parent's record.
    fn gather(&self, id: &str, storm: &mut Storm) -> Vec<(String, Line)> {
        let mine = self.lines.iter().filter(|(_, line)| line.parent.as_deref() == Some(id));
        let lines: Vec<(String, Line)> = mine.map(|(id, l)| (id.clone(), l.clone())).collect();
        for (id, line) in &lines {
            let named = storm.members.get(id).is_some_and(|member| member.named);
            storm.members.insert(id.clone(), Member { named, ..line.member.clone() });
        }
        if let Some(parent) = self.parents.get(id) {
            storm.joined_at = parent.joined_at;
        }
        lines
    }

    /// Forgets who needs no parent any more.
    fn settle(&mut self, parent: &Incident, released: &[String], now: Timestamp) {
        let id = parent.id.as_str();
        self.lines
            .retain(|_, line| line.parent.as_deref() != Some(id) || line.member.fate.is_open());
        for id in released {
            if let Some(line) = self.lines.get_mut(id) {
                // It was told of long ago, with the others: it opens no further storm.
                line.parent = None;
            }
        }
        if !parent.state.is_open() {
            self.parents.remove(id);
        } else if let Some(kept) = self.parents.get_mut(id) {
            kept.stale = false;
            kept.tended_at = now;
            let shared = parent.storm.as_ref().and_then(|storm| storm.shared.as_ref());
            kept.what = shared.map(|shared| shared.what.clone()).or_else(|| kept.what.take());
        }
    }
}

/// A member that outlived its storm is told on its own: with its evidence, as if it were new.
pub fn release(incident: &Incident, now: Timestamp) -> Decision {
    let mut incident = incident.clone();
    let parent = incident.parent.take().unwrap_or_default();
    incident.revision += 1;
    let mut say = Vec::new();
    if incident.state.is_open() && incident.is_told() {
        say.push(Say::Main);
        if let Some(public) = &mut incident.public {
            public.standing.merged = false;
            say.push(Say::Public);
        }
        if let (true, Some(finding)) = (incident.told.is_empty(), incident.finding.clone()) {
            let at = incident.found_at.unwrap_or(now);
            let reply = Reply::Evidence { at, finding: Box::new(finding) };
            incident.replies += 1;
            say.push(Say::Reply { reply, broadcast: false });
        }
    }
    let text = format!("spoke: still failing, and {parent} has few left to speak for");
    let entries = vec![Entry { at: now, source: "firsthand".to_owned(), text }];
    Decision { incident, entries, say }
}

fn empty() -> Storm {
    let joined_at = Timestamp::UNIX_EPOCH;
    Storm { crowd: true, members: BTreeMap::new(), shared: None, joined_at, named_at: None }
}

/// The cause that most of those who still fail share, told as the surest of them tells it.
fn shared(storm: &Storm, lines: &[(String, Line)]) -> Option<Shared> {
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for member in storm.open() {
        for what in &member.shares {
            *count.entry(what).or_default() += 1;
        }
    }
    let (what, members) = count.into_iter().max_by_key(|(_, members)| *members)?;
    let most = members > 1 && members * 2 > storm.open().count();
    let sharing = lines.iter().filter(|(_, line)| line.member.shares.contains(what));
    let cases = sharing.filter_map(|(_, line)| line.best.as_ref());
    let best = cases.max_by_key(|(best, _)| (best.certainty, about(best, what)));
    match best {
        Some((best, next)) if most => Some(worded(what, members, best, next)),
        // What is known of it stays true while its members heal.
        _ => storm.shared.clone().map(|known| Shared {
            members: storm.open().filter(|member| member.shares.contains(&known.what)).count(),
            ..known
        }),
    }
}

fn worded(what: &str, members: usize, best: &Hypothesis, next: &[Choice]) -> Shared {
    let proof = best.because.iter().find(|proof| proof.quote.is_some());
    Shared {
        what: what.to_owned(),
        members,
        certainty: best.certainty,
        summary: best.summary.clone(),
        quote: proof.and_then(|proof| proof.quote.clone()),
        source: proof.and_then(|proof| proof.source.clone()),
        next: next.to_vec(),
    }
}

/// Whether a hypothesis is about what is shared, and not the shared object's own trouble with others.
fn about(best: &Hypothesis, what: &str) -> bool {
    best.target.as_ref().is_some_and(|target| target.to_string() == what)
}

/// Members that outlive the storm are told on their own once they are few. Those who share its cause
/// stay: it speaks for them.
fn released(storm: &Storm, now: Timestamp, rules: &Rules) -> Vec<String> {
    if after(storm.joined_at, rules.storm.outlive) > now {
        return Vec::new();
    }
    let what = storm.shared.as_ref().map_or("", |shared| shared.what.as_str());
    let alone = storm
        .members
        .iter()
        .filter(|(_, member)| member.fate == Fate::Failing && !member.shares.contains(what));
    let alone: Vec<String> = alone.map(|(id, _)| id.clone()).collect();
    if alone.len() < rules.storm.count { alone } else { Vec::new() }
}

/// As grave as its gravest member; SEV1 where so many are hurt, or so many Services are silent.
fn weigh(draft: &mut Draft<'_>, storm: &Storm, first: bool) {
    let open: Vec<&Member> = storm.open().collect();
    let Some(worst) = open.iter().map(|member| member.severity).max() else { return };
    let grave = open.iter().filter(|member| member.severity >= Severity::Sev2).count();
    let silent = silent(storm).len();
    let wide = worst == Severity::Sev2 && (grave >= draft.rules.storm.count || silent >= 3);
    let judged = if wide { Severity::Sev1 } else { worst };
    let before = draft.incident.severity;
    // It does not fall while members heal one after the other: it says how bad the storm is.
    if !first && judged <= before {
        return;
    }
    let services = match silent {
        0 => String::new(),
        1 => ", 1 Service has no serving endpoint".to_owned(),
        n => format!(", {n} Services have no serving endpoint"),
    };
    let why = format!("{} workloads fail{services}", open.len());
    draft.incident.severity = judged;
    draft.incident.severity_reason.clone_from(&why);
    if first {
        draft.decided(format!("severity: {}: {why}", judged.word()));
    } else {
        draft.decided(format!("severity: {} → {}: {why}", before.word(), judged.word()));
        let reply = Reply::Severity { at: draft.now, from: before, to: judged, reason: why };
        draft.reply(reply, judged >= Severity::Sev2);
    }
}

/// Services of the members that serve nobody.
fn silent(storm: &Storm) -> BTreeSet<(&str, &str)> {
    storm
        .open()
        .flat_map(|member| member.silent.iter().map(|name| (member.namespace(), name.as_str())))
        .collect()
}

/// State, the first message, the cause once it is proved, and the end.
fn stand(draft: &mut Draft<'_>, storm: &Storm, first: bool) {
    let certain = storm.shared.as_ref().filter(|shared| shared.certainty == Certainty::Certain);
    let failing = storm.members.values().any(|member| member.fate == Fate::Failing);
    let state = match (storm.open().count(), failing, certain) {
        (0, ..) if !first => State::Resolved,
        (_, false, _) if !first => State::Monitoring,
        (.., Some(_)) => State::Identified,
        (.., None) => State::Investigating,
    };
    if draft.incident.state != state {
        draft.decided(format!("state: {} → {}", draft.incident.state.word(), state.word()));
        draft.incident.state = state;
    }
    if first {
        draft.incident.spoken_at = Some(draft.now);
        draft.decided(format!("spoke: for {} members", storm.members.len()));
    }
    if let (Some(shared), false) = (certain, draft.incident.memory.identified) {
        draft.incident.memory.identified = true;
        if !first {
            let Shared { summary, quote, source, .. } = shared.clone();
            draft.reply(Reply::Identified { at: draft.now, summary, quote, source }, false);
        }
    }
    if state == State::Resolved {
        close(draft, storm);
    }
}

fn close(draft: &mut Draft<'_>, storm: &Storm) {
    let mut ends: BTreeMap<&str, usize> = BTreeMap::new();
    for member in storm.members.values() {
        let how = match &member.fate {
            Fate::Ended(how) => how.as_str(),
            _ => "told on its own",
        };
        *ends.entry(how).or_default() += 1;
    }
    let because: Vec<String> = ends.iter().map(|(how, n)| format!("{n} {how}")).collect();
    let because = match because.as_slice() {
        [all] => format!("all {all}"),
        several => format!("of {} workloads {}", storm.members.len(), several.join(", ")),
    };
    let left = storm.members.values().any(|member| member.fate == Fate::Left);
    let how = match (left, ends.contains_key("recovered")) {
        (true, _) => "followed one by one",
        (_, true) => "recovered",
        _ => "ended",
    };
    let closed = Closed { at: draft.now, how: how.to_owned(), because: because.clone() };
    draft.decided(format!("closed: {how}: {because}"));
    draft.incident.closed = Some(closed);
    let (at, since) = (draft.now, draft.incident.since);
    draft.reply(Reply::Resolved { at, since, how: how.to_owned(), because }, true);
}

/// Names members in the thread that it has not named yet, once no more are joining.
fn name(draft: &mut Draft<'_>, storm: &mut Storm) {
    let settled = after(storm.joined_at, SETTLED) <= draft.now;
    let last = storm.named_at.or(draft.incident.spoken_at);
    let overdue = last.is_some_and(|at| after(at, OVERDUE) <= draft.now);
    if !(settled || overdue || draft.incident.closed.is_some()) {
        return;
    }
    let mut page = Vec::new();
    let mut room = NAMES;
    let (now, total) = (draft.now, storm.members.len());
    let mut unnamed: Vec<_> = storm.members.values_mut().filter(|member| !member.named).collect();
    unnamed.sort_by(|a, b| (a.namespace(), &a.name).cmp(&(b.namespace(), &b.name)));
    if !unnamed.is_empty() {
        storm.named_at = Some(now);
    }
    for member in unnamed {
        member.named = true;
        let named = Named {
            namespace: member.namespace().to_owned(),
            kind: member.object.as_ref().map_or_else(String::new, |o| o.kind.as_str().to_owned()),
            name: member.name.clone(),
        };
        let near = page.last().is_some_and(|last: &Named| last.namespace == named.namespace);
        let place = if near { 0 } else { named.namespace.len() + 2 };
        let size = named.name.len().min(80) + 2 + place;
        if size > room {
            let members = std::mem::take(&mut page);
            draft.reply(Reply::Members { at: now, total, members }, false);
            room = NAMES;
        }
        room -= size;
        page.push(named);
    }
    if !page.is_empty() {
        draft.reply(Reply::Members { at: now, total, members: page }, false);
    }
}

/// When time alone will have something to say.
fn next(parent: &Incident, storm: &Storm, now: Timestamp, rules: &Rules) -> Option<Timestamp> {
    if !parent.state.is_open() {
        return None;
    }
    let unnamed = storm.members.values().any(|member| !member.named);
    let times = [
        unnamed.then(|| after(storm.joined_at, SETTLED)),
        Some(after(storm.joined_at, rules.storm.outlive)),
        Some(after(now, rules.look.slowest)),
    ];
    times.into_iter().flatten().filter(|at| *at > now).min()
}
