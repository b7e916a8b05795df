//! Evidence for one incident.

use futures::future::join_all;
use k8s_openapi::api::apps::v1::{
    ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet,
};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{
    ConfigMap, Event, Namespace, Node, PersistentVolumeClaim, Pod, PodSpec, PodTemplateSpec,
    ResourceQuota, Service, ServiceAccount,
};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use super::api::Place;
use super::references::{self, References};
use super::round::Round;
use super::{choose, lift, logs, metrics};
use crate::collect::keyed::Keyed;
use crate::diagnosis::{self, Evidence, KeyedObject, ObjectRef, Source};

type Labels = std::collections::BTreeMap<String, String>;

/// Nodes that are asked for: one bad node shows on the first few.
const NODES: usize = 4;
/// Objects of one kind that are asked for by name.
const NAMED: usize = 8;
/// Services in a row whose pods are looked at: what an incident's workload waits for, and what that waits for.
const HOPS: usize = 2;

pub(super) async fn collect(round: &Round<'_>, object: &ObjectRef) -> Evidence {
    let root = match object.kind.as_str() {
        "Pod" | "ReplicaSet" | "Job" => lift::lift(round, object).await.object,
        _ => object.clone(),
    };
    if root.namespace.is_empty() {
        return of_node(round, &root).await;
    }
    let space = root.namespace.as_str();
    if root.kind.as_str() == "ResourceQuota" {
        let (namespaces, events, resource_quotas) = tokio::join!(
            namespace(round, space),
            round.list::<Event>(space, ""),
            round.list::<ResourceQuota>(space, ""),
        );
        return Evidence { namespaces, events, resource_quotas, ..Evidence::default() };
    }
    let (
        workload,
        namespaces,
        events,
        services,
        endpoint_slices,
        resource_quotas,
        network_policies,
    ) = tokio::join!(
        Box::pin(of_workload(round, &root)),
        namespace(round, space),
        round.list::<Event>(space, ""),
        round.list::<Service>(space, ""),
        round.list(space, ""),
        round.list::<ResourceQuota>(space, ""),
        round.list::<NetworkPolicy>(space, ""),
    );
    let evidence = Evidence {
        namespaces,
        events,
        services,
        endpoint_slices,
        resource_quotas,
        network_policies,
        ..workload
    };
    follow(round, &root, evidence).await
}

/// The namespace itself, for what people have written on it.
async fn namespace(round: &Round<'_>, name: &str) -> Source<Vec<Namespace>> {
    all_of(vec![round.one::<Namespace>(&Place::namespaces(), "", name).await])
}

/// Adds what stands behind the Services that the workload waits for in vain: the fault is there.
async fn follow(round: &Round<'_>, root: &ObjectRef, mut evidence: Evidence) -> Evidence {
    let mut seen = Vec::new();
    for _ in 0..HOPS {
        let leads = diagnosis::leads(&evidence, root);
        let Some(next) = leads.into_iter().find(|it| !seen.contains(it)) else { break };
        let services = evidence.services.items().iter();
        let labels = services.filter(|it| it.metadata.name.as_ref() == Some(&next.name));
        let labels = labels.filter_map(|it| it.spec.as_ref()?.selector.clone()).next();
        let labels = labels.unwrap_or_default();
        let pods = selected(round, &next.namespace, &labels).await;
        let mut names = references::of_pods(pods.items());
        templates(&evidence, |_, it| bears(it, &labels)).for_each(|spec| names.add(spec));
        let there = Evidence { pods, ..Evidence::default() };
        let there = Box::pin(hanging_on(round, &next.namespace, there, &names)).await;
        evidence = joined(evidence, there);
        seen.push(next);
    }
    evidence
}

/// Two parts of what was read. A source that one of them could not read is not known to be complete.
fn joined(one: Evidence, other: Evidence) -> Evidence {
    Evidence {
        pods: both(one.pods, other.pods),
        logs: one.logs.into_iter().chain(other.logs).collect(),
        config_maps: both(one.config_maps, other.config_maps),
        persistent_volume_claims: both(
            one.persistent_volume_claims,
            other.persistent_volume_claims,
        ),
        service_accounts: both(one.service_accounts, other.service_accounts),
        nodes: both(one.nodes, other.nodes),
        secrets: both(one.secrets, other.secrets),
        ..one
    }
}

fn both<T: PartialEq>(one: Source<Vec<T>>, other: Source<Vec<T>>) -> Source<Vec<T>> {
    match (one, other) {
        (Source::Read(mut one), Source::Read(other)) => {
            let new: Vec<T> = other.into_iter().filter(|it| !one.contains(it)).collect();
            one.extend(new);
            Source::Read(one)
        }
        (Source::Read(_), Source::Unavailable(why)) | (Source::Unavailable(why), _) => {
            Source::Unavailable(why)
        }
    }
}

/// A node itself; its pods are of many workloads, and each has an incident of its own.
async fn of_node(round: &Round<'_>, node: &ObjectRef) -> Evidence {
    let (nodes, events) = tokio::join!(
        nodes(round, std::iter::once(node.name.clone())),
        // Events about nodes are kept in the default namespace.
        round.list::<Event>("default", ""),
    );
    Evidence { nodes, events, ..Evidence::default() }
}

/// The workload, its revisions and neighbours, then its pods and all that hangs on them.
async fn of_workload(round: &Round<'_>, root: &ObjectRef) -> Evidence {
    let space = root.namespace.as_str();
    let is_job = matches!(root.kind.as_str(), "Job" | "CronJob");
    let (deployments, stateful_sets, daemon_sets, jobs, cron_jobs) = tokio::join!(
        round.list::<Deployment>(space, ""),
        round.list::<StatefulSet>(space, ""),
        round.list::<DaemonSet>(space, ""),
        when(is_job, round.list::<Job>(space, "")),
        when(is_job, round.list::<CronJob>(space, "")),
    );
    let evidence = Evidence {
        deployments,
        stateful_sets,
        daemon_sets,
        jobs,
        cron_jobs,
        ..Evidence::default()
    };
    let selector = selector(&evidence, root);
    let own = selector.as_deref().unwrap_or_default();
    let revisions = matches!(root.kind.as_str(), "StatefulSet" | "DaemonSet");
    // Of others than Deployments, too: an Argo Rollout's pods are told to be its own by their ReplicaSets.
    let sets = !is_job && !revisions && root.kind.as_str() != "Pod";
    let (pods, replica_sets, controller_revisions, metrics) = tokio::join!(
        pods(round, root, selector.as_deref(), evidence.jobs.items()),
        when(sets, round.list::<ReplicaSet>(space, own)),
        when(revisions, round.list::<ControllerRevision>(space, own)),
        metrics::of_subject(round, root),
    );
    let evidence = Evidence { pods, replica_sets, controller_revisions, metrics, ..evidence };
    let mut references = references::of_pods(evidence.pods.items());
    let own = |it: &ObjectMeta, _: &PodTemplateSpec| it.name.as_ref() == Some(&root.name);
    templates(&evidence, own).for_each(|spec| references.add(spec));
    // A claim that no pod mounts is still what this is about.
    references.claims.extend((root.kind == *"PersistentVolumeClaim").then(|| root.name.clone()));
    hanging_on(round, space, evidence, &references).await
}

/// Logs, and what the pods refer to. The logs are asked for first: where calls run short, they tell most.
pub(super) async fn hanging_on(
    round: &Round<'_>,
    space: &str,
    evidence: Evidence,
    names: &References,
) -> Evidence {
    let wanted = choose::logs(evidence.pods.items(), round.settings.pods_with_logs);
    let (logs, config_maps, claims, accounts, nodes, secrets) = tokio::join!(
        logs::read(round, wanted),
        config_maps(round, space, names),
        named::<PersistentVolumeClaim>(round, space, names.claims.iter()),
        named::<ServiceAccount>(round, space, names.service_accounts.iter()),
        async {
            match evidence.pods.items().iter().any(waits_for_a_node) {
                true => round.list_at(&Place::nodes(), "").await,
                false => nodes(round, names.nodes.iter().cloned()).await,
            }
        },
        metrics::secrets(round, space, &names.secrets),
    );
    Evidence {
        logs,
        config_maps,
        persistent_volume_claims: claims,
        service_accounts: accounts,
        nodes,
        secrets,
        ..evidence
    }
}

async fn when<T>(wanted: bool, read: impl Future<Output = Source<T>>) -> Source<T> {
    if wanted { read.await } else { Source::default() }
}

/// The label selector of the workload's pods, as the API takes it.
fn selector(evidence: &Evidence, root: &ObjectRef) -> Option<String> {
    let is = |name: &Option<String>| name.as_deref() == Some(root.name.as_str());
    let labels = match root.kind.as_str() {
        "Deployment" => {
            let found = evidence.deployments.items().iter().find(|it| is(&it.metadata.name))?;
            &found.spec.as_ref()?.selector
        }
        "StatefulSet" => {
            let found = evidence.stateful_sets.items().iter().find(|it| is(&it.metadata.name))?;
            &found.spec.as_ref()?.selector
        }
        "DaemonSet" => {
            let found = evidence.daemon_sets.items().iter().find(|it| is(&it.metadata.name))?;
            &found.spec.as_ref()?.selector
        }
        "Job" => return Some(format!("job-name={}", root.name)),
        _ => return None,
    };
    Some(terms(labels)).filter(|terms| !terms.is_empty())
}

/// `app=web,tier in (a,b),!legacy`
fn terms(selector: &LabelSelector) -> String {
    let equal = selector.match_labels.iter().flatten().map(|(key, value)| format!("{key}={value}"));
    let expressions = selector.match_expressions.iter().flatten().map(|it| {
        let values = it.values.iter().flatten().map(String::as_str).collect::<Vec<_>>().join(",");
        match it.operator.as_str() {
            "In" => format!("{} in ({values})", it.key),
            "NotIn" => format!("{} notin ({values})", it.key),
            "DoesNotExist" => format!("!{}", it.key),
            _ => it.key.clone(),
        }
    });
    equal.chain(expressions).collect::<Vec<_>>().join(",")
}

/// The workload's pods. A workload whose selector is not known (custom, or gone, or not to be read)
/// has the pods that are called after it.
async fn pods(
    round: &Round<'_>,
    root: &ObjectRef,
    selector: Option<&str>,
    jobs: &[Job],
) -> Source<Vec<Pod>> {
    let space = root.namespace.as_str();
    if root.kind.as_str() == "Service" {
        return behind(round, root).await;
    }
    if let Some(selector) = selector {
        return round.list(space, selector).await;
    }
    if root.kind.as_str() == "Pod" {
        return match round.get::<Pod>(space, &root.name).await {
            Source::Read(pod) => Source::Read(pod.into_iter().collect()),
            Source::Unavailable(why) => Source::Unavailable(why),
        };
    }
    let mut pods = round.list::<Pod>(space, "").await;
    if let Source::Read(pods) = &mut pods {
        pods.retain(|pod| match root.kind.as_str() {
            "PersistentVolumeClaim" => mounts(pod, &root.name),
            "CronJob" => jobs.iter().any(|job| {
                owned(&job.metadata, "CronJob", Some(&root.name))
                    && owned(&pod.metadata, "Job", job.metadata.name.as_deref())
            }),
            _ => is_called_after(pod, &root.name),
        });
    }
    pods
}

/// The pods behind a Service. One without a selector has none that the cluster knows of.
async fn behind(round: &Round<'_>, service: &ObjectRef) -> Source<Vec<Pod>> {
    let space = service.namespace.as_str();
    let found = match round.get::<Service>(space, &service.name).await {
        Source::Read(found) => found,
        Source::Unavailable(why) => return Source::Unavailable(why),
    };
    let labels = found.and_then(|it| it.spec?.selector).unwrap_or_default();
    selected(round, space, &labels).await
}

async fn selected(round: &Round<'_>, space: &str, labels: &Labels) -> Source<Vec<Pod>> {
    let terms: Vec<_> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    if terms.is_empty() {
        return Source::Read(Vec::new());
    }
    round.list(space, &terms.join(",")).await
}

fn mounts(pod: &Pod, claim: &str) -> bool {
    let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    volumes.filter_map(|it| it.persistent_volume_claim.as_ref()).any(|it| it.claim_name == claim)
}

fn owned(meta: &ObjectMeta, kind: &str, name: Option<&str>) -> bool {
    let owners = meta.owner_references.iter().flatten();
    name.is_some_and(|name| owners.into_iter().any(|it| it.kind == kind && it.name == name))
}

fn is_called_after(pod: &Pod, name: &str) -> bool {
    let rest = pod.metadata.name.as_deref().and_then(|it| it.strip_prefix(name));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// What the next pods of some workloads will look like: those that cannot be created refer to something too.
fn templates(
    evidence: &Evidence,
    wanted: impl Fn(&ObjectMeta, &PodTemplateSpec) -> bool,
) -> impl Iterator<Item = &PodSpec> {
    let deployments = evidence.deployments.items().iter();
    let deployments =
        deployments.filter_map(|it| Some((&it.metadata, &it.spec.as_ref()?.template)));
    let sets = evidence.stateful_sets.items().iter();
    let sets = sets.filter_map(|it| Some((&it.metadata, &it.spec.as_ref()?.template)));
    let daemons = evidence.daemon_sets.items().iter();
    let daemons = daemons.filter_map(|it| Some((&it.metadata, &it.spec.as_ref()?.template)));
    let all = deployments.chain(sets).chain(daemons);
    all.filter(move |(metadata, template)| wanted(metadata, template))
        .filter_map(|(_, template)| template.spec.as_ref())
}

fn bears(template: &PodTemplateSpec, labels: &Labels) -> bool {
    let has = template.metadata.as_ref().and_then(|it| it.labels.as_ref());
    let has = |(key, value): (&String, &String)| has.and_then(|it| it.get(key)) == Some(value);
    !labels.is_empty() && labels.iter().all(has)
}

/// The ConfigMaps that are referred to: one that is not among them does not exist.
async fn config_maps(
    round: &Round<'_>,
    space: &str,
    names: &References,
) -> Source<Vec<KeyedObject>> {
    match named::<ConfigMap>(round, space, names.config_maps.iter()).await {
        Source::Read(maps) => Source::Read(maps.into_iter().map(Keyed::keyed).collect()),
        Source::Unavailable(why) => Source::Unavailable(why),
    }
}

/// Objects by name. Read only where every one of them was answered: what was not asked for must not
/// look as if it did not exist.
async fn named<'n, T>(
    round: &Round<'_>,
    space: &str,
    names: impl ExactSizeIterator<Item = &'n String>,
) -> Source<Vec<T>>
where
    T: k8s_openapi::Resource<Scope = k8s_openapi::NamespaceResourceScope>
        + k8s_openapi::ListableResource
        + serde::de::DeserializeOwned,
{
    let count = names.len();
    if count > NAMED {
        // One list costs less than so many calls.
        return round.list(space, "").await;
    }
    let answers = join_all(names.map(|name| round.get::<T>(space, name))).await;
    all_of(answers)
}

/// Where a pod waits for a node, every node may be the reason: they are listed then.
fn waits_for_a_node(pod: &Pod) -> bool {
    let status = pod.status.as_ref();
    let conditions = status.and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    conditions.iter().any(|it| it.type_ == "PodScheduled" && it.status == "False")
}

async fn nodes(round: &Round<'_>, names: impl Iterator<Item = String>) -> Source<Vec<Node>> {
    let place = Place::nodes();
    let asked = names.take(NODES).map(|name| {
        let place = &place;
        async move { round.one::<Node>(place, "", &name).await }
    });
    all_of(join_all(asked).await)
}

fn all_of<T>(answers: Vec<Source<Option<T>>>) -> Source<Vec<T>> {
    let mut found = Vec::new();
    for answer in answers {
        match answer {
            Source::Read(object) => found.extend(object),
            Source::Unavailable(why) => return Source::Unavailable(why),
        }
    }
    Source::Read(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_written_as_the_api_takes_them() {
        let selector = serde_json::json!({
            "matchLabels": { "app": "web" },
            "matchExpressions": [
                { "key": "tier", "operator": "In", "values": ["a", "b"] },
                { "key": "x", "operator": "NotIn", "values": ["c"] },
                { "key": "legacy", "operator": "DoesNotExist" },
                { "key": "owner", "operator": "Exists" },
            ],
        });
        let selector = serde_json::from_value(selector).unwrap();
        assert_eq!(terms(&selector), "app=web,tier in (a,b),x notin (c),!legacy,owner");
    }
}
