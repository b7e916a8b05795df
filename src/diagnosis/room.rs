//! What pods ask of a node, and what nodes have. Shared by the causes about resources.

use k8s_openapi::api::core::v1::{Container, Node};

use super::memory::{quantity, words};
use super::pod::PodView;

/// How much of a resource a pod asks for in all; nothing where it asks for none.
pub(super) fn asked(pod: PodView<'_>, resource: &str) -> Option<f64> {
    let of = |container: &Container| {
        let resources = container.resources.as_ref()?;
        let asked = resources.requests.as_ref().and_then(|it| it.get(resource));
        // A limit without a request is the request.
        let asked = asked.or_else(|| resources.limits.as_ref()?.get(resource));
        quantity(&asked?.0)
    };
    let spec = pod.spec()?;
    let together: f64 = spec.containers.iter().filter_map(of).sum();
    // Init containers run one after the other: the largest of them counts.
    let first = spec.init_containers.iter().flatten().filter_map(of).fold(0.0, f64::max);
    Some(together.max(first)).filter(|it| *it > 0.0)
}

/// How much of it the largest of these nodes can give; nothing where one of them does not tell.
pub(super) fn largest(nodes: &[Node], resource: &str) -> Option<f64> {
    let of = |node: &Node| quantity(&node.status.as_ref()?.allocatable.as_ref()?.get(resource)?.0);
    let all: Option<Vec<f64>> = nodes.iter().map(of).collect();
    all?.into_iter().reduce(f64::max)
}

/// `1536Mi` of memory, `2.5` of cpu.
pub(super) fn amount(resource: &str, value: f64) -> String {
    match resource {
        "memory" | "ephemeral-storage" | "storage" => words(value),
        _ => format!("{}", (value * 1000.0).round() / 1000.0),
    }
}
