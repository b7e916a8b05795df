//! The autoscaler wants more pods than it may make.

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;

use super::prelude::*;
use crate::diagnosis::ObjectRef;

pub(super) static CAUSE: Cause = Cause {
    id: "autoscaler-at-limit",
    title: "The autoscaler may not add the pods it wants",
    since: "0.1.0",
    reads: &[Controllers],
    clears: &[],
    why: "HorizontalPodAutoscaler {autoscaler} wants more pods of {workload} than its maximum of {most}, and all of these are there.",
    fix: &[
        "Raise maxReplicas of {autoscaler}, if the nodes and what {workload} depends on bear it.",
        "Find why {workload} needs more than before: more requests, or slower ones.",
    ],
    avoid: &["Scaling {workload} by hand: the autoscaler sets it back."],
    looks_for: &[
        "Condition ScalingLimited with reason TooManyReplicas, the maximum reached, and an alert that names the autoscaler or what it scales. Being at the maximum alone is no fault.",
    ],
    confirm: "The condition ScalingLimited is gone, and the alert has ended.",
    links: &["https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    if !case.is_quiet() {
        return Vec::new();
    }
    let all = case.evidence().autoscalers.items().iter();
    all.filter(|it| scales(it, case)).filter_map(|it| hypothesis(case, it)).collect()
}

fn scales(autoscaler: &HorizontalPodAutoscaler, case: &Case<'_>) -> bool {
    let target = autoscaler.spec.as_ref().map(|spec| &spec.scale_target_ref);
    autoscaler.metadata.namespace.as_deref() == Some(case.namespace())
        && target.is_some_and(|it| {
            it.kind == case.object().kind.as_str() && it.name == case.object().name
        })
}

fn hypothesis(case: &Case<'_>, autoscaler: &HorizontalPodAutoscaler) -> Option<Hypothesis> {
    let name = autoscaler.metadata.name.as_deref()?;
    let most = autoscaler.spec.as_ref()?.max_replicas;
    let status = autoscaler.status.as_ref()?;
    let limited = status.conditions.iter().flatten().find(|it| {
        it.type_ == "ScalingLimited"
            && it.status == "True"
            && it.reason.as_deref() == Some("TooManyReplicas")
    })?;
    let names_it = |alert: &&crate::diagnosis::AlertFact| {
        let keys = ["horizontalpodautoscaler", "hpa"];
        keys.iter().any(|key| alert.labels.get(*key).is_some_and(|it| it == name))
    };
    let alerts = case.evidence().alerts.iter();
    let alert = case.alerts().next().or_else(|| alerts.into_iter().find(names_it))?;
    let alert = alert.name();
    (status.current_replicas.unwrap_or(0) >= most).then(|| {
        let words = limited.message.as_deref().unwrap_or("TooManyReplicas");
        let place = format!("condition ScalingLimited of {name}");
        Hypothesis::certain(CAUSE.id)
            .because(Proof::quoted("the autoscaler's words", words, place))
            .because(Proof::fact(format!("alert {alert} names it")))
            .fact("autoscaler", name)
            .fact("most", most)
            .target(ObjectRef::new("HorizontalPodAutoscaler", case.namespace(), name))
            .settle(format!("kubectl -n {{namespace}} describe hpa {name}"))
    })
}
