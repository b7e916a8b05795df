//! The program may not listen on a port below 1024.

use super::prelude::*;
use crate::diagnosis::complaint::{Complaint, Heard, heard};

pub(super) static CAUSE: Cause = Cause {
    id: "port-privileged",
    title: "The program may not listen on a low port",
    since: "0.1.0",
    reads: &[Pods, Logs],
    clears: &["application-crashed"],
    why: "Container {container} may not listen on a port below 1024: {message}. It runs as user {user}.",
    fix: &[
        "Let it listen on a port above 1024; the Service can still offer the low one.",
        "Add the capability NET_BIND_SERVICE to container {container} in {object}.",
    ],
    avoid: &[],
    looks_for: &[
        "`bind: permission denied`, `listen EACCES`, `bind() to 0.0.0.0:80 failed (13: Permission denied)`.",
    ],
    confirm: "The container runs on, and its log no longer says so.",
    links: &["https://kubernetes.io/docs/tasks/configure-pod-container/security-context/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let of = |it: &Heard<'_>| -> Option<Hypothesis> {
        Some(it.hypothesis().maybe("user", user(it.container)))
    };
    heard(case, CAUSE.id, Complaint::PortPrivileged, "it may not listen there")
        .iter()
        .filter_map(of)
        .collect()
}

fn user(container: ContainerView<'_>) -> Option<i64> {
    let own = container.spec().security_context.as_ref().and_then(|it| it.run_as_user);
    own.or_else(|| container.pod().spec()?.security_context.as_ref()?.run_as_user)
}
