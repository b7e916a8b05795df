//! What a pod's status tells about the runs of its containers.

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

use crate::diagnosis::Instance;

/// The runtime's id of the run whose log the kubelet gives out: while a container waits, its "current"
/// log is that of the run that has just ended.
pub(super) fn container_id(pod: &Pod, container: &str, instance: Instance) -> Option<String> {
    let status = statuses(pod).find(|status| status.name == container)?;
    let ended = || status.last_state.as_ref()?.terminated.as_ref()?.container_id.clone();
    let state = status.state.as_ref();
    let id = match instance {
        Instance::Previous => ended(),
        Instance::Current => match state {
            Some(state) if state.running.is_some() => status.container_id.clone(),
            Some(state) if state.terminated.is_some() => {
                state.terminated.as_ref().and_then(|ended| ended.container_id.clone())
            }
            _ => ended().or_else(|| status.container_id.clone()),
        },
    };
    id.filter(|id| !id.is_empty())
}

/// All containers' statuses: init, ordinary and ephemeral ones.
pub(super) fn statuses(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    pod.status.iter().flat_map(|status| {
        let init = status.init_container_statuses.iter().flatten();
        let main = status.container_statuses.iter().flatten();
        init.chain(main).chain(status.ephemeral_container_statuses.iter().flatten())
    })
}

/// The container that a log without a name is most likely of: the only one, else the one that has
/// restarted or is not ready, else the first.
pub(super) fn likely_container(pod: &Pod) -> Option<String> {
    let names: Vec<&str> =
        pod.spec.iter().flat_map(|s| &s.containers).map(|c| c.name.as_str()).collect();
    if let [only] = names.as_slice() {
        return Some((*only).to_owned());
    }
    let failing = statuses(pod).max_by_key(|status| (status.restart_count, !status.ready));
    let failing = failing.filter(|status| status.restart_count > 0 || !status.ready);
    failing.map(|status| status.name.as_str()).or(names.first().copied()).map(str::to_owned)
}
