//! The stories, each from a healthy or broken workload to the end of its incident.

mod alerts;
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

const fn story(name: &'static str, namespace: &'static str, tell: fn(House) -> Telling) -> Story {
    Story { name, namespace, account: Account::Shipped, tell }
}

/// All stories. Namespaces must differ: alerts find their daemon by them.
pub(crate) static ALL: &[Story] = &[
    story("a_release_that_crashes_is_rolled_back", "shop", |h| Box::pin(rollout::crashing(h))),
    story("a_tag_that_does_not_exist", "kiosk", |h| Box::pin(rollout::bad_tag(h))),
    story("a_crash_outlives_the_daemon", "bazaar", |h| Box::pin(rollout::daemon_away(h))),
    story("wrong_arguments_and_a_users_own_alert", "depot", |h| Box::pin(settings::arguments(h))),
    story("a_secret_that_is_only_in_another_namespace", "bank", |h| Box::pin(settings::secret(h))),
    story("killed_with_137_by_three_hands", "mill", |h| Box::pin(killed::three_ways(h))),
    story("pods_deleted_by_hand_keep_their_evidence", "attic", |h| Box::pin(killed::by_hand(h))),
    story("readiness_on_the_wrong_port", "gate", |h| Box::pin(alerts::wrong_port(h))),
    story("an_alert_on_a_healthy_workload", "calm", |h| Box::pin(alerts::healthy(h))),
    Story {
        account: Account::Namespaced,
        ..story("what_is_forbidden_is_named", "cell", |h| Box::pin(rights::forbidden(h)))
    },
];
