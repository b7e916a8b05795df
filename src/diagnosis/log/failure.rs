//! What a message is about: the words that programs of all languages share.

use super::{Kind, network, shell, usage, variable};

/// What a message tells of, and the thing it names. `None`: nothing more than that something failed.
pub(super) fn about(message: &str) -> Option<(Kind, Option<String>)> {
    if let Some(found) = usage::about(message) {
        return Some((Kind::UsageError, found));
    }
    if let Some(name) = variable::about(message) {
        return Some((Kind::MissingVariable, Some(name)));
    }
    shell::about(message)
        .or_else(|| network::about(message))
        .or_else(|| about_module(message))
        .or_else(|| about_system(message))
}

fn about_module(message: &str) -> Option<(Kind, Option<String>)> {
    const MODULES: [&str; 7] = [
        "Cannot find module ",
        "Cannot find package ",
        "No module named ",
        "ClassNotFoundException: ",
        "NoClassDefFoundError: ",
        "Could not find or load main class ",
        "error while loading shared libraries: ",
    ];
    let opens = MODULES.iter().find(|words| message.contains(**words))?;
    Some((Kind::MissingModule, first_word(message.split_once(opens)?.1)))
}

fn about_system(message: &str) -> Option<(Kind, Option<String>)> {
    let lower = message.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let kind = if has(&["exec format error"]) {
        Kind::ExecFormat
    } else if has(&[
        "heap out of memory",
        "outofmemoryerror",
        "runtime: out of memory",
        "cannot allocate memory",
        "insufficient memory for the java runtime",
    ]) || lower.starts_with("memoryerror")
    {
        Kind::HeapExhausted
    } else if has(&["address already in use", "eaddrinuse"]) {
        Kind::AddressInUse
    } else if has(&["permission denied", "eacces", "eperm", "read-only file system", "erofs"]) {
        Kind::Permission
    } else if has(&["no such file or directory", "enoent", "filenotfounderror"]) {
        Kind::MissingFile
    } else {
        return None;
    };
    let named = matches!(kind, Kind::Permission | Kind::MissingFile | Kind::ExecFormat)
        .then(|| path_in(message))
        .flatten();
    Some((kind, named))
}

/// The first absolute path in a message, or the quoted name after the failure.
fn path_in(message: &str) -> Option<String> {
    let is_end = |letter: char| letter.is_whitespace() || "'\",:;()[]{}<>`".contains(letter);
    let mut pieces = message.split(is_end);
    let path = pieces.find(|piece| piece.len() > 1 && piece.starts_with(['/', '.']))?;
    Some(super::lines::bounded(path))
}

/// The first word of a text, without the marks around it.
pub(super) fn first_word(text: &str) -> Option<String> {
    let text = text.trim_start_matches(|letter: char| " '\"`‘“:".contains(letter));
    let is_end = |letter: char| letter.is_whitespace() || "'\"`’”,;".contains(letter);
    let word = text.split(is_end).next()?.trim_end_matches(['.', ':', ')']);
    (!word.is_empty()).then(|| super::lines::bounded(word))
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
        check("listen tcp :8080: bind: address already in use", Kind::AddressInUse, None);
        check("java.lang.OutOfMemoryError: Java heap space", Kind::HeapExhausted, None);
        check("exec /app/server: exec format error", Kind::ExecFormat, Some("/app/server"));
    }

    #[test]
    fn ordinary_words_are_about_nothing() {
        assert_eq!(about("listening on :8080"), None);
        assert_eq!(about("order not placed: card expired"), None);
    }
}
