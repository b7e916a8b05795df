//! How an object of the cluster is named: kind, namespace, name.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One object of the cluster. `namespace` is empty for objects that have none (nodes).
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct ObjectRef {
    /// The kind as Kubernetes writes it: `Deployment`, `Pod`, `Node`.
    pub kind: Kind,
    /// The namespace; empty for cluster-scoped objects.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl ObjectRef {
    /// Names an object of a namespace, or of the cluster with an empty `namespace`.
    pub fn new(
        kind: impl Into<Kind>,
        namespace: impl Into<String>,
        name: impl Into<String>,
    ) -> Self {
        Self { kind: kind.into(), namespace: namespace.into(), name: name.into() }
    }

    /// `deployment/checkout`, as kubectl takes it.
    pub fn kubectl(&self) -> String {
        format!("{}/{}", self.kind.as_str().to_ascii_lowercase(), self.name)
    }
}

impl fmt::Display for ObjectRef {
    /// `Deployment shop/checkout`, or `Node node-7`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{} {}", self.kind.as_str(), self.name)
        } else {
            write!(f, "{} {}/{}", self.kind.as_str(), self.namespace, self.name)
        }
    }
}

/// A kind of the Kubernetes API, or of a custom resource. Free text, because owners may be anything.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Kind(String);

impl Kind {
    /// The kind as Kubernetes writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for Kind {
    fn from(kind: T) -> Self {
        Self(kind.into())
    }
}

impl PartialEq<str> for Kind {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Kind {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}
