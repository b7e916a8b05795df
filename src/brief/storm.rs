//! The words for a parent: how many fail, what they share, who is hurt; and a member's word about it.

use std::collections::{BTreeMap, BTreeSet};

use super::{CauseWords, Context, Dot, Hurt, OnCall, Quote, clock, links, oncall, plain};
use crate::diagnosis::{Certainty, Choice, Proof};
use crate::incident::storm::{Fate, Member, Shared, Storm};
use crate::incident::{Incident, Named, State};

/// Names in one line before it says how many more there are.
const MOST_NAMES: usize = 4;
/// Characters in one section of names; a section that is longer would be cut by a renderer.
const SECTION: usize = 2_000;

/// The words for that parent.
pub(super) fn words(incident: &Incident, storm: &Storm, context: &Context) -> OnCall {
    let failing = incident.state.is_open() && incident.state != State::Monitoring;
    OnCall {
        dot: Dot::of(incident.severity, incident.state),
        severity: incident.severity,
        state: incident.state,
        headline: headline(incident, storm),
        place: place(storm),
        cluster: plain::short(&incident.subject.cluster, 80),
        within: oncall::within(incident),
        since: oncall::since(incident, context),
        now: now(incident, storm),
        hurt: hurt(storm),
        cause: cause(storm),
        changed: None,
        next: if failing { next(storm) } else { Vec::new() },
        avoid: Vec::new(),
        unknown: if failing { unknown(storm) } else { Vec::new() },
        alerts: None,
        links: links::links(incident, context),
        footer: oncall::footer(incident, context),
    }
}

fn headline(incident: &Incident, storm: &Storm) -> String {
    let workloads = plain::counted(storm.members.len(), "workload", "workloads");
    if let Some(closed) = incident.closed.as_ref().filter(|_| !incident.state.is_open()) {
        let lasted = clock::span(incident.since, closed.at);
        return format!("{workloads}: {} after {lasted}", plain::short(&closed.how, 60));
    }
    match incident.state {
        State::Monitoring => format!("{workloads} are well again, being verified"),
        _ => {
            let places = storm.members.values().map(Member::namespace).collect::<BTreeSet<_>>();
            let places = match places.len() {
                1 => format!("in {}", plain::short(places.first().unwrap_or(&""), 63)),
                n => format!("in {n} namespaces"),
            };
            let failing = storm.open().filter(|member| member.fate == Fate::Failing).count();
            let of = if failing == storm.members.len() {
                workloads
            } else {
                format!("{failing} of {workloads}")
            };
            let verb = if failing == 1 { "is" } else { "are" };
            format!("{of} {places} {verb} failing")
        }
    }
}

/// Where they live, the places with most of them first.
fn place(storm: &Storm) -> String {
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for member in storm.members.values() {
        *count.entry(member.namespace()).or_default() += 1;
    }
    let mut places: Vec<_> = count.into_iter().filter(|(name, _)| !name.is_empty()).collect();
    places.sort_by_key(|(name, n)| (std::cmp::Reverse(*n), *name));
    let names = places.iter().map(|(name, n)| format!("{} {n}", plain::short(name, 63)));
    listed(names.collect())
}

fn now(incident: &Incident, storm: &Storm) -> Option<String> {
    if let Some(closed) = incident.closed.as_ref().filter(|_| !incident.state.is_open()) {
        return Some(plain::short(&closed.because, 400));
    }
    let count = |fits: fn(&Fate) -> bool| {
        storm.members.values().filter(|member| fits(&member.fate)).count()
    };
    let parts = [
        (count(|fate| matches!(fate, Fate::Ended(_))), "over"),
        (count(|fate| *fate == Fate::Watched), "healthy and being verified"),
        (count(|fate| *fate == Fate::Left), "told on their own"),
    ];
    let parts = parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}"));
    let parts: Vec<String> = parts.collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn hurt(storm: &Storm) -> Hurt {
    let mut words: BTreeMap<&str, usize> = BTreeMap::new();
    // Of those that are well again and being watched it would say what is no longer so.
    let failing = storm.open().filter(|member| member.fate == Fate::Failing);
    for member in failing.filter(|member| !member.predicate.is_empty()) {
        *words.entry(&member.predicate).or_default() += 1;
    }
    let mut words: Vec<_> = words.into_iter().collect();
    words.sort_by_key(|(word, n)| (std::cmp::Reverse(*n), *word));
    let words = words.iter().map(|(word, n)| format!("{n} {}", plural(word, *n)));
    let silent = storm.open().flat_map(|member| &member.silent).collect::<BTreeSet<_>>();
    let names = silent.iter().map(|name| plain::short(name, 70)).collect::<Vec<_>>();
    let services = match names.len() {
        0 => None,
        1 => Some(format!("Service {} has no endpoints", listed(names))),
        n => Some(format!("{n} Services without endpoints: {}", listed(names))),
    };
    Hurt { own: words.take(MOST_NAMES).collect(), reach: services.into_iter().collect() }
}

/// `is crash-looping` of several is `are crash-looping`.
fn plural(predicate: &str, n: usize) -> String {
    let predicate = plain::short(predicate, 60);
    match predicate.split_once(' ') {
        Some(("is", rest)) if n > 1 => format!("are {rest}"),
        Some(("has", rest)) if n > 1 => format!("have {rest}"),
        _ => predicate,
    }
}

fn cause(storm: &Storm) -> CauseWords {
    let Some(shared) = &storm.shared else {
        return CauseWords::none("no shared cause is known: each is looked at by itself");
    };
    let Shared { what, members, certainty, summary, quote, source, .. } = shared;
    let proof = Proof { fact: String::new(), quote: quote.clone(), source: source.clone() };
    let (open, what) = (storm.open().count(), plain::short(what, 160));
    let share = match *members {
        _ if open == 0 => Vec::new(),
        members if members == open => vec![format!("all {open} share {what}")],
        members => vec![format!("{members} of {open} share {what}")],
    };
    CauseWords {
        certainty: Some(*certainty),
        sentence: plain::short(summary, 400),
        quote: Quote::of(&proof),
        facts: share,
        settle: Vec::new(),
        ..CauseWords::default()
    }
}

fn next(storm: &Storm) -> Vec<Choice> {
    let shared = storm.shared.iter().filter(|shared| shared.certainty > Certainty::Possible);
    oncall::choices(shared.flat_map(|shared| &shared.next))
}

/// Those whom the shared cause does not explain.
fn unknown(storm: &Storm) -> Vec<String> {
    let Some(shared) = &storm.shared else { return Vec::new() };
    let others: Vec<_> = storm
        .open()
        .filter(|member| !member.shares.contains(&shared.what))
        .map(|member| plain::short(&member.name, 63))
        .collect();
    match others.len() {
        0 => Vec::new(),
        1 => vec![format!("why {} fails", listed(others))],
        n => vec![format!("why the other {n} fail: {}", listed(others))],
    }
}

/// `a, b, c, d and 12 more`: the first names, and how many there are beyond them.
fn listed(names: Vec<String>) -> String {
    let more = names.len().saturating_sub(MOST_NAMES);
    let shown = names.into_iter().take(MOST_NAMES).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

/// What a member's own message says of its parent.
pub(super) fn part_of(incident: &Incident) -> Option<String> {
    let parent = incident.parent.as_ref().filter(|_| incident.state.is_open())?;
    Some(format!(
        "part of {}, which is kept current for all of its members",
        plain::short(parent, 80)
    ))
}

/// The lead of a reply that names members, and its lines, section by section.
pub(super) fn names(total: usize, members: &[Named]) -> (String, Vec<Vec<String>>) {
    let lead = if total == members.len() {
        format!("All {total} by namespace:")
    } else {
        format!("{} of {total} by namespace:", members.len())
    };
    let mut sections: Vec<Vec<String>> = Vec::new();
    let mut room = 0;
    for line in lines(members) {
        let size = plain::width(&line) + 1;
        match sections.last_mut() {
            Some(section) if size <= room => section.push(line),
            _ => {
                sections.push(vec![line]);
                room = SECTION;
            }
        }
        room = room.saturating_sub(size);
    }
    (lead, sections)
}

/// `shop: checkout, cart, web`, wrapped.
fn lines(members: &[Named]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut place = None;
    for member in members {
        let name = plain::short(&member.name, 80);
        match out.last_mut() {
            Some(line) if place == Some(&member.namespace) && line.len() < 400 => {
                *line += &format!(", {name}");
            }
            _ if member.namespace.is_empty() => out.push(name),
            _ => out.push(format!("{}: {name}", plain::short(&member.namespace, 63))),
        }
        place = Some(&member.namespace);
    }
    out
}
