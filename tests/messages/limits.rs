//! What Slack refuses, and what must never get through: checked on messages of every kind, and on
//! incidents made of arbitrary text.

use firsthand::brief::slack::{self, Message};
use firsthand::incident::{Incident, Reply};
use proptest::prelude::*;
use serde_json::Value;

use crate::incidents;

/// The first limit of Slack, or rule of ours, that the message breaks.
pub(crate) fn check(message: &Message) -> Result<(), String> {
    let ensure = |holds: bool, what: &str| if holds { Ok(()) } else { Err(what.to_owned()) };
    ensure(!message.text.is_empty() && units(&message.text) <= 4_000, "text of 1 to 4,000")?;
    ensure(is_escaped(&message.text), "text escaped")?;
    ensure((1..=50).contains(&message.blocks.len()), "1 to 50 blocks")?;
    let size = units(&Value::Array(message.blocks.clone()).to_string());
    ensure(size <= 10_000, &format!("10,000 characters in all, not {size}"))?;
    // Slack names the blocks that have no id.
    let mut ids: Vec<_> =
        message.blocks.iter().filter_map(|block| block["block_id"].as_str()).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    ensure(ids.len() == all, "unique block ids")?;
    message
        .blocks
        .iter()
        .try_for_each(|block| self::block(block).map_err(|fault| format!("{fault} in {block}")))
}

fn block(block: &Value) -> Result<(), String> {
    let list = |key: &str| block[key].as_array().cloned().unwrap_or_default();
    match block["type"].as_str().unwrap_or_default() {
        "header" => {
            if block["text"]["type"] != "plain_text" {
                return Err("a header is plain text".into());
            }
            text(&block["text"], 150)
        }
        "section" => {
            let fields = list("fields");
            if fields.is_empty() || fields.len() > 10 {
                return Err("1 to 10 fields".into());
            }
            fields.iter().try_for_each(|field| text(field, 2_000))
        }
        "context" => {
            let elements = list("elements");
            if elements.is_empty() || elements.len() > 10 {
                return Err("1 to 10 elements".into());
            }
            elements.iter().try_for_each(|element| text(element, 2_000))
        }
        "actions" => {
            let buttons = list("elements");
            if buttons.is_empty() || buttons.len() > 25 {
                return Err("1 to 25 buttons".into());
            }
            buttons.iter().try_for_each(button)
        }
        "rich_text" => {
            let elements = list("elements");
            if elements.is_empty() {
                Err("an empty rich text".into())
            } else {
                elements.iter().try_for_each(rich)
            }
        }
        other => Err(format!("a block that we do not use: {other}")),
    }
}

fn text(object: &Value, max: usize) -> Result<(), String> {
    let text = object["text"].as_str().unwrap_or_default();
    if text.is_empty() || units(text) > max {
        return Err(format!("text of 1 to {max}"));
    }
    let mrkdwn = object["type"] == "mrkdwn";
    if mrkdwn && !(is_escaped(text) && object["verbatim"] == true) {
        return Err("mrkdwn that is escaped and not linked by itself".into());
    }
    visible(text)
}

fn button(button: &Value) -> Result<(), String> {
    let url = button["url"].as_str().unwrap_or_default();
    let page = url.starts_with("http://") || url.starts_with("https://");
    if !page || units(url) > 3_000 || url.contains(['<', '>', '|', ' ']) {
        return Err("a button that leads to a page".into());
    }
    text(&button["text"], 75)
}

fn rich(element: &Value) -> Result<(), String> {
    let children = element["elements"].as_array().cloned().unwrap_or_default();
    if children.is_empty() {
        return Err("an empty element".into());
    }
    children.iter().try_for_each(|child| match child["type"].as_str() {
        Some("text") => {
            let text = child["text"].as_str().unwrap_or_default();
            if text.is_empty() || units(text) > 3_000 {
                Err("text of 1 to 3,000".into())
            } else {
                visible(text)
            }
        }
        Some("rich_text_section") => rich(child),
        other => Err(format!("only literal text, not {other:?}")),
    })
}

/// No control character and no mark that turns the direction of text.
fn visible(text: &str) -> Result<(), String> {
    let hidden = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
    };
    if text.contains(hidden) { Err("a hidden character".into()) } else { Ok(()) }
}

/// Nothing left that Slack would take for a mention or a link, and no entity that was cut.
fn is_escaped(text: &str) -> bool {
    let whole =
        |rest: &str| ["&amp;", "&lt;", "&gt;"].iter().any(|entity| rest.starts_with(entity));
    !text.contains(['<', '>']) && text.match_indices('&').all(|(at, _)| whole(&text[at..]))
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

#[test]
fn a_hostile_incident_breaks_no_limit() {
    let incident = incidents::overflowing();
    let context = incidents::context("02:14");
    let main = slack::main(&incident, &context);
    check(&main).unwrap_or_else(|fault| panic!("main: {fault}"));
    let finding = Box::new(incident.finding.clone().expect("it has one"));
    let evidence = Reply::Evidence { at: incidents::at("02:14"), finding };
    let reply = slack::reply(&evidence, &incident, &context);
    check(&reply).unwrap_or_else(|fault| panic!("evidence: {fault}"));
    let said = Value::Array(reply.blocks).to_string();
    assert!(said.contains("events left out") || said.contains("earlier events"), "{said}");
    assert!(said.contains("lines left out") || said.contains("further lines"), "{said}");
}

#[test]
fn a_quote_is_verbatim() {
    let message = slack::main(&incidents::crash_looping(), &incidents::context("02:14"));
    let code = message
        .blocks
        .iter()
        .flat_map(|block| block["elements"].as_array().cloned().unwrap_or_default());
    let code: Vec<_> = code.filter(|element| element["type"] == "rich_text_preformatted").collect();
    let finding = incidents::panic_finding();
    let quote = finding.hypotheses[0].because[0].quote.as_deref().expect("it has one");
    assert_eq!(code[0]["elements"][0]["text"], quote);
}

#[test]
fn the_main_message_fits_one_phone_screen() {
    let message = slack::main(&incidents::crash_looping(), &incidents::context("02:14"));
    // A phone shows about 44 characters a line. A label stands on the line of its text.
    let lines: usize = message.blocks.iter().map(|block| phone_lines(&said(block))).sum();
    assert!(lines <= 36, "{lines} lines on a phone");
}

fn phone_lines(text: &str) -> usize {
    text.lines().map(|line| line.chars().count() / 44 + 1).sum()
}

/// The block as lines of text: pieces of a section run on, buttons share a line.
fn said(value: &Value) -> String {
    let children = |between: &str| {
        let list = value["elements"].as_array().or(value["fields"].as_array());
        list.map(|list| list.iter().map(said).collect::<Vec<_>>().join(between)).unwrap_or_default()
    };
    match value["type"].as_str().unwrap_or_default() {
        "rich_text" | "section" => children("\n"),
        "rich_text_section" | "rich_text_preformatted" => children(""),
        "context" | "actions" => children("  "),
        "header" | "button" => said(&value["text"]),
        _ => value["text"].as_str().unwrap_or_default().to_owned(),
    }
}

/// An incident in which `text` stands wherever text from outside can.
fn made_of(text: &str) -> Incident {
    let mut incident = incidents::crash_looping();
    incident.id = text.to_owned();
    incident.subject.cluster = text.to_owned();
    incident.subject.group = text.to_owned();
    for alert in incident.alerts.values_mut() {
        alert.name = text.to_owned();
        alert.generator_url = Some(format!("https://{text}"));
        alert.annotations.values_mut().for_each(|value| *value = text.to_owned());
    }
    let finding = incident.finding.as_mut().expect("it has one");
    finding.predicate = text.to_owned();
    finding.avoid = vec![text.to_owned(); 3];
    finding.unknown = vec![text.to_owned(); 3];
    finding.next.iter_mut().for_each(|choice| choice.command = Some(text.to_owned()));
    finding.events.iter_mut().for_each(|event| event.message = text.to_owned());
    finding.hypotheses[0].summary = text.to_owned();
    finding.hypotheses[0].because[0].quote = Some(text.to_owned());
    if let Some(excerpt) = &mut finding.excerpt {
        excerpt.lines = text.lines().map(String::from).collect();
    }
    incident
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn no_text_from_outside_breaks_a_message(
        text in r#"(<!channel>|<@U1>|&amp;|[<>&*_~`:"\\]|\PC|\n|\u{202e}|\u{7}){0,1200}"#,
        repeat in 1usize..30,
        revision: u64,
    ) {
        let text = text.repeat(repeat);
        let incident = Incident { revision, ..made_of(&text) };
        let finding = incident.finding.clone().expect("it has one");
        let evidence = Reply::Evidence { at: incidents::at("02:14"), finding: Box::new(finding) };
        let context = incidents::context("02:14");
        prop_assert_eq!(check(&slack::main(&incident, &context)), Ok(()));
        prop_assert_eq!(check(&slack::reply(&evidence, &incident, &context)), Ok(()));
        let note = Reply::Note { at: incidents::at("02:14"), text: text.clone() };
        prop_assert_eq!(check(&slack::reply(&note, &incident, &context)), Ok(()));
        let bare = Incident { finding: None, ..incident };
        prop_assert_eq!(check(&slack::main(&bare, &context)), Ok(()));
    }
}
