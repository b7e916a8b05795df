//! The program does not understand its settings: a value, a key, or the form of the file.

use super::prelude::*;
use crate::diagnosis::complaint::{Complaint, Heard, heard};

pub(super) static CAUSE: Cause = Cause {
    id: "configuration-invalid",
    title: "The program cannot read its own settings",
    since: "0.1.0",
    reads: &[Pods, Logs, Revisions, ConfigMaps],
    clears: &["application-crashed"],
    why: "Container {container} does not understand its settings: {message}. Its value stands in {variable}. This rollout changed {changed}.",
    fix: &[
        "Correct {changed} in {object}: this rollout changed it.",
        "Correct {variable} in {object}.",
        "Correct the setting that the message names, in the ConfigMap, the file or the variable it comes from.",
    ],
    avoid: &[],
    looks_for: &[
        "Words about a value that cannot be parsed, a key that is not known, or a file that is neither YAML nor JSON, as the reason for which the program ends.",
        "A variable of the container whose value the message quotes, and what the rollout changed.",
    ],
    confirm: "The container runs on, and its log no longer says so.",
    links: &["https://kubernetes.io/docs/concepts/configuration/configmap/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let of = |it: &Heard<'_>| -> Option<Hypothesis> {
        // Only a longer value is told from a word of the message.
        let quoted = |value: &str| value.len() > 2 && it.quote.contains(value);
        let mut set = it.container.spec().env.iter().flatten();
        let variable = set
            .find(|env| it.quote.contains(&env.name) || env.value.as_deref().is_some_and(quoted));
        let changes = case.rollout().map(|it| it.changes.as_slice()).unwrap_or_default();
        let changed = changes.iter().find(|change| {
            change.to.as_deref().is_some_and(quoted)
                || variable.is_some_and(|env| change.what == format!("env {}", env.name))
        });
        Some(
            it.hypothesis()
                .maybe("variable", variable.map(|env| format!("variable {}", env.name)))
                .maybe("changed", changed.map(|change| change.what.as_str())),
        )
    };
    heard(case, CAUSE.id, Complaint::Setting, "it does not understand its settings")
        .iter()
        .filter_map(of)
        .collect()
}
