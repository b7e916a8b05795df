//! The catalogue: one file for each cause. [`ALL`], grouped by symptom, is its table of contents.
//!
//! A new cause is its file, one folder in `tests/scenarios/`, and two lines here.

mod application_crashed;
mod argument_invalid;
mod claim_unbound;
mod command_not_found;
mod config_key_missing;
mod configmap_missing;
mod container_exits_cleanly;
mod container_refused_by_runtime;
mod dependency_unreachable;
mod env_var_missing;
mod exec_format_error;
mod image_not_found;
mod image_platform_missing;
mod image_pull_unauthorised;
mod image_reference_unusable;
mod init_container_hangs;
mod killed_by_probe;
mod node_disk_full;
mod node_lost;
mod not_enough_evidence;
mod oom_killed;
mod oom_killed_node;
mod pod_creation_refused;
mod pod_deleted;
mod pod_evicted;
mod pod_rejected_by_node;
mod pod_sandbox_failed;
mod post_start_hook_failed;
mod probe_misconfigured;
mod readiness_probe_failing;
mod registry_rate_limited;
mod registry_unreachable;
mod run_as_root_refused;
mod secret_missing;
mod service_port_unserved;
mod service_selects_nothing;
mod unschedulable;
mod volume_mount_failed;

use super::Cause;

/// Every cause, grouped by symptom: what keeps pods from existing, from starting, from running, from
/// being ready; and last the one that says that nothing is proved.
pub static ALL: &[&Cause] = &[
    // pods cannot be created or placed
    &pod_creation_refused::CAUSE,
    &claim_unbound::CAUSE,
    &unschedulable::CAUSE,
    &pod_rejected_by_node::CAUSE,
    // cannot pull its image
    &image_not_found::CAUSE,
    &image_pull_unauthorised::CAUSE,
    &registry_unreachable::CAUSE,
    &registry_rate_limited::CAUSE,
    &image_platform_missing::CAUSE,
    &image_reference_unusable::CAUSE,
    &node_disk_full::CAUSE,
    // cannot start
    &secret_missing::CAUSE,
    &configmap_missing::CAUSE,
    &config_key_missing::CAUSE,
    &command_not_found::CAUSE,
    &exec_format_error::CAUSE,
    &run_as_root_refused::CAUSE,
    &container_refused_by_runtime::CAUSE,
    &pod_sandbox_failed::CAUSE,
    &volume_mount_failed::CAUSE,
    &init_container_hangs::CAUSE,
    // runs and dies
    &oom_killed::CAUSE,
    &oom_killed_node::CAUSE,
    &probe_misconfigured::CAUSE,
    &killed_by_probe::CAUSE,
    &post_start_hook_failed::CAUSE,
    &node_lost::CAUSE,
    &pod_evicted::CAUSE,
    &pod_deleted::CAUSE,
    &container_exits_cleanly::CAUSE,
    // ends itself, says its log
    &env_var_missing::CAUSE,
    &argument_invalid::CAUSE,
    &dependency_unreachable::CAUSE,
    &application_crashed::CAUSE,
    // is not ready
    &readiness_probe_failing::CAUSE,
    // pods are well, and their Service leads nowhere
    &service_selects_nothing::CAUSE,
    &service_port_unserved::CAUSE,
    // nothing is proved
    &not_enough_evidence::CAUSE,
];

/// The cause that says that nothing is proved. It gives way to every other.
pub(super) const LAST: &str = "not-enough-evidence";

/// What every cause imports.
mod prelude {
    pub(super) use crate::diagnosis::cause::Reads::*;
    pub(super) use crate::diagnosis::{
        Case, Cause, Certainty, Change, ContainerView, Hypothesis, PodView, Proof,
    };
}
