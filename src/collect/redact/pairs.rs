//! Values that stand beside their names: `key=value`, JSON, YAML, flags, headers, SQL.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::keys::{self, CREDENTIALS, PASSWORD, TOKEN};
use super::values::{self, Value};
use super::{Hints, MARKER, Secret, regex};

/// A name with a secret's word in it, then its separator.
static PAIR: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?i-u)([a-z0-9_.\-]*(?:pass|pwd|pw|psw|psk|secret|token|key|cred|auth|dockerc|sess|connect\.sid|verifier|client_assertion|erlang[_.\-]cookie)[a-z0-9_.\-]*)(\\*["'`])?\]?([ \t]{0,8})(=>|:=|=|:)([ \t]*)"#,
    )
});

/// A flag and its value as two words or two items of a list.
static FLAG: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?i)(?:^|[\s"'`\[(=,])--?([a-z0-9_.\-]*(?:pass|pwd|pw|psw|psk|secret|token|key|cred)[a-z0-9_.\-]*)(?:(\\*["'])[ \t]*,?[ \t]*|,?[ \t]+)"#,
    )
});

/// A flag's value that its parser refused: `invalid argument "x" for "--password" flag`.
static REFUSED: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?i)\b(?:argument|value)\s+\\*["']([^"'\\]+)\\*["']\s+for\s+(?:flag\s+|option\s+)?\\*["']?(?:-[a-z0-9],\s*)?--?([a-z0-9_.\-]+)"#,
    )
});

/// What replaces a value in a plan: `password = "a" -> "b"`, `password: "" => "b"`.
static REPLACED: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"^\\*["']?\s*(?:->|=>)\s*\\*["']([^"'\\]+)"#));

static HEADER: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?i)authorization\\*["']?\s*[:=\s]\s*\[?\\*["']?(?:(digest|aws4-hmac-sha256|negotiate|ntlm|hawk)[ \t]+|(?:bearer|basic|token|apikey|bot)\\?[ \t]+|([a-z]+)[ \t]+)?"#,
    )
});

static SCHEME: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)\b(bearer|basic)(?:[ \t]+|%20|\+)([a-z0-9._~+/\-]{6,}=*)"));

static COOKIE: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"(?i)\bcookies?\\*["']?\s*[:=]\s*\[?(\\*["'])?([a-z0-9_.\-]+=)"#));

/// `{"value": …`, as some settings wrap each of their values.
static INNER: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"(?i)^\{\s*\\*["']?value\\*["']?\s*:\s*"#));

/// YAML's tag or anchor before a value.
static TAG: LazyLock<Regex> = LazyLock::new(|| regex(r"^(?:[!&][A-Za-z0-9_!]+[ \t]+)+"));

/// PHP's type before a value.
static TYPE: LazyLock<Regex> = LazyLock::new(|| regex(r"^string\([0-9]+\)[ \t]+"));

/// The next pair, where a name has no value: `password= err="…"`. Padded base64 is none.
static NEXT: LazyLock<Regex> = LazyLock::new(|| regex(r#"^[a-z_][a-z_.]{0,15}=["'A-Za-z0-9\[{]"#));

/// The secrets of one line of `text`, by the rules that its words call for.
pub(super) fn find(text: &str, line: Range<usize>, hints: Hints, found: &mut Vec<Secret>) {
    let words = &text[line.clone()];
    pairs(text, &line, found);
    if words.contains('-') {
        flags(text, &line, found);
    }
    if hints.headers {
        headers(text, &line, found);
    }
    if hints.cookies {
        cookies(text, &line, found);
    }
}

fn pairs(text: &str, line: &Range<usize>, found: &mut Vec<Secret>) {
    let mut from = line.start;
    while let Some(whole) = PAIR.find_at(&text[..line.end], from) {
        // What follows a name may be a name itself: `secret:password=x`.
        from = whole.end();
        // Most names are none of a secret; the groups, which are dear, are not asked for then.
        let kind = match name_at(whole.as_str()) {
            name if is_auth(name) => CREDENTIALS,
            name => match keys::kind(name) {
                Some(kind) => kind,
                None => continue,
            },
        };
        let Some(pair) = PAIR.captures_at(&text[..line.end], whole.start()) else { break };
        let (Some(name), Some(sign)) = (pair.get(1), pair.get(4)) else { break };
        let before = text[line.start..name.start()].trim_end_matches([' ', '\t']);
        let place = Place {
            before,
            touching: before.len() == name.start() - line.start,
            name: name.as_str(),
            quoted: pair.get(2).is_some(),
            colon: sign.as_str() == ":",
            spaced: pair.get(5).is_some_and(|space| !space.is_empty()),
        };
        let start = whole.end();
        let logfmt = sign.as_str() == "=" && pair.get(3).is_some_and(|space| space.is_empty());
        if logfmt && place.spaced && NEXT.is_match(&text[start..line.end]) {
            continue;
        }
        if sign.as_str() == ":" && text[start..line.end].starts_with('{') {
            // Its own names follow, and one of them may be `value`.
            let inner = INNER.find(&text[start..line.end]);
            let inner = inner.and_then(|it| values::value(text, start + it.end(), line.end));
            keep(text, inner, kind, found);
            continue;
        }
        let start = behind_marks(text, start, line.end, place.colon);
        let Some(value) = values::value(text, start, line.end) else {
            if text[start..line.end].starts_with(['"', '\'']) {
                replacement(text, start + 1..line.end, kind, found);
            }
            continue;
        };
        let rest = &text[value.at.end..line.end];
        if place.holds(&text[value.at.clone()], &value, kind, rest) {
            from = from.max(value.at.end);
            if value.quoted {
                replacement(text, value.at.end..line.end, kind, found);
            }
            found.push(Secret { at: value.at, kind });
        }
    }
}

/// What stands in place of a value afterwards.
fn replacement(text: &str, behind: Range<usize>, kind: &'static str, found: &mut Vec<Secret>) {
    if let Some(value) = REPLACED.captures(&text[behind.clone()]).and_then(|it| it.get(1)) {
        let at = behind.start + value.start()..behind.start + value.end();
        keep(text, Some(Value { at, quoted: true }), kind, found);
    }
}

/// The name that a pair begins with.
fn name_at(pair: &str) -> &str {
    let end = pair.find(|c: char| !(c.is_ascii_alphanumeric() || "_.-".contains(c)));
    &pair[..end.unwrap_or(pair.len())]
}

/// Where the value itself begins, behind what languages put before it.
fn behind_marks(text: &str, mut start: usize, end: usize, colon: bool) -> usize {
    if colon {
        start += TAG.find(&text[start..end]).map_or(0, |tag| tag.end());
    }
    start += TYPE.find(&text[start..end]).map_or(0, |it| it.end());
    // A list of one, as Go prints the values of a form: `password:[hunter2]`.
    let list = text[start..end].starts_with('[') && !text[start..].starts_with(MARKER);
    start + usize::from(list)
}

/// `"auth": "dXNlcjpwYXNz"` of a registry's settings.
fn is_auth(name: &str) -> bool {
    matches!(name.trim_start_matches('_'), "auth" | "Auth" | "AUTH")
}

/// Where in its line a pair stands.
struct Place<'a> {
    before: &'a str,
    touching: bool,
    name: &'a str,
    quoted: bool,
    colon: bool,
    spaced: bool,
}

impl Place<'_> {
    /// Whether what stands there is a secret, and not prose about one.
    fn holds(&self, text: &str, value: &Value, kind: &str, rest: &str) -> bool {
        if kind == CREDENTIALS && is_auth(self.name) {
            return text.len() >= 8 && values::is_opaque(text, TOKEN);
        }
        if text.starts_with('=') || self.is_shell_directory(text) {
            return false;
        }
        if values::names_a_secret(self.name, text) {
            return false;
        }
        // `--- PASS: TestCheckout`, `pass=12 fail=0`.
        let count = self.name.eq_ignore_ascii_case("pass");
        if count && (values::is_short_number(text) || self.before.ends_with("---")) {
            return false;
        }
        if count && self.colon && self.spaced && !self.quoted {
            return values::is_opaque(text, kind);
        }
        // An ARN ends in the secret's name: `arn:aws:secretsmanager:…:secret:shop/db`.
        if self.colon && self.before.contains("arn:aws") {
            return false;
        }
        // `const token = await getToken()`: a line of a program.
        if !self.colon && self.spaced && !value.quoted && rest.trim_end().ends_with([')', ';']) {
            return values::is_opaque(text, kind);
        }
        if !self.colon || self.is_json_key() {
            return values::is_value(text, kind);
        }
        // A header as one argument: `'X-Api-Key: …'`.
        let argument = self.before.chars().last().filter(|c| matches!(c, '"' | '\''));
        let mapping = self.before.ends_with('{')
            || argument.is_some_and(|quote| self.touching && rest.starts_with(quote))
            || (self.is_first() && rest.trim_matches(['"', '\'', ' ', ',', '\t']).is_empty());
        if self.spaced {
            return match (mapping, value.quoted) {
                (true, _) => values::is_value(text, kind),
                (false, true) if self.before.ends_with([',', '(']) => values::is_value(text, kind),
                (false, true) => {
                    (kind == PASSWORD && !text.contains(' ')) || values::is_random(text, kind)
                }
                (false, false) => values::is_opaque(text, kind),
            };
        }
        // `registry/token:1.4.2` is an image, `token:42` a line of a file.
        let image = self.before.ends_with('/') || is_version(text);
        !image && values::is_value(text, kind) && !text.starts_with("//")
    }

    /// The shell's own directory, not a password.
    fn is_shell_directory(&self, value: &str) -> bool {
        self.name.to_ascii_lowercase().ends_with("pwd") && value.starts_with('/')
    }

    /// A quoted name where a mapping has its names; `volume "creds" : secret "db" not found` is prose.
    fn is_json_key(&self) -> bool {
        if !self.quoted {
            return false;
        }
        let before = self.before.trim_end_matches(['"', '\'', '`', '\\', ' ', '\t']);
        let before = before.strip_suffix("\\n").unwrap_or(before);
        before.len() < self.before.len()
            && (before.is_empty()
                || before.ends_with(['{', ',', '[', '('])
                || before.ends_with("\\n"))
            && self.touching
    }

    /// First in its line, as in YAML.
    fn is_first(&self) -> bool {
        matches!(self.before.trim_matches([' ', '\t', '-', '"', '\'']), "" | "export")
    }
}

fn is_version(value: &str) -> bool {
    let number = value.strip_prefix('v').unwrap_or(value);
    value == "latest"
        || (number.starts_with(|c: char| c.is_ascii_digit())
            && number.chars().all(|c| c.is_ascii_digit() || c == '.' || c == ':')
            && number.len() < 12)
}

fn flags(text: &str, line: &Range<usize>, found: &mut Vec<Secret>) {
    for refused in REFUSED.captures_iter(&text[line.clone()]) {
        if let (Some(value), Some(kind)) = (refused.get(1), keys::kind(&refused[2])) {
            let at = line.start + value.start()..line.start + value.end();
            keep(text, Some(Value { at, quoted: true }), kind, found);
        }
    }
    let mut from = line.start;
    while let Some(flag) = FLAG.captures_at(&text[..line.end], from) {
        let (Some(whole), Some(name)) = (flag.get(0), flag.get(1)) else { break };
        from = name.end();
        let Some(kind) = keys::kind(name.as_str()) else { continue };
        let Some(value) = values::value(text, whole.end(), line.end) else { continue };
        let words = &text[value.at.clone()];
        let listed = flag.get(2).is_some() && value.quoted;
        // `[--password PASSWORD]` in a usage line.
        let usage = words.len() > 2
            && words.bytes().all(|b| b.is_ascii_uppercase() || b == b'_' || b == b']');
        let quoted_flag = flag.get(2).is_some() && !value.quoted;
        let secret = !words.starts_with(['-', '=', ':', '}', ']', ','])
            && (!usage || listed)
            && !quoted_flag
            && match kind {
                _ if listed => values::is_value(words, kind),
                PASSWORD => values::is_value(words, kind) && !SENTENCE.contains(&words),
                kind => values::is_opaque(words, kind),
            };
        if secret {
            found.push(Secret { at: value.at, kind });
        }
    }
}

/// Words that follow a flag's name in a sentence about the flag.
const SENTENCE: [&str; 24] = [
    "is", "or", "and", "must", "flag", "to", "in", "for", "with", "from", "not", "cannot", "was",
    "option", "argument", "requires", "needs", "has", "should", "can", "may", "instead", "if",
    "when",
];

fn headers(text: &str, line: &Range<usize>, found: &mut Vec<Secret>) {
    let words = &text[line.clone()];
    let mut until = 0;
    for header in HEADER.captures_iter(words) {
        let Some(whole) = header.get(0) else { continue };
        let from = line.start + whole.end();
        if from < until {
            continue;
        }
        let known = whole.as_str().ends_with([' ', '\t']) && is_scheme(whole.as_str());
        let Some(value) = values::value(text, from, line.end) else { continue };
        let value = &value.at;
        if header.get(1).is_some() {
            // A scheme of several parts: all of them go.
            let end = text[from..line.end].find(['\'', '`']).map_or(line.end, |at| from + at);
            until = end;
            keep(text, Some(Value { at: from..end, quoted: false }), CREDENTIALS, found);
        } else if header.get(2).is_some() {
            // Some scheme or other, or prose: `authorization: denied for user`.
            let value = value.clone();
            if values::is_random(&text[value.clone()], TOKEN)
                || values::is_uuid(&text[value.clone()])
            {
                found.push(Secret { at: value, kind: CREDENTIALS });
            }
        } else if known
            && values::is_value(&text[value.clone()], TOKEN)
            && !OF_SCHEMES.contains(&&text[value.clone()])
            || values::is_opaque(&text[value.clone()], TOKEN)
        {
            found.push(Secret { at: value.clone(), kind: CREDENTIALS });
        }
    }
    for scheme in SCHEME.captures_iter(words) {
        let Some(value) = scheme.get(2) else { continue };
        // `Bearer realm="…"`; what ends so and is not all small letters is padded base64.
        let name = value.as_str().trim_end_matches('=');
        let parameter = name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
            && value.as_str().ends_with('=')
            && words[value.end()..].starts_with(['"', '\\']);
        if !parameter && values::is_opaque(value.as_str(), TOKEN) {
            let at = line.start + value.start()..line.start + value.end();
            found.push(Secret { at, kind: CREDENTIALS });
        }
    }
}

/// Whether a header's beginning ends in a scheme: `Authorization: Bearer `. Not `authorization mode`.
fn is_scheme(header: &str) -> bool {
    let word =
        header.trim_end_matches([' ', '\t', '\\']).rsplit(|c: char| !c.is_ascii_alphabetic());
    let word = word.into_iter().next().unwrap_or_default();
    ["bearer", "basic", "token", "apikey", "bot"].iter().any(|it| word.eq_ignore_ascii_case(it))
}

/// Words that follow a scheme in a sentence about it: `Authorization: Bearer token required`.
const OF_SCHEMES: [&str; 6] =
    ["token", "tokens", "auth", "authentication", "credentials", "scheme"];

/// Cookies as a mapping: `"cookies":{"session":"…"}`.
static COOKIES: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"(?i)\bcookies\\*["']?\s*(?:[:=]|=>)\s*\{([^{}]*)\}"#));
static COOKIE_VALUE: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"(?::|=>)\s*\\*["']([^"'\\]{16,})"#));

/// All of a cookie header: each of its values may be a session.
fn cookies(text: &str, line: &Range<usize>, found: &mut Vec<Secret>) {
    for mapping in COOKIES.captures_iter(&text[line.clone()]).filter_map(|it| it.get(1)) {
        for value in COOKIE_VALUE.captures_iter(mapping.as_str()).filter_map(|it| it.get(1)) {
            let from = line.start + mapping.start();
            found.push(Secret { at: from + value.start()..from + value.end(), kind: "cookie" });
        }
    }
    let mut until = 0;
    for cookie in COOKIE.captures_iter(&text[line.clone()]) {
        let Some(first) = cookie.get(2) else { continue };
        let from = line.start + first.start();
        if from < until {
            continue;
        }
        let rest = &text[from..line.end];
        let end = match cookie.get(1) {
            Some(quote) => rest.find(quote.as_str()).unwrap_or(rest.len()),
            None => rest.find(['"', '\'']).unwrap_or(rest.len()),
        };
        until = from + end;
        found.push(Secret { at: from..until, kind: "cookie" });
    }
}

pub(super) fn keep(text: &str, value: Option<Value>, kind: &'static str, found: &mut Vec<Secret>) {
    if let Some(value) = value
        && !values::is_placeholder(&text[value.at.clone()])
    {
        found.push(Secret { at: value.at, kind });
    }
}
