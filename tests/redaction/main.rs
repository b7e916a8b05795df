//! Secrets planted by a generator, in many kinds and contexts: none may be left. And what only looks like
//! one: it must stay.

mod alike;
mod dialects;
mod lines;
mod named;
mod shaped;

use firsthand::collect::redact;

/// What redaction leaves of a text, checked for what must hold of any text: it keeps its lines, and what
/// was redacted once is not changed again.
pub(crate) fn clean(text: &str) -> String {
    let (clean, _) = redact(text);
    assert_eq!(clean.matches('\n').count(), text.matches('\n').count(), "{text}\n→ {clean}");
    let (again, count) = redact(&clean);
    assert_eq!((&*again, count), (&*clean, 0), "redacted twice: {text}");
    clean.into_owned()
}

/// Panics with the first few leaks of each context.
pub(crate) fn none_left(planted: usize, leaks: &[(String, String, String)]) {
    if leaks.is_empty() {
        return;
    }
    let mut told = String::new();
    let mut contexts: Vec<&str> = leaks.iter().map(|(context, _, _)| context.as_str()).collect();
    contexts.dedup();
    for context in contexts {
        let of = || leaks.iter().filter(|(it, _, _)| it == context);
        told += &format!("\n{} leaks in {context}\n", of().count());
        for (_, text, clean) in of().take(4) {
            told += &format!("    {text}\n  → {clean}\n");
        }
    }
    panic!("{} of {planted} secrets are left{told}", leaks.len());
}

/// Letters and digits that no one else uses, always the same for the same number.
pub(crate) fn body(alphabet: &str, length: usize, seed: u32) -> String {
    let letters: Vec<char> = alphabet.chars().collect();
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        letters[(state >> 16) as usize % letters.len()]
    };
    (0..length).map(|_| next()).collect()
}

pub(crate) const MIXED: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
pub(crate) const HEX: &str = "0123456789abcdef";
pub(crate) const CAPITALS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A line of 64 KiB that is nothing but beginnings of secrets. Any rule that reads the rest of the line
/// for each of them takes minutes here.
#[test]
fn no_line_makes_redaction_slow() {
    for unit in [
        "password=",
        "password is ",
        "token",
        "token ",
        "key key=",
        "authorization: a ",
        "AUTH a ",
        "mysql -u ",
        "machine x password ",
        "user x >",
        "a:b@",
        "://a:",
        "pass.",
        "secret for x ",
        "password: {",
        "<password>",
        "[\"a\",\"b\"]",
        "%22",
        "\u{1b}[",
        "identified by ",
        "eyJ",
        "name: x, ",
        "insert into users values ('a1b2c3', ",
        "insert into users(password) values ",
        "*:*:*:a:",
        "password from a1b2c3 to ",
        "snmp community ",
        "\"auth\" \"a\" ",
        "key=a,value",
        "name=\"password\">",
        "[password] => string(6) ",
    ] {
        let text = unit.repeat((64 << 10) / unit.len());
        let before = std::time::Instant::now();
        redact(&text);
        assert!(before.elapsed().as_secs() < 20, "{unit:?} took {:?}", before.elapsed());
    }
}
