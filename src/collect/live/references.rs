//! What pods refer to by name.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, Pod, PodSpec};

/// Names of objects in the pods' own namespace, and of nodes.
#[derive(Debug, Default, PartialEq)]
pub(super) struct References {
    pub(super) config_maps: BTreeSet<String>,
    pub(super) secrets: BTreeSet<String>,
    pub(super) claims: BTreeSet<String>,
    pub(super) service_accounts: BTreeSet<String>,
    pub(super) nodes: BTreeSet<String>,
}

/// What these pods refer to.
pub(super) fn of_pods(pods: &[Pod]) -> References {
    let mut references = References::default();
    for spec in pods.iter().filter_map(|pod| pod.spec.as_ref()) {
        references.add(spec);
    }
    references
}

impl References {
    /// Adds what a pod, or the template of pods that are yet to come, refers to.
    pub(super) fn add(&mut self, spec: &PodSpec) {
        self.nodes.extend(spec.node_name.clone());
        self.service_accounts.extend(spec.service_account_name.clone());
        for secret in spec.image_pull_secrets.iter().flatten() {
            self.secrets.insert(secret.name.clone());
        }
        let containers = spec.containers.iter().chain(spec.init_containers.iter().flatten());
        containers.for_each(|container| self.add_environment(container));
        for volume in spec.volumes.iter().flatten() {
            self.config_maps.extend(volume.config_map.iter().map(|it| it.name.clone()));
            self.secrets.extend(volume.secret.iter().filter_map(|it| it.secret_name.clone()));
            self.claims
                .extend(volume.persistent_volume_claim.iter().map(|it| it.claim_name.clone()));
            let projected = volume.projected.iter().flat_map(|it| it.sources.iter().flatten());
            for source in projected {
                self.config_maps.extend(source.config_map.iter().map(|it| it.name.clone()));
                self.secrets.extend(source.secret.iter().map(|it| it.name.clone()));
            }
        }
        for names in [&mut self.config_maps, &mut self.secrets] {
            names.remove("");
        }
    }

    fn add_environment(&mut self, container: &Container) {
        for from in container.env_from.iter().flatten() {
            self.config_maps.extend(from.config_map_ref.iter().map(|it| it.name.clone()));
            self.secrets.extend(from.secret_ref.iter().map(|it| it.name.clone()));
        }
        let sources = container.env.iter().flatten().filter_map(|env| env.value_from.as_ref());
        for source in sources {
            self.config_maps.extend(source.config_map_key_ref.iter().map(|it| it.name.clone()));
            self.secrets.extend(source.secret_key_ref.iter().map(|it| it.name.clone()));
        }
    }
}
