//! Databases, brokers and proxies that speak a form of their own.

use super::found::Found;
use super::lines::Lines;
use super::{Kind, Language, Weight, failure};

/// Reports of several lines with a heading.
pub(super) fn read(lines: &Lines<'_>, at: usize, line: &str) -> Option<Found> {
    if line.contains("FATAL CONFIG FILE ERROR") {
        return redis_settings(lines, at);
    }
    if line.contains("bootstrap check") {
        return bootstrap_check(lines, at, line);
    }
    None
}

/// Redis quotes the line of its file, `>>> 'portt 6379'`, and says below what is wrong with it.
fn redis_settings(lines: &Lines<'_>, at: usize) -> Option<Found> {
    let quoted = (at + 1..at + 5).find(|at| lines.clean(*at).starts_with(">>> "))?;
    let (quote, wrong) = (lines.clean(quoted), lines.clean(quoted + 1));
    let why = "Redis does not start with a line that it does not understand";
    Some(Found {
        from: at,
        to: quoted + 1,
        kind: Kind::Config,
        named: failure::first_word(quote.trim_start_matches(['>', ' '])),
        ..Found::line(quoted + 1, Language::Server, &wrong, why)
    })
}

/// Elasticsearch's checks: `[1]: max virtual memory areas …`, below the heading or on its line.
fn bootstrap_check(lines: &Lines<'_>, at: usize, line: &str) -> Option<Found> {
    let first = |line: &str| line.contains("[1] of [") || line.trim_start().starts_with("[1]:");
    let told = (at..lines.len().min(at + 4)).find(|at| first(&lines.clean(*at)))?;
    let failed = ["fail", "ERROR"].iter().any(|word| line.contains(word));
    let text = lines.clean(told);
    let message = text.rsplit("]: ").next().unwrap_or(&text);
    let named = message.split(['[', ' ']).find(|word| word.contains('.')).map(str::to_owned);
    let why = "Elasticsearch does not start before its bootstrap checks pass";
    failed.then(|| Found {
        from: at,
        to: told + 1,
        kind: Kind::Config,
        named,
        ..Found::line(told, Language::Server, message, why)
    })
}

/// Whether the complaint at `next` only follows from the one at `last`: MySQL and MariaDB report the
/// reason first, and then everything that stops because of it.
pub(super) fn follows(lines: &Lines<'_>, last: usize, next: usize) -> bool {
    // Terraform draws a bar along one error; what else complains in it explains the first line.
    let of_box = |at: usize| lines.clean(at).starts_with('│');
    if next - last < 40 && (last..=next).all(of_box) {
        return true;
    }
    let is = |at: usize| lines.clean(at).contains(" [ERROR] ");
    let starts = |at: usize| {
        let line = lines.clean(at);
        line.contains("starting as process") || line.contains("ready for connections")
    };
    next - last < 40 && is(last) && is(next) && !(last..next).any(starts)
}

/// What PostgreSQL says of one session in its own log: `… [123] FATAL:  password authentication failed`.
/// Its clients end so; the server goes on.
pub(super) fn is_of_a_session(line: &str) -> bool {
    const SESSION: [&str; 18] = [
        "authentication failed",
        "does not exist",
        "too many clients",
        "connection slots are reserved",
        "the database system is",
        "terminating connection due to",
        "canceling ",
        "no pg_hba.conf entry",
        "unsupported frontend protocol",
        "no PostgreSQL user name",
        "connection to client lost",
        "permission denied for",
        "is not permitted to log in",
        "invalid length of startup packet",
        "terminating background worker",
        "terminating walreceiver",
        "terminating logical replication",
        "terminating autovacuum",
    ];
    let Some((before, said)) = line.split_once("FATAL:  ") else {
        return line.contains("] ERROR:  ") || line.contains(" ERROR:  ") && line.contains("UTC");
    };
    let of_server = before.contains('[') && before.contains(']') && before.len() > 20;
    of_server && SESSION.iter().any(|words| said.contains(words))
}

/// Redis and Valkey: `1:M 21 Nov 2026 02:11:07.123 # message`; `#` marks what matters.
pub(super) fn redis(at: usize, line: &str) -> Option<Option<Found>> {
    let (before, said) = line.split_once(" # ")?;
    let (process, _) = before.split_once(':')?;
    let stamped = process.parse::<u32>().is_ok() && before.len() > 20 && before.len() < 48;
    if !stamped {
        return None;
    }
    let harmless = [
        "WARNING",
        "Warning: no config",
        "oO0O",
        "Redis is now ready to exit",
        "Valkey is now ready",
    ];
    if harmless.iter().any(|words| said.starts_with(words)) {
        return Some(None);
    }
    let (kind, named) = failure::about(said).unwrap_or((Kind::Fatal, None));
    Some(Some(Found {
        kind,
        named,
        weight: Weight::Said,
        ..Found::line(at, Language::Server, said, "the last warning of the server before its end")
    }))
}
