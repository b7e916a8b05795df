//! One simulated pod with one container: where it stands, and what moves it on.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{Behaviour, Pace, SimEvent, SimRevision};

/// A pod.
#[derive(Debug)]
pub(in crate::standin) struct SimPod {
    pub(in crate::standin) namespace: String,
    pub(in crate::standin) deployment: String,
    pub(in crate::standin) name: String,
    pub(in crate::standin) uid: String,
    pub(in crate::standin) revision: SimRevision,
    pub(in crate::standin) created_at: Timestamp,
    pub(in crate::standin) restarts: i32,
    pub(in crate::standin) phase: Phase,
    pub(in crate::standin) last_run: Option<Run>,
}

/// Where the container stands.
#[derive(Clone, Debug)]
pub(in crate::standin) enum Phase {
    /// Being created, until its image is there and it may start.
    Creating,
    /// It waits, for that reason and with that message; `next` is the kubelet's next try.
    Waiting { reason: &'static str, message: String, next: Timestamp, tries: u32 },
    /// It runs and is ready.
    Running { since: Timestamp },
}

/// A run that ended.
#[derive(Clone, Debug)]
pub(in crate::standin) struct Run {
    pub(in crate::standin) started_at: Timestamp,
    pub(in crate::standin) ended_at: Timestamp,
    pub(in crate::standin) exit_code: i32,
    pub(in crate::standin) reason: &'static str,
    pub(in crate::standin) number: i32,
}

impl SimPod {
    pub(super) fn new(
        namespace: &str,
        deployment: &str,
        name: &str,
        serial: u32,
        revision: SimRevision,
        at: Timestamp,
    ) -> Self {
        Self {
            namespace: namespace.to_owned(),
            deployment: deployment.to_owned(),
            name: name.to_owned(),
            uid: format!("6c1f0a52-7d1e-4b0a-9f3e-{serial:012x}"),
            revision,
            created_at: at,
            restarts: 0,
            phase: Phase::Creating,
            last_run: None,
        }
    }

    /// It has been running since then.
    pub(super) fn run_since(&mut self, since: Timestamp) {
        self.phase = Phase::Running { since };
    }

    pub(in crate::standin) fn is_ready(&self) -> bool {
        matches!(self.phase, Phase::Running { .. })
            && self.revision.template.behaviour != Behaviour::NeverReady
    }

    pub(super) fn tick(
        &mut self,
        now: Timestamp,
        pace: &Pace,
        secrets: &BTreeSet<String>,
        events: &mut Vec<SimEvent>,
    ) {
        match self.phase.clone() {
            Phase::Creating if now >= self.created_at + pace.start => {
                self.start(now, pace, secrets, events);
            }
            Phase::Waiting { reason, next, tries, .. } if now >= next => match reason {
                "CrashLoopBackOff" => self.restart(now, events),
                _ => self.retry(now, tries, pace, secrets, events),
            },
            Phase::Running { since } => self.run(since, now, pace, events),
            _ => {}
        }
    }

    fn start(
        &mut self,
        now: Timestamp,
        pace: &Pace,
        secrets: &BTreeSet<String>,
        events: &mut Vec<SimEvent>,
    ) {
        match &self.revision.template.behaviour {
            Behaviour::ImageNotFound => self.fail_pull(now, 0, pace, events),
            Behaviour::NeedsSecret(secret) if !secrets.contains(secret) => {
                let message = format!("secret \"{secret}\" not found");
                events.push(self.event(now, true, "Failed", format!("Error: {message}")));
                let next = now + SignedDuration::from_secs(5);
                let reason = "CreateContainerConfigError";
                self.phase = Phase::Waiting { reason, message, next, tries: 0 };
            }
            _ => {
                self.phase = Phase::Running { since: now };
                let started = format!("Started container {}", self.deployment);
                events.push(self.event(now, false, "Started", started));
            }
        }
    }

    /// The kubelet tries again what could not be pulled or created.
    fn retry(
        &mut self,
        now: Timestamp,
        tries: u32,
        pace: &Pace,
        secrets: &BTreeSet<String>,
        events: &mut Vec<SimEvent>,
    ) {
        if self.revision.template.behaviour == Behaviour::ImageNotFound {
            self.fail_pull(now, tries + 1, pace, events);
        } else {
            self.start(now, pace, secrets, events);
        }
    }

    /// In the words of containerd and the kubelet: first the pull's own error, then the back-off.
    fn fail_pull(&mut self, now: Timestamp, tries: u32, pace: &Pace, events: &mut Vec<SimEvent>) {
        let image = &self.revision.template.image;
        let error = format!(
            "failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": \
             {image}: not found"
        );
        let pull =
            format!("Failed to pull image \"{image}\": rpc error: code = NotFound desc = {error}");
        let backing_off = tries % 2 == 1;
        let (reason, message) = if backing_off {
            ("ImagePullBackOff", format!("Back-off pulling image \"{image}\""))
        } else {
            ("ErrImagePull", format!("rpc error: code = NotFound desc = {error}"))
        };
        if backing_off {
            events.push(self.event(now, false, "BackOff", message.clone()));
        } else {
            events.push(self.event(now, true, "Failed", pull));
        }
        let wait = if backing_off { pace.back_off } else { SignedDuration::from_secs(2) };
        self.phase = Phase::Waiting { reason, message, next: now + wait, tries };
    }

    /// A run ends when its behaviour says so.
    fn run(&mut self, since: Timestamp, now: Timestamp, pace: &Pace, events: &mut Vec<SimEvent>) {
        if self.revision.template.behaviour == Behaviour::NeverReady && now > since {
            let failed = "Readiness probe failed: HTTP probe failed with statuscode: 404";
            events.push(self.event(now, true, "Unhealthy", failed.to_owned()));
        }
        let Behaviour::Crashes { after, exit_code, oom, .. } = self.revision.template.behaviour
        else {
            return;
        };
        if now < since + after {
            return;
        }
        self.last_run = Some(Run {
            started_at: since,
            ended_at: now,
            exit_code: if oom { 137 } else { exit_code },
            reason: if oom { "OOMKilled" } else { "Error" },
            number: self.restarts,
        });
        let doublings = u32::try_from(self.restarts).unwrap_or(0).min(10);
        let wait = (pace.back_off * 2_i32.pow(doublings)).min(pace.longest_back_off);
        let container = &self.deployment;
        let pod = format!("{}_{}({})", self.name, self.namespace, self.uid);
        let message = format!(
            "back-off {}s restarting failed container={container} pod={pod}",
            wait.as_secs()
        );
        let event = format!("Back-off restarting failed container {container} in pod {pod}");
        events.push(self.event(now, true, "BackOff", event));
        self.phase =
            Phase::Waiting { reason: "CrashLoopBackOff", message, next: now + wait, tries: 0 };
    }

    fn restart(&mut self, now: Timestamp, events: &mut Vec<SimEvent>) {
        self.restarts += 1;
        self.phase = Phase::Running { since: now };
        let started = format!("Started container {}", self.deployment);
        events.push(self.event(now, false, "Started", started));
    }

    fn event(
        &self,
        at: Timestamp,
        warning: bool,
        reason: &'static str,
        message: String,
    ) -> SimEvent {
        SimEvent {
            at,
            first_at: at,
            count: 1,
            warning,
            kind: "Pod",
            name: self.name.clone(),
            uid: self.uid.clone(),
            reason,
            message,
        }
    }
}
