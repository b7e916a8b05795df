//! Exit code 137 has many hands behind it.

use crate::lab::House;

/// The kernel at the container's limit, the kubelet after a failed liveness probe, somebody on the node,
/// and somebody who deletes the pod without grace: each its own diagnosis, and only the first is the limit.
pub(super) async fn three_ways(house: House) {
    house.apply("killed.yaml");
    house.apply("warehouse.yaml");
    house.rolled_out("free");
    for _ in 0..3 {
        kill_from_the_node(&house, "free").await;
    }
    // It lasts five seconds: no sample of its memory proves the limit, so it is not certain.
    let leak =
        house.says("leak", &["Cause likely", "at its memory limit of 48Mi", "OOMKilled"]).await;
    assert!(!leak.contains("highest sample"), "{leak}");
    let stuck = house.says("stuck", &["Cause certain", "its liveness probe fails"]).await;
    assert!(stuck.contains("exit code 137 comes from the probe, not from memory"), "{stuck}");
    let free = house.says("free", &["SIGKILL (exit code 137)"]).await;
    assert!(free.contains("Avoid Taking exit code 137 for a lack of memory"), "{free}");
    assert!(!free.contains("at its memory limit"), "{free}");

    house.kubectl(&["delete", "pods", "-l", "app=warehouse", "--grace-period=0", "--force"]);
    let deleted = house.says("warehouse", &["0 of 1 pod ready", "was deleted"]).await;
    assert!(!deleted.contains("OOM") && !deleted.contains("liveness"), "{deleted}");
    house.resolved("warehouse").await;
}

/// While it crashes, its pods are deleted: said once, and what was seen before is still in the thread.
pub(super) async fn by_hand(house: House) {
    house.apply("crashing.yaml");
    house.says("search", &["certain", "panic: runtime error"]).await;
    let evidence = house.replies("search", "Evidence").await;
    assert!(evidence.contains("goroutine"), "{evidence}");

    house.kubectl(&["delete", "pods", "-l", "app=search", "--wait=false"]);
    house.replies("search", "deleted").await;

    house.kubectl(&[
        "patch",
        "deployment",
        "search",
        "--type=json",
        "-p",
        r#"[{"op": "remove", "path": "/spec/template/spec/containers/0/args"}]"#,
    ]);
    house.resolved("search").await;
    let thread = house.channel.thread("search");
    assert_eq!(
        thread.iter().filter(|reply| reply.contains("deleted by hand")).count(),
        1,
        "{thread:#?}"
    );
    assert!(thread.contains(&evidence), "{thread:#?}");
}

/// SIGKILL to the container's first process, as the kernel or an operator on the node would send it.
async fn kill_from_the_node(house: &House, workload: &str) {
    let before = house.restarts(workload);
    let path = "jsonpath={.items[0].status.containerStatuses[0].containerID}";
    let id = house
        .until("a running container", || {
            let id = house.kubectl(&["get", "pods", "-l", &format!("app={workload}"), "-o", path]);
            Some(id.trim().strip_prefix("containerd://")?.to_owned())
        })
        .await;
    let killed = std::process::Command::new("sh")
        .args(["-c", r#"for p in $(cat $(find /sys/fs/cgroup -name cgroup.procs -path "*/$1/*" | head -n 1)); do kill -9 "$p"; done"#, "sh", &id])
        .status();
    assert!(killed.is_ok_and(|status| status.success()), "no process of {id}");
    house.until("the restart", || (house.restarts(workload) > before).then_some(())).await;
}
