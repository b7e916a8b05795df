//! The channel for a terminal: every post, edit and reply is printed once, when it happens. Nothing is
//! drawn over, so that it can be scrolled, copied and piped.
//!
//! *It prints what was posted*: a reply in the thread is indented, an edit shows the lines it changed.

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use super::slack::{Posted, Slack};

/// A reply shows at most this many lines here; the page shows all of it.
const REPLY_LINES: usize = 12;

/// One channel, and what of it was printed.
pub struct Channel {
    slack: Slack,
    name: String,
    width: usize,
    colour: bool,
    /// What was printed of each message, by its `ts`.
    printed: BTreeMap<String, Vec<Line>>,
}

/// One line of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    text: String,
    look: Look,
}

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// A header.
    Title,
    /// Text.
    Plain,
    /// Small print.
    Dim,
    /// Code: never wrapped, so that it can be copied.
    Code,
}

impl Channel {
    /// The channel of that id, from now on. Width and colour follow the terminal: `COLUMNS`, `NO_COLOR`.
    pub fn new(slack: Slack, name: &str) -> Self {
        let width = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let colour =
            std::env::var_os("NO_COLOR").is_none() && io::IsTerminal::is_terminal(&io::stdout());
        let width = width.unwrap_or(100).clamp(40, 120);
        Self { slack, name: name.to_owned(), width, colour, printed: BTreeMap::new() }
    }

    /// Prints what is new since the last call.
    ///
    /// # Errors
    /// When `out` cannot be written to.
    pub fn print_news(&mut self, out: &mut dyn Write) -> io::Result<()> {
        for posted in self.slack.everything().into_iter().filter(|m| m.channel == self.name) {
            let now = lines(&posted.blocks, &posted.text);
            match self.printed.insert(posted.ts.clone(), now.clone()) {
                None => self.print_post(&posted, &now, out)?,
                Some(before) if before != now => self.print_edit(&posted, &before, &now, out)?,
                Some(_) => {}
            }
        }
        Ok(())
    }

    fn print_post(&self, posted: &Posted, lines: &[Line], out: &mut dyn Write) -> io::Result<()> {
        let reply = posted.thread_ts.is_some();
        let what = match (reply, posted.broadcast) {
            (false, _) => "posted",
            (true, false) => "in the thread",
            (true, true) => "in the thread, also sent to the channel",
        };
        self.print_head(&posted.ts, what, out)?;
        let shown = if reply { REPLY_LINES } else { lines.len() };
        let mut rest = lines.iter();
        for line in rest.by_ref().take(shown) {
            self.print_line(line, if reply { "  │ " } else { "  " }, out)?;
        }
        if let more @ 1.. = rest.count() {
            let line =
                Line { text: format!("… {more} more lines in the thread"), look: Look::Dim };
            self.print_line(&line, "  │ ", out)?;
        }
        writeln!(out)
    }

    /// The lines that the edit took away and those that it brought, in their order.
    fn print_edit(
        &self,
        posted: &Posted,
        before: &[Line],
        now: &[Line],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        self.print_head(posted.edited_ts.as_deref().unwrap_or(&posted.ts), "edited", out)?;
        for line in before.iter().filter(|line| !now.contains(line)) {
            self.print_line(&Line { look: Look::Dim, ..line.clone() }, "  - ", out)?;
        }
        for line in now.iter().filter(|line| !before.contains(line)) {
            self.print_line(line, "  + ", out)?;
        }
        writeln!(out)
    }

    fn print_head(&self, ts: &str, what: &str, out: &mut dyn Write) -> io::Result<()> {
        let head = format!("{}  #{}  {what}", clock(ts), self.name);
        writeln!(out, "{}", self.paint("36", &head))
    }

    fn print_line(&self, line: &Line, margin: &str, out: &mut dyn Write) -> io::Result<()> {
        let (code, indent) = match line.look {
            Look::Title => ("1", ""),
            Look::Plain => ("", ""),
            Look::Dim => ("2", ""),
            Look::Code => ("33", "    "),
        };
        let room = self.width.saturating_sub(margin.chars().count() + indent.len()).max(20);
        let rows = if line.look == Look::Code {
            vec![line.text.clone()]
        } else {
            wrapped(&line.text, room)
        };
        rows.iter().try_for_each(|row| writeln!(out, "{margin}{indent}{}", self.paint(code, row)))
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour && !code.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// The message as lines; its text where it has no blocks.
fn lines(blocks: &[Value], text: &str) -> Vec<Line> {
    let mut out = Vec::new();
    for block in blocks {
        match block["type"].as_str().unwrap_or_default() {
            "header" => push(&mut out, &said(&block["text"]), Look::Title),
            "section" => {
                push(&mut out, &said(&block["text"]), Look::Plain);
                list(block, "fields")
                    .iter()
                    .for_each(|field| push(&mut out, &labelled(field), Look::Plain));
            }
            "context" => {
                let elements: Vec<_> = list(block, "elements").iter().map(said).collect();
                push(&mut out, &elements.join("  "), Look::Dim);
            }
            "actions" => {
                let buttons = list(block, "elements")
                    .iter()
                    .map(|button| format!("[{}]", said(&button["text"])));
                push(&mut out, &buttons.collect::<Vec<_>>().join(" "), Look::Dim);
            }
            "rich_text" => {
                list(block, "elements").iter().for_each(|element| rich(&mut out, element))
            }
            _ => push(&mut out, &said(block), Look::Plain),
        }
    }
    if out.is_empty() {
        push(&mut out, &unescaped(text), Look::Plain);
    }
    out
}

fn rich(out: &mut Vec<Line>, element: &Value) {
    let children = list(element, "elements");
    match element["type"].as_str().unwrap_or_default() {
        "rich_text_list" => children.iter().for_each(|item| {
            let text: String = list(item, "elements").iter().map(said).collect();
            push(out, &format!("• {text}"), Look::Plain);
        }),
        "rich_text_preformatted" => {
            push(out, &children.iter().map(said).collect::<String>(), Look::Code)
        }
        _ => push(out, &children.iter().map(said).collect::<String>(), Look::Plain),
    }
}

fn push(out: &mut Vec<Line>, text: &str, look: Look) {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    out.extend(lines.map(|text| Line { text: text.to_owned(), look }));
}

/// `*Hurt*` and the lines below it on one line.
fn labelled(field: &Value) -> String {
    let text = said(field).replacen('*', "", 2);
    text.replacen('\n', "  ", 1).replace('\n', "; ")
}

fn said(object: &Value) -> String {
    let text = object["text"].as_str().unwrap_or_default();
    if object["type"] == "mrkdwn" { unescaped(text) } else { text.to_owned() }
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// Rows of at most `room` characters, broken between words.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut rows = vec![String::new()];
    for word in text.split(' ') {
        let row = rows.last().map_or(0, |row| row.chars().count());
        if row > 0 && row + word.chars().count() + 1 > room {
            rows.push(String::new());
        }
        if let Some(last) = rows.last_mut() {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    rows
}

fn clock(ts: &str) -> String {
    let seconds = ts.split('.').next().and_then(|seconds| seconds.parse().ok()).unwrap_or(0);
    let when = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    when.to_zoned(TimeZone::UTC).strftime("%H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Look, lines, wrapped};

    #[test]
    fn a_message_reads_as_lines_in_its_order() {
        let blocks = [
            json!({"type": "header", "text": {"type": "plain_text", "text": "SEV2  checkout is down"}}),
            json!({"type": "section", "fields": [{"type": "mrkdwn", "text": "*Hurt*\n0 of 2 &lt;pods&gt;\n8 restarts"}]}),
            json!({"type": "rich_text", "elements": [
                {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "panic: <nil>\n\tmain.go:1"}]}]}),
        ];
        let told: Vec<_> =
            lines(&blocks, "").into_iter().map(|line| (line.text, line.look)).collect();
        let expected = [
            ("SEV2  checkout is down", Look::Title),
            ("Hurt  0 of 2 <pods>; 8 restarts", Look::Plain),
            ("panic: <nil>", Look::Code),
            ("\tmain.go:1", Look::Code),
        ];
        assert_eq!(told, expected.map(|(text, look)| (text.to_owned(), look)));
    }

    #[test]
    fn rows_break_between_words_and_lose_none() {
        let text = "Service checkout has no endpoints and averyveryverylongwordthatfitsnowhere";
        let rows = wrapped(text, 20);
        assert_eq!(rows.join(" "), text);
        assert_eq!(rows.first().map(String::as_str), Some("Service checkout has"));
    }
}
