//! Which names are names of secrets.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Kinds of secrets, as the marker names them.
pub(super) const PASSWORD: &str = "password";
pub(super) const SECRET: &str = "secret";
pub(super) const TOKEN: &str = "token";
pub(super) const KEY: &str = "key";
pub(super) const CREDENTIALS: &str = "credentials";
pub(super) const SESSION: &str = "session";
/// PagerDuty's: 32 letters and digits. A message broker's is made of words.
pub(super) const ROUTING_KEY: &str = "routing-key";
/// What Vault calls the password of a role: always a UUID. Elsewhere a `secret_id` is a name.
pub(super) const SECRET_ID: &str = "secret-id";

/// The kind of secret that a name like `DB_PASSWORD`, `clientSecret` or `x-api-key` is for.
///
/// A name is read word by word, so that `tokenizer` and `max_tokens` are none, and neither is a name
/// whose later words say that it is about the secret and does not hold it: `secretName`, `TOKEN_URL`.
pub(super) fn kind(name: &str) -> Option<&'static str> {
    // `-Dpassword=…` of a Java virtual machine.
    let name = name.strip_prefix("-D").unwrap_or(name);
    let name = parted(name);
    let words: Vec<&str> = name.split(' ').map(unnumbered).filter(|it| !it.is_empty()).collect();
    let (at, kind) = words.iter().enumerate().find_map(|(at, word)| {
        let before = at.checked_sub(1).map(|at| words[at]);
        Some((at, word_kind(word, before)?))
    })?;
    // What a Secret of the cluster is called: `existingSecret`.
    if words[..at].contains(&"existing") {
        return None;
    }
    match &words[at + 1..] {
        // The secrets of an app have ids that are none: `client_secret_id`.
        ["id"] if kind == SECRET && !words.contains(&"client") => Some(SECRET_ID),
        ["hint"] if kind == TOKEN => Some(kind),
        rest => (!rest.iter().any(|word| ABOUT.contains(word))).then_some(kind),
    }
}

fn word_kind(word: &str, before: Option<&str>) -> Option<&'static str> {
    let ends = |with: &[&str]| with.iter().any(|end| word.ends_with(end));
    let short = ["pass", "pwd", "pw", "pswd", "psw", "psk"];
    if ends(&["password", "passwd", "passphrase", "passwort", "passcode", "storepass", "keypass"])
        || [&short[..], &["requirepass", "masterauth"]].concat().contains(&word)
        || OWNERS.iter().any(|owner| word.strip_prefix(owner).is_some_and(|w| short.contains(&w)))
    {
        return Some(PASSWORD);
    }
    if ends(&["secret"]) {
        return Some(SECRET);
    }
    if ends(&["token"]) {
        return Some(TOKEN);
    }
    if ["credential", "credentials", "creds", "dockerconfigjson", "dockercfg"].contains(&word) {
        return Some(CREDENTIALS);
    }
    if ["sessionid", "jsessionid", "phpsessid", "sessid"].contains(&word)
        || matches!((before, word), (Some("session" | "connect"), "id" | "sid"))
    {
        return Some(SESSION);
    }
    if matches!(
        (before, word),
        (Some("code"), "verifier") | (Some("client"), "assertion") | (Some("erlang"), "cookie")
    ) {
        return Some(SECRET);
    }
    if (before, word) == (Some("routing"), "key") || (before, word) == (Some("integration"), "key")
    {
        return Some(ROUTING_KEY);
    }
    let whose = match word.strip_suffix("key")? {
        "" => before?,
        whose => whose,
    };
    KEYS.contains(&whose).then_some(KEY)
}

/// Whose password it is, written as one word with it: `storepass`, `bindpw`. Not `bypass`, `compass`.
const OWNERS: [&str; 26] = [
    "db",
    "user",
    "smtp",
    "root",
    "admin",
    "redis",
    "mysql",
    "my",
    "pg",
    "store",
    "key",
    "keystore",
    "truststore",
    "trust",
    "bind",
    "ldap",
    "mail",
    "ftp",
    "ssh",
    "http",
    "proxy",
    "sudo",
    "vnc",
    "postgres",
    "mongo",
    "sql",
];

/// Keys that are secrets; a key of a cache, a table or a partition is none.
const KEYS: [&str; 31] = [
    "certificate",
    "client",
    "functions",
    "subscription",
    "fernet",
    "consumer",
    "cookie",
    "api",
    "access",
    "secret",
    "private",
    "signing",
    "signature",
    "encryption",
    "master",
    "account",
    "auth",
    "license",
    "ssh",
    "storage",
    "hmac",
    "aes",
    "jwt",
    "crypto",
    "session",
    "app",
    "application",
    "webhook",
    "deploy",
    "service",
    "shared",
];

/// Words after the secret's own that say that the value is not the secret.
static ABOUT: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    HashSet::from([
        "ca",
        "cert",
        "encoder",
        "hasher",
        "algorithm",
        "strategy",
        "generator",
        "validator",
        "factory",
        "verifier",
        "name",
        "names",
        "ref",
        "refs",
        "reference",
        "file",
        "files",
        "filename",
        "path",
        "paths",
        "dir",
        "directory",
        "url",
        "uri",
        "endpoint",
        "host",
        "port",
        "id",
        "ids",
        "count",
        "counts",
        "total",
        "limit",
        "limits",
        "max",
        "min",
        "ttl",
        "type",
        "types",
        "kind",
        "expiry",
        "expires",
        "expiration",
        "exp",
        "expired",
        "length",
        "len",
        "size",
        "policy",
        "provider",
        "version",
        "namespace",
        "store",
        "class",
        "mount",
        "mounts",
        "enabled",
        "required",
        "rotation",
        "rotated",
        "age",
        "status",
        "state",
        "error",
        "errors",
        "issuer",
        "audience",
        "method",
        "mode",
        "scope",
        "scopes",
        "group",
        "usage",
        "info",
        "source",
        "format",
        "field",
        "fields",
        "header",
        "prefix",
        "pattern",
        "hint",
        "reset",
        "changed",
        "request",
        "requests",
        "review",
        "rate",
        "lifetime",
        "timeout",
        "interval",
        "duration",
        "at",
        "time",
        "arn",
        "index",
        "number",
        "list",
        "manager",
        "controller",
        "service",
        "go",
        "py",
        "js",
        "java",
        "rb",
    ])
});

/// The words of a name in lower case, apart at `_`, `-`, `.` and where a capital begins a word.
fn parted(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 8);
    let mut chars = name.chars().peekable();
    let mut before = ' ';
    while let Some(char) = chars.next() {
        let begins = char.is_ascii_uppercase()
            && (before.is_ascii_lowercase()
                || before.is_ascii_digit()
                || before.is_ascii_uppercase()
                    && chars.peek().is_some_and(char::is_ascii_lowercase));
        if begins {
            words.push(' ');
        }
        words.push(if char.is_ascii_alphanumeric() { char.to_ascii_lowercase() } else { ' ' });
        before = char;
    }
    words
}

/// `password1` and `token2` are numbered, not other words.
fn unnumbered(word: &str) -> &str {
    word.trim_end_matches(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_word_by_word() {
        for name in [
            "password",
            "DB_PASSWORD",
            "PGPASSWORD",
            "dbPassword",
            "DB_PASSWORD_PROD",
            "SMTP_PASS",
            "clientSecret",
            "AWS_SECRET_ACCESS_KEY",
            "SecretAccessKey",
            "secret_key_base",
            "API_TOKEN",
            "x-api-key",
            "apikey",
            "apiKey",
            "GITHUB_TOKEN",
            "authtoken",
            "private_key",
            "AccountKey",
            "aws_session_token",
            "spring.datasource.password",
            "credentials",
            "password1",
            "APIKey",
        ] {
            assert!(kind(name).is_some(), "{name}");
        }
        for name in [
            "tokenizer",
            "max_tokens",
            "token_count",
            "secretName",
            "SECRET_NAME",
            "secretKeyRef",
            "TOKEN_URL",
            "PASSWORD_FILE",
            "key",
            "public_key",
            "partition_key",
            "private_key_id",
            "imagePullSecrets",
            "tokenExpirationSeconds",
            "monkey",
            "compass",
            "access_key_id",
            "secret-controller",
            "token.go",
            "bypass",
            "",
            "KeyError",
            "TokenReview",
            "passwordless",
        ] {
            assert_eq!(kind(name), None, "{name}");
        }
    }
}
