//! Many at once: one message that names them all, and nobody forgotten.

use firsthand::brief::{Context, slack};
use firsthand::incident::{Reply, Severity, State};

use crate::house::{House, node_lost, workloads};

#[test]
fn five_at_once_are_told_one_by_one() {
    let mut house = House::new();
    for object in workloads(5) {
        house.fails(&object, None);
        house.alert(&object, true);
    }
    house.pass(60);
    assert_eq!(house.messages().len(), 5);
    assert!(house.parents().is_empty());
}

#[test]
fn fifty_at_once_are_one_digest_that_names_them_all() {
    let mut house = House::new();
    let all = workloads(50);
    for object in &all {
        house.fails(object, None);
        house.alert(object, true);
    }
    house.pass(90);
    let parents = house.parents();
    assert_eq!((parents.len(), house.messages().len()), (1, 1));
    let named = house.named(&parents[0].id);
    assert!(all.iter().all(|object| named.contains(&object.name)), "{named:?}");
    assert_eq!(parents[0].severity, Severity::Sev1, "{}", parents[0].severity_reason);
}

#[test]
fn a_thousand_owners_make_at_most_ten_sounds_and_every_one_is_named() {
    let mut house = House::new();
    let all = workloads(1000);
    for chunk in all.chunks(20) {
        for object in chunk {
            house.fails(object, None);
            house.alert(object, true);
        }
        house.pass(1);
    }
    house.pass(300);
    assert!(house.sounds() <= 10, "{} sounds", house.sounds());
    let parent = house.parents()[0].id.clone();
    assert_eq!(house.named(&parent).len(), 1000);
    let context = Context::at(house.now);
    let text: String = house
        .replies(&parent)
        .map(|reply| {
            let message = slack::reply(reply, &house.incidents[&parent], &context);
            serde_json::to_string(&message.blocks).expect("json")
        })
        .collect();
    assert!(all.iter().all(|object| text.contains(&object.name)), "a name was cut off");
}

#[test]
fn what_shares_a_cause_gets_one_parent_and_late_joiners_join_quietly() {
    let mut house = House::new();
    let all = workloads(5);
    // One every two minutes: no crowd, and each is told on its own at first.
    for object in &all[..3] {
        house.fails(object, node_lost("node-7"));
        house.alert(object, true);
        house.pass(120);
    }
    let parent = house.parents()[0].clone();
    let shared = parent.storm.as_ref().and_then(|storm| storm.shared.clone()).expect("a cause");
    assert_eq!((shared.what.as_str(), shared.members), ("Node node-7", 3));
    assert_eq!(parent.state, State::Identified);
    let sounds = house.sounds();
    for object in &all[3..] {
        house.fails(object, node_lost("node-7"));
        house.alert(object, true);
        house.pass(120);
        assert!(house.of(object).told.is_empty(), "the parent speaks for it");
    }
    let listed = house.replies(&parent.id).filter(|r| matches!(r, Reply::Members { .. })).count();
    assert!(house.sounds() - sounds <= 2, "only their names: {listed}");
    assert_eq!(house.named(&parent.id).len(), 5);
}

#[test]
fn a_parent_ends_with_its_last_member_and_not_before() {
    let mut house = House::new();
    let all = workloads(8);
    for object in &all {
        house.fails(object, node_lost("node-7"));
        house.alert(object, true);
    }
    house.pass(60);
    let parent = house.parents()[0].id.clone();
    for object in &all[1..] {
        house.heals(object);
        house.alert(object, false);
    }
    house.pass(1800);
    assert!(house.incidents[&parent].state.is_open(), "one still fails");
    house.heals(&all[0]);
    house.alert(&all[0], false);
    house.pass(1800);
    let ended = &house.incidents[&parent];
    let closed = ended.closed.clone().expect("an end");
    assert_eq!((ended.state, closed.how.as_str()), (State::Resolved, "recovered"));
    assert!(house.replies(&parent).any(|reply| matches!(reply, Reply::Resolved { .. })));
    assert_eq!(house.messages().len(), 1, "nobody was told of a member alone");
}

#[test]
fn the_few_that_outlive_a_storm_are_told_on_their_own_and_it_is_not_called_recovered() {
    let mut house = House::new();
    let all = workloads(8);
    for object in &all {
        house.fails(object, None);
        house.alert(object, true);
    }
    house.pass(60);
    let parent = house.parents()[0].id.clone();
    for object in &all[2..] {
        house.heals(object);
        house.alert(object, false);
    }
    house.pass(1800);
    let closed = house.incidents[&parent].closed.clone().expect("an end");
    assert_eq!(closed.how, "followed one by one");
    for object in &all[..2] {
        let left = house.of(object);
        assert!(left.state.is_open() && left.told.contains("ops") && left.parent.is_none());
        assert!(house.replies(&left.id).any(|reply| matches!(reply, Reply::Evidence { .. })));
    }
    assert_eq!(house.messages().len(), 3);
}

#[test]
fn a_restart_in_the_middle_of_a_storm_changes_nothing() {
    let (mut house, mut restarted) = (House::new(), House::new());
    for (house, restarts) in [(&mut house, false), (&mut restarted, true)] {
        let all = workloads(30);
        for (i, object) in all.iter().enumerate() {
            house.fails(object, None);
            house.alert(object, true);
            if restarts && i % 7 == 0 {
                house.restarts();
            }
        }
        house.pass(100);
    }
    let counts = |house: &House| (house.parents().len(), house.messages().len(), house.sounds());
    assert_eq!(counts(&house), counts(&restarted));
    let parent = restarted.parents()[0].id.clone();
    assert_eq!(restarted.named(&parent).len(), 30);
}
