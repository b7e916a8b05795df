//! What a message is about: the words that programs of all languages share.

use super::{Kind, module, network, schema, service, settings, shell, system, usage, variable};

/// So much of a message is looked at.
const LOOKED_AT_BYTES: usize = 4096;

/// What a message tells of, and the thing it names. `None`: nothing more than that something failed.
pub(super) fn about(message: &str) -> Option<(Kind, Option<String>)> {
    let message = &message[..message.floor_char_boundary(LOOKED_AT_BYTES)];
    if let Some(found) = usage::about(message) {
        return Some((Kind::UsageError, found));
    }
    if let Some(name) = variable::about(message) {
        return Some((Kind::MissingVariable, Some(name)));
    }
    let lower = message.to_ascii_lowercase();
    shell::about(message)
        .or_else(|| service::about(message, &lower))
        .or_else(|| network::about(message, &lower))
        .or_else(|| schema::about(message, &lower))
        .or_else(|| module::about(message))
        .or_else(|| system::about(message, &lower))
        .or_else(|| service::unavailable(message, &lower))
        .or_else(|| settings::about(message, &lower))
}

/// The first word of a text, without the marks around it.
pub(super) fn first_word(text: &str) -> Option<String> {
    let text = text.trim_start_matches(|letter: char| " '\"`‘“:\\".contains(letter));
    let is_end = |letter: char| letter.is_whitespace() || "'\"`’”,;\\".contains(letter);
    let word = text.split(is_end).next()?.trim_end_matches(['.', ':', ')']);
    (!word.is_empty()).then(|| super::lines::bounded(word))
}

/// Whether a text holds one of these words.
pub(super) fn has(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str, kind: Kind, named: Option<&str>) {
        assert_eq!(about(message), Some((kind, named.map(str::to_owned))), "{message}");
    }

    #[test]
    fn the_same_failure_is_told_in_many_languages() {
        check(
            "open /etc/app/config.yaml: no such file or directory",
            Kind::MissingFile,
            Some("/etc/app/config.yaml"),
        );
        check(
            "FileNotFoundError: [Errno 2] No such file or directory: '/data/x'",
            Kind::MissingFile,
            Some("/data/x"),
        );
        check("Error: Cannot find module 'express'", Kind::MissingModule, Some("express"));
        check("ModuleNotFoundError: No module named 'yaml'", Kind::MissingModule, Some("yaml"));
        check("listen tcp :8080: bind: address already in use", Kind::AddressInUse, Some(":8080"));
        check("java.lang.OutOfMemoryError: Java heap space", Kind::HeapExhausted, None);
        check("exec /app/server: exec format error", Kind::ExecFormat, Some("/app/server"));
        check("write /data/wal: no space left on device", Kind::Disk, Some("/data/wal"));
    }

    #[test]
    fn answers_of_other_services_are_told_apart() {
        check(
            "pq: password authentication failed for user \"orders\"",
            Kind::Credentials,
            Some("orders"),
        );
        check("x509: certificate signed by unknown authority", Kind::Tls, None);
        check("FATAL: sorry, too many clients already", Kind::PoolExhausted, None);
        check("READONLY You can't write against a read only replica.", Kind::ReadOnly, None);
        check(
            "read tcp 10.0.0.1:4->10.0.0.2:5432: connection reset by peer",
            Kind::Unavailable,
            Some("10.0.0.2:5432"),
        );
        check(
            "ERROR: relation \"orders\" does not exist at character 15",
            Kind::Schema,
            Some("orders"),
        );
        check(
            "nginx: [emerg] unknown directive \"proxy_pas\" in /etc/nginx/nginx.conf:3",
            Kind::Config,
            Some("proxy_pas"),
        );
    }

    #[test]
    fn ordinary_words_are_about_nothing() {
        assert_eq!(about("listening on :8080"), None);
        assert_eq!(about("order not placed: card expired"), None);
        assert_eq!(about("user 12 has too many items in the cart"), None);
    }
}
