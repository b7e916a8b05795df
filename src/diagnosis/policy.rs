//! Whether NetworkPolicies let one pod talk to another. Policies only ever allow; a pod that one of them
//! selects is closed to all that none allows.
//!
//! <https://kubernetes.io/docs/concepts/services-networking/network-policies/>

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::pod::PodView;
use super::wiring::matches;
use super::world::{World, name, namespace};

/// The way that is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Into the pods of the Service.
    In,
    /// Out of the pod that calls.
    Out,
}

/// The policy that selects a pod and is the reason for its being closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Closed<'a> {
    pub(super) name: &'a str,
    pub(super) namespace: &'a str,
    pub(super) way: Way,
}

/// The peers and the ports of one rule; none of either: all.
type Rule<'r> = (Option<&'r [NetworkPolicyPeer]>, Option<&'r [NetworkPolicyPort]>);

type Labels = BTreeMap<String, String>;

/// The policy that keeps a pod from a Service; nothing where a rule allows it or may allow it.
pub(super) fn closed<'a>(
    world: &World<'a>,
    caller: PodView<'_>,
    service: &Service,
    port: Option<u16>,
) -> Option<Closed<'a>> {
    let place = namespace(&service.metadata);
    let selector = service.spec.as_ref()?.selector.as_ref().filter(|it| !it.is_empty())?;
    let all = world.workloads().filter(|it| it.namespace == place);
    let pods = all.flat_map(|it| world.pods_of(it));
    let labels = |pod: &PodView<'_>| pod.object().metadata.labels.clone().unwrap_or_default();
    let called = pods.map(|pod| labels(&pod)).find(|it| matches(selector, it))?;
    let caller = Side { labels: labels(&caller), namespace: caller.namespace().to_owned() };
    let called = Side { labels: called, namespace: place.to_owned() };
    let ports = ports(service, port);
    let policies = world.evidence().network_policies.items();
    one_way(policies, &called, &caller, &ports, Way::In)
        .or_else(|| one_way(policies, &caller, &called, &ports, Way::Out))
}

/// One end of a connection.
struct Side {
    labels: Labels,
    namespace: String,
}

/// The first policy that selects `own`, where none of those that do lets the other side through.
fn one_way<'a>(
    policies: &'a [NetworkPolicy],
    own: &Side,
    other: &Side,
    ports: &[IntOrString],
    way: Way,
) -> Option<Closed<'a>> {
    let selecting = policies.iter().filter(|policy| {
        namespace(&policy.metadata) == own.namespace && closes(policy, way) && selects(policy, own)
    });
    let mut first = None;
    for policy in selecting {
        if allows(policy, own, other, ports, way) {
            return None;
        }
        first = first.or(Some(Closed {
            name: name(&policy.metadata),
            namespace: namespace(&policy.metadata),
            way,
        }));
    }
    first
}

/// Whether a policy is about that way at all. Without policyTypes it is about ingress, and about egress
/// where it has rules for that.
fn closes(policy: &NetworkPolicy, way: Way) -> bool {
    let Some(spec) = &policy.spec else { return false };
    match (&spec.policy_types, way) {
        (Some(types), Way::In) => types.iter().any(|it| it == "Ingress"),
        (Some(types), Way::Out) => types.iter().any(|it| it == "Egress"),
        (None, Way::In) => true,
        (None, Way::Out) => spec.egress.is_some(),
    }
}

fn selects(policy: &NetworkPolicy, side: &Side) -> bool {
    let spec = policy.spec.as_ref();
    let selector = spec.and_then(|spec| spec.pod_selector.as_ref());
    selector.is_none_or(|selector| fits(selector, &side.labels))
}

fn allows(
    policy: &NetworkPolicy,
    own: &Side,
    other: &Side,
    ports: &[IntOrString],
    way: Way,
) -> bool {
    let Some(spec) = &policy.spec else { return true };
    let rules: Vec<Rule<'_>> = match way {
        Way::In => {
            let rules = spec.ingress.iter().flatten();
            rules.map(|rule| (rule.from.as_deref(), rule.ports.as_deref())).collect()
        }
        Way::Out => {
            let rules = spec.egress.iter().flatten();
            rules.map(|rule| (rule.to.as_deref(), rule.ports.as_deref())).collect()
        }
    };
    rules.into_iter().any(|(peers, allowed)| {
        let peers = peers.unwrap_or_default();
        let allowed = allowed.unwrap_or_default();
        (peers.is_empty() || peers.iter().any(|peer| may_be(peer, own, other)))
            && (allowed.is_empty() || allowed.iter().any(|it| may_be_port(it, ports)))
    })
}

/// Whether the peer may mean the other side. What is not known (labels of namespaces, blocks of addresses)
/// may.
fn may_be(peer: &NetworkPolicyPeer, own: &Side, other: &Side) -> bool {
    if peer.ip_block.is_some() {
        return true;
    }
    let there = match &peer.namespace_selector {
        None => own.namespace == other.namespace,
        Some(selector) => by_name(selector).is_none_or(|name| name == other.namespace),
    };
    there && peer.pod_selector.as_ref().is_none_or(|selector| fits(selector, &other.labels))
}

/// The namespace that a selector means by the label every namespace has.
fn by_name(selector: &LabelSelector) -> Option<&str> {
    let labels = selector.match_labels.as_ref()?;
    labels.get("kubernetes.io/metadata.name").map(String::as_str)
}

fn may_be_port(allowed: &NetworkPolicyPort, ports: &[IntOrString]) -> bool {
    let tcp = allowed.protocol.as_deref().is_none_or(|it| it == "TCP");
    let Some(first) = &allowed.port else { return tcp };
    let named = |it: &IntOrString| matches!(it, IntOrString::String(_));
    let within = |it: &IntOrString| match (first, it, allowed.end_port) {
        (IntOrString::Int(from), IntOrString::Int(port), Some(to)) => (*from..=to).contains(port),
        _ => first == it,
    };
    // A name stands for a number that only the pod knows.
    tcp && (ports.is_empty() || named(first) || ports.iter().any(|it| named(it) || within(it)))
}

/// The ports of the pods that a call to that port of the Service ends at; none where that is not known.
fn ports(service: &Service, port: Option<u16>) -> Vec<IntOrString> {
    let all = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
    let meant = all.filter(|it| port.is_none_or(|port| it.port == i32::from(port)));
    meant.map(|it| it.target_port.clone().unwrap_or(IntOrString::Int(it.port))).collect()
}

fn fits(selector: &LabelSelector, labels: &Labels) -> bool {
    let mut equal = selector.match_labels.iter();
    let mut expressions = selector.match_expressions.iter().flatten();
    equal.all(|wanted| matches(wanted, labels))
        && expressions.all(|it| {
            let value = labels.get(&it.key);
            let among =
                || value.is_some_and(|value| it.values.iter().flatten().any(|v| v == value));
            match it.operator.as_str() {
                "In" => among(),
                "NotIn" => !among(),
                "Exists" => value.is_some(),
                "DoesNotExist" => value.is_none(),
                _ => true,
            }
        })
}
