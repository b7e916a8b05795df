//! The command that a container, or a shell in it, is to run is not there or may not be run.

use std::sync::LazyLock;

use regex::Regex;

use super::prelude::*;
use crate::diagnosis::log::Kind;

pub(super) static CAUSE: Cause = Cause {
    id: "command-not-found",
    title: "The command to run is not in the image",
    since: "0.1.0",
    reads: &[Pods, Logs, Revisions],
    clears: &["application-crashed"],
    why: "Container {container} cannot run {command}: {problem}. {told_by} {command_from}.",
    fix: &[
        "Save the script with Unix line ends (LF) and build image {crlf} again.",
        "Correct {misspelt} in the command of container {container} of {object}.",
        "Make {executable} executable in image {image}.",
        "Add {command} to image {image}, or call what it has.",
    ],
    avoid: &["Rolling back to revision {previous}: it runs the same command in the same image."],
    looks_for: &[
        "A run that never began: reason StartError (exit code 128) or ContainerCannotRun (127), and the runtime's words `executable file not found in $PATH`, `no such file or directory` or `permission denied`.",
        "A shell's last words `not found` with exit code 127, or `Permission denied` with 126: there the container runs, and a script is wrong.",
        "Not a working directory that is missing, and not a mount that fails.",
    ],
    confirm: "The container runs: its state is Running, and no StartError follows.",
    links: &[
        "https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/",
        "https://docs.docker.com/reference/dockerfile/#understand-how-cmd-and-entrypoint-interact",
    ],
    weigh,
};

/// What the runtime says, through every wrapping of containerd, runc, crun and older Docker: the command
/// in quotes and the reason behind it.
static EXEC: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"exec: \\?"(?P<c>[^"\\]+)\\?": (?:stat [^:]+: )?(?P<why>executable file not found|no such file or directory|permission denied|is a directory)|executable file `(?P<f>[^`]+)` (?P<crun>not found)|(?:fork/)?exec (?P<d>/[^:\s]+): (?P<because>no such file or directory|permission denied)"#).ok()
});

const ABSENT: &str = "it, or the interpreter it names, is not in the image";

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let started = case.containers().filter_map(|container| not_started(case, container));
    let shell = case.endings().iter().filter_map(|ending| {
        let direct = ending.told.mark.quote.starts_with("exec /");
        let problem = match ending.told.kind {
            Kind::CommandNotFound if direct => ABSENT,
            Kind::CommandNotFound => "a shell in it does not find it",
            Kind::NotExecutable if direct => "it is not executable",
            Kind::NotExecutable => "a shell in it may not run it",
            _ => return None,
        };
        let command = ending.told.named.as_deref()?;
        let hypothesis = ending
            .hypothesis(
                CAUSE.id,
                if direct { "the only words of the run" } else { "the shell's last words" },
            )
            .fact("command", command)
            .fact("problem", problem);
        if has_carriage_return(command) {
            return Some(of_windows(ending.container, hypothesis, command));
        }
        Some(described(
            case,
            ending.container,
            hypothesis,
            command,
            ending.told.kind == Kind::NotExecutable,
        ))
    });
    started.chain(shell).collect()
}

/// A script that was saved with Windows line ends names an interpreter with a carriage return behind it.
fn has_carriage_return(command: &str) -> bool {
    ["\\r", "^M", "\r"].iter().any(|end| command.ends_with(end))
}

fn of_windows(container: ContainerView<'_>, found: Hypothesis, command: &str) -> Hypothesis {
    let shown = command.trim_end_matches("\\r").trim_end_matches("^M").trim_end();
    found
        .fact("command", format!("{shown} of its script"))
        .fact(
            "problem",
            "the script has Windows line ends (CRLF), so a carriage return is a part of the name",
        )
        .fact("crlf", container.image())
}

fn not_started(case: &Case<'_>, container: ContainerView<'_>) -> Option<Hypothesis> {
    let ended = container
        .last_ended()
        .filter(|ended| matches!(ended.reason(), "StartError" | "ContainerCannotRun"));
    let waits = container.waiting().filter(|(reason, _)| {
        matches!(*reason, "RunContainerError" | "CreateContainerError" | "StartError")
    });
    let message = ended.and_then(|ended| ended.message()).or(waits.map(|(_, message)| message))?;
    let found = EXEC.as_ref()?.captures(message)?;
    let first = |names: [&str; 3]| names.into_iter().find_map(|name| found.name(name));
    let command = first(["c", "d", "f"])?.as_str();
    let why = first(["why", "because", "crun"])?.as_str();
    let denied = why == "permission denied";
    let problem = match why {
        "executable file not found" | "not found" => "it is not in the image's $PATH",
        "no such file or directory" => ABSENT,
        "is a directory" => "it is a directory",
        _ => "it is not executable",
    };
    let source =
        format!("state of container {} of pod {}", container.name(), container.pod().name());
    let mut hypothesis = Hypothesis::certain(CAUSE.id)
        .because(Proof::quoted("the container runtime could not start it", message, source))
        .fact("container", container.name())
        .fact("pod", container.pod().name())
        .fact("command", command)
        .fact("problem", problem)
        .settle("kubectl -n {namespace} get pod {pod} -o jsonpath={.spec.containers[*].command}");
    if let Some(code) = container.exit_code() {
        hypothesis =
            hypothesis.because(Proof::fact(format!("exit code {code}, the program never ran")));
    }
    Some(described(case, container, hypothesis, command, denied))
}

/// Where the command comes from, and whether the revision before ran the same.
fn described(
    case: &Case<'_>,
    container: ContainerView<'_>,
    hypothesis: Hypothesis,
    command: &str,
    denied: bool,
) -> Hypothesis {
    let spec = container.spec();
    let mut words = spec.command.iter().flatten().chain(spec.args.iter().flatten());
    let from =
        if words.any(|word| word.contains(command)) { "the pod template" } else { "the image" };
    let hypothesis = hypothesis
        .fact("image", container.image())
        .fact("misspelt", command)
        .fact("told_by", "The command comes from")
        .fact("command_from", from)
        .maybe("executable", denied.then_some(command));
    let Some(rollout) = case.rollout() else { return hypothesis };
    let touched = rollout
        .changes
        .iter()
        .any(|change| ["image", "command", "args"].iter().any(|it| change.what.starts_with(it)));
    hypothesis.maybe("previous", rollout.from_revision.as_deref().filter(|_| !touched))
}
