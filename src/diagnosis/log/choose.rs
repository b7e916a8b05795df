//! Chooses among all that a log says: the last fatal word before the exit, not the loudest.

use super::found::Found;
use super::lines::Lines;
use super::tail::Tail;
use super::{Kind, Reading, Weight};
use super::{beam, go, java, level, native, node, others, python, script, search, server};

/// So many ordinary lines may follow each kind of end. A report that no process survives is followed by
/// other processes at most; what merely failed is followed by its program, if that goes on.
const AFTER_CERTAIN: usize = 240;
const AFTER_ENDED: usize = 18;
const AFTER_SAID: usize = 30;
const AFTER_LOGGED: usize = 8;

/// How far before the chosen line the failed call may stand that it comes from.
const BEHIND: usize = 30;

pub(super) fn choose(lines: &Lines<'_>) -> Reading {
    let tail = Tail::new(lines);
    let mut found = read_reports(lines, &search::reports(lines));
    let covered: Vec<(usize, usize)> = found.iter().map(|it| (it.from, it.to)).collect();
    let free = |at: &usize| !covered.iter().any(|(from, to)| (from..=to).contains(&at));
    let complaints = search::complaints(lines, tail.near);
    found.extend(read_complaints(lines, complaints.into_iter().filter(free)));
    found.retain_mut(|it| survives(&tail, it));
    settle(lines, &tail, found)
}

/// Every report in the log, each line in one report at most.
fn read_reports(lines: &Lines<'_>, starts: &[usize]) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for &at in starts {
        if found.last().is_some_and(|last| at <= last.to) {
            continue;
        }
        let line = lines.clean(at);
        // A structured line holds its trace in a field, which its own reader reads.
        if line.starts_with("{\"") && !line.contains("terminating in") {
            continue;
        }
        let report = go::read(lines, at, &line)
            .or_else(|| python::read(lines, at, &line))
            .or_else(|| node::read(lines, at, &line))
            .or_else(|| java::read(lines, at, &line))
            .or_else(|| beam::read(lines, at, &line))
            .or_else(|| server::read(lines, at, &line))
            .or_else(|| script::read(lines, at, &line))
            .or_else(|| others::read(lines, at, &line))
            .or_else(|| native::read(lines, at, &line));
        found.extend(report.map(Found::named_after_its_message));
    }
    found
}

/// Every complaint; the lines that explain one belong to it, and so do those that only follow from it.
fn read_complaints(lines: &Lines<'_>, numbers: impl Iterator<Item = usize>) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for at in numbers {
        if found.last().is_some_and(|last| at <= last.to) {
            continue;
        }
        let Some(new) = level::read(lines, at) else { continue };
        match found.last_mut().filter(|last| server::follows(lines, last.at, at)) {
            Some(last) => last.to = new.to,
            None => found.push(new),
        }
    }
    found
}

/// Whether nothing after it shows that the program went on.
fn survives(tail: &Tail, found: &mut Found) -> bool {
    let after = tail.after(found.to);
    // An error that was only logged, and then nothing: that was the end.
    if found.weight == Weight::Logged && found.to > found.from && after <= 3 {
        found.weight = Weight::Said;
    }
    let worked = tail.worked_after(found.to);
    match found.weight {
        _ if found.certain => after <= AFTER_CERTAIN,
        Weight::Ended => after <= AFTER_ENDED,
        // What it depends on came back. Of itself a server says more words like these while it ends.
        Weight::Said => {
            after <= AFTER_SAID && !(worked && (after > 3 || found.kind.is_dependency()))
        }
        Weight::Logged => after <= AFTER_LOGGED && !worked,
    }
}

/// The best of what is left, and what may stand behind it.
fn settle(lines: &Lines<'_>, tail: &Tail, mut found: Vec<Found>) -> Reading {
    if let Some(stop) = tail.stop {
        // A crash before the request is a crash; what comes after it is the answer to the request.
        let near = |it: &Found| tail.after(it.to).saturating_sub(tail.after(stop)) <= AFTER_LOGGED;
        found.retain(|it| it.at < stop && it.weight > Weight::Logged && near(it));
        if found.is_empty() {
            return Reading { stopped: Some(lines.mark(stop, "")), ..Reading::default() };
        }
    }
    // Within one weight the last wins; but a bare complaint yields to one that says what about.
    found.sort_by_key(|it| (it.weight, it.weight == Weight::Ended || says_what(it), it.at));
    let Some(best) = found.pop() else { return Reading::default() };
    let best = named_above(best, &mut found);
    let near = |it: &Found| it.kind.is_dependency() && it.at.abs_diff(best.at) < BEHIND;
    let behind = match best.kind {
        Kind::Panic | Kind::Exception | Kind::Fatal => {
            found.into_iter().filter(near).max_by_key(|it| it.at)
        }
        _ => None,
    };
    let told = |it: Found| it.into_told(lines);
    Reading { behind: behind.map(told), told: Some(told(best)), stopped: None }
}

/// Of two lines next to each other that say the same, the one that names the thing.
fn named_above(best: Found, others: &mut Vec<Found>) -> Found {
    let same = |it: &Found| {
        it.weight == best.weight
            && it.kind == best.kind
            && it.named.is_some()
            && (1..=3).contains(&best.at.saturating_sub(it.at))
    };
    match others.iter().rposition(same).filter(|_| best.named.is_none()) {
        Some(at) => others.remove(at),
        None => best,
    }
}

fn says_what(found: &Found) -> bool {
    !matches!(found.kind, Kind::Fatal | Kind::Exception) || found.frame.is_some()
}
