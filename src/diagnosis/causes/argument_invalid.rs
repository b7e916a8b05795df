//! The program refuses a flag or an argument that it is started with.

use super::prelude::*;
use crate::diagnosis::ending::Ending;
use crate::diagnosis::log::Kind;

pub(super) static CAUSE: Cause = Cause {
    id: "argument-invalid",
    title: "The program refuses an argument it is started with",
    since: "0.1.0",
    reads: &[Pods, Logs, Revisions],
    clears: &["application-crashed"],
    why: "Container {container} refuses to start: {message}. {argument} stands in its {where}.",
    fix: &[
        "Correct {argument} in {where} of container {container} of {object}.",
        "Compare the arguments of container {container} with the help of image {image}.",
    ],
    avoid: &[
        "Rolling back to revision {previous}: it passes the same arguments to the same image.",
    ],
    looks_for: &[
        "The complaint of a command line parser as the last words: Go's flag, cobra, argparse, click, clap, getopt, commander, yargs, the JVM's own.",
        "A non-zero exit code.",
        "The flag or argument it names in the container's command or args, and whether this rollout changed them.",
    ],
    confirm: "The container starts, and its log no longer ends in a usage text.",
    links: &[
        "https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/",
    ],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let mine = case.endings().iter().filter(|it| it.told.kind == Kind::UsageError);
    mine.map(|it| hypothesis(case, it)).collect()
}

fn hypothesis(case: &Case<'_>, ending: &Ending<'_>) -> Hypothesis {
    let spec = ending.container.spec();
    let named = ending.told.named.as_deref();
    let holds = |words: &Option<Vec<String>>| {
        named.is_some_and(|named| {
            let name = named.trim_start_matches('-');
            words.iter().flatten().any(|word| {
                word.contains(named) || word.trim_start_matches('-').split('=').next() == Some(name)
            })
        })
    };
    let place =
        if holds(&spec.args) { Some("args") } else { holds(&spec.command).then_some("command") };
    let mut hypothesis = ending
        .hypothesis(CAUSE.id, "the program complains about how it was started")
        .fact("image", ending.container.image())
        .maybe("argument", named.filter(|_| place.is_some()))
        .maybe("where", place);
    if let (Some(named), Some(place)) = (named, place) {
        hypothesis = hypothesis
            .because(Proof::fact(format!("{named} stands in {place} of the pod template")));
    }
    let Some(rollout) = case.rollout() else { return hypothesis };
    let changed = |what: &str| rollout.changes.iter().any(|change| change.what.starts_with(what));
    if changed("args") || changed("command") {
        return hypothesis
            .because(Proof::fact("this rollout changed how the container is started"));
    }
    if changed("image") {
        return hypothesis
            .because(Proof::fact("this rollout changed the image and kept the arguments"));
    }
    hypothesis.maybe("previous", rollout.from_revision.as_deref())
}
