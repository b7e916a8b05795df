//! The words for whoever is on call: chosen once, laid out by every renderer.

use super::{
    CauseWords, Changed, Context, Dot, Hurt, Link, clock, headline, links, plain, storm, watch,
};
use crate::diagnosis::{BlindSpot, Certainty, Choice, Finding, Presence};
use crate::incident::{Incident, LooksBack, Severity, State};

/// One incident, in words. Everything in it is clean and bounded; nothing is escaped yet.
#[derive(Clone, Debug, PartialEq)]
pub struct OnCall {
    /// The one coloured dot.
    pub dot: Dot,
    /// How bad.
    pub severity: Severity,
    /// Where it stands.
    pub state: State,
    /// `checkout is crash-looping`.
    pub headline: String,
    /// `shop / Deployment checkout`.
    pub place: String,
    /// `prod-eu`; may be empty.
    pub cluster: String,
    /// ` (shop, prod-eu)`, for one line; may be empty.
    pub within: String,
    /// `since 02:11 UTC, 3 min before the alert`.
    pub since: String,
    /// What stands between this and the end, or what ended it.
    pub now: Option<String>,
    /// Who is hurt.
    pub hurt: Hurt,
    /// Why.
    pub cause: CauseWords,
    /// What changed, and when.
    pub changed: Option<Changed>,
    /// What to do: two or three choices. None once it is over.
    pub next: Vec<Choice>,
    /// What not to do (`rolling back: …`). None once it is over.
    pub avoid: Vec<String>,
    /// What is not known.
    pub unknown: Vec<String>,
    /// The alerts that joined, in one line.
    pub alerts: Option<String>,
    /// Where to go from here.
    pub links: Vec<Link>,
    /// `evidence 02:14 UTC`, `2 values redacted`, the incident's id.
    pub footer: Vec<String>,
}

impl OnCall {
    /// The words for that incident.
    pub fn of(incident: &Incident, context: &Context) -> Self {
        if let Some(storm) = &incident.storm {
            return storm::words(incident, storm, context);
        }
        if incident.subject.is_watched() {
            return watch::words(incident, context);
        }
        let open = incident.state.is_open();
        // Once health is back there is nothing left to do or to spoil, only to watch.
        let failing = open && incident.healthy_since.is_none();
        let finding = incident.finding.as_ref();
        let namespace = incident.subject.object.as_ref().map_or("", |o| o.namespace.as_str());
        Self {
            dot: Dot::of(incident.severity, incident.state),
            severity: incident.severity,
            state: incident.state,
            headline: headline::headline(incident, context.at),
            place: place(incident),
            cluster: plain::short(&incident.subject.cluster, 80),
            within: within(incident),
            since: since(incident, context),
            now: now(incident, context),
            hurt: hurt(incident, namespace),
            cause: finding.map_or_else(|| no_cause(incident, context), CauseWords::of),
            changed: finding.and_then(|finding| Changed::of(finding, context.at, 3)),
            next: match finding {
                _ if !failing => Vec::new(),
                Some(finding) => next(finding),
                None => describe(incident, context).into_iter().collect(),
            },
            avoid: finding.filter(|_| failing).map(avoid).unwrap_or_default(),
            unknown: if open { unknown(finding, &incident.blind_spots) } else { Vec::new() },
            alerts: alerts(incident, context),
            links: links::links(incident, context),
            footer: footer(incident, context),
        }
    }

    /// The label before `now`: it stands, or it was the end.
    pub fn now_label(&self) -> &'static str {
        if self.state == State::Resolved { "Ended" } else { "Now" }
    }

    /// The label before `hurt`: what is over is not told in the present.
    pub fn hurt_label(&self) -> &'static str {
        if self.state == State::Resolved { "Was hurt" } else { "Hurt" }
    }

    /// One sentence that is enough on a locked phone.
    pub fn notification(&self) -> String {
        let at = self.within.as_str();
        if self.state == State::Resolved {
            let proof = self.now.as_ref().map(|now| format!(": {now}")).unwrap_or_default();
            let lead = format!("{} Resolved: {}{at}{proof}", self.dot.mark(), self.headline);
            return plain::sentence(&lead);
        }
        let hurt = self.hurt.first().map(|hurt| format!(": {hurt}")).unwrap_or_default();
        let lead =
            format!("{} {} {}{at}{hurt}", self.dot.mark(), self.severity.word(), self.headline);
        let cause = match self.cause.certainty {
            Some(certainty) => {
                format!("{}: {}", plain::capital(certainty.word()), self.cause.sentence)
            }
            None => plain::capital(&self.cause.sentence),
        };
        format!("{} {}", plain::sentence(&lead), plain::sentence(&cause))
    }
}

fn place(incident: &Incident) -> String {
    let Some(object) = &incident.subject.object else {
        return "nothing in Kubernetes".into();
    };
    let name =
        format!("{} {}", plain::short(object.kind.as_str(), 63), plain::short(&object.name, 120));
    if object.namespace.is_empty() {
        name
    } else {
        format!("{} / {name}", plain::short(&object.namespace, 63))
    }
}

/// ` (shop, prod-eu)`: where a name means something.
pub(super) fn within(incident: &Incident) -> String {
    let namespace = incident.subject.object.as_ref().map_or("", |object| object.namespace.as_str());
    let parts = [plain::short(namespace, 63), plain::short(&incident.subject.cluster, 80)];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

/// When it began, against a moment that stays true while the message stands.
pub(super) fn since(incident: &Incident, context: &Context) -> String {
    let began = clock::time(incident.since, context.at);
    if let (State::Resolved, Some(closed)) = (incident.state, &incident.closed) {
        let lasted = clock::span(incident.since, closed.at);
        return format!("{began} to {}, {lasted}", clock::time(closed.at, context.at));
    }
    let alert = incident.alerts.values().map(|alert| alert.starts_at).min();
    let distance = match (alert, incident.spoken_at) {
        (Some(alert), _) => clock::from_event(incident.since, alert, "the alert"),
        (None, Some(spoken)) => clock::from_event(incident.since, spoken, "this message"),
        (None, None) => None,
    };
    distance
        .map_or_else(|| format!("since {began}"), |distance| format!("since {began}, {distance}"))
}

/// Which half of recovery is there and which is missing; or what proved the end.
fn now(incident: &Incident, context: &Context) -> Option<String> {
    if let Some(closed) = incident.closed.as_ref().filter(|_| !incident.state.is_open()) {
        let because = plain::short(&closed.because, 400);
        return (!because.is_empty()).then_some(because);
    }
    let firing = incident.alerts.values().filter(|alert| alert.ended_at.is_none()).count();
    let healthy = incident.healthy_since.map(|since| clock::time(since, context.at));
    let came_back = (incident.relapses > 0).then(|| match incident.relapses {
        1 => "came back after it was resolved".to_owned(),
        n => format!("came back {n} times after it was resolved"),
    });
    let half = match (healthy, firing, incident.alerts.len()) {
        (Some(since), 0, _) => {
            let until = incident.watched_until(&context.rules).filter(|until| *until > context.at);
            let until =
                until.map(|until| format!("; watched until {}", clock::time(until, context.at)));
            Some(format!("healthy since {since}{}", until.unwrap_or_default()))
        }
        (Some(since), n, _) => {
            let alerts = plain::counted(n, "alert is", "alerts are");
            let back = match incident.looks_back(context.at) {
                Some(LooksBack { far, until: Some(until) }) => {
                    let (far, until) = (clock::words(far), clock::time(until, context.at));
                    format!(": its rule looks back {far}, so until about {until}")
                }
                Some(LooksBack { far, .. }) => {
                    format!(", although its rule looks back only {}", clock::words(far))
                }
                None => String::new(),
            };
            Some(format!("healthy since {since}; {alerts} still firing{back}"))
        }
        (None, 0, n) if n > 0 => Some("the alert has ended, the workload has not recovered".into()),
        _ => None,
    };
    let missed = incident.missed.as_ref();
    let missed = missed.map(|it| format!("while nobody was looking it {}", it.words()));
    let parts = storm::part_of(incident).into_iter().chain(missed).chain(came_back).chain(half);
    let parts: Vec<_> = parts.collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// From health while it lasts; what was hurt at its worst stays in the finding.
fn hurt(incident: &Incident, namespace: &str) -> Hurt {
    let health = match &incident.finding {
        Some(finding) if !incident.state.is_open() => &finding.health,
        _ => &incident.health,
    };
    let mut hurt = Hurt::of(health, namespace, &incident.restarts);
    if let Some(impact) = incident.about.impact.as_deref() {
        // Somebody who knows the service wrote it down; it says most to whoever does not.
        hurt.reach.insert(0, plain::short(impact, 200));
    }
    // Before the first look the reason is only that nobody has looked.
    if hurt.lines().next().is_none() && (incident.looks > 0 || incident.subject.object.is_none()) {
        let reason = plain::short(&incident.severity_reason, 200);
        hurt.own.extend((!reason.is_empty()).then_some(reason));
    }
    hurt
}

/// Why there is no diagnosis.
fn no_cause(incident: &Incident, context: &Context) -> CauseWords {
    let other = context.links_of(incident).is_none();
    let summary = incident.alerts.values().find_map(|alert| {
        let said = ["summary", "description", "message"];
        said.iter().find_map(|key| alert.annotations.get(*key))
    });
    let mut words = CauseWords::none(&if incident.subject.object.is_none() {
        "no diagnosis: this alert names nothing in Kubernetes".to_owned()
    } else if other {
        let others = context.others.keys().map(String::as_str);
        let ours: Vec<_> = std::iter::once(context.cluster.as_str()).chain(others).collect();
        let (theirs, ours) =
            (plain::short(&incident.subject.cluster, 80), plain::short(&ours.join(", "), 160));
        format!(
            "no diagnosis: this alert is from cluster {theirs}, evidence is taken from {ours} only"
        )
    } else if let (Presence::NotAsked, Some(object), 1..) =
        (&incident.health.presence, &incident.subject.object, incident.looks)
    {
        format!(
            "no diagnosis: the state of a {} is not read",
            plain::short(object.kind.as_str(), 63)
        )
    } else if let Some(wrong) = incident.health.failing.first() {
        format!("no diagnosis; what is seen: {}", plain::short(wrong, 300))
    } else if incident.looks == 0 {
        "no diagnosis yet: the evidence is being taken".to_owned()
    } else if matches!(incident.health.presence, Presence::Unknown(_)) {
        "no diagnosis: it could not be seen, which is neither health nor failure".to_owned()
    } else if let Some(failing) = incident.health.failing.first() {
        format!("no cause is proved; what is seen: {}", plain::short(failing, 300))
    } else {
        "no diagnosis: nothing wrong was found when the evidence was taken".to_owned()
    });
    words.facts = summary
        .map(|text| format!("the alert says: {}", plain::short(text, 400)))
        .into_iter()
        .collect();
    words
}

/// Where there is no finding: what the cluster itself says of it.
fn describe(incident: &Incident, context: &Context) -> Option<Choice> {
    let object = incident.subject.object.as_ref()?;
    let ours = context.links_of(incident).is_some();
    let thing = ["Node", "PersistentVolumeClaim", "ResourceQuota"].contains(&object.kind.as_str());
    // Names of alerts are anybody's words; those of the cluster hold nothing that a shell would read.
    let plain = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
    let named = object.name.chars().chain(object.namespace.chars()).all(plain);
    if !ours || !thing || !named {
        return None;
    }
    let place = match object.namespace.as_str() {
        "" => String::new(),
        namespace => format!(" -n {namespace}"),
    };
    let kind = object.kind.as_str().to_lowercase();
    Some(Choice {
        label: "look".into(),
        command: Some(super::cause::command(&format!(
            "kubectl describe {kind} {}{place}",
            object.name
        ))),
        text: "Its conditions and events say more.".into(),
    })
}

/// At most three choices, bounded.
pub(super) fn next(finding: &Finding) -> Vec<Choice> {
    choices(finding.next.iter())
}

/// The first three choices, bounded.
pub(super) fn choices<'a>(choices: impl Iterator<Item = &'a Choice>) -> Vec<Choice> {
    let choice = |choice: &Choice| Choice {
        label: plain::short(&choice.label, 40),
        command: choice.command.as_deref().map(super::cause::command).filter(|c| !c.is_empty()),
        text: plain::short(without_label(choice), 240),
    };
    choices.take(3).map(choice).collect()
}

/// The sentence without the word that its label says already: "fix: Fix the typo" reads badly.
fn without_label(choice: &Choice) -> &str {
    let (label, text) = (&choice.label, &choice.text);
    match text.get(..label.len()) {
        Some(word) if word.eq_ignore_ascii_case(label) => text[label.len()..].trim_start(),
        _ => text,
    }
}

/// At most two warnings, bounded.
pub(super) fn avoid(finding: &Finding) -> Vec<String> {
    finding.avoid.iter().take(2).map(|text| plain::short(text, 240)).collect()
}

/// What is not known and would matter. Blind spots matter while the cause is not proved.
pub(super) fn unknown(finding: Option<&Finding>, blind: &[BlindSpot]) -> Vec<String> {
    let proved = finding
        .and_then(|f| f.hypotheses.first())
        .is_some_and(|best| best.certainty == Certainty::Certain);
    let unknown = finding.map(|f| f.unknown.as_slice()).unwrap_or_default();
    let mut lines: Vec<_> = unknown.iter().take(2).map(|text| plain::short(text, 240)).collect();
    if !proved && !blind.is_empty() {
        let named = blind
            .iter()
            .take(3)
            .map(|b| format!("{} ({})", plain::short(&b.source, 80), plain::short(&b.why, 100)));
        let more = blind.len().saturating_sub(3);
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        lines.push(format!("{}{rest}", named.collect::<Vec<_>>().join(", ")));
    }
    lines
}

/// `KubePodCrashLooping since 02:14 UTC`; several are counted by name.
fn alerts(incident: &Incident, context: &Context) -> Option<String> {
    let firing: Vec<_> =
        incident.alerts.values().filter(|alert| alert.ended_at.is_none()).collect();
    let first = firing.iter().map(|alert| alert.starts_at).min()?;
    let mut names = std::collections::BTreeMap::<&str, usize>::new();
    for alert in &firing {
        *names.entry(&alert.name).or_default() += 1;
    }
    let shown = names.iter().take(3).map(|(name, n)| match n {
        1 => plain::short(name, 80),
        n => format!("{} ×{n}", plain::short(name, 80)),
    });
    let shown = shown.collect::<Vec<_>>().join(", ");
    let more = names.len().saturating_sub(3);
    let rest = if more > 0 { format!(" and {more} more rules") } else { String::new() };
    let beyond =
        (incident.more_alerts > 0).then(|| format!(" and {} not listed", incident.more_alerts));
    let beyond = beyond.unwrap_or_default();
    Some(format!("alert {shown}{rest}{beyond} since {}", clock::time(first, context.at)))
}

pub(super) fn footer(incident: &Incident, context: &Context) -> Vec<String> {
    let seen = incident.looked_at.or(incident.found_at);
    let seen = seen.map(|seen| format!("evidence {}", clock::time(seen, context.at)));
    let redacted = usize::try_from(incident.redacted).unwrap_or(usize::MAX);
    let redacted =
        (redacted > 0).then(|| format!("{} redacted", plain::counted(redacted, "value", "values")));
    let before =
        incident.previous.as_deref().map(|id| format!("the one before: {}", plain::short(id, 80)));
    let id = plain::short(&incident.id, 80);
    let about = &incident.about;
    let team = about.team.as_deref().map(|team| format!("team {}", plain::short(team, 80)));
    let service = about.service.as_deref().map(|it| format!("service {}", plain::short(it, 80)));
    let steward = incident.finding.as_ref().and_then(|finding| finding.steward.as_ref());
    let steward = steward.map(|it| {
        let version = it.version.as_deref().map(|v| format!(", {v}")).unwrap_or_default();
        plain::short(&format!("applied by {} ({}{version})", it.tool, it.object), 160)
    });
    let owned = team.into_iter().chain(service).chain(steward);
    owned.chain(seen).chain(redacted).chain([id]).chain(before).collect()
}
