//! What programs say of the things they need: words that mean the same in every language and driver, and
//! the line of the log in which they stand. Shared by the causes about such complaints.

use std::sync::LazyLock;

use regex::RegexSet;

use super::ending::Ending;
use super::log::{Kind, Weight};
use super::{Case, Certainty, ContainerView, Hypothesis, LogView, Proof};

/// How many of a log's last lines are looked through where nothing in it tells why the program ended.
const LAST_LINES: usize = 60;

/// How often a program that runs must complain before that counts: once is start-up noise.
const REPEATED: usize = 2;

/// How often a program that is ready must complain, and how near the end once more.
const OFTEN: usize = 3;
const LATELY: usize = 15;

/// What a program complains about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Complaint {
    /// Credentials that another service refuses, or a user, database or right that is not there.
    Credentials,
    /// The API server forbids it something.
    Forbidden,
    /// No token of a ServiceAccount.
    NoToken,
    /// A certificate that is not accepted.
    Certificate,
    /// No more connections to be had.
    Exhausted,
    /// A database that takes no writes.
    ReadOnly,
    /// A port that another process of the pod holds.
    PortTaken,
    /// A port below 1024 without the right to it.
    PortPrivileged,
    /// A file it may not read or write.
    File,
    /// No space.
    DiskFull,
    /// A data directory that it refuses.
    DataDirectory,
    /// Data of another version.
    DataVersion,
    /// A migration of the schema.
    Migration,
    /// The language's own heap.
    Heap,
    /// A setting, or a file of settings, that it does not understand.
    Setting,
    /// The name server itself does not answer.
    Resolver,
}

/// The words of each, the more specific first. Lines are matched in lower case.
const WORDS: [(Complaint, &str); 16] = [
    (
        Complaint::Forbidden,
        r#"is forbidden: user "?system:serviceaccount:|user "?\\?"?system:serviceaccount:\S+ cannot [a-z]+ "#,
    ),
    (
        Complaint::NoToken,
        r"serviceaccount/token: no such file|in-cluster config.*(no such file|not running)|unable to load in-cluster configuration|service ?host/port is not set|kubernetes_service_host.*(must be|not) (defined|set)",
    ),
    (
        Complaint::ReadOnly,
        r"in a read-only transaction|readonly you can'?t write against a read only|--read-only option so it cannot|super-read-only|not ?(writable)?primary\b.*(write|code)|notwritableprimary|not master and slaveok|database is in read-?only mode|attempt to write a readonly database",
    ),
    (
        Complaint::Exhausted,
        r"too many connections|sorry, too many clients|remaining connection slots are reserved|max number of clients reached|connection pool (is )?(exhausted|timed? ?out)|(queuepool|pool) limit of size|timeout acquiring (a )?connection|connection is not available, request timed out|timed out fetching a new connection from the connection pool|no more connections allowed|pool is exhausted|exhausted pool|max_user_connections|unable to acquire a connection|timed out waiting for (a )?connection from (the )?pool",
    ),
    (
        Complaint::Credentials,
        r#"password authentication failed|no password supplied|role "[^"]+" does not exist|database "[^"]+" does not exist|invalid_catalog_name|an error occurred \((403|accessdenied\w*|invalidclienttokenid|expiredtoken\w*|unrecognizedclientexception|authfailure)\)|access denied for user|unknown database '|authentication failed\b|failed to authenticate|authenticationfailed|could not find user|not authorized on \S+ to execute|command \S+ requires authentication|wrongpass|noauth authentication required|invalid username-password pair|err invalid password|login failed for user|no pg_hba\.conf entry|permission denied for (table|schema|database|relation|sequence)|access_refused|sasl authentication|saslauthenticationexception|invalid credentials|credentials invalid|smtpauthenticationerror|\b535[ ,-]|ora-01017|invalidaccesskeyid|signaturedoesnotmatch|bad username or password|incorrect username or password"#,
    ),
    (
        Complaint::Certificate,
        r"x509: c|certificate (has )?expired|certificate verify failed|certificate_verify_failed|self[- ]signed certificate|unable to (get local issuer|verify the first) certificate|pkix path (building|validation) failed|unknown certificate authority|tls: (bad|unknown) certificate|err_tls_cert_altname_invalid|hostname/ip does not match certificate|certificate is not yet valid|remote error: tls:|fatal alert: (certificate|badcertificate|unknownca)|certificateexpired|certificateunknown|cert_has_expired|depth_zero_self_signed|unable to find valid certification path|does not match certificate subject|key values mismatch|cannot load certificate|unable to load certificate",
    ),
    (
        Complaint::DataVersion,
        r"database files are incompatible with server|was initialized by postgresql version|featurecompatibilityversion|wrong (mongod )?version.*data files|can'?t handle rdb format version|cannot (upgrade|downgrade) from|invalid server version|unsupported redo log format|downgrade is not supported|incompatible (data|storage) version|data files are? (too new|incompatible)|cannot boot server version \d+ on data directory built by version|index.*created (with|in) version .* (is|not) (in)?compatible",
    ),
    (
        Complaint::DataDirectory,
        r#"data directory "[^"]+" (has (wrong ownership|invalid permissions|group or world)|is not empty)|initdb: error: directory .* exists but is not empty|root" execution of the postgresql server is not permitted|--initialize specified but the data directory has files|data directory .* (is unusable|not writable)|lock file ["']?\S*postmaster\.pid["']? already exists|unable to lock \S*(ibdata|mongod\.lock)|failed to obtain (the )?node lock|unable to lock the lock file|could not lock|can'?t open and lock privilege tables|invalid cluster\.?id\b|inconsistentclusteridexception"#,
    ),
    (
        Complaint::Migration,
        r"migration.*(fail|error|dirty|invalid|checksum|abort)|dirty database version|flyway(exception|validate)|validate failed: migrations|liquibaseexception|migrationfailedexception|alembic.*(error|can'?t locate revision)|can'?t locate revision identified by|prisma.*p30\d\d|\bp3009\b|migrate (found|could not)|failed to (apply|run|execute) migration|error running migrations?|activerecord::(pendingmigration|migration)|django\.db\.migrations\S*error|inconsistentmigrationhistory|knexfile.*migration|goose.*failed",
    ),
    (
        Complaint::Heap,
        r"outofmemoryerror|heap out of memory|\bmemoryerror\b|runtime: out of memory|std::bad_alloc|memory allocation of \d+ bytes failed|insufficient memory for the java runtime|allowed memory size of \d+ bytes exhausted|system\.outofmemoryexception|cannot allocate memory|gc overhead limit exceeded",
    ),
    (
        Complaint::DiskFull,
        r"no space left on device|enospc|disk ?(is )?full|disk quota exceeded|not enough (disk )?space",
    ),
    (
        Complaint::PortTaken,
        r"address already in use|eaddrinuse|address in use|port (\d+ )?(is )?already (in use|allocated)|port \d+ was already in use|only one usage of each socket address",
    ),
    (
        Complaint::PortPrivileged,
        r"bind(\(\) to \S+)?.*(permission denied|eacces)|listen eacces|(permission denied|eacces).*(bind|listen)|permissionerror.*(bind|:(80|443)\b)|listen tcp \S*:\d{1,3}: .*permission denied",
    ),
    (
        Complaint::Resolver,
        r"temporary failure in name resolution|eai_again|server misbehaving|lookup \S+ on \S+:53: (read|dial) udp .*(timeout|refused|unreachable)|lookup \S+ on \S+: .*i/o timeout|dns.*(timed? ?out|servfail)|servfail",
    ),
    (
        Complaint::Setting,
        r"invalid (configuration|config|setting)|failed to (parse|load|read|decode|unmarshal) (the )?(config|configuration|settings)|cannot unmarshal|yaml: (line|unmarshal|did not)|error parsing (the )?(config|configuration)|unknown directive|unknown (setting|configuration|config) |configuration (error|file .* test failed)|toml: |invalid value .* for (env|environment|variable|setting|option)|strconv\.\w+: parsing|invalid literal for int|numberformatexception|invalid boolean|could not parse .* as",
    ),
    (
        Complaint::File,
        r"permission denied|eacces|accessdeniedexception|read-only file system|erofs|operation not permitted|eperm\b",
    ),
];

static FORMS: LazyLock<Option<RegexSet>> =
    LazyLock::new(|| RegexSet::new(WORDS.iter().map(|(_, form)| form)).ok());

/// What a line complains about; the most specific.
pub(super) fn about(line: &str) -> Option<Complaint> {
    let lower = line.to_ascii_lowercase();
    let found = FORMS.as_ref()?.matches(&lower).iter().next()?;
    let complaint = WORDS.get(found).map(|(complaint, _)| *complaint)?;
    // The kernel's word for a full table of watches is the same as for a full disk.
    let watches = lower.contains("watch") || lower.contains("inotify");
    if complaint == Complaint::DiskFull && watches {
        return None;
    }
    // A lock that cannot be had because nothing can be written: errno 30 is EROFS.
    let read_only = lower.contains("error: 30") || lower.contains("errno: 30");
    let locked = complaint == Complaint::DataDirectory && read_only;
    Some(if locked { Complaint::File } else { complaint })
}

/// What the reader of logs has told already.
fn of_kind(kind: Kind) -> Option<Complaint> {
    Some(match kind {
        Kind::Credentials => Complaint::Credentials,
        Kind::Tls => Complaint::Certificate,
        Kind::PoolExhausted => Complaint::Exhausted,
        Kind::ReadOnly => Complaint::ReadOnly,
        Kind::AddressInUse => Complaint::PortTaken,
        Kind::Disk => Complaint::DiskFull,
        Kind::HeapExhausted => Complaint::Heap,
        Kind::Schema => Complaint::Migration,
        Kind::Permission => Complaint::File,
        Kind::Config => Complaint::Setting,
        _ => return None,
    })
}

/// A complaint in the log of a container in trouble.
pub(super) struct Heard<'a> {
    pub(super) container: ContainerView<'a>,
    /// The line, bounded, verbatim.
    pub(super) quote: String,
    /// What it says, without the log's own prefixes.
    pub(super) message: String,
    /// The host and port that the line or the log's reader names.
    pub(super) endpoint: Option<String>,
    base: Hypothesis,
}

/// Where the logs of a case complain about that: in the line that tells why the program ended, in the
/// failed call behind it, or repeatedly near the end of a log that tells nothing else.
pub(super) fn heard<'a>(
    case: &Case<'a>,
    cause: &'static str,
    wanted: Complaint,
    fact: &str,
) -> Vec<Heard<'a>> {
    if case.is_quiet() {
        // A server tells of its clients' faults in the same words. That the API server forbids something is
        // always its own.
        if wanted != Complaint::Forbidden && case.alerts().next().is_none() {
            return Vec::new();
        }
        let logs = case.containers().filter_map(|it| Some((it, it.running_log()?)));
        return logs
            .filter(|(_, log)| is_still_said(log.text, wanted))
            .filter_map(|(container, log)| of_log(container, &log, cause, wanted, fact))
            .collect();
    }
    let mut found: Vec<Heard<'a>> = Vec::new();
    for ending in case.endings() {
        // A run that goes on has not ended by these words; that they come again and again tells more.
        let runs = ending.container.is_running() && ending.container.exit_code().is_none();
        let repeated = runs
            .then(|| of_log(ending.container, &ending.log, cause, wanted, fact))
            .flatten()
            .filter(|it| it.base.certainty >= Certainty::Likely);
        found.extend(repeated.or_else(|| of_ending(ending, cause, wanted, fact)));
    }
    for (container, log) in case.logs() {
        if !case.endings().iter().any(|it| it.log.text == log.text) {
            found.extend(of_log(container, &log, cause, wanted, fact));
        }
    }
    found
}

fn of_ending<'a>(
    ending: &Ending<'a>,
    cause: &'static str,
    wanted: Complaint,
    fact: &str,
) -> Option<Heard<'a>> {
    let told = &ending.told;
    let own =
        about(&told.message).or_else(|| about(&told.mark.quote)).or_else(|| of_kind(told.kind));
    let (mark, weaker) = match (own, &ending.behind) {
        (Some(complaint), _) if complaint == wanted => (&told.mark, false),
        (None, Some(behind)) if about(&behind.mark.quote) == Some(wanted) => (&behind.mark, true),
        // A last word that names its own reason leaves nothing to look for above it.
        (None, _) if told.kind.is_network() && told.endpoint.is_none() => {
            return of_log(ending.container, &ending.log, cause, wanted, fact);
        }
        (None, _) if !matches!(told.kind, Kind::Panic | Kind::Exception | Kind::Fatal) => None?,
        (None, _) => return of_log(ending.container, &ending.log, cause, wanted, fact),
        _ => return None,
    };
    let mut base = ending.hypothesis(cause, fact);
    if let Some(proof) = base.because.first_mut() {
        *proof = ending.log.proof(fact, &mark.quote, mark.line);
    }
    let code = ending.container.exit_code();
    let own_end = code.is_some_and(|code| matches!(code, 1..=127 | 134 | 255));
    if !weaker && own_end && told.weight > Weight::Logged {
        // The program's last word names one thing it cannot do without, and the program ends.
        base.certainty = Certainty::Certain;
    }
    if weaker {
        base.certainty = base.certainty.min(Certainty::Likely);
    }
    let endpoint = super::log::endpoint_in(&mark.quote);
    let message = if weaker { mark.quote.trim() } else { told.message.trim_end_matches('.') };
    // A reader may have taken its message from another line of the same report.
    let message = match about(message) {
        Some(complaint) if complaint == wanted => message.to_owned(),
        _ => said_in(&mark.quote),
    };
    Some(Heard { container: ending.container, quote: mark.quote.clone(), message, endpoint, base })
}

/// Whether a program that is well says it often, and again near the end.
fn is_still_said(text: &str, wanted: Complaint) -> bool {
    let newest: Vec<&str> = text.lines().rev().take(LAST_LINES).collect();
    // At a lower level programs repeat other people's words.
    let said = |line: &&str| about(line) == Some(wanted) && super::log::is_error(line);
    newest.iter().copied().filter(said).count() >= OFTEN && newest.iter().take(LATELY).any(said)
}

/// A line as it stands, bounded, without what would move a cursor.
pub(super) fn quoted(line: &str) -> String {
    line.trim().chars().filter(|it| !it.is_control() || *it == '\t').take(300).collect()
}

/// What one line says, without the log's own prefixes, where it has a form that is known.
pub(super) fn said_in(line: &str) -> String {
    if let Some(said) = super::log::said_by_record(line) {
        return said.trim_end_matches('.').to_owned();
    }
    let told = super::log::read(line).told;
    told.map_or_else(
        || line.trim().to_owned(),
        |told| told.message.trim_end_matches('.').to_owned(),
    )
}

/// The last such line near the end. A line that a program went on from proves less than its last word.
fn of_log<'a>(
    container: ContainerView<'a>,
    log: &LogView<'a>,
    cause: &'static str,
    wanted: Complaint,
    fact: &str,
) -> Option<Heard<'a>> {
    let lines: Vec<&str> = log.text.lines().collect();
    let first = lines.len().saturating_sub(LAST_LINES);
    let near = lines.iter().enumerate().skip(first);
    let mine: Vec<(usize, &str)> = near
        .filter(|(_, line)| about(line) == Some(wanted))
        .map(|(at, line)| (at, *line))
        .collect();
    let (at, line) = *mine.last()?;
    let runs = container.is_running();
    let failed = container.exit_code().is_some_and(|code| code != 0 && code != 137);
    let certainty = match (runs, failed) {
        (false, true) if lines.len() - at <= LAST_LINES / 4 => Certainty::Likely,
        (true, _) if mine.len() >= REPEATED => Certainty::Likely,
        _ => Certainty::Possible,
    };
    let quote = quoted(line);
    let previous = if log.name.starts_with("previous") { " --previous" } else { "" };
    let base = Hypothesis::with(cause, certainty)
        .because(log.proof(fact, quote.clone(), at as u64 + 1))
        .fact("container", container.name())
        .fact("pod", container.pod().name())
        .fact("message", said_in(&quote))
        .maybe("exit_code", container.exit_code())
        .settle(format!(
            "kubectl -n {{namespace}} logs {{pod}} -c {{container}}{previous} --tail=50"
        ));
    let base = match mine.len() {
        0 | 1 => base,
        many => base.because(Proof::fact(format!("{many} of its last lines say so"))),
    };
    let (message, endpoint) = (said_in(&quote), super::log::endpoint_in(&quote));
    Some(Heard { container, quote, message, endpoint, base })
}

impl Heard<'_> {
    /// The hypothesis so far.
    pub(super) fn hypothesis(&self) -> Hypothesis {
        self.base.clone().maybe("endpoint", self.endpoint.as_deref())
    }

    /// What stands between these words and the next of `ends`, in the line as it stands.
    pub(super) fn after(&self, words: &str, ends: &[char]) -> Option<&str> {
        let rest = self.quote.split_once(words)?.1;
        let found = rest.split(ends).next()?.trim().trim_matches(['"', '\'', '\\']);
        (!found.is_empty()).then_some(found)
    }
}
