//! The scheduler's own words about a pod that it cannot place, taken apart: which obstacle on how many
//! nodes. They beat any computing it again. Shared by the causes about placement.

use k8s_openapi::api::core::v1::Node;

use super::health::is_unschedulable;
use super::pod::PodView;
use super::{Case, Certainty, Hypothesis, Proof};

/// What stands against one group of nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// Too little of that resource is free: `memory`, `nvidia.com/gpu`, `pods`.
    Resource(String),
    /// The node selector or the required node affinity.
    Selector,
    /// Affinity or anti-affinity to other pods, or topology spread; in words.
    Neighbours(&'static str),
    /// A port of the node that another pod holds.
    HostPort,
    /// A taint that is not tolerated, as written: `{dedicated: batch}`.
    Taint(String),
    /// The node is cordoned.
    Cordoned,
    /// The node is not ready or out of reach.
    NotReady,
    /// The node is under pressure: `memory-pressure`.
    Pressure(String),
    /// A volume that lives elsewhere.
    Volume(String),
    /// Volume claims, which have causes of their own.
    Claim,
    /// Anything else.
    Other,
}

/// What stands against nodes because of volumes, where the volume's place does not matter.
pub(super) const CLAIM_FOR_ONE_POD: &str =
    "another pod uses its claim, and that is for one pod at a time (ReadWriteOncePod)";
pub(super) const TOO_MANY_VOLUMES: &str = "they have as many volumes as they may attach";

/// One obstacle and the number of nodes that it stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) nodes: usize,
    pub(super) obstacle: Obstacle,
}

/// A pod that cannot be placed, with the scheduler's words.
pub(super) struct Unplaced<'a> {
    pub(super) pod: PodView<'a>,
    pub(super) text: &'a str,
    /// The obstacles that count: taints of control planes, which are always there, are left out where
    /// anything else stands beside them.
    pub(super) groups: Vec<Group>,
}

/// The pods of a case that the scheduler cannot place.
pub(super) fn unplaced<'a>(case: &Case<'a>) -> Vec<Unplaced<'a>> {
    let waiting = case.pods().iter().filter(|pod| is_unschedulable(pod) && !pod.is_terminating());
    let of = |pod: &PodView<'a>| {
        let text = pod.condition("PodScheduled")?.message.as_deref()?;
        let mut groups = counting(text);
        // Each pod of a DaemonSet is meant for one node, and all others refuse it by its affinity.
        if case.object().kind == *"DaemonSet"
            && groups.iter().any(|it| it.obstacle != Obstacle::Selector)
        {
            groups.retain(|it| it.obstacle != Obstacle::Selector);
        }
        Some(Unplaced { pod: *pod, text, groups })
    };
    waiting.filter_map(of).collect()
}

impl Unplaced<'_> {
    /// A hypothesis about the obstacles that `mine` chooses: certain where nothing else stands in the way
    /// of a node, likely where other nodes have other obstacles.
    pub(super) fn hypothesis(
        &self,
        cause: &'static str,
        mine: impl Fn(&Obstacle) -> bool,
    ) -> Option<Hypothesis> {
        let (own, other): (Vec<&Group>, Vec<&Group>) =
            self.groups.iter().partition(|it| mine(&it.obstacle));
        let count = |groups: &[&Group]| groups.iter().map(|it| it.nodes).sum::<usize>();
        let (here, beside) = (count(&own), count(&other));
        if here == 0 {
            return None;
        }
        // Dedicated nodes are tainted on purpose: what keeps the pod off the others is the cause.
        let is_taint = |it: &Group| matches!(it.obstacle, Obstacle::Taint(_));
        let tainted: usize = other.iter().filter(|it| is_taint(it)).map(|it| it.nodes).sum();
        let own_taint = own.iter().any(|it| is_taint(it));
        let certainty = match beside {
            0 => Certainty::Certain,
            others if !own_taint && others <= tainted => Certainty::Certain,
            others if others > here => Certainty::Possible,
            _ if own_taint => Certainty::Possible,
            _ => Certainty::Likely,
        };
        let place = format!("condition PodScheduled of {}", self.pod.name());
        let found = Hypothesis::with(cause, certainty)
            .because(Proof::quoted("the scheduler's words", self.text, place))
            .fact("pod", self.pod.name())
            .fact("nodes", here)
            .fact("obstacle", self.obstacle())
            .settle("kubectl -n {namespace} describe pod {pod}");
        Some(match beside {
            0 => found,
            others => found
                .against(Proof::fact(format!("{others} other nodes refuse it for another reason"))),
        })
    }

    /// The nodes, where all that the scheduler counts were read: of some of them nothing follows for all.
    pub(super) fn all_nodes<'c>(&self, case: &Case<'c>) -> Option<&'c [Node]> {
        let total: usize = self.text.strip_prefix("0/")?.split(' ').next()?.parse().ok()?;
        case.evidence().nodes.read().map(Vec::as_slice).filter(|nodes| nodes.len() == total)
    }

    /// The part of the words that names the obstacles.
    pub(super) fn obstacle(&self) -> &str {
        head(self.text).trim().trim_end_matches(['.', ','])
    }
}

/// What comes before the tails of newer schedulers.
fn head(text: &str) -> &str {
    let head = text.split("preemption:").next().unwrap_or(text);
    head.split("no new claims to deallocate").next().unwrap_or(head)
}

fn counting(text: &str) -> Vec<Group> {
    let all = groups(text);
    let is_of_control_plane = |group: &Group| {
        let Obstacle::Taint(taint) = &group.obstacle else { return false };
        ["control-plane", "/master", "controlplane", "/etcd"].iter().any(|it| taint.contains(it))
    };
    let others: Vec<Group> = all.iter().filter(|it| !is_of_control_plane(it)).cloned().collect();
    if others.is_empty() { all } else { others }
}

/// All obstacles that the words name. `0/4 nodes are available: 1 Insufficient cpu, 3 node(s) …`.
pub(super) fn groups(text: &str) -> Vec<Group> {
    let head = head(text);
    let body = head.split_once("nodes are available").map_or(head, |(_, rest)| rest);
    let body = body.trim_start_matches([':', ' ']);
    pieces(body).into_iter().filter_map(group).collect()
}

/// Splits at the commas that a number follows: `{a: b}, that the pod didn't tolerate` is one piece.
fn pieces(body: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, _) in body.match_indices([',', '.']) {
        let rest = body[at + 1..].trim_start();
        let number = rest.bytes().take_while(u8::is_ascii_digit).count();
        if number > 0 && rest[number..].starts_with(' ') {
            found.push(body[start..at].trim());
            start = at + 1;
        }
    }
    found.push(body[start..].trim().trim_end_matches('.'));
    found
}

fn group(piece: &str) -> Option<Group> {
    let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
    let (number, words) = piece.split_at(digits);
    let words = words.trim();
    if words.is_empty() {
        return None;
    }
    // Claims are complained about without a number: they stand against every node.
    Some(Group { nodes: number.parse().unwrap_or(1), obstacle: obstacle(words) })
}

fn obstacle(words: &str) -> Obstacle {
    let has = |part: &str| words.contains(part);
    if let Some((_, resource)) = words.split_once("Insufficient ") {
        let end = resource.find([',', ' ']).unwrap_or(resource.len());
        return Obstacle::Resource(resource[..end].trim_end_matches('.').to_owned());
    }
    if has("Too many pods") {
        return Obstacle::Resource("pods".into());
    }
    if has("ReadWriteOncePod") {
        return Obstacle::Volume(CLAIM_FOR_ONE_POD.into());
    }
    if has("persistentvolumeclaim") || has("PersistentVolumeClaim") {
        return Obstacle::Claim;
    }
    if has("taint") {
        return taint(words);
    }
    if has("were unschedulable") {
        return Obstacle::Cordoned;
    }
    if has("not ready") || has("unreachable") {
        return Obstacle::NotReady;
    }
    if has("volume node affinity") || has("PersistentVolume's node affinity") {
        return Obstacle::Volume("its volume is on another node or in another zone".into());
    }
    if has("max volume count") || has("Limits") && has("volume") {
        return Obstacle::Volume(TOO_MANY_VOLUMES.into());
    }
    if has("volume zone") || has("available persistent volumes to bind") {
        return Obstacle::Volume("no volume that could be bound is there".into());
    }
    if has("anti-affinity") {
        return Obstacle::Neighbours("its anti-affinity forbids the pods that are there");
    }
    if has("pod affinity") {
        return Obstacle::Neighbours("the pods that its affinity asks for are not there");
    }
    if has("topology spread") {
        return Obstacle::Neighbours("its topology spread constraints would be broken");
    }
    if has("node affinity")
        || has("node selector")
        || has("affinity/selector")
        || has("[NodeAffinity]")
    {
        return Obstacle::Selector;
    }
    if has("free ports") {
        return Obstacle::HostPort;
    }
    Obstacle::Other
}

/// Taints that Kubernetes itself puts on nodes are states of these, not decisions of people.
fn taint(words: &str) -> Obstacle {
    let taint = words.find('{').map_or(words, |at| &words[at..]);
    let taint = taint.split_once('}').map_or_else(|| taint.to_owned(), |(it, _)| format!("{it}}}"));
    let state = |name: &str| taint.contains(name);
    if state("kubernetes.io/unschedulable") {
        return Obstacle::Cordoned;
    }
    if ["/not-ready", "/unreachable", "/uninitialized", "agent-not-ready", "network-unavailable"]
        .into_iter()
        .any(state)
    {
        return Obstacle::NotReady;
    }
    for pressure in ["memory-pressure", "disk-pressure", "pid-pressure"] {
        if state(pressure) {
            return Obstacle::Pressure(pressure.into());
        }
    }
    Obstacle::Taint(taint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(usize, Obstacle)]) {
        let found: Vec<_> = counting(text).into_iter().map(|it| (it.nodes, it.obstacle)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn words_of_every_version_come_apart() {
        let resource = |name: &str| Obstacle::Resource(name.into());
        check("0/1 nodes are available: 1 Insufficient cpu.", &[(1, resource("cpu"))]);
        check(
            "0/5 nodes are available: 2 Insufficient memory, 3 node(s) had taint {dedicated: batch}, that the pod didn't tolerate.",
            &[(2, resource("memory")), (3, Obstacle::Taint("{dedicated: batch}".into()))],
        );
        check(
            "0/4 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 3 node(s) didn't match Pod's node affinity/selector. preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.",
            &[(3, Obstacle::Selector)],
        );
        check(
            "0/3 nodes are available: 3 node(s) didn't match node selector.",
            &[(3, Obstacle::Selector)],
        );
        check(
            "0/2 nodes are available: 2 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
            &[(2, Obstacle::Taint("node(s) had untolerated taint(s)".into()))],
        );
        check(
            "0/2 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }, 1 node(s) were unschedulable.",
            &[(1, Obstacle::NotReady), (1, Obstacle::Cordoned)],
        );
        check(
            "0/1 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/master: }.",
            &[(1, Obstacle::Taint("{node-role.kubernetes.io/master: }".into()))],
        );
        check("0/3 nodes are available: 3 Too many pods.", &[(3, resource("pods"))]);
        check(
            "0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports.",
            &[(2, Obstacle::HostPort)],
        );
        check(
            "0/3 nodes are available: 1 node(s) had volume node affinity conflict, 2 Insufficient nvidia.com/gpu.",
            &[
                (1, Obstacle::Volume("its volume is on another node or in another zone".into())),
                (2, resource("nvidia.com/gpu")),
            ],
        );
        check(
            "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
            &[(1, Obstacle::Claim)],
        );
    }
}
