//! A program that serves, and says again and again that something fails.

use std::collections::HashMap;

use super::prelude::*;
use crate::diagnosis::complaint::{quoted, said_in};
use crate::diagnosis::log::is_error;

/// How many of a log's last lines count, and how many of these must be errors that read alike.
const LAST_LINES: usize = 60;
const OFTEN: usize = 3;

pub(super) static CAUSE: Cause = Cause {
    id: "errors-logged",
    title: "The application runs and logs errors",
    since: "0.1.0",
    reads: &[Pods, Logs],
    clears: &[],
    why: "Container {container} runs and is ready, and {times} of its last {lines} lines are errors like this: {message}.",
    fix: &["Find what container {container} means by it: {message}."],
    avoid: &["Restarting {workload} before its log is saved: nothing in its state is wrong."],
    looks_for: &[
        "An alert that names a workload whose pods are ready, and lines of level error or worse in its log that read alike but for numbers and ids.",
        "Without an alert nothing is told: programs log errors that nobody needs to know.",
    ],
    confirm: "The alert has ended, and the log no longer says so.",
    links: &["https://kubernetes.io/docs/concepts/cluster-administration/logging/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let Some(alert) = case.alerts().next().filter(|_| case.is_quiet()) else { return Vec::new() };
    let alert = alert.name();
    let mut found: Vec<(usize, Hypothesis)> =
        case.containers().filter_map(|it| of_container(it, alert)).collect();
    found.sort_by_key(|(times, _)| std::cmp::Reverse(*times));
    // Replicas tell the same; the loudest speaks for all.
    found.into_iter().take(1).map(|(_, found)| found).collect()
}

fn of_container(container: ContainerView<'_>, alert: &str) -> Option<(usize, Hypothesis)> {
    let log = container.running_log()?;
    let all = log.text.lines().enumerate().collect::<Vec<_>>();
    let newest = || all.iter().rev().take(LAST_LINES);
    let mut alike: HashMap<String, (usize, usize, &str)> = HashMap::new();
    for (at, line) in newest().filter(|(_, line)| is_error(line)) {
        alike.entry(shape(line)).or_insert((0, *at, line)).0 += 1;
    }
    let (times, at, line) = alike.into_values().max_by_key(|(times, at, _)| (*times, *at))?;
    if times < OFTEN {
        return None;
    }
    let quote = quoted(line);
    let found = Hypothesis::likely(CAUSE.id)
        .because(log.proof("what it says again and again", quote.clone(), at as u64 + 1))
        .because(Proof::fact(format!("alert {alert} names it")))
        .against(Proof::fact("whether the alert is about these errors is not proved"))
        .fact("container", container.name())
        .fact("pod", container.pod().name())
        .fact("times", times)
        .fact("lines", newest().count())
        .fact("message", said_in(&quote))
        .settle("kubectl -n {namespace} logs {pod} -c {container} --tail=100");
    Some((times, found))
}

/// A line without what differs from time to time: digits, and words that hold any.
fn shape(line: &str) -> String {
    let words = line.split_whitespace();
    words
        .filter(|word| !word.bytes().any(|byte| byte.is_ascii_digit()))
        .collect::<Vec<_>>()
        .join(" ")
}
