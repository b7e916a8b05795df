//! Settings and configuration files that a program does not understand.

use std::sync::LazyLock;

use regex::Regex;

use super::Kind;
use super::failure::has;
use super::system::path_in;

/// Each names the setting in its first group that matched. From the sources of nginx, HAProxy, PostgreSQL,
/// MySQL, Redis, Mosquitto, RabbitMQ, Apache httpd, Prometheus, Spring Boot and of common YAML readers.
static NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let name = r#"\\?["'`‘\[]?([\w.$/-]+)"#;
    let forms = [
        format!(
            r"(?i:unknown|unrecognized|unexpected|invalid) (?i:directive|(?:configuration )?(?:variable|parameter|option|key|setting|keyword|property|field|config(?:uration)?)):? (?:name )?{name}"
        ),
        format!(r"(?i:invalid value for (?:parameter|option|setting|key|property|field)):? {name}"),
        format!(r"parameter {name}\\?[\x22'] (?:requires|cannot be|must be)"),
        format!(r"(?i:unrecognized|unknown) setting:? {name}"),
        r"can't find the user (\S+)".to_owned(),
        r#"getpwnam\(\x22([\w-]+)\x22\) failed"#.to_owned(),
        r"You've tried to set ([\w.]+), but".to_owned(),
        r"field (\w+) not found in type".to_owned(),
        r"unknown field [`\x22\\]*(\w+)".to_owned(),
        r"missing field [`\x22\\]*(\w+)".to_owned(),
        r"Invalid command '(\w+)'".to_owned(),
        r">>> '([\w-]+)".to_owned(),
        r"directive (?:is not allowed here|is duplicate)?[^\n]{0,20}?\x22([\w]+)\x22".to_owned(),
        r"\x22([\w]+)\x22 directive (?:is|in|inval)".to_owned(),
        r"The ([A-Z_]{3,}) setting must".to_owned(),
        r"Failed to bind properties under '([\w.\[\]-]+)'".to_owned(),
        r"max virtual memory areas (vm\.max_map_count)".to_owned(),
        r"Invalid value (?:'[^'\n]{0,60}'|\S{1,60}) for (?:configuration )?([\w.]+)".to_owned(),
        r"Missing required configuration \x22([\w.]+)\x22".to_owned(),
        r"Could not resolve placeholder '([\w.-]+)'".to_owned(),
    ];
    Regex::new(&forms.join("|")).ok()
});

const WORDS: [&str; 35] = [
    "bad directive",
    "unknown directive",
    "configuration error",
    "invalid config",
    "error loading config",
    "error parsing config",
    "failed to parse config",
    "could not parse config",
    "configuration file contains errors",
    "couldn't load configuration",
    "error in configuration file",
    "error while parsing config",
    "initializing config",
    "improperlyconfigured",
    "configurationexception",
    "configexception",
    "yaml: ",
    "yaml.parser",
    "yaml.scanner",
    "tomldecodeerror",
    "toml parse error",
    "error parsing yaml",
    "unmarshal errors",
    "configuration does not",
    "failed to configure a datasource",
    "config data resource",
    "unexpected end of file, expecting",
    "is not terminated by",
    "unexpected \"}\"",
    "syntax error in file",
    "could not load /",
    "could not load pg_hba",
    "bootstrap check failure",
    "nest can't resolve dependencies",
    "no 'script_location' key",
];

pub(super) fn about(message: &str, lower: &str) -> Option<(Kind, Option<String>)> {
    if lower.contains("configuration file") && lower.contains("contains errors") {
        return Some((Kind::Config, path_in(message)));
    }
    let named = NAMED.as_ref().and_then(|named| named.captures(message));
    if let Some(found) = named {
        let name = found.iter().skip(1).flatten().next()?.as_str();
        let name = name.trim_end_matches(['.', ':']);
        return Some((Kind::Config, Some(super::lines::bounded(name.trim_start_matches('-')))));
    }
    has(lower, &WORDS).then(|| (Kind::Config, path_in(message)))
}
