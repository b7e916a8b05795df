//! The brief for a terminal.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;

use super::found::{self, Found};
use super::{CauseWords, Context, OnCall, Said, Stakeholders, plain};
use crate::diagnosis::{Diagnosis, Health, ObjectRef};
use crate::incident::{Audience, Incident, Reply, Severity};

/// How a diagnosis is printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The namespace that was asked about; `None`: all.
    pub namespace: Option<String>,
    /// The workload that was asked about, where one was.
    pub workload: Option<String>,
    /// How long it took.
    pub took: Option<Duration>,
    /// How many API calls it cost; `None` for a dump.
    pub api_calls: Option<u32>,
    /// With ANSI colours.
    pub colour: bool,
}

/// Columns that a printed line keeps to, where its words allow.
const COLUMNS: usize = 100;

/// What is wrong, ranked.
pub fn diagnosis(diagnosis: &Diagnosis, taken_at: Timestamp, options: &Options) -> String {
    let pen = Pen { colour: options.colour };
    let mut out = String::new();
    let cost = [
        options.took.map(took),
        options.api_calls.map(|n| plain::counted(n as usize, "API call", "API calls")),
    ];
    let cost: Vec<_> = cost.into_iter().flatten().collect();
    spread(
        &mut out,
        &summary(diagnosis, options),
        &cost.join(", "),
        |text| pen.bold(text),
        |text| pen.dim(text),
    );
    for finding in &diagnosis.findings {
        out.push('\n');
        let name = found::named(&finding.object, options.namespace.as_deref());
        print_found(&mut out, &Found::of(finding, taken_at), &name, pen);
    }
    if let (true, [(object, health)]) =
        (diagnosis.findings.is_empty(), diagnosis.healthy.as_slice())
    {
        out.push('\n');
        print_healthy(&mut out, object, health, pen);
    }
    let end = last_line(diagnosis, options);
    if !end.is_empty() {
        let _ = write!(out, "\n{}\n", pen.dim(&end));
    }
    out
}

/// The main message of an incident, without colours.
pub fn main(incident: &Incident, context: &Context) -> String {
    if context.audience == Audience::Stakeholders {
        let words = Stakeholders::of(incident, context);
        let mut out = String::new();
        let first = format!("{} {}", words.dot.mark(), words.headline);
        spread(&mut out, &first, words.state.word(), str::to_owned, str::to_owned);
        words.lines.iter().for_each(|line| out.push_str(&format!("{}\n", plain::line(line))));
        return out;
    }
    let words = OnCall::of(incident, context);
    let pen = Pen { colour: false };
    let mut out = String::new();
    let first = format!("{} {}  {}", words.dot.mark(), words.severity.word(), words.headline);
    spread(&mut out, &first, words.state.word(), str::to_owned, str::to_owned);
    let place =
        [&*words.place, &*words.cluster, &*words.since].into_iter().filter(|part| !part.is_empty());
    let _ = writeln!(out, "{}\n", plain::line(&place.collect::<Vec<_>>().join(" · ")));
    let hurt: Vec<_> = words.hurt.lines().collect();
    label(
        &mut out,
        &words.now_label().to_lowercase(),
        words.now.as_deref().unwrap_or_default(),
        pen,
    );
    label(&mut out, &words.hurt_label().to_lowercase(), &hurt.join("; "), pen);
    cause(&mut out, &words.cause, pen);
    label(
        &mut out,
        "changed",
        &words.changed.as_ref().map(super::Changed::line).unwrap_or_default(),
        pen,
    );
    words.next.iter().enumerate().for_each(|(i, choice)| next(&mut out, i, choice, pen));
    words.avoid.iter().for_each(|text| label(&mut out, "avoid", text, pen));
    words.unknown.iter().for_each(|text| label(&mut out, "unknown", text, pen));
    words.links.iter().for_each(|link| {
        out.push_str(&format!("  {:<10}{}\n", link.label.to_lowercase(), link.url))
    });
    let footer: Vec<_> = words.alerts.iter().chain(&words.footer).cloned().collect();
    let _ = writeln!(out, "\n{}", plain::line(&footer.join(" · ")));
    out
}

/// A reply in its thread, without colours.
pub fn reply(reply: &Reply, incident: &Incident, context: &Context) -> String {
    let said = Said::of(reply, incident, context);
    let mut out = format!("{}  {}\n", said.stamp(), plain::line(&said.lead));
    if let Some(quote) = &said.quote {
        verbatim(&mut out, "    ", &quote.text, str::to_owned);
        out.extend(quote.footing().map(|footing| format!("  {}\n", plain::line(&footing))));
    }
    for section in &said.sections {
        let (lines, left_out) = section.within(4_000, |line| line.len() + 1);
        let _ = writeln!(out, "\n  {}", plain::line(&section.title));
        lines.iter().for_each(|line| verbatim(&mut out, "    ", line, str::to_owned));
        out.extend(left_out.map(|left_out| format!("  {left_out}\n")));
    }
    out
}

/// `shop  2 of 12 workloads have something wrong`.
fn summary(diagnosis: &Diagnosis, options: &Options) -> String {
    let place = match (&options.namespace, &options.workload) {
        (Some(namespace), Some(workload)) => format!("{namespace}/{workload}"),
        (Some(namespace), None) => namespace.clone(),
        (None, _) => "cluster".into(),
    };
    let place = plain::short(&place, 120);
    let (bad, good) = (diagnosis.findings.len(), diagnosis.healthy.len());
    let starting = diagnosis.starting().count();
    match (bad, good) {
        (0, 1) if starting == 1 => {
            let ready = diagnosis.healthy[0].1.pods_ready();
            format!("{place}  is still starting: {ready}, and nothing is known to be wrong")
        }
        (0, n) if starting > 0 => {
            let all = plain::counted(n, "workload", "workloads");
            format!("{place}  nothing is known to be wrong; {starting} of {all} still starting")
        }
        (0, 0) => format!("{place}  nothing to look at: no workload was found"),
        (0, 1) => format!("{place}  nothing is wrong"),
        (0, n) => format!("{place}  nothing is wrong with {n} workloads"),
        (_, 0) if options.workload.is_some() => format!("{place}  something is wrong"),
        (bad, good) => {
            let verb = if bad == 1 { "has" } else { "have" };
            format!(
                "{place}  {bad} of {} {verb} something wrong",
                plain::counted(bad + good, "workload", "workloads")
            )
        }
    }
}

fn print_found(out: &mut String, words: &Found, name: &str, pen: Pen) {
    let hurt = words.hurt.own.first().map(|own| format!("  {own}")).unwrap_or_default();
    let since = words.since.as_ref().map(|since| format!("  {since}")).unwrap_or_default();
    let first = format!("● {name} {}", words.predicate);
    spread(
        out,
        &first,
        words.severity.word(),
        |text| pen.severity(words.severity, text),
        |text| pen.severity(words.severity, text),
    );
    let about = format!("  {}{hurt}{since}", words.kind);
    let _ = writeln!(out, "{}", pen.dim(&about));
    cause(out, &words.cause, pen);
    let rest: Vec<_> = words.hurt.own.iter().skip(1).chain(&words.hurt.reach).cloned().collect();
    label(out, "hurt", &rest.join("; "), pen);
    label(
        out,
        "changed",
        &words.changed.as_ref().map(super::Changed::line).unwrap_or_default(),
        pen,
    );
    words.next.iter().enumerate().for_each(|(i, choice)| next(out, i, choice, pen));
    words.avoid.iter().for_each(|text| label(out, "avoid", text, pen));
    words.unknown.iter().for_each(|text| label(out, "unknown", text, pen));
}

fn cause(out: &mut String, cause: &CauseWords, pen: Pen) {
    match cause.certainty {
        Some(certainty) => label(out, certainty.word(), &cause.sentence, pen),
        None => label(out, "cause", &cause.sentence, pen),
    }
    if let Some(quote) = &cause.quote {
        verbatim(out, "            ", &quote.text, |line| pen.quote(line));
        out.extend(
            quote
                .footing()
                .map(|at| format!("            {}\n", pen.dim(&format!("[{}]", plain::line(&at))))),
        );
    }
    cause.facts.iter().for_each(|fact| label(out, "", fact, pen));
    cause.target.iter().for_each(|target| label(out, "repair", target, pen));
    cause.against.iter().for_each(|against| label(out, "against", against, pen));
}

fn next(out: &mut String, i: usize, choice: &crate::diagnosis::Choice, pen: Pen) {
    let text = if choice.text.is_empty() {
        choice.label.clone()
    } else {
        format!("{}: {}", choice.label, choice.text)
    };
    label(out, if i == 0 { "next" } else { "or" }, &text, pen);
    choice.command.iter().for_each(|command| indented(out, "", command));
}

fn print_healthy(out: &mut String, object: &ObjectRef, health: &Health, pen: Pen) {
    let _ = writeln!(
        out,
        "{} {}  {}",
        pen.good("●"),
        plain::short(&object.name, 120),
        plain::short(object.kind.as_str(), 63)
    );
    for (holds, words) in found::checklist(health) {
        let mark = if holds { pen.good("✓") } else { "✗".to_owned() };
        let _ = writeln!(out, "  {mark} {words}");
    }
}

fn last_line(diagnosis: &Diagnosis, options: &Options) -> String {
    let mut parts: Vec<_> = found::blind(&diagnosis.blind_spots).into_iter().collect();
    if !diagnosis.findings.is_empty() && !diagnosis.healthy.is_empty() {
        parts.push(format!("Healthy: {}", diagnosis.healthy.len()));
    }
    if let (Some(namespace), None, Some(first)) =
        (&options.namespace, &options.workload, diagnosis.findings.first())
    {
        parts.push(format!(
            "More: firsthand diagnose -n {} {}",
            plain::short(namespace, 63),
            plain::short(&first.object.name, 120)
        ));
    }
    parts.join(". ")
}

/// A label in its column and a text wrapped beside it.
fn label(out: &mut String, label: &str, text: &str, pen: Pen) {
    if text.is_empty() {
        return;
    }
    let mut row = String::new();
    let mut first = true;
    let mut flush = |row: &mut String| {
        let shown = if first { pen.label(&format!("{label:<10}")) } else { " ".repeat(10) };
        let _ = writeln!(out, "  {shown}{row}");
        first = false;
        row.clear();
    };
    for word in plain::clean(text).split_whitespace() {
        if !row.is_empty() && row.chars().count() + word.chars().count() + 1 > COLUMNS - 12 {
            flush(&mut row);
        }
        if !row.is_empty() {
            row.push(' ');
        }
        row.push_str(word);
    }
    flush(&mut row);
}

/// A command beside a label: never wrapped, so that it can be copied.
fn indented(out: &mut String, label: &str, command: &str) {
    for (i, line) in plain::clean(command).lines().enumerate() {
        let _ = writeln!(out, "  {:<10}{line}", if i == 0 { label } else { "" });
    }
}

/// Lines as they stand, each behind `indent`: no text from outside begins a line of ours.
fn verbatim(out: &mut String, indent: &str, text: &str, paint: impl Fn(&str) -> String) {
    for line in plain::clean(text).lines() {
        let _ = writeln!(out, "{indent}{}", paint(line));
    }
}

/// Two texts at the ends of one line.
fn spread(
    out: &mut String,
    left: &str,
    right: &str,
    paint_left: impl Fn(&str) -> String,
    paint_right: impl Fn(&str) -> String,
) {
    let (left, right) = (&*plain::spaced(left), &*plain::spaced(right));
    let gap = COLUMNS.saturating_sub(left.chars().count() + right.chars().count()).max(2);
    let gap = if right.is_empty() { String::new() } else { " ".repeat(gap) };
    let _ = writeln!(out, "{}{gap}{}", paint_left(left), paint_right(right));
}

fn took(took: Duration) -> String {
    format!("{:.2} s", took.as_secs_f64())
}

/// Colours, or none.
#[derive(Clone, Copy)]
struct Pen {
    colour: bool,
}

impl Pen {
    fn paint(self, code: &str, text: &str) -> String {
        if self.colour && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
    fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }
    fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }
    fn label(self, text: &str) -> String {
        self.paint("36", text)
    }
    fn quote(self, text: &str) -> String {
        self.paint("1", text)
    }
    fn good(self, text: &str) -> String {
        self.paint("32", text)
    }
    fn severity(self, severity: Severity, text: &str) -> String {
        match severity {
            Severity::Sev1 | Severity::Sev2 => self.paint("1;31", text),
            Severity::Sev3 => self.paint("1;33", text),
            Severity::Sev4 => self.paint("1", text),
        }
    }
}
