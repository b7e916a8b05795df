//! The catalogue: one file for each cause. [`ALL`], grouped by symptom, is its table of contents.
//!
//! A new cause is its file, one folder in `tests/scenarios/`, and two lines here.

mod admission_denied;
mod api_access_forbidden;
mod application_crashed;
mod argument_invalid;
mod autoscaler_at_limit;
mod certificate_not_accepted;
mod claim_missing;
mod claim_unbound;
mod command_not_found;
mod config_key_missing;
mod configmap_missing;
mod configuration_invalid;
mod container_exits_cleanly;
mod container_refused_by_runtime;
mod cpu_throttled;
mod credentials_refused;
mod cronjob_held_up;
mod data_directory_refused;
mod data_of_another_version;
mod deletion_held_up;
mod dependency_exhausted;
mod dependency_read_only;
mod dependency_unreachable;
mod dns_unavailable;
mod env_var_missing;
mod errors_logged;
mod exec_format_error;
mod file_not_permitted;
mod heap_exhausted;
mod host_port_taken;
mod image_not_found;
mod image_platform_missing;
mod image_pull_unauthorised;
mod image_reference_unusable;
mod ingress_backend_missing;
mod init_container_hangs;
mod job_deadline_exceeded;
mod killed_by_probe;
mod limit_range_violated;
mod migration_failed;
mod network_policy_blocks;
mod no_volume_for_claim;
mod node_disk_full;
mod node_lost;
mod node_resources_short;
mod node_selector_unmatched;
mod nodes_cordoned;
mod nodes_unfit;
mod not_enough_evidence;
mod oom_killed;
mod oom_killed_node;
mod pod_creation_refused;
mod pod_deleted;
mod pod_evicted;
mod pod_placement_rules_unmet;
mod pod_rejected_by_node;
mod pod_sandbox_failed;
mod pod_security_violated;
mod port_already_in_use;
mod port_privileged;
mod post_start_hook_failed;
mod priority_class_missing;
mod probe_misconfigured;
mod quota_exceeded;
mod quota_needs_requests;
mod readiness_probe_failing;
mod registry_rate_limited;
mod registry_unreachable;
mod request_exceeds_every_node;
mod run_as_root_refused;
mod runtime_class_missing;
mod scheduler_silent;
mod secret_missing;
mod service_account_missing;
mod service_account_token_missing;
mod service_port_unserved;
mod service_selects_nothing;
mod storage_class_missing;
mod taint_not_tolerated;
mod unschedulable;
mod volume_full;
mod volume_mount_failed;
mod volume_out_of_reach;
mod volume_provisioning_failed;
mod webhook_unreachable;

use super::{Case, Cause, Certainty};

/// Every cause, grouped by symptom: what keeps pods from existing, from starting, from running, from
/// being ready; and last the one that says that nothing is proved.
pub static ALL: &[&Cause] = &[
    // pods cannot be created or placed
    &quota_exceeded::CAUSE,
    &quota_needs_requests::CAUSE,
    &limit_range_violated::CAUSE,
    &pod_security_violated::CAUSE,
    &webhook_unreachable::CAUSE,
    &admission_denied::CAUSE,
    &service_account_missing::CAUSE,
    &priority_class_missing::CAUSE,
    &runtime_class_missing::CAUSE,
    &pod_creation_refused::CAUSE,
    &claim_missing::CAUSE,
    &storage_class_missing::CAUSE,
    &no_volume_for_claim::CAUSE,
    &volume_provisioning_failed::CAUSE,
    &claim_unbound::CAUSE,
    &request_exceeds_every_node::CAUSE,
    &node_resources_short::CAUSE,
    &node_selector_unmatched::CAUSE,
    &taint_not_tolerated::CAUSE,
    &nodes_cordoned::CAUSE,
    &nodes_unfit::CAUSE,
    &pod_placement_rules_unmet::CAUSE,
    &host_port_taken::CAUSE,
    &volume_out_of_reach::CAUSE,
    &scheduler_silent::CAUSE,
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
    &deletion_held_up::CAUSE,
    &pod_deleted::CAUSE,
    &container_exits_cleanly::CAUSE,
    &job_deadline_exceeded::CAUSE,
    // ends itself, says its log
    &env_var_missing::CAUSE,
    &argument_invalid::CAUSE,
    &credentials_refused::CAUSE,
    &api_access_forbidden::CAUSE,
    &service_account_token_missing::CAUSE,
    &certificate_not_accepted::CAUSE,
    &dependency_exhausted::CAUSE,
    &dependency_read_only::CAUSE,
    &port_already_in_use::CAUSE,
    &port_privileged::CAUSE,
    &volume_full::CAUSE,
    &data_directory_refused::CAUSE,
    &data_of_another_version::CAUSE,
    &migration_failed::CAUSE,
    &heap_exhausted::CAUSE,
    &file_not_permitted::CAUSE,
    &configuration_invalid::CAUSE,
    &network_policy_blocks::CAUSE,
    &dependency_unreachable::CAUSE,
    &dns_unavailable::CAUSE,
    &application_crashed::CAUSE,
    // is not ready
    &readiness_probe_failing::CAUSE,
    &cronjob_held_up::CAUSE,
    // is well by every count
    &autoscaler_at_limit::CAUSE,
    &cpu_throttled::CAUSE,
    &errors_logged::CAUSE,
    // pods are well, and their Service leads nowhere
    &service_selects_nothing::CAUSE,
    &service_port_unserved::CAUSE,
    &ingress_backend_missing::CAUSE,
    // nothing is proved
    &not_enough_evidence::CAUSE,
];

/// The cause that says that nothing is proved. It gives way to every other.
pub(super) const LAST: &str = "not-enough-evidence";

/// Whether a cause whose repair would clear this one already tells better why. What is left over for the
/// rest keeps silent then.
fn is_told_better(case: &Case<'_>, id: &str) -> bool {
    let better = ALL.iter().filter(|cause| cause.clears.contains(&id));
    better.flat_map(|cause| (cause.weigh)(case)).any(|it| it.certainty >= Certainty::Likely)
}

/// What every cause imports.
mod prelude {
    pub(super) use super::is_told_better;
    pub(super) use crate::diagnosis::cause::Reads::*;
    pub(super) use crate::diagnosis::{
        Case, Cause, Certainty, Change, ContainerView, Hypothesis, PodView, Proof,
    };
}
