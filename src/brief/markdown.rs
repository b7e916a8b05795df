//! The brief as Markdown, for tickets, chats that read it, and files.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::found::{self, Found};
use super::{CauseWords, Context, OnCall, Said, Section, Stakeholders, plain};
use crate::diagnosis::{Choice, Diagnosis};
use crate::incident::{Audience, Incident, Reply, State};

/// The main message of an incident.
pub fn main(incident: &Incident, context: &Context) -> String {
    if context.audience == Audience::Stakeholders {
        let words = Stakeholders::of(incident, context);
        let lines = words.lines.iter().map(|line| format!("{}\n\n", escape(line)));
        let head = format!(
            "## {} {}\n\n{}\n\n",
            words.dot.mark(),
            escape(&words.headline),
            words.state.word()
        );
        return head + lines.collect::<String>().trim_end() + "\n";
    }
    let words = OnCall::of(incident, context);
    let sev = if words.state == State::Resolved {
        String::new()
    } else {
        format!("{} ", words.severity.word())
    };
    let mut out = format!("## {} {sev}{}\n\n", words.dot.mark(), escape(&words.headline));
    let place = [words.state.word(), &words.place, &words.cluster, &words.since];
    let place: Vec<_> = place.into_iter().filter(|part| !part.is_empty()).map(escape).collect();
    let _ = writeln!(out, "{}\n", place.join(" · "));
    item(&mut out, words.now_label(), words.now.as_deref());
    let hurt: Vec<_> = words.hurt.lines().collect();
    item(&mut out, words.hurt_label(), (!hurt.is_empty()).then(|| hurt.join("; ")).as_deref());
    cause(&mut out, &words.cause);
    item(&mut out, "Changed", words.changed.as_ref().map(super::Changed::line).as_deref());
    next(&mut out, &words.next);
    item(&mut out, "Avoid", joined(&words.avoid).as_deref());
    item(&mut out, "Unknown", joined(&words.unknown).as_deref());
    let links: Vec<_> =
        words.links.iter().map(|link| format!("[{}]({})", link.label, link.url)).collect();
    if !links.is_empty() {
        let _ = writeln!(out, "{}\n", links.join(" · "));
    }
    let footer: Vec<_> =
        words.alerts.iter().chain(&words.footer).map(|part| escape(part)).collect();
    let _ = writeln!(out, "{}", footer.join(" · "));
    out
}

/// A reply in its thread.
pub fn reply(reply: &Reply, incident: &Incident, context: &Context) -> String {
    let said = Said::of(reply, incident, context);
    let mut out = format!("**{}** {}\n", said.stamp(), escape(&said.lead));
    if let Some(quote) = &said.quote {
        let _ = write!(out, "\n{}", fenced(&quote.text));
        if let Some(footing) = quote.footing() {
            let _ = writeln!(out, "{}", escape(&footing));
        }
    }
    said.sections.iter().for_each(|part| section(&mut out, part));
    out
}

/// What is wrong, ranked. `namespace` is what was asked about; `None`: everything.
pub fn diagnosis(diagnosis: &Diagnosis, taken_at: Timestamp, namespace: Option<&str>) -> String {
    let mut out = String::new();
    for finding in &diagnosis.findings {
        let words = Found::of(finding, taken_at);
        let name = found::named(&finding.object, namespace);
        let _ = writeln!(
            out,
            "## {} {} {}\n",
            words.severity.word(),
            escape(&name),
            escape(&words.predicate)
        );
        let about = [Some(words.kind.clone()), words.since.clone()].into_iter().flatten();
        let about: Vec<_> = about.chain(words.hurt.lines().map(str::to_owned)).collect();
        let _ = writeln!(out, "{}\n", escape(&about.join(" · ")));
        cause(&mut out, &words.cause);
        item(&mut out, "Changed", words.changed.as_ref().map(super::Changed::line).as_deref());
        next(&mut out, &words.next);
        item(&mut out, "Avoid", joined(&words.avoid).as_deref());
        item(&mut out, "Unknown", joined(&words.unknown).as_deref());
    }
    for (object, health) in &diagnosis.healthy {
        if diagnosis.findings.is_empty() && diagnosis.healthy.len() == 1 {
            let is =
                if diagnosis.starting().next().is_some() { "still starting" } else { "healthy" };
            let _ = writeln!(out, "## {} is {is}\n", escape(&found::named(object, namespace)));
            for (holds, words) in found::checklist(health) {
                let _ = writeln!(out, "- [{}] {}", if holds { "x" } else { " " }, escape(&words));
            }
            out.push('\n');
        }
    }
    if diagnosis.findings.is_empty() && diagnosis.healthy.len() != 1 {
        let starting = diagnosis.starting().count();
        let healthy = diagnosis.healthy.len() - starting;
        let healthy = plain::counted(healthy, "workload", "workloads");
        let starting =
            if starting > 0 { format!(", {starting} still starting") } else { String::new() };
        let _ = writeln!(out, "Nothing is known to be wrong: {healthy} healthy{starting}.\n");
    }
    if let Some(blind) = found::blind(&diagnosis.blind_spots) {
        let _ = writeln!(out, "{}", escape(&plain::sentence(&plain::capital(&blind))));
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn item(out: &mut String, label: &str, text: Option<&str>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        let _ = writeln!(out, "**{label}** {}\n", escape(&plain::sentence(text)));
    }
}

fn cause(out: &mut String, cause: &CauseWords) {
    let label = match cause.certainty {
        Some(certainty) => format!("**Cause {}:** ", certainty.word()),
        None => "**Cause:** ".to_owned(),
    };
    let _ = writeln!(out, "{label}{}\n", escape(&plain::sentence(&cause.sentence)));
    if let Some(quote) = &cause.quote {
        let _ = write!(out, "{}", fenced(&quote.text));
        let _ = writeln!(out, "{}\n", escape(&quote.footing().unwrap_or_default()));
    }
    let aside = cause.facts.iter().map(|fact| plain::capital(fact));
    let aside = aside.chain(cause.target.iter().map(|target| format!("To repair: {target}")));
    let aside = aside.chain(cause.against.iter().map(|against| format!("Against it: {against}")));
    let aside: Vec<_> = aside.map(|text| escape(&plain::sentence(&text))).collect();
    if !aside.is_empty() {
        let _ = writeln!(out, "{}\n", aside.join(" "));
    }
    if !cause.settle.is_empty() {
        let _ = write!(out, "Settles it:\n\n{}\n", fenced(&cause.settle.join("\n")));
    }
}

fn next(out: &mut String, choices: &[Choice]) {
    for (i, choice) in choices.iter().enumerate() {
        let label =
            if i == 0 { format!("Next: {}", choice.label) } else { format!("or {}", choice.label) };
        let _ = writeln!(out, "**{}** {}\n", escape(&label), escape(&choice.text));
        if let Some(command) = &choice.command {
            let _ = writeln!(out, "{}", fenced(command));
        }
    }
}

fn section(out: &mut String, section: &Section) {
    let (lines, left_out) = section.within(4_000, |line| line.len() + 1);
    let _ = write!(out, "\n### {}\n\n", escape(&section.title));
    if section.verbatim {
        let _ = write!(out, "{}", fenced(&lines.join("\n")));
    } else {
        lines.iter().for_each(|line| out.push_str(&format!("- {}\n", escape(line))));
    }
    if let Some(left_out) = left_out {
        let _ = writeln!(out, "\n{}", plain::sentence(&left_out));
    }
}

fn joined(lines: &[String]) -> Option<String> {
    let text: Vec<_> = lines.iter().map(|line| plain::sentence(line)).collect();
    (!text.is_empty()).then(|| text.join(" "))
}

/// A code block whose fence is longer than any run of backticks in it.
pub(super) fn fenced(text: &str) -> String {
    let text = plain::clean(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}\n{text}\n{fence}\n")
}

/// Text that Markdown (with or without HTML) shows as it is: no markup, no list or heading, no link made of
/// an address, no mention.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    // Of the line so far, whether it is empty or a number, which a list may begin with.
    let (mut first, mut number) = (true, false);
    let text = plain::clean(text);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        let item = next.is_none_or(char::is_whitespace);
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A backslash does not keep a forge from telling somebody.
            '@' if !before.is_alphanumeric() && next.is_some_and(char::is_alphanumeric) => {
                out.push_str("\\@\u{200b}");
            }
            '\\' | '`' | '*' | '[' | ']' | '|' | '#' | '~' | '@' => out.extend(['\\', c]),
            '_' if !before.is_alphanumeric() => out.push_str("\\_"),
            '/' if before == ':' => out.push_str("\\/"),
            '.' if out.len() >= 3
                && out.as_bytes()[out.len() - 3..].eq_ignore_ascii_case(b"www") =>
            {
                out.push_str("\\.");
            }
            '-' | '+' if first && item => out.extend(['\\', c]),
            '=' | '-' if first && next == Some(c) => out.extend(['\\', c]),
            '.' | ')' if number && item => out.extend(['\\', c]),
            _ => out.push(c),
        }
        number = c.is_ascii_digit() && (first || number);
        first = c == '\n' || first && c.is_whitespace();
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn nothing_of_a_text_acts() {
        assert_eq!(
            escape("see https://a.example or WWW.b.example"),
            "see https:\\//a.example or WWW\\.b.example"
        );
        assert_eq!(escape("- a\n1. b\n===\n+ c"), "\\- a\n1\\. b\n\\===\n\\+ c");
        assert_eq!(escape("@here"), "\\@\u{200b}here");
        assert_eq!(escape("1.4.2 of a-b, x@sha256"), "1.4.2 of a-b, x\\@sha256");
    }
}
