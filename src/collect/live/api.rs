//! Paths of the Kubernetes API, and why a call was refused in words for the operator.

use std::fmt::Write as _;

use k8s_openapi::{ListableResource, NamespaceResourceScope, Resource};

/// A collection of the API: `/apis/apps/v1/namespaces/shop/deployments`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    path: String,
    /// `deployments in namespace shop`, for people.
    pub(super) words: String,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The API server says that it is not there.
    NotFound,
    /// The list's continuation has expired; it must begin anew.
    Expired,
    /// The API server does not understand or cannot do it now; its own words.
    Bad(String),
    /// Anything else, in words.
    Other(String),
}

impl Refusal {
    pub(super) fn words(self) -> String {
        match self {
            Self::NotFound => "not found".into(),
            Self::Expired => "the list changed faster than it could be read".into(),
            Self::Bad(why) | Self::Other(why) => why,
        }
    }

    /// From the API client's error about something called `what`.
    pub(super) fn of(error: &kube::Error, what: &str) -> Self {
        let kube::Error::Api(status) = error else { return Self::Other(unreachable_words(error)) };
        match status.code {
            404 => Self::NotFound,
            410 => Self::Expired,
            401 => Self::Other("the API server does not accept our credentials (401)".into()),
            403 => Self::Other(format!("forbidden: {what}")),
            400 => Self::Bad(short(&status.message)),
            code => {
                Self::Other(format!("the API server answered {code}: {}", short(&status.message)))
            }
        }
    }
}

/// The innermost cause: the outer ones only say that something failed, and for which address.
fn unreachable_words(error: &kube::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    format!("cannot reach the API server: {}", short(&cause.to_string()))
}

fn short(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(200).collect()
}

impl Place {
    /// Where the objects of this kind are, in a namespace.
    pub(super) fn within<T>(namespace: &str) -> Option<Self>
    where
        T: Resource<Scope = NamespaceResourceScope> + ListableResource,
    {
        is_name(namespace).then(|| {
            let plural = T::URL_PATH_SEGMENT;
            Self {
                path: format!("{}/namespaces/{namespace}/{plural}", root(T::API_VERSION)),
                words: format!("{plural} in namespace {namespace}"),
            }
        })
    }

    /// Where the nodes are.
    pub(super) fn nodes() -> Self {
        Self { path: "/api/v1/nodes".into(), words: "nodes".into() }
    }

    /// Where the namespaces are.
    pub(super) fn namespaces() -> Self {
        Self { path: "/api/v1/namespaces".into(), words: "namespaces".into() }
    }

    /// One object of it; nothing where that is no name, as may come from an alert's labels.
    pub(super) fn object(&self, name: &str) -> Option<String> {
        is_name(name).then(|| format!("{}/{name}", self.path))
    }

    /// A page of the list.
    pub(super) fn page(&self, query: &[(&str, &str)]) -> String {
        with_query(self.path.clone(), query)
    }
}

/// The log of a container.
pub(super) fn log_path(namespace: &str, pod: &str, query: &[(&str, &str)]) -> Option<String> {
    let path = format!("/api/v1/namespaces/{namespace}/pods/{pod}/log");
    (is_name(namespace) && is_name(pod)).then(|| with_query(path, query))
}

fn root(version: &str) -> String {
    match version.contains('/') {
        true => format!("/apis/{version}"),
        false => format!("/api/{version}"),
    }
}

fn is_name(name: &str) -> bool {
    let valid = |b: u8| b.is_ascii_alphanumeric() || b"-.:_".contains(&b);
    !name.is_empty() && name.len() <= 253 && name.bytes().all(valid) && !name.starts_with('.')
}

fn with_query(mut path: String, query: &[(&str, &str)]) -> String {
    for (at, (name, value)) in query.iter().enumerate() {
        path.push(if at == 0 { '?' } else { '&' });
        path.push_str(name);
        path.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                path.push(char::from(byte));
            } else {
                // Writing into a String cannot fail.
                _ = write!(path, "%{byte:02X}");
            }
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::apps::v1::Deployment;
    use k8s_openapi::api::core::v1::Pod;

    use super::*;

    #[test]
    fn paths_are_those_of_the_api() {
        let pods = Place::within::<Pod>("shop").unwrap();
        assert_eq!(
            pods.page(&[("limit", "500"), ("labelSelector", "app in (a,b)")]),
            "/api/v1/namespaces/shop/pods?limit=500&labelSelector=app%20in%20%28a%2Cb%29"
        );
        let deployments = Place::within::<Deployment>("shop").unwrap();
        assert_eq!(
            deployments.object("web").as_deref(),
            Some("/apis/apps/v1/namespaces/shop/deployments/web")
        );
    }

    #[test]
    fn what_is_no_name_is_not_asked_for() {
        assert_eq!(Place::within::<Pod>("../secrets"), None);
        assert_eq!(Place::nodes().object(".."), None);
        assert_eq!(log_path("shop", "web/../../secrets/x", &[]), None);
    }
}
