//! The kernel cannot run the container's program: another architecture, or a script without interpreter.

use super::prelude::*;
use crate::diagnosis::log::Kind;

pub(super) static CAUSE: Cause = Cause {
    id: "exec-format-error",
    title: "The program is built for another machine",
    since: "0.1.0",
    reads: &[Pods, Logs, Nodes],
    clears: &["application-crashed"],
    why: "The node cannot run the program of container {container}: it is built for another CPU architecture, or it is a script without its first line. The node is {architecture}.",
    fix: &[
        "Build image {image} for {architecture}.",
        "Build image {image} for the architecture of the node, or give its script a first line that names an interpreter.",
    ],
    avoid: &[],
    looks_for: &[
        "`exec format error` as the only line of the log, or in the runtime's words of a run that never began.",
        "The architecture that the node reports.",
    ],
    confirm: "The container runs on the same node.",
    links: &[
        "https://kubernetes.io/docs/concepts/containers/images/#multi-architecture-images-with-image-indexes",
    ],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let logged = case
        .endings()
        .iter()
        .filter(|it| it.told.kind == Kind::ExecFormat)
        .map(|it| (it.container, it.hypothesis(CAUSE.id, "the kernel refuses the program")));
    let started = case.containers().filter_map(|container| {
        let message = container.last_ended()?.message()?;
        let source =
            format!("state of container {} of pod {}", container.name(), container.pod().name());
        let proof = Proof::quoted("the kernel refuses the program", message, source);
        message.contains("exec format error").then(|| {
            let hypothesis = Hypothesis::certain(CAUSE.id)
                .because(proof)
                .fact("container", container.name())
                .fact("pod", container.pod().name());
            (container, hypothesis)
        })
    });
    let described = logged.chain(started).map(|(container, hypothesis)| {
        let node = container.pod().node_name().and_then(|name| case.world().node(name));
        let info = node.and_then(|node| node.status.as_ref()?.node_info.as_ref());
        hypothesis
            .fact("image", container.image())
            .maybe("architecture", info.map(|info| info.architecture.as_str()))
    });
    described.collect()
}
