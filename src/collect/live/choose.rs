//! Whose logs are worth a call.

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

use crate::collect::status;
use crate::diagnosis::Instance;

/// One log to read, or why there is none to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) namespace: String,
    pub(super) pod: String,
    pub(super) container: String,
    pub(super) instance: Instance,
    pub(super) container_id: Option<String>,
    pub(super) absent: Option<String>,
}

/// The logs of the containers that fail, of at most `pods` pods: those that restarted most come first.
pub(super) fn logs(all: &[Pod], pods: usize) -> Vec<Wanted> {
    let mut failing: Vec<(i32, &Pod)> = all
        .iter()
        .filter_map(|pod| {
            let worst = status::statuses(pod).filter(|status| is_failing(status));
            Some((worst.map(|status| status.restart_count).max()?, pod))
        })
        .collect();
    failing.sort_by_key(|(restarts, pod)| (-restarts, pod.metadata.name.clone()));
    failing.truncate(pods);
    failing.into_iter().flat_map(|(_, pod)| of_pod(pod)).collect()
}

fn of_pod(pod: &Pod) -> Vec<Wanted> {
    let failing = status::statuses(pod).filter(|status| is_failing(status));
    failing.flat_map(|status| of_container(pod, status)).collect()
}

fn of_container(pod: &Pod, of: &ContainerStatus) -> Vec<Wanted> {
    let wanted = |instance| Wanted {
        namespace: pod.metadata.namespace.clone().unwrap_or_default(),
        pod: pod.metadata.name.clone().unwrap_or_default(),
        container: of.name.clone(),
        instance,
        container_id: status::container_id(pod, &of.name, instance),
        absent: None,
    };
    let (previous, current) = (wanted(Instance::Previous), wanted(Instance::Current));
    if of.restart_count == 0 && current.container_id.is_none() {
        return vec![Wanted { absent: Some("the container has not started".into()), ..current }];
    }
    let mut logs = Vec::new();
    if of.restart_count > 0 {
        logs.push(previous);
    }
    // While a container waits, its current log is that of the run that has just ended.
    let same = logs
        .iter()
        .any(|log: &Wanted| log.container_id.is_some() && log.container_id == current.container_id);
    if !same {
        logs.push(current);
    }
    logs
}

/// Restarted, not ready, or ended badly. An init container that is done is well.
fn is_failing(status: &ContainerStatus) -> bool {
    let ended = status.state.as_ref().and_then(|state| state.terminated.as_ref());
    match ended {
        Some(ended) if ended.exit_code == 0 => status.restart_count > 0,
        _ => status.restart_count > 0 || !status.ready,
    }
}
