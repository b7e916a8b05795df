//! Whether the container at fault changes the schema of a database. Going back to the release before is
//! no way out then until somebody knows how far it came: the older code may not fit what it left behind.

use super::{Case, ContainerView, Hypothesis};

/// Beginnings of words that name such work whatever the tool: `migrate`, `db:migrate`, `migrations`.
const WORK: &str = "migrat";

/// Tools that do nothing else and whose command lines need not say so.
const TOOLS: [&str; 8] =
    ["flyway", "liquibase", "alembic", "dbmate", "goose", "sqitch", "phinx", "skeema"];

/// Causes by which a program refuses to begin: it has changed nothing yet.
const NOT_BEGUN: [&str; 11] = [
    "argument-invalid",
    "certificate-not-accepted",
    "command-not-found",
    "credentials-refused",
    "dependency-exhausted",
    "dependency-read-only",
    "dependency-unreachable",
    "dns-unavailable",
    "env-var-missing",
    "exec-format-error",
    "network-policy-blocks",
];

/// The container at fault, where it migrates a database and has ended in the middle of that.
pub(super) fn broken_off<'a>(case: &Case<'a>, best: &Hypothesis) -> Option<&'a str> {
    if NOT_BEGUN.contains(&best.cause.as_str()) {
        return None;
    }
    let name = best.facts.get("container")?;
    let container = case.containers().find(|it| it.name() == name)?;
    container.last_ended().filter(|ended| ended.exit_code() != 0)?;
    (is_migration(container) || tells_of_one(best)).then(|| container.name())
}

/// By its name, its image or its command line. The name of a pod that runs only this, a Job's, counts too.
fn is_migration(container: ContainerView<'_>) -> bool {
    let spec = container.spec();
    let said = spec.command.iter().flatten().chain(spec.args.iter().flatten());
    let alone = !container.runs_forever() && !container.is_init();
    let pod = alone.then(|| container.pod().name());
    [container.name(), container.image()]
        .into_iter()
        .chain(pod)
        .chain(said.map(String::as_str))
        .any(names_one)
}

/// A service that migrates while it starts says so in the line that it ends with.
fn tells_of_one(best: &Hypothesis) -> bool {
    best.facts.get("message").is_some_and(|message| names_one(message))
}

fn names_one(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let mut words = text.split(|it: char| !it.is_ascii_alphanumeric());
    words.any(|word| word.starts_with(WORK) || TOOLS.contains(&word))
}
