//! An incident for those who are to see no words of logs.
//!
//! What a log proved stays as the catalogue's own title of the cause. Quotes and excerpts of logs go, and so
//! does every sentence or command that repeats a value which stands in one of them.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::storm::Shared;
use super::{Debt, Incident, Owed, Reply};
use crate::diagnosis::causes;
use crate::diagnosis::{Choice, Finding, Hypothesis, ObjectRef, Proof};

/// What is done with logs: in a namespace, or for a receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Logs {
    /// They are read, and shown without their secrets.
    #[default]
    Redacted,
    /// No word of them is read, or shown; messages say so.
    Never,
}

/// What stands in place of a log's words.
const INSTEAD: &str = "a log says so; its words are not shown here";

/// The shortest value that is looked for in logs: `80` stands in many of them.
const SHORTEST: usize = 4;

impl Debt {
    /// The same message without words of logs.
    pub fn without_logs(mut self) -> Self {
        if let Owed::Reply { reply, .. } = &mut self.what {
            **reply = without_words(reply, &self.incident);
        }
        self.incident = without_logs(self.incident);
        self
    }
}

/// The incident without words of logs.
pub fn without_logs(mut incident: Incident) -> Incident {
    if let Some(finding) = &mut incident.finding {
        *finding = quiet(finding);
    }
    if let Some(shared) = incident.storm.as_mut().and_then(|storm| storm.shared.as_mut()) {
        quiet_shared(shared);
    }
    incident
}

/// The reply without words of logs.
fn without_words(reply: &Reply, incident: &Incident) -> Reply {
    let retold = |text: &str| retold(text, incident);
    match reply.clone() {
        Reply::Evidence { at, finding } => {
            Reply::Evidence { at, finding: Box::new(quiet(&finding)) }
        }
        Reply::Identified { at, summary, quote, source } if is_log(source.as_deref()) => {
            let known = retold(&summary);
            let title = incident.finding.as_ref().and_then(|it| title(it.hypotheses.first()?));
            let summary = if known == summary {
                title.map_or_else(|| INSTEAD.to_owned(), str::to_owned)
            } else {
                known
            };
            Reply::Identified { at, summary, quote: quote.and(None), source }
        }
        Reply::Severity { at, from, to, reason } => {
            Reply::Severity { at, from, to, reason: retold(&reason) }
        }
        Reply::Note { at, text } => Reply::Note { at, text: retold(&text) },
        Reply::Relapse { at, resolved_at, reason } => {
            Reply::Relapse { at, resolved_at, reason: retold(&reason) }
        }
        other => other,
    }
}

/// The text with the title of each cause in place of what a log told of it.
fn retold(text: &str, incident: &Incident) -> String {
    let all = incident.finding.iter().flat_map(|finding| &finding.hypotheses);
    let told = all.filter(|it| is_of_log(it));
    told.fold(text.to_owned(), |text, hypothesis| match title(hypothesis) {
        Some(title) => text.replace(&hypothesis.summary, title),
        None => text,
    })
}

/// The finding without words of logs.
fn quiet(finding: &Finding) -> Finding {
    let mut quiet = finding.clone();
    let words = Words::of(finding);
    quiet.excerpt = None;
    let behind = quiet.behind.as_mut().and_then(|behind| {
        behind.next.retain(|choice| words.are_not_in_choice(choice));
        behind.hypothesis.as_mut()
    });
    for hypothesis in quiet.hypotheses.iter_mut().chain(behind) {
        hushed(hypothesis, &words);
    }
    quiet.next.retain(|choice| words.are_not_in_choice(choice));
    quiet.avoid.retain(|text| words.are_not_in(text));
    quiet.unknown.retain(|text| words.are_not_in(text));
    quiet
}

fn hushed(hypothesis: &mut Hypothesis, words: &Words) {
    if !is_of_log(hypothesis) {
        return;
    }
    hypothesis.summary = title(hypothesis).unwrap_or(INSTEAD).to_owned();
    hypothesis.facts.retain(|_, value| words.are_not_in(value));
    for proof in hypothesis.because.iter_mut().chain(&mut hypothesis.against) {
        if is_log(proof.source.as_deref()) {
            *proof = Proof { fact: INSTEAD.to_owned(), quote: None, source: proof.source.take() };
        } else if !words.are_not_in(&proof.fact) {
            proof.fact = String::new();
        }
    }
    hypothesis.settle.retain(|text| words.are_not_in(text));
}

fn quiet_shared(shared: &mut Shared) {
    if is_log(shared.source.as_deref()) {
        shared.summary = format!("{INSTEAD}: {}", shared.what);
        shared.quote = None;
        shared.next.clear();
    }
}

/// The catalogue's own words for the cause: they hold nothing of the evidence.
fn title(hypothesis: &Hypothesis) -> Option<&'static str> {
    causes::ALL.iter().find(|cause| cause.id == hypothesis.cause).map(|cause| cause.title)
}

fn is_of_log(hypothesis: &Hypothesis) -> bool {
    let proofs = hypothesis.because.iter().chain(&hypothesis.against);
    proofs.into_iter().any(|proof| is_log(proof.source.as_deref()))
}

/// `previous log of web-7d9, line 214`, `log of web-7d9`.
fn is_log(source: Option<&str>) -> bool {
    source.is_some_and(|source| source.contains("log of "))
}

/// The values that stand in logs, without the names that Kubernetes itself tells.
struct Words(BTreeSet<String>);

impl Words {
    fn of(finding: &Finding) -> Self {
        let behind = finding.behind.as_ref().and_then(|behind| behind.hypothesis.as_ref());
        let all: Vec<&Hypothesis> = finding.hypotheses.iter().chain(behind).collect();
        let quotes = all.iter().flat_map(|it| it.because.iter().chain(&it.against));
        let quotes = quotes.filter(|proof| is_log(proof.source.as_deref()));
        let mut told: Vec<&str> = quotes.filter_map(|proof| proof.quote.as_deref()).collect();
        if let Some(excerpt) = &finding.excerpt {
            told.extend(excerpt.lines.iter().map(String::as_str));
        }
        let mut names: Vec<&str> = names(&finding.object);
        names.extend(finding.health.services.iter().map(|service| service.name.as_str()));
        let values = all.iter().flat_map(|it| it.facts.values());
        let values = values.map(String::as_str).filter(|value| value.len() >= SHORTEST);
        let values = values.filter(|value| told.iter().any(|told| told.contains(value)));
        // Places and names of a program, which a sentence may repeat: `/src/main.go:242`.
        let telling = told.iter().flat_map(|line| line.split_whitespace());
        let telling =
            telling.map(|word| word.trim_matches(|c: char| !c.is_alphanumeric() && c != '/'));
        let telling = telling.filter(|word| word.len() > SHORTEST);
        let telling = telling.filter(|word| word.contains(['/', '.', ':', '_', '=']));
        let words = values.chain(telling).filter(|word| !names.contains(word));
        Self(words.map(str::to_owned).collect())
    }

    fn are_not_in(&self, text: &str) -> bool {
        !self.0.iter().any(|word| text.contains(word.as_str()))
    }

    fn are_not_in_choice(&self, choice: &Choice) -> bool {
        let command = choice.command.as_deref().unwrap_or_default();
        [choice.label.as_str(), choice.text.as_str(), command].iter().all(|it| self.are_not_in(it))
    }
}

fn names(object: &ObjectRef) -> Vec<&str> {
    vec![&object.name, &object.namespace, object.kind.as_str()]
}
