//! Random lives of a handful of workloads, against what must hold in every one of them.

use std::collections::BTreeSet;

use firsthand::brief::{Context, OnCall, Stakeholders};
use firsthand::diagnosis::ObjectRef;
use firsthand::incident::storm::Fate;
use firsthand::incident::{Audience, Say, State};

use crate::house::{House, node_lost, workloads};

/// Lives in one run; `FIRSTHAND_LIVES` sets another number.
const LIVES: u64 = 2_000;
/// Things that happen in one life.
const STEPS: usize = 24;
/// Workloads in one life: enough for a storm and for those that are left when it is over.
const WORKLOADS: usize = 9;

#[test]
fn no_random_life_breaks_a_promise() {
    let lives = std::env::var("FIRSTHAND_LIVES").ok().and_then(|n| n.parse().ok()).unwrap_or(LIVES);
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    std::thread::scope(|scope| {
        for first in 0..threads {
            scope.spawn(move || (first..lives).step_by(threads as usize).for_each(live));
        }
    });
}

/// One life: what happens is drawn from its seed, so that a broken promise can be lived again.
fn live(seed: u64) {
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut house = House::new();
    let all = workloads(WORKLOADS);
    let mut firing = BTreeSet::new();
    let mut loud = BTreeSet::new();
    for _ in 0..STEPS {
        let object = &all[dice.roll(WORKLOADS as u64) as usize];
        happen(&mut house, object, &mut firing, &mut loud, &mut dice);
        holds(&house, seed);
    }
    // Long enough for every grace, burst and storm.
    house.pass(1500);
    holds(&house, seed);
    nobody_is_forgotten(&house, &firing, seed);
    nobody_is_flooded(&house, seed);
    silences_hold(&house, &loud, seed);
    messages_say_what_is_true(&house, seed);
    for object in &all {
        house.heals(object);
        if firing.remove(object) {
            house.alert(object, false);
        }
    }
    house.pass(8 * 3600);
    holds(&house, seed);
    let left: Vec<_> = house.incidents.values().filter(|i| i.state.is_open()).collect();
    messages_say_what_is_true(&house, seed);
    assert_eq!(house.heard, house.accounted, "life {seed}: a signal went nowhere");
    assert!(left.is_empty(), "life {seed}: everything is well, and these are open: {left:#?}");
}

fn happen(
    house: &mut House,
    object: &ObjectRef,
    firing: &mut BTreeSet<ObjectRef>,
    loud: &mut BTreeSet<ObjectRef>,
    dice: &mut Dice,
) {
    // What happens happens after what was looked at, not in the same moment.
    house.now += jiff::SignedDuration::from_millis(10);
    match dice.roll(14) {
        12 => house.waits(object, true),
        13 => {
            loud.insert(object.clone());
            house.waits(object, false);
        }
        0..=3 => {
            let best = if dice.roll(2) == 0 { node_lost("node-7") } else { None };
            house.fails(object, best);
            if dice.roll(4) > 0 {
                firing.insert(object.clone());
                loud.insert(object.clone());
                house.alert(object, true);
            }
        }
        4 | 5 => house.heals(object),
        6 if firing.remove(object) => house.alert(object, false),
        7 => {
            house.world.remove(object);
        }
        8 => house.restarts(),
        // The clock steps back, as after a suspended machine.
        9 if dice.roll(4) == 0 => house.now -= jiff::SignedDuration::from_secs(90),
        _ => house.pass(1 << dice.roll(11)),
    }
}

/// What holds at every moment.
fn holds(house: &House, seed: u64) {
    let mut open = BTreeSet::new();
    for incident in house.incidents.values().filter(|incident| incident.state.is_open()) {
        assert!(open.insert(incident.subject.key()), "life {seed}: two open for one subject");
        assert!(incident.look_at.is_some(), "life {seed}: nobody will look again: {incident:#?}");
    }
    for parent in house.parents() {
        let storm = parent.storm.as_ref().expect("a parent");
        let speaks = storm.members.values().any(|member| member.fate.is_open());
        if parent.state == State::Resolved {
            assert!(!speaks, "life {seed}: a parent ended before its members: {parent:#?}");
            let left = storm.members.values().any(|member| member.fate == Fate::Left);
            let how = parent.closed.as_ref().map_or("", |closed| closed.how.as_str());
            assert!(!(left && how == "recovered"), "life {seed}: called recovered: {parent:#?}");
        }
    }
    for closed in house.incidents.values().filter(|i| i.state == State::Resolved) {
        let end = closed.closed.as_ref().expect("how it ended");
        // What ended at this very moment is judged by what was seen at this very moment.
        let seen = closed.subject.object.as_ref().and_then(|object| house.world.get(object));
        let fails = seen.is_some_and(|seen| seen.health.ready < seen.health.desired);
        let now = end.at == house.now && closed.looked_at == Some(house.now);
        assert!(!(now && fails), "life {seed}: resolved while failing: {closed:#?}");
    }
}

/// Nobody is told of what people silenced, alone or in a storm.
fn silences_hold(house: &House, loud: &BTreeSet<ObjectRef>, seed: u64) {
    for incident in house.incidents.values().filter(|incident| !incident.told.is_empty()) {
        let Some(object) = &incident.subject.object else { continue };
        assert!(loud.contains(object), "life {seed}: told though silenced: {incident:#?}");
    }
}

/// However often they were edited, both messages say in the end what is true, and stakeholders hear when
/// they were promised to.
fn messages_say_what_is_true(house: &House, seed: u64) {
    let rules = house.rules.clone();
    let oncall = Context { rules, ..Context::at(house.now) };
    let public = Context { audience: Audience::Stakeholders, ..oncall.clone() };
    for incident in house.incidents.values().filter(|incident| !incident.told.is_empty()) {
        let id = &incident.id;
        let words = |incident| OnCall { footer: Vec::new(), ..OnCall::of(incident, &oncall) };
        assert_eq!(words(&house.stands[id]), words(incident), "life {seed}: {id} is stale");
        let Some(told) = house.public.get(id) else { continue };
        let words = |incident| Stakeholders::of(incident, &public);
        assert_eq!(
            words(told),
            words(incident),
            "life {seed}: {id} tells stakeholders another story"
        );
        let owed = incident.public.as_ref().and_then(|public| public.next_at);
        let kept = owed.is_none_or(|at| at >= house.now);
        assert!(kept, "life {seed}: an update is overdue since {owed:?}: {incident:#?}");
        let open = incident.state.is_open() && incident.is_told() && incident.parent.is_none();
        let pace = house.rules.severity.levels.of(incident.severity).update;
        assert!(
            !open || pace.is_zero() || owed.is_some(),
            "life {seed}: no next time: {incident:#?}"
        );
    }
    let replies =
        |told: &&crate::house::Told| matches!(told.say, Say::Reply { .. } | Say::Update(_));
    let replies = house.told.iter().filter(replies).count();
    let most = 20 * STEPS;
    assert!(replies <= most, "life {seed}: {replies} replies");
}

/// Whoever fails with a firing alert has been told of, alone or by a parent that is open and names it.
fn nobody_is_forgotten(house: &House, firing: &BTreeSet<ObjectRef>, seed: u64) {
    for object in firing {
        let incident = house.of(object);
        assert!(incident.state.is_open(), "life {seed}: its alert fires: {incident:#?}");
        let parent = incident.parent.as_ref().map(|parent| &house.incidents[parent]);
        let spoken_for = parent.is_some_and(|parent| {
            let storm = parent.storm.as_ref().expect("a parent");
            parent.state.is_open()
                && !parent.told.is_empty()
                && storm.members.get(&incident.id).is_some_and(|member| member.fate.is_open())
        });
        let told = incident.parent.is_none() && !incident.told.is_empty();
        assert!(told || spoken_for, "life {seed}: nobody was told: {incident:#?}");
    }
}

/// In no minute are there more new messages than a storm begins with, its digest, and those it lets go.
fn nobody_is_flooded(house: &House, seed: u64) {
    let mut posted = house.posted();
    posted.sort();
    let minute = jiff::SignedDuration::from_secs(60);
    let most = 2 * house.rules.storm.count;
    for window in posted.windows(most + 1) {
        let lasted = window[most].duration_since(window[0]);
        assert!(lasted > minute, "life {seed}: {most} messages in {lasted}");
    }
}

/// A small generator of numbers: the same ones for the same seed, everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}
