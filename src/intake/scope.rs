//! Which namespaces are watched at all.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::incident::{Signal, glob};

/// Which namespaces are watched. A name, or a pattern with `*` for any letters. What is about no namespace,
/// such as a node, is always heard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Namespaces {
    /// Only these. Empty: all.
    pub include: Vec<String>,
    /// Not these, even where they are included.
    pub exclude: Vec<String>,
}

impl Namespaces {
    /// Whether signals about that namespace are heard.
    pub fn wants(&self, namespace: &str) -> bool {
        let among = |list: &[String]| list.iter().any(|pattern| glob(pattern, namespace));
        namespace.is_empty()
            || (self.include.is_empty() || among(&self.include)) && !among(&self.exclude)
    }

    /// Takes out the signals about namespaces that are not watched. Returns how many.
    pub fn keep_wanted(&self, signals: &mut Vec<Signal>) -> usize {
        let all = signals.len();
        signals.retain(|signal| {
            signal.subject.object.as_ref().is_none_or(|object| self.wants(&object.namespace))
        });
        all - signals.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, name, wanted) in [
            ("shop", "shop", true),
            ("shop", "shop-eu", false),
            ("shop*", "shop-eu", true),
            ("kube-*", "my-kube-system", false),
            ("*-preview", "shop-preview", true),
            ("pr-*-shop", "pr-17-shop", true),
            ("pr-*-shop", "pr-shop", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*", "anything", true),
        ] {
            assert_eq!(glob(pattern, name), wanted, "{pattern} and {name}");
        }
    }

    #[test]
    fn exclusion_overrules_inclusion_and_nodes_are_always_heard() {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let watched = Namespaces { include: list(&["shop*"]), exclude: list(&["shop-preview-*"]) };
        assert!(watched.wants("shop"));
        assert!(!watched.wants("shop-preview-7"));
        assert!(!watched.wants("bank"));
        assert!(watched.wants(""));
    }
}
