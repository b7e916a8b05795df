//! Text in, the same text without secrets out.
//!
//! What is kept is what a reader needs: names, hosts, ports, ids, digests, and prose about secrets
//! (`password authentication failed`, `secret "x" not found`). What goes is a value that is named like
//! a secret, stands where credentials stand, or has the shape of a known kind of token. In doubt it goes.
//!
//! *No line is added or taken away: line numbers stay true. What was redacted once is not changed again.*

mod encoded;
mod fields;
mod keys;
mod manifests;
mod objects;
mod own;
mod pairs;
mod pem;
mod seen;
mod shadow;
mod spoken;
mod statements;
mod tokens;
mod urls;
mod values;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input};
use regex::Regex;

pub(super) use self::objects::object;
pub(super) use self::own::{Rules, is_kind};
pub(super) use self::seen::{Numbers, Seen};

/// Takes the secrets out of `text` and says how many. Each becomes `[redacted: password]` or its like.
pub fn redact(text: &str) -> (Cow<'_, str>, u32) {
    redact_as(text, |kind, _| marker(kind))
}

/// The same, and what the settings' own rules take out.
pub(super) fn redact_with(text: &str, rules: &Rules) -> String {
    rules.take(&redact(text).0, |kind, _| marker(kind)).into_owned()
}

/// The same with a marker of one's own, of the kind and the value.
fn redact_as(text: &str, mark: impl Fn(&str, &str) -> String) -> (Cow<'_, str>, u32) {
    let mut redacted = Cow::Borrowed(text);
    let mut count = 0;
    let mut fresh = None;
    // A value taken out may bare another that it hid; two rounds are usual, the bound is for safety.
    for _ in 0..4 {
        let lines = lines(&redacted);
        let found = secrets(&redacted, &lines, fresh.as_deref());
        if found.is_empty() {
            break;
        }
        count += u32::try_from(found.len()).unwrap_or(u32::MAX);
        fresh = Some(changed(&lines, &found));
        redacted = Cow::Owned(replace(&redacted, &found, &mark));
    }
    (redacted, count)
}

/// Whether a value of this name is a secret, as `DB_PASSWORD` and `apiKey` are and `TOKEN_URL` is not.
pub(super) fn is_secret_name(name: &str) -> bool {
    keys::kind(name).is_some()
}

/// What stands in place of a secret of that kind.
pub(super) fn marker(kind: &str) -> String {
    format!("{MARKER}{kind}]")
}

const MARKER: &str = "[redacted: ";

/// A stretch of text that is a secret, and of what kind.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Secret {
    at: Range<usize>,
    kind: &'static str,
}

/// Which rules a line is worth trying: a line without any of the words costs one pass over its bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Hints {
    pairs: bool,
    headers: bool,
    cookies: bool,
    spoken: bool,
    urls: bool,
    tokens: bool,
    pem: bool,
    statements: bool,
    /// It has signs of another encoding.
    encoded: bool,
    /// Any of these.
    any: bool,
}

/// Notes a rule that a word calls for.
type Rule = fn(&mut Hints);

/// The words that call for rules, and which.
const HINTS: [(&str, Rule); 87] = [
    ("?key=", |it| it.urls = true),
    ("&key=", |it| it.urls = true),
    ("appid=", |it| it.urls = true),
    ("subscription-key=", |it| it.urls = true),
    ("hooks.zapier", |it| it.urls = true),
    ("/webhook/", |it| it.urls = true),
    ("pagerduty.com/", |it| it.urls = true),
    ("pdo", |it| it.spoken = true),
    ("_connect", |it| it.spoken = true),
    ("mysqli", |it| it.spoken = true),
    ("ldap_bind", |it| it.spoken = true),
    ("kinit", |it| it.spoken = true),
    ("kv put", |it| it.spoken = true),
    ("?code=", |it| it.urls = true),
    ("&code=", |it| it.urls = true),
    ("improper", |it| it.tokens = true),
    ("authtoken", |it| it.tokens = true),
    ("pass", |it| (it.pairs, it.spoken) = (true, true)),
    ("masterauth", |it| (it.pairs, it.spoken) = (true, true)),
    ("identified", |it| (it.pairs, it.spoken) = (true, true)),
    (" -u", |it| (it.pairs, it.spoken) = (true, true)),
    (" -a ", |it| (it.pairs, it.spoken) = (true, true)),
    (" -p", |it| (it.pairs, it.spoken) = (true, true)),
    ("-user", |it| (it.pairs, it.spoken) = (true, true)),
    ("pwd", |it| it.pairs = true),
    ("pw", |it| it.pairs = true),
    ("secret", |it| it.pairs = true),
    ("token", |it| it.pairs = true),
    ("key", |it| it.pairs = true),
    ("cred", |it| it.pairs = true),
    ("auth", |it| (it.pairs, it.headers) = (true, true)),
    ("bearer", |it| (it.pairs, it.headers) = (true, true)),
    ("basic", |it| (it.pairs, it.headers) = (true, true)),
    ("cookie", |it| (it.pairs, it.cookies, it.spoken) = (true, true, true)),
    ("psw", |it| it.pairs = true),
    ("sess", |it| it.pairs = true),
    ("connect.sid", |it| it.pairs = true),
    ("dockerc", |it| it.pairs = true),
    ("verifier", |it| it.pairs = true),
    ("client_assertion", |it| it.pairs = true),
    ("auth ", |it| it.spoken = true),
    ("login", |it| it.spoken = true),
    ("rabbitmqctl", |it| it.spoken = true),
    (" -w ", |it| it.spoken = true),
    (" -k ", |it| it.spoken = true),
    (" -b ", |it| it.spoken = true),
    ("/user:", |it| it.spoken = true),
    (" >", |it| it.spoken = true),
    ("env ", |it| it.spoken = true),
    ("arg ", |it| it.spoken = true),
    ("sqlplus", |it| it.urls = true),
    ("@(", |it| it.urls = true),
    ("@/", |it| it.urls = true),
    ("@", |it| it.urls = true),
    ("://", |it| it.urls = true),
    ("@tcp(", |it| it.urls = true),
    ("@unix(", |it| it.urls = true),
    ("thin:", |it| it.urls = true),
    ("hooks.slack.", |it| it.urls = true),
    ("sig=", |it| it.urls = true),
    ("signature=", |it| it.urls = true),
    ("authent", |it| it.spoken = true),
    ("auth\"", |it| it.spoken = true),
    ("signed ", |it| it.spoken = true),
    ("bind", |it| it.spoken = true),
    ("logging in", |it| it.spoken = true),
    ("credential", |it| it.spoken = true),
    ("shared", |it| it.spoken = true),
    ("client secret", |it| it.spoken = true),
    ("community", |it| it.spoken = true),
    ("psk", |it| (it.pairs, it.spoken) = (true, true)),
    ("crypt", |it| it.spoken = true),
    ("contrase", |it| it.spoken = true),
    ("senha", |it| it.spoken = true),
    ("wachtwoord", |it| it.spoken = true),
    ("kennwort", |it| it.spoken = true),
    ("senord", |it| it.spoken = true),
    ("parola", |it| it.spoken = true),
    ("ароль", |it| it.spoken = true),
    ("密", |it| it.spoken = true),
    ("口令", |it| it.spoken = true),
    ("パスワード", |it| it.spoken = true),
    ("비밀번호", |it| it.spoken = true),
    ("values", |it| it.statements = true),
    (":*:", |it| it.statements = true),
    (":5432:", |it| it.statements = true),
    ("-----", |it| it.pem = true),
];

static WORDS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(HINTS.iter().map(|(word, _)| *word).chain(tokens::BEGINNINGS).chain(shadow::signs()))
        .expect("the words are constants")
});

impl Hints {
    fn add(&mut self, word: usize) {
        self.any = true;
        match HINTS.get(word) {
            Some((_, add)) => add(self),
            None if word < HINTS.len() + tokens::BEGINNINGS.len() => self.tokens = true,
            None => self.encoded = true,
        }
    }
}

/// A line without its line end, and which rules it is worth.
type Line = (Range<usize>, Hints);

/// All secrets of the text, in order and apart from each other. A line that is not `fresh` is one in which
/// the rules that look at a single line have found nothing before.
fn secrets(text: &str, lines: &[Line], fresh: Option<&[bool]>) -> Vec<Secret> {
    let is_fresh = |at: usize| fresh.is_none_or(|fresh| fresh.get(at).is_none_or(|it| *it));
    let mut found = Vec::new();
    search(text, lines, is_fresh, &mut found);
    if fresh.is_none() {
        manifests::find(text, lines, &mut found);
        encoded::find(text, hidden, &mut found);
    }
    if lines.iter().any(|(_, hints)| hints.encoded)
        && let Some(shadow) = shadow::of(text, lines)
    {
        let lines: Vec<Line> = lines.iter().map(|line| behind(&shadow, line)).collect();
        let mut secrets = Vec::new();
        search(&shadow, &lines, |at| is_fresh(at) && lines[at].1.encoded, &mut secrets);
        found.extend(secrets.into_iter().filter_map(|secret| trimmed(&shadow, secret)));
    }
    apart(text, found)
}

/// The kind of the first secret in a text that was encoded.
fn hidden(text: &str) -> Option<&'static str> {
    if text.contains("PRIVATE KEY-----") {
        return Some(pem::PRIVATE_KEY);
    }
    let mut found = Vec::new();
    search(text, &lines(text), |_| true, &mut found);
    apart(text, found).first().map(|secret| secret.kind)
}

/// A line of the shadow, whose signs call for other rules.
fn behind(shadow: &str, (line, hints): &Line) -> Line {
    let hints = match hints.encoded {
        true => Hints { encoded: true, ..self::hints(shadow, line) },
        false => *hints,
    };
    (line.clone(), hints)
}

/// Which lines something was found in. What stands in the others reads the same in the next round.
fn changed(lines: &[Line], found: &[Secret]) -> Vec<bool> {
    let mut found = found.iter().peekable();
    let holds = |(line, _): &Line| {
        while found.next_if(|secret| secret.at.end <= line.start).is_some() {}
        found.peek().is_some_and(|secret| secret.at.start <= line.end)
    };
    lines.iter().map(holds).collect()
}

/// Without the blanks that stand for signs.
fn trimmed(shadow: &str, secret: Secret) -> Option<Secret> {
    let words = &shadow[secret.at.clone()];
    let start = secret.at.start + (words.len() - words.trim_start().len());
    let end = start + words.trim().len();
    (start < end).then_some(Secret { at: start..end, ..secret })
}

fn search(text: &str, lines: &[Line], fresh: impl Fn(usize) -> bool, found: &mut Vec<Secret>) {
    let mut pem = false;
    let mut before = fields::Before::default();
    for (at, (line, hints)) in lines.iter().enumerate() {
        pem |= hints.pem || pem::looks_like_body(&text[line.clone()]);
        if hints.any && fresh(at) {
            within(text, line, *hints, found);
        }
        before.line(text, line.clone(), hints.pairs, found);
    }
    if pem {
        let ranges: Vec<_> = lines.iter().map(|(line, _)| line.clone()).collect();
        pem::find(text, &ranges, found);
    }
}

/// The secrets of one line.
fn within(text: &str, line: &Range<usize>, hints: Hints, found: &mut Vec<Secret>) {
    if hints.pairs {
        pairs::find(text, line.clone(), hints, found);
        fields::find(text, line.clone(), found);
        spoken::sentences(text, line.clone(), found);
    }
    if hints.spoken {
        spoken::commands(text, line.clone(), found);
    }
    if hints.urls {
        urls::find(text, line.clone(), found);
    }
    if hints.statements {
        statements::find(text, line.clone(), found);
    }
    if hints.tokens {
        tokens::find(text, line.clone(), found);
    }
}

/// The lines of the text without their line ends, and what each is worth.
fn lines(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.trim_end_matches(['\n', '\r']).len();
        lines.push((start..end, Hints::default()));
        start += line.len();
    }
    // Most lines have none of the words: the quick search goes from line to line that has one.
    let (mut at, mut from) = (0, 0);
    while let Some(word) = WORDS.find(Input::new(text).range(from..).earliest(true)) {
        while lines.get(at).is_some_and(|(line, _)| line.end < word.end()) {
            at += 1;
        }
        let Some((line, hints)) = lines.get_mut(at) else { break };
        *hints = self::hints(text, line);
        from = line.end;
    }
    lines
}

/// What a line is worth.
fn hints(text: &str, line: &Range<usize>) -> Hints {
    let mut hints = Hints::default();
    for word in WORDS.find_overlapping_iter(&text[line.clone()]) {
        hints.add(word.pattern().as_usize());
    }
    hints
}

/// Joins what overlaps and leaves out what is redacted already.
fn apart(text: &str, mut found: Vec<Secret>) -> Vec<Secret> {
    found.sort_by_key(|secret| (secret.at.start, std::cmp::Reverse(secret.at.end)));
    let mut joined: Vec<Secret> = Vec::new();
    for secret in found {
        match joined.last_mut() {
            Some(last) if secret.at.start < last.at.end => {
                last.at.end = last.at.end.max(secret.at.end);
            }
            _ => joined.push(secret),
        }
    }
    let markers = markers(text);
    joined.into_iter().flat_map(|secret| without(&markers, text, secret)).collect()
}

/// What was redacted before.
fn markers(text: &str) -> Vec<Range<usize>> {
    let marker = |(at, _)| Some(at..at + marker_len(&text[at..])?);
    text.match_indices(MARKER).filter_map(marker).collect()
}

fn without(markers: &[Range<usize>], text: &str, secret: Secret) -> Vec<Secret> {
    let mut parts = Vec::new();
    let mut start = secret.at.start;
    let first = markers.partition_point(|marker| marker.end <= start);
    for marker in markers[first..].iter().take_while(|marker| marker.start < secret.at.end) {
        parts.push(start..marker.start.max(start));
        start = marker.end;
    }
    parts.push(start..secret.at.end.max(start));
    parts.retain(|part| text[part.clone()].chars().any(|c| !c.is_whitespace() && c != ']'));
    parts.into_iter().map(|at| Secret { at, kind: secret.kind }).collect()
}

/// The length of the marker that the text begins with.
fn marker_len(text: &str) -> Option<usize> {
    let kind = text.strip_prefix(MARKER)?;
    let of_marker = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || " #-".contains(c);
    let end = kind.find(|c: char| !of_marker(c))?;
    (kind.as_bytes()[end] == b']').then_some(MARKER.len() + end + 1)
}

fn replace(text: &str, found: &[Secret], mark: impl Fn(&str, &str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for secret in found {
        out.push_str(&text[from..secret.at.start]);
        out.push_str(&mark(secret.kind, &text[secret.at.clone()]));
        from = secret.at.end;
    }
    out.push_str(&text[from..]);
    out
}

/// A pattern of ours. The bounds of words are those of ASCII: with Unicode's, a line with one `ü` takes the
/// slow way through the whole pattern.
fn regex(pattern: &str) -> Regex {
    Regex::new(&pattern.replace(r"\b", r"(?-u:\b)")).expect("the pattern is a constant")
}

#[cfg(test)]
mod tests;
