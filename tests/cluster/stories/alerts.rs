//! Incidents that begin with an alert.

use std::time::Duration;

use crate::lab::House;

/// No restart and no bad waiting reason: only the rule notices, and the probe's own words say why.
pub(super) async fn wrong_port(house: House) {
    house.apply("gate.yaml");
    let told = house.says("gate", &["NobodyServes", "8088", "connection refused"]).await;
    assert!(told.contains("Service gate has no endpoints"), "{told}");

    house.kubectl(&["patch", "deployment", "gate", "--type=json", "-p",
        r#"[{"op": "replace", "path": "/spec/template/spec/containers/0/readinessProbe/httpGet/port", "value": 8080}]"#]);
    house.rolled_out("gate");
    house.resolved("gate").await;
}

/// The workload is well and stays well; the incident lasts as long as the alert.
pub(super) async fn healthy(house: House) {
    house.apply("shop.yaml");
    house.rolled_out("checkout");
    house.kubectl(&["create", "configmap", "slow"]);

    let wanted = ["CheckoutSlow", "2 of 2 pods ready", "Healthy since", "1 alert is still firing"];
    let told = house.says("checkout", &wanted).await;
    assert!(told.contains("No diagnosis: nothing wrong was found"), "{told}");
    // Longer than the window: health alone does not end it.
    tokio::time::sleep(Duration::from_secs(25)).await;
    house.says("checkout", &wanted).await;

    house.kubectl(&["delete", "configmap", "slow"]);
    house.says("checkout", &["resolved · was SEV4"]).await;
}
