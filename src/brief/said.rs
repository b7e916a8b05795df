//! A thread reply in words: a lead, and for the evidence the sections below it.

use jiff::Timestamp;

use super::cause::NOT_ENOUGH;
use super::document::{Chapter, Part};
use super::{Context, Dot, Quote, changed, clock, oncall, plain, stakeholders, storm};
use crate::diagnosis::{EventLine, Excerpt, Finding, Hypothesis, Proof};
use crate::incident::{Incident, Reply, State};

/// A reply. Clean and bounded per line; how many lines fit is the renderer's to decide and to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The dot, for what is also shown in the channel.
    pub dot: Option<Dot>,
    /// `02:19 UTC`.
    pub at: String,
    /// What happened, in one or two sentences.
    pub lead: String,
    /// The words that prove it.
    pub quote: Option<Quote>,
    /// The evidence, section by section.
    pub sections: Vec<Section>,
}

/// One part of the evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// `Log: previous log of checkout-67cb7-85lnb`.
    pub title: String,
    /// What it holds, as part of a sentence: `log`, `3 events`.
    pub holds: String,
    /// Its lines.
    pub lines: Vec<String>,
    /// Which lines are given up first where not all fit.
    pub keep: Keep,
    /// What one line is called when some are left out: `event`, `line`.
    pub noun: &'static str,
    /// Verbatim text (a code block), or sentences.
    pub verbatim: bool,
}

/// Which end of a section matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The first lines.
    First,
    /// The last lines.
    Last,
    /// The lines around that one.
    Around(usize),
}

impl Said {
    /// When, with the dot before it where there is one: `⚪ 02:42 UTC`.
    pub fn stamp(&self) -> String {
        self.dot.map_or_else(|| self.at.clone(), |dot| format!("{} {}", dot.mark(), self.at))
    }

    /// The words for a reply in that incident's thread.
    pub fn of(reply: &Reply, incident: &Incident, context: &Context) -> Self {
        let at = |when: &Timestamp| clock::time(*when, context.at);
        let name = plain::short(incident.subject.name(), 80) + &oncall::within(incident);
        let said = |when: &Timestamp, lead: String| Self {
            dot: None,
            at: at(when),
            lead,
            quote: None,
            sections: Vec::new(),
        };
        match reply {
            Reply::Evidence { at: when, finding } => {
                let sections = evidence(finding, context.at);
                let held: Vec<_> = sections.iter().map(|section| section.holds.as_str()).collect();
                let held =
                    if held.is_empty() { "nothing to quote".into() } else { held.join(", ") };
                Self { sections, ..said(when, format!("Evidence: {held}")) }
            }
            Reply::Severity { at: when, from, to, reason } => {
                let reason = plain::sentence(&plain::short(reason, 500));
                said(when, format!("Severity {} → {}: {reason}", from.word(), to.word()))
            }
            Reply::Identified { at: when, summary, quote, source } => {
                let proof =
                    Proof { fact: String::new(), quote: quote.clone(), source: source.clone() };
                let summary = plain::sentence(&plain::short(summary, 500));
                Self { quote: Quote::of(&proof), ..said(when, format!("Cause certain: {summary}")) }
            }
            Reply::Note { at: when, text } => {
                said(when, plain::sentence(&plain::short(text, 1_000)))
            }
            Reply::Resolved { at: when, since, how, because } => {
                let lead = resolved(&name, how, because, &clock::span(*since, *when));
                Self { dot: Some(Dot::White), ..said(when, lead) }
            }
            Reply::Members { at: when, total, members } => {
                let (lead, names) = storm::names(*total, members);
                let sections = names.into_iter().map(named).collect();
                Self { sections, ..said(when, lead) }
            }
            Reply::Update { at: when, was, is, next_at } => {
                let lead = stakeholders::update(incident, was, is, *next_at, context);
                let over = is.state == State::Resolved && was.state != State::Resolved;
                Self { dot: over.then_some(Dot::White), ..said(when, lead) }
            }
            Reply::Words { at: when, by, text } => {
                let by = stakeholders::by(by);
                said(when, format!("{by} writes: “{}”", plain::short(text, 1_000)))
            }
            Reply::Checklist { at: when, severity, items } => {
                let lead =
                    format!("{}: what to see to, as far as is known by now", severity.word());
                Self { sections: vec![checklist(items)], ..said(when, lead) }
            }
            Reply::Postmortem { at: when, timeline } => {
                let draft = super::postmortem(incident, timeline, context);
                let id = plain::short(&incident.id, 80);
                let lead = format!(
                    "Draft of the postmortem, from the record. All of it, with the evidence: firsthand \
                     postmortem {id} -o html"
                );
                let sections = draft.sections.iter().filter_map(chapter).collect();
                Self { sections, ..said(when, lead) }
            }
            Reply::Relapse { at: when, resolved_at, reason } => {
                let gap = clock::span(*resolved_at, *when);
                let reason = plain::sentence(&plain::short(reason, 500));
                let lead =
                    format!("{name} is failing again, {gap} after it was resolved: {reason}");
                let dot = Some(Dot::of(incident.severity, State::Investigating));
                Self { dot, ..said(when, lead) }
            }
        }
    }
}

fn resolved(name: &str, how: &str, because: &str, lasted: &str) -> String {
    let because = plain::capital(&plain::sentence(&plain::short(because, 500)));
    let how = how.trim_start_matches("closed: ");
    match how {
        "recovered" => format!("{name}: resolved after {lasted}. {because}"),
        other => {
            format!("{name}: closed after {lasted}, {}. {because}", plain::short(other, 60))
        }
    }
}

/// Excerpt, events in time order, what changed, other hypotheses and why not.
fn evidence(finding: &Finding, at: Timestamp) -> Vec<Section> {
    let best = finding.hypotheses.first();
    let log = finding.excerpt.as_ref().map(|excerpt| log(excerpt, best));
    let rest = finding.hypotheses.get(1..).unwrap_or_default();
    [log, events(&finding.events, at), diff(finding, at), others(rest)]
        .into_iter()
        .flatten()
        .collect()
}

fn log(excerpt: &Excerpt, best: Option<&Hypothesis>) -> Section {
    let lines: Vec<_> =
        excerpt.lines.iter().map(|line| plain::cut(&plain::clean(line), 600)).collect();
    let quote = best.and_then(|b| b.because.iter().find_map(|proof| proof.quote.as_deref()));
    let first = quote.and_then(|quote| quote.lines().find(|line| !line.trim().is_empty()));
    let matters =
        first.and_then(|first| excerpt.lines.iter().position(|line| line.contains(first)));
    let from = match excerpt.first_line {
        0 | 1 => String::new(),
        n => format!(", from line {n}"),
    };
    let title = format!("Log: {}{from}", plain::short(&excerpt.source, 200));
    let keep = matters.map_or(Keep::Last, Keep::Around);
    Section { title, holds: "log".into(), lines, keep, noun: "line", verbatim: true }
}

fn events(events: &[EventLine], at: Timestamp) -> Option<Section> {
    let line = |event: &EventLine| {
        let when = event.at.map_or_else(|| "time unknown".into(), |when| clock::exact(when, at));
        let times = if event.count > 1 { format!(" ×{}", event.count) } else { String::new() };
        let [reason, object] = [&event.reason, &event.object].map(|text| plain::short(text, 160));
        format!("{when}  {reason}{times}  {object}: {}", plain::short(&event.message, 400))
    };
    let mut sorted: Vec<_> = events.iter().collect();
    sorted.sort_by_key(|event| event.at);
    let lines: Vec<_> = sorted.into_iter().map(line).collect();
    let title = "Events, UTC, oldest first".into();
    let holds = plain::counted(lines.len(), "event", "events");
    (!lines.is_empty()).then_some(Section {
        title,
        holds,
        lines,
        keep: Keep::Last,
        noun: "event",
        verbatim: true,
    })
}

fn diff(finding: &Finding, at: Timestamp) -> Option<Section> {
    let rollout = finding.rollout.as_ref()?;
    let words = changed::Changed::of(finding, at, 1)?;
    let when = words.when.map(|when| format!(" {when}")).unwrap_or_default();
    let lines = rollout.changes.iter().map(|change| changed::difference(change, rollout, at));
    let mut lines: Vec<_> = lines.collect();
    if lines.is_empty() {
        lines.push("nothing in the pod template differs".into());
    }
    let title = format!("Changed: {}{when}", words.what);
    let holds = "what changed".into();
    Some(Section { title, holds, lines, keep: Keep::First, noun: "difference", verbatim: true })
}

/// A chapter of a postmortem as a section of a reply; the thread above holds the evidence already.
fn chapter(chapter: &Chapter) -> Option<Section> {
    if ["Evidence", "Timeline, UTC", "Cause"].contains(&chapter.heading.as_str()) {
        return None;
    }
    let lines = chapter.parts.iter().flat_map(|part| match part {
        Part::Text(text) | Part::Quote(text) => vec![text.clone()],
        Part::List(points) => points.clone(),
        Part::Table(rows) => rows.iter().map(|(first, rest)| format!("{first}: {rest}")).collect(),
    });
    let lines = lines.map(|line| plain::short(&line, 600)).collect();
    Some(Section {
        title: chapter.heading.clone(),
        holds: chapter.heading.to_lowercase(),
        lines,
        keep: Keep::First,
        noun: "point",
        verbatim: false,
    })
}

fn checklist(items: &[(bool, String)]) -> Section {
    let line = |(done, text): &(bool, String)| {
        format!("{} {}", if *done { "☑" } else { "☐" }, plain::short(text, 300))
    };
    Section {
        title: "For whoever leads".into(),
        holds: "a checklist".into(),
        lines: items.iter().map(line).collect(),
        keep: Keep::First,
        noun: "point",
        verbatim: false,
    }
}

fn named(lines: Vec<String>) -> Section {
    Section {
        title: "Workloads".into(),
        holds: "names".into(),
        lines,
        keep: Keep::First,
        noun: "line",
        verbatim: true,
    }
}

fn others(rest: &[Hypothesis]) -> Option<Section> {
    let line = |other: &Hypothesis| {
        let against = other
            .against
            .iter()
            .map(|proof| plain::short(&proof.fact, 240))
            .find(|f| !f.is_empty());
        let settle = other.settle.first().map(|settle| plain::short(settle, 300));
        let why = match (against, settle) {
            (Some(against), _) => format!(" Against it: {}", plain::sentence(&against)),
            (None, Some(settle)) => format!(" Settles it: {settle}"),
            (None, None) => " Nothing speaks against it; it fits less well.".into(),
        };
        let summary = plain::sentence(&plain::short(&other.summary, 300));
        format!("{}: {summary}{why}", other.certainty.word())
    };
    let lines: Vec<_> = rest.iter().filter(|other| other.cause != NOT_ENOUGH).map(line).collect();
    let title = "Other explanations, and why not".into();
    let holds = plain::counted(lines.len(), "other explanation", "other explanations");
    (!lines.is_empty()).then_some(Section {
        title,
        holds,
        lines,
        keep: Keep::First,
        noun: "explanation",
        verbatim: false,
    })
}

impl Section {
    /// The lines that fit into `room` (each costs what `cost` says), and what was left out, in words.
    pub fn within(&self, room: usize, cost: impl Fn(&str) -> usize) -> (Vec<&str>, Option<String>) {
        let total = self.lines.len();
        let (mut from, mut to) = match self.keep {
            Keep::First => (0, 0),
            Keep::Last => (total, total),
            Keep::Around(line) => (line.min(total), line.min(total)),
        };
        let mut left = room;
        // Grow towards the end first, then towards the beginning, one line at a time.
        loop {
            let before = (from, to);
            for grows_down in [true, false] {
                let next = if grows_down { Some(to) } else { from.checked_sub(1) };
                let Some(line) = next.and_then(|i| self.lines.get(i)) else { continue };
                let Some(rest) = left.checked_sub(cost(line)) else { continue };
                left = rest;
                if grows_down { to += 1 } else { from -= 1 }
            }
            if before == (from, to) {
                break;
            }
        }
        let shown = self.lines.iter().take(to).skip(from).map(String::as_str).collect();
        (shown, self.left_out(from, total - to))
    }

    fn left_out(&self, before: usize, after: usize) -> Option<String> {
        let many = format!("{}s", self.noun);
        let part = |n: usize, word: &str| {
            (n > 0).then(|| format!("{n} {word} {}", if n == 1 { self.noun } else { &many }))
        };
        let parts: Vec<_> =
            [part(before, "earlier"), part(after, "further")].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| format!("{} left out", parts.join(" and ")))
    }
}
