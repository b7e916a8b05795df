//! Who hears of an incident: the route tree, with Alertmanager's shape and meaning.

mod mention;
mod schedule;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::matcher::Matchers;
use super::{Incident, Severity};
pub use mention::Mention;
pub use schedule::{Interval, Named, Schedule};

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
    /// Whom a Slack message mentions, by severity: `{ SEV1: [S0123456789, here] }`. Ids of users (`U…`,
    /// `W…`) and of user groups (`S…`), `here`, `channel`. A child without any has its parent's.
    pub mentions: BTreeMap<Severity, Vec<Mention>>,
    /// Names of `time_intervals`: outside all of them nobody is told for the first time by this route;
    /// whoever is open then is told once one of them begins. Not handed down to children.
    pub active_time_intervals: Vec<String>,
    /// Names of `time_intervals`: the same, within any of them.
    pub mute_time_intervals: Vec<String>,
    /// The children, asked in order.
    pub routes: Vec<Route>,
}

/// A route that takes something, with what it has from its parents.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit<'a> {
    /// The node.
    pub route: &'a Route,
    /// Who hears.
    pub receiver: &'a str,
    /// Whom a message mentions.
    pub mentions: &'a BTreeMap<Severity, Vec<Mention>>,
}

/// One node that the search came by.
#[derive(Clone, Debug, PartialEq)]
pub struct Step<'a> {
    /// Where it stands in the settings: `route.routes[0]`.
    pub path: String,
    /// How deep: the root is 0.
    pub depth: usize,
    /// The node.
    pub route: &'a Route,
    /// What became of it.
    pub verdict: Verdict,
}

/// What became of a node in a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It takes it, and hands it on to its children.
    Passes,
    /// It takes it, and this receiver hears.
    Tells(String),
    /// This matcher does not match.
    Refuses(String),
    /// An earlier sibling took it.
    NotAsked,
}

/// What the search hands down the tree.
#[derive(Clone, Copy)]
struct Inherited<'a> {
    receiver: Option<&'a str>,
    mentions: &'a BTreeMap<Severity, Vec<Mention>>,
}

impl Route {
    /// The receivers for something with these labels, each once, in the order of the tree.
    ///
    /// Called on the root, whose own matchers are not asked. A label that is not there equals `""`.
    pub fn receivers<'a>(&'a self, labels: &BTreeMap<String, String>) -> Vec<&'a str> {
        once(self.hits(labels).iter().map(|hit| hit.receiver))
    }

    /// Who of them may be told for the first time at this moment.
    pub fn told_now<'a>(
        &'a self,
        labels: &BTreeMap<String, String>,
        schedule: &Schedule,
        now: Timestamp,
    ) -> Vec<&'a str> {
        let hits = self.hits(labels);
        once(hits.iter().filter(|hit| !schedule.mutes(hit.route, now)).map(|hit| hit.receiver))
    }

    /// The nodes that take something with these labels, in the order of the tree.
    pub fn hits<'a>(&'a self, labels: &BTreeMap<String, String>) -> Vec<Hit<'a>> {
        let mut found = Vec::new();
        self.descend(labels, Inherited { receiver: None, mentions: &self.mentions }, &mut found);
        found
    }

    /// Whom a message about this incident to this receiver mentions, as Slack writes it.
    pub fn mentions(&self, incident: &Incident, receiver: &str) -> Vec<String> {
        let hits = self.hits(&incident.labels());
        let all = hits.iter().filter(|hit| hit.receiver == receiver);
        let named = all.filter_map(|hit| hit.mentions.get(&incident.severity)).flatten();
        let mut seen = BTreeSet::new();
        named.map(Mention::written).filter(|text| seen.insert(text.clone())).collect()
    }

    /// The way of something with these labels through the tree: every node that was asked, and every
    /// sibling that no longer was.
    pub fn steps<'a>(&'a self, labels: &BTreeMap<String, String>) -> Vec<Step<'a>> {
        let mut steps = Vec::new();
        self.step(labels, None, ("route".to_owned(), 0), &mut steps);
        steps
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
        above: Inherited<'a>,
        found: &mut Vec<Hit<'a>>,
    ) {
        let own = Inherited {
            receiver: self.receiver.as_deref().or(above.receiver),
            mentions: if self.mentions.is_empty() { above.mentions } else { &self.mentions },
        };
        let mut taken = false;
        for child in self.routes.iter().filter(|child| child.matchers.match_all(labels)) {
            taken = true;
            child.descend(labels, own, found);
            if !child.continues {
                break;
            }
        }
        if let Some(receiver) = own.receiver.filter(|_| !taken) {
            found.push(Hit { route: self, receiver, mentions: own.mentions });
        }
    }

    fn step<'a>(
        &'a self,
        labels: &BTreeMap<String, String>,
        inherited: Option<&'a str>,
        (path, depth): (String, usize),
        steps: &mut Vec<Step<'a>>,
    ) {
        let receiver = self.receiver.as_deref().or(inherited);
        let here = steps.len();
        steps.push(Step { path: path.clone(), depth, route: self, verdict: Verdict::Passes });
        let (mut taken, mut over) = (false, false);
        for (index, child) in self.routes.iter().enumerate() {
            let path = format!("{path}.routes[{index}]");
            let verdict = match child.matchers.refusal(labels) {
                _ if over => Verdict::NotAsked,
                Some(matcher) => Verdict::Refuses(matcher),
                None => {
                    child.step(labels, receiver, (path, depth + 1), steps);
                    (taken, over) = (true, !child.continues);
                    continue;
                }
            };
            steps.push(Step { path, depth: depth + 1, route: child, verdict });
        }
        if let Some(receiver) = receiver.filter(|_| !taken) {
            steps[here].verdict = Verdict::Tells(receiver.to_owned());
        }
    }
}

fn once<'a>(receivers: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = BTreeSet::new();
    receivers.filter(|receiver| seen.insert(*receiver)).collect()
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

    #[test]
    fn outside_its_hours_a_route_tells_nobody_new() {
        let route = tree(
            r#"{"receiver":"all","routes":[
                {"matchers":["team=\"a\""],"receiver":"a","active_time_intervals":["office"]},
                {"matchers":["team=\"b\""],"receiver":"b","mute_time_intervals":["office"]}]}"#,
        );
        let office: Vec<Named> = serde_json::from_str(
            r#"[{"name":"office","time_intervals":[{"weekdays":["monday:friday"],
                "times":[{"start_time":"09:00","end_time":"17:00"}],"location":"Europe/Berlin"}]}]"#,
        )
        .expect("intervals");
        let schedule = Schedule(office);
        let told = |team: &str, at: &str| {
            let labels = BTreeMap::from([("team".to_owned(), team.to_owned())]);
            route.told_now(&labels, &schedule, at.parse().expect("a time")).join(" ")
        };
        // 09:00 in Berlin is 07:00 UTC in summer and 08:00 in winter.
        assert_eq!(told("a", "2026-07-15T07:00:00Z"), "a");
        assert_eq!(told("a", "2026-12-16T07:30:00Z"), "");
        assert_eq!(told("a", "2026-07-18T10:00:00Z"), "");
        assert_eq!(told("b", "2026-07-15T07:00:00Z"), "");
        assert_eq!(told("b", "2026-07-15T15:00:00Z"), "b");
        assert_eq!(told("c", "2026-07-18T10:00:00Z"), "all");
    }

    #[test]
    fn mentions_are_the_nearest_and_by_severity() {
        let route = tree(
            r#"{"receiver":"all","mentions":{"SEV1":["here"]},"routes":[
                {"matchers":["workload=\"web\""],"receiver":"a","mentions":{"SEV1":["U0123ABCD","S0123ABCD"]}},
                {"matchers":["workload=\"db\""],"receiver":"b"}]}"#,
        );
        let incident = |name: &str, severity| {
            let object = crate::diagnosis::ObjectRef::new("Deployment", "shop", name);
            let subject = crate::incident::Subject {
                cluster: "c".to_owned(),
                object: Some(object),
                group: String::new(),
            };
            let mut incident = Incident::open("FH-1", subject, Timestamp::UNIX_EPOCH);
            incident.severity = severity;
            incident
        };
        let web = incident("web", Severity::Sev1);
        assert_eq!(route.mentions(&web, "a"), ["<@U0123ABCD>", "<!subteam^S0123ABCD>"]);
        assert_eq!(route.mentions(&web, "all"), [""; 0]);
        assert_eq!(route.mentions(&incident("db", Severity::Sev1), "b"), ["<!here>"]);
        assert_eq!(route.mentions(&incident("db", Severity::Sev2), "b"), [""; 0]);
        assert!(serde_json::from_str::<Mention>("\"@everyone\"").is_err());
    }

    #[test]
    fn the_way_through_the_tree_says_why() {
        let route = tree(
            r#"{"receiver":"all","routes":[
                {"matchers":["team=\"a\""],"receiver":"a"},
                {"matchers":["sev=~\"SEV1|SEV2\""],"receiver":"pager","routes":[{"matchers":["x=\"1\""]}]},
                {"receiver":"rest"}]}"#,
        );
        let labels = BTreeMap::from([("sev".to_owned(), "SEV2".to_owned())]);
        let told: Vec<String> =
            route.steps(&labels).iter().map(|s| format!("{} {:?}", s.path, s.verdict)).collect();
        assert_eq!(
            told,
            [
                "route Passes",
                r#"route.routes[0] Refuses("team=\"a\"")"#,
                r#"route.routes[1] Tells("pager")"#,
                r#"route.routes[1].routes[0] Refuses("x=\"1\"")"#,
                "route.routes[2] NotAsked",
            ]
        );
    }
}
