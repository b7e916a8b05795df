//! One table for each cause: the words in which kubelets, runtimes, registries, schedulers, API servers and
//! programs of many versions say the same thing, each in the place where it stands.
//!
//! ```text
//! waiting REASON: message      a container that waits
//! event REASON: message        a warning about a pod whose containers are not created yet
//! pulling: message             a container in ImagePullBackOff
//! starting: message            a container whose process never began (StartError)
//! schedule: message            the condition PodScheduled
//! create: message              FailedCreate of a ReplicaSet
//! pod REASON: message          a pod that has failed as a whole
//! log CODE: message            the last line of a run that ended with that exit code
//! ```

use std::path::Path;

use firsthand::diagnosis::{Evidence, Instance, Log, Scope, Source, diagnose};
use serde_json::{Value, json};

/// Every line of every table leads to the cause that its file is named after.
#[test]
fn every_wording_leads_to_its_cause() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wordings");
    let mut wrong = Vec::new();
    let mut read = 0;
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|it| it == "txt"));
    files.sort();
    for path in files {
        let cause = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().filter(|it| !it.trim().is_empty()).collect();
        assert!(lines.len() >= 3, "{cause}: fewer than three wordings");
        for line in lines {
            read += 1;
            let (form, words) = line.split_once(": ").unwrap_or_else(|| panic!("{cause}: {line}"));
            let diagnosis = diagnose(&evidence(form, words), &Scope::Everything);
            let found = diagnosis.findings.first().map(|it| it.hypotheses[0].cause.as_str());
            if found != Some(cause.as_str()) {
                wrong.push(format!("{cause}: {line}\n    leads to {}", found.unwrap_or("nothing")));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {read} wordings:\n{}", wrong.len(), wrong.join("\n"));
}

/// A Deployment with one pod that shows these words in that place.
fn evidence(form: &str, words: &str) -> Evidence {
    let (form, detail) = form.split_once(' ').unwrap_or((form, ""));
    let words = words.replace("\\n", "\n");
    let mut pod = pod();
    let mut events = Vec::new();
    let mut logs = Vec::new();
    let mut pods = true;
    match form {
        "waiting" | "pulling" => {
            let reason = if form == "pulling" { "ImagePullBackOff" } else { detail };
            pod["status"]["containerStatuses"][0]["state"] =
                json!({"waiting": {"reason": reason, "message": words}});
        }
        "event" => events.push(event("Pod", "web-7d94b8c6f-x2x8k", detail, &words)),
        "starting" => {
            let ended = json!({"exitCode": 128, "reason": "StartError", "message": words,
                "startedAt": "1970-01-01T00:00:00Z", "finishedAt": "2026-11-21T02:12:40Z"});
            crash(&mut pod, ended);
        }
        "schedule" => {
            pod["spec"]["nodeName"] = Value::Null;
            pod["status"] = json!({"phase": "Pending", "conditions": [{"type": "PodScheduled",
                "status": "False", "reason": "Unschedulable", "message": words}]});
        }
        "create" => {
            pods = false;
            events.push(event("ReplicaSet", "web-7d94b8c6f", "FailedCreate", &words));
        }
        "pod" => {
            pod["status"] = json!({"phase": "Failed", "reason": detail, "message": words});
        }
        "log" => {
            let ended = json!({"exitCode": detail.parse::<i32>().unwrap(), "reason": "Error",
                "startedAt": "2026-11-21T02:12:30Z", "finishedAt": "2026-11-21T02:12:40Z"});
            crash(&mut pod, ended);
            logs.push(Log {
                namespace: "shop".into(),
                pod: "web-7d94b8c6f-x2x8k".into(),
                container: "app".into(),
                instance: Instance::Previous,
                container_id: None,
                text: Source::Read(format!("starting web 1.4.2\n{words}\n")),
                cut: false,
            });
        }
        other => panic!("no form is called {other}"),
    }
    let read = |objects: Vec<Value>| Source::Read(objects);
    let mut whole = serde_json::to_value(Evidence::default()).unwrap();
    whole["taken_at"] = json!("2026-11-21T02:14:00Z");
    whole["pods"] = json!(read(if pods { vec![pod] } else { Vec::new() }));
    whole["events"] = json!(read(events));
    whole["deployments"] = json!(read(vec![deployment()]));
    whole["replica_sets"] = json!(read(vec![replica_set()]));
    for none in ["services", "endpoint_slices"] {
        whole[none] = json!(read(Vec::new()));
    }
    let mut evidence: Evidence = serde_json::from_value(whole).unwrap();
    evidence.logs = logs;
    evidence
}

fn crash(pod: &mut Value, ended: Value) {
    pod["status"]["phase"] = json!("Running");
    let status = &mut pod["status"]["containerStatuses"][0];
    status["state"] = json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}});
    status["lastState"] = json!({ "terminated": ended });
    status["restartCount"] = json!(5);
}

fn meta(name: &str, owner: Option<(&str, &str)>) -> Value {
    let owners = owner.map(|(kind, name)| {
        json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": name, "controller": true}])
    });
    json!({"name": name, "namespace": "shop", "uid": name, "labels": {"app": "web"},
        "creationTimestamp": "2026-11-21T02:05:00Z", "ownerReferences": owners})
}

fn pod() -> Value {
    json!({
        "metadata": meta("web-7d94b8c6f-x2x8k", Some(("ReplicaSet", "web-7d94b8c6f"))),
        "spec": {
            "nodeName": "node-1",
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "web-data"}}],
            "containers": [{"name": "app", "image": "r.example/web:1.4.2"}],
        },
        "status": {"phase": "Pending", "containerStatuses": [{
            "name": "app", "image": "", "imageID": "", "ready": false, "restartCount": 0,
            "state": {"waiting": {"reason": "ContainerCreating"}},
        }]},
    })
}

fn deployment() -> Value {
    json!({
        "metadata": meta("web", None),
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": {}},
        "status": {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 0},
    })
}

fn replica_set() -> Value {
    json!({
        "metadata": meta("web-7d94b8c6f", Some(("Deployment", "web"))),
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}},
        "status": {"replicas": 1},
    })
}

fn event(kind: &str, name: &str, reason: &str, message: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "shop"},
        "involvedObject": {"kind": kind, "namespace": "shop", "name": name, "uid": name},
        "type": "Warning", "reason": reason, "message": message, "count": 9,
        "firstTimestamp": "2026-11-21T02:06:00Z", "lastTimestamp": "2026-11-21T02:13:40Z",
    })
}
