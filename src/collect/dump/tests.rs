//! Small dumps, written to a folder and read back.

use std::fs;

use super::*;
use crate::diagnosis::Instance;

fn dump(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

#[test]
fn every_form_of_a_list_is_read() {
    let forms = [
        (
            "pods.json",
            r#"{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]}"#,
        ),
        ("pods.json", r#"[{"metadata":{"name":"a"}},{"kind":"Pod","metadata":{"name":"b"}}]"#),
        (
            "pods.yaml",
            "# a story\n---\nkind: Pod\nmetadata: {name: a}\n---\nkind: Pod\nmetadata: {name: b}\n",
        ),
        ("pods.yaml", "kind: List\nitems:\n- metadata: {name: a}\n- metadata: {name: b}\n"),
        ("pods.yml", "- metadata: {name: a}\n- metadata: {name: b}\n"),
    ];
    for (name, text) in forms {
        let dir = dump(&[(&format!("shop/{name}"), text)]);
        let evidence = read(dir.path()).unwrap();
        let names: Vec<_> = evidence
            .pods
            .items()
            .iter()
            .map(|pod| (pod.metadata.namespace.as_deref(), pod.metadata.name.as_deref()))
            .collect();
        assert_eq!(names, [(Some("shop"), Some("a")), (Some("shop"), Some("b"))], "{text}");
        assert_eq!(evidence.missed, [], "{text}");
    }
}

#[test]
fn absent_is_not_empty() {
    let dir = dump(&[
        ("shop/pods.yaml", ""),
        ("shop/events.json", r#"{"kind":"EventList","items":null}"#),
    ]);
    let evidence = read(dir.path()).unwrap();
    assert_eq!(evidence.pods, Source::Read(vec![]));
    assert_eq!(evidence.events, Source::Read(vec![]));
    assert_eq!(evidence.nodes, Source::Unavailable("not in the dump".into()));
}

#[test]
fn a_broken_item_costs_only_itself() {
    let dir = dump(&[(
        "shop/pods.yaml",
        "metadata: {name: a}\n---\nmetadata: {name: [}\n---\nmetadata: {name: c, labels: {v: 1}}\n---\n\
         metadata: {name: d}\nspec: wrong\n---\nkind: Node\nmetadata: {name: e}\n",
    )]);
    let evidence = read(dir.path()).unwrap();
    let names: Vec<_> =
        evidence.pods.items().iter().filter_map(|p| p.metadata.name.as_deref()).collect();
    assert_eq!(names, ["a", "c"]);
    let missed: Vec<_> = evidence.missed.iter().map(|spot| spot.source.as_str()).collect();
    assert_eq!(missed, ["shop/pods.yaml", "shop/pods.yaml: d", "shop/pods.yaml: e"]);
}

#[test]
fn logs_know_their_run() {
    let pods = "metadata: {name: web}\nspec: {containers: [{name: app}, {name: side}]}\nstatus:\n  \
                containerStatuses:\n  - {name: app, image: i, imageID: i, ready: false, restartCount: 3, \
                containerID: c3, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: \
                {exitCode: 2, containerID: c3}}}\n";
    let marked = "==== START logs for container app of pod shop/web ====\npanic\n==== END logs for \
                  container app of pod shop/web ====\n==== START logs for container side of pod shop/web \
                  ====\nRequest log error: container \"side\" is waiting to start\n==== END logs for \
                  container side of pod shop/web ====\n";
    let dir = dump(&[
        ("shop/pods.yaml", pods),
        ("shop/web/logs.txt", marked),
        ("shop/web/previous-logs.txt", "plain\n"),
    ]);
    let logs = read(dir.path()).unwrap().logs;
    let told: Vec<_> = logs
        .iter()
        .map(|log| (log.container.as_str(), log.instance, log.container_id.as_deref(), &log.text))
        .collect();
    assert_eq!(
        told,
        [
            ("app", Instance::Previous, Some("c3"), &Source::Read("plain\n".into())),
            ("app", Instance::Current, Some("c3"), &Source::Read("panic\n".into())),
            (
                "side",
                Instance::Current,
                None,
                &Source::Unavailable("container \"side\" is waiting to start".into())
            ),
        ]
    );
}

#[test]
fn no_value_of_a_config_map_is_kept() {
    let map = "metadata: {name: app, managedFields: [{time: '2026-01-02T03:04:05Z'}]}\n\
               data: {LOG_LEVEL: swordfish}\nbinaryData: {blob: c3dvcmRmaXNo}\n";
    let dir = dump(&[
        ("shop/configmaps.yaml", map),
        ("shop/secrets.yaml", "metadata: {name: s}\nstringData: {k: swordfish}\n"),
    ]);
    let evidence = read(dir.path()).unwrap();
    assert!(!serde_json::to_string(&evidence).unwrap().contains("swordfish"));
    let map = &evidence.config_maps.items()[0];
    assert_eq!(map.keys.as_deref(), Some(&["LOG_LEVEL".to_owned(), "blob".into()][..]));
    assert_eq!(map.edited_at, "2026-01-02T03:04:05Z".parse().ok());
}

#[test]
fn the_newest_time_stands_in_for_a_missing_snapshot() {
    let event = "metadata: {name: e}\ninvolvedObject: {}\nlastTimestamp: '2026-01-02T03:04:05Z'\n";
    let dir = dump(&[("shop/events.yaml", event)]);
    assert_eq!(read(dir.path()).unwrap().taken_at, "2026-01-02T03:04:05Z".parse().unwrap());
    let dir = dump(&[
        ("shop/events.yaml", event),
        ("snapshot.json", r#"{"taken_at":"2026-01-02T04:00:00Z"}"#),
    ]);
    assert_eq!(read(dir.path()).unwrap().taken_at, "2026-01-02T04:00:00Z".parse().unwrap());
}

#[test]
fn names_of_secrets_come_from_metrics() {
    let dir = dump(&[(
        "metrics.txt",
        "kube_secret_info{exported_namespace=\"shop\",namespace=\"monitoring\",secret=\"db\"} 1\n",
    )]);
    let evidence = read(dir.path()).unwrap();
    let secret = &evidence.secrets.items()[0];
    assert_eq!((secret.namespace.as_str(), secret.name.as_str()), ("shop", "db"));
    assert_eq!(evidence.config_maps.read(), None);
}

#[test]
fn old_endpoints_are_read_as_slices() {
    let old = "metadata: {name: web}\nsubsets:\n- addresses: [{ip: 10.0.0.1, targetRef: {kind: Pod, name: \
               web-1}}]\n  notReadyAddresses: [{ip: 10.0.0.2}]\n  ports: [{port: 80}]\n";
    let dir = dump(&[("shop/endpoints.yaml", old)]);
    let slices = read(dir.path()).unwrap().endpoint_slices;
    let ready: Vec<_> = slices.items()[0]
        .endpoints
        .iter()
        .map(|endpoint| endpoint.conditions.as_ref().and_then(|c| c.ready))
        .collect();
    assert_eq!(ready, [Some(true), Some(false)]);
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let dir = dump(&[("shop/x", "")]);
    std::os::unix::fs::symlink("/etc/hostname", dir.path().join("shop/pods.yaml")).unwrap();
    let evidence = read(dir.path()).unwrap();
    assert!(evidence.pods.unavailable().unwrap().contains("link"));
}

#[test]
fn a_dump_is_redacted_on_reading() {
    let pod = "metadata: {name: web}\nspec: {containers: [{name: app, env: [{name: DB_PASSWORD, value: \
               swordfish}]}]}\n";
    let event = "metadata: {name: e}\ninvolvedObject: {}\nmessage: 'password=swordfish refused'\n";
    let alerts = r#"{"alerts":[{"labels":{"pod":"web"},"annotations":{"d":"token=swordfish1"}}]}"#;
    let dir = dump(&[
        ("shop/pods.yaml", pod),
        ("shop/events.yaml", event),
        ("shop/web/logs.txt", "dial postgres://app:swordfish@db/shop\n"),
        ("alerts.json", alerts),
    ]);
    let evidence = read(dir.path()).unwrap();
    let text = serde_json::to_string(&evidence).unwrap();
    assert!(!text.contains("swordfish"), "{text}");
    assert_eq!(evidence.redacted, 4);
}
