//! What the operating system refuses: files, permissions, ports, memory and space.

use std::sync::LazyLock;

use regex::Regex;

use super::Kind;
use super::failure::has;

const HEAP: [&str; 17] = [
    "heap out of memory",
    "outofmemory",
    "runtime: out of memory",
    "cannot allocate memory",
    "insufficient memory for the java runtime",
    "std::bad_alloc",
    "allowed memory size of",
    "eheap_alloc: cannot allocate",
    "gc overhead limit exceeded",
    "failed to allocate memory",
    "out of memory (needed",
    "can't allocate memory",
    "out of memory allocating",
    "nomemoryerror",
    "cannot reserve enough space for object heap",
    "memoryerror",
    "bytes failed",
];
const DISK: [&str; 8] = [
    "no space left on device",
    "enospc",
    "disk full",
    "disk quota exceeded",
    "read-only file system",
    "disk is full",
    "not enough disk space",
    "no free space",
];
const IN_USE: [&str; 6] = [
    "address already in use",
    "eaddrinuse",
    "address in use",
    "only one usage of each socket address",
    "port is already in use",
    "was already in use",
];
const DENIED: [&str; 7] = [
    "permission denied",
    "operation not permitted",
    "accessdeniedexception",
    "unauthorizedaccessexception",
    "access to the path",
    "has invalid permissions",
    "has wrong ownership",
];
const MISSING: [&str; 15] = [
    "no such file",
    "enoent",
    "filenotfound",
    "nosuchfileexception",
    "could not find file",
    "could not find a part of the path",
    "can't open config file",
    "does not exist or is not readable",
    "nonexistentpath",
    "failed opening required",
    "no such directory",
    "cannot stat",
    "directorynotfoundexception",
    "unable to load ca certificates",
    "os error 2)",
];

pub(super) fn about(message: &str, lower: &str) -> Option<(Kind, Option<String>)> {
    let failed_bytes = lower.contains("memory allocation of");
    let kind =
        if lower.contains("exec format error") || lower.contains("cannot execute binary file") {
            Kind::ExecFormat
        } else if has(lower, &HEAP[..HEAP.len() - 1]) || failed_bytes {
            Kind::HeapExhausted
        } else if has(lower, &IN_USE) {
            return Some((Kind::AddressInUse, port_in(message)));
        // The kernel's word for a full table of watches is the same as for a full disk.
        } else if has(lower, &DISK) && !has(lower, &["file watchers", "inotify"]) {
            Kind::Disk
        } else if has(lower, &DENIED) || has(message, &["EACCES", "EPERM"]) {
            Kind::Permission
        } else if has(lower, &MISSING) {
            Kind::MissingFile
        } else {
            return None;
        };
    let named = (kind != Kind::HeapExhausted).then(|| path_in(message)).flatten();
    Some((kind, named))
}

/// The path that the failure is about. Where a message names several, the one right at the reason:
/// `template: /app/x.tmpl: open /etc/y: no such file or directory`.
pub(super) fn path_in(message: &str) -> Option<String> {
    static FORMS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
        [
            // `open /etc/y: no such file`, `cannot stat '/etc/y': No such file`
            r#"(/[^\s'"`:,;()\[\]{}<>]+|\.{1,2}/[^\s'"`:,;()\[\]{}<>]+)['"`’]?\)?:?(?: cannot open[^:]{0,40}:)? (?:[Nn]o such file|[Pp]ermission denied|[Nn]o space left|[Rr]ead-only file system|[Oo]peration not permitted|exec format error)"#,
            // `No such file or directory: '/data/x'`, `NoSuchFileException: /x`, `@ rb_sysopen - /x`
            r#"(?:[Nn]o such file(?: or directory)?|ENOENT|[Pp]ermission denied|EACCES|[Nn]ot found|NoSuchFileException|AccessDeniedException|FileNotFoundException|required|file|directory|path|stat|open|load certificate)\b[^/\n]{0,60}?["'`‘(:\s-](/[^\s'"`:,;()\[\]{}<>]+)"#,
            r#"(?:^|[\s'"`‘(=\[])(\.{0,2}/[^\s'"`:,;()\[\]{}<>]+)"#,
        ]
        .iter()
        .filter_map(|form| Regex::new(form).ok())
        .collect()
    });
    let found = FORMS.iter().find_map(|form| form.captures(message))?;
    let path = found.get(1)?.as_str().trim_end_matches(['.', '’']);
    (path.len() > 1).then(|| super::lines::bounded(path))
}

/// The port, with the address before it where there is one: `:8080`, `0.0.0.0:8080`.
fn port_in(message: &str) -> Option<String> {
    static PORT: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"((?:\d{1,3}(?:\.\d{1,3}){3}|\[?::\d?\]?|localhost|\*)?:\d{1,5})\b|[Pp]ort:? (\d{2,5})\b",
        )
        .ok()
    });
    // What stands before the reason; the times of a line have colons too.
    let found = PORT.as_ref()?.captures_iter(message).filter_map(|found| {
        let found = found.get(1).or(found.get(2))?;
        let before = message[..found.start()].chars().next_back();
        let clock = before.is_some_and(|letter| letter.is_ascii_digit());
        (!clock).then(|| found.as_str())
    });
    found.max_by_key(|port| port.len()).map(super::lines::bounded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_at_the_reason_is_named() {
        let told = [
            ("ERROR /app/main.py: open /etc/y: no such file or directory", "/etc/y"),
            (
                "ENOENT: no such file or directory, open '/etc/shop/menu.json'",
                "/etc/shop/menu.json",
            ),
            ("No such file or directory @ rb_sysopen - /etc/shop/rates.yml", "/etc/shop/rates.yml"),
            ("java.nio.file.NoSuchFileException: /etc/billing/rates.csv", "/etc/billing/rates.csv"),
            (
                "open() \"/etc/nginx/none.conf\" failed (2: No such file or directory) in /etc/nginx/nginx.conf:3",
                "/etc/nginx/none.conf",
            ),
            (
                "Fatal error, can't open config file '/etc/redis.conf': No such file or directory",
                "/etc/redis.conf",
            ),
        ];
        for (message, path) in told {
            assert_eq!(path_in(message).as_deref(), Some(path), "{message}");
        }
    }

    #[test]
    fn clocks_are_no_ports() {
        assert_eq!(port_in("02:11:07 bind to 0.0.0.0:80 failed").as_deref(), Some("0.0.0.0:80"));
        assert_eq!(
            port_in("EADDRINUSE: address already in use :::3000").as_deref(),
            Some(":::3000")
        );
    }
}
