//! Slack's own markup, as its client reads it: `*bold*`, `_italic_`, `~struck~`, `` `code` ``,
//! fenced code, `<url|label>`, mentions.

use maud::{Markup, PreEscaped, html};

/// The text, formatted. A mention shows as one, so that a forged one is seen.
pub(super) fn render(text: &str) -> Markup {
    let mut out = String::new();
    let mut parts = text.split("```");
    while let Some(prose) = parts.next() {
        lines(&mut out, prose);
        let Some(code) = parts.next() else { break };
        out.push_str(&html! { pre { (unescaped(code.trim_matches('\n'))) } }.into_string());
    }
    PreEscaped(out)
}

fn lines(out: &mut String, prose: &str) {
    for (i, line) in prose.split('\n').enumerate() {
        if i > 0 {
            out.push_str("<br>");
        }
        spans(out, line);
    }
}

/// One line: the earliest mark that is also closed wins; what it holds is formatted in turn.
fn spans(out: &mut String, line: &str) {
    let mut rest = line;
    while let Some(at) = rest.find(['*', '_', '~', '`', '<']) {
        let (before, from) = rest.split_at(at);
        literal(out, before);
        let opens = before.chars().last().is_none_or(|c| !c.is_alphanumeric());
        let mark = from.chars().next().unwrap_or(' ');
        let closed = match mark {
            '<' => from.find('>'),
            _ if opens => from[1..].find(mark).map(|end| end + 1).filter(|end| *end > 1),
            _ => None,
        };
        let Some(end) = closed else {
            literal(out, &from[..1]);
            rest = &from[1..];
            continue;
        };
        marked(out, mark, &from[1..end]);
        rest = &from[end + 1..];
    }
    literal(out, rest);
}

fn marked(out: &mut String, mark: char, inside: &str) {
    let tag = match mark {
        '<' => return link(out, inside),
        '`' => {
            out.push_str(&html! { code { (unescaped(inside)) } }.into_string());
            return;
        }
        '*' => "b",
        '_' => "i",
        _ => "s",
    };
    out.push_str(&format!("<{tag}>"));
    spans(out, inside);
    out.push_str(&format!("</{tag}>"));
}

fn link(out: &mut String, inside: &str) {
    let (url, label) = inside.split_once('|').unwrap_or((inside, inside));
    let shown = if url.starts_with("http://") || url.starts_with("https://") {
        html! { a href=(unescaped(url)) rel="noreferrer" target="_blank" { (unescaped(label)) } }
    } else {
        html! { mark { (unescaped(inside)) } }
    };
    out.push_str(&shown.into_string());
}

fn literal(out: &mut String, text: &str) {
    out.push_str(&html! { (unescaped(text)) }.into_string());
}

/// Slack's three entities; maud escapes for HTML afterwards.
fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::render;

    #[test]
    fn markup_is_read_as_slack_reads_it() {
        let html = |text: &str| render(text).into_string();
        assert_eq!(html("*Hurt*\n0 of 2"), "<b>Hurt</b><br>0 of 2");
        assert_eq!(html("a_b_c 2*3*4"), "a_b_c 2*3*4");
        assert_eq!(html("&lt;!channel&gt; &amp;amp;"), "&lt;!channel&gt; &amp;amp;");
        assert_eq!(html("<!channel>"), "<mark>!channel</mark>");
        assert!(html("<https://x.y|there>").contains("href=\"https://x.y\""));
        assert_eq!(html("```\n<b>\n```"), "<pre>&lt;b&gt;</pre>");
    }
}
