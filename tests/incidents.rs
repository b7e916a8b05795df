//! What must hold for an incident whatever happens, over random histories.

use std::collections::BTreeMap;

use firsthand::diagnosis::{
    Certainty, Finding, Health, Hypothesis, ObjectRef, Presence, RestartCount,
};
use firsthand::incident::{
    AlertSignal, AlertStatus, Decision, Heard, Incident, Look, PollSignal, Reply, Rules, Say,
    Signal, SignalKind, Subject, hear, learn,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

/// One thing that happens, and how many seconds later.
#[derive(Clone, Debug)]
enum Step {
    Alert(u8, bool),
    Restart,
    Waits,
    Sees(u8),
    Nothing,
}

fn steps() -> impl Strategy<Value = Vec<(u16, Step)>> {
    let step = prop_oneof![
        3 => (0..2u8, any::<bool>()).prop_map(|(alert, fires)| Step::Alert(alert, fires)),
        2 => Just(Step::Restart),
        1 => Just(Step::Waits),
        4 => (0..7u8).prop_map(Step::Sees),
        1 => Just(Step::Nothing),
    ];
    let pause = prop_oneof![4 => 0..120u16, 3 => 120..1500u16, 1 => 1500..8000u16];
    prop::collection::vec((pause, step), 1..40)
}

/// The history of one subject, checked at each step.
struct History {
    rules: Rules,
    now: Timestamp,
    incident: Option<Incident>,
    opened: usize,
    sees: u8,
    count: i32,
    ended_at: Option<Timestamp>,
    last_failed: Option<Timestamp>,
    fires: BTreeMap<u8, Timestamp>,
    told_over: bool,
    alerted: bool,
}

impl History {
    /// Whether it changed anything.
    fn hear(&mut self, kind: SignalKind) -> bool {
        let subject = Subject {
            cluster: "c".to_owned(),
            object: Some(ObjectRef::new("Deployment", "shop", "web")),
            group: String::new(),
        };
        let signal = Signal { key: String::new(), subject, heard_at: self.now, kind, muted: None };
        let id = format!("FH-{}", self.opened + 1);
        let known = self.incident.clone();
        let Heard::Decided(decision) = hear(known.as_ref(), &signal, &id, self.now, &self.rules)
        else {
            return false;
        };
        self.decided(*decision);
        let twice = hear(self.incident.as_ref(), &signal, "FH-x", self.now, &self.rules);
        assert!(matches!(twice, Heard::Ignored(_)), "heard twice: {signal:?}: {twice:?}");
        true
    }

    fn look_until(&mut self, end: Timestamp) {
        while let Some(incident) = self.incident.clone()
            && let Some(due) = incident.look_at.filter(|due| *due <= end)
        {
            self.now = due;
            let look = self.look();
            let failing = !look.health.failing.is_empty();
            let seen = look.health.presence == Presence::Present;
            let decision = learn(&incident, &look, due, &self.rules);
            let twice = learn(&decision.incident, &look, due, &self.rules);
            assert_eq!(twice.incident, decision.incident, "learned twice");
            assert!(twice.say.is_empty() && twice.entries.is_empty());
            let next = &decision.incident;
            assert!(next.look_at.is_none_or(|at| at > due), "looks for ever");
            if let (Some(before), Some(after)) = (incident.healthy_since, next.healthy_since) {
                assert!(before <= after, "health began earlier than it began");
            }
            if failing {
                self.last_failed = Some(due);
                assert!(next.state.is_open(), "resolved while it fails");
                assert_eq!(next.healthy_since, None);
            }
            if let Some(closed) = next.closed.as_ref().filter(|closed| closed.at == due) {
                assert!(!next.alert_fires(), "resolved while an alert fires");
                let unseen = matches!(look.health.presence, Presence::Unknown(_));
                assert!(!unseen || !incident.is_told(), "resolved unseen");
                if closed.how == "recovered" {
                    assert!(seen);
                    let bad = self.last_failed.max(self.ended_at);
                    let held = bad.map(|at| due.duration_since(at).unsigned_abs());
                    assert!(held.is_none_or(|held| held >= self.rules.recovery_window), "{held:?}");
                }
            }
            self.decided(decision);
        }
        self.now = end;
    }

    fn look(&self) -> Look {
        let restarts = RestartCount {
            uid: "u".to_owned(),
            pod: "web-1".to_owned(),
            container: "app".to_owned(),
            count: self.count,
            last_ended_at: self.ended_at,
            last_started_at: None,
        };
        let (presence, ready, failing) = match self.sees {
            0..3 => (Presence::Present, 0, vec!["0 of 2 pods ready".to_owned()]),
            3 => (Presence::Gone, 0, Vec::new()),
            4 => (Presence::Unknown("away".to_owned()), 0, Vec::new()),
            _ => (Presence::Present, 2, Vec::new()),
        };
        let health = Health {
            presence,
            desired: 2,
            ready,
            failing,
            restarts: vec![restarts],
            ..Health::default()
        };
        let certainty = [Certainty::Certain, Certainty::Likely].get(usize::from(self.sees));
        let finding = certainty.map(|certainty| finding(*certainty, health.clone()));
        Look { taken_at: self.now, finding, health, blind_spots: Vec::new(), redacted: 0 }
    }

    fn decided(&mut self, decision: Decision) {
        let Decision { incident, say, .. } = decision;
        if self.incident.as_ref().is_none_or(|before| !before.state.is_open()) {
            self.alerted = false;
        }
        if self.incident.as_ref().is_none_or(|before| before.id != incident.id) {
            assert!(self.incident.as_ref().is_none_or(|before| !before.state.is_open()));
            self.opened += 1;
            self.told_over = false;
        } else if let Some(before) = &self.incident {
            assert!(before.revision <= incident.revision && before.replies <= incident.replies);
        }
        assert_eq!(incident.state.is_open(), incident.look_at.is_some());
        assert_eq!(incident.state.is_open(), incident.closed.is_none());
        assert!(incident.restarts.len() <= 200 && incident.waiting.len() <= 200);
        assert!(say.is_empty() || incident.spoken_at.is_some());
        let mains = say.iter().filter(|say| **say == Say::Main).count();
        assert!(mains <= 1 && (mains == 0 || say[0] == Say::Main), "one main message, first");
        let relapsed =
            say.iter().any(|say| matches!(say, Say::Reply { reply: Reply::Relapse { .. }, .. }));
        for (index, one) in say.iter().enumerate() {
            assert!(!say[..index].contains(one), "said twice: {one:?}");
            match one {
                Say::Reply { reply: Reply::Resolved { .. }, broadcast } => {
                    assert!(!self.told_over, "over twice");
                    assert!(*broadcast || incident.spoken_at == incident.looked_at || relapsed);
                    self.told_over = true;
                }
                Say::Reply { reply: Reply::Relapse { .. }, broadcast } => {
                    assert!(*broadcast && self.told_over, "relapsed without an end");
                    self.told_over = false;
                }
                _ => {}
            }
        }
        if !incident.state.is_open() && self.alerted {
            assert!(incident.spoken_at.is_some(), "an alert went untold");
        }
        self.incident = Some(incident);
    }

    fn happens(&mut self, step: &Step) {
        match step {
            Step::Sees(sees) => self.sees = *sees,
            Step::Restart => {
                self.count += 1;
                self.ended_at = Some(self.now);
                let _ = self.hear(SignalKind::Poll(PollSignal::Restarted {
                    pod: "web-1".to_owned(),
                    uid: "u".to_owned(),
                    container: "app".to_owned(),
                    count: i64::from(self.count),
                    by: 1,
                    reason: None,
                    exit_code: None,
                    missed: None,
                }));
            }
            Step::Waits => {
                let _ = self.hear(SignalKind::Poll(PollSignal::Waiting {
                    pod: "web-1".to_owned(),
                    uid: "u".to_owned(),
                    container: "app".to_owned(),
                    reason: "CrashLoopBackOff".to_owned(),
                }));
            }
            Step::Alert(alert, fires) => self.alert(*alert, *fires),
            Step::Nothing => {}
        }
    }

    fn alert(&mut self, alert: u8, fires: bool) {
        let since = match (fires, self.fires.get(&alert)) {
            (true, None) => *self.fires.entry(alert).or_insert(self.now),
            (_, Some(since)) => *since,
            (false, None) => self.now,
        };
        if !fires {
            self.fires.remove(&alert);
        }
        let labels = BTreeMap::from([("alertname".to_owned(), format!("Alert{alert}"))]);
        let heard = self.hear(SignalKind::Alert(AlertSignal {
            fingerprint: alert.to_string(),
            status: if fires { AlertStatus::Firing } else { AlertStatus::Resolved },
            labels,
            annotations: BTreeMap::new(),
            starts_at: since,
            ends_at: (!fires).then_some(self.now),
            generator_url: None,
            external_url: None,
            truncated: 0,
            asked: None,
        }));
        self.alerted |= heard && fires;
    }
}

fn finding(certainty: Certainty, health: Health) -> Finding {
    Finding {
        steward: None,
        object: ObjectRef::new("Deployment", "shop", "web"),
        symptom: "CrashLoopBackOff".to_owned(),
        predicate: "is crash-looping".to_owned(),
        since: None,
        health,
        behind: None,
        hypotheses: vec![Hypothesis {
            cause: "app-crash".to_owned(),
            certainty,
            summary: String::new(),
            because: Vec::new(),
            against: Vec::new(),
            settle: Vec::new(),
            target: None,
            facts: BTreeMap::new(),
        }],
        rollout: None,
        next: Vec::new(),
        avoid: Vec::new(),
        unknown: Vec::new(),
        excerpt: None,
        events: Vec::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..Default::default() })]

    /// Never over while it fails, while an alert fires, or unseen; over once, relapsed once; heard and
    /// learned twice is once; always a next look while it is open.
    #[test]
    fn any_history_keeps_the_promises(history in steps()) {
        let midnight: Timestamp = "2026-11-21T00:00:00Z".parse().expect("a time");
        let mut it = History {
            rules: Rules::default(),
            now: midnight,
            incident: None,
            opened: 0,
            sees: 5,
            count: 0,
            ended_at: None,
            last_failed: None,
            fires: BTreeMap::new(),
            told_over: false,
            alerted: false,
        };
        for (pause, step) in &history {
            it.look_until(it.now + SignedDuration::from_secs(i64::from(*pause)));
            it.happens(step);
        }
        // Whatever happened: once it is well and every alert has ended, it ends.
        for alert in 0..2 {
            it.alert(alert, false);
        }
        it.sees = 5;
        it.look_until(it.now + SignedDuration::from_hours(12));
        prop_assert!(it.incident.is_none_or(|incident| !incident.state.is_open()));
    }
}
