//! Complaints about environment variables that are not there.

use std::sync::LazyLock;

use regex::Regex;

/// Each names the variable in its first group that matched. A variable's name is written in capitals, and
/// has an underscore where nothing else in the sentence says that it is a variable.
static COMPLAINTS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let lacks = r"(?:required|not (?:been )?(?:set|defined|specified|provided|found|present|configured)|missing|undefined|unset|must be (?:set|provided|specified|defined)|(?:should not|must not|cannot|can't) be empty|is empty)";
    let any = r#"["'`‘$\{]*([A-Z][A-Z0-9_]{1,})["'`’\}]*"#;
    let sure = r#"["'`‘$\{]*\b([A-Z][A-Z0-9]*_[A-Z0-9_]*[A-Z0-9])\b["'`’\}]*"#;
    let kind = r"(?i:environment variables?|env(?:ironment)? vars?(?:iables?)?|env)";
    let forms = [
        // `environment variable X is required`, `env var "X" not set`
        format!(r"{kind}:? {any},?(?i: ?(?:is|was|has|are))?(?i: {lacks})"),
        // `missing required environment variable: X`, `required environment variables are not set: X`
        format!(
            r"(?i:missing|required|undefined|unset|expected|no|need(?:s|ed)?|without)\b[^\n]{{0,24}}?{kind}(?i:[ a-z]{{0,24}}):? {any}"
        ),
        // `X environment variable is required`, `DATABASE_URL is not set`, `X: not set`
        format!(r"{any} {kind}(?i: (?:is|was|has))?(?i: {lacks})"),
        format!(r"{sure}:?(?i: (?:is|was|has|are))?(?i: {lacks})"),
        // `required key X missing value` (envconfig)
        format!(r"required key {any} missing value"),
        // `you must specify POSTGRES_PASSWORD`, `please set the DATABASE_URL`
        format!(
            r"(?i:must|please|need to|have to) (?i:set|specify|provide|define)[ a-z]{{0,60}}?[: -]+{sure}"
        ),
        // `missing DATABASE_URL`, `Missing required config: DATABASE_URL`
        format!(r"(?i:missing|required)(?i:[ a-z]{{0,24}}):? {sure}"),
        // `sh: 1: X: parameter not set`, `X: unbound variable`
        r"\b([A-Za-z_][A-Za-z0-9_]*): (?:unbound variable|parameter (?:null or )?not set)"
            .to_owned(),
        // bash: `X: must be set` of `${X:?must be set}`
        r"line \d+: ([A-Z][A-Z0-9_]+): [a-z]".to_owned(),
        // Spring: `Could not resolve placeholder 'X' in value "${X}"`
        r"Could not resolve placeholder '([A-Za-z0-9_.-]+)'".to_owned(),
        // Elixir: `could not fetch environment variable "X" because it is not set`; decouple: `X not found.`
        format!(r#"(?i:environment variable) {any} because it is not set"#),
        r"UndefinedValueError: (\w+) not found".to_owned(),
        r#"EnvError: Environment variable "(\w+)" not set"#.to_owned(),
    ];
    Regex::new(&forms.join("|")).ok()
});

/// The name of the variable whose absence the message complains about.
pub(super) fn about(message: &str) -> Option<String> {
    // Most messages name nothing in capitals; that is cheaper to see than the forms.
    let capitals = message
        .as_bytes()
        .windows(2)
        .any(|two| two[0].is_ascii_uppercase() && (two[1].is_ascii_uppercase() || two[1] == b'_'));
    if !capitals
        && !super::failure::has(
            message,
            &["unbound", "parameter", "placeholder", "Undefined", "environment"],
        )
    {
        return None;
    }
    let found = COMPLAINTS.as_ref()?.captures(message)?;
    let name = found.iter().skip(1).flatten().next()?.as_str();
    (!is_a_word(name)).then(|| super::lines::bounded(name))
}

/// Words in capitals that stand where a name would stand.
fn is_a_word(name: &str) -> bool {
    const WORDS: [&str; 14] = [
        "ERROR", "FATAL", "INFO", "WARN", "WARNING", "DEBUG", "HTTP", "HTTPS", "URL", "IS", "NOT",
        "OR", "AND", "ID",
    ];
    WORDS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::about;

    #[test]
    fn every_wording_names_its_variable() {
        let told = [
            "environment variable DATABASE_URL is required",
            "required environment variable \"DATABASE_URL\" is not set",
            "Error: Missing required environment variable: DATABASE_URL",
            "DATABASE_URL is not set",
            "fatal: env var DATABASE_URL not set",
            "DATABASE_URL environment variable is not set!",
            "missing env DATABASE_URL",
            "env: environment variable \"DATABASE_URL\" should not be empty",
            "required key DATABASE_URL missing value",
            "You must specify DATABASE_URL to a non-empty value",
            "Please set the DATABASE_URL variable",
            "/entrypoint.sh: line 3: DATABASE_URL: unbound variable",
            "sh: 1: DATABASE_URL: parameter not set",
            "Could not resolve placeholder 'DATABASE_URL' in value \"${DATABASE_URL}\"",
            "Missing required config: DATABASE_URL",
            "DATABASE_URL must be set",
            "environment variable `DATABASE_URL` not found",
            "Required environment variables are not set: DATABASE_URL, OTHER",
            "DATABASE_URL must be set: NotPresent",
        ];
        for message in told {
            assert_eq!(about(message).as_deref(), Some("DATABASE_URL"), "{message}");
        }
    }

    #[test]
    fn other_absences_are_not_variables() {
        for message in [
            "order ORD12 not found",
            "required field email is missing",
            "HTTP required",
            "connecting with DATABASE_URL from the environment",
        ] {
            assert_eq!(about(message), None, "{message}");
        }
    }
}
