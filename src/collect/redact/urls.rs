//! Credentials in addresses: the password goes, scheme, user, host and path stay.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::keys::{CREDENTIALS, PASSWORD, TOKEN};
use super::values;
use super::{MARKER, Secret, regex};

/// Addresses that have no scheme before them, or are a secret as a whole.
static OTHER: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?ix)
        [a-z0-9_.\-]+ : (?P<mysql> [^\s:"'`/]+ ) @(?: [a-z0-9]* \( | /[a-z] | [a-z0-9\-]+(?:\.[a-z0-9\-]+)+[:/] )
        | (?: thin: | \bsqlplus\s+(?:-\S+\s+)* ) [^\s/"']+ / (?P<oracle> [^\s"']+ ) @
        | hooks\.slack\.com/(?:services|workflows|triggers)/ (?P<slack> [a-z0-9_/\-]{8,} )
        | discord(?:app)?\.com/api/webhooks/ (?P<discord> [0-9]+/[a-z0-9_\-]{8,} )
        | [?&] (?:sig|signature|x-amz-signature|x-goog-signature|x-amz-security-token) = (?P<signed> [a-z0-9%+/=_\-]{8,} )
        | [?&] (?:code|key|appid|app_?key|subscription-key) = (?P<code> [a-z0-9%/_.\-]{16,} )
        | (?:hooks\.zapier\.com/hooks/catch | outlook\.office\.com/webhook | events\.(?:eu\.)?pagerduty\.com/(?:integration|x-ere) | maker\.ifttt\.com/trigger/[^/\s]+/with/key)/ (?P<hook> [^\s"'<>]{8,} )
        | webhook\.office\.com/webhookb2/ (?P<teams> [^\s"'<>]{8,} )
        "#,
    )
});

/// The secrets of one line of `text`.
pub(super) fn find(text: &str, line: Range<usize>, found: &mut Vec<Secret>) {
    let mut from = line.start;
    while let Some(at) = text[from..line.end].find("://").map(|at| from + at + 3) {
        from = at;
        found.extend(user_info(text, at..address_end(text, at, line.end)));
    }
    for other in OTHER.captures_iter(&text[line.clone()]) {
        for name in ["mysql", "oracle", "slack", "discord", "signed", "code", "hook", "teams"] {
            let kind = match name {
                "mysql" | "oracle" => PASSWORD,
                "signed" | "code" => TOKEN,
                _ => "webhook",
            };
            if let Some(secret) = other.name(name)
                && !secret.as_str().starts_with(MARKER)
                && (name != "code" || values::is_random(secret.as_str(), TOKEN))
            {
                let at = line.start + secret.start()..line.start + secret.end();
                found.push(Secret { at, kind });
            }
        }
    }
}

/// Where the address ends: at white space or a quote, or where the next address begins.
fn address_end(text: &str, at: usize, end: usize) -> usize {
    let rest = &text[at..end];
    let next = rest.find("://");
    let rest = &rest[..next.unwrap_or(rest.len())];
    let stop = rest.find(|c: char| c.is_whitespace() || "\"'`<>".contains(c));
    match (stop, next) {
        (Some(stop), _) => at + stop,
        // The next scheme's own name is not part of this one.
        (None, Some(next)) => at + rest.rfind([',', ';', '=', '(']).unwrap_or(next),
        (None, None) => at + rest.len(),
    }
}

/// The secret part of `user:password@` or `token@`.
fn user_info(text: &str, address: Range<usize>) -> Option<Secret> {
    let words = &text[address.clone()];
    let host_end = words.find(['/', '?', '#']).unwrap_or(words.len());
    let user_end = match words[..host_end].rfind('@') {
        Some(at) if is_web(text, address.start) => at,
        // A password with a slash or an `@` of its own; database drivers take them.
        Some(_) => words.rfind('@')?,
        None => {
            let (_, port) = words[..host_end].rsplit_once(':')?;
            if port.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            words.rfind('@')?
        }
    };
    let user = &words[..user_end];
    match user.split_once(':') {
        Some((name, password))
            if (password.is_empty() && name.len() < 16) || values::is_placeholder(password) =>
        {
            None
        }
        // A token in the user's place: `https://TOKEN:x-oauth-basic@…`.
        Some((name, _)) if name.len() >= 16 && values::is_random(name, TOKEN) => {
            Some(Secret { at: address.start..address.start + user_end, kind: CREDENTIALS })
        }
        Some((name, _)) => {
            let at = address.start + name.len() + 1..address.start + user_end;
            Some(Secret { at, kind: PASSWORD })
        }
        None if user.len() >= 16 && values::is_opaque(user, TOKEN) => {
            Some(Secret { at: address.start..address.start + user_end, kind: CREDENTIALS })
        }
        None => None,
    }
}

/// In the address of a web page an `@` may stand in the path: `/@scope/package`.
fn is_web(text: &str, at: usize) -> bool {
    let scheme = &text[..at];
    scheme.ends_with("http://") || scheme.ends_with("https://")
}
