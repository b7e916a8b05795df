//! Block Kit as HTML: the blocks that a message may hold, in the layout of Slack's client.

use maud::{Markup, html};
use serde_json::Value;

use super::mrkdwn;

/// The blocks of one message.
pub fn render(blocks: &[Value]) -> Markup {
    html! { div.blocks { @for one in blocks { (block(one)) } } }
}

fn block(block: &Value) -> Markup {
    match word(block, "type") {
        "header" => html! { h3 { (text(&block["text"])) } },
        "section" => html! {
            div.section {
                @if !block["text"].is_null() { p { (text(&block["text"])) } }
                @if !list(block, "fields").is_empty() {
                    div.fields { @for field in list(block, "fields") { div { (text(field)) } } }
                }
            }
        },
        "context" => html! {
            div.context { @for element in list(block, "elements") { span { (text(element)) } } }
        },
        "actions" => html! {
            div.actions { @for element in list(block, "elements") { (button(element)) } }
        },
        "divider" => html! { hr; },
        "image" => html! { p.image { "[" (word(block, "alt_text")) "]" } },
        "markdown" => html! { pre.markdown { (word(block, "text")) } },
        "rich_text" => html! {
            div.rich { @for element in list(block, "elements") { (rich(element)) } }
        },
        other => html! { p.unknown { "a block of type " (other) } },
    }
}

fn button(button: &Value) -> Markup {
    let style = format!("button {}", word(button, "style"));
    let url = word(button, "url");
    html! {
        @if url.is_empty() { span class=(style) { (text(&button["text"])) } }
        @else { a class=(style) href=(url) rel="noreferrer" target="_blank" { (text(&button["text"])) } }
    }
}

fn rich(element: &Value) -> Markup {
    let children = html! { @for child in list(element, "elements") { (inline(child)) } };
    match word(element, "type") {
        "rich_text_preformatted" => html! { pre { (children) } },
        "rich_text_quote" => html! { blockquote { (children) } },
        "rich_text_list" => html! {
            @let items = list(element, "elements");
            @if word(element, "style") == "ordered" { ol { @for item in items { li { (rich(item)) } } } }
            @else { ul { @for item in items { li { (rich(item)) } } } }
        },
        _ => html! { div.line { (children) } },
    }
}

fn inline(child: &Value) -> Markup {
    let said = match word(child, "type") {
        "link" => {
            let label = if word(child, "text").is_empty() {
                word(child, "url")
            } else {
                word(child, "text")
            };
            html! { a href=(word(child, "url")) rel="noreferrer" target="_blank" { (label) } }
        }
        "emoji" => html! { ":" (word(child, "name")) ":" },
        "user" | "usergroup" | "channel" | "broadcast" => {
            html! { mark { "@" (word(child, "type")) } }
        }
        _ => with_dots(word(child, "text")),
    };
    let styled = |name: &str| child["style"][name] == true;
    let said = if styled("code") {
        html! { code { (said) } }
    } else {
        said
    };
    let said = if styled("strike") {
        html! { s { (said) } }
    } else {
        said
    };
    let said = if styled("italic") {
        html! { i { (said) } }
    } else {
        said
    };
    if styled("bold") {
        html! { b { (said) } }
    } else {
        said
    }
}

/// A text object: `plain_text` as it is, `mrkdwn` formatted.
fn text(object: &Value) -> Markup {
    let said = word(object, "text");
    if object["type"] == "mrkdwn" { mrkdwn::render(said) } else { with_dots(said) }
}

/// Literal text. Slack's client draws emoji itself, so the dots do not depend on a font here either.
pub(super) fn with_dots(text: &str) -> Markup {
    let name = |c| match c {
        '🔴' => Some("red"),
        '🟠' => Some("orange"),
        '🟡' => Some("yellow"),
        '⚪' => Some("white"),
        _ => None,
    };
    html! {
        @for piece in text.split_inclusive(|c| name(c).is_some()) {
            @match piece.chars().next_back().and_then(|c| Some((c, name(c)?))) {
                Some((dot, name)) => {
                    (piece.trim_end_matches(dot))
                    span class={ "dot " (name) } role="img" aria-label=(dot) {}
                }
                None => (piece),
            }
        }
    }
}

fn word<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}
