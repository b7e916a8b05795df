//! The stories, each from a healthy or broken workload to the end of its incident.

mod alerts;
mod figures;
mod hearing;
mod killed;
mod rights;
mod rollout;
mod settings;

use std::pin::Pin;

use crate::lab::House;

/// One story.
pub(crate) struct Story {
    /// What it proves.
    pub(crate) name: &'static str,
    /// What its namespace is called, before the number of the run.
    pub(crate) namespace: &'static str,
    /// Whose token the daemon has.
    pub(crate) account: Account,
    /// What it cannot be told without.
    pub(crate) needs: Needs,
    /// Tells it.
    pub(crate) tell: fn(House) -> Telling,
}

/// A story that is being told.
pub(crate) type Telling = Pin<Box<dyn Future<Output = ()>>>;

/// Whose token the daemon has.
pub(crate) enum Account {
    /// What is shipped: all namespaces, read only.
    Shipped,
    /// A Role in the story's namespace, without its events.
    Namespaced,
}

/// What a story cannot be told without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Any cluster, whose Prometheus scrapes kube-state-metrics.
    Any,
    /// The node, the registry, or the alerts of our own.
    Ours,
}

const fn story(name: &'static str, namespace: &'static str, tell: fn(House) -> Telling) -> Story {
    Story { name, namespace, account: Account::Shipped, needs: Needs::Any, tell }
}

const fn ours(story: Story) -> Story {
    Story { needs: Needs::Ours, ..story }
}

/// The figures, told alone, where they are asked for.
pub(crate) static FIGURES: &[Story] =
    &[story("figures", "figures", |h| Box::pin(figures::figures(h)))];

/// Stories that must wait for as long as the rules that they are about: told only with `FIRSTHAND_SLOW=1`.
pub(crate) static SLOW: [&str; 2] = ["a_lost_end_is_found", "what_crashed_while_nobody_looked"];

/// All stories. Namespaces must differ: alerts find their daemon by them.
pub(crate) static ALL: &[Story] = &[
    story("a_release_that_crashes_is_rolled_back", "shop", |h| Box::pin(rollout::crashing(h))),
    ours(story("a_tag_that_does_not_exist", "kiosk", |h| Box::pin(rollout::bad_tag(h)))),
    story("a_crash_outlives_the_daemon", "bazaar", |h| Box::pin(rollout::daemon_away(h))),
    story("a_migration_that_fails", "library", |h| Box::pin(rollout::migration(h))),
    ours(story("wrong_arguments_and_a_users_own_alert", "depot", |h| {
        Box::pin(settings::arguments(h))
    })),
    story("a_secret_that_is_only_in_another_namespace", "bank", |h| Box::pin(settings::secret(h))),
    story("a_configmap_that_was_changed", "bureau", |h| Box::pin(settings::config_map(h))),
    ours(story("killed_with_137_by_three_hands", "mill", |h| Box::pin(killed::three_ways(h)))),
    story("pods_deleted_by_hand_keep_their_evidence", "attic", |h| Box::pin(killed::by_hand(h))),
    ours(story("readiness_on_the_wrong_port", "gate", |h| Box::pin(alerts::wrong_port(h)))),
    ours(story("an_alert_on_a_healthy_workload", "calm", |h| Box::pin(alerts::healthy(h)))),
    ours(story("silences_hold_and_a_reload_is_safe", "quiet", |h| Box::pin(hearing::silenced(h)))),
    ours(story("a_lost_end_is_found", "theatre", |h| Box::pin(hearing::lost_end(h)))),
    story("what_crashed_while_nobody_looked", "nursery", |h| Box::pin(hearing::caught_up(h))),
    story("alerts_of_another_cluster", "embassy", |h| Box::pin(hearing::two_clusters(h))),
    story("what_flux_applies_is_suspended_first", "garden", |h| Box::pin(hearing::flux(h))),
    Story {
        account: Account::Namespaced,
        ..story("what_is_forbidden_is_named", "cell", |h| Box::pin(rights::forbidden(h)))
    },
];
