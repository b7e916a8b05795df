//! From evidence to findings: every workload that is not well becomes a case, and every cause of the
//! catalogue weighs it.

use super::causes::ALL;
use super::health::health_in;
use super::phrase::{fill, fill_whole};
use super::world::World;
use super::{Case, Cause, Diagnosis, Evidence, Finding, Health, Hypothesis, ObjectRef};

/// What to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All that the evidence holds.
    Everything,
    /// One namespace.
    Namespace(String),
    /// One workload: a root owner, or a pod that is lifted to it.
    Workload(ObjectRef),
}

/// What the evidence proves and suggests about everything in scope. The same evidence gives the same
/// diagnosis, whatever the order of its objects.
pub fn diagnose(evidence: &Evidence, scope: &Scope) -> Diagnosis {
    let world = World::new(evidence);
    let mut diagnosis = Diagnosis::default();
    for object in world.workloads().filter(|object| in_scope(object, scope)) {
        let health = health_in(&world, object);
        if health.is_healthy() {
            diagnosis.healthy.push((object.clone(), health));
        } else {
            diagnosis.findings.push(find(&world, object, health));
        }
    }
    diagnosis
}

fn in_scope(object: &ObjectRef, scope: &Scope) -> bool {
    match scope {
        Scope::Everything => true,
        Scope::Namespace(namespace) => object.namespace == *namespace,
        Scope::Workload(workload) => object == workload,
    }
}

fn find(world: &World<'_>, object: &ObjectRef, health: Health) -> Finding {
    let case = Case::new(world, object, &health, None);
    let mut hypotheses: Vec<Hypothesis> = Vec::new();
    for cause in ALL {
        for hypothesis in (cause.weigh)(&case) {
            hypotheses.push(complete(cause, hypothesis, &case));
        }
    }
    hypotheses.sort_by_key(|hypothesis| std::cmp::Reverse(hypothesis.certainty));
    Finding {
        object: object.clone(),
        symptom: "NotReady".into(),
        predicate: "is not ready".into(),
        since: None,
        hypotheses,
        rollout: None,
        next: Vec::new(),
        avoid: Vec::new(),
        unknown: Vec::new(),
        excerpt: None,
        events: case.events().iter().map(|event| event.line()).collect(),
        health,
    }
}

/// Gives a hypothesis the facts every sentence may use, and fills its sentences in.
fn complete(cause: &Cause, hypothesis: Hypothesis, case: &Case<'_>) -> Hypothesis {
    let object = case.object();
    let mut hypothesis = hypothesis
        .fact("namespace", case.namespace())
        .fact("object", object.kubectl())
        .fact("workload", &object.name)
        .fact("kind", object.kind.as_str());
    hypothesis.summary = fill(cause.why, &hypothesis.facts);
    let facts = &hypothesis.facts;
    hypothesis.settle = hypothesis.settle.iter().filter_map(|it| fill_whole(it, facts)).collect();
    hypothesis
}
