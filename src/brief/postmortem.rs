//! The draft of a postmortem: what the record proves, what it suggests, and what it does not know.
//!
//! Blameless and deterministic: revisions and objects act, people do not; and what was not recorded is
//! said to be so, as a question for whoever writes the rest.

use jiff::Timestamp;

use super::document::{Chapter, Document, Part, point};
use super::{CauseWords, Changed, Context, OnCall, clock, headline, plain};
use crate::diagnosis::{Certainty, Finding};
use crate::incident::{Entry, Incident, State};

/// Lines of the timeline that a draft shows; the command `firsthand timeline` has all of them.
const MOST_ENTRIES: usize = 120;

/// The draft for an incident, ended or not, and its timeline.
pub fn postmortem(incident: &Incident, timeline: &[Entry], context: &Context) -> Document {
    let words = OnCall::of(incident, context);
    let times = Times::of(incident, timeline);
    let about = [
        words.severity.word().to_owned(),
        words.place.clone(),
        words.cluster.clone(),
        plain::short(&incident.id, 80),
        format!("draft of {}", clock::time(context.at, incident.since)),
    ];
    let about: Vec<_> = about.into_iter().filter(|part| !part.is_empty()).collect();
    Document {
        title: format!("Postmortem: {}", headline::trouble(incident, incident.subject.name())),
        about: about.join(" · "),
        sections: vec![
            Chapter::new("Summary", summary(incident, &words)),
            Chapter::new("Impact", impact(incident, &words)),
            Chapter::new("Times", [Part::Table(times.rows(incident))]),
            Chapter::new("Cause", cause(incident, &words)),
            Chapter::new("Chain", [Part::List(chain(incident, &words))]),
            Chapter::new("What went well, from the record", [Part::List(times.well(incident))]),
            Chapter::new(
                "What went badly, from the record",
                [Part::List(times.badly(incident, timeline))],
            ),
            Chapter::new("Questions for the actions", [Part::List(questions(incident))]),
            Chapter::new("Timeline, UTC", [entries(timeline, incident.since)]),
            Chapter::new("Evidence", evidence(incident)),
        ],
    }
}

fn summary(incident: &Incident, words: &OnCall) -> Vec<Part> {
    let hurt: Vec<_> = words.hurt.lines().map(str::to_owned).collect();
    let mut text = vec![point(&headline::trouble(incident, incident.subject.name()))];
    text.extend((!hurt.is_empty()).then(|| point(&hurt.join("; "))));
    text.push(point(&match words.cause.certainty {
        Some(certainty) => format!("cause, {}: {}", certainty.word(), words.cause.sentence),
        None => words.cause.sentence.clone(),
    }));
    text.push(match &incident.closed {
        Some(closed) => point(&format!("{}: {}", closed.how, closed.because)),
        None => "It has not ended.".to_owned(),
    });
    vec![Part::Text(text.join(" "))]
}

fn impact(incident: &Incident, words: &OnCall) -> Vec<Part> {
    let lasted = match &incident.closed {
        Some(closed) => clock::span(incident.since, closed.at),
        None => "not over".to_owned(),
    };
    let stateful = incident.subject.object.as_ref().is_some_and(|object| {
        object.kind == "StatefulSet" || object.kind == "PersistentVolumeClaim"
    });
    let data = if stateful {
        "it keeps data of its own: whether any was lost or damaged is not recorded"
    } else {
        "it keeps none of its own; what was in flight is not recorded"
    };
    let reach: Vec<_> = words.hurt.lines().collect();
    let reach = if reach.is_empty() { "not seen".to_owned() } else { reach.join("; ") };
    let customers = incident.about.impact.as_deref().map_or_else(
        || "not recorded".to_owned(),
        |impact| {
            format!(
                "how many is not recorded; its owners say of a failure: {}",
                plain::short(impact, 200)
            )
        },
    );
    let measured = "from the first failure in the evidence to the verified end";
    vec![Part::Table(vec![
        row("Duration", &format!("{lasted}, {measured}")),
        row("Reach", &reach),
        row("Data", data),
        row("Customers", &customers),
        row("People and hours", "not recorded"),
    ])]
}

fn row(first: &str, rest: &str) -> (String, String) {
    (first.to_owned(), point(rest))
}

fn cause(incident: &Incident, words: &OnCall) -> Vec<Part> {
    let CauseWords { certainty, sentence, quote, facts, against, settle, .. } = &words.cause;
    let lead = certainty.map_or_else(String::new, |certainty| format!("{}: ", certainty.word()));
    let mut parts = vec![Part::Text(point(&format!("{lead}{sentence}")))];
    if let Some(quote) = quote {
        parts.push(Part::Quote(quote.text.clone()));
        parts.extend(quote.footing().map(|footing| Part::Text(point(&footing))));
    }
    let more = facts.iter().map(|fact| point(fact));
    let more = more.chain(against.iter().map(|fact| point(&format!("against it: {fact}"))));
    let more = more.chain(settle.iter().map(|command| format!("Settles it: {command}")));
    parts.push(Part::List(more.collect()));
    parts.extend(incident.finding.as_ref().and_then(|finding| changed(finding, incident)));
    parts.retain(|part| *part != Part::List(Vec::new()));
    parts
}

fn changed(finding: &Finding, incident: &Incident) -> Option<Part> {
    let changed = Changed::of(finding, incident.since, 20)?;
    Some(Part::Text(point(&format!("what changed: {}", changed.line()))))
}

/// What happened, its consequence, and what would have prevented it.
fn chain(incident: &Incident, words: &OnCall) -> Vec<String> {
    let Some(finding) = &incident.finding else {
        return vec!["No chain: no finding was recorded.".to_owned()];
    };
    let first = Changed::of(finding, incident.since, 3).map(|changed| changed.line());
    let happened = match first {
        Some(change) => format!("what happened: {change}; then {}", words.cause.sentence),
        None => format!("what happened: {}", words.cause.sentence),
    };
    let hurt: Vec<_> = words.hurt.lines().collect();
    let hurt = if hurt.is_empty() { "not seen".to_owned() } else { hurt.join("; ") };
    let fix = finding.next.iter().find(|choice| choice.label == "fix");
    let prevented = match fix {
        Some(fix) => format!("it would not have happened had this been done before: {}", fix.text),
        None => "what would have prevented it is not in the record".to_owned(),
    };
    vec![point(&happened), point(&format!("consequence: {hurt}")), point(&prevented)]
}

fn questions(incident: &Incident) -> Vec<String> {
    let mut questions = Vec::new();
    let cause = incident.top();
    if cause.is_none_or(|cause| cause.certainty != Certainty::Certain) {
        questions.push("What would prove the cause? It is not certain from the record.".to_owned());
    }
    if incident.finding.as_ref().is_some_and(|finding| finding.rollout.is_some()) {
        questions.push("Could a check before the rollout have shown it?".to_owned());
    }
    if incident.alerts.is_empty() {
        questions.push("No alert fired: which rule would have?".to_owned());
    }
    if incident.relapses > 0 {
        let times = plain::counted(incident.relapses as usize, "time", "times");
        questions.push(format!("It came back {times}: what was repaired, and what only covered?"));
    }
    let unknown = incident.finding.iter().flat_map(|finding| &finding.unknown);
    questions.extend(unknown.map(|unknown| point(&format!("{unknown}: what is known by now?"))));
    questions.push("Who was hurt, how many, and what were they told?".to_owned());
    questions
}

fn entries(timeline: &[Entry], day: Timestamp) -> Part {
    let all = timeline.iter().map(|entry| {
        let source = plain::short(&entry.source, 40);
        (clock::exact(entry.at, day), format!("{source}: {}", plain::short(&entry.text, 400)))
    });
    let mut rows: Vec<_> = all.collect();
    let more = rows.len().saturating_sub(MOST_ENTRIES);
    if more > 0 {
        rows.drain(MOST_ENTRIES / 2..rows.len() - MOST_ENTRIES / 2);
        rows.insert(MOST_ENTRIES / 2, ("…".to_owned(), format!("{more} further lines")));
    }
    Part::Table(rows)
}

fn evidence(incident: &Incident) -> Vec<Part> {
    let Some(finding) = &incident.finding else {
        return vec![Part::Text("None was recorded.".to_owned())];
    };
    let mut parts = Vec::new();
    if let Some(excerpt) = &finding.excerpt {
        parts.push(Part::Text(point(&plain::short(&excerpt.source, 200))));
        let lines: Vec<_> =
            excerpt.lines.iter().map(|line| plain::cut(&plain::clean(line), 600)).collect();
        parts.push(Part::Quote(lines.join("\n")));
    }
    let events = finding.events.iter().rev().take(20).rev().map(|event| {
        let at = event.at.map_or_else(|| "—".to_owned(), |at| clock::exact(at, incident.since));
        let [reason, object] = [&event.reason, &event.object].map(|text| plain::short(text, 160));
        (at, format!("{reason} {object}: {}", plain::short(&event.message, 300)))
    });
    parts.push(Part::Table(events.collect()));
    parts.retain(|part| *part != Part::Table(Vec::new()));
    if incident.redacted > 0 {
        let values = plain::counted(incident.redacted as usize, "value was", "values were");
        parts.push(Part::Text(format!("{values} taken out of the evidence.")));
    }
    parts
}

/// The moments that are measured.
struct Times {
    spoke: Option<Timestamp>,
    stakeholders: Option<Timestamp>,
    identified: Option<Timestamp>,
    healthy: Option<Timestamp>,
    ended: Option<Timestamp>,
}

impl Times {
    fn of(incident: &Incident, timeline: &[Entry]) -> Self {
        let entered = |state: State| {
            let into = format!("→ {}", state.word());
            timeline.iter().find(|entry| entry.text.ends_with(&into)).map(|entry| entry.at)
        };
        let told = timeline.iter().find(|entry| entry.text.starts_with("told stakeholders"));
        Self {
            spoke: incident.spoken_at,
            stakeholders: told.map(|entry| entry.at),
            identified: entered(State::Identified),
            healthy: incident.healthy_since,
            ended: incident.closed.as_ref().map(|closed| closed.at),
        }
    }

    fn rows(&self, incident: &Incident) -> Vec<(String, String)> {
        let moment = |at: Option<Timestamp>| match at {
            Some(at) => {
                let after = clock::span(incident.since, at);
                format!("{}, {after} after it began", clock::time(at, incident.since))
            }
            None => "not recorded".to_owned(),
        };
        vec![
            ("Began".to_owned(), clock::time(incident.since, incident.since)),
            ("Detected".to_owned(), moment(Some(incident.opened_at.max(incident.since)))),
            ("First message".to_owned(), moment(self.spoke)),
            ("Stakeholders told".to_owned(), moment(self.stakeholders)),
            ("Cause certain".to_owned(), moment(self.identified)),
            ("Healthy again".to_owned(), moment(self.healthy)),
            ("Resolved".to_owned(), moment(self.ended)),
        ]
    }

    fn well(&self, incident: &Incident) -> Vec<String> {
        let within = |at: Timestamp| clock::span(incident.since, at);
        let told = self.spoke.map(|at| format!("It was told {} after it began.", within(at)));
        let proved = self
            .identified
            .map(|at| format!("The cause was proved {} after it began.", within(at)));
        let kept = incident.finding.as_ref().and_then(|finding| finding.excerpt.as_ref());
        let kept = kept.map(|_| "The log of the failing run was kept.".to_owned());
        let points: Vec<_> = [told, proved, kept].into_iter().flatten().collect();
        if points.is_empty() { vec!["Nothing is recorded.".to_owned()] } else { points }
    }

    fn badly(&self, incident: &Incident, timeline: &[Entry]) -> Vec<String> {
        let mut points = Vec::new();
        if self.identified.is_none() {
            points.push("The cause was never proved.".to_owned());
        }
        if incident.relapses > 0 {
            points.push("It was resolved and came back.".to_owned());
        }
        let wrong = ["deleted by hand", "goes on", "fails again", "failing again", "scaled"];
        let noted = timeline.iter().filter(|entry| entry.text.starts_with("noted: "));
        let noted = noted.filter(|entry| wrong.iter().any(|word| entry.text.contains(word)));
        points.extend(noted.take(6).map(|entry| {
            let text = entry.text.trim_start_matches("noted: ");
            format!("{} {}", clock::time(entry.at, incident.since), point(text))
        }));
        if points.is_empty() { vec!["Nothing is recorded.".to_owned()] } else { points }
    }
}
