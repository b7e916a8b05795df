//! Who hears of an incident: the route tree, with Alertmanager's shape and meaning.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::matcher::Matchers;

/// One node of the route tree.
///
/// A node takes what all its matchers match; the root takes everything. Its children are asked in
/// order: the first that takes it ends the search unless it says `continue: true`, and what no child
/// takes is the node's own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Route {
    /// The receiver's name; a child without one has its parent's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receiver: Option<String>,
    /// All of these must match: `namespace="payments"`, `sev=~"SEV1|SEV2"`. None: everything matches.
    #[schemars(with = "Vec<String>")]
    pub matchers: Matchers,
    /// Whether the next sibling is asked as well.
    #[serde(rename = "continue")]
    pub continues: bool,
    /// The children, asked in order.
    pub routes: Vec<Route>,
}

impl Route {
    /// The receivers for something with these labels, each once, in the order of the tree.
    ///
    /// Called on the root, whose own matchers are not asked. A label that is not there equals `""`.
    pub fn receivers<'a>(&'a self, labels: &BTreeMap<String, String>) -> Vec<&'a str> {
        let mut found = Vec::new();
        self.descend(labels, None, &mut found);
        found
    }

    /// Every receiver named in the tree, in order, with repeats.
    pub fn named(&self) -> impl Iterator<Item = &str> {
        let mut open = vec![self];
        std::iter::from_fn(move || {
            let route = open.pop()?;
            open.extend(route.routes.iter().rev());
            Some(route)
        })
        .filter_map(|route| route.receiver.as_deref())
    }

    fn descend<'a>(
        &'a self,
        labels: &BTreeMap<String, String>,
        inherited: Option<&'a str>,
        found: &mut Vec<&'a str>,
    ) {
        let receiver = self.receiver.as_deref().or(inherited);
        let mut taken = false;
        for child in self.routes.iter().filter(|child| child.matchers.match_all(labels)) {
            taken = true;
            child.descend(labels, receiver, found);
            if !child.continues {
                break;
            }
        }
        if let Some(receiver) = receiver.filter(|_| !taken)
            && !found.contains(&receiver)
        {
            found.push(receiver);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(json: &str) -> Route {
        serde_json::from_str(json).expect("a route tree")
    }

    fn who(route: &Route, labels: &[(&str, &str)]) -> String {
        let labels = labels.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        route.receivers(&labels).join(" ")
    }

    #[test]
    fn children_come_before_the_parent_and_the_first_match_wins() {
        let route = tree(
            r#"{"receiver":"all","routes":[
                {"matchers":["namespace=\"payments\""],"receiver":"pay"},
                {"matchers":["sev=~\"SEV1|SEV2\""],"receiver":"pager"}]}"#,
        );
        assert_eq!(who(&route, &[("namespace", "payments"), ("sev", "SEV1")]), "pay");
        assert_eq!(who(&route, &[("namespace", "shop"), ("sev", "SEV2")]), "pager");
        assert_eq!(who(&route, &[("namespace", "shop"), ("sev", "SEV3")]), "all");
    }

    #[test]
    fn continue_asks_the_next_sibling_and_then_not_the_parent() {
        let route = tree(
            r#"{"receiver":"oncall","routes":[
                {"matchers":["namespace=\"payments\""],"receiver":"tickets","continue":true},
                {"matchers":["sev=\"SEV1\""],"receiver":"pager"}]}"#,
        );
        assert_eq!(who(&route, &[("namespace", "payments"), ("sev", "SEV1")]), "tickets pager");
        assert_eq!(who(&route, &[("namespace", "payments")]), "tickets");
        assert_eq!(who(&route, &[]), "oncall");
    }

    #[test]
    fn a_child_without_a_receiver_has_its_parents_and_nobody_hears_twice() {
        let route = tree(
            r#"{"receiver":"root","routes":[
                {"matchers":["team=\"a\""],"receiver":"a","routes":[{"matchers":["x=\"1\""]}]},
                {"matchers":["y=\"1\""],"continue":true},
                {"matchers":["z=\"1\""]}]}"#,
        );
        assert_eq!(who(&route, &[("team", "a"), ("x", "1")]), "a");
        assert_eq!(who(&route, &[("y", "1"), ("z", "1")]), "root");
        assert_eq!(route.named().collect::<Vec<_>>(), ["root", "a"]);
    }

    #[test]
    fn a_missing_label_is_an_empty_one() {
        let route = tree(
            r#"{"receiver":"root","routes":[{"matchers":["team=\"\""],"receiver":"orphans"}]}"#,
        );
        assert_eq!(who(&route, &[]), "orphans");
        assert_eq!(who(&route, &[("team", "a")]), "root");
    }

    #[test]
    fn the_roots_own_matchers_are_not_asked() {
        let route = tree(r#"{"receiver":"root","matchers":["a=\"b\""]}"#);
        assert_eq!(who(&route, &[]), "root");
    }
}
