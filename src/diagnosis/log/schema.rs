//! Databases whose schema is not the one that the program expects, and migrations that fail.

use std::sync::LazyLock;

use regex::Regex;

use super::Kind;
use super::failure::has;

/// Each names the table, column, database, revision or migration in its first group that matched.
static NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let forms = [
        r#"(?:relation|column|table|type|schema|function|database|index|constraint) \\?["'`]([\w.$-]+)\\?["'`](?: of relation \\?"[\w.]+\\?")? (?:does not exist|doesn't exist|already exists)"#,
        r"column ([\w.]+) does not exist",
        r"(?i:no such (?:table|column|index)): ?([\w.]+)",
        r"Table '([\w.$-]+)' (?:doesn't exist|already exists)",
        r"Unknown (?:column|database|table) '([\w.$-]+)'",
        r"(?i:missing (?:table|column|sequence)) \[([\w.]+)\]",
        r"Can't locate revision identified by '(\w+)'",
        r"Invalid object name '([\w.$-]+)'",
        r"Invalid column name '([\w.$-]+)'",
        r"Dirty database version (\d+)",
        r"Duplicate column name '([\w]+)'",
        r"(?i:migration) [`'\x22]?([\w.-]*\d[\w.-]*)[`'\x22]? (?:failed|of schema)",
        r"Migration(?: to version)? ([\w.]+)(?: of schema[^\n]{0,40})? failed",
        r"Migration ([\w.-]+) is applied before its dependency",
        r"(?i:migration checksum mismatch for migration version) (\d+)",
    ];
    Regex::new(&forms.join("|")).ok()
});

const WORDS: [&str; 30] = [
    "migrations have failed validation",
    "migration checksum mismatch",
    "detected failed migration",
    "found non-empty schema",
    "dirty database version",
    "can't locate revision",
    "multiple head revisions",
    "target database is not up to date",
    "p3009",
    "p3018",
    "p3005",
    "migration failed",
    "migrations failed",
    "failed migration",
    "pendingmigration",
    "migrations are pending",
    "unapplied migration",
    "inconsistentmigrationhistory",
    "inconsistent migration history",
    "migration table is already locked",
    "migrationlocked",
    "migration directory is corrupt",
    "could not acquire change log lock",
    "validation failed:\n",
    "schema-validation:",
    "flywayvalidateexception",
    "flywaymigrateexception",
    "liquibaseexception",
    "undefinedtable",
    "migration files are missing",
];

pub(super) fn about(message: &str, lower: &str) -> Option<(Kind, Option<String>)> {
    // Most messages are about no schema; that is cheap to see.
    let may = [
        "exist",
        "no such",
        "unknown ",
        "missing ",
        "revision",
        "invalid ",
        "dirty",
        "migrat",
        "duplicate",
        "schema",
        "table",
        "p30",
        "liquibase",
    ];
    if !has(lower, &may) {
        return None;
    }
    let named = NAMED.as_ref().and_then(|named| named.captures(message));
    if let Some(found) = named {
        let name = found.iter().skip(1).flatten().next()?.as_str();
        return Some((Kind::Schema, Some(super::lines::bounded(name))));
    }
    has(lower, &WORDS).then_some((Kind::Schema, None))
}
