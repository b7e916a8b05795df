//! The kubelet or the container runtime cannot make the container as it is specified, before any program of
//! it runs.

use super::prelude::*;

pub(super) static CAUSE: Cause = Cause {
    id: "container-refused-by-runtime",
    title: "The runtime cannot make the container as specified",
    since: "0.1.0",
    reads: &[Pods, Events, Revisions],
    clears: &[],
    why: "Container {container} cannot be started: {obstacle}.",
    fix: &[
        "Delete pod {stuck}: its successor gets a name of its own. If that one is stuck as well, the runtime on {stuck_on} hangs: restart it.",
        "Correct {part} of container {container} in {object}.",
    ],
    avoid: &["Deleting the pods: the next ones have the same {part}."],
    looks_for: &[
        "CreateContainerError, CreateContainerConfigError, RunContainerError or StartError with words about a working directory, a mount, a subPath, a device, a hook of the runtime, a profile or a container name that is taken.",
        "Not: a command that is not found, a missing ConfigMap or Secret, and a memory limit too small to start with, which have causes of their own.",
    ],
    confirm: "The container runs.",
    links: &["https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-states"],
    weigh,
};

/// Stable words of the runtime, what they mean, and the part of the container to look at.
const WORDS: [(&str, &str, &str); 15] = [
    ("chdir to cwd", "its working directory is not there or may not be entered", "workingDir"),
    (
        "init: mkdir",
        "its working directory cannot be made: something else stands in its place",
        "workingDir",
    ),
    ("error mounting", "one of its mounts does not fit what it is mounted on", "the volumeMounts"),
    ("failed to create subPath directory", "the subPath of a mount cannot be made", "the subPath"),
    ("failed to prepare subPath", "the subPath of a mount cannot be used", "the subPath"),
    ("cannot find volume", "it mounts a volume that the pod does not have", "the volumeMounts"),
    ("no command specified", "neither the pod nor the image names a command", "the command"),
    ("is reserved for", "the runtime still holds an earlier container of the same name", ""),
    ("seccomp", "its seccomp profile cannot be used", "the seccompProfile"),
    ("apparmor", "its AppArmor profile cannot be used", "the appArmorProfile"),
    (
        "error gathering device information",
        "a device it asks for is not on the node",
        "the devices",
    ),
    ("failed to mkdir", "a path of the node that it mounts cannot be made", "the hostPath"),
    ("failed to stat", "a path of the node that it mounts is not there", "the hostPath"),
    ("unable to find user", "the user it is to run as is not in the image", "runAsUser"),
    (
        "no matching entries in passwd file",
        "the user it is to run as is not in the image",
        "runAsUser",
    ),
];

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let waiting = case.told().into_iter().filter(|told| {
        let reason = told.container.waiting().map_or("", |(reason, _)| reason);
        matches!(
            reason,
            "CreateContainerError" | "CreateContainerConfigError" | "RunContainerError"
        )
    });
    let waiting = waiting.filter_map(|told| {
        hypothesis(told.container, told.text, told.proof("the kubelet's words"))
    });
    let ended = case.containers().filter_map(|container| {
        let text = container.last_ended().filter(|it| it.never_began())?.message()?;
        let source =
            format!("state of container {} of pod {}", container.name(), container.pod().name());
        hypothesis(container, text, Proof::quoted("the runtime's words", text, source))
    });
    waiting.chain(ended).collect()
}

fn hypothesis(container: ContainerView<'_>, text: &str, proof: Proof) -> Option<Hypothesis> {
    let lower = text.to_ascii_lowercase();
    let known = WORDS.iter().find(|(words, ..)| lower.contains(&words.to_ascii_lowercase()));
    // What the runtime says is proof; what it means by it is known of a few of its words only.
    let (certainty, obstacle, part) = match known {
        Some((_, obstacle, part)) => (Certainty::Certain, *obstacle, *part),
        None => (Certainty::Likely, last_words(text)?, ""),
    };
    let stuck = lower.contains("is reserved for").then(|| container.pod());
    Some(
        Hypothesis::with(CAUSE.id, certainty)
            .because(proof)
            .maybe("stuck", stuck.map(|pod| pod.name()))
            .maybe("stuck_on", stuck.map(|pod| pod.node_name().unwrap_or("its node")))
            .fact("container", container.name())
            .fact("pod", container.pod().name())
            .fact("obstacle", obstacle)
            .fact("part", part)
            .settle("kubectl -n {namespace} describe pod {pod}"),
    )
}

/// The end of the runtime's words, which says what failed; the beginning says only who called whom.
fn last_words(text: &str) -> Option<&str> {
    let text = text.trim().trim_end_matches(": unknown").trim_end_matches('.');
    let (_, rest) = text.split_once("unable to start container process: ").or_else(|| {
        let at = text.rfind("failed: ").or_else(|| text.find(": "))?;
        Some(("", &text[at..])).map(|(_, rest)| ("", rest.split_once(": ").map_or(rest, |it| it.1)))
    })?;
    (!rest.is_empty()).then_some(rest)
}
