//! The words for stakeholders: what is affected, since when, what is known, when the next update comes.
//!
//! *No names of pods, no logs, no commands, and nobody is blamed.* What is not known is said to be so.

use jiff::Timestamp;

use super::{Context, Dot, clock, plain};
use crate::incident::public::{self, Extent, Known, Standing};
use crate::incident::storm::Storm;
use crate::incident::{Incident, Severity, State};

/// Names in one line before it says how many more there are.
const MOST_NAMES: usize = 6;

/// One incident, in words for whoever depends on it. Clean and bounded; nothing is escaped yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stakeholders {
    /// The one coloured dot.
    pub dot: Dot,
    /// How bad.
    pub severity: Severity,
    /// Where it stands.
    pub state: State,
    /// What does not work, or works again.
    pub headline: String,
    /// Sentences, a line each, in the order in which they matter.
    pub lines: Vec<String>,
    /// By when the next update comes.
    pub next_at: Option<Timestamp>,
}

impl Stakeholders {
    /// The words for that incident.
    pub fn of(incident: &Incident, context: &Context) -> Self {
        let told = incident.public.as_ref();
        let standing = told.map_or_else(|| public::standing_of(incident), |it| it.standing.clone());
        let next_at = told.and_then(|public| public.next_at);
        let written = told.and_then(|public| public.words.as_ref()).map(|words| {
            let at = clock::time(words.at, context.at);
            format!("{} at {at}: “{}”", by(&words.by), plain::short(&words.text, 1_000))
        });
        let mut lines = told_since(incident, &standing, context);
        lines.extend(written);
        lines.extend(next(&standing, next_at, context.at));
        Self {
            dot: Dot::of(standing.severity, standing.state),
            severity: standing.severity,
            state: standing.state,
            headline: headline(incident, &standing, true),
            lines,
            next_at,
        }
    }

    /// One sentence that is enough on a locked phone.
    pub fn notification(&self) -> String {
        let first = self.lines.first().map(|line| format!(" {line}")).unwrap_or_default();
        format!("{} {}{first}", self.dot.mark(), plain::sentence(&self.headline))
    }
}

/// An update in the thread: what changed first, then when the next one comes.
pub(super) fn update(
    incident: &Incident,
    was: &Standing,
    is: &Standing,
    next_at: Option<Timestamp>,
    context: &Context,
) -> String {
    let headline = plain::sentence(&headline(incident, is, false));
    let since = |words: &str| format!("{words} {headline}");
    let mut lines = vec![match (was.state, is.state) {
        (State::Resolved, State::Resolved) => headline,
        (_, State::Resolved) => over(incident, &headline),
        (State::Resolved, _) | (State::Monitoring, State::Investigating | State::Identified) => {
            since("It fails again.")
        }
        (_, State::Monitoring) if was.state != is.state && is.extent == Extent::Absent => headline,
        (_, State::Monitoring) if was.state != is.state => {
            let [first, ..] = &*watched(incident, is, context) else { return headline };
            format!("{headline} {first}")
        }
        _ if is.cause == Known::Certain && was.cause != is.cause => {
            format!("{} {headline}", cause(is))
        }
        _ if is.severity > was.severity => since("It got worse."),
        _ if is.extent > was.extent => since("It got worse."),
        _ => since("Nothing has changed."),
    }];
    lines.extend(next(is, next_at, context.at));
    lines.join(" ")
}

/// Who wrote it, as they call themselves.
pub(super) fn by(name: &str) -> String {
    plain::short(name, 60)
}

/// `Checkout: customers cannot place orders`; `impact`: with what its owners say that it means.
fn headline(incident: &Incident, is: &Standing, impact: bool) -> String {
    let name = name(incident);
    let calm = matches!(is.state, State::Monitoring | State::Resolved);
    let said = incident.about.impact.as_deref().filter(|_| impact && !calm);
    match (is.state, is.ended.as_deref(), said) {
        (State::Resolved, Some("gone"), _) => format!("{name} was taken out of service"),
        (State::Resolved, Some("scaled to zero"), _) => format!("{name} was switched off"),
        (State::Resolved, Some("alert ended" | "unverified" | "ended"), _) => {
            format!("{name}: the alarm has ended")
        }
        (State::Resolved, Some("followed one by one"), _) => {
            format!("{name}: what still fails is followed on its own")
        }
        (State::Monitoring, ..) if is.extent == Extent::Absent => {
            format!("{name} was taken out of service")
        }
        (State::Resolved, ..) => format!("{name} {} again", works(incident)),
        (State::Monitoring, ..) => format!("{name} {} again and is being watched", works(incident)),
        (.., Some(said)) if is.extent == Extent::Down => {
            format!("{name}: {}", plain::short(said, 140).trim_end_matches('.'))
        }
        _ => match is.extent {
            Extent::Down if incident.storm.is_some() => format!("{name} fail"),
            Extent::Partly if incident.storm.is_some() => format!("{name} fail, or work in part"),
            Extent::Down => format!("{name} does not work"),
            Extent::Partly => format!("{name} works only in part"),
            Extent::Batch => format!("A scheduled run of {name} fails"),
            Extent::Whole => format!("{name}: an alarm is on; it works as far as can be seen"),
            Extent::Absent => format!("{name} is not there, and an alarm is on"),
            Extent::Unseen => format!("{name}: an alarm is on; whether it works cannot be seen"),
        },
    }
}

fn works(incident: &Incident) -> &'static str {
    match &incident.storm {
        Some(storm) if storm.members.len() != 1 => "work",
        _ => "works",
    }
}

/// What people call it: the service, else the workload.
fn name(incident: &Incident) -> String {
    if let Some(storm) = &incident.storm {
        return names(storm);
    }
    let name = incident.about.service.as_deref().unwrap_or(incident.subject.name());
    plain::capital(&plain::short(name, 80))
}

fn names(storm: &Storm) -> String {
    let all: Vec<_> = storm.members.values().map(|it| plain::short(&it.name, 60)).collect();
    let shown = all.iter().take(MOST_NAMES).cloned().collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(MOST_NAMES) {
        0 => format!("{} ({shown})", plain::counted(all.len(), "service", "services")),
        more => format!("{} services ({shown} and {more} more)", all.len()),
    }
}

fn told_since(incident: &Incident, is: &Standing, context: &Context) -> Vec<String> {
    let began = clock::time(incident.since, context.at);
    if is.state == State::Resolved {
        let closed = incident.closed.as_ref().map_or(context.at, |closed| closed.at);
        let end = is.healthy_since.unwrap_or(closed).max(incident.since);
        let first = format!("It began at {began} and lasted {}.", clock::span(incident.since, end));
        let noticed = when_it_fails(incident)
            .unwrap_or_else(|| "What customers noticed meanwhile is not recorded here.".to_owned());
        return vec![first, noticed];
    }
    if is.merged {
        let text = "It is part of a larger failure, which is told in a message of its own.";
        return vec![format!("Since {began}."), text.to_owned()];
    }
    if is.state == State::Monitoring && is.extent == Extent::Absent {
        return vec![format!("It failed since {began}; then it was removed or switched off.")];
    }
    if is.state == State::Monitoring {
        return watched(incident, is, context);
    }
    let works = match (is.extent, when_it_fails(incident)) {
        (Extent::Down, Some(_)) => "It does not work at present.".to_owned(),
        (_, Some(said)) => said,
        (Extent::Batch, None) => "Nothing is known to wait for it.".to_owned(),
        (_, None) => "We do not yet know what customers notice.".to_owned(),
    };
    // After a relapse it is the time of the failure before.
    let spoken = incident.spoken_at.filter(|at| *at >= incident.since);
    let told =
        spoken.map(|at| format!("Whoever is on call was told at {}.", clock::time(at, context.at)));
    let known = format!("{} {}", cause(is), told.unwrap_or_default());
    vec![format!("Since {began}. {works}"), known.trim_end().to_owned()]
}

/// What its owners say that people notice.
fn when_it_fails(incident: &Incident) -> Option<String> {
    let impact = plain::short(incident.about.impact.as_deref()?, 200);
    Some(format!("When it fails: {}", plain::sentence(&impact)))
}

fn watched(incident: &Incident, is: &Standing, context: &Context) -> Vec<String> {
    let since = is.healthy_since.map(|at| format!("Since {}.", clock::time(at, context.at)));
    let until = incident.watched_until(&context.rules).filter(|until| *until > context.at);
    let until = until
        .map_or_else(String::new, |at| format!(" until about {}", clock::time(at, context.at)));
    let watch = format!("We watch it{until} before we call it over.");
    vec![since.into_iter().chain([watch]).collect::<Vec<_>>().join(" ")]
}

fn cause(is: &Standing) -> String {
    let known = match is.cause {
        Known::Not => "The cause is not known yet.",
        Known::Likely => "A likely cause is known and being verified.",
        Known::Certain => "The cause is known.",
    };
    let release = if is.release { " It began after a release." } else { "" };
    format!("{known}{release}")
}

fn over(incident: &Incident, headline: &str) -> String {
    let lasted = incident.closed.as_ref().map(|closed| {
        let end = incident.healthy_since.unwrap_or(closed.at).max(incident.since);
        format!(" It lasted {}.", clock::span(incident.since, end))
    });
    format!("It is over. {headline}{}", lasted.unwrap_or_default())
}

fn next(is: &Standing, next_at: Option<Timestamp>, at: Timestamp) -> Option<String> {
    match next_at {
        _ if !is.state.is_open() || is.merged => None,
        Some(next) => Some(format!("Next update by {}.", clock::time(next, at))),
        None => Some("Next update when something changes.".to_owned()),
    }
}

/// Where it is told which cluster and id this is: small, for whoever asks back.
pub(super) fn footer(incident: &Incident) -> String {
    let id = plain::short(&incident.id, 80);
    let cluster = plain::short(&incident.subject.cluster, 80);
    [id, cluster].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}
