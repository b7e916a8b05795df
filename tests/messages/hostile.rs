//! Text from outside in every place that holds text, in every form a message has: it stays text. It opens no
//! heading, list, fence or tag, mentions nobody, links nowhere, and moves no cursor.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use firsthand::brief::{Context, OnCall, document, json, markdown, postmortem, slack, text};
use firsthand::diagnosis::Diagnosis;
use firsthand::incident::{Audience, Entry, Incident, Reply};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{incidents, limits};

/// What somebody who wants to be more than a quote would write.
const EVIL: [&str; 42] = [
    "\u{1b}[2J",
    "\u{1b}[1;1H",
    "\u{1b}]0;title\u{7}",
    "\u{1b}]8;;https://evil.example\u{1b}\\",
    "\u{9b}2J",
    "\u{1b}c",
    "\r",
    "\u{8}\u{8}",
    "\u{7f}",
    "\0",
    "\u{85}",
    "\u{2028}",
    "\u{2029}",
    "\u{202e}",
    "\u{2066}",
    "\u{200f}",
    "\u{200b}",
    "\u{200d}",
    "\u{feff}",
    "\u{ad}",
    "\u{e0041}",
    "\u{3164}",
    "\n",
    "\n\n# heading\n",
    "\n● all is well  Deployment\n",
    "\n---\n",
    "\n- point\n",
    "\n> quote\n",
    "\n1. one\n",
    "\n    code\n",
    "```",
    "`",
    "<!channel>",
    "<@U0BOSS>",
    "@everyone",
    "<https://evil.example|click>",
    "[click](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "<script>alert(1)</script>",
    "</pre><b>",
    "www.evil.example",
    "| a | b |",
];

fn hostile() -> impl Strategy<Value = String> {
    let evil = prop::sample::select(EVIL.to_vec()).prop_map(str::to_owned);
    let word = prop_oneof![3 => evil, 1 => r"\PC{0,12}", 1 => "[a-z *_~:.&]{0,12}"];
    (prop::collection::vec(word, 1..14), prop_oneof![9 => Just(1usize), 1 => Just(400)])
        .prop_map(|(words, repeat)| words.concat().repeat(repeat))
}

/// A value whose every text can be replaced: the places are found by trying.
struct Filled<T> {
    value: Value,
    places: Vec<String>,
    of: std::marker::PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned> Filled<T> {
    fn of(value: &T) -> Self {
        let value = serde_json::to_value(value).expect("it serialises");
        let mut places = Vec::new();
        strings("", &value, &mut places);
        // A time, a state or a word of ours is no text from outside: with other words it cannot be read.
        places.retain(|place| {
            let mut other = value.clone();
            *other.pointer_mut(place).expect("a place") = json!("other words");
            serde_json::from_value::<T>(other).is_ok()
        });
        Self { value, places, of: std::marker::PhantomData }
    }

    fn with(&self, text: &str) -> T {
        let mut value = self.value.clone();
        for place in &self.places {
            *value.pointer_mut(place).expect("a place") = json!(text);
        }
        serde_json::from_value(value).expect("texts may be any")
    }
}

fn strings(at: &str, value: &Value, places: &mut Vec<String>) {
    match value {
        Value::String(_) => places.push(at.to_owned()),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, it)| strings(&format!("{at}/{i}"), it, places));
        }
        Value::Object(fields) => {
            for (name, it) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                strings(&format!("{at}/{name}"), it, places);
            }
        }
        _ => {}
    }
}

static INCIDENTS: LazyLock<Vec<Filled<Incident>>> = LazyLock::new(|| {
    [
        incidents::crash_looping(),
        incidents::likely_oom(),
        incidents::not_enough_evidence(),
        incidents::resolved(),
        incidents::relapsed(),
        incidents::without_object(),
        incidents::storm(),
    ]
    .iter()
    .map(Filled::of)
    .collect()
});
static REPLIES: LazyLock<Vec<Filled<Reply>>> =
    LazyLock::new(|| incidents::replies().iter().map(|(_, reply)| Filled::of(reply)).collect());
static DIAGNOSES: LazyLock<Vec<Filled<Diagnosis>>> =
    LazyLock::new(|| [incidents::shop(), incidents::well()].iter().map(Filled::of).collect());
static TIMELINE: LazyLock<Filled<Vec<Entry>>> =
    LazyLock::new(|| Filled::of(&incidents::timeline()));

/// Control characters, marks that turn text or take no room. Written down here once more, by what they do.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || "\u{ad}\u{34f}\u{61c}\u{115f}\u{1160}\u{17b4}\u{17b5}\u{2800}\u{3164}\u{feff}\u{ffa0}"
            .contains(c)
        || ('\u{180b}'..='\u{180f}').contains(&c)
        || ('\u{200b}'..='\u{200f}').contains(&c)
        || ('\u{2028}'..='\u{202e}').contains(&c)
        || ('\u{2060}'..='\u{206f}').contains(&c)
        || ('\u{fe00}'..='\u{fe0f}').contains(&c)
        || ('\u{fff9}'..='\u{fffb}').contains(&c)
        || ('\u{e0000}'..='\u{e0fff}').contains(&c)
}

/// What a reader sees of it: no hidden character but line breaks, tabs, and where it says so our own
/// zero-width space that parts a mention.
fn plainly_visible(form: &str, text: &str, parted: bool) -> Result<(), TestCaseError> {
    let hidden =
        |c: &char| is_hidden(*c) && *c != '\n' && *c != '\t' && !(parted && *c == '\u{200b}');
    match text.chars().find(hidden) {
        Some(c) => Err(TestCaseError::fail(format!("{form}: {c:?} in {text:?}"))),
        None => Ok(()),
    }
}

/// A terminal gets lines of text, and where there are colours nothing but colours. What stands at the left edge
/// is ours: with other text from outside there are no more such lines.
fn terminal(form: &str, shown: &str, plain: &str) -> Result<(), TestCaseError> {
    let bare = without_colours(shown);
    plainly_visible(form, &bare, false)?;
    let edges = |text: &str| {
        without_colours(text).lines().filter(|l| !l.is_empty() && !l.starts_with(' ')).count()
    };
    prop_assert!(edges(shown) <= edges(plain), "{}: {}", form, bare);
    Ok(())
}

/// Without the sequences that we write: `ESC [ numbers m`.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| {
        let end = part.find(|c: char| !(c.is_ascii_digit() || c == ';'));
        match end.filter(|end| part[*end..].starts_with('m')) {
            Some(end) => out + &part[end + 1..],
            None => out + "\u{1b}" + part,
        }
    })
}

/// Headings, fences and links are ours: with other text from outside there are the same. Outside of fences no
/// address, tag or mention is left that a reader's browser or forge would act on.
fn markdown_text(form: &str, shown: &str, plain: &str) -> Result<(), TestCaseError> {
    plainly_visible(form, shown, true)?;
    let (shown_lines, plain_lines) = (outside_fences(shown), outside_fences(plain));
    let headings = |lines: &[&str]| -> Vec<usize> {
        lines.iter().map(|l| l.len() - l.trim_start_matches('#').len()).filter(|n| *n > 0).collect()
    };
    let (mut shown_headings, mut plain_headings) = (headings(&shown_lines), headings(&plain_lines));
    if form == "reply" {
        // Longer names need more sections; each of them is one of ours.
        shown_headings.dedup();
        plain_headings.dedup();
    }
    prop_assert_eq!(shown_headings, plain_headings, "{}: {}", form, shown);
    for line in shown_lines {
        let ours = line.starts_with("[Runbook]")
            || line.starts_with("[Dashboard]")
            || line.starts_with("[Alert]")
            || line.starts_with("[Silence]");
        if ours {
            continue;
        }
        let lower = line.to_lowercase();
        let bare =
            |sign: &str| lower.match_indices(sign).any(|(at, _)| !lower[..at].ends_with('\\'));
        for sign in ["://", "www.", "<", "](", "!["] {
            prop_assert!(!bare(sign), "{}: {} acts in {}", form, sign, line);
        }
        let mention = lower.match_indices('@').any(|(at, _)| {
            lower[at + 1..].starts_with(char::is_alphanumeric)
                && !lower[..at].trim_end_matches('\\').ends_with(char::is_alphanumeric)
        });
        prop_assert!(!mention, "{}: a mention in {}", form, line);
    }
    Ok(())
}

/// The lines that are not in a fence. A fence ends at a line of as many backticks or more.
fn outside_fences(text: &str) -> Vec<&str> {
    let mut open: Option<usize> = None;
    let mut lines = Vec::new();
    for line in text.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match open {
            Some(length) if ticks >= length && line.len() == ticks => open = None,
            Some(_) => {}
            None if ticks >= 3 => open = Some(ticks),
            None => lines.push(line),
        }
    }
    assert!(open.is_none(), "every fence is closed: {text}");
    lines
}

/// Only our own tags, without attributes that others could fill.
fn html(shown: &str) -> Result<(), TestCaseError> {
    plainly_visible("html", shown, false)?;
    let ours: BTreeSet<&str> = [
        "!DOCTYPE html",
        "html lang=\"en\"",
        "head",
        "meta charset=\"utf-8\"",
        "meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"",
        "title",
        "style",
        "body",
        "h1",
        "p class=\"about\"",
        "p",
        "h2",
        "ul",
        "li",
        "table",
        "tr",
        "th",
        "td",
        "pre",
    ]
    .into();
    for tag in shown.split('<').skip(1) {
        let name = tag.split('>').next().unwrap_or_default();
        let closes = |end: &str| ours.iter().any(|tag| tag.split(' ').next() == Some(end));
        let known = name.strip_prefix('/').map_or_else(|| ours.contains(name), closes);
        prop_assert!(known, "<{}> is not ours", name);
    }
    Ok(())
}

fn json_text(form: &str, value: &Value) -> Result<(), TestCaseError> {
    match value {
        Value::String(text) => plainly_visible(form, text, true),
        Value::Array(items) => items.iter().try_for_each(|item| json_text(form, item)),
        Value::Object(fields) => fields.values().try_for_each(|item| json_text(form, item)),
        _ => Ok(()),
    }
}

fn fits(form: &str, message: &slack::Message) -> Result<(), TestCaseError> {
    limits::check(message).map_err(|fault| TestCaseError::fail(format!("{form}: {fault}")))
}

fn incident_stays_text(
    filled: &Filled<Incident>,
    evil: &str,
    audience: Audience,
) -> Result<(), TestCaseError> {
    let context = Context { audience, ..incidents::context("02:42") };
    let (incident, plain) = (filled.with(evil), filled.with("words"));
    fits("slack", &slack::main(&incident, &context))?;
    plainly_visible("a notification", &OnCall::of(&incident, &context).notification(), false)?;
    terminal("text", &text::main(&incident, &context), &text::main(&plain, &context))?;
    markdown_text(
        "markdown",
        &markdown::main(&incident, &context),
        &markdown::main(&plain, &context),
    )?;
    json_text("json", &json!(json::main(&incident, &context)))?;
    json_text("json", &json!(json::public_main(&incident, &context)))?;
    let draft =
        |incident: &Incident, text: &str| postmortem(incident, &TIMELINE.with(text), &context);
    let (evil, plain) = (draft(&incident, evil), draft(&plain, "words"));
    html(&document::to_html(&evil))?;
    markdown_text("postmortem", &document::to_markdown(&evil), &document::to_markdown(&plain))
}

/// What a log says and nothing else does must not be shown to whoever is to see no logs.
#[test]
fn a_receiver_without_logs_is_shown_no_word_of_them() {
    let context = incidents::context("02:14");
    let loud = incidents::crash_looping();
    let quiet = firsthand::incident::without_logs(loud.clone());
    let forms = |incident: &Incident| {
        let finding = Box::new(incident.finding.clone().expect("it has one"));
        let evidence = Reply::Evidence { at: incidents::at("02:14"), finding };
        [
            json!(slack::main(incident, &context).blocks).to_string(),
            json!(slack::reply(&evidence, incident, &context).blocks).to_string(),
            markdown::main(incident, &context),
            text::main(incident, &context),
            json!(json::main(incident, &context)).to_string(),
        ]
    };
    let finding = loud.finding.as_ref().expect("it has one");
    let lines = finding.excerpt.iter().flat_map(|excerpt| &excerpt.lines).map(String::as_str);
    let quotes = finding.hypotheses.iter().flat_map(|it| &it.because);
    let quotes = quotes.filter(|it| it.source.as_deref().is_some_and(|it| it.contains("log of")));
    let told: Vec<&str> = lines
        .chain(quotes.filter_map(|it| it.quote.as_deref()))
        .flat_map(str::lines)
        .map(str::trim)
        .filter(|line| line.len() > 8)
        .collect();
    assert!(told.len() > 2, "there is a log to be quiet about");
    let loud = forms(&loud).concat();
    assert!(told.iter().any(|line| loud.contains(line)), "it is shown to others");
    for form in forms(&quiet) {
        for line in &told {
            assert!(!form.contains(line), "{line:?} is in {form}");
        }
        assert!(form.contains("checkout"), "the rest is told: {form}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_incident_of_hostile_text_stays_text(
            evil in hostile(),
            which in 0..INCIDENTS.len(),
            audience in prop::sample::select(vec![Audience::Oncall, Audience::Stakeholders]),
        ) {
        incident_stays_text(&INCIDENTS[which], &evil, audience)?;
    }

    #[test]
    fn a_reply_of_hostile_text_stays_text(evil in hostile(), which in 0..REPLIES.len()) {
        let context = incidents::context("02:42");
        let (incident, calm) = (INCIDENTS[0].with(&evil), INCIDENTS[0].with("words"));
        let (reply, plain) = (REPLIES[which].with(&evil), REPLIES[which].with("words"));
        fits("slack", &slack::reply(&reply, &incident, &context))?;
        fits("slack alone", &slack::alone(&reply, &incident, &context))?;
        terminal("text", &text::reply(&reply, &incident, &context), &text::reply(&plain, &calm, &context))?;
        markdown_text(
            "reply", &markdown::reply(&reply, &incident, &context), &markdown::reply(&plain, &calm, &context),
        )?;
        json_text("json", &json!(json::reply(&reply, &incident, &context)))?;
    }

    #[test]
    fn a_diagnosis_of_hostile_text_stays_text(evil in hostile(), which in 0..DIAGNOSES.len(), colour: bool, named: bool) {
        let (diagnosis, plain) = (DIAGNOSES[which].with(&evil), DIAGNOSES[which].with("words"));
        let at = incidents::at("02:14");
        let options = |text: &str| text::Options {
            namespace: named.then(|| text.to_owned()),
            workload: None,
            took: None,
            api_calls: Some(7),
            colour,
        };
        terminal(
            "text", &text::diagnosis(&diagnosis, at, &options(&evil)), &text::diagnosis(&plain, at, &options("words")),
        )?;
        let namespace = named.then_some(evil.as_str());
        markdown_text(
            "markdown", &markdown::diagnosis(&diagnosis, at, namespace),
            &markdown::diagnosis(&plain, at, named.then_some("words")),
        )?;
        fits("slack", &slack::diagnosis(&diagnosis, at, namespace))?;
        json_text("json", &json!(json::diagnosis(&diagnosis, at)))?;
    }
}
