//! Thread replies: one or two sentences; the evidence within its budget, saying what was left out.

use serde_json::{Value, json};

use super::{Message, Piece, blocks, code, fit, fit::Blocks, rich};
use crate::brief::{Context, Said, Section, plain};
use crate::incident::{Incident, Reply};

/// The reply as a message.
pub(super) fn render(reply: &Reply, incident: &Incident, context: &Context) -> Message {
    let said = Said::of(reply, incident, context);
    let mut out = Blocks::new(&format!("t{}", incident.replies));
    let mut elements =
        vec![blocks::line(&[Piece::Bold(&format!("{}  ", said.stamp())), Piece::Text(&said.lead)])];
    if let Some(quote) = &said.quote {
        elements.push(code(&quote.text));
        elements.extend(quote.footing().map(|footing| blocks::line(&[Piece::Text(&footing)])));
    }
    out.must(rich(elements));
    if rouses(reply) && !context.mentions.is_empty() {
        out.must(blocks::mentions(&context.mentions));
    }
    // Sections in order; each may take at most half of what is left, so that a long log leaves room for the rest.
    let mut remaining = said.sections.len();
    for section in &said.sections {
        let room = out.room().saturating_sub(400);
        let share = if remaining > 1 { room / 2 } else { room };
        remaining -= 1;
        out.push(1, section_block(section, share.min(5_000)));
    }
    let text = format!("{}  {}", said.stamp(), said.lead);
    Message { text: blocks::escaped(&text, 1_000), blocks: out.fitted() }
}

/// Whether those who are mentioned must hear it: an edit of the main message, which mentions them too,
/// notifies nobody.
fn rouses(reply: &Reply) -> bool {
    match reply {
        Reply::Severity { from, to, .. } => to > from,
        Reply::Relapse { .. } => true,
        _ => false,
    }
}

fn section_block(section: &Section, room: usize) -> Value {
    // 350: the block's own JSON, its title and the line that counts what was left out.
    let (lines, left_out) = section.within(room.saturating_sub(350).min(2_900), |line| {
        // A line of a list carries its own element around it.
        plain::width(&json!(line).to_string()) + if section.verbatim { 1 } else { 70 }
    });
    let mut elements = vec![blocks::bold(&section.title)];
    if section.verbatim {
        elements.push(code(&lines.join("\n")));
    } else if !lines.is_empty() {
        let items: Vec<_> = lines.iter().map(|line| blocks::line(&[Piece::Text(line)])).collect();
        elements.push(json!({"type": "rich_text_list", "style": "bullet", "elements": items}));
    }
    elements
        .extend(left_out.map(|left_out| blocks::line(&[Piece::Text(&plain::sentence(&left_out))])));
    let block = rich(elements);
    debug_assert!(fit::cost(&block) <= room + 600, "a section keeps to its share");
    block
}
