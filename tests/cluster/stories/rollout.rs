//! Releases that fail.

use crate::lab::House;

const PANIC: &str = "panic: runtime error: invalid memory address or nil pointer dereference";

/// The shop's checkout is rolled out with a nil dereference, and rolled back.
pub(super) async fn crashing(house: House) {
    healthy_shop(&house);
    house.change("checkout", "app:2", &["-panic-after=1s"]);

    // Between two crashes both are ready for a moment.
    let down = ["Cause certain", PANIC, "0 of 2 pods ready", "Service checkout has no endpoints"];
    let told = house.says("checkout", &down).await;
    for wanted in [
        "main.go:",
        "exit code 2",
        "1 of 3 in",
        "app:1 → ",
        "rollout undo deployment/checkout --to-revision=1",
    ] {
        assert!(told.contains(wanted), "{wanted:?} is missing from\n{told}");
    }
    house.replies("checkout", "Evidence").await;

    house.kubectl(&["rollout", "undo", "deployment/checkout"]);
    house.says("checkout", &["monitoring", "is healthy since", "2 of 2 pods ready"]).await;
    house.resolved("checkout").await;
}

/// The registry does not have the tag; somebody sets one that it has.
pub(super) async fn bad_tag(house: House) {
    healthy_shop(&house);
    house.kubectl(&[
        "set",
        "image",
        "deployment/cart",
        &format!("server={}", house.image("app:1.9")),
    ]);

    let told = house.says("cart", &["Cause certain", "app:1.9: not found"]).await;
    assert!(told.contains("rollout undo deployment/cart --to-revision=1"), "{told}");

    house.kubectl(&[
        "set",
        "image",
        "deployment/cart",
        &format!("server={}", house.image("app:2")),
    ]);
    house.rolled_out("cart");
    house.resolved("cart").await;
}

/// The daemon is killed in the middle and away for two restarts: same message, nothing told twice.
pub(super) async fn daemon_away(mut house: House) {
    healthy_shop(&house);
    house.change("catalog", "app:2", &["-panic-after=1s"]);
    house.says("catalog", &["Cause certain", PANIC]).await;
    house.replies("catalog", "Evidence").await;

    house.kill_daemon();
    let before = house.restarts("catalog");
    house
        .until("two more restarts", || (house.restarts("catalog") >= before + 2).then_some(()))
        .await;
    house.start_daemon();

    house.kubectl(&["rollout", "undo", "deployment/catalog"]);
    house.resolved("catalog").await;
    let mut thread = house.channel.thread("catalog");
    let said = thread.len();
    thread.sort_unstable();
    thread.dedup();
    assert_eq!(thread.len(), said, "a reply was told twice");
    assert_eq!(house.channel.messages().len(), 1, "one message in all");
}

/// A release begins with a migration that fails, in an init container; later the same in a Job. Going back
/// is not offered as if nothing had happened to the database.
pub(super) async fn migration(house: House) {
    house.apply("archive.yaml");
    house.rolled_out("archive");
    let release = serde_json::json!({"spec": {"template": {"spec": {
        "initContainers": [{"name": "migrate", "image": house.image("app:2"), "args": ["-migrate=0042_add_total"]}],
        "containers": [{"name": "server", "image": house.image("app:2")}],
    }}}});
    house.kubectl(&["patch", "deployment", "archive", "-p", &release.to_string()]);

    let told = house.says("archive", &["migration 0042_add_total failed", "SQLSTATE 42701"]).await;
    assert!(
        told.contains("column \"total_cents\" of relation \"orders\" already exists"),
        "{told}"
    );
    assert!(told.contains("Avoid Rolling back before it is known what the migration"), "{told}");
    assert!(!told.contains("rollout undo"), "going back is not offered:\n{told}");
    assert!(told.contains("1 of 1 pod ready"), "the release before still serves:\n{told}");

    house.apply("backfill.yaml");
    let job = house.says("backfill", &["0043_backfill_totals failed", "SQLSTATE 42701"]).await;
    assert!(job.contains("Avoid Rolling back before it is known what the migration"), "{job}");
    house.kubectl(&["delete", "job", "backfill"]);
    house.says("backfill", &["gone"]).await;

    let repaired = r#"{"spec": {"template": {"spec": {"initContainers": [{"name": "migrate", "args": ["-listen=", "-exit=0"]}]}}}}"#;
    house.kubectl(&["patch", "deployment", "archive", "-p", repaired]);
    house.rolled_out("archive");
    house.resolved("archive").await;
}

fn healthy_shop(house: &House) {
    house.apply("shop.yaml");
    for workload in ["checkout", "cart", "catalog"] {
        house.rolled_out(workload);
    }
}
