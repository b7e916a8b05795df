//! What shells and `env` say about commands that they cannot run.

use std::sync::LazyLock;

use regex::Regex;

use super::Kind;

/// `sh: 1: wge: not found`, `/bin/sh: wge: not found`, `/run.sh: line 3: wge: command not found`,
/// `zsh:1: command not found: wge`, `env: 'wge': No such file or directory`, `sh: exec: line 1: wge: …`.
static NOT_FOUND: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let place = r"^\S*(?:sh|bash|dash|ash|/[\w./-]+): (?:exec: )?(?:line )?(?:\d+: )?(?:exec: )?";
    Regex::new(&format!(
        r#"{place}([^\s:]+): (?:command )?not found$|^zsh:\d*:? command not found: (\S+)$|^(?:/usr/bin/)?env: ['‘]?([^'’:]+)['’]?: No such file or directory|{place}([^\s:]+): No such file or directory$|({place}[^\n]*bad interpreter)|^exec (/\S+): no such file or directory$|{place}([^\s:]+): cannot execute: required file not found|exec: \x22([^\x22]+)\x22: executable file not found in|(?:starting container process caused|OCI runtime)[^\n]*exec: \\?\x22([^\x22\\]+)"#
    ))
    .ok()
});

static DENIED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let place = r"^(?:/bin/|/usr/bin/)?(?:sh|bash|dash|ash): (?:line )?(?:\d+: )?(?:exec: )?";
    Regex::new(&format!(r"{place}([^\s:]+): Permission denied$|^exec (/\S+): permission denied$"))
        .ok()
});

/// Whether a shell could not find or not run a command, and which.
pub(super) fn about(message: &str) -> Option<(Kind, Option<String>)> {
    let message = message.trim_end();
    let name = |found: regex::Captures<'_>| {
        let name = found.iter().skip(1).flatten().next().map(|name| name.as_str());
        name.map(super::lines::bounded)
    };
    if let Some(found) = NOT_FOUND.as_ref()?.captures(message) {
        return Some((Kind::CommandNotFound, name(found)));
    }
    let found = DENIED.as_ref()?.captures(message)?;
    Some((Kind::NotExecutable, name(found)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exec_of_a_script_without_its_interpreter_is_told_too() {
        let found = about("exec /entrypoint.sh: no such file or directory");
        assert_eq!(found, Some((Kind::CommandNotFound, Some("/entrypoint.sh".into()))));
        let found = about("exec /entrypoint.sh: permission denied");
        assert_eq!(found, Some((Kind::NotExecutable, Some("/entrypoint.sh".into()))));
    }

    #[test]
    fn every_shell_names_the_command() {
        for line in [
            "sh: 1: wge: not found",
            "/bin/sh: wge: not found",
            "/bin/sh: line 1: wge: command not found",
            "/entrypoint.sh: line 3: wge: command not found",
            "bash: wge: command not found",
            "sh: 1: exec: wge: not found",
            "/entrypoint.sh: exec: line 7: wge: not found",
            "env: 'wge': No such file or directory",
        ] {
            assert_eq!(about(line), Some((Kind::CommandNotFound, Some("wge".into()))), "{line}");
        }
        let denied = about("sh: 1: /app/run: Permission denied");
        assert_eq!(denied, Some((Kind::NotExecutable, Some("/app/run".into()))));
    }

    #[test]
    fn page_that_is_not_found_is_no_command() {
        assert_eq!(about("GET /orders/7: not found"), None);
        assert_eq!(about("user alice: not found"), None);
    }
}
