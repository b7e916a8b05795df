//! A small simulated cluster: one namespace, Deployments, their ReplicaSets and pods, which crash, fail
//! to pull, or miss a Secret as their revision tells them to, with the statuses, events, logs and
//! metrics that a real kubelet and kube-state-metrics would show of it.
//!
//! Enters: what somebody does (roll out, roll back, create a Secret, delete pods) and the time. Leaves:
//! objects for [`super::kubernetes`] and samples for [`super::prometheus`]. It never speaks to anyone
//! and reads no clock: whoever owns it calls [`World::tick`].

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::kubernetes::Objects;
use super::prometheus::Sample;

mod pod;
mod show;

use pod::SimPod;

/// What the pods of a revision do.
#[derive(Clone, Debug, PartialEq)]
pub enum Behaviour {
    /// Start, become ready, and stay so.
    Healthy,
    /// Start, become ready, and end after a while; again and again.
    Crashes {
        /// How long a run lasts.
        after: SignedDuration,
        /// With which exit code it ends; 137 with the reason `OOMKilled` when `oom`.
        exit_code: i32,
        /// Whether the kernel killed it at the container's limit.
        oom: bool,
        /// What the run writes, from its start to its end.
        log: String,
    },
    /// Start and run, but never answer the readiness probe.
    NeverReady,
    /// The image's tag is not in the registry.
    ImageNotFound,
    /// A variable comes from a key of a Secret; without the Secret the container cannot be created.
    NeedsSecret(String),
}

/// A Deployment's pod template, as far as this world knows one.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// The image with its tag.
    pub image: String,
    /// Plain variables.
    pub env: Vec<(String, String)>,
    /// What its pods do.
    pub behaviour: Behaviour,
    /// Whether its container has a memory limit.
    pub limited: bool,
}

/// How fast this world turns. The defaults are a real cluster's; a demo shortens them and says so.
#[derive(Clone, Debug)]
pub struct Pace {
    /// From scheduled to running.
    pub start: SignedDuration,
    /// The first restart's back-off; it doubles.
    pub back_off: SignedDuration,
    /// The longest back-off.
    pub longest_back_off: SignedDuration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            start: SignedDuration::from_secs(2),
            back_off: SignedDuration::from_secs(10),
            longest_back_off: SignedDuration::from_mins(5),
        }
    }
}

/// One Deployment with the Service before it.
#[derive(Debug)]
pub(super) struct SimDeployment {
    pub(super) name: String,
    pub(super) replicas: usize,
    /// Oldest first; the last is the present one. Kept when rolled back, as Kubernetes does.
    pub(super) revisions: Vec<SimRevision>,
    pub(super) changed_at: Timestamp,
}

/// One revision: a ReplicaSet.
#[derive(Clone, Debug)]
pub(super) struct SimRevision {
    pub(super) number: u32,
    pub(super) hash: String,
    pub(super) template: Template,
    pub(super) created_at: Timestamp,
}

/// Something that a component of the cluster noted.
#[derive(Clone, Debug)]
pub(super) struct SimEvent {
    pub(super) at: Timestamp,
    pub(super) first_at: Timestamp,
    pub(super) count: i32,
    pub(super) warning: bool,
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) reason: &'static str,
    pub(super) message: String,
}

/// The simulated cluster.
#[derive(Debug)]
pub struct World {
    pub(super) namespace: String,
    pub(super) now: Timestamp,
    pub(super) pace: Pace,
    pub(super) deployments: Vec<SimDeployment>,
    pub(super) pods: Vec<SimPod>,
    pub(super) events: Vec<SimEvent>,
    pub(super) secrets: BTreeSet<String>,
    /// Deployments of which a rule fires although they are well.
    pub(super) maxed_out: BTreeSet<String>,
    serial: u32,
}

impl World {
    /// An empty namespace at `now`.
    pub fn new(namespace: &str, now: Timestamp, pace: Pace) -> Self {
        Self {
            namespace: namespace.to_owned(),
            now,
            pace,
            deployments: Vec::new(),
            pods: Vec::new(),
            events: Vec::new(),
            secrets: BTreeSet::new(),
            maxed_out: BTreeSet::new(),
            serial: 0,
        }
    }

    /// A Deployment that has been running well since `since`, at revision `number`.
    pub fn running(
        &mut self,
        name: &str,
        replicas: usize,
        number: u32,
        template: Template,
        since: Timestamp,
    ) {
        self.deployments.push(SimDeployment {
            name: name.to_owned(),
            replicas,
            revisions: Vec::new(),
            changed_at: since,
        });
        self.add_revision(name, number, template, since);
        for _ in 0..replicas {
            self.add_pod(name, since);
        }
        for pod in self.pods.iter_mut().filter(|pod| pod.deployment == name) {
            pod.run_since(since);
        }
    }

    /// Rolls out a new revision.
    pub fn roll_out(&mut self, name: &str, template: Template) {
        let next = self.revisions(name).iter().map(|r| r.number).max().unwrap_or(0) + 1;
        self.add_revision(name, next, template, self.now);
    }

    /// Goes back to the revision before the present one: the same template under a new number, as
    /// `kubectl rollout undo` does. Nothing happens where there is none.
    pub fn roll_back(&mut self, name: &str) {
        let next = self.revisions(name).iter().map(|r| r.number).max().unwrap_or(0) + 1;
        let now = self.now;
        if let Some(deployment) = self.deployments.iter_mut().find(|d| d.name == name)
            && deployment.revisions.len() > 1
        {
            let back = deployment.revisions.len() - 2;
            let mut revision = deployment.revisions.remove(back);
            revision.number = next;
            deployment.revisions.push(revision);
            deployment.changed_at = now;
        }
    }

    /// Creates a Secret; containers that wait for it start at the kubelet's next try.
    pub fn create_secret(&mut self, name: &str) {
        self.secrets.insert(name.to_owned());
    }

    /// Load comes or goes: its autoscaler is at its most, and all is well.
    pub fn load(&mut self, name: &str, high: bool) {
        if high {
            self.maxed_out.insert(name.to_owned());
        } else {
            self.maxed_out.remove(name);
        }
    }

    /// Deletes the pods of a Deployment by hand; its ReplicaSet makes new ones.
    pub fn delete_pods(&mut self, name: &str) {
        self.pods.retain(|pod| pod.deployment != name);
    }

    /// Lets the time pass until `now`.
    pub fn tick(&mut self, now: Timestamp) {
        self.now = now;
        let mut noted = Vec::new();
        for pod in &mut self.pods {
            pod.tick(now, &self.pace, &self.secrets, &mut noted);
        }
        for event in noted {
            self.note(event);
        }
        for name in self.deployments.iter().map(|d| d.name.clone()).collect::<Vec<_>>() {
            self.reconcile(&name);
        }
    }

    /// The time in this world.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// What the API server would serve now.
    pub fn objects(&self) -> Objects {
        show::objects(self)
    }

    /// What kube-state-metrics and cAdvisor would show now.
    pub fn samples(&self) -> Vec<Sample> {
        show::samples(self)
    }

    /// The rolling update: one pod above the replicas at most, and an old pod goes when a new one is ready.
    fn reconcile(&mut self, name: &str) {
        let Some(deployment) = self.deployments.iter().find(|d| d.name == name) else { return };
        let Some(present) = deployment.revisions.last().map(|r| r.hash.clone()) else { return };
        let replicas = deployment.replicas;
        let count = |pods: &[SimPod], wanted: &dyn Fn(&SimPod) -> bool| {
            pods.iter().filter(|pod| pod.deployment == name && wanted(pod)).count()
        };
        let old = count(&self.pods, &|pod| pod.revision.hash != present);
        let new = replicas_of(&self.pods, name, &present);
        let ready = count(&self.pods, &|pod| pod.is_ready());
        if new < replicas && old + new < replicas + 1 {
            self.add_pod(name, self.now);
        } else if old > 0
            && (ready > replicas || old + new > replicas && self.old_is_unready(name, &present))
        {
            self.drop_old(name, &present);
        } else if new > replicas {
            self.drop_last(name);
        }
    }

    /// Whether a pod of an older revision is not ready: such a pod goes first and frees its place.
    fn old_is_unready(&self, name: &str, present: &str) -> bool {
        self.pods
            .iter()
            .any(|p| p.deployment == name && p.revision.hash != present && !p.is_ready())
    }

    fn drop_old(&mut self, name: &str, present: &str) {
        let old = |pod: &SimPod| pod.deployment == name && pod.revision.hash != present;
        let unready = self.pods.iter().position(|pod| old(pod) && !pod.is_ready());
        if let Some(at) = unready.or_else(|| self.pods.iter().position(old)) {
            self.pods.remove(at);
        }
    }

    fn drop_last(&mut self, name: &str) {
        if let Some(at) = self.pods.iter().rposition(|pod| pod.deployment == name) {
            self.pods.remove(at);
        }
    }

    fn revisions(&self, name: &str) -> &[SimRevision] {
        self.deployments.iter().find(|d| d.name == name).map_or(&[], |d| &d.revisions)
    }

    fn add_revision(&mut self, name: &str, number: u32, template: Template, at: Timestamp) {
        self.serial += 1;
        let hash = safe_hash(&format!("{name}{number}"), 9);
        if let Some(deployment) = self.deployments.iter_mut().find(|d| d.name == name) {
            deployment.revisions.push(SimRevision { number, hash, template, created_at: at });
            deployment.changed_at = at;
        }
    }

    fn add_pod(&mut self, name: &str, at: Timestamp) {
        self.serial += 1;
        let serial = self.serial;
        let Some(revision) = self.revisions(name).last().cloned() else { return };
        let suffix = safe_hash(&format!("{name}{serial}"), 5);
        let pod_name = format!("{name}-{}-{suffix}", revision.hash);
        self.pods.push(SimPod::new(&self.namespace, name, &pod_name, serial, revision, at));
    }

    /// Counts an event that repeats, as the API server's event correlation does.
    fn note(&mut self, event: SimEvent) {
        let same = |old: &&mut SimEvent| {
            (&old.uid, old.reason, &old.message) == (&event.uid, event.reason, &event.message)
        };
        match self.events.iter_mut().find(same) {
            Some(old) => {
                old.count += 1;
                old.at = event.at;
            }
            None => self.events.push(event),
        }
    }
}

fn replicas_of(pods: &[SimPod], name: &str, hash: &str) -> usize {
    pods.iter().filter(|pod| pod.deployment == name && pod.revision.hash == hash).count()
}

/// Letters and digits in which Kubernetes writes hashes and suffixes (`k8s.io/apimachinery` rand: no
/// vowels, so that no words appear).
fn safe_hash(text: &str, length: usize) -> String {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut state = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (0..length)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let at = usize::try_from(state >> 33).unwrap_or(0) % ALPHABET.len();
            char::from(ALPHABET[at])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(image: &str, behaviour: Behaviour) -> Template {
        Template { image: image.to_owned(), env: Vec::new(), behaviour, limited: true }
    }

    fn pass(world: &mut World, seconds: i64) {
        let end = world.now + SignedDuration::from_secs(seconds);
        while world.now < end {
            world.tick(world.now + SignedDuration::from_millis(500));
        }
    }

    fn shop() -> World {
        let now: Timestamp = "2026-11-20T02:00:00Z".parse().unwrap();
        let mut world = World::new("shop", now, Pace::default());
        let since = now - SignedDuration::from_hours(30);
        world.running("checkout", 2, 41, template("checkout:1.4.1", Behaviour::Healthy), since);
        world
    }

    #[test]
    fn a_release_that_crashes_on_its_first_order_replaces_every_healthy_pod_first() {
        let mut world = shop();
        let crashes = Behaviour::Crashes {
            after: SignedDuration::from_secs(8),
            exit_code: 2,
            oom: false,
            log: "panic: no\n".into(),
        };
        world.roll_out("checkout", template("checkout:1.4.2", crashes));
        pass(&mut world, 60);
        assert!(world.pods.iter().all(|pod| pod.revision.number == 42));
        assert!(world.pods.iter().all(|pod| pod.restarts > 0));
        world.roll_back("checkout");
        pass(&mut world, 60);
        assert_eq!(world.pods.len(), 2);
        assert!(world.pods.iter().all(|pod| pod.is_ready() && pod.revision.number == 43));
    }

    #[test]
    fn a_bad_tag_leaves_the_old_pods_serving() {
        let mut world = shop();
        world.roll_out("checkout", template("checkout:1.4.x", Behaviour::ImageNotFound));
        pass(&mut world, 60);
        assert_eq!(world.pods.iter().filter(|pod| pod.is_ready()).count(), 2);
        assert_eq!(world.pods.len(), 3);
    }

    #[test]
    fn a_created_secret_lets_the_waiting_pod_start() {
        let mut world = shop();
        let needs = Behaviour::NeedsSecret("payments-db".into());
        world.roll_out("checkout", template("checkout:1.4.2", needs));
        pass(&mut world, 30);
        assert_eq!(world.pods.iter().filter(|pod| pod.revision.number == 42).count(), 1);
        world.create_secret("payments-db");
        pass(&mut world, 60);
        assert!(world.pods.iter().all(|pod| pod.is_ready() && pod.revision.number == 42));
    }
}
