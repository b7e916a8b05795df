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
    house
        .replies("packer", "Lab30PodRestarts still fires because its rule looks back 10 min")
        .await;
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
    house.kubectl(&[
        "set",
        "image",
        "deployment/payments",
        &format!("server={}", house.image("app:2")),
    ]);

    let elsewhere = format!("It exists in {staging}");
    let told = house.says("payments", &["secret \"payments-db\" not found", &elsewhere]).await;
    assert!(told.contains("Cause certain") && told.contains("Rolling back"), "{told}");
    assert!(!told.contains("rollout undo"), "going back is no way out:\n{told}");

    house.kubectl(&create);
    house.rolled_out("payments");
    house.resolved("payments").await;
}

/// The image stays, the ConfigMap does not: a key is renamed under one workload, and a value is wrong for
/// another. Both begin to fail when they are restarted.
pub(super) async fn config_map(house: House) {
    house.apply("bureau.yaml");
    house.rolled_out("quote");
    house.rolled_out("clerk");
    let renamed = r#"[{"op": "move", "from": "/data/RATES_URL", "path": "/data/RATES_ADDRESS"}]"#;
    house.kubectl(&["patch", "configmap", "rates", "--type=json", "-p", renamed]);
    let moved = r#"{"data": {"LEDGER": "ledger.accounting:80"}}"#;
    house.kubectl(&["patch", "configmap", "ledger-address", "-p", moved]);
    house.kubectl(&["rollout", "restart", "deployment/quote", "deployment/clerk"]);

    let quote = house.says("quote", &["Cause certain", "couldn't find key RATES_URL"]).await;
    for wanted in ["It has a key RATES_ADDRESS", "It was edited at", "ConfigMap rates"] {
        assert!(quote.contains(wanted), "{wanted:?} is missing from\n{quote}");
    }
    assert!(quote.contains("Rolling back to revision 1: it asks for the same key"), "{quote}");
    let clerk = house.says("clerk", &["ledger.accounting", "ConfigMap ledger-address"]).await;
    for told in [&quote, &clerk] {
        assert!(!told.contains("rollout undo"), "going back is no way out:\n{told}");
    }

    house.apply("bureau.yaml");
    house.kubectl(&["rollout", "restart", "deployment/clerk"]);
    house.resolved("quote").await;
    house.resolved("clerk").await;
}
