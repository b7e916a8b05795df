//! The program needs an environment variable that it does not find.

use k8s_openapi::api::core::v1::{Container, EnvVar};

use super::prelude::*;
use crate::diagnosis::Rollout;
use crate::diagnosis::ending::Ending;
use crate::diagnosis::log::Kind;

pub(super) static CAUSE: Cause = Cause {
    id: "env-var-missing",
    title: "A required environment variable is missing",
    since: "0.1.0",
    reads: &[Pods, Logs, Revisions, ConfigMaps],
    clears: &["application-crashed"],
    why: "Container {container} needs the environment variable {variable}: {state}. The nearest name it has is {nearest}. Revision {removed_from} still set it.",
    fix: &[
        "Rename {nearest} to {variable} in the pod template of {object}.",
        "Set {variable} on container {container} of {object}, in its manifest or its ConfigMap or Secret.",
    ],
    avoid: &[
        "Rolling back to revision {previous}: it does not set {variable} either.",
        "Rolling back to revision {masks} and leaving it there: that hides the missing {variable}, and the next rollout fails the same way.",
    ],
    looks_for: &[
        "The program's last words before a non-zero exit name a variable as required, not set, undefined or empty, in the wording of Go, Python, Node.js, Java, Rust, Ruby, shells and the entrypoints of common images.",
        "A Python KeyError raised by looking up os.environ; a pydantic settings field that is required; an unresolved Spring placeholder.",
        "The container's spec: whether the variable is absent, empty, from an optional reference, or spelt otherwise.",
        "Whether this rollout took it away.",
    ],
    confirm: "The container starts and gets past the point at which it read the variable.",
    links: &[
        "https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-container/",
        "https://kubernetes.io/docs/tasks/configure-pod-container/configure-pod-configmap/",
    ],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let mine = case.endings().iter().filter(|it| it.told.kind == Kind::MissingVariable);
    mine.filter_map(|it| Some(hypothesis(case, it, it.told.named.as_deref()?))).collect()
}

fn hypothesis(case: &Case<'_>, ending: &Ending<'_>, variable: &str) -> Hypothesis {
    let spec = ending.container.spec();
    let state = state(case, spec, variable);
    let mut hypothesis = ending
        .hypothesis(CAUSE.id, format!("the program asks for {variable}"))
        .because(Proof::fact(format!("{variable} {}", state.words())))
        .fact("variable", variable)
        .fact("state", format!("it {}", state.words()));
    if let State::Set = state {
        hypothesis =
            hypothesis.against(Proof::fact(format!("{variable} is set in the pod template")));
        hypothesis.certainty = hypothesis.certainty.min(Certainty::Likely);
    }
    if let State::Absent = state {
        hypothesis = hypothesis.maybe("nearest", nearest(spec, variable));
    }
    match case.rollout() {
        Some(rollout) => before(hypothesis, rollout, variable),
        None => hypothesis,
    }
}

/// What the revision before did with the variable decides whether going back helps, hides or changes nothing.
fn before(hypothesis: Hypothesis, rollout: &Rollout, variable: &str) -> Hypothesis {
    let what = format!("env {variable}");
    let change = rollout.changes.iter().find(|change| change.what == what);
    let from = rollout.from_revision.as_deref();
    if change.is_some_and(|change| change.from.is_some()) {
        let gone = Proof::fact(format!("this rollout changed {variable}"));
        return hypothesis.because(gone).maybe("removed_from", from);
    }
    let program_changed = rollout
        .changes
        .iter()
        .any(|change| ["image", "command", "args"].iter().any(|it| change.what.starts_with(it)));
    hypothesis.maybe(if program_changed { "masks" } else { "previous" }, from)
}

/// How the pod template treats the variable.
enum State<'a> {
    Absent,
    /// Not named by the container, which takes all keys of these objects.
    NotAmong(Vec<&'a str>),
    Empty,
    /// From a reference that may be missing without a complaint.
    Optional(String),
    Set,
}

impl State<'_> {
    fn words(&self) -> String {
        match self {
            Self::Absent => "is not set in the pod template".into(),
            Self::NotAmong(sources) => {
                format!(
                    "is not set by name, and comes from none of {} as far as known",
                    sources.join(", ")
                )
            }
            Self::Empty => "is set to an empty value".into(),
            Self::Optional(source) => {
                format!("comes from {source}, which is optional and may be missing")
            }
            Self::Set => "is set in the pod template, but not as the program wants it".into(),
        }
    }
}

fn state<'a>(case: &Case<'_>, spec: &'a Container, variable: &str) -> State<'a> {
    let named = spec.env.iter().flatten().find(|env| env.name.eq_ignore_ascii_case(variable));
    if let Some(env) = named {
        return of_named(env);
    }
    let mut sources = Vec::new();
    for from in spec.env_from.iter().flatten() {
        let prefix = from.prefix.as_deref().unwrap_or_default();
        let key = variable.strip_prefix(prefix).unwrap_or(variable);
        if let Some(map) = &from.config_map_ref {
            let keys = case
                .world()
                .config_map(case.namespace(), &map.name)
                .and_then(|it| it.keys.as_ref());
            if keys.is_some_and(|keys| keys.iter().any(|it| it == key)) {
                return State::Set;
            }
            sources.push(map.name.as_str());
        }
        if let Some(secret) = &from.secret_ref {
            sources.push(secret.name.as_str());
        }
    }
    if sources.is_empty() { State::Absent } else { State::NotAmong(sources) }
}

fn of_named<'a>(env: &EnvVar) -> State<'a> {
    let Some(from) = &env.value_from else {
        let empty = env.value.as_deref().unwrap_or_default().is_empty();
        return if empty { State::Empty } else { State::Set };
    };
    if let Some(key) = from.secret_key_ref.as_ref().filter(|key| key.optional == Some(true)) {
        return State::Optional(format!("key {} of Secret {}", key.key, key.name));
    }
    if let Some(key) = from.config_map_key_ref.as_ref().filter(|key| key.optional == Some(true)) {
        return State::Optional(format!("key {} of ConfigMap {}", key.key, key.name));
    }
    State::Set
}

/// A name of the container that looks like a slip of the pen.
fn nearest<'a>(spec: &'a Container, variable: &str) -> Option<&'a str> {
    let names = spec.env.iter().flatten().map(|env| env.name.as_str());
    let scored = names.map(|name| (strsim::damerau_levenshtein(name, variable), name));
    let (distance, name) = scored.min()?;
    // Two slips in a name of eight letters; DB_HOST and DB_PORT are four apart and both right.
    (distance <= 1 + variable.len() / 8).then_some(name)
}
