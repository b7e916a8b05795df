//! A volume that exists cannot be attached or mounted, so no container of the pod starts.

use super::prelude::*;
use crate::diagnosis::told::missing;

pub(super) static CAUSE: Cause = Cause {
    id: "volume-mount-failed",
    title: "A volume of the pod cannot be attached or mounted",
    since: "0.1.0",
    reads: &[Pods, Events, Nodes],
    clears: &[],
    why: "No container of {pod} can start on {node}: {obstacle}. Pod {holder} on {other_node} uses the same claim.",
    fix: &[
        "Give {claimant} a claim of its own, or run it on {held_on} beside pod {held_by}: claim {claim} is for one node at a time.",
        "Let {holder} go first, or keep both pods on {other_node}: the volume can be on one node at a time.",
        "Find where volume {volume} is still attached (kubectl get volumeattachments), and whether that node is alive.",
        "Correct the path or the type of hostPath in {host_path_of}.",
        "Find in the message what the storage refuses; its driver's pods on {refused_on} say more.",
    ],
    avoid: &["Deleting claim {claim} or its volume: its data goes with it."],
    looks_for: &[
        "FailedAttachVolume and FailedMount events while containers wait with ContainerCreating: Multi-Attach, an exit status of mount, a hostPath of another type, a timeout of the attacher.",
        "Not: a ConfigMap or Secret that is missing, which has a cause of its own; and not `failed to sync … cache`, which healthy pods show for a moment.",
    ],
    confirm: "The event SuccessfulAttachVolume or the start of the containers.",
    links: &["https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let mut found: Vec<Hypothesis> = Vec::new();
    for container in case.containers().filter(|it| it.is_not_yet()) {
        let mut told: Vec<_> = container.events();
        told.retain(|event| {
            matches!(event.reason(), "FailedMount" | "FailedAttachVolume" | "FailedMapVolume")
                && !(event.message().contains("failed to sync")
                    && event.message().contains("cache"))
        });
        // What names an object is told by the causes about objects; the summary that only says that
        // time ran out adds nothing where another event says why.
        if told.iter().any(|event| missing(event.message()).is_some()) {
            continue;
        }
        let vague = |text: &str| text.starts_with("Unable to attach or mount volumes");
        let best = told.iter().rev().find(|it| !vague(it.message())).or(told.last());
        let Some(event) = best else { continue };
        let text = event.message();
        let pod = container.pod();
        let multi = text.starts_with("Multi-Attach error");
        let host_path = text.contains("hostPath type check failed");
        let obstacle = if multi {
            "a volume that only one node may use is still attached to another"
        } else if host_path {
            "a hostPath is not what the pod says it is"
        } else if vague(text) {
            "its volumes are not ready in time"
        } else if text.contains("permission denied") || text.contains("access denied") {
            "the storage refuses the mount"
        } else {
            "a volume cannot be mounted"
        };
        let holder = holder(case, pod).filter(|_| multi);
        let stranger = stranger(case, pod).filter(|_| multi && holder.is_none());
        let claim = claims(pod).into_iter().next();
        let volume = text.split('"').nth(1).filter(|_| multi && stranger.is_none());
        let base =
            if vague(text) { Hypothesis::likely(CAUSE.id) } else { Hypothesis::certain(CAUSE.id) };
        found.push(
            base.because(event.proof("the kubelet's words"))
                .fact("pod", pod.name())
                .fact("node", pod.node_name().unwrap_or("its node"))
                .fact("obstacle", obstacle)
                .maybe("volume", volume)
                .maybe("claim", claim)
                .maybe("claimant", stranger.map(|_| case.object().kubectl()))
                .maybe("held_by", stranger.map(|it| it.name()))
                .maybe("held_on", stranger.and_then(|it| it.node_name()))
                .maybe("refused_on", (!multi && !host_path).then(|| pod.node_name()).flatten())
                .maybe("host_path_of", host_path.then(|| case.object().kubectl()))
                .maybe("holder", holder.map(|it| it.name()))
                .maybe("other_node", holder.and_then(|it| it.node_name()))
                .settle("kubectl -n {namespace} describe pod {pod}")
                .maybe_settle(multi.then_some("kubectl get volumeattachments")),
        );
    }
    found.dedup_by(|a, b| a.facts.get("pod") == b.facts.get("pod"));
    found
}

/// A pod of the same workload on another node that uses one of the claims.
fn holder<'a>(case: &Case<'a>, pod: PodView<'a>) -> Option<PodView<'a>> {
    let claims = claims(pod);
    let others = case.pods().iter().filter(|other| {
        other.name() != pod.name() && !other.is_over() && other.node_name() != pod.node_name()
    });
    others.copied().find(|other| self::claims(*other).iter().any(|claim| claims.contains(claim)))
}

/// A pod of another workload that uses one of the claims.
fn stranger<'a>(case: &Case<'a>, pod: PodView<'a>) -> Option<PodView<'a>> {
    let world = case.world();
    let here =
        world.workloads().filter(|it| it.namespace == case.namespace() && *it != case.object());
    let mut others = here.flat_map(|it| world.pods_of(it)).filter(|other| !other.is_over());
    others.find(|other| self::claims(*other).iter().any(|it| claims(pod).contains(it)))
}

fn claims<'a>(pod: PodView<'a>) -> Vec<&'a str> {
    let volumes = pod.spec().and_then(|spec| spec.volumes.as_deref()).unwrap_or_default();
    let claims = volumes.iter().filter_map(|it| it.persistent_volume_claim.as_ref());
    claims.map(|it| it.claim_name.as_str()).collect()
}
