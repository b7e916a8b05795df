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
# kubernetes-mixin, the rest of its rules
alertname=KubeStatefulSetGenerationMismatch namespace=db statefulset=postgres job=kube-state-metrics instance=10.0.0.7:8080 -> prod/db/StatefulSet/postgres
alertname=KubeStatefulSetUpdateNotRolledOut namespace=db statefulset=postgres job=kube-state-metrics instance=10.0.0.7:8080 pod=ksm-0 -> prod/db/StatefulSet/postgres
alertname=KubeDaemonSetNotScheduled namespace=logging daemonset=agent job=kube-state-metrics instance=10.0.0.7:8080 pod=ksm-0 -> prod/logging/DaemonSet/agent
alertname=KubeDaemonSetMisScheduled namespace=logging daemonset=agent job=kube-state-metrics -> prod/logging/DaemonSet/agent
alertname=KubeHpaReplicasMismatch namespace=shop horizontalpodautoscaler=checkout job=kube-state-metrics -> prod/shop/HorizontalPodAutoscaler/checkout
alertname=KubeQuotaFullyUsed namespace=shop resourcequota=compute resource=pods container=kube-state-metrics endpoint=http pod=ksm-0 service=ksm severity=info -> prod/shop/ResourceQuota/compute
alertname=KubeQuotaExceeded namespace=shop resourcequota=compute resource=limits.memory -> prod/shop/ResourceQuota/compute
alertname=KubePersistentVolumeInodesFillingUp namespace=db persistentvolumeclaim=data-0 node=node-7 instance=10.0.0.9:10250 job=kubelet metrics_path=/metrics service=kubelet -> prod/db/PersistentVolumeClaim/data-0
alertname=KubePersistentVolumeClaimPending namespace=db persistentvolumeclaim=data-0 phase=Pending job=kube-state-metrics pod=ksm-0 instance=10.0.0.7:8080 -> prod/db/PersistentVolumeClaim/data-0
alertname=KubeMemoryOvercommit severity=warning -> prod//KubeMemoryOvercommit
alertname=KubeCPUQuotaOvercommit severity=warning -> prod//KubeCPUQuotaOvercommit
alertname=KubeVersionMismatch severity=warning -> prod//KubeVersionMismatch
alertname=KubeAPIErrorBudgetBurn long=1h short=5m severity=critical -> prod//KubeAPIErrorBudgetBurn long=1h short=5m
alertname=KubeAPITerminatedRequests severity=warning -> prod//KubeAPITerminatedRequests
alertname=KubeAggregatedAPIErrors name=v1beta1.metrics.k8s.io namespace=default severity=warning -> prod//KubeAggregatedAPIErrors name=v1beta1.metrics.k8s.io namespace=default
alertname=KubeAggregatedAPIDown name=v1beta1.metrics.k8s.io namespace=default -> prod//KubeAggregatedAPIDown name=v1beta1.metrics.k8s.io namespace=default
alertname=KubeClientCertificateExpiration job=apiserver instance=10.0.0.1:6443 namespace=default service=kubernetes endpoint=https -> prod//KubeClientCertificateExpiration instance=10.0.0.1:6443 job=apiserver namespace=default service=kubernetes
alertname=KubeNodeReadinessFlapping node=node-7 severity=warning -> prod//Node/node-7
alertname=KubeNodePressure node=node-7 condition=MemoryPressure status=true job=kube-state-metrics namespace=monitoring pod=ksm-0 instance=10.0.0.7:8080 -> prod//Node/node-7
alertname=KubeNodeEviction node=node-7 eviction_signal=memory.available instance=10.0.0.9:10250 job=kubelet -> prod//Node/node-7
alertname=KubeletPodStartUpLatencyHigh node=node-7 instance=10.0.0.9:10250 -> prod//Node/node-7
alertname=KubeletClientCertificateExpiration node=node-7 instance=10.0.0.9:10250 job=kubelet namespace=kube-system service=kubelet metrics_path=/metrics -> prod//Node/node-7
alertname=KubeletServerCertificateRenewalErrors node=node-7 job=kubelet instance=10.0.0.9:10250 namespace=kube-system -> prod//Node/node-7
alertname=KubeletDown job=kubelet severity=critical -> prod//KubeletDown job=kubelet
alertname=KubeSchedulerDown job=kube-scheduler severity=critical -> prod//KubeSchedulerDown job=kube-scheduler
alertname=KubeProxyDown job=kube-proxy severity=critical -> prod//KubeProxyDown job=kube-proxy
# node_exporter's own rules, in and outside the cluster
alertname=NodeClockNotSynchronising instance=node-7 job=node-exporter namespace=monitoring pod=node-exporter-x1 container=kube-rbac-proxy endpoint=https service=node-exporter -> prod//Node/node-7
alertname=NodeFilesystemFilesFillingUp instance=node-7 job=node-exporter device=/dev/sda1 fstype=ext4 mountpoint=/ namespace=monitoring pod=node-exporter-x1 -> prod//Node/node-7
alertname=NodeNetworkReceiveErrs instance=node-7 job=node-exporter device=eth0 namespace=monitoring pod=node-exporter-x1 -> prod//Node/node-7
alertname=NodeRAIDDiskFailure instance=node-7 job=node-exporter device=md0 state=failed namespace=monitoring pod=node-exporter-x1 -> prod//Node/node-7
alertname=NodeSystemdServiceFailed instance=node-7 job=node-exporter name=crond.service state=failed type=simple namespace=monitoring pod=node-exporter-x1 -> prod//Node/node-7
alertname=HostOutOfDiskSpace instance=db1.example.com:9100 job=node-exporter device=/dev/sda1 mountpoint=/ -> prod//HostOutOfDiskSpace instance=db1.example.com:9100 job=node-exporter
alertname=HostOutOfMemory instance=db1:9100 job=node -> prod//HostOutOfMemory instance=db1:9100 job=node
alertname=InstanceDown instance=10.1.2.3:9182 job=windows -> prod//InstanceDown instance=10.1.2.3:9182 job=windows
# Prometheus, Alertmanager and the operator about themselves
alertname=PrometheusBadConfig namespace=monitoring pod=prometheus-k8s-0 container=prometheus job=prometheus-k8s instance=10.0.0.4:9090 service=prometheus-k8s endpoint=web -> prod/monitoring/Pod/prometheus-k8s-0
alertname=AlertmanagerFailedReload namespace=monitoring pod=alertmanager-main-0 job=alertmanager-main instance=10.0.0.5:9093 service=alertmanager-main -> prod/monitoring/Pod/alertmanager-main-0
alertname=AlertmanagerConfigInconsistent namespace=monitoring service=alertmanager-main severity=critical -> prod/monitoring/Service/alertmanager-main
alertname=AlertmanagerClusterFailedToSendAlerts namespace=monitoring service=alertmanager-main integration=slack -> prod/monitoring/Service/alertmanager-main
alertname=PrometheusOperatorReconcileErrors namespace=monitoring controller=prometheus -> prod/monitoring/Namespace/monitoring
alertname=KubeStateMetricsListErrors severity=critical -> prod//KubeStateMetricsListErrors
alertname=GrafanaRequestsFailing namespace=monitoring job=grafana handler=/api -> prod/monitoring/Namespace/monitoring
# etcd, DNS
alertname=etcdInsufficientMembers job=kube-etcd namespace=kube-system service=kps-kube-etcd endpoint=http-metrics severity=critical -> prod/kube-system/Service/kps-kube-etcd
alertname=etcdHighFsyncDurations job=kube-etcd namespace=kube-system pod=etcd-cp1 instance=10.0.0.1:2381 endpoint=http-metrics service=kps-kube-etcd -> prod/kube-system/Pod/etcd-cp1
alertname=CoreDNSErrorsHigh namespace=kube-system pod=coredns-5d-1 job=kube-dns instance=10.0.1.2:9153 service=kube-dns -> prod/kube-system/Pod/coredns-5d-1
# cert-manager: the certificate, not the controller
alertname=CertManagerCertExpirySoon exported_namespace=shop namespace=cert-manager name=shop-tls -> prod/shop/Certificate/shop-tls
alertname=CertManagerCertNotReady exported_namespace=shop namespace=cert-manager name=shop-tls condition=False -> prod/shop/Certificate/shop-tls
alertname=TLSExpires namespace=shop name=shop-tls issuer_name=letsencrypt issuer_kind=ClusterIssuer job=cert-manager pod=cert-manager-5d-1 instance=10.0.1.3:9402 -> prod/shop/Certificate/shop-tls
alertname=CertManagerAbsent job=cert-manager severity=critical -> prod//CertManagerAbsent job=cert-manager
alertname=CertManagerHittingRateLimits host=acme-v02.api.letsencrypt.org -> prod//CertManagerHittingRateLimits host=acme-v02.api.letsencrypt.org
# Argo CD, Argo Rollouts, Flux
alertname=ArgoAppNotSynced name=shop namespace=argocd project=default sync_status=OutOfSync health_status=Healthy dest_namespace=shop dest_server=https://kubernetes.default.svc job=argocd-metrics pod=argocd-application-controller-0 instance=10.0.1.4:8082 service=argocd-metrics endpoint=metrics -> prod/argocd/Application/shop
alertname=ArgoCDAppUnhealthy exported_namespace=argocd namespace=monitoring name=shop health_status=Degraded -> prod/argocd/Application/shop
alertname=ArgoRolloutAborted name=checkout namespace=shop -> prod/shop/Rollout/checkout
alertname=ReconciliationFailure exported_namespace=flux-system namespace=flux-system kind=Kustomization name=shop type=Ready status=False pod=kustomize-controller-1 instance=10.0.1.5:8080 -> prod/flux-system/Kustomization/shop
alertname=FluxResourceNotReady customresource_kind=HelmRelease name=redis exported_namespace=shop ready=False namespace=monitoring pod=ksm-0 job=kube-state-metrics instance=10.0.0.7:8080 -> prod/shop/HelmRelease/redis
# ingresses and meshes: what is called
alertname=NGINXTooMany500s severity=warning -> prod//NGINXTooMany500s
alertname=NginxHighErrorRate exported_namespace=shop ingress=front exported_service=web namespace=ingress-nginx pod=ingress-nginx-controller-1 instance=10.0.1.6:10254 -> prod/shop/Ingress/front
alertname=NginxCertificateExpires host=shop.example.com -> prod//NginxCertificateExpires host=shop.example.com
alertname=IstioHighRequestLatency destination_service_name=cart destination_service_namespace=shop -> prod/shop/Service/cart
alertname=IstioHighErrorRate destination_service=cart.shop.svc.cluster.local reporter=source source_workload=web namespace=shop pod=web-1 instance=10.0.1.7:15020 -> prod/shop/Service/cart
alertname=IstioHighErrorRate destination_service_name=cart -> prod//IstioHighErrorRate destination_service_name=cart
alertname=LinkerdLowSuccess namespace=shop deployment=cart direction=inbound -> prod/shop/Deployment/cart
# exporters of databases and queues: not the exporter's pod, but a sidecar's
alertname=PostgresqlDown instance=10.0.1.8:9187 job=postgres-exporter namespace=monitoring pod=postgres-exporter-5d-1 service=postgres-exporter server=pg.example.com:5432 -> prod//PostgresqlDown instance=10.0.1.8:9187 job=postgres-exporter server=pg.example.com:5432
alertname=PostgresqlTooManyConnections instance=10.0.1.9:9187 job=postgresql-metrics namespace=db pod=postgresql-0 container=metrics service=postgresql-metrics -> prod/db/Pod/postgresql-0
alertname=RedisDown instance=10.0.1.8:9121 job=redis-exporter namespace=shop pod=redis-exporter-6f-1 service=redis-exporter addr=redis://redis:6379 -> prod//RedisDown addr=redis://redis:6379 instance=10.0.1.8:9121 job=redis-exporter
alertname=RedisMissingMaster severity=critical -> prod//RedisMissingMaster
alertname=KafkaConsumersGroupLag consumergroup=billing severity=warning -> prod//KafkaConsumersGroupLag consumergroup=billing
alertname=KafkaTopicsReplicas topic=orders instance=10.0.1.8:9308 job=kafka-exporter namespace=kafka pod=kafka-exporter-1 -> prod//KafkaTopicsReplicas instance=10.0.1.8:9308 job=kafka-exporter topic=orders
alertname=ExporterDown job=redis-exporter namespace=shop pod=redis-exporter-6f-1 instance=10.0.1.8:9121 service=redis-exporter -> prod/shop/Pod/redis-exporter-6f-1
alertname=MongodbDown namespace=db pod=mongodb-0 container=metrics instance=10.0.1.9:9216 job=mongodb-metrics -> prod/db/Pod/mongodb-0
# storage and scaling
alertname=LonghornVolumeStatusCritical volume=pvc-1 pvc=data-0 pvc_namespace=db node=node-7 namespace=longhorn-system pod=longhorn-manager-1 instance=10.0.1.10:9500 -> prod/db/PersistentVolumeClaim/data-0
alertname=CephHealthError namespace=rook-ceph severity=critical -> prod/rook-ceph/Namespace/rook-ceph
alertname=KedaScalerErrors exported_namespace=shop scaledobject=worker scaler=s0 namespace=keda pod=keda-operator-1 instance=10.0.1.11:8080 -> prod/shop/ScaledObject/worker
alertname=PodsOfOwnerRestart namespace=shop owner_kind=StatefulSet owner_name=cart -> prod/shop/StatefulSet/cart
alertname=PodOfOwner namespace=shop pod=web-7d9-1 owner_kind=ReplicaSet owner_name=web-7d9 job=kube-state-metrics uid=7 -> prod/shop/Pod/web-7d9-1
# made by hand
alertname=SLOBurn service=checkout namespace=shop slo=availability long=1h -> prod/shop/Service/checkout
alertname=BackupTooOld host=backup1 severity=critical -> prod//BackupTooOld host=backup1
alertname=DeadLetters queue=orders namespace=shop app=worker -> prod/shop/Namespace/shop
alertname=GpuErrors Hostname=gpu-1 gpu=0 exported_namespace=ml exported_pod=train-0 namespace=gpu pod=dcgm-exporter-1 instance=10.0.1.12:9400 job=dcgm-exporter -> prod/ml/Pod/train-0
# another cluster's, from a central Alertmanager
alertname=KubePodCrashLooping cluster=staging namespace=shop pod=web-0 -> staging/shop/Pod/web-0
alertname=KubeAPIDown cluster=staging job=apiserver -> staging//KubeAPIDown job=apiserver
alertname=KubePodCrashLooping cluster= namespace=shop pod=web-0 -> prod/shop/Pod/web-0
"#;

#[test]
fn an_alert_is_about_the_object_it_names_and_not_about_what_was_scraped() {
    let (mut rows, mut wrong) = (0, Vec::new());
    for row in TABLE.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let (labels, wanted) = row.split_once(" -> ").expect("a row has an arrow");
        let labels = labels.split(' ').map(|pair| {
            let (name, value) = pair.split_once('=').expect("a label has a value");
            (name.to_owned(), value.to_owned())
        });
        let subject = subject_of(&labels.collect(), "prod", "cluster");
        if subject.key() != wanted {
            wrong.push(format!("{row}\n    is {}", subject.key()));
        }
        rows += 1;
    }
    assert!(wrong.is_empty(), "{} of {rows}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(rows >= 130, "{rows} rows");
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
        SignalKind::Poll(_) | SignalKind::Written(_) => panic!("not an alert"),
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
