//! From evidence to findings: every workload that is not well becomes a case, and every cause of the
//! catalogue weighs it.

use std::collections::BTreeMap;

use super::causes::ALL;
use super::finding::Excerpt;
use super::health::{Checkup, neighbours};
use super::phrase::{fill, fill_whole};
use super::world::World;
use super::{
    AlertFact, BlindSpot, Case, Cause, Certainty, Diagnosis, Evidence, Finding, Health, Hypothesis,
    Neighbours, ObjectRef, Presence, advice, blame, blind, edge, rank, rollout, steward, symptom,
    wiring,
};

/// How many lines of a log are shown around the one that matters: enough to see what led to it.
const LINES_BEFORE: usize = 5;
const LINES_AFTER: usize = 9;

/// How many of a case's events a finding keeps, the newest.
const EVENTS_KEPT: usize = 50;

/// The causes that a program which serves can tell of.
const TELLING: [&str; 12] = [
    "api-access-forbidden",
    "autoscaler-at-limit",
    "cpu-throttled",
    "certificate-not-accepted",
    "credentials-refused",
    "dependency-exhausted",
    "dependency-read-only",
    "dependency-unreachable",
    "dns-unavailable",
    "errors-logged",
    "network-policy-blocks",
    "volume-full",
];

/// What to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All that the evidence holds.
    Everything,
    /// One namespace.
    Namespace(String),
    /// One workload: a root owner, or one of its pods.
    Workload(ObjectRef),
}

/// What the evidence proves and suggests about everything in scope. The same evidence gives the same
/// diagnosis, whatever the order of its objects.
pub fn diagnose(evidence: &Evidence, scope: &Scope) -> Diagnosis {
    let world = World::new(evidence);
    let scope = &lifted(&world, scope);
    let mut diagnosis = Diagnosis { blind_spots: blind::always(evidence), ..Default::default() };
    diagnosis.blind_spots.extend(blind::controllers(&world, |namespace| match scope {
        Scope::Everything => true,
        Scope::Namespace(wanted) => wanted == namespace,
        Scope::Workload(wanted) => wanted.namespace == namespace,
    }));
    let mut neighbours: BTreeMap<&str, Option<Neighbours>> = BTreeMap::new();
    for object in world.workloads().filter(|object| in_scope(object, scope)) {
        let checkup = Checkup::of(&world, object);
        let (fault, settling) = (checkup.is_fault(), checkup.is_settling());
        let namespace = object.namespace.as_str();
        let around =
            neighbours.entry(namespace).or_insert_with(|| self::neighbours(&world, namespace));
        let health = checkup.into_health(*around);
        if fault {
            keep(find(&world, object, health), &mut diagnosis);
        } else if health.is_healthy()
            && let Some(finding) = complains(&world, object, &health)
        {
            diagnosis.findings.push(finding);
        } else if settling || health.is_healthy() || health.presence == Presence::ScaledToZero {
            diagnosis.healthy.push((object.clone(), health));
        }
    }
    let whole = |namespace: &str| match scope {
        Scope::Everything => true,
        Scope::Namespace(wanted) => wanted == namespace,
        Scope::Workload(_) => false,
    };
    // That the workloads around a Service are well is what makes it worth telling, not who is hurt by it.
    for (object, health) in wiring::broken(&world, whole) {
        keep(find(&world, &object, health), &mut diagnosis);
    }
    for (object, health) in edge::broken(&world, whole) {
        keep(find(&world, &object, health), &mut diagnosis);
    }
    blame::follow(&world, &mut diagnosis.findings, |object| examine(&world, object));
    rank::findings(&mut diagnosis.findings, |finding| alarm(&world, finding));
    let mut seen = Vec::new();
    diagnosis.blind_spots.retain(|spot| {
        let new = !seen.contains(spot);
        seen.push(spot.clone());
        new
    });
    diagnosis
}

/// A pod (or any part of a workload) stands for the workload it belongs to.
fn lifted(world: &World<'_>, scope: &Scope) -> Scope {
    match scope {
        Scope::Workload(object) if object.kind == "Pod" && !world.has(object) => {
            let mine = |root: &&ObjectRef| {
                root.namespace == object.namespace
                    && world.pods_of(root).iter().any(|pod| pod.name() == object.name)
            };
            Scope::Workload(world.workloads().find(mine).unwrap_or(object).clone())
        }
        other => other.clone(),
    }
}

fn in_scope(object: &ObjectRef, scope: &Scope) -> bool {
    match scope {
        Scope::Everything => true,
        Scope::Namespace(namespace) => object.namespace == *namespace,
        Scope::Workload(workload) => object == workload,
    }
}

/// How loud the loudest alert about a finding's object is: 0 pages somebody, 3 is none.
fn alarm(world: &World<'_>, finding: &Finding) -> u8 {
    let case = Case::new(world, &finding.object, &finding.health, None, None);
    let loud = |alert: &AlertFact| match alert.labels.get("severity").map(String::as_str) {
        Some("critical" | "page" | "error" | "emergency" | "high") => 0,
        Some("warning" | "major" | "medium") => 1,
        _ => 2,
    };
    case.alerts().map(loud).min().unwrap_or(3)
}

/// The finding of a workload that nobody asked about, where something is wrong with it.
fn examine(world: &World<'_>, object: &ObjectRef) -> Option<Finding> {
    // A Service or a node has health, and no finding of its own: what stands behind it has.
    let checkup = Checkup::of(world, object);
    let fault = world.has(object) && checkup.is_fault();
    fault.then(|| find(world, object, checkup.into_health(None)).0)
}

/// What a workload that is well complains of, where that is proved or an alert names it.
fn complains(world: &World<'_>, object: &ObjectRef, health: &Health) -> Option<Finding> {
    let revisions = rollout::revisions(world, object);
    // It is well, so how many others are does not tell who is hurt.
    let health = &Health { neighbours: None, ..health.clone() };
    let case = Case::quiet(world, object, health, None, revisions.as_ref());
    let since = case.alerts().filter_map(|alert| alert.starts_at).min();
    let rolled = since.and_then(|since| {
        rollout::lining_up(world, object, revisions.as_ref(), case.pods(), Some(since))
    });
    let case = Case::quiet(world, object, health, rolled.as_ref(), revisions.as_ref());
    let quiet = ALL.iter().filter(|cause| TELLING.contains(&cause.id));
    let weighed = quiet.flat_map(|cause| {
        (cause.weigh)(&case).into_iter().map(|hypothesis| complete(cause, hypothesis, &case))
    });
    let hypotheses = rank::hypotheses(weighed.collect());
    let best = hypotheses.first().filter(|best| best.certainty >= Certainty::Likely)?;
    let cause = ALL.iter().find(|cause| cause.id == best.cause).copied();
    let (symptom, predicate) = match best.cause.as_str() {
        "autoscaler-at-limit" => ("ScalingLimited", "has all the pods it may have"),
        "cpu-throttled" => ("Throttled", "is slowed down"),
        _ => ("Errors", "runs and reports errors"),
    };
    Some(Finding {
        object: object.clone(),
        symptom: symptom.into(),
        predicate: predicate.into(),
        since,
        next: advice::next(&case, cause, best),
        avoid: advice::avoid(&case, cause, best),
        unknown: Vec::new(),
        excerpt: excerpt(&case, best),
        events: Vec::new(),
        hypotheses,
        behind: None,
        rollout: rolled.clone(),
        steward: world.metadata_of(object).and_then(steward::steward),
        health: health.clone(),
    })
}

fn keep((finding, blind): (Finding, Vec<BlindSpot>), diagnosis: &mut Diagnosis) {
    diagnosis.findings.push(finding);
    diagnosis.blind_spots.extend(blind);
}

/// What is wrong with a workload, and what could not be seen of it.
fn find(world: &World<'_>, object: &ObjectRef, health: Health) -> (Finding, Vec<BlindSpot>) {
    let revisions = rollout::revisions(world, object);
    let bare = Case::new(world, object, &health, None, revisions.as_ref());
    let since = symptom::since(&bare);
    let mut failing: Vec<_> = bare.containers().map(|it| it.pod()).collect();
    failing.dedup_by_key(|pod| pod.name());
    let rolled = rollout::lining_up(world, object, revisions.as_ref(), &failing, since);
    let case = Case::new(world, object, &health, rolled.as_ref(), revisions.as_ref());
    let hypotheses = weigh(&case);
    let best = hypotheses.first();
    let cause = best.and_then(|best| ALL.iter().find(|cause| cause.id == best.cause)).copied();
    let (symptom, predicate) = symptom::symptom(&case);
    let skipped = case.events().len().saturating_sub(EVENTS_KEPT);
    let proved = best.is_some_and(|best| best.certainty == Certainty::Certain);
    let finding = Finding {
        object: object.clone(),
        symptom,
        predicate,
        since,
        next: best.map(|best| advice::next(&case, cause, best)).unwrap_or_default(),
        avoid: best.map(|best| advice::avoid(&case, cause, best)).unwrap_or_default(),
        unknown: advice::unknown(&case),
        excerpt: best.and_then(|best| excerpt(&case, best)),
        events: case.events().iter().skip(skipped).map(|event| event.line()).collect(),
        hypotheses,
        behind: None,
        rollout: rolled.clone(),
        steward: world.metadata_of(object).and_then(steward::steward),
        health: health.clone(),
    };
    (finding, blind::of_case(&case, proved))
}

/// Runs the whole catalogue; the best hypothesis first, never none.
fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let weighed = ALL.iter().flat_map(|cause| {
        (cause.weigh)(case).into_iter().map(|hypothesis| complete(cause, hypothesis, case))
    });
    rank::hypotheses(weighed.collect())
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
    if hypothesis.summary.is_empty() {
        // Every cause's own words, where too little is known for its sentence.
        hypothesis.summary = format!("{}.", cause.title);
    }
    let facts = &hypothesis.facts;
    hypothesis.settle = hypothesis.settle.iter().filter_map(|it| fill_whole(it, facts)).collect();
    hypothesis
}

/// The lines of the log around the first proof that quotes one.
fn excerpt(case: &Case<'_>, best: &Hypothesis) -> Option<Excerpt> {
    let logs = case.logs();
    best.because.iter().find_map(|proof| {
        let source = proof.source.as_deref()?;
        let (place, number) = source.split_once(", line ")?;
        let number: usize = number.split(' ').next()?.parse().ok()?;
        let (_, log) = logs.iter().find(|(_, log)| log.name == place)?;
        let first = number.saturating_sub(LINES_BEFORE).max(1);
        let lines = log.text.lines().skip(first - 1).take(number - first + 1 + LINES_AFTER);
        Some(Excerpt {
            source: log.name.clone(),
            first_line: u64::try_from(first).ok()?,
            lines: lines.map(str::to_owned).collect(),
        })
    })
}
