//! A thin stand-in of the Kubernetes API over HTTP: lists, gets and logs of objects that are handed to
//! it, with the API server's own status bodies for what is missing or forbidden.
//!
//! It serves what it is given and never decides anything: a folder of evidence in tests, the simulated
//! world in the demo.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{Response, StatusCode};
use axum::routing::get;
use k8s_openapi::Metadata;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::diagnosis::{Evidence, ForEachKind, Instance, Source};

/// The objects and logs that the stand-in serves, and what it refuses.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    /// By resource (`pods`), namespace (empty for cluster-scoped ones) and name.
    pub objects: BTreeMap<(String, String, String), Value>,
    /// By namespace, pod, container and whether it is the previous run's.
    pub logs: BTreeMap<(String, String, String, bool), String>,
    /// Resources that are answered with 403; `pods/log` for logs.
    pub forbidden: BTreeSet<String>,
    /// Resources that are never answered.
    pub hanging: BTreeSet<String>,
    /// Every request is answered with 503.
    pub away: bool,
}

impl Objects {
    /// The objects of a dump folder, or of anything else that was read into an [`Evidence`].
    pub fn of(evidence: &Evidence) -> Self {
        let mut all = Self::default();
        evidence.clone().for_each_kind(&mut all);
        for map in evidence.config_maps.items() {
            let keys: BTreeMap<&str, &str> =
                map.keys.iter().flatten().map(|key| (key.as_str(), "")).collect();
            let meta = json!({ "name": map.name, "namespace": map.namespace });
            all.put("configmaps", json!({ "metadata": meta, "data": keys }));
        }
        for log in &evidence.logs {
            if let Some(text) = log.text.read() {
                let previous = log.instance == Instance::Previous;
                let key = (log.namespace.clone(), log.pod.clone(), log.container.clone(), previous);
                all.logs.insert(key, text.clone());
            }
        }
        all
    }

    /// Adds or replaces one object, by the namespace and name in its metadata.
    pub fn put(&mut self, resource: &str, object: Value) {
        let named = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
        self.objects.insert((resource.to_owned(), named("namespace"), named("name")), object);
    }
}

impl ForEachKind for Objects {
    fn kind<T>(&mut self, source: &mut Source<Vec<T>>)
    where
        T: Metadata<Ty = ObjectMeta> + Serialize + DeserializeOwned + Clone,
    {
        for object in source.items() {
            if let Ok(value) = serde_json::to_value(object) {
                self.put(T::URL_PATH_SEGMENT, value);
            }
        }
    }
}

/// The running stand-in.
#[derive(Clone, Debug)]
pub struct Kubernetes {
    addr: SocketAddr,
    objects: Arc<Mutex<Objects>>,
    requests: Arc<Mutex<Vec<String>>>,
    stop: CancellationToken,
}

impl Kubernetes {
    /// Serves `objects` on a free port of 127.0.0.1 until [`Kubernetes::stop`].
    ///
    /// # Errors
    /// When no port can be opened.
    pub async fn start(objects: Objects) -> std::io::Result<Self> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let stand_in = Self {
            addr: listener.local_addr()?,
            objects: Arc::new(Mutex::new(objects)),
            requests: Arc::default(),
            stop: CancellationToken::new(),
        };
        let routes = Router::new().route("/{*path}", get(answer)).with_state(stand_in.clone());
        super::serve(listener, routes, stand_in.stop.clone(), "Kubernetes API");
        Ok(stand_in)
    }

    /// Its base address, `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Changes what it serves.
    pub fn change<T>(&self, with: impl FnOnce(&mut Objects) -> T) -> T {
        with(&mut self.objects.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The paths that were asked for, in order.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Stops listening.
    pub fn stop(&self) {
        self.stop.cancel();
    }
}

/// What a path of the API asks for.
#[derive(Debug, PartialEq)]
struct Asked {
    /// `pods`, or `pods/log`.
    resource: String,
    namespace: Option<String>,
    name: Option<String>,
}

/// Splits `api/v1/namespaces/shop/pods/web-1/log` and its like.
fn asked(path: &str) -> Option<Asked> {
    let mut parts = path.trim_matches('/').split('/');
    match parts.next()? {
        "api" => _ = parts.next()?,
        "apis" => _ = (parts.next()?, parts.next()?),
        _ => return None,
    }
    let rest: Vec<&str> = parts.collect();
    let text = |part: &&str| (*part).to_owned();
    let (namespace, rest) = match rest.as_slice() {
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => {
            (Some((*namespace).to_owned()), rest)
        }
        all => (None, all),
    };
    let resource = rest.first().map(text)?;
    match rest.get(2) {
        Some(sub) => Some(Asked {
            resource: format!("{resource}/{sub}"),
            namespace,
            name: rest.get(1).map(text),
        }),
        None => Some(Asked { resource, namespace, name: rest.get(1).map(text) }),
    }
}

async fn answer(
    State(stand_in): State<Kubernetes>,
    Path(path): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response<Body> {
    stand_in.requests.lock().unwrap_or_else(PoisonError::into_inner).push(path.clone());
    if path == "version" && !stand_in.change(|objects| objects.away) {
        return ok(json!({ "major": "1", "minor": "33", "gitVersion": "v1.33.13" }));
    }
    let Some(asked) = asked(&path).filter(|_| path != "version") else {
        if stand_in.change(|objects| objects.away) {
            return away();
        }
        return refused(StatusCode::NOT_FOUND, "NotFound", "the server could not find the page");
    };
    if stand_in.change(|objects| objects.hanging.contains(&asked.resource)) {
        std::future::pending::<()>().await;
    }
    stand_in.change(|objects| served(objects, &asked, &query))
}

fn away() -> Response<Body> {
    refused(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", "the server is away")
}

fn served(objects: &Objects, asked: &Asked, query: &BTreeMap<String, String>) -> Response<Body> {
    let Asked { resource, namespace, name } = asked;
    if objects.away {
        return away();
    }
    if objects.forbidden.contains(resource) {
        let place = namespace.as_deref().unwrap_or("the cluster");
        let message = format!("{resource} is forbidden: cannot read resource in {place}");
        return refused(StatusCode::FORBIDDEN, "Forbidden", &message);
    }
    match (resource.as_str(), name) {
        ("pods/log", Some(pod)) => log(objects, namespace.as_deref().unwrap_or(""), pod, query),
        (_, Some(name)) => one(objects, resource, namespace.as_deref().unwrap_or(""), name),
        (_, None) => list(objects, resource, namespace.as_deref(), query),
    }
}

fn one(objects: &Objects, resource: &str, namespace: &str, name: &str) -> Response<Body> {
    let key = (resource.to_owned(), namespace.to_owned(), name.to_owned());
    match objects.objects.get(&key) {
        Some(object) => ok(object.clone()),
        None => {
            let message = format!("{resource} \"{name}\" not found");
            refused(StatusCode::NOT_FOUND, "NotFound", &message)
        }
    }
}

fn list(
    objects: &Objects,
    resource: &str,
    namespace: Option<&str>,
    query: &BTreeMap<String, String>,
) -> Response<Body> {
    let labels = query.get("labelSelector").map_or("", String::as_str);
    let fields = query.get("fieldSelector").map_or("", String::as_str);
    let matching: Vec<&Value> = objects
        .objects
        .iter()
        .filter(|((of, within, _), _)| of == resource && namespace.is_none_or(|ns| ns == within))
        .map(|(_, object)| object)
        .filter(|object| selected(labels, |key| object["metadata"]["labels"][key].as_str()))
        .filter(|object| selected(fields, |path| at_path(object, path)))
        .collect();
    let from: usize = query.get("continue").and_then(|token| token.parse().ok()).unwrap_or(0);
    let limit: usize =
        query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(usize::MAX);
    let page: Vec<&Value> = matching.iter().skip(from).take(limit).copied().collect();
    let next = from.saturating_add(page.len());
    let token = if next < matching.len() { next.to_string() } else { String::new() };
    ok(json!({
        "kind": "List", "apiVersion": "v1",
        "metadata": { "resourceVersion": "1", "continue": token },
        "items": page,
    }))
}

/// Equality selectors, `a=b,c!=d`, and `a in (b, c)`: what kubectl and kube send for `matchLabels`.
fn selected<'a>(selector: &str, value: impl Fn(&str) -> Option<&'a str>) -> bool {
    terms(selector).iter().all(|term| {
        if let Some((key, set)) = term.split_once(" in ") {
            let set = set.trim().trim_start_matches('(').trim_end_matches(')');
            set.split(',').any(|item| value(key.trim()) == Some(item.trim()))
        } else if let Some((key, unwanted)) = term.split_once("!=") {
            value(key) != Some(unwanted)
        } else if let Some((key, wanted)) = term.split_once('=') {
            value(key) == Some(wanted.trim_start_matches('='))
        } else {
            value(term).is_some()
        }
    })
}

/// Splits at the commas outside parentheses.
fn terms(selector: &str) -> Vec<String> {
    let mut terms = vec![String::new()];
    let mut depth = 0_i32;
    for c in selector.chars() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        match (c, depth, terms.last_mut()) {
            (',', 0, _) => terms.push(String::new()),
            (c, _, Some(term)) => term.push(c),
            _ => {}
        }
    }
    terms.retain(|term| !term.is_empty());
    terms
}

fn at_path<'a>(object: &'a Value, path: &str) -> Option<&'a str> {
    path.split('.').try_fold(object, |value, field| value.get(field))?.as_str()
}

fn log(
    objects: &Objects,
    namespace: &str,
    pod: &str,
    query: &BTreeMap<String, String>,
) -> Response<Body> {
    let container = query.get("container").map_or("", String::as_str);
    let previous = query.get("previous").is_some_and(|value| value == "true");
    let key = (namespace.to_owned(), pod.to_owned(), container.to_owned(), previous);
    let Some(text) = objects.logs.get(&key) else {
        let message = if previous {
            format!("previous terminated container \"{container}\" in pod \"{pod}\" not found")
        } else {
            format!("container \"{container}\" in pod \"{pod}\" is waiting to start")
        };
        return refused(StatusCode::BAD_REQUEST, "BadRequest", &message);
    };
    let tail: usize = query.get("tailLines").and_then(|n| n.parse().ok()).unwrap_or(usize::MAX);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let kept: String = lines[lines.len().saturating_sub(tail)..].concat();
    plain(StatusCode::OK, "text/plain", kept)
}

fn ok(body: Value) -> Response<Body> {
    plain(StatusCode::OK, "application/json", body.to_string())
}

fn refused(status: StatusCode, reason: &str, message: &str) -> Response<Body> {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": status.as_u16(),
    });
    plain(status, "application/json", body.to_string())
}

fn plain(status: StatusCode, content_type: &str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    if let Ok(value) = content_type.parse() {
        response.headers_mut().insert("content-type", value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_api_are_understood() {
        let log = asked("api/v1/namespaces/shop/pods/web-1/log").unwrap();
        assert_eq!(log.resource, "pods/log");
        assert_eq!(log.name.as_deref(), Some("web-1"));
        let list = asked("apis/apps/v1/namespaces/shop/deployments").unwrap();
        assert_eq!((list.resource.as_str(), list.name), ("deployments", None));
        let node = asked("api/v1/nodes/node-7").unwrap();
        assert_eq!((node.namespace, node.name.as_deref()), (None, Some("node-7")));
        let namespace = asked("api/v1/namespaces/shop").unwrap();
        assert_eq!(
            (namespace.resource.as_str(), namespace.name.as_deref()),
            ("namespaces", Some("shop"))
        );
    }

    #[test]
    fn selectors_choose_by_equality_and_by_set() {
        let value = |key: &str| (key == "app").then_some("web");
        assert!(selected("app=web", value));
        assert!(selected("app in (api,web),tier!=db", value));
        assert!(!selected("app=web,tier=front", value));
    }
}
