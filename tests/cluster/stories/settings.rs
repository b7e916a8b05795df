//! What a workload is given, and what it is not.

use crate::lab::{House, kubectl};

/// An argument that the program does not know; a rule of the users' own joins what the poll has seen.
pub(super) async fn arguments(house: House) {
    house.apply("depot.yaml");
    house.rolled_out("packer");
    house.change("packer", "app:1", &["-speed=high"]);

    let told = house.says("packer", &["certain", "flag provided but not defined: -speed"]).await;
    assert!(told.contains("exit code 2"), "{told}");

    house.says("packer", &["Lab30PodRestarts"]).await;
    assert_eq!(house.channel.messages().len(), 1, "the alert joined the poll's incident");

    house.kubectl(&["rollout", "undo", "deployment/packer"]);
    house.says("packer", &["monitoring", "is healthy since"]).await;
    // The rule looks back ten minutes: the alert outlives the failure, and the incident with it.
    house.replies("packer", "Lab30PodRestarts still fires: resolved once that ends").await;
}

/// The Secret is deleted here, and exists elsewhere; the release that comes next is not to blame, and
/// rolling it back would not help.
pub(super) async fn secret(mut house: House) {
    let staging = house.another_namespace("staging");
    let create = ["create", "secret", "generic", "payments-db", "--from-literal=PASSWORD=x"];
    kubectl(&[&["-n", &staging], &create[..]].concat());
    house.kubectl(&create);
    house.apply("payments.yaml");
    house.rolled_out("payments");
    house.kubectl(&["delete", "secret", "payments-db"]);
    house.kubectl(&["set", "image", "deployment/payments", "server=10.250.0.1:5000/app:2"]);

    let elsewhere = format!("It exists in {staging}");
    let told = house.says("payments", &["secret \"payments-db\" not found", &elsewhere]).await;
    assert!(told.contains("Cause certain") && told.contains("Rolling back"), "{told}");
    assert!(!told.contains("rollout undo"), "going back is no way out:\n{told}");

    house.kubectl(&create);
    house.rolled_out("payments");
    house.resolved("payments").await;
}
