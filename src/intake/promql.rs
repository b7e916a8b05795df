//! The text of the queries. Every answer is bounded by what moved, not by the size of the cluster.

use super::PrometheusSettings;

/// What names a container.
const BY: &str = "namespace, pod, uid, container";

/// The queries of one poll: evaluated at its time, compared with times `seconds` before it.
#[derive(Debug)]
pub(super) struct Promql<'a> {
    settings: &'a PrometheusSettings,
}

impl<'a> Promql<'a> {
    pub(super) fn new(settings: &'a PrometheusSettings) -> Self {
        Self { settings }
    }

    /// How many restart counters there are at all: none means that nobody looks at the pods.
    pub(super) fn present(&self) -> String {
        format!("count({})", self.selector(&self.settings.queries.restarts))
    }

    /// For the counters that moved, as of `at` (seconds since 1970): what they are at each step of a range.
    pub(super) fn history(&self, compared: i64, at: i64) -> String {
        let selector = self.selector(&self.settings.queries.restarts);
        let fixed = |ago: i64| {
            let then = format!("{selector} @ {}", at - ago);
            by("max", BY, &format!("({then} > 0)"))
        };
        let (all, now, then) = (self.restarts_or_zero(0), fixed(0), fixed(compared));
        format!("{all} and on ({BY}) ({now} unless on ({BY}) ({now} == on ({BY}) {then}))")
    }

    /// Counters that are not what they were `compared` seconds ago. A counter that did not exist then
    /// and is above zero is among them: a new pod's first restarts, which `increase()` cannot see.
    pub(super) fn moved(&self, compared: i64) -> String {
        let now = self.restarts(0);
        let then = self.restarts(compared);
        format!("{now} unless on ({BY}) ({now} == on ({BY}) {then})")
    }

    /// For the counters that moved: what they were `compared` seconds ago, or, where they were absent
    /// then, `polled` seconds ago (a kube-state-metrics that restarts leaves a gap).
    pub(super) fn base(&self, compared: i64, polled: i64) -> String {
        let (then, later) = (self.restarts_or_zero(compared), self.restarts_or_zero(polled));
        format!("({then} or on ({BY}) {later}) and on ({BY}) ({})", self.moved(compared))
    }

    /// For the pods of counters that moved: when they were created.
    pub(super) fn created(&self, compared: i64) -> String {
        let created = self.selector(&self.settings.queries.created);
        let created = by("min", "namespace, pod, uid", &created);
        format!("{created} and on (namespace, pod, uid) ({})", self.moved(compared))
    }

    /// For the counters that moved: why the last run ended, one series per `reason`.
    pub(super) fn reasons(&self, compared: i64) -> String {
        let reasons = format!("{} == 1", self.selector(&self.settings.queries.terminated_reason));
        let reasons = by("max", &format!("{BY}, reason"), &reasons);
        format!("{reasons} and on ({BY}) ({})", self.moved(compared))
    }

    /// For the counters that moved: the exit code of the last run.
    pub(super) fn exit_codes(&self, compared: i64) -> String {
        let codes = self.selector(&self.settings.queries.terminated_exit_code);
        format!("{} and on ({BY}) ({})", by("max", BY, &codes), self.moved(compared))
    }

    /// Containers that wait for a bad reason now, or did at any scrape of the last `since` seconds: a
    /// short CrashLoopBackOff falls between two polls.
    pub(super) fn waiting(&self, since: i64) -> String {
        let selector = self.selector(&self.settings.queries.waiting);
        let seen = format!("(max_over_time({selector}[{since}s]) == 1 or {selector} == 1)");
        by("max", &format!("{BY}, reason"), &seen)
    }

    /// A metric of kube-state-metrics `ago` seconds ago, one series for each object that `labels` name.
    pub(super) fn of(&self, metric: &str, labels: &str, ago: i64) -> String {
        let selector = self.selector(metric);
        let then = if ago == 0 { selector } else { format!("{selector} offset {ago}s") };
        by("max", labels, &then)
    }

    /// Counters above zero, `ago` seconds ago.
    fn restarts(&self, ago: i64) -> String {
        by("max", BY, &format!("({} > 0)", self.restarts_at(ago)))
    }

    fn restarts_or_zero(&self, ago: i64) -> String {
        by("max", BY, &self.restarts_at(ago))
    }

    fn restarts_at(&self, ago: i64) -> String {
        let selector = self.selector(&self.settings.queries.restarts);
        if ago == 0 { selector } else { format!("{selector} offset {ago}s") }
    }

    /// The selector with the matchers of the settings added.
    fn selector(&self, selector: &str) -> String {
        let matchers = self.settings.matchers.join(",");
        let selector = selector.trim();
        if matchers.is_empty() {
            return selector.to_owned();
        }
        match selector.strip_suffix('}') {
            None => format!("{selector}{{{matchers}}}"),
            Some(open) if open.trim_end().ends_with(['{', ',']) => format!("{open}{matchers}}}"),
            Some(open) => format!("{open},{matchers}}}"),
        }
    }
}

/// Aggregates to one series per object, whatever else the series carry: two kube-state-metrics make
/// two of each. Where Prometheus renamed the object's labels (`exported_pod`, no `honorLabels`), they
/// take their names back first.
fn by(how: &str, labels: &str, vector: &str) -> String {
    let mut vector = vector.to_owned();
    for label in ["namespace", "pod", "container", "node"] {
        vector =
            format!("label_replace({vector}, \"{label}\", \"$1\", \"exported_{label}\", \"(.+)\")");
    }
    format!("{how} by ({labels}) ({vector})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matchers_go_into_every_form_of_selector() {
        let settings = PrometheusSettings {
            matchers: vec!["cluster=\"a\"".to_owned(), "region=\"b\"".to_owned()],
            ..PrometheusSettings::default()
        };
        let promql = Promql::new(&settings);
        for (given, wanted) in [
            ("up", "up{cluster=\"a\",region=\"b\"}"),
            ("up{}", "up{cluster=\"a\",region=\"b\"}"),
            ("up{x=\"1\"}", "up{x=\"1\",cluster=\"a\",region=\"b\"}"),
            ("{x=\"1\",}", "{x=\"1\",cluster=\"a\",region=\"b\"}"),
        ] {
            assert_eq!(promql.selector(given), wanted);
        }
    }
}
