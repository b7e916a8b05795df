//! The world as the API server, kube-state-metrics and cAdvisor would show it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::pod::{Phase, Run, SimPod};
use super::{Behaviour, SimDeployment, SimEvent, SimRevision, Template, World};
use crate::standin::kubernetes::Objects;
use crate::standin::prometheus::Sample;

const NODE: &str = "node-1";
const MEMORY_LIMIT: u64 = 256 * 1024 * 1024;

pub(super) fn objects(world: &World) -> Objects {
    let mut all = Objects::default();
    for deployment in &world.deployments {
        all.put("deployments", deployment_object(world, deployment));
        all.put("services", service(world, deployment));
        all.put("endpointslices", endpoint_slice(world, deployment));
        for revision in &deployment.revisions {
            all.put("replicasets", replica_set(world, deployment, revision));
        }
    }
    for pod in &world.pods {
        all.put("pods", pod_object(pod));
        for (previous, text) in logs(pod) {
            let key = (pod.namespace.clone(), pod.name.clone(), pod.deployment.clone(), previous);
            all.logs.insert(key, text);
        }
    }
    for (number, event) in world.events.iter().enumerate() {
        all.put("events", event_object(world, number, event));
    }
    all.put("nodes", node(world));
    all
}

pub(super) fn samples(world: &World) -> Vec<Sample> {
    world.pods.iter().flat_map(|pod| pod_samples(world, pod)).collect()
}

fn deployment_object(world: &World, deployment: &SimDeployment) -> Value {
    let Some(present) = deployment.revisions.last() else { return Value::Null };
    let pods: Vec<&SimPod> =
        world.pods.iter().filter(|pod| pod.deployment == deployment.name).collect();
    let ready = pods.iter().filter(|pod| pod.is_ready()).count();
    let updated = pods.iter().filter(|pod| pod.revision.hash == present.hash).count();
    let complete = updated == deployment.replicas && ready >= deployment.replicas;
    let available = condition("Available", ready >= deployment.replicas, deployment.changed_at);
    let mut progressing = condition("Progressing", true, deployment.changed_at);
    progressing["reason"] =
        json!(if complete { "NewReplicaSetAvailable" } else { "ReplicaSetUpdated" });
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {
            "name": deployment.name, "namespace": world.namespace, "generation": present.number,
            "uid": format!("d0-{}", deployment.name),
            "creationTimestamp": deployment.revisions.first().map(|r| r.created_at),
            "labels": { "app": deployment.name },
            "annotations": { "deployment.kubernetes.io/revision": present.number.to_string() },
        },
        "spec": {
            "replicas": deployment.replicas,
            "selector": { "matchLabels": { "app": deployment.name } },
            "template": template(deployment, present),
        },
        "status": {
            "observedGeneration": present.number, "replicas": pods.len(), "updatedReplicas": updated,
            "readyReplicas": ready, "availableReplicas": ready,
            "unavailableReplicas": deployment.replicas.saturating_sub(ready),
            "conditions": [available, progressing],
        },
    })
}

fn replica_set(world: &World, deployment: &SimDeployment, revision: &SimRevision) -> Value {
    let pods: Vec<&SimPod> = world
        .pods
        .iter()
        .filter(|p| p.deployment == deployment.name && p.revision.hash == revision.hash)
        .collect();
    json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": format!("{}-{}", deployment.name, revision.hash), "namespace": world.namespace,
            "uid": format!("rs-{}", revision.hash), "creationTimestamp": revision.created_at,
            "labels": { "app": deployment.name, "pod-template-hash": revision.hash },
            "annotations": { "deployment.kubernetes.io/revision": revision.number.to_string() },
            "ownerReferences": [owner("apps/v1", "Deployment", &deployment.name, &format!("d0-{}", deployment.name))],
        },
        "spec": {
            "replicas": pods.len(),
            "selector": { "matchLabels": { "app": deployment.name, "pod-template-hash": revision.hash } },
            "template": template(deployment, revision),
        },
        "status": {
            "replicas": pods.len(),
            "readyReplicas": pods.iter().filter(|pod| pod.is_ready()).count(),
        },
    })
}

fn template(deployment: &SimDeployment, revision: &SimRevision) -> Value {
    json!({
        "metadata": { "labels": { "app": deployment.name, "pod-template-hash": revision.hash } },
        "spec": { "containers": [container(&deployment.name, &revision.template)] },
    })
}

fn container(name: &str, template: &Template) -> Value {
    let mut env: Vec<Value> =
        template.env.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    if let Behaviour::NeedsSecret(secret) = &template.behaviour {
        let reference = json!({ "secretKeyRef": { "name": secret, "key": "password" } });
        env.push(json!({ "name": "DB_PASSWORD", "valueFrom": reference }));
    }
    let mut resources = json!({ "requests": { "memory": "128Mi" } });
    if template.limited {
        resources["limits"] = json!({ "memory": "256Mi" });
    }
    let mut container = json!({
        "name": name, "image": template.image, "env": env, "resources": resources,
        "ports": [{ "containerPort": 8080, "name": "http" }],
    });
    if template.behaviour == Behaviour::NeverReady {
        let get = json!({ "path": "/healthz", "port": 8080, "scheme": "HTTP" });
        container["readinessProbe"] = json!({ "httpGet": get, "periodSeconds": 2, "timeoutSeconds": 1,
            "failureThreshold": 3, "successThreshold": 1 });
    }
    container
}

fn pod_object(pod: &SimPod) -> Value {
    let ready = pod.is_ready();
    let since = match pod.phase {
        Phase::Running { since } => since,
        _ => pod.last_run.as_ref().map_or(pod.created_at, |run| run.ended_at),
    };
    let runs = matches!(pod.phase, Phase::Running { .. });
    let phase = if runs || pod.last_run.is_some() { "Running" } else { "Pending" };
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": pod.name, "namespace": pod.namespace, "uid": pod.uid,
            "creationTimestamp": pod.created_at,
            "labels": { "app": pod.deployment, "pod-template-hash": pod.revision.hash },
            "ownerReferences": [owner(
                "apps/v1", "ReplicaSet",
                &format!("{}-{}", pod.deployment, pod.revision.hash), &format!("rs-{}", pod.revision.hash),
            )],
        },
        "spec": {
            "nodeName": NODE, "restartPolicy": "Always",
            "containers": [container(&pod.deployment, &pod.revision.template)],
        },
        "status": {
            "phase": phase, "startTime": pod.created_at,
            "conditions": [
                condition("PodScheduled", true, pod.created_at),
                condition("Initialized", true, pod.created_at),
                condition("ContainersReady", ready, since),
                condition("Ready", ready, since),
            ],
            "containerStatuses": [status(pod)],
        },
    })
}

fn status(pod: &SimPod) -> Value {
    let state = match &pod.phase {
        Phase::Creating => json!({ "waiting": { "reason": "ContainerCreating" } }),
        Phase::Waiting { reason, message, .. } => {
            json!({ "waiting": { "reason": reason, "message": message } })
        }
        Phase::Running { since } => json!({ "running": { "startedAt": since } }),
    };
    let id = |number: i32| format!("containerd://{}-{number}", pod.uid);
    let last = pod.last_run.as_ref().map_or(json!({}), |run: &Run| {
        json!({ "terminated": {
            "exitCode": run.exit_code, "reason": run.reason, "startedAt": run.started_at,
            "finishedAt": run.ended_at, "containerID": id(run.number),
        }})
    });
    json!({
        "name": pod.deployment, "image": pod.revision.template.image, "imageID": "",
        "ready": pod.is_ready(), "started": matches!(pod.phase, Phase::Running { .. }), "restartCount": pod.restarts,
        "containerID": id(pod.restarts), "state": state, "lastState": last,
    })
}

/// While the container waits after a crash, both logs are of the run that ended.
fn logs(pod: &SimPod) -> Vec<(bool, String)> {
    let start = "level=info msg=\"starting\"\nlevel=info msg=\"listening\" addr=:8080\n".to_owned();
    let ended = match &pod.revision.template.behaviour {
        Behaviour::Crashes { log, .. } if pod.last_run.is_some() => Some(log.clone()),
        _ => None,
    };
    match (&pod.phase, ended) {
        (Phase::Running { .. }, Some(ended)) => vec![(false, start), (true, ended)],
        (Phase::Running { .. }, None) => vec![(false, start)],
        (_, Some(ended)) if pod.restarts > 0 => vec![(false, ended.clone()), (true, ended)],
        (_, Some(ended)) => vec![(false, ended)],
        _ => Vec::new(),
    }
}

fn service(world: &World, deployment: &SimDeployment) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": { "name": deployment.name, "namespace": world.namespace },
        "spec": {
            "selector": { "app": deployment.name },
            "ports": [{ "port": 80, "targetPort": "http", "protocol": "TCP" }],
        },
    })
}

fn endpoint_slice(world: &World, deployment: &SimDeployment) -> Value {
    let endpoints: Vec<Value> = world
        .pods
        .iter()
        .filter(|pod| pod.deployment == deployment.name)
        .enumerate()
        .map(|(number, pod)| {
            let target = json!({ "kind": "Pod", "name": pod.name, "namespace": pod.namespace, "uid": pod.uid });
            let conditions = json!({ "ready": pod.is_ready(), "serving": pod.is_ready() });
            json!({ "addresses": [format!("10.0.0.{}", number + 10)], "conditions": conditions, "targetRef": target })
        })
        .collect();
    json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {
            "name": format!("{}-x7k2p", deployment.name), "namespace": world.namespace,
            "labels": { "kubernetes.io/service-name": deployment.name },
        },
        "endpoints": endpoints, "ports": [{ "name": "http", "port": 8080, "protocol": "TCP" }],
    })
}

fn event_object(world: &World, number: usize, event: &SimEvent) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {
            "name": format!("{}.{number:016x}", event.name), "namespace": world.namespace,
            "creationTimestamp": event.first_at,
        },
        "involvedObject": {
            "kind": event.kind, "name": event.name, "namespace": world.namespace, "uid": event.uid,
        },
        "reason": event.reason, "message": event.message,
        "type": if event.warning { "Warning" } else { "Normal" },
        "count": event.count, "firstTimestamp": event.first_at, "lastTimestamp": event.at,
        "source": { "component": "kubelet", "host": NODE },
    })
}

fn node(world: &World) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Node", "metadata": { "name": NODE },
        "status": { "conditions": [condition("Ready", true, world.now)] },
    })
}

fn condition(kind: &str, holds: bool, since: Timestamp) -> Value {
    let status = if holds { "True" } else { "False" };
    json!({ "type": kind, "status": status, "lastTransitionTime": since, "lastUpdateTime": since })
}

fn owner(version: &str, kind: &str, name: &str, uid: &str) -> Value {
    json!({ "apiVersion": version, "kind": kind, "name": name, "uid": uid, "controller": true })
}

fn pod_samples(world: &World, pod: &SimPod) -> Vec<Sample> {
    let labels = |more: &[(&str, &str)]| {
        let mut labels = vec![
            ("namespace".to_owned(), world.namespace.clone()),
            ("pod".to_owned(), pod.name.clone()),
            ("uid".to_owned(), pod.uid.clone()),
            ("container".to_owned(), pod.deployment.clone()),
        ];
        labels.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        labels
    };
    let sample = |name: &str, more: &[(&str, &str)], value: f64| Sample {
        name: name.to_owned(),
        labels: labels(more).into_iter().collect(),
        value,
    };
    let status = "kube_pod_container_status";
    let mut all = vec![sample(&format!("{status}_restarts_total"), &[], f64::from(pod.restarts))];
    if let Phase::Waiting { reason, .. } = &pod.phase {
        all.push(sample(&format!("{status}_waiting_reason"), &[("reason", reason)], 1.0));
    }
    if let Some(run) = &pod.last_run {
        let reason = [("reason", run.reason)];
        all.push(sample(&format!("{status}_last_terminated_reason"), &reason, 1.0));
        let exit = f64::from(run.exit_code);
        all.push(sample(&format!("{status}_last_terminated_exitcode"), &[], exit));
    }
    if matches!(pod.phase, Phase::Running { .. }) && !pod.is_ready() {
        all.push(sample("kube_pod_status_ready", &[("condition", "false")], 1.0));
    }
    if world.maxed_out.contains(&pod.deployment) {
        all.push(sample("kube_horizontalpodautoscaler_at_most", &[], 1.0));
    }
    let limit = [("resource", "memory"), ("unit", "byte"), ("node", NODE)];
    let bytes = |bytes: u64| bytes as f64;
    if pod.revision.template.limited {
        all.push(sample("kube_pod_container_resource_limits", &limit, bytes(MEMORY_LIMIT)));
    }
    let oom = matches!(pod.revision.template.behaviour, Behaviour::Crashes { oom: true, .. });
    let used = if oom { MEMORY_LIMIT - 512 * 1024 } else { MEMORY_LIMIT / 4 };
    all.push(sample("container_memory_working_set_bytes", &[], bytes(used)));
    all
}
