//! The brief as Slack messages: Block Kit within every limit, and no text from outside that could
//! mention, link or format.

mod blocks;
mod diagnosis;
mod fit;
mod reply;

use serde_json::Value;

use super::{CauseWords, Context, Hurt, OnCall, Stakeholders, plain, stakeholders};
use crate::diagnosis::Choice;
use crate::incident::{Audience, Incident, Reply, State};
pub use diagnosis::diagnosis;

use blocks::{Piece, bold, code, link_buttons, literal, rich};
use fit::Blocks;

/// A message as `chat.postMessage` takes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// What a notification shows; enough on its own. Escaped.
    pub text: String,
    /// Block Kit, at most 50 blocks and 10,000 characters.
    pub blocks: Vec<Value>,
}

/// The main message of an incident: posted once, edited from then on.
pub fn main(incident: &Incident, context: &Context) -> Message {
    if context.audience == Audience::Stakeholders {
        return public(incident, context);
    }
    let words = OnCall::of(incident, context);
    let mut out = Blocks::new(&format!("r{}", incident.revision));
    out.must(blocks::header(&title(&words)));
    out.must(blocks::context(&where_line(&words)));
    if !context.mentions.is_empty() {
        out.must(blocks::mentions(&context.mentions));
    }
    if let Some(now) = &words.now {
        out.push(
            1,
            rich(vec![blocks::line(&[
                Piece::Bold(&format!("{} ", words.now_label())),
                Piece::Text(&plain::sentence(&plain::capital(now))),
            ])]),
        );
    }
    out.push(2, hurt(words.hurt_label(), &words.hurt));
    out.push(0, cause(&words.cause));
    out.push(3, words.changed.as_ref().map_or(Value::Null, changed));
    out.push(4, next(&words.next));
    out.push(5, labelled("Avoid ", &words.avoid));
    out.push(6, labelled("Unknown ", &words.unknown));
    out.push(7, link_buttons(&words.links));
    let footer: Vec<_> = words.alerts.iter().chain(&words.footer).map(String::as_str).collect();
    out.push(8, blocks::context(&footer.join(" · ")));
    Message { text: blocks::escaped(&words.notification(), 1_000), blocks: out.fitted() }
}

/// The message for stakeholders.
fn public(incident: &Incident, context: &Context) -> Message {
    let words = Stakeholders::of(incident, context);
    let mut out = Blocks::new(&format!("r{}-{}", incident.revision, context.at.as_second()));
    out.must(blocks::header(&format!("{} {}", words.dot.mark(), words.headline)));
    out.must(blocks::context(words.state.word()));
    if !context.mentions.is_empty() {
        out.must(blocks::mentions(&context.mentions));
    }
    let lines = words.lines.iter().map(|line| format!("{line}\n"));
    out.must(rich(vec![literal("", lines.collect::<String>().trim_end())]));
    out.push(1, blocks::context(&stakeholders::footer(incident)));
    Message { text: blocks::escaped(&words.notification(), 1_000), blocks: out.fitted() }
}

/// A reply in an incident's thread.
pub fn reply(reply: &Reply, incident: &Incident, context: &Context) -> Message {
    reply::render(reply, incident, context)
}

/// The same where there is no thread: under the incident's own head, so that it stands alone.
pub fn alone(reply: &Reply, incident: &Incident, context: &Context) -> Message {
    let reply = reply::render(reply, incident, context);
    if context.audience == Audience::Stakeholders {
        let words = Stakeholders::of(incident, context);
        let title = format!("{} {}", words.dot.mark(), words.headline);
        let text = format!("{}  {}", blocks::escaped(&title, 300), reply.text);
        let head = [blocks::header(&title), blocks::context(words.state.word())];
        return Message { text, blocks: head.into_iter().chain(reply.blocks).collect() };
    }
    let words = OnCall::of(incident, context);
    let head = [blocks::header(&title(&words)), blocks::context(&where_line(&words))];
    let text = format!("{}  {}", blocks::escaped(&title(&words), 300), reply.text);
    Message { text, blocks: head.into_iter().chain(reply.blocks).collect() }
}

fn title(words: &OnCall) -> String {
    match words.state {
        State::Resolved => format!("{} {}", words.dot.mark(), words.headline),
        _ => format!("{} {}  {}", words.dot.mark(), words.severity.word(), words.headline),
    }
}

fn where_line(words: &OnCall) -> String {
    let sev = (words.state == State::Resolved).then(|| format!("was {}", words.severity.word()));
    let parts = [
        Some(words.state.word().to_owned()),
        sev,
        Some(words.place.clone()),
        Some(words.cluster.clone()),
        Some(words.since.clone()),
    ];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// Two columns where both have something to say and nothing in them could be taken for markup.
fn hurt(label: &str, hurt: &Hurt) -> Value {
    let (own, reach) = (hurt.own.join(", "), hurt.reach.join("\n"));
    two_columns((label, &own), ("Reach", &reach))
}

fn changed(changed: &super::Changed) -> Value {
    rich(vec![literal("Changed ", &plain::sentence(&changed.line()))])
}

fn two_columns(left: (&str, &str), right: (&str, &str)) -> Value {
    let columns: Vec<_> = [left, right].into_iter().filter(|(_, text)| !text.is_empty()).collect();
    if let Some(fields) = blocks::fields(&columns) {
        return fields;
    }
    let lines = columns.iter().map(|(label, text)| {
        blocks::line(&[Piece::Bold(&format!("{label} ")), Piece::Text(&text.replace('\n', " · "))])
    });
    rich(lines.collect())
}

/// `Cause certain: …`, the quote that proves it and where it stands, else what would settle it.
fn cause(cause: &CauseWords) -> Value {
    let label = match cause.certainty {
        Some(certainty) => format!("Cause {}: ", certainty.word()),
        None => String::new(),
    };
    let sentence = plain::sentence(&if label.is_empty() {
        plain::capital(&cause.sentence)
    } else {
        cause.sentence.clone()
    });
    let mut elements = vec![blocks::line(&[Piece::Bold(&label), Piece::Text(&sentence)])];
    elements.extend(cause.quote.as_ref().map(|quote| code(&quote.text)));
    elements.push(blocks::line(&[Piece::Text(&beside(cause))]));
    if !cause.settle.is_empty() {
        elements.push(bold("Settles it"));
        elements.extend(cause.settle.iter().map(|command| code(command)));
    }
    rich(elements)
}

/// What stands below the quote: its place and the further facts, what to repair, what speaks against it.
fn beside(cause: &CauseWords) -> String {
    let footing = cause.quote.as_ref().and_then(super::Quote::footing);
    let grounds =
        footing.into_iter().chain(cause.facts.iter().cloned()).collect::<Vec<_>>().join("; ");
    let mut lines = vec![plain::sentence(&plain::capital(&grounds))];
    lines.extend(cause.target.iter().map(|target| format!("To repair: {target}.")));
    lines.extend(
        cause.against.iter().map(|against| format!("Against it: {}", plain::sentence(against))),
    );
    if cause.others > 0 {
        let others = plain::counted(cause.others, "other explanation", "other explanations");
        lines.push(format!("{others} in the thread."));
    }
    lines.retain(|line| !line.is_empty());
    lines.join(" ")
}

fn next(choices: &[Choice]) -> Value {
    let mut elements = Vec::new();
    for (i, choice) in choices.iter().enumerate() {
        let label = match i {
            0 => format!("Next: {} ", choice.label),
            _ => format!("or {} ", choice.label),
        };
        elements.push(blocks::line(&[Piece::Bold(&label), Piece::Text(&choice.text)]));
        elements.extend(choice.command.as_deref().map(code));
    }
    rich(elements)
}

fn labelled(label: &str, lines: &[String]) -> Value {
    let text: Vec<_> = lines.iter().map(|line| plain::sentence(line)).collect();
    if text.is_empty() { Value::Null } else { rich(vec![literal(label, &text.join(" "))]) }
}
