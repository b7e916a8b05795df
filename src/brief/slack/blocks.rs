//! The few blocks we use. Text from outside goes into `plain_text` and `rich_text`, where it is
//! literal; into `mrkdwn` only where it is escaped and holds nothing that could be taken for markup.

use serde_json::{Value, json};

use super::super::{Link, plain};

/// A piece of a line of rich text.
pub(super) enum Piece<'a> {
    /// Bold.
    Bold(&'a str),
    /// As it is.
    Text(&'a str),
}

/// A header: at most 150 characters. `emoji` is on for the dot, so `:names:` in the text are broken up.
pub(super) fn header(text: &str) -> Value {
    let text = plain::cut(&without_emoji_names(&without_mentions(text)), 150);
    json!({"type": "header", "text": {"type": "plain_text", "text": text, "emoji": true}})
}

/// Whom the settings say to mention. Nothing else in a message can mention anybody.
pub(super) fn mentions(written: &[String]) -> Value {
    let text = written.iter().take(20).cloned().collect::<Vec<_>>().join(" ");
    json!({"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": true}})
}

/// A small grey line.
pub(super) fn context(text: &str) -> Value {
    if text.is_empty() {
        return Value::Null;
    }
    let text = plain::cut(&without_mentions(text), 1_000);
    json!({"type": "context", "elements": [{"type": "plain_text", "text": text, "emoji": false}]})
}

/// Short labelled columns; `None` where a column is long or could be taken for markup.
pub(super) fn fields(columns: &[(&str, &str)]) -> Option<Value> {
    let fit = columns.len() == 2
        && columns.iter().all(|(_, text)| plain::width(text) <= 240 && !marks_up(text));
    let field = |(label, text): &(&str, &str)| json!({"type": "mrkdwn", "text": format!("*{label}*\n{}", escape(text)), "verbatim": true});
    fit.then(|| json!({"type": "section", "fields": columns.iter().map(field).collect::<Vec<_>>()}))
}

/// A block of rich text; nothing for no elements.
pub(super) fn rich(elements: Vec<Value>) -> Value {
    let elements: Vec<_> = elements.into_iter().filter(|element| !element.is_null()).collect();
    if elements.is_empty() {
        Value::Null
    } else {
        json!({"type": "rich_text", "elements": elements})
    }
}

/// One line of rich text.
pub(super) fn line(pieces: &[Piece<'_>]) -> Value {
    let element = |piece: &Piece<'_>| match piece {
        Piece::Bold("") | Piece::Text("") => None,
        Piece::Bold(text) => {
            Some(json!({"type": "text", "text": without_mentions(text), "style": {"bold": true}}))
        }
        Piece::Text(text) => Some(json!({"type": "text", "text": without_mentions(text)})),
    };
    let elements: Vec<_> = pieces.iter().filter_map(element).collect();
    if elements.is_empty() {
        Value::Null
    } else {
        json!({"type": "rich_text_section", "elements": elements})
    }
}

/// A bold label, alone on its line.
pub(super) fn bold(text: &str) -> Value {
    line(&[Piece::Bold(text)])
}

/// A bold label and literal text.
pub(super) fn literal(label: &str, text: &str) -> Value {
    line(&[Piece::Bold(label), Piece::Text(text)])
}

/// A code block: literal, nothing to escape.
pub(super) fn code(text: &str) -> Value {
    if text.trim().is_empty() {
        return Value::Null;
    }
    json!({"type": "rich_text_preformatted", "elements": [{"type": "text", "text": plain::cut(&plain::clean(text), 3_000)}]})
}

/// Links as buttons.
pub(super) fn link_buttons(links: &[Link]) -> Value {
    if links.is_empty() {
        return Value::Null;
    }
    let button = |link: &Link| {
        json!({"type": "button", "action_id": format!("open-{}", link.label.to_lowercase()), "url": link.url,
               "text": {"type": "plain_text", "text": link.label, "emoji": false}})
    };
    json!({"type": "actions", "elements": links.iter().map(button).collect::<Vec<_>>()})
}

/// Escaped, then cut to `max`, never inside an entity.
pub(super) fn escaped(text: &str, max: usize) -> String {
    let mut out = String::new();
    let mut left = max.saturating_sub(1);
    let fits = plain::width(&escape(text)) <= max;
    if fits {
        return escape(text);
    }
    for c in text.chars() {
        let piece = escape(c.encode_utf8(&mut [0; 4]));
        match left.checked_sub(plain::width(&piece)) {
            Some(rest) => left = rest,
            None => break,
        }
        out.push_str(&piece);
    }
    out.push('…');
    out
}

/// Exactly the three that Slack asks for, in that order: after it no mention and no link is left.
pub(super) fn escape(text: &str) -> String {
    plain::clean(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Whether Slack would format some of it: bold, italic, struck, code, or an emoji's name.
fn marks_up(text: &str) -> bool {
    let mut before = ' ';
    let italic = text.chars().any(|c| {
        let starts = c == '_' && !before.is_alphanumeric();
        before = c;
        starts
    });
    italic
        || text.contains(['*', '~', '`'])
        || without_emoji_names(text) != text
        || text.lines().any(|l| l.starts_with('>'))
}

/// `<!channel>` and `<@U1>` with a zero-width space in them. Literal text mentions nobody as it is; this
/// holds for whoever copies it into a message of their own. Quotes and commands stay verbatim.
fn without_mentions(text: &str) -> String {
    let text = plain::clean(text);
    text.replace("<!", "<\u{200b}!").replace("<@", "<\u{200b}@").replace("<#", "<\u{200b}#")
}

/// `:sob:` with a zero-width space behind its first colon, so that it stays what it is.
fn without_emoji_names(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(':') {
        let (before, after) = rest.split_at(at + 1);
        out.push_str(before);
        let name = after.find(|c: char| !(c.is_alphanumeric() || "_+-'".contains(c)));
        if name.is_some_and(|end| end > 0 && after[end..].starts_with(':')) {
            out.push('\u{200b}');
        }
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escaped_text_is_never_cut_inside_an_entity() {
        assert_eq!(escaped("<!channel> & co", 100), "&lt;!channel&gt; &amp; co");
        assert_eq!(escaped("a<b", 6), "a&lt;b");
        assert_eq!(escaped("a<bc", 6), "a&lt;…");
        assert_eq!(escaped("a<bc", 4), "a…");
    }

    #[test]
    fn columns_take_only_text_that_cannot_be_markup() {
        assert!(
            fields(&[("Hurt", "0 of 2 pods ready"), ("Reach", "Service a_b has no endpoints")])
                .is_some()
        );
        for hostile in ["*now*", "see _this_", "`rm`", "a ~b~", "so :sob: sad", "> quoted"] {
            assert!(fields(&[("Hurt", hostile), ("Reach", "x")]).is_none(), "{hostile}");
        }
    }

    #[test]
    fn emoji_names_in_a_header_stay_text() {
        let header = header("Alert :sob:fire: at 10:02:11 in reg:5000/a:1");
        assert_eq!(
            header["text"]["text"],
            "Alert :\u{200b}sob:\u{200b}fire: at 10:\u{200b}02:11 in reg:5000/a:1"
        );
    }
}
