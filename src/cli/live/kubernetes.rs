//! The Kubernetes API: whether it answers, what we may read of it, and what is lost where we may not.

use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::{Value, json};

use super::Line;
use super::ask::span;
use crate::collect::{self, ClusterSettings, PERMISSIONS, Permission};

const PATIENCE: Duration = Duration::from_secs(10);

/// Ours is `kubernetes`, another one bears its name.
pub(super) async fn look_at_all(own: &ClusterSettings, others: &[ClusterSettings]) -> Vec<Line> {
    let others: Vec<_> = others.iter().map(|it| (format!("cluster {}", it.name), it)).collect();
    let all = std::iter::once(("kubernetes", own))
        .chain(others.iter().map(|(part, it)| (part.as_str(), *it)));
    join_all(all.map(|(part, it)| look(part, it))).await.into_iter().flatten().collect()
}

async fn look(part: &str, settings: &ClusterSettings) -> Vec<Line> {
    let client = match collect::client(settings).await {
        Ok(client) => client,
        Err(why) => return vec![Line::bad(part, format!("{why:#}"), "")],
    };
    let began = Instant::now();
    let version = match tokio::time::timeout(PATIENCE, client.apiserver_version()).await {
        Ok(Ok(version)) => version.git_version,
        Ok(Err(why)) => {
            let says = format!("the API server does not answer: {}", innermost(&why));
            return vec![Line::bad(
                part,
                says,
                "let it be reached from here, or mend cluster in the settings",
            )];
        }
        Err(_) => {
            let says = format!("the API server does not answer within {} s", PATIENCE.as_secs());
            return vec![Line::bad(
                part,
                says,
                "let it be reached from here, or mend cluster in the settings",
            )];
        }
    };
    let says = format!("the API server answers in {}, {version}", span(began.elapsed()));
    let mut lines = vec![Line::good(part, says)];
    lines.extend(permissions(part, &client).await);
    lines
}

async fn permissions(part: &str, client: &kube::Client) -> Vec<Line> {
    let secrets =
        Permission { group: "", resource: "secrets", subresource: "", verb: "get", lost: "" };
    let asked = PERMISSIONS.iter().chain(std::iter::once(&secrets)).map(|read| may(client, read));
    let mut answers = join_all(asked).await;
    let reads_secrets = answers.pop();
    let mut lines = Vec::new();
    for (read, answer) in PERMISSIONS.iter().zip(answers) {
        let Permission { group, resource, subresource: sub, verb, lost } = read;
        let group = if group.is_empty() { String::new() } else { format!(".{group}") };
        let sub = if sub.is_empty() { String::new() } else { format!("/{sub}") };
        let name = format!("{verb} {resource}{sub}{group}");
        match answer {
            Ok(true) => {}
            Ok(false) if *resource == "pods" && *verb == "list" => {
                lines.push(Line::bad(
                    part,
                    format!("may not {name}: {lost}"),
                    "apply the ClusterRole",
                ));
            }
            Ok(false) => lines.push(Line::weak(
                part,
                format!("may not {name} in every namespace: {lost}"),
                "add it to the ClusterRole",
            )),
            Err(why) => {
                lines.push(Line::weak(part, format!("cannot tell what it may read: {why}"), ""));
                return lines;
            }
        }
    }
    if lines.is_empty() {
        lines.push(Line::good(
            part,
            format!("may read all that it needs: {} permissions", PERMISSIONS.len()),
        ));
    }
    if let Some(Ok(true)) = reads_secrets {
        lines.push(Line::weak(
            part,
            "may read Secrets, which it never does",
            "run it as a ServiceAccount of its own, without that",
        ));
    }
    lines
}

/// Whether we may; the question is never stored.
async fn may(
    client: &kube::Client,
    Permission { group, resource, subresource: sub, verb, .. }: &Permission,
) -> Result<bool, String> {
    let question = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": { "resourceAttributes": { "group": group, "resource": resource, "subresource": sub, "verb": verb } },
    });
    let request = http::Request::post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews")
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(question.to_string().into_bytes())
        .map_err(|_| "the question cannot be written".to_owned())?;
    match tokio::time::timeout(PATIENCE, client.request::<Value>(request)).await {
        Ok(Ok(answer)) => Ok(answer["status"]["allowed"] == Value::Bool(true)),
        Ok(Err(why)) => Err(innermost(&why)),
        Err(_) => Err("no answer in time".to_owned()),
    }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
