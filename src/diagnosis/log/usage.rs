//! Complaints about flags and arguments, as the parsers of many languages word them.

use std::sync::LazyLock;

use regex::Regex;

/// Each names the flag or argument in its first group that matched. From the sources of Go's flag, pflag
/// and cobra, argparse, click, clap, getopt (glibc, musl, busybox), commander, yargs, Node and the JVM.
static COMPLAINTS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let forms = [
        r"flag provided but not defined: (-\S+)",
        r"flag needs an argument: (?:'\w' in )?(-\S+)",
        r#"invalid (?:boolean )?value "[^"]*" for (?:flag )?(-[^\s:]+)"#,
        r#"invalid argument "[^"]*" for "([^"]+)" flag"#,
        r"unknown (?:shorthand )?flag: (?:'\w' in )?(-\S+)",
        r#"unknown command "([^"]+)" for "#,
        r#"required flag\(s\) "([^"]+)""#,
        r"unrecognized arguments?: (\S+)",
        r"the following arguments are required: ([^,\s]+)",
        r"error: argument ([^\s:,]+)[^:]*: ",
        r"(?i:no such (?:option|command)):? '?([^\s'.]+)",
        r"(?i:missing option) '?([^\s']+)",
        r"(?i:got unexpected extra arguments?) \(([^)\s]+)",
        r"(?:unexpected argument|Found argument) '([^']+)'",
        r"invalid value '[^']*' for '([^'\s]+)",
        r"unrecognized subcommand '([^']+)'",
        r"unrecognized option:? ['‘`]?([^\s'’`]+)",
        r"(?:invalid|illegal|unknown|bad) option(?::| --) ['‘`\x22]?([^\s'’`\x22]+)",
        r"option requires an argument(?:: | -- )['‘]?([^\s'’]+)",
        r"option '([^']+)' requires an argument",
        r"unknown option '([^']+)'",
        r"missing required argument '([^']+)'",
        r"required option '([^']+)' not specified",
        r"(?:Unknown|Missing required) arguments?: (\S+)",
        r"Unrecognized (?:VM )?option:? '?([^\s']+)",
        r"Missing script: \x22?([^\s\x22]+)",
        r"(?i:missing argument) '?([^\s'.]+)",
        r"Invalid (?:maximum|initial) heap size: (-\S+)",
        r"(?i:unknown|invalid) (?:command.line )?(?:argument|parameter|switch)s?:? ['‘`\x22]?(--?[^\s'’`\x22]+)",
        r"unknown option ['‘`\x22]?(-[^\s'’`\x22]+)",
        r"option [\x22'](--?[\w-]+)[\x22'] (?:is not recognized|is unknown|is ambiguous)",
    ];
    Regex::new(&forms.join("|")).ok()
});

/// Whether the message complains about how the program was called, and of which flag or argument.
pub(super) fn about(message: &str) -> Option<Option<String>> {
    // Most messages hold none of these words; that is cheaper to see than the forms.
    const MAY: [&str; 12] = [
        "ption",
        "rgument",
        "flag",
        "command",
        "switch",
        "heap size",
        "illegal",
        "invalid value",
        "equired",
        "arameter",
        "invalid boolean",
        "script",
    ];
    if !super::failure::has(message, &MAY) {
        return None;
    }
    if let Some(found) = COMPLAINTS.as_ref()?.captures(message) {
        // The name ends where the form's own punctuation does: `--port=8080` is about `--port`.
        let name = found.iter().skip(1).flatten().next()?.as_str();
        let name = name.split('=').next().unwrap_or(name).trim_end_matches([',', '.', '"']);
        return Some(Some(super::lines::bounded(name)));
    }
    message.contains("required arguments were not provided").then_some(None)
}

#[cfg(test)]
mod tests {
    use super::about;

    #[test]
    fn every_parser_names_its_flag() {
        let told = [
            ("flag provided but not defined: -prot", "-prot"),
            ("invalid value \"abc\" for flag -port: parse error", "-port"),
            ("Error: unknown flag: --prot", "--prot"),
            ("unknown shorthand flag: 'x' in -x", "-x"),
            ("Error: unknown command \"serv\" for \"app\"", "serv"),
            ("Error: required flag(s) \"config\" not set", "config"),
            ("Error: invalid argument \"abc\" for \"--port\" flag: strconv", "--port"),
            ("app.py: error: unrecognized arguments: --prot=80", "--prot"),
            ("app.py: error: argument --port: invalid int value: 'abc'", "--port"),
            ("app.py: error: the following arguments are required: --db", "--db"),
            ("Error: No such option: --prot Did you mean --port?", "--prot"),
            ("Error: Missing option '--db'.", "--db"),
            ("error: unexpected argument '--prot' found", "--prot"),
            ("error: invalid value 'abc' for '--port <PORT>': invalid digit", "--port"),
            ("ls: unrecognized option '--prot'", "--prot"),
            ("httpd: unrecognized option: prot", "prot"),
            ("nginx: invalid option: \"-x\"", "-x"),
            ("grep: invalid option -- 'y'", "y"),
            ("error: unknown option '--prot'", "--prot"),
            ("node: bad option: --prot", "--prot"),
            ("Unrecognized option: -Xprot", "-Xprot"),
        ];
        for (message, name) in told {
            assert_eq!(about(message), Some(Some(name.to_owned())), "{message}");
        }
    }

    #[test]
    fn business_words_are_no_usage_error() {
        assert_eq!(about("invalid coupon for order 12"), None);
        assert_eq!(about("the option chosen by the customer is unknown"), None);
    }
}
