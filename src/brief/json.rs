//! The brief as data: published forms with schemas in `docs/schema/`. Fields are only ever added.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Context, OnCall, Stakeholders, found, markdown, plain, text};
use crate::diagnosis::{BlindSpot, Change, Choice, Finding, Hypothesis, ObjectRef};
use crate::incident::{Incident, JoinedAlert, Reply, Severity, State};

/// The body of a webhook: `firsthand/brief/v1`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Brief {
    /// `firsthand/brief/v1`.
    pub schema: String,
    /// The main message, new or brought up to date; or a reply to it.
    pub event: Event,
    /// When these words were made.
    pub at: Timestamp,
    /// The incident.
    pub incident: IncidentForm,
    /// What it is about.
    pub subject: SubjectForm,
    /// What happened, for a reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<ReplyForm>,
    /// What is wrong and why, where the evidence was diagnosed.
    pub finding: Option<FindingForm>,
    /// The alerts that joined.
    pub alerts: Vec<AlertForm>,
    /// The words.
    pub texts: Texts,
    /// Where to go from here.
    pub links: Vec<LinkForm>,
    /// What could not be seen.
    pub blind_spots: Vec<BlindSpot>,
    /// How many values redaction took out of the evidence.
    pub redacted: u32,
}

/// What a webhook body tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The state of the incident. A later one replaces an earlier one: compare `incident.revision`.
    Main,
    /// Something that happened; it adds to what was told before.
    Reply,
}

/// The incident itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct IncidentForm {
    /// Its id: the same in every body about it.
    pub id: String,
    /// Counts the changes of what is said.
    pub revision: u64,
    /// Where it stands.
    pub state: State,
    /// How bad.
    pub severity: Severity,
    /// Why that severity.
    pub severity_reason: String,
    /// When the failure began.
    pub since: Timestamp,
    /// When the first signal came.
    pub opened_at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// How it ended: `recovered`, `gone`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_how: Option<String>,
    /// The proof that it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_because: Option<String>,
    /// How often it came back.
    pub relapses: u32,
    /// The incident that speaks for this one, while one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The incidents that this one speaks for, by id; empty for any but a parent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
}

/// What an incident is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SubjectForm {
    /// The cluster.
    pub cluster: String,
    /// The object; absent where the alert names nothing in Kubernetes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectRef>,
    /// What people call it.
    pub name: String,
}

/// What a reply tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReplyForm {
    /// What kind of reply.
    pub kind: ReplyKind,
    /// When it happened.
    pub at: Timestamp,
}

/// The kinds of replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplyKind {
    /// The evidence behind the main message.
    Evidence,
    /// The severity changed.
    Severity,
    /// The cause is certain now.
    Identified,
    /// Something worth hearing.
    Note,
    /// It is over.
    Resolved,
    /// It came back.
    Relapse,
    /// Members of a storm, by name.
    Members,
    /// Somebody's own words.
    Words,
    /// What whoever leads has to see to.
    Checklist,
    /// The draft of a postmortem.
    Postmortem,
    /// For stakeholders: what changed, or that nothing did.
    Update,
}

/// The body of a webhook for stakeholders: `firsthand/update/v1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicBrief {
    /// `firsthand/update/v1`.
    pub schema: String,
    /// The message, new or brought up to date; or an update to it.
    pub event: Event,
    /// When these words were made.
    pub at: Timestamp,
    /// The incident's id: the same in every body about it.
    pub incident: String,
    /// Where it stands; the words of public status pages.
    pub state: State,
    /// How bad.
    pub severity: Severity,
    /// When it began.
    pub since: Timestamp,
    /// What does not work, or works again.
    pub headline: String,
    /// Sentences: the whole message, or the update.
    pub text: String,
    /// By when the next update comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_update_at: Option<Timestamp>,
}

/// A joined alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AlertForm {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: std::collections::BTreeMap<String, String>,
    /// When it began to fire.
    pub starts_at: Timestamp,
    /// When it ended; absent while it fires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

/// The words, laid out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Texts {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// Markdown.
    pub markdown: String,
}

/// A link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LinkForm {
    /// `Runbook`, `Dashboard`, `Alert`, `Silence`.
    pub label: String,
    /// Where it leads.
    pub url: String,
}

/// A diagnosis: `firsthand/diagnosis/v1`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DiagnosisForm {
    /// `firsthand/diagnosis/v1`.
    pub schema: String,
    /// When the evidence was taken.
    pub taken_at: Timestamp,
    /// In order of importance. Empty: nothing is wrong, as far as could be seen.
    pub findings: Vec<FindingForm>,
    /// What could not be seen.
    pub blind_spots: Vec<BlindSpot>,
}

/// What is wrong with one object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FindingForm {
    /// The root owner.
    pub object: ObjectRef,
    /// In the field's own word: `CrashLoopBackOff`.
    pub symptom: String,
    /// How bad.
    pub severity: Severity,
    /// Best first.
    pub hypotheses: Vec<Hypothesis>,
    /// What the rollout that lines up with the failure changed.
    pub changes: Vec<Change>,
    /// What to do, as choices.
    pub next: Vec<Choice>,
    /// What not to do.
    pub avoid: Vec<String>,
}

/// The body for the main message.
pub fn main(incident: &Incident, context: &Context) -> Brief {
    let words = OnCall::of(incident, context);
    let texts = Texts {
        subject: words.notification(),
        text: text::main(incident, context),
        markdown: markdown::main(incident, context),
    };
    let brief = Brief {
        schema: "firsthand/brief/v1".into(),
        event: Event::Main,
        at: context.at,
        incident: incident_form(incident),
        subject: SubjectForm {
            cluster: incident.subject.cluster.clone(),
            object: incident.subject.object.clone(),
            name: incident.subject.name().to_owned(),
        },
        reply: None,
        finding: incident.finding.as_ref().map(|f| finding_form(f, incident.severity)),
        alerts: incident.alerts.values().map(alert_form).collect(),
        texts: Texts::default(),
        links: words
            .links
            .into_iter()
            .map(|l| LinkForm { label: l.label.into(), url: l.url })
            .collect(),
        blind_spots: incident.blind_spots.clone(),
        redacted: incident.redacted,
    };
    Brief { texts, ..visible(brief) }
}

/// The body for a thread reply.
pub fn reply(reply: &Reply, incident: &Incident, context: &Context) -> Brief {
    let said = super::Said::of(reply, incident, context);
    let texts = Texts {
        subject: format!("{} {}", said.stamp(), said.lead),
        text: text::reply(reply, incident, context),
        markdown: markdown::reply(reply, incident, context),
    };
    Brief { event: Event::Reply, reply: Some(reply_form(reply)), texts, ..main(incident, context) }
}

/// The body for stakeholders: the message itself.
pub fn public_main(incident: &Incident, context: &Context) -> PublicBrief {
    let words = Stakeholders::of(incident, context);
    visible(PublicBrief {
        schema: "firsthand/update/v1".into(),
        event: Event::Main,
        at: context.at,
        incident: incident.id.clone(),
        state: words.state,
        severity: words.severity,
        since: incident.since,
        headline: words.headline,
        text: words.lines.join("\n"),
        next_update_at: words.next_at,
    })
}

/// The body for stakeholders: an update.
pub fn public_reply(reply: &Reply, incident: &Incident, context: &Context) -> PublicBrief {
    let text = super::Said::of(reply, incident, context).lead;
    PublicBrief { event: Event::Reply, text, ..public_main(incident, context) }
}

/// The published form of a diagnosis.
pub fn diagnosis(diagnosis: &crate::diagnosis::Diagnosis, taken_at: Timestamp) -> DiagnosisForm {
    let form = |finding: &Finding| finding_form(finding, found::severity(finding));
    visible(DiagnosisForm {
        schema: "firsthand/diagnosis/v1".into(),
        taken_at,
        findings: diagnosis.findings.iter().map(form).collect(),
        blind_spots: diagnosis.blind_spots.clone(),
    })
}

/// The same without hidden characters in any of its texts: whoever reads them prints them somewhere.
fn visible<T: Serialize + DeserializeOwned>(form: T) -> T {
    let clean = serde_json::to_value(&form).map(|mut value| {
        clean(&mut value);
        serde_json::from_value(value)
    });
    clean.ok().and_then(Result::ok).unwrap_or(form)
}

fn clean(value: &mut Value) {
    match value {
        Value::String(text) => *text = plain::clean(text),
        Value::Array(items) => items.iter_mut().for_each(clean),
        Value::Object(fields) => fields.values_mut().for_each(clean),
        _ => {}
    }
}

fn incident_form(incident: &Incident) -> IncidentForm {
    let closed = incident.closed.as_ref();
    IncidentForm {
        id: incident.id.clone(),
        revision: incident.revision,
        state: incident.state,
        severity: incident.severity,
        severity_reason: incident.severity_reason.clone(),
        since: incident.since,
        opened_at: incident.opened_at,
        closed_at: closed.map(|closed| closed.at),
        closed_how: closed.map(|closed| closed.how.clone()),
        closed_because: closed.map(|closed| closed.because.clone()),
        relapses: incident.relapses,
        parent: incident.parent.clone(),
        members: incident.storm.iter().flat_map(|s| s.members.keys().cloned()).collect(),
    }
}

fn finding_form(finding: &Finding, severity: Severity) -> FindingForm {
    FindingForm {
        object: finding.object.clone(),
        symptom: finding.symptom.clone(),
        severity,
        hypotheses: finding.hypotheses.clone(),
        changes: finding.rollout.as_ref().map(|r| r.changes.clone()).unwrap_or_default(),
        next: finding.next.clone(),
        avoid: finding.avoid.clone(),
    }
}

fn alert_form(alert: &JoinedAlert) -> AlertForm {
    AlertForm {
        name: alert.name.clone(),
        labels: alert.labels.clone(),
        starts_at: alert.starts_at,
        ended_at: alert.ended_at,
    }
}

fn reply_form(reply: &Reply) -> ReplyForm {
    let (kind, at) = match reply {
        Reply::Evidence { at, .. } => (ReplyKind::Evidence, at),
        Reply::Severity { at, .. } => (ReplyKind::Severity, at),
        Reply::Identified { at, .. } => (ReplyKind::Identified, at),
        Reply::Note { at, .. } => (ReplyKind::Note, at),
        Reply::Resolved { at, .. } => (ReplyKind::Resolved, at),
        Reply::Members { at, .. } => (ReplyKind::Members, at),
        Reply::Relapse { at, .. } => (ReplyKind::Relapse, at),
        Reply::Words { at, .. } => (ReplyKind::Words, at),
        Reply::Postmortem { at, .. } => (ReplyKind::Postmortem, at),
        Reply::Checklist { at, .. } => (ReplyKind::Checklist, at),
        Reply::Update { at, .. } => (ReplyKind::Update, at),
    };
    ReplyForm { kind, at: *at }
}
