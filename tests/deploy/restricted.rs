//! What Pod Security's `restricted` asks of a pod, and what Firsthand asks of its roles.

use serde_json::Value;

/// What a pod of this StatefulSet lacks.
pub(crate) fn complaints(set: &Value) -> Vec<String> {
    let pod = &set["spec"]["template"]["spec"];
    let mut wrong = Vec::new();
    let mut want = |holds: bool, what: &str| {
        if !holds {
            wrong.push(what.to_owned());
        }
    };
    let own = &pod["securityContext"];
    want(own["runAsNonRoot"] == true, "runAsNonRoot");
    want(own["runAsUser"] != 0, "runAsUser is root");
    want(own["seccompProfile"]["type"] == "RuntimeDefault", "seccompProfile");
    want(pod["enableServiceLinks"] == false, "enableServiceLinks");
    for host in ["hostNetwork", "hostPID", "hostIPC"] {
        want(pod[host].is_null(), host);
    }
    for container in pod["containers"].as_array().into_iter().flatten() {
        let own = &container["securityContext"];
        want(own["allowPrivilegeEscalation"] == false, "allowPrivilegeEscalation");
        want(own["readOnlyRootFilesystem"] == true, "readOnlyRootFilesystem");
        want(own["capabilities"]["drop"][0] == "ALL", "capabilities");
        want(own["capabilities"]["add"].is_null(), "added capabilities");
        want(own["privileged"].is_null(), "privileged");
        want(!container["resources"]["limits"]["memory"].is_null(), "a limit of memory");
    }
    for volume in pod["volumes"].as_array().into_iter().flatten() {
        let allowed = ["configMap", "secret", "emptyDir", "persistentVolumeClaim", "projected"];
        want(allowed.iter().any(|kind| !volume[kind].is_null()), "a volume of another kind");
    }
    wrong
}

/// What a role gives that it must not.
pub(crate) fn too_much(role: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for rule in role["rules"].as_array().into_iter().flatten() {
        let words = |key: &str| -> Vec<String> {
            let all = rule[key].as_array().into_iter().flatten();
            all.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let verbs = words("verbs");
        let reads = !verbs.is_empty() && verbs.iter().all(|it| it == "get" || it == "list");
        let secrets = words("resources").iter().any(|it| it == "secrets" || it.contains('*'));
        if !reads || secrets || words("apiGroups").iter().any(|it| it.contains('*')) {
            wrong.push(format!("too much: {rule}"));
        }
    }
    wrong
}
