//! Who is to blame: what keeps a Service that others wait for from answering. A victim's own log ends at
//! the Service; the fault is in what stands behind it, or behind that.

use std::collections::BTreeMap;

use super::advice::CHOICES;
use super::finding::Behind;
use super::health::Checkup;
use super::world::World;
use super::{
    Certainty, Choice, Evidence, Finding, Hypothesis, ObjectRef, Presence, Proof, Scope, diagnose,
};

/// The fact by which a cause says that the Service it targets has no ready endpoint: its name.
const NO_ENDPOINT: &str = "service";

/// The fact by which a cause says that the workload it targets is waited for: its name.
const AWAITED: &str = "awaited";

/// How many Services are followed in a row: longer chains are told by the findings on their way.
const FAR: usize = 5;

/// The Services that a workload waits for in vain, as its own evidence shows it: what is worth reading next.
/// The nearest first.
pub fn leads(evidence: &Evidence, workload: &ObjectRef) -> Vec<ObjectRef> {
    let found = diagnose(evidence, &Scope::Workload(workload.clone())).findings;
    let mut leads = Vec::new();
    for finding in &found {
        let services = finding.behind.iter().flat_map(|behind| behind.via.iter().cloned());
        let own = finding.hypotheses.first().filter(|_| finding.behind.is_none()).and_then(lead);
        leads.extend(services.chain(own.cloned()));
    }
    leads.dedup();
    leads
}

/// Follows every finding to what is behind the Service that it waits for, and says so in it. `examine` gives
/// the finding of a workload that nobody asked about.
pub(super) fn follow(
    world: &World<'_>,
    findings: &mut [Finding],
    examine: impl Fn(&ObjectRef) -> Option<Finding>,
) {
    let known: BTreeMap<ObjectRef, Finding> =
        findings.iter().map(|it| (it.object.clone(), it.clone())).collect();
    let ask = |object: &ObjectRef| known.get(object).cloned().or_else(|| examine(object));
    for finding in findings {
        let Some(service) = finding.hypotheses.first().and_then(lead).cloned() else { continue };
        if service == finding.object {
            continue;
        }
        let mut path = vec![finding.object.clone()];
        let Some(behind) = trace(world, &service, &ask, &mut path) else { continue };
        if let Some(best) = finding.hypotheses.first_mut() {
            blame(best, &behind);
        }
        repair_there(finding, &behind);
        finding.behind = Some(behind);
    }
}

/// What a hypothesis ends at: a Service that exists and does not answer, or a workload that it waits for.
fn lead(hypothesis: &Hypothesis) -> Option<&ObjectRef> {
    let target = hypothesis.target.as_ref()?;
    let silent = target.kind == *"Service" && hypothesis.facts.contains_key(NO_ENDPOINT);
    (silent || hypothesis.facts.contains_key(AWAITED)).then_some(target)
}

/// What is behind a Service. `path` holds what was passed already: two that wait for each other end there.
fn trace(
    world: &World<'_>,
    service: &ObjectRef,
    ask: &impl Fn(&ObjectRef) -> Option<Finding>,
    path: &mut Vec<ObjectRef>,
) -> Option<Behind> {
    if path.len() > FAR || path.contains(service) {
        return None;
    }
    path.push(service.clone());
    let mut behind = match service.kind.as_str() {
        "Service" => world.selected_by(service),
        // It was named itself.
        _ => {
            path.pop();
            vec![service.clone()]
        }
    };
    behind.retain(|it| !path.contains(it));
    for object in &behind {
        if Checkup::of(world, object).into_health(None).presence == Presence::ScaledToZero {
            return Some(Behind {
                via: vec![service.clone()],
                object: object.clone(),
                predicate: "is scaled to zero".into(),
                hypothesis: None,
                next: vec![scale_up(world, object)],
            });
        }
        let Some(finding) = ask(object) else { continue };
        return Some(of_finding(world, service, finding, ask, path));
    }
    // No workload bears its labels: the Service itself is at fault.
    let own = ask(service).filter(|_| behind.is_empty())?;
    Some(of_finding(world, service, own, ask, path))
}

fn of_finding(
    world: &World<'_>,
    service: &ObjectRef,
    finding: Finding,
    ask: &impl Fn(&ObjectRef) -> Option<Finding>,
    path: &mut Vec<ObjectRef>,
) -> Behind {
    // Where the Service itself is at fault it is on the path already.
    if finding.object != *service {
        path.push(finding.object.clone());
    }
    let best = finding.hypotheses.into_iter().next();
    let next = best.as_ref().and_then(lead).cloned();
    let deeper = next.and_then(|next| trace(world, &next, ask, path));
    let mut behind = deeper.unwrap_or(Behind {
        via: Vec::new(),
        object: finding.object,
        predicate: finding.predicate,
        hypothesis: best,
        next: finding.next,
    });
    if service.kind == *"Service" {
        behind.via.insert(0, service.clone());
    }
    behind
}

/// Says in the victim's hypothesis what is behind it; the repair is there.
fn blame(victim: &mut Hypothesis, behind: &Behind) {
    let services: Vec<_> = behind.via.iter().map(|it| it.name.as_str()).collect();
    let way = if services.is_empty() { "it".to_owned() } else { services.join(", then ") };
    let mut fact = format!("behind {way}: {} {}", behind.object, behind.predicate);
    let named = behind.hypothesis.as_ref().filter(|it| it.certainty > Certainty::Possible);
    if let Some(named) = named {
        fact.push_str(&format!(
            " ({}: {})",
            named.certainty.word(),
            named.summary.trim_end_matches('.')
        ));
    }
    let proof = named.and_then(|it| it.because.iter().find(|it| it.quote.is_some()));
    victim.because.push(Proof {
        fact,
        quote: proof.and_then(|it| it.quote.clone()),
        source: proof.and_then(|it| it.source.clone()),
    });
    victim.facts.insert("behind".into(), behind.object.to_string());
    let target = named.and_then(|it| it.target.clone());
    victim.target = Some(target.unwrap_or_else(|| behind.object.clone()));
}

/// What helps is done where the fault is: the victim comes back by itself then.
fn repair_there(victim: &mut Finding, behind: &Behind) {
    let looks = victim.next.iter().filter(|it| it.label == "look").cloned();
    let choices: Vec<Choice> =
        behind.next.iter().take(2).cloned().chain(looks).take(CHOICES).collect();
    if !behind.next.is_empty() {
        victim.next = choices;
    }
}

fn scale_up(world: &World<'_>, object: &ObjectRef) -> Choice {
    // How many it was applied with, where that is kept; else one, to begin with.
    let applied = world.metadata_of(object).and_then(|it| {
        let text =
            it.annotations.as_ref()?.get("kubectl.kubernetes.io/last-applied-configuration")?;
        let applied: serde_json::Value = serde_json::from_str(text).ok()?;
        applied["spec"]["replicas"].as_u64().filter(|replicas| *replicas > 0)
    });
    Choice {
        label: "fix".into(),
        command: Some(format!(
            "kubectl -n {} scale {} --replicas={}",
            object.namespace,
            object.kubectl(),
            applied.unwrap_or(1)
        )),
        text: "Only if nobody scaled it down on purpose: others call it. As many as it had before, where you know.".into(),
    }
}
