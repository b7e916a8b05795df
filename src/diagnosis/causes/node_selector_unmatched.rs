//! No node has the labels that the pod demands.

use super::prelude::*;
use crate::diagnosis::scheduler::{Obstacle, Unplaced, unplaced};

pub(super) static CAUSE: Cause = Cause {
    id: "node-selector-unmatched",
    title: "No node has the labels the pod demands",
    since: "0.1.0",
    reads: &[Pods, Events, Nodes],
    clears: &["unschedulable"],
    why: "Pod {pod} cannot be scheduled: no node fits its node selector or affinity. It demands {demand}. No node has a label {unknown_key}. Nodes have {present}.",
    fix: &[
        "Correct the node selector or affinity in {object}: {demand}.",
        "Label a node so that it fits, if it is the right one for {labelled}.",
        "Correct the node selector or affinity in {object}, so that a node fits.",
    ],
    avoid: &["Deleting the pods: the next ones ask for the same."],
    looks_for: &[
        "The scheduler's `didn't match Pod's node affinity/selector` (older: `node selector`), and the pod's own demand beside the labels of the nodes.",
    ],
    confirm: "The pod has a node.",
    links: &["https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let of = |it: &Unplaced<'_>| {
        let found = it.hypothesis(CAUSE.id, |it| matches!(it, Obstacle::Selector))?;
        let demand = demand(it.pod);
        let words: Vec<String> =
            demand.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let nodes = it.all_nodes(case);
        let values = |key: &str| -> Vec<&str> {
            let nodes = nodes.into_iter().flatten();
            let labels = nodes.filter_map(|node| node.metadata.labels.as_ref()?.get(key));
            labels.map(String::as_str).collect()
        };
        let key = demand.first().map(|(key, _)| *key).filter(|_| nodes.is_some());
        let mut there = key.map(values).unwrap_or_default();
        there.sort_unstable();
        there.dedup();
        let there: Vec<String> =
            there.iter().take(4).map(|it| format!("{}={it}", key.unwrap_or_default())).collect();
        Some(
            found
                .maybe("demand", (!words.is_empty()).then(|| words.join(",")))
                .maybe("unknown_key", key.filter(|_| there.is_empty()))
                .maybe("present", (!there.is_empty()).then(|| there.join(", ")))
                .maybe("labelled", may_be_given(&demand).then(|| case.object().kubectl()))
                .settle("kubectl get nodes --show-labels"),
        )
    };
    unplaced(case).iter().filter_map(of).collect()
}

/// Whether people give such labels to nodes: the kubelet and the cloud say which architecture, name and zone
/// a node has.
fn may_be_given(demand: &[(&str, String)]) -> bool {
    let given = [
        "kubernetes.io/arch",
        "kubernetes.io/os",
        "kubernetes.io/hostname",
        "topology.kubernetes.io/",
    ];
    let by_machine = |key: &str| given.iter().any(|it| key.ends_with(it) || key.starts_with(it));
    !demand.iter().any(|(key, _)| by_machine(key))
}

/// The labels that a pod demands of its node, by selector and by required affinity, the first term.
fn demand<'a>(pod: PodView<'a>) -> Vec<(&'a str, String)> {
    let Some(spec) = pod.spec() else { return Vec::new() };
    let selector = spec.node_selector.iter().flatten();
    let selector = selector.map(|(key, value)| (key.as_str(), value.clone()));
    let affinity = spec.affinity.as_ref().and_then(|it| it.node_affinity.as_ref());
    let required =
        affinity.and_then(|it| it.required_during_scheduling_ignored_during_execution.as_ref());
    let term = required.and_then(|it| it.node_selector_terms.first());
    let expressions = term.into_iter().flat_map(|it| it.match_expressions.iter().flatten());
    let expressions = expressions.map(|it| {
        (it.key.as_str(), it.values.iter().flatten().cloned().collect::<Vec<_>>().join("|"))
    });
    selector.chain(expressions).collect()
}
