//! Timelines: what the house says when, on a simulated clock.
//!
//! One text file is one story. We write the lines at the margin (what alerts, polls and looks at the
//! cluster say at which time); the indented lines are what the house makes of it, checked here, and
//! written by `UPDATE=1 cargo test --test timelines`. Looks are taken when the house wants them.
//!
//! ```text
//! 02:14 alert KubePodCrashLooping fires severity=critical
//! 02:14 alert KubePodCrashLooping ends
//! 02:14 alert KubePodCrashLooping fires range=10m     its rule looks back so far
//! 02:14 poll restarted web-1 3            the poll saw the raw counter of web-1 at 3
//! 02:14 poll waits web-1 CrashLoopBackOff
//! 02:14 sees failing 0/2 cause=app-crash:certain service=0/2 others=3
//! 02:14 sees healthy 2/2 ready=02:13      from now on looks show this; also gone, zero, away, nothing
//! 02:14 pod web-1 restarts=3 ended=02:13 ran=40m uid=u2      or: pod web-1 deleted
//! 02:14 revision 42 template=abc created=02:10
//! 02:14 again                             the last signal arrives once more
//! 02:14 writes Dana Orders are being replayed.
//! 26:00 end
//! ```
//! Hours may go beyond 24. `subject none`, `subject KIND NS/NAME`, `rules KEY=VALUE`, `quiet 22:00 24:00`,
//! `tier WORD` and `stakeholders` (what they hear is shown as well) come first.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use firsthand::brief::{Context, Said, Stakeholders};
use firsthand::diagnosis::{
    About, Certainty, Finding, Health, Hypothesis, Neighbours, ObjectRef, Presence, Proof,
    RestartCount, Revision, Rollout, ServiceHealth,
};
use firsthand::incident::public::{self, Words};
use firsthand::incident::{
    AlertSignal, AlertStatus, Decision, Heard, Incident, Look, Missed, PollSignal, Reply, Rules,
    Say, Signal, SignalKind, Subject, hear, learn, pass,
};
use jiff::{SignedDuration, Timestamp};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/timelines");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("tests/timelines")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "txt"))
        .collect();
    files.sort();
    let trials = files
        .into_iter()
        .map(|path| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            Trial::test(name, move || check(&path))
        })
        .collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn check(path: &Path) -> Result<(), Failed> {
    let expected = std::fs::read_to_string(path)?;
    let actual = play(&expected);
    if actual == expected {
        return Ok(());
    }
    if std::env::var_os("UPDATE").is_some() {
        return Ok(std::fs::write(path, actual)?);
    }
    let diff = similar::TextDiff::from_lines(&expected, &actual);
    let diff = diff.unified_diff().context_radius(4).to_string();
    let name = path.display();
    Err(format!("{name} tells another story:\n{diff}\nUPDATE=1 cargo test --test timelines").into())
}

/// Plays a story and returns it with what the house makes of it.
fn play(text: &str) -> String {
    let mut world = World::new();
    let lines: Vec<&str> =
        text.lines().filter(|line| !line.starts_with("    ") && !line.trim().is_empty()).collect();
    let mut told = String::new();
    for (index, line) in lines.iter().enumerate() {
        let now = time_of(line);
        if let Some(now) = now {
            world.look_until(now, false);
        }
        told += &std::mem::take(&mut world.told);
        let _ = writeln!(told, "{line}");
        match now {
            Some(now) => world.happens(now, &words(line)[1..]),
            None => world.is_set(&words(line)),
        }
        let last =
            lines.get(index + 1).and_then(|next| time_of(next)).is_none_or(|t| Some(t) > now);
        if let Some(now) = now.filter(|_| last) {
            world.look_until(now, true);
        }
        told += &std::mem::take(&mut world.told);
    }
    let incident = world.incidents.last();
    let end = incident.map_or("nothing opened".to_owned(), |incident| {
        let state = incident.state.word();
        format!("{state} {}, {} looks", incident.severity.word(), incident.looks)
    });
    told + &format!("    END {end}\n")
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

fn time_of(line: &str) -> Option<Timestamp> {
    clock(line.split_whitespace().next()?)
}

/// `02:14`, `02:14:30`, `26:00`: since midnight of the day on which all stories begin.
fn clock(word: &str) -> Option<Timestamp> {
    let mut parts = word.split(':').map(|part| part.parse::<i64>().ok());
    let (hours, minutes) = (parts.next()??, parts.next()??);
    let seconds = parts.next().unwrap_or(Some(0))?;
    let midnight: Timestamp = "2026-11-21T00:00:00Z".parse().expect("a time");
    Some(midnight + SignedDuration::from_secs(hours * 3600 + minutes * 60 + seconds))
}

/// The cluster, as looks see it, and the incidents so far.
struct World {
    subject: Subject,
    rules: Rules,
    health: Health,
    hypothesis: Option<Hypothesis>,
    back_to: Option<String>,
    pods: BTreeMap<String, RestartCount>,
    alerts: BTreeMap<String, Timestamp>,
    last: Option<Signal>,
    incidents: Vec<Incident>,
    stakeholders: bool,
    about: About,
    told: String,
}

impl World {
    fn new() -> Self {
        let object = ObjectRef::new("Deployment", "shop", "web");
        Self {
            subject: Subject {
                cluster: "prod-eu".to_owned(),
                object: Some(object),
                group: String::new(),
            },
            rules: Rules::default(),
            health: Health {
                presence: Presence::Present,
                desired: 2,
                ready: 2,
                ..Health::default()
            },
            hypothesis: None,
            back_to: None,
            pods: BTreeMap::new(),
            alerts: BTreeMap::new(),
            last: None,
            incidents: Vec::new(),
            stakeholders: false,
            about: About::default(),
            told: String::new(),
        }
    }

    /// Lines without a time: what the story is about.
    fn is_set(&mut self, words: &[&str]) {
        match words {
            [comment, ..] if comment.starts_with('#') => {}
            ["subject", "none"] => {
                self.subject.object = None;
                self.subject.group = "ErrorBudgetBurn".to_owned();
            }
            ["subject", kind, name] => {
                let (namespace, name) = name.split_once('/').unwrap_or(("", name));
                self.subject.object = Some(ObjectRef::new(*kind, namespace, name));
            }
            ["stakeholders"] => self.stakeholders = true,
            ["tier", tier] => self.about.tier = Some(tier.to_string()),
            ["impact", text @ ..] => self.about.impact = Some(text.join(" ")),
            ["quiet", from, to] => {
                let hours =
                    serde_json::json!({ "times": [{ "start_time": from, "end_time": to }] });
                self.rules.quiet_hours.push(serde_json::from_value(hours).expect("hours"));
            }
            ["rules", setting] => {
                let (key, value) = setting.split_once('=').expect("KEY=VALUE");
                let mut rules = serde_json::to_value(&self.rules).expect("rules");
                rules[key] = value.into();
                self.rules = serde_json::from_value(rules).expect("known rules");
            }
            other => panic!("not understood: {other:?}"),
        }
    }

    fn happens(&mut self, now: Timestamp, words: &[&str]) {
        match words {
            ["alert", name, what @ ("fires" | "ends"), options @ ..] => {
                let signal = self.alert(now, name, *what == "fires", options);
                self.hear(now, signal);
            }
            ["poll", "restarted", pod, count, options @ ..] => {
                let by = option(options, "by").map_or(1, |by| by.parse().expect("a number"));
                let poll = PollSignal::Restarted {
                    pod: pod.to_string(),
                    uid: option(options, "uid").unwrap_or(pod).to_owned(),
                    container: "app".to_owned(),
                    count: count.parse().expect("a counter"),
                    by,
                    reason: Some("Error".to_owned()),
                    exit_code: Some(2),
                    missed: option(options, "from").map(|from| Missed {
                        times: by,
                        from: clock(from).expect("a time"),
                        until: option(options, "until").and_then(clock).expect("a time"),
                    }),
                };
                self.hear(now, self.signal(now, SignalKind::Poll(poll)));
            }
            ["poll", "waits", pod, reason] => {
                let poll = PollSignal::Waiting {
                    pod: pod.to_string(),
                    uid: pod.to_string(),
                    container: "app".to_owned(),
                    reason: reason.to_string(),
                };
                self.hear(now, self.signal(now, SignalKind::Poll(poll)));
            }
            ["writes", by, text @ ..] => {
                let incident = self.incidents.last().expect("an incident").clone();
                let (by, text) = (by.to_string(), text.join(" "));
                let decision =
                    public::write(&incident, Words { at: now, by, text }, now, &self.rules);
                self.decided(now, decision);
            }
            ["again"] => self.hear(now, self.last.clone().expect("a signal before")),
            ["sees", what, options @ ..] => self.sees(what, options),
            ["pod", pod, "deleted"] => {
                self.pods.remove(*pod);
            }
            ["pod", pod, options @ ..] => self.pod(pod, options),
            ["revision", number, options @ ..] => {
                self.health.revision = Some(Revision {
                    number: number.to_string(),
                    template: option(options, "template").unwrap_or(number).to_owned(),
                    created_at: option(options, "created").and_then(clock),
                });
            }
            ["end"] => {}
            other => panic!("not understood: {other:?}"),
        }
    }

    fn alert(&mut self, now: Timestamp, name: &str, fires: bool, options: &[&str]) -> Signal {
        let starts_at = option(options, "since").and_then(clock);
        let starts_at = match (fires, starts_at, self.alerts.get(name)) {
            (_, Some(since), _) => since,
            (false, None, Some(since)) => *since,
            _ => now,
        };
        self.alerts.insert(name.to_owned(), starts_at);
        let mut labels = BTreeMap::from([("alertname".to_owned(), name.to_owned())]);
        if let Some(severity) = option(options, "severity") {
            labels.insert("severity".to_owned(), severity.to_owned());
        }
        let pod = option(options, "pod").unwrap_or_default();
        let alert = AlertSignal {
            fingerprint: format!("{name}{pod}"),
            status: if fires { AlertStatus::Firing } else { AlertStatus::Resolved },
            labels,
            annotations: BTreeMap::new(),
            starts_at,
            ends_at: (!fires).then_some(now),
            generator_url: option(options, "range").map(|range| {
                format!("http://prometheus/graph?g0.expr=increase(kube_pod_restarts[{range}])")
            }),
            external_url: None,
            truncated: 0,
            asked: None,
        };
        self.signal(now, SignalKind::Alert(alert))
    }

    fn signal(&self, now: Timestamp, kind: SignalKind) -> Signal {
        let key = format!("{now} {kind:?}");
        Signal { key, subject: self.subject.clone(), heard_at: now, kind, muted: None }
    }

    fn sees(&mut self, what: &str, options: &[&str]) {
        let kept = (self.health.revision.take(), self.health.desired);
        self.health = Health { revision: kept.0, desired: kept.1, ..Health::default() };
        if let Some((ready, desired)) = options.first().and_then(|word| word.split_once('/')) {
            self.health.ready = ready.parse().expect("a number");
            self.health.desired = desired.parse().expect("a number");
        }
        self.health.presence = match what {
            "gone" => Presence::Gone,
            "zero" => Presence::ScaledToZero,
            "away" => Presence::Unknown("API server: timed out after 5s".to_owned()),
            "nothing" => Presence::NotAsked,
            _ => Presence::Present,
        };
        if what == "failing" {
            let pods = format!("{} of {} pods ready", self.health.ready, self.health.desired);
            self.health.failing = vec![pods];
        }
        self.health.ready_since = option(options, "ready").and_then(clock);
        if let Some((ready, total)) = option(options, "service").and_then(|s| s.split_once('/')) {
            self.health.services = vec![ServiceHealth {
                name: "web".to_owned(),
                ready: ready.parse().expect("a number"),
                total: total.parse().expect("a number"),
            }];
        }
        self.health.neighbours = option(options, "others").map(|others| Neighbours {
            failing: 1 + others.parse::<usize>().expect("a number"),
            total: 12,
        });
        self.back_to = option(options, "from").map(str::to_owned);
        self.hypothesis = option(options, "cause").map(|cause| {
            let (cause, certainty) = cause.split_once(':').unwrap_or((cause, "possible"));
            hypothesis(cause, certainty)
        });
    }

    fn pod(&mut self, pod: &str, options: &[&str]) {
        let ended = option(options, "ended").and_then(clock);
        let ran = option(options, "ran").map(|ran| ran.parse().expect("a span"));
        let counter = RestartCount {
            uid: option(options, "uid").unwrap_or(pod).to_owned(),
            pod: pod.to_owned(),
            container: "app".to_owned(),
            count: option(options, "restarts").map_or(0, |n| n.parse().expect("a counter")),
            last_ended_at: ended,
            last_started_at: ended.zip(ran).map(|(ended, ran): (_, SignedDuration)| ended - ran),
        };
        self.pods.insert(pod.to_owned(), counter);
    }

    fn hear(&mut self, now: Timestamp, signal: Signal) {
        let known = self.incidents.last();
        let id = format!("FH-{}", self.incidents.len() + 1);
        let heard = hear(known, &signal, &id, now, &self.rules);
        self.last = Some(signal);
        match heard {
            Heard::Ignored(why) => self.tell(now, &format!("IGNORE {why}")),
            Heard::Decided(decision) => self.decided(now, *decision),
        }
    }

    /// Takes every look that is due before `now`, or at it.
    fn look_until(&mut self, now: Timestamp, at_it: bool) {
        for _ in 0..20_000 {
            let Some(incident) = self.incidents.last().cloned() else { return };
            let Some(due) = incident.look_at.filter(|due| *due < now || at_it && *due == now)
            else {
                return;
            };
            let incident = Incident { about: self.about.clone(), ..incident };
            let decision = if incident.subject.object.is_some() {
                let look = self.look(due);
                let decision = learn(&incident, &look, due, &self.rules);
                let twice = learn(&decision.incident, &look, due, &self.rules);
                assert_eq!(twice.incident, decision.incident, "a look was learned twice");
                assert!(twice.say.is_empty() && twice.entries.is_empty(), "and spoken of twice");
                decision
            } else {
                pass(&incident, due, &self.rules)
            };
            let next = decision.incident.look_at;
            assert!(next.is_none_or(|next| next > due), "looks again at once, for ever");
            self.decided(due, decision);
        }
        panic!("too many looks");
    }

    fn look(&self, now: Timestamp) -> Look {
        let health =
            Health { restarts: self.pods.values().cloned().collect(), ..self.health.clone() };
        let finding = self.hypothesis.clone().map(|hypothesis| Finding {
            steward: None,
            object: self.subject.object.clone().expect("an object"),
            symptom: "CrashLoopBackOff".to_owned(),
            predicate: "is crash-looping".to_owned(),
            since: None,
            health: health.clone(),
            behind: None,
            hypotheses: vec![hypothesis],
            rollout: self.back_to.clone().map(|from| Rollout {
                from_revision: Some(from),
                to_revision: self.health.revision.as_ref().map(|revision| revision.number.clone()),
                at: None,
                changes: Vec::new(),
                can_roll_back: true,
            }),
            next: Vec::new(),
            avoid: Vec::new(),
            unknown: Vec::new(),
            excerpt: None,
            events: Vec::new(),
        });
        Look { taken_at: now, finding, health, blind_spots: Vec::new(), redacted: 0 }
    }

    fn decided(&mut self, now: Timestamp, decision: Decision) {
        for entry in &decision.entries {
            let text = &entry.text;
            let shown = match text.split_once(": ") {
                _ if text.starts_with("opened") || text.starts_with("reopened") => {
                    Some(format!("OPEN {}, {text}", decision.incident.id))
                }
                Some(("hold", why)) => Some(format!("HOLD {why}")),
                Some(("state", change)) => Some(format!("STATE {change}")),
                Some(("severity", change)) => Some(format!("SEV {change}")),
                Some(("spoke", why)) => Some(format!("SPEAK {why}")),
                Some(("closed", how)) => Some(format!("CLOSE {how}")),
                _ => None,
            };
            if let Some(shown) = shown {
                self.tell(now, &shown);
            }
        }
        let context = Context::at(now);
        let context = Context { rules: self.rules.clone(), ..context };
        for say in &decision.say {
            let words = match say {
                Say::Public if self.stakeholders => {
                    let words = Stakeholders::of(&decision.incident, &context);
                    let headline = format!("{} {}", words.dot.mark(), words.headline);
                    Some(format!("PUBLIC {headline} / {}", words.lines.join(" / ")))
                }
                Say::Update(reply) if self.stakeholders => {
                    let said = Said::of(reply, &decision.incident, &context);
                    Some(format!("UPDATE {}", said.lead))
                }
                _ => None,
            };
            if let Some(words) = words {
                self.tell(now, &words);
            }
            if matches!(say, Say::Public | Say::Update(_)) {
                continue;
            }
            self.tell(now, &format!("SAY {}", said(say, &decision.incident)));
        }
        match self.incidents.last_mut() {
            Some(last) if last.id == decision.incident.id => *last = decision.incident,
            _ => self.incidents.push(decision.incident),
        }
    }

    fn tell(&mut self, now: Timestamp, text: &str) {
        let midnight = clock("00:00").expect("midnight");
        let seconds = now.duration_since(midnight).as_secs();
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let _ = writeln!(self.told, "    {hours:02}:{minutes:02}:{seconds:02} {text}");
    }
}

/// One line for something that is said; `!` marks what is also shown in the channel.
fn said(say: &Say, incident: &Incident) -> String {
    let (reply, mark) = match say {
        Say::Main => {
            let (state, severity) = (incident.state.word(), incident.severity.word());
            let firing = incident.alerts.values().filter(|a| a.ended_at.is_none()).count();
            let pods = match incident.health.presence {
                Presence::Present => {
                    format!("{}/{} ready", incident.health.ready, incident.health.desired)
                }
                _ => "health unknown".to_owned(),
            };
            let cause = incident.top().map_or("no cause", |top| top.cause.as_str());
            return format!("main {severity} {state}, {pods}, {cause}, {firing} firing");
        }
        Say::Reply { reply, broadcast } => (reply, if *broadcast { "!" } else { "" }),
        Say::Public | Say::Update(_) => return "for stakeholders".to_owned(),
    };
    match reply {
        Reply::Evidence { finding, .. } => {
            format!("evidence{mark} {}", finding.hypotheses[0].cause)
        }
        Reply::Severity { from, to, reason, .. } => {
            format!("severity{mark} {} → {}: {reason}", from.word(), to.word())
        }
        Reply::Identified { summary, quote, .. } => {
            format!("identified{mark} {summary} {:?}", quote.as_deref().unwrap_or_default())
        }
        Reply::Note { text, .. } => format!("note{mark} {text}"),
        Reply::Resolved { how, because, .. } => format!("resolved{mark} {how}: {because}"),
        Reply::Relapse { reason, .. } => format!("relapse{mark} {reason}"),
        Reply::Members { total, .. } => format!("members{mark} of {total}"),
        Reply::Checklist { items, .. } => {
            let done = items.iter().filter(|(done, _)| *done).count();
            format!("checklist{mark} {done} of {}", items.len())
        }
        Reply::Words { by, text, .. } => format!("words{mark} {by}: {text}"),
        Reply::Update { .. } => "update".to_owned(),
        Reply::Postmortem { .. } => format!("postmortem{mark}"),
    }
}

fn hypothesis(cause: &str, certainty: &str) -> Hypothesis {
    let proof = Proof {
        fact: "the log says so".to_owned(),
        quote: Some("panic: no".to_owned()),
        source: Some("previous log of web-1, line 3".to_owned()),
    };
    Hypothesis {
        cause: cause.to_owned(),
        certainty: match certainty {
            "certain" => Certainty::Certain,
            "likely" => Certainty::Likely,
            _ => Certainty::Possible,
        },
        summary: format!("It is {cause}."),
        because: vec![proof],
        against: Vec::new(),
        settle: Vec::new(),
        target: None,
        facts: BTreeMap::new(),
    }
}

fn option<'a>(options: &[&'a str], key: &str) -> Option<&'a str> {
    options.iter().find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
}
