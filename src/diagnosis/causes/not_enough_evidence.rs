//! Nothing in the evidence proves or suggests a cause. Says what is missing, and how to get it.

use super::prelude::*;

pub(super) static CAUSE: Cause = Cause {
    id: "not-enough-evidence",
    title: "The evidence does not tell why",
    since: "0.1.0",
    reads: &[Pods, Events, Logs],
    clears: &[],
    why: "Not enough evidence to name a cause. {seen}. {lacking}.",
    fix: &[],
    avoid: &[],
    looks_for: &["Nothing: it is what is left when no other cause has any proof."],
    confirm: "With the missing evidence another cause is named.",
    links: &["https://kubernetes.io/docs/tasks/debug/debug-application/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let found = Hypothesis::possible(CAUSE.id);
    let Some(container) = case.containers().next() else {
        let found = match case.evidence().pods.unavailable() {
            Some(why) => found.fact("lacking", format!("Pods could not be read: {why}")),
            None => found,
        };
        return vec![
            found
                .settle("kubectl -n {namespace} describe {object}")
                .settle("kubectl -n {namespace} get events --sort-by=.lastTimestamp"),
        ];
    };
    let pod = container.pod().name();
    let found = found.fact("container", container.name()).fact("pod", pod);
    let Some(ended) = container.last_ended() else {
        let place = format!("{pod}/{}, waiting message", container.name());
        let found = found.maybe(
            "seen",
            container.waiting().filter(|(reason, _)| !reason.is_empty()).map(|(reason, _)| {
                format!("Container {} waits ({reason}), and nothing says why", container.name())
            }),
        );
        let found = match container.waiting().filter(|(reason, _)| !reason.is_empty()) {
            Some((reason, "")) => found.because(Proof::quoted("it waits", reason, place)),
            Some((_, text)) => found.because(Proof::quoted("it waits", text, place)),
            None => found.because(Proof::fact("it runs and is not ready")),
        };
        return vec![
            found
                .settle("kubectl -n {namespace} describe pod {pod}")
                .settle("kubectl -n {namespace} logs {pod} -c {container}"),
        ];
    };
    let code = ended.exit_code();
    let place = format!("last state of {pod}/{}", container.name());
    let seen = match code {
        137 => format!("Container {} was killed by SIGKILL (exit code 137)", container.name()),
        code => format!("Container {} ended with exit code {code}", container.name()),
    };
    let found = found
        .because(Proof::quoted(format!("exit code {code}"), ended.reason(), place))
        .fact("seen", seen)
        .fact("exit_code", code);
    let found = match container.log_unavailable() {
        Some(why) => found
            .fact("lacking", format!("The {} could not be read: {why}", container.log_name()))
            .settle("kubectl -n {namespace} logs {pod} -c {container} --previous"),
        None => found.settle("kubectl -n {namespace} describe pod {pod}"),
    };
    vec![
        found
            .settle("kubectl -n {namespace} get events --field-selector involvedObject.name={pod}"),
    ]
}
