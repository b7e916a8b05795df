//! Pods that the kubelet put out: for the node's sake, with the node, or because they used more storage than
//! they may. Only the last will happen again. And pods that the kubelet did not even let in.

use jiff::{SignedDuration, Timestamp};

use super::pod::PodView;

/// A pod that was put out for its own storage is replaced by one that does the same: it must outlive the one
/// before by half, and at least so long.
const AT_LEAST: SignedDuration = SignedDuration::from_secs(30);

/// At most so long.
const AT_MOST: SignedDuration = SignedDuration::from_mins(10);

/// By the kubelet for the node's sake, or because the node shuts down.
pub(super) fn is_evicted(pod: &PodView<'_>) -> bool {
    let message = message(pod);
    match pod.reason() {
        Some("Evicted" | "Preempting" | "Shutdown" | "NodeShutdown") => true,
        Some("Terminated") => message.contains("shutdown"),
        _ => false,
    }
}

/// The kubelet's words.
pub(super) fn message<'a>(pod: &PodView<'a>) -> &'a str {
    pod.status().and_then(|status| status.message.as_deref()).unwrap_or_default()
}

/// Whether it used more storage than it may.
pub(super) fn is_own(pod: &PodView<'_>) -> bool {
    let message = message(pod);
    message.contains("exceeded its local ephemeral storage")
        || message.contains("exceeds the limit")
        || message.contains("exceeded its ephemeral")
}

/// Whether the pod was put out for its own storage so short a time ago that its replacement, ready or not, has
/// proved nothing.
pub(super) fn still_counts(pod: &PodView<'_>) -> bool {
    let ended = pod.containers().into_iter().filter_map(|it| it.last_ended()?.finished_at()).max();
    // Some kubelets keep no state of the containers.
    let told = || {
        pod.events()
            .iter()
            .filter(|it| it.reason() == "Evicted")
            .filter_map(|it| it.last_seen())
            .max()
    };
    let ended = ended.or_else(told);
    let began = pod.status().and_then(|status| status.start_time.as_ref()).map(|time| time.0);
    let Some((began, ended)) = began.zip(ended).filter(|_| is_evicted(pod) && is_own(pod)) else {
        return false;
    };
    let lasted: SignedDuration = Timestamp::duration_since(ended, began);
    let needed = (lasted + lasted / 2).clamp(AT_LEAST, AT_MOST);
    pod.taken_at().duration_since(ended) < needed
}

/// Whether a pod's reason says that the kubelet did not admit it.
pub(super) fn is_refusal(reason: &str) -> bool {
    const KNOWN: [&str; 9] = [
        "NodeAffinity",
        "NodePorts",
        "TopologyAffinityError",
        "UnexpectedAdmissionError",
        "InvalidNodeInfo",
        "SysctlForbidden",
        "AppArmor",
        "PodOSNotSupported",
        "PodOSSelectorNodeLabelDoesNotMatch",
    ];
    KNOWN.contains(&reason) || reason.starts_with("OutOf") || reason.starts_with("Outof")
}
