//! What Firsthand says of itself: that it is blind, deaf or mute. Whoever asks to hear it (`watch: true`) is
//! told once for each, in an incident like any other, and again when it is over.
//!
//! The trouble of one part is an alert of our own: it opens an incident, and its end closes it. What is
//! remembered here may be lost at any time but for the heartbeat's pace, which is kept.

mod heartbeat;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rules::{after, between};
use super::{AlertSignal, AlertStatus, Signal, SignalKind, Subject};
pub use heartbeat::Heartbeat;

/// When Firsthand speaks of itself and of what it depends on: `watch:` in the YAML.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Watching {
    /// How long Prometheus, Alertmanager or the API server may be away, or answers be partial.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub away: Duration,
    /// How long messages to a receiver may fail.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub stuck: Duration,
    /// How long the `Watchdog` alert may be silent: a little more than the `repeat_interval` and the
    /// `group_interval` of its route. Left out: learned from its pauses, which takes a while.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "Option<String>")]
    pub heartbeat: Option<Duration>,
}

impl Default for Watching {
    fn default() -> Self {
        Self {
            away: Duration::from_secs(5 * 60),
            stuck: Duration::from_secs(15 * 60),
            heartbeat: None,
        }
    }
}

/// What is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The way of alerts, by the `Watchdog` that should always come.
    Heartbeat,
    /// Prometheus answers.
    Prometheus,
    /// Prometheus' answers are whole.
    Answers,
    /// Alertmanager answers.
    Alertmanager,
    /// The API server answers.
    Kubernetes,
    /// Most subjects can be seen.
    Evidence,
    /// Messages arrive.
    Deliveries,
}

/// What is said of one part. Sentences that `brief` shows as they are.
struct Words {
    /// The alert's name.
    name: &'static str,
    /// What people call the part.
    title: &'static str,
    headline: &'static str,
    /// What does not work meanwhile.
    lost: &'static str,
    /// What to do.
    advice: &'static str,
    severity: &'static str,
}

impl Part {
    const ALL: [Self; 7] = [
        Self::Heartbeat,
        Self::Prometheus,
        Self::Answers,
        Self::Alertmanager,
        Self::Kubernetes,
        Self::Evidence,
        Self::Deliveries,
    ];

    fn words(self) -> Words {
        match self {
            Self::Heartbeat => Words {
                name: "FirsthandHeartbeatLost",
                title: "The heartbeat of the alerts",
                headline: "No heartbeat: alerts may not arrive",
                lost: "alerts may fire that nobody hears of; what the poll sees is still told",
                advice: "Look whether Prometheus evaluates its rules and reaches Alertmanager, and whether a \
                         route sends the alert Watchdog here.",
                severity: "critical",
            },
            Self::Prometheus => Words {
                name: "FirsthandPrometheusAway",
                title: "Prometheus",
                headline: "Prometheus does not answer",
                lost: "restarts and lacking pods are not noticed until it answers, then they are caught up \
                       with; alerts are still heard, evidence lacks its metrics",
                advice: "Look at Prometheus, and at prometheus.url, its credentials and network policies.",
                severity: "warning",
            },
            Self::Answers => Words {
                name: "FirsthandAnswersPartial",
                title: "Prometheus",
                headline: "Prometheus answers in part only",
                lost: "failures of what is left out are not noticed; nothing is taken for health meanwhile",
                advice: "Look for stores or queriers that are away, or for a limit on the size of answers.",
                severity: "warning",
            },
            Self::Alertmanager => Words {
                name: "FirsthandAlertmanagerAway",
                title: "Alertmanager",
                headline: "Alertmanager does not answer",
                lost: "new silences do not hold for what the poll sees, and an end whose webhook is lost is \
                       not found; webhooks are still taken",
                advice: "Look at Alertmanager, and at alertmanager.url, its credentials and network policies.",
                severity: "warning",
            },
            Self::Kubernetes => Words {
                name: "FirsthandApiServerAway",
                title: "The API server",
                headline: "The API server does not answer",
                lost: "no evidence is taken, and nothing can be verified as recovered; alerts are still told",
                advice: "Look at the API server, and at the credentials and network policies on the way to it.",
                severity: "warning",
            },
            Self::Evidence => Words {
                name: "FirsthandEvidenceMissing",
                title: "The evidence",
                headline: "Most evidence is unavailable",
                lost: "incidents are told without a cause, and none of those can be verified as recovered",
                advice: "Ask what may be read; the line that is bad or weak says what is lost.",
                severity: "warning",
            },
            Self::Deliveries => Words {
                name: "FirsthandDeliveriesStuck",
                title: "The messages",
                headline: "Messages do not arrive",
                lost: "whoever listens there only hears nothing; nothing is lost, it is sent once it can be",
                advice: "Repair what the receiver complains of.",
                severity: "critical",
            },
        }
    }
}

/// Something is wrong with a part.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Trouble {
    since: Timestamp,
    /// In words, from whoever failed.
    why: String,
}

/// What is known of a part in this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    /// It was asked, and nothing was said yet.
    Nothing,
    /// That it is well.
    Well,
    /// That it fails, since then.
    Failing(Timestamp),
}

/// Looks that are remembered, the newest.
const LOOKS: usize = 40;
/// Only looks so recent count.
const LOOKED_WITHIN: Duration = Duration::from_secs(15 * 60);
/// So many looks are needed before the share of blind ones says anything.
const FEWEST_LOOKS: usize = 6;

/// Keeps what was noticed of each part, and says when that is worth an alert of our own.
#[derive(Debug)]
pub struct Watchman {
    settings: Watching,
    cluster: String,
    heartbeat: Heartbeat,
    troubles: BTreeMap<Part, Trouble>,
    looks: Vec<(Timestamp, Option<String>)>,
    /// Only parts of which something is known.
    said: BTreeMap<Part, Said>,
}

impl Watchman {
    /// One who begins at `now`, with what was kept of the heartbeat.
    pub fn new(settings: Watching, cluster: &str, heartbeat: Heartbeat, now: Timestamp) -> Self {
        Self {
            heartbeat: heartbeat.begun(now),
            settings,
            cluster: cluster.to_owned(),
            troubles: BTreeMap::new(),
            looks: Vec::new(),
            said: BTreeMap::new(),
        }
    }

    /// A `Watchdog` of that cluster came: it fires, or has ended.
    pub fn beat(&mut self, cluster: &str, fires: bool, now: Timestamp) {
        self.heartbeat.beat(cluster, fires, now);
    }

    /// What is to be kept of the heartbeat.
    pub fn heartbeat(&self) -> &Heartbeat {
        &self.heartbeat
    }

    /// A part is well (`None`), or is not, and why.
    pub fn saw(&mut self, part: Part, wrong: Option<String>, now: Timestamp) {
        match wrong {
            None => drop(self.troubles.remove(&part)),
            Some(why) => {
                let since = self.troubles.get(&part).map_or(now, |trouble| trouble.since.min(now));
                self.troubles.insert(part, Trouble { since, why });
            }
        }
        self.said.entry(part).or_insert(Said::Nothing);
    }

    /// A look was taken at a subject that can be seen: it was, or it was not, and why.
    pub fn looked(&mut self, blind: Option<String>, now: Timestamp) {
        let surplus = (self.looks.len() + 1).saturating_sub(LOOKS);
        self.looks.drain(..surplus);
        self.looks.push((now, blind));
    }

    /// What is to be said now: each trouble once, and its end once.
    pub fn due(&mut self, now: Timestamp) -> Vec<Signal> {
        self.judge_evidence(now);
        if let Some(missing) = self.heartbeat.missing(&self.settings, now) {
            self.saw(Part::Heartbeat, missing, now);
        }
        Part::ALL.into_iter().filter_map(|part| self.say(part, now)).collect()
    }

    /// Whether most of the looks of late were blind. That the API server is away is said already.
    fn judge_evidence(&mut self, now: Timestamp) {
        self.looks.retain(|(at, _)| after(*at, LOOKED_WITHIN) >= now);
        let blind: Vec<_> = self.looks.iter().filter_map(|(_, blind)| blind.as_ref()).collect();
        let (blinds, all) = (blind.len(), self.looks.len());
        if all >= FEWEST_LOOKS && blinds * 2 > all && !self.troubles.contains_key(&Part::Kubernetes)
        {
            let last = blind.last().map_or("", |why| why.as_str());
            let why = format!("{blinds} of the last {all} looks saw nothing; the last one: {last}");
            self.saw(Part::Evidence, Some(why), now);
        } else if blinds < all {
            self.saw(Part::Evidence, None, now);
        }
    }

    fn say(&mut self, part: Part, now: Timestamp) -> Option<Signal> {
        let said = *self.said.get(&part)?;
        let grace = match part {
            Part::Heartbeat | Part::Evidence => Duration::ZERO,
            Part::Deliveries => self.settings.stuck,
            _ => self.settings.away,
        };
        let trouble = self.troubles.get(&part);
        match (trouble, said) {
            (Some(_), Said::Failing(_)) | (None, Said::Well) => None,
            (Some(trouble), _) if between(trouble.since, now) < grace => None,
            (Some(trouble), _) => {
                let signal = self.signal(part, trouble.since, &trouble.why, None, now);
                self.said.insert(part, Said::Failing(trouble.since));
                Some(signal)
            }
            (None, said) => {
                // What was said before the last start is not known: the end is said all the same, and
                // changes nothing where nothing is open.
                let since = if let Said::Failing(since) = said { since } else { now };
                self.said.insert(part, Said::Well);
                Some(self.signal(part, since, "", Some(now), now))
            }
        }
    }

    fn signal(
        &self,
        part: Part,
        starts_at: Timestamp,
        why: &str,
        ends_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Signal {
        let words = part.words();
        let fingerprint = words.name.to_owned();
        let begin = format!("alert/{fingerprint}/{starts_at}");
        let (status, key) = match ends_at {
            None => (AlertStatus::Firing, format!("{begin}/firing")),
            Some(end) => (AlertStatus::Resolved, format!("{begin}/resolved/{end}")),
        };
        let pairs = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let alert = AlertSignal {
            fingerprint,
            status,
            labels: pairs(&[("alertname", words.name), ("severity", words.severity)]),
            annotations: pairs(&[
                ("summary", words.headline),
                ("why", why),
                ("lost", words.lost),
                ("advice", words.advice),
            ]),
            starts_at,
            ends_at,
            generator_url: None,
            external_url: None,
            truncated: 0,
            asked: None,
        };
        let subject = Subject::watched(&self.cluster, words.title);
        Signal { key, subject, heard_at: now, kind: SignalKind::Alert(alert), muted: None }
    }
}
