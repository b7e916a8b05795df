//! What the daemon may read.

use crate::lab::{House, kubectl};

/// A Role in one namespace, without its events, under PodSecurity `restricted`: the cause is found from
/// what may be read, and what may not is named.
pub(super) async fn forbidden(house: House) {
    let level = "pod-security.kubernetes.io/enforce=restricted";
    kubectl(&["label", "namespace", &house.namespace, level]);
    house.apply("restricted.yaml");

    house.says("ledger", &["Cause certain", "panic: runtime error"]).await;
    let asked = house.diagnose(&["ledger"]);
    assert!(asked.contains("panic: runtime error"), "{asked}");
    assert!(asked.contains("blind: events (") && asked.contains("forbidden"), "{asked}");
}
