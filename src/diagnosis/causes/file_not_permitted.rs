//! The program may not read or write a file: user, group, mode, or a read-only filesystem.

use super::prelude::*;
use crate::diagnosis::complaint::{Complaint, Heard, heard};
use crate::diagnosis::log::Kind;

pub(super) static CAUSE: Cause = Cause {
    id: "file-not-permitted",
    title: "The program may not use a file it needs",
    since: "0.1.0",
    reads: &[Pods, Logs],
    clears: &["application-crashed"],
    why: "Container {container} may not use {path}: {message}. {reason}.",
    fix: &[
        "Mount a volume (emptyDir will do) on the folder of {path}, or turn off readOnlyRootFilesystem for {read_only}.",
        "Mount a volume that may be written to (emptyDir will do) on the folder of {path}: no user may write to {unwritable}.",
        "Set fsGroup or runAsUser in {owned_by} so that {path} belongs to the user it runs as.",
        "Set fsGroup or runAsUser in {owned_by}, or mount a volume where it writes.",
    ],
    avoid: &["Running it as root: that is more than it needs."],
    looks_for: &[
        "`Permission denied`, `EACCES`, `Read-only file system` with a path, as the reason for which the program ends.",
        "readOnlyRootFilesystem, runAsUser and fsGroup of the pod. Commands that may not be executed, and low ports, have causes of their own.",
    ],
    confirm: "The container runs on, and its log no longer says so.",
    links: &["https://kubernetes.io/docs/tasks/configure-pod-container/security-context/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let of = |it: &Heard<'_>| -> Option<Hypothesis> {
        let lower = it.quote.to_ascii_lowercase();
        let read_only = lower.contains("read-only file system")
            || lower.contains("erofs")
            || lower.contains("error: 30")
            || lower.contains("errno: 30");
        let own = it.container.spec().security_context.as_ref();
        let set = own.and_then(|it| it.read_only_root_filesystem) == Some(true);
        let reason = match (read_only, set) {
            (true, true) => "The container's root filesystem is set to read-only",
            (true, false) => "The filesystem is mounted read-only",
            _ => "",
        };
        let path = path_in(&it.quote);
        let not_a_file = matches!(
            case.endings()
                .iter()
                .find(|end| end.container.name() == it.container.name())
                .map(|end| end.told.kind),
            Some(Kind::NotExecutable | Kind::CommandNotFound | Kind::Refused | Kind::TimedOut)
        );
        // A server's answer over HTTP is about its own things.
        let answer = ["code: 403", "status: 403", "status code: 403", "http 403", "403 forbidden"];
        let answered =
            answer.iter().any(|words| lower.contains(words)) || lower.contains("url: http");
        (!not_a_file && !answered && it.container.exit_code().is_some()).then(|| {
            let mut found = it.hypothesis();
            if read_only && set {
                // The pod's own spec says the same as the log.
                found.certainty = Certainty::Certain;
            }
            found
                .maybe("path", path)
                .fact("reason", reason)
                .maybe("unwritable", (read_only && !set).then_some("a read-only filesystem"))
                .maybe("owned_by", (!read_only).then(|| case.object().kubectl()))
                .maybe("read_only", (read_only && set).then(|| it.container.name()))
        })
    };
    heard(case, CAUSE.id, Complaint::File, "it may not use the file")
        .iter()
        .filter_map(of)
        .collect()
}

/// The file that is complained about: the last path before the complaint, else the first after it. A program
/// that begins the line with its own path, as shells do, is not the file.
fn path_in(quote: &str) -> Option<&str> {
    let is_end = |letter: char| letter.is_whitespace() || "'\",:;()[]{}<>`".contains(letter);
    let is_path = |it: &&str| it.len() > 1 && it.starts_with('/');
    let lower = quote.to_ascii_lowercase();
    let forms = ["permission denied", "read-only file system", "eacces", "erofs", "not permitted"];
    let at = forms.iter().filter_map(|form| lower.find(form)).min().unwrap_or(quote.len());
    let (before, after) = quote.split_at_checked(at)?;
    let before = before.split(is_end).rfind(is_path);
    before.or_else(|| after.split(is_end).find(is_path))
}
