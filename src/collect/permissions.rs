//! All that is ever asked of a cluster: the one list from which the chart's roles, `check --live` and
//! `docs/permissions.md` are made. *It has two verbs, `get` and `list`, and no Secrets.*

/// One thing that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission {
    /// The API group; empty for the core.
    pub group: &'static str,
    /// The resource, in the plural.
    pub resource: &'static str,
    /// Its subresource; empty for none.
    pub subresource: &'static str,
    /// `get` or `list`.
    pub verb: &'static str,
    /// What is lost where it is refused.
    pub lost: &'static str,
}

/// Everything that is read, what matters most first.
pub const PERMISSIONS: &[Permission] = &[
    list("", "pods", "nothing can be diagnosed"),
    get("", "pods", "an alert's pod is not followed to its owner"),
    Permission {
        group: "",
        resource: "pods",
        subresource: "log",
        verb: "get",
        lost: "no log is quoted, and crashes stay unexplained",
    },
    list("", "events", "what the kubelet and the scheduler said is not known"),
    list("apps", "deployments", "Deployments and their rollouts are not seen"),
    list("apps", "replicasets", "what changed between two revisions is not known"),
    get("apps", "replicasets", "a pod's Deployment is only guessed"),
    list("apps", "statefulsets", "StatefulSets are not seen"),
    list("apps", "daemonsets", "DaemonSets are not seen"),
    list("apps", "controllerrevisions", "what changed in a StatefulSet or DaemonSet is not known"),
    list("batch", "jobs", "Jobs are not seen"),
    get("batch", "jobs", "a pod's CronJob is only guessed"),
    list("batch", "cronjobs", "CronJobs are not seen"),
    list("", "services", "who is hurt is not known"),
    get("", "services", "an alert about a Service is not followed to its pods"),
    list("discovery.k8s.io", "endpointslices", "whether a Service has endpoints is not known"),
    list("networking.k8s.io", "networkpolicies", "that a policy blocks a call is not known"),
    get("", "nodes", "the state of nodes is not known"),
    list("", "nodes", "why a pod fits on no node is not known"),
    get(
        "",
        "namespaces",
        "what is written on a namespace (whose it is, to ignore it) is not known",
    ),
    get("", "persistentvolumeclaims", "why a volume is not bound is not known"),
    list("", "persistentvolumeclaims", "the same where pods name more than eight claims"),
    get("", "configmaps", "whether a ConfigMap or its key exists is not known"),
    list("", "configmaps", "the same where pods name more than eight ConfigMaps"),
    get("", "serviceaccounts", "whether a ServiceAccount exists is not known"),
    list("", "serviceaccounts", "the same where pods name more than eight ServiceAccounts"),
    list("", "resourcequotas", "that a quota is used up is not known"),
];

const fn get(group: &'static str, resource: &'static str, lost: &'static str) -> Permission {
    Permission { group, resource, subresource: "", verb: "get", lost }
}

const fn list(group: &'static str, resource: &'static str, lost: &'static str) -> Permission {
    Permission { group, resource, subresource: "", verb: "list", lost }
}
