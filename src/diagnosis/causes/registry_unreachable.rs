//! The node cannot talk to the registry: its name, the network, TLS, or the registry's own errors.

use super::prelude::*;
use crate::diagnosis::pull::{PullFault, registry_of};

pub(super) static CAUSE: Cause = Cause {
    id: "registry-unreachable",
    title: "The node cannot reach the image registry",
    since: "0.1.0",
    reads: &[Pods, Events],
    clears: &[],
    why: "Container {container} cannot start: {node} cannot pull {image} from {registry}: {obstacle}.",
    fix: &[
        "Correct the registry's name in {image}, if {unresolved} is not what was meant.",
        "Tell the runtime on the nodes that {plain} speaks plain HTTP (an insecure registry), or serve it over TLS.",
        "Give the nodes the authority that signed the certificate of {untrusted}, or renew that certificate.",
        "Look at {refusing} itself: a refused connection means that its host answers and nothing listens there.",
        "Restore the way from {node} to {away}: DNS, egress rules, proxy.",
    ],
    avoid: &[
        "Rolling back to revision {previous}: its image comes from the same registry.",
        "Deleting the pods: the next ones ask the same registry.",
    ],
    looks_for: &[
        "A failed pull whose words are about the way to the registry: `no such host`, `i/o timeout`, `connection refused`, `x509:`, `server gave HTTP response to HTTPS client`, 5xx.",
        "These words stand in the kubelet's messages; the same words in a container's log are about something else.",
    ],
    confirm: "The pod's events show `Pulled`. Where one node was cut off, pods on it start again.",
    links: &["https://kubernetes.io/docs/concepts/containers/images/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    case.pull_faults()
        .into_iter()
        .filter_map(|(told, fault)| {
            let registry = registry_of(told.container.image());
            let obstacle = match fault {
                PullFault::NameUnknown => "the registry's name does not resolve",
                PullFault::Tls if told.text.contains("HTTP response to HTTPS") => {
                    "the registry speaks plain HTTP, and the node asks by HTTPS"
                }
                PullFault::Tls => "TLS between them fails",
                PullFault::Unreachable if told.text.contains("connection refused") => {
                    "the connection is refused"
                }
                PullFault::Unreachable => "the registry does not answer as it should",
                _ => return None,
            };
            let is = |words: &str| obstacle.contains(words).then_some(registry);
            let refused = is("connection is refused");
            let (plain, untrusted) = (is("plain HTTP"), is("TLS between"));
            let away = (refused.or(plain).or(untrusted).is_none()).then_some(registry);
            Some(
                Hypothesis::certain(CAUSE.id)
                    .because(told.proof(obstacle))
                    .fact("container", told.container.name())
                    .fact("image", told.container.image())
                    .fact("registry", registry)
                    .fact("obstacle", obstacle)
                    .maybe("plain", plain)
                    .maybe("untrusted", untrusted)
                    .maybe("refusing", refused)
                    .maybe("away", away)
                    .maybe("unresolved", (fault == PullFault::NameUnknown).then_some(registry))
                    .maybe(
                        "previous",
                        case.previous_number_if(
                            case.previous_image(told.container.name()).map(registry_of)
                                == Some(registry),
                        ),
                    )
                    .fact("node", told.container.pod().node_name().unwrap_or("the node"))
                    .settle(
                        "kubectl get events -A --field-selector reason=Failed --sort-by=.lastTimestamp",
                    ),
            )
        })
        .collect()
}
