//! The pure rooms together, as the daemon joins them, on a simulated clock: signals in, looks when they
//! are due, decisions kept, and what was said written down.

use std::collections::{BTreeMap, BTreeSet};

use firsthand::diagnosis::{
    Certainty, Choice, Finding, Health, Hypothesis, ObjectRef, Presence, Proof, ServiceHealth,
};
use firsthand::incident::storm::{self, Book, Place};
use firsthand::incident::{
    AlertSignal, AlertStatus, Decision, Heard, Incident, Look, Muted, PollSignal, Reply, Rules,
    Say, Signal, SignalKind, Subject, hear, learn,
};
use jiff::{SignedDuration, Timestamp};

/// What looks see of one workload.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) health: Health,
    pub(crate) best: Option<Hypothesis>,
}

/// One thing that was said, in order.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) at: Timestamp,
    pub(crate) incident: String,
    pub(crate) say: Say,
}

pub(crate) struct House {
    pub(crate) now: Timestamp,
    pub(crate) rules: Rules,
    pub(crate) incidents: BTreeMap<String, Incident>,
    pub(crate) book: Book,
    pub(crate) told: Vec<Told>,
    /// Each incident as its message was last brought up to date: for who is on call, and for stakeholders.
    pub(crate) stands: BTreeMap<String, Incident>,
    pub(crate) public: BTreeMap<String, Incident>,
    /// Signals that were heard, and those that changed something or were put aside with a reason.
    pub(crate) heard: usize,
    pub(crate) accounted: usize,
    pub(crate) world: BTreeMap<ObjectRef, Seen>,
    firing: BTreeMap<ObjectRef, Timestamp>,
    last_start: Timestamp,
    ids: usize,
}

impl House {
    pub(crate) fn new() -> Self {
        Self {
            now: "2026-11-21T02:00:00Z".parse().expect("a time"),
            rules: Rules::default(),
            incidents: BTreeMap::new(),
            book: Book::default(),
            told: Vec::new(),
            stands: BTreeMap::new(),
            public: BTreeMap::new(),
            heard: 0,
            accounted: 0,
            world: BTreeMap::new(),
            firing: BTreeMap::new(),
            last_start: Timestamp::UNIX_EPOCH,
            ids: 0,
        }
    }

    /// The workload fails from now on: no pod of it is ready.
    pub(crate) fn fails(&mut self, object: &ObjectRef, best: Option<Hypothesis>) {
        let service = ServiceHealth { name: object.name.clone(), ready: 0, total: 2 };
        let health = Health {
            presence: Presence::Present,
            desired: 2,
            failing: vec!["0 of 2 pods ready".to_owned()],
            services: vec![service],
            ..Health::default()
        };
        self.world.insert(object.clone(), Seen { health, best });
    }

    /// The workload is well from now on.
    pub(crate) fn heals(&mut self, object: &ObjectRef) {
        let health = Health {
            presence: Presence::Present,
            desired: 2,
            ready: 2,
            ready_since: Some(self.now),
            ..Health::default()
        };
        self.world.insert(object.clone(), Seen { health, best: None });
    }

    /// An alert about the workload fires or ends.
    pub(crate) fn alert(&mut self, object: &ObjectRef, fires: bool) {
        let labels = BTreeMap::from([("alertname".to_owned(), "PodsFail".to_owned())]);
        // Each firing has a start of its own, also after the clock stepped back.
        let starts_at = *self.firing.entry(object.clone()).or_insert_with(|| {
            self.last_start = (self.last_start + SignedDuration::from_secs(1)).max(self.now);
            self.last_start
        });
        if !fires {
            self.firing.remove(object);
        }
        let alert = AlertSignal {
            fingerprint: object.to_string(),
            status: if fires { AlertStatus::Firing } else { AlertStatus::Resolved },
            labels,
            annotations: BTreeMap::new(),
            starts_at,
            ends_at: (!fires).then_some(self.now),
            generator_url: None,
            external_url: None,
            truncated: 0,
            asked: None,
        };
        let signal = Signal {
            key: format!("{object}/{}/{fires}", self.now),
            subject: Subject {
                cluster: "prod-eu".to_owned(),
                object: Some(object.clone()),
                group: String::new(),
            },
            heard_at: self.now,
            kind: SignalKind::Alert(alert),
            muted: None,
        };
        self.hear(&signal);
    }

    /// The poll sees a container of it wait; people may have silenced it.
    pub(crate) fn waits(&mut self, object: &ObjectRef, silenced: bool) {
        let pod = format!("{}-0", object.name);
        let poll = PollSignal::Waiting {
            uid: pod.clone(),
            pod,
            container: "app".to_owned(),
            reason: "CrashLoopBackOff".to_owned(),
        };
        let until = Timestamp::MAX;
        let muted = silenced.then(|| Muted { until, why: "silenced in Alertmanager".to_owned() });
        let signal = Signal {
            key: format!("{object}/{}/waits", self.now),
            subject: Subject {
                cluster: "prod-eu".to_owned(),
                object: Some(object.clone()),
                group: String::new(),
            },
            heard_at: self.now,
            kind: SignalKind::Poll(poll),
            muted,
        };
        self.hear(&signal);
    }

    pub(crate) fn hear(&mut self, signal: &Signal) {
        self.heard += 1;
        let key = signal.subject.key();
        let of = |incident: &&Incident| incident.subject.key() == key;
        let open = self.incidents.values().filter(of).find(|incident| incident.state.is_open());
        let known = open.or_else(|| {
            self.incidents
                .values()
                .filter(of)
                .max_by_key(|incident| incident.closed.as_ref().map(|closed| closed.at))
        });
        let id = format!("FH-{:05}", self.ids + 1);
        match hear(known, signal, &id, self.now, &self.rules) {
            Heard::Decided(decision) => {
                self.ids += usize::from(decision.incident.id == id);
                self.accounted += 1;
                self.commit(*decision);
            }
            Heard::Ignored(why) => self.accounted += usize::from(!why.is_empty()),
        }
    }

    /// Lets time pass: looks are taken when they are due, parents are tended.
    pub(crate) fn pass(&mut self, seconds: i64) {
        let until = self.now + SignedDuration::from_secs(seconds);
        loop {
            self.work();
            let look = self.incidents.values().filter_map(|incident| incident.look_at).min();
            let next = [look, self.book.next()].into_iter().flatten().min();
            match next.filter(|next| *next <= until) {
                Some(next) => self.now = next.max(self.now),
                None => break,
            }
        }
        self.now = until;
    }

    /// What the daemon would know after a start: the incidents, and nothing else.
    pub(crate) fn restarts(&mut self) {
        let open: Vec<Incident> =
            self.incidents.values().filter(|i| i.state.is_open()).cloned().collect();
        self.book = Book::of(&open);
    }

    fn work(&mut self) {
        let due = |incident: &&Incident| incident.look_at.is_some_and(|at| at <= self.now);
        let due: Vec<Incident> = self.incidents.values().filter(due).cloned().collect();
        let parents = due.iter().filter(|incident| incident.storm.is_some());
        let mut parents: BTreeSet<String> = parents.map(|incident| incident.id.clone()).collect();
        parents.extend(self.book.stale(self.now));
        for parent in parents {
            self.tend(&parent);
        }
        for incident in due.into_iter().filter(|incident| incident.storm.is_none()) {
            let look = self.look(&incident);
            let incident = self.incidents[&incident.id].clone();
            let decision = learn(&incident, &look, self.now, &self.rules);
            self.commit(decision);
        }
    }

    fn look(&self, incident: &Incident) -> Look {
        let seen = incident.subject.object.as_ref().and_then(|object| self.world.get(object));
        let Some(Seen { health, best }) = seen else {
            return Look {
                taken_at: self.now,
                finding: None,
                health: Health { presence: Presence::Gone, ..Health::default() },
                blind_spots: Vec::new(),
                redacted: 0,
            };
        };
        let finding = incident.subject.object.clone().filter(|_| health.ready < health.desired);
        let finding = finding.map(|object| Finding {
            steward: None,
            symptom: "CrashLoopBackOff".to_owned(),
            predicate: "is crash-looping".to_owned(),
            since: None,
            behind: None,
            hypotheses: best.iter().cloned().collect(),
            rollout: None,
            next: vec![Choice {
                label: "look".to_owned(),
                command: Some("kubectl get nodes".to_owned()),
                text: "see which nodes are there".to_owned(),
            }],
            avoid: Vec::new(),
            unknown: Vec::new(),
            excerpt: None,
            events: Vec::new(),
            health: health.clone(),
            object,
        });
        let health = health.clone();
        Look { taken_at: self.now, finding, health, blind_spots: Vec::new(), redacted: 0 }
    }

    fn commit(&mut self, decision: Decision) {
        let receivers = ["ops".to_owned()];
        let decision = match self.book.place(&decision.incident, &receivers, self.now, &self.rules)
        {
            Place::Alone => decision,
            Place::In(parent) => storm::held(decision, &parent, self.now),
            Place::Opens(opening) => {
                self.ids += 1;
                let id = format!("FH-{:05}", self.ids);
                let parent = self.book.open(&id, &opening, self.now);
                self.incidents.insert(id.clone(), parent);
                self.tend(&id);
                storm::held(decision, &id, self.now)
            }
        };
        self.keep(decision);
    }

    fn tend(&mut self, id: &str) {
        let parent = self.incidents[id].clone();
        if !parent.state.is_open() {
            return;
        }
        let tended = self.book.tend(&parent, self.now, &self.rules);
        for id in tended.released {
            let decision = storm::release(&self.incidents[&id], self.now);
            self.keep(decision);
        }
        self.keep(tended.decision);
    }

    fn keep(&mut self, mut decision: Decision) {
        if !decision.say.is_empty() {
            decision.incident.told.insert("ops".to_owned());
        }
        let id = decision.incident.id.clone();
        let at = self.now;
        for say in &decision.say {
            let kept = match say {
                Say::Main => &mut self.stands,
                Say::Public => &mut self.public,
                _ => continue,
            };
            kept.insert(id.clone(), decision.incident.clone());
        }
        let said = decision.say.into_iter();
        self.told.extend(said.map(|say| Told { at, incident: id.clone(), say }));
        self.incidents.insert(id, decision.incident);
    }
}

/// What a reader of the house's words asks.
impl House {
    /// Messages that stand in the channel by themselves.
    pub(crate) fn messages(&self) -> Vec<&Incident> {
        self.incidents.values().filter(|incident| !incident.told.is_empty()).collect()
    }

    /// Everything that made a sound: first messages and thread replies.
    pub(crate) fn sounds(&self) -> usize {
        let replies = self.told.iter().filter(|told| matches!(told.say, Say::Reply { .. }));
        self.messages().len() + replies.count()
    }

    /// When each message was posted first.
    pub(crate) fn posted(&self) -> Vec<Timestamp> {
        let mut seen = BTreeSet::new();
        let first = self.told.iter().filter(|told| seen.insert(&told.incident));
        first.map(|told| told.at).collect()
    }

    /// Incidents that speak for others.
    pub(crate) fn parents(&self) -> Vec<&Incident> {
        self.incidents.values().filter(|incident| incident.storm.is_some()).collect()
    }

    pub(crate) fn of(&self, object: &ObjectRef) -> &Incident {
        let of = |incident: &&Incident| incident.subject.object.as_ref() == Some(object);
        self.incidents.values().rfind(of).expect("an incident of it")
    }

    /// The names that the thread of that incident has listed.
    pub(crate) fn named(&self, id: &str) -> BTreeSet<String> {
        let replies = self.told.iter().filter(|told| told.incident == id);
        let members = replies.flat_map(|told| match &told.say {
            Say::Reply { reply: Reply::Members { members, .. }, .. } => members.clone(),
            _ => Vec::new(),
        });
        members.map(|member| member.name).collect()
    }

    pub(crate) fn replies<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Reply> {
        self.told.iter().filter(move |told| told.incident == id).filter_map(|told| {
            match &told.say {
                Say::Reply { reply, .. } => Some(reply),
                Say::Main | Say::Public | Say::Update(_) => None,
            }
        })
    }
}

/// Deployments `web-000` and on, ten to a namespace.
pub(crate) fn workloads(n: usize) -> Vec<ObjectRef> {
    let name = |i| ObjectRef::new("Deployment", format!("shop-{}", i / 10), format!("web-{i:03}"));
    (0..n).map(name).collect()
}

/// The node they run on is lost: proved, and the repair is the node's.
pub(crate) fn node_lost(node: &str) -> Option<Hypothesis> {
    let quote = "Kubelet stopped posting node status.";
    let mut lost = Hypothesis::certain("node-lost")
        .because(Proof::quoted(format!("{node} is not ready"), quote, format!("node {node}")))
        .target(ObjectRef::new("Node", "", node));
    lost.summary = format!("Node {node} does not answer any more.");
    lost.certainty = Certainty::Certain;
    Some(lost)
}
