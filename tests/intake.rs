//! What an alert is about, and what a webhook body becomes.
//!
//! The table holds label sets as they arrive from the rules most clusters run (kube-prometheus-stack
//! with and without `honorLabels`, kubernetes-mixin, the exporters' own) and as people write them.

use firsthand::incident::{AlertSignal, AlertStatus, Signal, SignalKind};
use firsthand::intake::{parse, sample, subject_of};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Labels on the left (`k=v`, space between), the subject's key on the right.
const TABLE: &str = r#"
# kube-state-metrics with honorLabels: the object's labels, beside those of the scraped pod
alertname=KubePodCrashLooping namespace=shop pod=checkout-67cb7-85lnb container=app uid=0b5 reason=CrashLoopBackOff job=kube-state-metrics instance=10.0.0.7:8080 endpoint=http service=kps-kube-state-metrics severity=warning -> prod/shop/Pod/checkout-67cb7-85lnb
alertname=KubePodNotReady namespace=shop pod=checkout-67cb7-85lnb job=kube-state-metrics severity=warning -> prod/shop/Pod/checkout-67cb7-85lnb
alertname=KubeContainerWaiting namespace=shop pod=web-0 container=app reason=ImagePullBackOff job=kube-state-metrics -> prod/shop/Pod/web-0
alertname=KubeDeploymentReplicasMismatch namespace=shop deployment=checkout pod=kps-kube-state-metrics-5d8 container=kube-state-metrics job=kube-state-metrics instance=10.0.0.7:8080 endpoint=http service=kps-kube-state-metrics -> prod/shop/Deployment/checkout
alertname=KubeDeploymentGenerationMismatch namespace=shop deployment=checkout job=kube-state-metrics instance=10.0.0.7:8080 -> prod/shop/Deployment/checkout
alertname=KubeDeploymentRolloutStuck namespace=shop deployment=checkout condition=Progressing status=false pod=kps-kube-state-metrics-5d8 instance=10.0.0.7:8080 job=kube-state-metrics -> prod/shop/Deployment/checkout
alertname=KubeStatefulSetReplicasMismatch namespace=db statefulset=postgres pod=kps-kube-state-metrics-5d8 instance=10.0.0.7:8080 job=kube-state-metrics -> prod/db/StatefulSet/postgres
alertname=KubeDaemonSetRolloutStuck namespace=logging daemonset=agent pod=kps-kube-state-metrics-5d8 instance=10.0.0.7:8080 job=kube-state-metrics -> prod/logging/DaemonSet/agent
alertname=KubeJobFailed namespace=batch job_name=import-28 condition=true pod=kps-kube-state-metrics-5d8 job=kube-state-metrics instance=10.0.0.7:8080 -> prod/batch/Job/import-28
alertname=KubeJobNotCompleted namespace=batch job_name=import-28 job=kube-state-metrics -> prod/batch/Job/import-28
alertname=CronJobSuspended namespace=batch cronjob=import job=kube-state-metrics instance=10.0.0.7:8080 -> prod/batch/CronJob/import
alertname=KubeHpaMaxedOut namespace=shop horizontalpodautoscaler=checkout job=kube-state-metrics pod=kps-kube-state-metrics-5d8 instance=10.0.0.7:8080 -> prod/shop/HorizontalPodAutoscaler/checkout
alertname=KubePdbNotEnoughHealthyPods namespace=db poddisruptionbudget=postgres job=kube-state-metrics -> prod/db/PodDisruptionBudget/postgres
alertname=KubeQuotaAlmostFull namespace=shop resourcequota=compute resource=requests.cpu type=used job=kube-state-metrics pod=kps-kube-state-metrics-5d8 instance=10.0.0.7:8080 -> prod/shop/ResourceQuota/compute
alertname=KubePersistentVolumeErrors persistentvolume=pvc-1 phase=Failed namespace=monitoring pod=kps-kube-state-metrics-5d8 job=kube-state-metrics instance=10.0.0.7:8080 service=kps-kube-state-metrics -> prod//PersistentVolume/pvc-1
alertname=KubeNodeNotReady node=node-7 condition=Ready status=true namespace=monitoring pod=kps-kube-state-metrics-5d8 container=kube-state-metrics job=kube-state-metrics instance=10.0.0.7:8080 endpoint=http service=kps-kube-state-metrics -> prod//Node/node-7
alertname=KubeNodeUnreachable node=node-7 key=node.kubernetes.io/unreachable effect=NoSchedule job=kube-state-metrics namespace=monitoring pod=ksm-1 instance=10.0.0.7:8080 -> prod//Node/node-7
alertname=KubeNamespaceTerminating namespace=old phase=Terminating job=kube-state-metrics pod=kps-kube-state-metrics-5d8 instance=10.0.0.7:8080 service=kps-kube-state-metrics -> prod/old/Namespace/old
# kube-state-metrics' own pod may crash as well
alertname=KubePodCrashLooping namespace=monitoring pod=kps-kube-state-metrics-5d8 container=kube-state-metrics uid=77 reason=CrashLoopBackOff job=kube-state-metrics instance=10.0.0.7:8080 service=kps-kube-state-metrics -> prod/monitoring/Pod/kps-kube-state-metrics-5d8
alertname=KubePodNotReady namespace=monitoring pod=kps-kube-state-metrics-5d8 job=kube-state-metrics -> prod/monitoring/Pod/kps-kube-state-metrics-5d8
# without honorLabels: exported_ is the object, the plain ones are the target
alertname=PodRestarts exported_namespace=shop exported_pod=web-0 exported_container=app namespace=monitoring pod=ksm-0 container=ksm uid=1 job=ksm instance=10.0.0.7:8080 service=ksm -> prod/shop/Pod/web-0
alertname=PodRestarts exported_namespace=shop exported_pod=web-0 container=app namespace=monitoring job=kubernetes-service-endpoints -> prod/shop/Pod/web-0
alertname=DeploymentDown exported_namespace=shop deployment=checkout namespace=monitoring pod=kube-state-metrics-1 job=kube-state-metrics instance=10.0.0.7:8080 -> prod/shop/Deployment/checkout
alertname=NamespaceStuck exported_namespace=shop namespace=monitoring pod=ksm-0 service=ksm job=ksm instance=10.0.0.7:8080 -> prod/shop/Namespace/shop
alertname=ServiceNoEndpoints exported_namespace=shop exported_service=cart namespace=monitoring service=ksm job=ksm instance=10.0.0.7:8080 -> prod/shop/Service/cart
# the kubelet and cAdvisor: node is where, not what
alertname=CPUThrottlingHigh namespace=shop pod=web-0 container=app -> prod/shop/Pod/web-0
alertname=ContainerMemoryNearLimit namespace=shop pod=web-0 container=app node=node-7 instance=10.0.0.9:10250 job=kubelet metrics_path=/metrics/cadvisor service=kubelet endpoint=https-metrics -> prod/shop/Pod/web-0
alertname=KubePersistentVolumeFillingUp namespace=db persistentvolumeclaim=data-postgres-0 node=node-7 instance=10.0.0.9:10250 job=kubelet service=kubelet -> prod/db/PersistentVolumeClaim/data-postgres-0
alertname=KubeletTooManyPods node=node-7 -> prod//Node/node-7
alertname=KubeletPlegDurationHigh node=node-7 instance=10.0.0.9:10250 quantile=0.99 namespace=kube-system service=kubelet job=kubelet -> prod//Node/node-7
# node exporters
alertname=NodeFilesystemAlmostOutOfSpace instance=node-7 job=node-exporter device=/dev/sda1 mountpoint=/ namespace=monitoring pod=node-exporter-x1 container=node-exporter service=node-exporter endpoint=http -> prod//Node/node-7
alertname=NodeFilesystemAlmostOutOfSpace instance=10.0.0.9:9100 job=node-exporter device=/dev/sda1 mountpoint=/ namespace=monitoring pod=node-exporter-x1 service=node-exporter -> prod//NodeFilesystemAlmostOutOfSpace instance=10.0.0.9:9100 job=node-exporter
alertname=NodeMemoryHigh node=node-7 instance=10.0.0.9:9100 job=node-exporter namespace=monitoring pod=node-exporter-x1 -> prod//Node/node-7
alertname=NodeDown kubernetes_node=node-7 job=kubernetes-service-endpoints service=prometheus-node-exporter instance=10.0.0.9:9100 namespace=monitoring -> prod//Node/node-7
# probes: what is probed, never the prober
alertname=ProbeFailed instance=https://shop.example.com job=blackbox namespace=monitoring pod=blackbox-1 service=blackbox -> prod//ProbeFailed instance=https://shop.example.com job=blackbox
alertname=ProbeFailed target=https://shop.example.com instance=https://shop.example.com job=probe/monitoring/shop namespace=monitoring -> prod//ProbeFailed instance=https://shop.example.com job=probe/monitoring/shop target=https://shop.example.com
# the scrape target, where nothing else is named
alertname=TargetDown job=checkout namespace=shop service=checkout severity=warning -> prod/shop/Service/checkout
alertname=TargetDown job=kube-state-metrics namespace=monitoring service=kps-kube-state-metrics -> prod/monitoring/Service/kps-kube-state-metrics
alertname=HighErrorRate namespace=shop service=cart job=cart severity=critical -> prod/shop/Service/cart
alertname=HighErrorRate namespace=shop service=cart pod=cart-1 instance=10.0.0.3:8080 endpoint=http job=cart -> prod/shop/Pod/cart-1
alertname=PrometheusRuleFailures namespace=monitoring pod=prometheus-k8s-0 container=prometheus job=prometheus-k8s instance=10.0.0.4:9090 service=prometheus-k8s -> prod/monitoring/Pod/prometheus-k8s-0
alertname=etcdNoLeader namespace=kube-system pod=etcd-cp1 instance=10.0.0.1:2381 job=kube-etcd endpoint=http -> prod/kube-system/Pod/etcd-cp1
# `job` is the scrape job, never a Kubernetes Job
alertname=QueueStuck namespace=shop job=worker -> prod/shop/Namespace/shop
# made by hand, by recording rules, by other collectors
alertname=PaymentsDown namespace=payments -> prod/payments/Namespace/payments
alertname=Latency namespace=shop deployment=checkout pod=checkout-1 -> prod/shop/Deployment/checkout
alertname=WorkloadMemory namespace=shop workload=search workload_type=statefulset -> prod/shop/StatefulSet/search
alertname=CanaryFailed namespace=shop rollout=checkout -> prod/shop/Rollout/checkout
alertname=PodRestarts kubernetes_namespace=shop kubernetes_pod_name=web-0 -> prod/shop/Pod/web-0
alertname=PodRestarts k8s_namespace_name=shop k8s_deployment_name=web -> prod/shop/Deployment/web
alertname=IngressErrors namespace=shop ingress=front -> prod/shop/Ingress/front
# about nothing in Kubernetes
alertname=KubeAPIDown job=apiserver severity=critical -> prod//KubeAPIDown job=apiserver
alertname=KubeClientErrors instance=10.0.0.9:10250 job=kubelet namespace=kube-system -> prod//KubeClientErrors instance=10.0.0.9:10250 job=kubelet namespace=kube-system
alertname=KubeCPUOvercommit severity=warning -> prod//KubeCPUOvercommit
alertname=CertificateExpires domain=shop.example.com team=web sev=SEV3 -> prod//CertificateExpires domain=shop.example.com
alertname=KubeStateMetricsDown job=kube-state-metrics severity=critical -> prod//KubeStateMetricsDown job=kube-state-metrics
# another cluster's, from a central Alertmanager
alertname=KubePodCrashLooping cluster=staging namespace=shop pod=web-0 -> staging/shop/Pod/web-0
alertname=KubeAPIDown cluster=staging job=apiserver -> staging//KubeAPIDown job=apiserver
alertname=KubePodCrashLooping cluster= namespace=shop pod=web-0 -> prod/shop/Pod/web-0
"#;

#[test]
fn an_alert_is_about_the_object_it_names_and_not_about_what_was_scraped() {
    let mut rows = 0;
    for row in TABLE.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let (labels, wanted) = row.split_once(" -> ").expect("a row has an arrow");
        let labels = labels.split(' ').map(|pair| {
            let (name, value) = pair.split_once('=').expect("a label has a value");
            (name.to_owned(), value.to_owned())
        });
        let subject = subject_of(&labels.collect(), "prod", "cluster");
        assert_eq!(subject.key(), wanted, "{row}");
        rows += 1;
    }
    assert!(rows >= 55, "{rows} rows");
}

fn heard_at() -> Timestamp {
    "2026-11-21T02:14:00Z".parse().expect("a time")
}

fn alert(status: &str) -> Value {
    json!({
        "status": status,
        "labels": {"alertname": "KubePodCrashLooping", "namespace": "shop", "pod": "web-0"},
        "annotations": {"summary": "it crashes"},
        "startsAt": "2026-11-21T02:11:00.123456789Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example/graph?g0.expr=up",
        "fingerprint": "a1b2c3d4e5f60718"
    })
}

fn body(alerts: &[Value]) -> Value {
    json!({
        "version": "4", "groupKey": "{}:{}", "truncatedAlerts": 0, "status": "firing",
        "receiver": "firsthand", "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {},
        "externalURL": "http://alertmanager.example", "alerts": alerts,
        "notification_reason": "new", "routeLabels": {"a": "b"}
    })
}

fn hear(body: &Value) -> firsthand::intake::Heard {
    parse(body.to_string().as_bytes(), "prod", "cluster", heard_at()).expect("it is readable")
}

fn refuse(body: &str) -> String {
    parse(body.as_bytes(), "prod", "cluster", heard_at())
        .expect_err("it is not readable")
        .to_string()
}

fn alert_of(signal: &Signal) -> &AlertSignal {
    match &signal.kind {
        SignalKind::Alert(alert) => alert,
        SignalKind::Poll(_) => panic!("not an alert"),
    }
}

#[test]
fn a_firing_alert_is_one_signal_with_everything_it_carries() {
    let heard = hear(&body(&[alert("firing")]));
    let [signal] = &heard.signals[..] else { panic!("{heard:?}") };
    let alert = alert_of(signal);
    assert_eq!(alert.status, AlertStatus::Firing);
    assert_eq!(alert.name(), "KubePodCrashLooping");
    assert_eq!(alert.ends_at, None, "the year 1 is no end");
    assert_eq!(alert.annotations["summary"], "it crashes");
    assert_eq!(alert.external_url.as_deref(), Some("http://alertmanager.example/"));
    assert_eq!(signal.subject.key(), "prod/shop/Pod/web-0");
    assert_eq!(signal.heard_at, heard_at());
}

#[test]
fn a_repeat_has_the_same_key_and_a_change_another() {
    let key = |alert: Value| hear(&body(&[alert])).signals[0].key.clone();
    let firing = key(alert("firing"));
    assert_eq!(firing, key(alert("firing")));
    let mut later = alert("firing");
    later["startsAt"] = json!("2026-11-21T03:00:00Z");
    let mut over = alert("resolved");
    over["endsAt"] = json!("2026-11-21T02:40:00Z");
    let keys = [firing, key(later), key(over), key(alert("resolved"))];
    let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
    assert_eq!(distinct.len(), 4, "{keys:?}");
}

#[test]
fn a_repeat_within_one_body_is_one_signal() {
    assert_eq!(hear(&body(&[alert("firing"), alert("firing")])).signals.len(), 1);
}

#[test]
fn resolved_before_firing_is_still_a_signal_with_its_end() {
    let mut over = alert("resolved");
    over["endsAt"] = json!("2026-11-21T02:40:00Z");
    let heard = hear(&body(&[over]));
    let alert = alert_of(&heard.signals[0]);
    assert_eq!(alert.status, AlertStatus::Resolved);
    assert_eq!(alert.ends_at, Some("2026-11-21T02:40:00Z".parse().expect("a time")));
}

#[test]
fn the_heartbeat_and_the_inhibitor_are_no_signals() {
    let named = |name: &str| {
        let mut alert = alert("firing");
        alert["labels"]["alertname"] = json!(name);
        alert
    };
    let heard = hear(&body(&[named("Watchdog"), named("InfoInhibitor"), alert("firing")]));
    assert_eq!((heard.heartbeats, heard.inhibitors, heard.signals.len()), (1, 1, 1));
}

#[test]
fn a_truncated_group_says_how_many_were_cut_off() {
    let mut cut = body(&[alert("firing")]);
    cut["truncatedAlerts"] = json!(7);
    let heard = hear(&cut);
    assert_eq!((heard.truncated, alert_of(&heard.signals[0]).truncated), (7, 7));
}

#[test]
fn what_is_missing_has_a_default() {
    let heard = hear(&json!({"version": "4", "status": "firing", "alerts": [
        {"labels": {"alertname": "A"}, "annotations": null}
    ]}));
    let alert = alert_of(&heard.signals[0]);
    assert_eq!(alert.starts_at, heard_at());
    // tests/real.rs compares it with a real Alertmanager's.
    assert_eq!(alert.fingerprint.len(), 16);
    assert!(hear(&body(&[])).signals.is_empty());
}

#[test]
fn one_unreadable_alert_does_not_lose_the_others() {
    let heard = hear(&body(&[json!({"labels": 7}), alert("firing"), json!({"labels": {}})]));
    assert_eq!((heard.unreadable, heard.signals.len()), (2, 1));
}

#[test]
fn a_body_that_cannot_be_read_is_told_what_is_wrong_and_what_to_do() {
    for (sent, said) in [
        ("", "not JSON"),
        ("{\"version\":\"4\",", "not JSON"),
        ("[]", "a list"),
        (r#"{"version":"4"}"#, "payload"),
        (r#"{"text":"templated"}"#, "payload"),
        (r#"{"version":"1","alerts":[]}"#, "version is \"1\""),
        (r#"{"version":"4","alerts":{}}"#, "malformed"),
        (r#"{"version":"4","alerts":[{"status":"odd","labels":{"a":"b"}}]}"#, "alerts[0]"),
    ] {
        let error = refuse(sent);
        assert!(error.contains(said), "{sent}: {error}");
        assert!(!error.ends_with('.') && error.chars().next().is_some_and(char::is_lowercase));
    }
    assert_eq!(sample(b"{\n\x1b[31m\xff"), "{  [31m\u{fffd}");
    assert!(sample(&[b'a'; 9000]).len() <= 512);
}

#[test]
fn long_texts_and_many_labels_are_bounded() {
    let mut huge = alert("firing");
    huge["annotations"]["description"] = json!("x".repeat(100_000));
    huge["labels"]["note"] = json!("ä".repeat(100_000));
    for i in 0..500 {
        huge["labels"][format!("a{i}")] = json!("v");
    }
    let heard = hear(&body(&[huge]));
    let alert = alert_of(&heard.signals[0]);
    assert!(alert.labels.len() <= 70, "{}", alert.labels.len());
    assert_eq!(alert.name(), "KubePodCrashLooping");
    assert_eq!(alert.annotations["description"].chars().count(), 4_000);
    assert!(alert.annotations["description"].ends_with('…'));
    assert_eq!(heard.signals[0].subject.key(), "prod/shop/Pod/web-0");
}

#[test]
fn a_link_is_http_and_carries_no_password() {
    let mut odd = alert("firing");
    odd["generatorURL"] = json!("javascript:alert(1)");
    assert_eq!(alert_of(&hear(&body(&[odd.clone()])).signals[0]).generator_url, None);
    odd["generatorURL"] = json!("https://ops:hunter2@prometheus.example/graph");
    let heard = hear(&body(&[odd]));
    let link = alert_of(&heard.signals[0]).generator_url.as_deref();
    assert_eq!(link, Some("https://prometheus.example/graph"));
}

#[test]
fn texts_pass_through_redaction_and_the_subject_does_not() {
    let mut leaking = alert("firing");
    leaking["labels"]["password"] = json!("hunter2");
    leaking["annotations"]["description"] = json!("token=abc failed");
    let mut heard = hear(&body(&[leaking]));
    heard.map_text(|text| text.replace("hunter2", "[gone]").replace("abc", "[gone]"));
    let alert = alert_of(&heard.signals[0]);
    assert_eq!(alert.labels["password"], "[gone]");
    assert_eq!(alert.labels["pod"], "web-0");
    assert_eq!(alert.annotations["description"], "token=[gone] failed");
}
