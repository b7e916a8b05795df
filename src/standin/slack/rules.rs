//! What Slack refuses, and what it accepts although it should not be sent.
//!
//! Limits from the reference of Block Kit and chat.postMessage (docs.slack.dev); that all blocks
//! together are refused from about 13,200 characters is not documented (slackapi/bolt-js#2509).

use std::collections::HashSet;

use serde_json::Value;

type Checked = Result<(), &'static str>;

const BAD: &str = "invalid_blocks";

/// What all text of all blocks may hold.
const ALL_BLOCKS: usize = 13_200;

/// The refusals of a message's text and blocks.
pub(super) fn limits(text: &str, blocks: &[Value]) -> Checked {
    if text.trim().is_empty() {
        return Err("no_text");
    }
    if text.chars().count() > 40_000 {
        return Err("msg_too_long");
    }
    if blocks.len() > 50 {
        return Err(BAD);
    }
    let mut ids = HashSet::new();
    for one in blocks {
        if let Some(id) = one.get("block_id") {
            let id = id.as_str().ok_or(BAD)?;
            holds((1..=255).contains(&id.chars().count()) && ids.insert(id.to_owned()))?;
        }
        block(one)?;
    }
    if blocks.iter().map(said).sum::<usize>() > ALL_BLOCKS {
        return Err("msg_blocks_too_long");
    }
    Ok(())
}

/// What is accepted and should not have been sent.
pub(super) fn objections(text: &str, blocks: &[Value], body: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for flag in ["unfurl_links", "unfurl_media"] {
        // chat.update has no such flags.
        if body["ts"].is_null() && body[flag] != false {
            found.push(format!("{flag} is not switched off"));
        }
    }
    if body["link_names"] == true || body["parse"] == "full" {
        found.push("names are linked".to_owned());
    }
    let mut texts = vec![text];
    for block in blocks {
        mrkdwn(block, &mut texts);
    }
    found.extend(texts.into_iter().filter_map(unescaped));
    found
}

fn block(block: &Value) -> Checked {
    match block["type"].as_str().ok_or(BAD)? {
        "divider" => Ok(()),
        "header" => plain(&block["text"], 150),
        "section" => section(block),
        "context" => each(&block["elements"], 1..=10, |element| match element["type"].as_str() {
            Some("image") => image(element),
            _ => text(element, 3_000),
        }),
        "actions" => each(&block["elements"], 1..=25, button),
        "image" => image(block),
        "markdown" => sized(&block["text"], 12_000),
        "rich_text" => each(&block["elements"], 1..=usize::MAX, rich),
        _ => Err(BAD),
    }
}

fn section(block: &Value) -> Checked {
    let fields = &block["fields"];
    holds(!block["text"].is_null() || !fields.is_null())?;
    if !block["text"].is_null() {
        text(&block["text"], 3_000)?;
    }
    if !fields.is_null() {
        each(fields, 1..=10, |field| text(field, 2_000))?;
    }
    if block["accessory"].is_null() { Ok(()) } else { button(&block["accessory"]) }
}

fn button(button: &Value) -> Checked {
    holds(button["type"] == "button")?;
    plain(&button["text"], 75)?;
    for (name, limit) in [("url", 3_000), ("value", 2_000), ("action_id", 255)] {
        if !button[name].is_null() {
            sized(&button[name], limit)?;
        }
    }
    if let Some(url) = button["url"].as_str() {
        holds(url.starts_with("https://") || url.starts_with("http://"))?;
    }
    holds(matches!(button["style"].as_str(), None | Some("primary" | "danger")))
}

fn image(image: &Value) -> Checked {
    sized(&image["alt_text"], 2_000)?;
    if image["slack_file"].is_object() { Ok(()) } else { sized(&image["image_url"], 3_000) }
}

fn rich(element: &Value) -> Checked {
    match element["type"].as_str().ok_or(BAD)? {
        "rich_text_list" => {
            holds(matches!(element["style"].as_str(), Some("bullet" | "ordered")))?;
            each(&element["elements"], 1..=usize::MAX, |item| {
                holds(item["type"] == "rich_text_section").and_then(|()| rich(item))
            })
        }
        "rich_text_section" | "rich_text_preformatted" | "rich_text_quote" => {
            each(&element["elements"], 0..=usize::MAX, inline)
        }
        _ => Err(BAD),
    }
}

fn inline(element: &Value) -> Checked {
    match element["type"].as_str().ok_or(BAD)? {
        "text" => sized(&element["text"], 40_000),
        "link" => sized(&element["url"], 3_000),
        "emoji" => sized(&element["name"], 255),
        "date" => holds(element["timestamp"].is_i64() && element["format"].is_string()),
        "user" | "usergroup" | "channel" | "broadcast" | "color" => Ok(()),
        _ => Err(BAD),
    }
}

/// A text object of either kind.
fn text(object: &Value, limit: usize) -> Checked {
    match object["type"].as_str() {
        Some("mrkdwn") => {
            holds(object["emoji"].is_null())?;
            sized(&object["text"], limit)
        }
        _ => plain(object, limit),
    }
}

fn plain(object: &Value, limit: usize) -> Checked {
    holds(object["type"] == "plain_text")?;
    sized(&object["text"], limit)
}

fn sized(value: &Value, limit: usize) -> Checked {
    let text = value.as_str().ok_or(BAD)?;
    holds((1..=limit).contains(&text.chars().count()))
}

fn each(
    list: &Value,
    count: std::ops::RangeInclusive<usize>,
    check: impl Fn(&Value) -> Checked,
) -> Checked {
    let list = list.as_array().ok_or(BAD)?;
    holds(count.contains(&list.len()))?;
    list.iter().try_for_each(check)
}

fn holds(condition: bool) -> Checked {
    if condition { Ok(()) } else { Err(BAD) }
}

/// Characters of everything a block says.
fn said(value: &Value) -> usize {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| match value {
                Value::String(text) if name == "text" => text.chars().count(),
                other => said(other),
            })
            .sum(),
        Value::Array(list) => list.iter().map(said).sum(),
        _ => 0,
    }
}

/// The strings of a block in which control sequences work; mentions in rich text are noted as such
/// a string.
fn mrkdwn<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            match value["type"].as_str() {
                Some("mrkdwn" | "markdown") => found.extend(value["text"].as_str()),
                Some("broadcast") => found.push("<!broadcast>"),
                Some("user" | "usergroup") => found.push("<@user>"),
                _ => {}
            }
            fields.values().for_each(|field| mrkdwn(field, found));
        }
        Value::Array(list) => list.iter().for_each(|item| mrkdwn(item, found)),
        _ => {}
    }
}

/// What is wrong with a text in which `&`, `<` and `>` must stand for themselves only as entities:
/// mentions, links to anything but the web, and characters that were not escaped.
fn unescaped(text: &str) -> Option<String> {
    let mut rest = text;
    let mut line_start = true;
    while let Some(at) = rest.find(['&', '<', '>']) {
        line_start = if at == 0 { line_start } else { rest[..at].ends_with('\n') };
        let from = &rest[at..];
        let known = match from.as_bytes()[0] {
            b'&' => {
                ["&amp;", "&lt;", "&gt;"].into_iter().find(|e| from.starts_with(e)).map(str::len)
            }
            b'<' => link(from),
            // A quoted line.
            _ => line_start.then_some(1),
        };
        let Some(length) = known else {
            let shown: String = from.chars().take(40).collect();
            return Some(format!("unescaped or forbidden sequence: {shown}"));
        };
        line_start = false;
        rest = &from[length..];
    }
    None
}

/// The length of `<https://…>`, `<https://…|label>` or `<!date^…>` at the beginning of `text`.
fn link(text: &str) -> Option<usize> {
    let end = text.find('>')?;
    let inside = &text[1..end];
    let web = ["https://", "http://", "!date^"].iter().any(|scheme| inside.starts_with(scheme));
    (web && !inside.contains(['<', '\n'])).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{limits, objections};

    fn refusal(blocks: serde_json::Value) -> Option<&'static str> {
        limits("x", blocks.as_array().expect("a list")).err()
    }

    #[test]
    fn limits_are_inclusive_and_no_larger() {
        let header = |n: usize| json!([{"type": "header", "text": {"type": "plain_text", "text": "x".repeat(n)}}]);
        assert_eq!(refusal(header(150)), None);
        assert_eq!(refusal(header(151)), Some("invalid_blocks"));
        let section = |n: usize| json!([{"type": "section", "text": {"type": "mrkdwn", "text": "x".repeat(n)}}]);
        assert_eq!(refusal(section(3_000)), None);
        assert_eq!(refusal(section(3_001)), Some("invalid_blocks"));
        assert_eq!(refusal(section(0)), Some("invalid_blocks"));
        assert_eq!(refusal(json!(vec![json!({"type": "divider"}); 51])), Some("invalid_blocks"));
        let full = section(2_700)[0].clone();
        assert_eq!(refusal(json!(vec![full; 5])), Some("msg_blocks_too_long"));
        assert_eq!(limits("", &[]), Err("no_text"));
    }

    #[test]
    fn ids_are_unique_and_unknown_blocks_are_refused() {
        let twice =
            json!([{"type": "divider", "block_id": "a"}, {"type": "divider", "block_id": "a"}]);
        assert_eq!(refusal(twice), Some("invalid_blocks"));
        assert_eq!(refusal(json!([{"type": "marquee"}])), Some("invalid_blocks"));
        let ftp = json!([{"type": "actions", "elements": [
            {"type": "button", "text": {"type": "plain_text", "text": "x"}, "url": "ftp://x"}]}]);
        assert_eq!(refusal(ftp), Some("invalid_blocks"));
    }

    #[test]
    fn mentions_and_forged_links_are_objected_to() {
        let objections = |text: &str| {
            objections(text, &[], &json!({"unfurl_links": false, "unfurl_media": false})).len()
        };
        for fine in ["a &lt;!channel&gt; b", "> quote\n> more", "<https://x.y|z> &amp; on", "plain"]
        {
            assert_eq!(objections(fine), 0, "{fine}");
        }
        for bad in ["<!channel>", "<@U123>", "<javascript:x|y>", "a & b", "a > b", "a < b"] {
            assert_eq!(objections(bad), 1, "{bad}");
        }
    }
}
