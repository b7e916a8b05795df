//! Failures to reach another service, and the host and port they name.

use std::sync::LazyLock;

use regex::Regex;

use super::Kind;
use super::failure::has;

const UNKNOWN: [&str; 21] = [
    // BusyBox
    "bad address '",
    "no such host",
    "host not found in upstream",
    "getaddrinfo",
    "name or service not known",
    "temporary failure in name resolution",
    "could not translate host name",
    "unknownhostexception",
    "nodename nor servname provided",
    "failed to lookup address information",
    "unknown mysql server host",
    "could not resolve host",
    "could not resolve address",
    "nameresolutionerror",
    "name resolution failed",
    "name does not resolve",
    "no address associated with hostname",
    "no resolvable bootstrap urls",
    "server misbehaving",
    "eai_again",
    "nxdomain",
];
const REFUSED: [&str; 10] = [
    "connection refused",
    "econnrefused",
    "error 111 connecting",
    "connection to server refused",
    "actively refused",
    "connection rejected",
    "(111)",
    "connectionrefused",
    "connect call failed",
    "can't connect to local",
];
/// No connection comes about, and the words do not tell how it failed.
const FAILED: [&str; 11] = [
    "can't connect to mysql server",
    "can't connect to server on",
    "can't reach database server",
    "no reachable servers",
    "no suitable servers found",
    "server selection timed out",
    "serverselectiontimeouterror",
    "unabletoconnect",
    "it was not possible to connect to the redis server",
    "no nodes are available to serve",
    "failed to connect to all addresses",
];
const SILENT: [&str; 29] = [
    "(timed out)",
    "i/o timeout",
    "etimedout",
    "connection timed out",
    "connect timed out",
    "connection timeout",
    "connecttimeout",
    "no route to host",
    "ehostunreach",
    "network is unreachable",
    "enetunreach",
    "connect timeout",
    "dial tcp timeout",
    "read timed out",
    "readtimeout",
    "sockettimeout",
    "request timed out",
    "timed out waiting",
    "timed out connecting",
    "connection attempt failed because the connected party did not properly respond",
    "client.timeout exceeded",
    "context deadline exceeded",
    "deadline_exceeded",
    "deadlineexceeded",
    "code = deadlineexceeded",
    "timeout expired",
    "timeout occurred",
    "timed out after",
    "timeouterror",
];

/// Which failure, by words that stay the same across versions and languages.
pub(super) fn about(message: &str, lower: &str) -> Option<(Kind, Option<String>)> {
    let kind = if has(lower, &UNKNOWN) || has(message, &["ENOTFOUND", "EAI_AGAIN"]) {
        Kind::UnknownName
    } else if has(lower, &REFUSED) || is_refused_between(lower) {
        Kind::Refused
    } else if has(lower, &SILENT) || has(lower, &FAILED) {
        Kind::TimedOut
    } else {
        return None;
    };
    Some((kind, endpoint_in(message)))
}

/// `Connection to db:5432 refused.`
fn is_refused_between(lower: &str) -> bool {
    lower.split_once("connection to ").is_some_and(|(_, rest)| {
        rest.split_whitespace().nth(1).is_some_and(|word| word.starts_with("refused"))
    })
}

/// The forms in which a host and a port are written, the surest first.
static FORMS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        // nginx names its own virtual host behind the upstream that it called.
        r#"upstream: "[a-z]+://(?P<h>[\w.-]+)(?::(?P<p>\d+))?"#,
        r#"server at "(?P<h>[\w.-]+)" ?(?:\([^)]*\))?, port (?P<p>\d+)"#,
        r#"(?i)host ?(?:name)?[=:]? ?\\?['"](?P<h>[\w.-]+)\\?['"](?:,? ?\(?port[=:] ?(?P<p>\d+))?"#,
        r#"(?i)(?:server|mysql server|database server)(?: host)? (?:on|at) ['"`‘](?P<h>[\w.-]+)(?::(?P<p>\d+))?['"`’](?: ?\(\d+|:\d+)?"#,
        // Ruby: `connect(2) for "127.0.0.1" port 5995`
        r#"for \x22(?P<h>[\w.-]+)\x22 port (?P<p>\d+)"#,
        // Python: `Connect call failed ('127.0.0.1', 5432)`
        r"\('(?P<h>[\w.:-]+)', (?P<p>\d+)",
        // Dart and curl: `address = db, port = 5432`, `connect to db port 8080`
        r"(?:address = |[Cc]onnect to )(?P<h>[\w.-]+),? port(?: =)? (?P<p>\d+)",
        // Go names the resolved address behind the URL that was asked for: the name is what people know.
        r"\b[a-z][a-z0-9+.-]*://(?:[^@/\s]*@)?(?P<h>[\w.-]+)(?::(?P<p>\d+))?",
        r"lookup (?P<h>[\w.-]+)",
        r#"bad address '(?P<h>[\w.-]+)(?::(?P<p>\d+))?'"#,
        r#"upstream "(?P<h>[\w.-]+)(?::(?P<p>\d+))?""#,
        r"(?:ENOTFOUND|EAI_AGAIN) (?P<h>[\w.-]+)(?::(?P<p>\d+))?",
        r"UnknownHostException: (?P<h>[\w.-]+)",
        r#"(?:resolve host|host name|resolve address|server host|host not found in upstream):? ['"`‘]?(?P<h>[\w.-]+)(?::(?P<p>\d+))?"#,
        r"(?:ENOTFOUND|EAI_AGAIN) (?P<h>[\w.-]+)",
        r"broker (?P<h>[\w.-]+):(?P<p>\d+)",
        r"(?:ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH) (?P<h>[\w.-]+):(?P<p>\d+)",
        r"(?:->|(?:dial (?:tcp|udp)[46]?|[Cc]onnect(?:ing|ion)? to|connecting|reach|to|connect to address) [\x22'/]?)(?P<h>[\w.-]+):(?P<p>\d+)",
        r"(?P<h>(?:\d{1,3}\.){3}\d{1,3}):(?P<p>\d{1,5})\b",
        r"(?:^|[\s=(\x22'/@])(?P<h>[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*):(?P<p>\d{2,5})\b",
    ]
    .iter()
    .filter_map(|form| Regex::new(form).ok())
    .collect()
});

/// The host and port that a text names: `db:5432`, or the host alone.
pub(in crate::diagnosis) fn endpoint_in(text: &str) -> Option<String> {
    let found = FORMS.iter().flat_map(|form| form.captures_iter(text));
    let endpoint = |found: regex::Captures<'_>| {
        let host = found.name("h")?.as_str().trim_end_matches('.');
        let before = &text[..found.get(0)?.start()];
        if is_file(host)
            || is_reference(before)
            || (host == "address" && text.contains("lookup address"))
        {
            return None;
        }
        let port = found.name("p").map(|port| port.as_str()).or_else(|| port_beside(text, host));
        Some(match port {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        })
    };
    found.filter_map(endpoint).next().map(|it| super::lines::bounded(&it))
}

/// The port that the same host stands with elsewhere in the text: `lookup db on 10.96.0.10:53` is not it.
fn port_beside<'t>(text: &'t str, host: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("{host}:"))?;
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    (2..=5).contains(&length).then(|| &rest[..length])
}

/// Whether a link that follows leads to a page to read: `(Background on this error at: https://…)`.
fn is_reference(before: &str) -> bool {
    let words = before.trim_end_matches([' ', ':', '<', '(', '\'', '"']).to_ascii_lowercase();
    [
        "see",
        "error at",
        "visit",
        "refer to",
        "documentation",
        "docs",
        "more information",
        "learn more at",
    ]
    .iter()
    .any(|end| words.ends_with(end))
}

/// `server.js:12` has the form of a host and a port.
fn is_file(host: &str) -> bool {
    let end = host.rsplit_once('.').map_or("", |(_, end)| end);
    matches!(
        end,
        "go" | "py"
            | "js"
            | "ts"
            | "mjs"
            | "cjs"
            | "java"
            | "rs"
            | "rb"
            | "php"
            | "cs"
            | "kt"
            | "sh"
            | "c"
            | "h"
            | "cpp"
            | "hpp"
            | "erl"
            | "ex"
            | "exs"
            | "hs"
            | "lua"
            | "swift"
            | "scala"
            | "clj"
            | "zig"
            | "nim"
            | "dart"
            | "jsx"
            | "tsx"
            | "conf"
            | "yaml"
            | "yml"
            | "json"
            | "xml"
            | "toml"
            | "ini"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str, kind: Kind, named: &str) {
        let lower = message.to_ascii_lowercase();
        assert_eq!(about(message, &lower), Some((kind, Some(named.to_owned()))), "{message}");
    }

    #[test]
    fn refusals_name_host_and_port() {
        check(
            "dial tcp 10.96.3.4:5432: connect: connection refused",
            Kind::Refused,
            "10.96.3.4:5432",
        );
        check(
            "Get \"http://payments:8080/v1\": dial tcp 10.96.3.4:8080: connect: connection refused",
            Kind::Refused,
            "payments:8080",
        );
        check("Error: connect ECONNREFUSED 10.96.3.4:6379", Kind::Refused, "10.96.3.4:6379");
        check(
            "connection to server at \"db\" (10.96.3.4), port 5432 failed: Connection refused",
            Kind::Refused,
            "db:5432",
        );
        check(
            "redis.exceptions.ConnectionError: Error 111 connecting to redis:6379. Connection refused.",
            Kind::Refused,
            "redis:6379",
        );
        check(
            "org.postgresql.util.PSQLException: Connection to db:5432 refused. Check that",
            Kind::Refused,
            "db:5432",
        );
        check(
            "HTTPConnectionPool(host='payments', port=8080): Max retries exceeded: Connection refused",
            Kind::Refused,
            "payments:8080",
        );
    }

    #[test]
    fn unknown_names_are_named() {
        check(
            "dial tcp: lookup paymnts on 10.96.0.10:53: no such host",
            Kind::UnknownName,
            "paymnts",
        );
        check("Error: getaddrinfo ENOTFOUND paymnts", Kind::UnknownName, "paymnts");
        check(
            "could not translate host name \"dbx\" to address: Name or service not known",
            Kind::UnknownName,
            "dbx",
        );
        check(
            "java.net.UnknownHostException: paymnts.shop.svc",
            Kind::UnknownName,
            "paymnts.shop.svc",
        );
    }

    #[test]
    fn silence_is_not_refusal() {
        check("dial tcp 10.0.0.9:5432: i/o timeout", Kind::TimedOut, "10.0.0.9:5432");
        check("connect ETIMEDOUT 10.0.0.9:443", Kind::TimedOut, "10.0.0.9:443");
    }
}
