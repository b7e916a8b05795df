//! The one task that changes incidents: signals in, looks out and back, decisions committed.
//!
//! Evidence for several incidents is gathered concurrently; decisions are applied one at a time, on the
//! incident as the ledger has it at that moment, so none is made on a stale one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::clusters::Clusters;
use super::look::{Looked, look_at};
use super::owners::Owners;
use super::watchman::Watchman;
use crate::diagnosis::{Evidence, Names, ObjectRef, Presence};
use crate::incident::noise::Noise;
use crate::incident::public::{self, Words};
use crate::incident::route::{Route, Schedule};
use crate::incident::storm::{self, Book, Opening, Place};
use crate::incident::{
    self, Audience, Decision, Heard, Incident, Rules, Say, Signal, SignalKind, Subject,
    WrittenSignal,
};
use crate::intake::Will;
use crate::ledger::{Commit, Ledger, LedgerError};
use crate::telemetry::{Telemetry, events};

/// Looks that are taken at the same time. Each costs some thirty calls to the API server; more at
/// once would make a bad night worse for it, fewer would let the last of a storm wait.
const LOOKS_AT_ONCE: usize = 6;

/// Signals that are heard before looks are started again.
const BATCH: usize = 200;

/// How long to wait for a ledger that is full or busy before the same is tried again.
const LEDGER_PAUSE: Duration = Duration::from_secs(1);

/// The longest sleep: a clock that jumped is noticed within it.
const LONGEST_SLEEP: Duration = Duration::from_secs(15);

/// What the conductor works with.
pub(super) struct Conductor {
    pub(super) ledger: Ledger,
    /// Where evidence is taken.
    pub(super) clusters: Clusters,
    pub(super) rules: Rules,
    pub(super) route: Route,
    pub(super) schedule: Schedule,
    /// Receivers that hear what stakeholders hear.
    pub(super) stakeholders: BTreeSet<String>,
    pub(super) names: Arc<Names>,
    pub(super) telemetry: Telemetry,
    /// Rung when signals were committed.
    pub(super) heard: Arc<Notify>,
    /// Wakes the outbox.
    pub(super) owed: Arc<dyn Fn() + Send + Sync>,
    /// Root owners of what signals name.
    pub(super) owners: Owners,
    /// All open incidents, as far as they concern each other; made again from the ledger when a commit
    /// failed, since it may then know of what never was.
    pub(super) book: Option<Book>,
    /// What is remembered of rules that open incidents for nothing.
    pub(super) noise: Option<Noise>,
    /// What people told Alertmanager.
    pub(super) will: tokio::sync::watch::Receiver<Option<Arc<Will>>>,
    /// Who hears of what cannot be seen.
    pub(super) watchman: Watchman,
}

impl Conductor {
    /// Works until stopped.
    ///
    /// # Errors
    /// When the ledger cannot be used any more; a full or busy one is waited for.
    pub(super) async fn run(mut self, stop: CancellationToken) -> Result<(), LedgerError> {
        let mut looks: JoinSet<Looked> = JoinSet::new();
        let mut looking: BTreeSet<String> = BTreeSet::new();
        while !stop.is_cancelled() {
            let sleep = match self.turn(&mut looks, &mut looking).await {
                Ok(sleep) => sleep,
                Err(error) => wait_out(error)?,
            };
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.heard.notified() => {}
                () = tokio::time::sleep(sleep) => {}
                Some(looked) = looks.join_next() => self.returned(looked, &mut looking, &stop).await?,
            }
        }
        Ok(())
    }

    /// Hears what is pending, starts the looks that are due, and says how long it may sleep.
    async fn turn(
        &mut self,
        looks: &mut JoinSet<Looked>,
        looking: &mut BTreeSet<String>,
    ) -> Result<Duration, LedgerError> {
        self.open_book().await?;
        while self.hear_some().await? == BATCH {}
        let now = Timestamp::now();
        let due = self.ledger.due_looks(now).await?;
        let (parents, due): (Vec<_>, Vec<_>) = due.into_iter().partition(|i| i.storm.is_some());
        let stale = self.book.as_ref().map_or_else(Vec::new, |book| book.stale(now));
        let parents: BTreeSet<_> = parents.into_iter().map(|i| i.id).chain(stale).collect();
        for parent in &parents {
            self.tend(parent).await?;
        }
        for incident in due {
            if looks.len() < LOOKS_AT_ONCE && looking.insert(incident.id.clone()) {
                looks.spawn(look_at(self.clusters.clone(), Arc::clone(&self.names), incident));
            }
        }
        let tend = self.book.as_ref().and_then(Book::next);
        // Whoever returns from a look wakes the conductor, and until then what is due is already being
        // done.
        let look = if looks.is_empty() { self.ledger.next_look_at().await? } else { None };
        let next = [tend, look].into_iter().flatten().min();
        let until = next.map_or(LONGEST_SLEEP, |at| {
            Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or(Duration::ZERO)
        });
        Ok(until.min(LONGEST_SLEEP))
    }

    async fn returned(
        &mut self,
        looked: Result<Looked, tokio::task::JoinError>,
        looking: &mut BTreeSet<String>,
        stop: &CancellationToken,
    ) -> Result<(), LedgerError> {
        match looked {
            Ok(looked) => {
                let id = looked.incident_id.clone();
                let applied = self.learn(looked, stop).await;
                looking.remove(&id);
                applied
            }
            // Looks catch their own panics; what ends here was cancelled with the runtime.
            Err(_) => {
                looking.clear();
                Ok(())
            }
        }
    }

    /// Hears the oldest pending signals; returns how many there were.
    async fn hear_some(&mut self) -> Result<usize, LedgerError> {
        let pending = self.ledger.pending(BATCH).await?;
        self.owners.learn(pending.iter().map(|(_, signal)| &signal.subject)).await;
        for (row, signal) in &pending {
            self.hear(*row, signal.clone()).await?;
        }
        Ok(pending.len())
    }

    async fn hear(&mut self, row: i64, mut signal: Signal) -> Result<(), LedgerError> {
        if let SignalKind::Written(written) = &signal.kind {
            return self.written(row, written).await;
        }
        let named = signal.subject.object.clone();
        let guessed = self.owners.lift(&mut signal);
        let key = signal.subject.key();
        let open = self.ledger.open_incident(&key).await?;
        let known = match open {
            Some(open) => Some(open),
            None => self.ledger.last_closed(&key).await?,
        };
        let now = Timestamp::now();
        let will = self.will.borrow().clone();
        signal.muted = will.and_then(|will| will.mutes(&signal, named.as_ref(), now));
        let new_id = self.ledger.new_id(&signal.subject, now).await?;
        match incident::hear(known.as_ref(), &signal, &new_id, now, &self.rules) {
            Heard::Decided(mut decision) => {
                self.count(known.as_ref(), &decision.incident);
                if decision.incident.looks == 0 {
                    decision.incident.named = guessed;
                }
                self.commit(&[row], *decision, None).await
            }
            Heard::Ignored(why) => {
                tracing::debug!(signal = %signal.key, why, "signal changes nothing");
                self.ledger.done(&[row]).await
            }
        }
    }

    /// Somebody's own words go to everyone who hears of the incident, also after its end.
    async fn written(&mut self, row: i64, written: &WrittenSignal) -> Result<(), LedgerError> {
        let Some(incident) = self.ledger.incident(&written.incident).await? else {
            tracing::warn!(incident = written.incident, "an update about no incident that is kept");
            return self.ledger.done(&[row]).await;
        };
        let now = Timestamp::now();
        let words = Words { at: now, by: written.by.clone(), text: written.text.clone() };
        let decision = public::write(&incident, words, now, &self.rules);
        let receivers = incident.told.iter().cloned().collect();
        self.write(&[row], decision, receivers, None).await
    }

    /// Applies what a look brought to the incident as it is now; waits for a ledger that is full.
    async fn learn(&mut self, looked: Looked, stop: &CancellationToken) -> Result<(), LedgerError> {
        self.count_look(&looked);
        loop {
            match self.learn_once(&looked).await {
                Ok(()) => return Ok(()),
                Err(error) => {
                    let pause = wait_out(error)?;
                    tokio::select! {
                        () = stop.cancelled() => return Ok(()),
                        () = tokio::time::sleep(pause) => {}
                    }
                }
            }
        }
    }

    async fn learn_once(&mut self, looked: &Looked) -> Result<(), LedgerError> {
        let Some(mut incident) = self.ledger.incident(&looked.incident_id).await? else {
            return Ok(());
        };
        if !incident.state.is_open() {
            return Ok(());
        }
        if let Some(root) = &looked.root {
            self.move_to(&mut incident, root).await?;
        }
        if let Some(about) = &looked.about {
            incident.about = about.clone();
        }
        let decision = incident::learn(&incident, &looked.look, Timestamp::now(), &self.rules);
        self.count(Some(&incident), &decision.incident);
        self.commit(&[], decision, looked.evidence.as_ref()).await
    }

    /// The owner was guessed and is known now. Where it has an incident already, each goes its own way.
    async fn move_to(&self, incident: &mut Incident, root: &ObjectRef) -> Result<(), LedgerError> {
        incident.named = None;
        let subject = Subject { object: Some(root.clone()), ..incident.subject.clone() };
        if subject != incident.subject && self.ledger.open_incident(&subject.key()).await?.is_none()
        {
            tracing::info!(incident = incident.id, guess = %incident.subject.key(), owner = %subject.key(), "owner known");
            incident.subject = subject;
        }
        Ok(())
    }

    async fn open_book(&mut self) -> Result<(), LedgerError> {
        if self.book.is_none() {
            self.book = Some(Book::of(&self.ledger.open_incidents().await?));
        }
        Ok(())
    }

    /// Commits a decision about one subject; where many fail at once, its parent speaks for it.
    async fn commit(
        &mut self,
        done: &[i64],
        decision: Decision,
        evidence: Option<&Evidence>,
    ) -> Result<(), LedgerError> {
        let now = Timestamp::now();
        let mut receivers = self.receivers(&decision.incident, now);
        self.open_book().await?;
        let book = self.book.get_or_insert_default();
        let decision = match book.place(&decision.incident, &receivers, now, &self.rules) {
            Place::Alone => joined(decision, &mut receivers, &self.stakeholders),
            Place::In(parent) => storm::held(decision, &parent, now),
            Place::Opens(opening) => {
                let parent = self.open_parent(&opening, now).await?;
                storm::held(decision, &parent, now)
            }
        };
        let noisy = self.noisy(&decision.incident, now).await?;
        let ended = self.wants_postmortem(&decision);
        self.write(done, decision, receivers, evidence).await?;
        if let Some((incident, noisy)) = noisy {
            self.note_noise(&incident, &noisy, now).await?;
        }
        if let Some(ended) = ended {
            self.draft_postmortem(&ended, now).await?;
        }
        Ok(())
    }

    /// A parent is committed, with what it says, before any member's own words are held back.
    async fn open_parent(
        &mut self,
        opening: &Opening,
        now: Timestamp,
    ) -> Result<String, LedgerError> {
        let id = self.ledger.new_id(&opening.subject, now).await?;
        let parent = self.book.get_or_insert_default().open(&id, opening, now);
        self.count(None, &parent);
        self.bring_up_to_date(&parent).await?;
        Ok(id)
    }

    /// Brings a parent up to date with its members.
    async fn tend(&mut self, id: &str) -> Result<(), LedgerError> {
        match self.ledger.incident(id).await? {
            Some(parent) if parent.state.is_open() => self.bring_up_to_date(&parent).await,
            _ => Ok(()),
        }
    }

    async fn bring_up_to_date(&mut self, parent: &Incident) -> Result<(), LedgerError> {
        let book = self.book.get_or_insert_default();
        let storm::Tended { decision, mut receivers, released } =
            book.tend(parent, Timestamp::now(), &self.rules);
        receivers.extend(parent.told.iter().cloned());
        self.count(Some(parent), &decision.incident);
        // Before the parent forgets them: a crash in between lets it release them once more.
        for id in released {
            if let Some(member) = self.ledger.incident(&id).await? {
                let decision = storm::release(&member, Timestamp::now());
                let receivers = self.receivers(&decision.incident, Timestamp::now());
                self.write(&[], decision, receivers, None).await?;
            }
        }
        let (ended, now) = (self.wants_postmortem(&decision), Timestamp::now());
        self.write(&[], decision, receivers.into_iter().collect(), None).await?;
        match ended {
            Some(ended) => self.draft_postmortem(&ended, now).await,
            None => Ok(()),
        }
    }

    async fn write(
        &mut self,
        done: &[i64],
        mut decision: Decision,
        receivers: Vec<String>,
        evidence: Option<&Evidence>,
    ) -> Result<(), LedgerError> {
        let now = Timestamp::now();
        let audience = |receiver: &String| {
            if self.stakeholders.contains(receiver) {
                Audience::Stakeholders
            } else {
                Audience::Oncall
            }
        };
        let hears =
            |receiver: &&String| !Say::heard_by(audience(receiver), &decision.say).is_empty();
        let told: Vec<String> = receivers.iter().filter(hears).cloned().collect();
        let mut public = told.iter().filter(|receiver| self.stakeholders.contains(*receiver));
        if let Some(some) = public.next() {
            let known = &decision.incident.told;
            let first = !known.contains(some) || public.any(|receiver| !known.contains(receiver));
            let entry = public::entry(&decision.incident, &decision.say, first, now);
            decision.entries.extend(entry);
        }
        decision.incident.told.extend(told);
        let commit = Commit {
            done,
            decision: &decision,
            receivers: &receivers,
            stakeholders: &self.stakeholders,
            evidence,
            watermark: None,
            now,
        };
        match self.ledger.commit(commit).await {
            Ok(owed) => {
                if owed > 0 {
                    (self.owed)();
                }
                Ok(())
            }
            Err(error) => {
                self.book = None;
                Err(error)
            }
        }
    }

    /// Those whom the route tree names now, and those who were told before: they stay to the end.
    fn receivers(&self, incident: &Incident, now: Timestamp) -> Vec<String> {
        let labels = incident.labels();
        let mut receivers: Vec<String> = if incident.subject.is_watched() {
            self.watchman.told.to_vec()
        } else {
            let told = self.route.told_now(&labels, &self.schedule, now);
            told.into_iter().map(str::to_owned).collect()
        };
        for told in &incident.told {
            if !receivers.contains(told) {
                receivers.push(told.clone());
            }
        }
        receivers
    }

    fn count_look(&self, looked: &Looked) {
        let Looked { look, subject, .. } = looked;
        if looked.panicked {
            self.telemetry.emit(events::TaskPanicked { task: "look", message: "see the log" });
        }
        let seen = !matches!(look.health.presence, Presence::Unknown(_) | Presence::NotAsked);
        match &look.health.presence {
            Presence::NotAsked => {}
            Presence::Unknown(why) => self.watchman.looked(Some(format!("{subject}: {why}"))),
            _ => self.watchman.looked(None),
        }
        let outcome = match (seen, look.blind_spots.is_empty()) {
            (false, _) => events::LookOutcome::Blind,
            (true, false) => events::LookOutcome::Partial,
            (true, true) => events::LookOutcome::Complete,
        };
        let best = look.finding.as_ref().and_then(|finding| finding.hypotheses.first());
        self.telemetry.emit(events::LookDone {
            subject,
            outcome,
            seconds: looked.took.as_secs_f64(),
            api_calls: looked.api_calls,
            redacted: u64::from(look.redacted),
            cause: best.map(|best| (best.cause.as_str(), best.certainty.word())),
        });
    }

    fn count(&self, before: Option<&Incident>, after: &Incident) {
        let was_open = before.is_some_and(|incident| incident.state.is_open());
        match (was_open, after.state.is_open()) {
            (false, true) => self.telemetry.emit(events::IncidentOpened {
                incident: &after.id,
                subject: &after.subject.key(),
                relapse: before.is_some_and(|before| before.id == after.id),
            }),
            (true, false) => self.telemetry.emit(events::IncidentClosed {
                incident: &after.id,
                how: after.closed.as_ref().map_or("", |closed| &closed.how),
            }),
            _ => {}
        }
    }
}

/// Where nothing is new but who hears (the severity rose, a cause was found, office hours began), only
/// those are told.
fn joined(
    mut decision: Decision,
    receivers: &mut Vec<String>,
    stakeholders: &BTreeSet<String>,
) -> Decision {
    let incident = &decision.incident;
    if !incident.is_told() || !incident.state.is_open() {
        return decision;
    }
    let new = |receiver: &&String| !incident.told.contains(*receiver);
    if decision.say.is_empty() {
        receivers.retain(|receiver| new(&receiver));
    }
    let (public, oncall): (Vec<_>, Vec<_>) =
        receivers.iter().filter(new).partition(|receiver| stakeholders.contains(*receiver));
    for (any, main) in [(!oncall.is_empty(), Say::Main), (!public.is_empty(), Say::Public)] {
        if any && !decision.say.contains(&main) {
            decision.say.insert(0, main);
        }
    }
    decision
}

/// What passes is waited for; what does not ends the daemon.
fn wait_out(error: LedgerError) -> Result<Duration, LedgerError> {
    if error.passes() {
        tracing::warn!(%error, "the ledger cannot be written now");
        Ok(LEDGER_PAUSE)
    } else {
        Err(error)
    }
}
