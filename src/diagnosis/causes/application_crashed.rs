//! The program ends itself: a panic, an exception that nobody catches, a last fatal word.

use super::prelude::*;
use crate::diagnosis::complaint::quoted;
use crate::diagnosis::ending::Ending;
use crate::diagnosis::log::Kind;

pub(super) static CAUSE: Cause = Cause {
    id: "application-crashed",
    title: "The application crashes on an error of its own",
    since: "0.1.0",
    reads: &[Pods, Logs, Revisions],
    clears: &[],
    why: "The application in container {container} crashes: {message}. It happens at {place}.",
    fix: &[
        "Find what in image or libraries raises {native}: a core dump or a debug build names the place; where it is SIGILL, run it on nodes whose processor has the instruction.",
        "Fix {place}.",
        "Fix the error that container {container} names: {unplaced}.",
    ],
    avoid: &["Raising limits or probe thresholds: the application ends itself."],
    looks_for: &[
        "A Go panic or fatal error with the goroutine that was running.",
        "A Python traceback; in a chain, the last exception and the first.",
        "A Java or Kotlin exception of the main thread; the innermost `Caused by`. Spring Boot's own report.",
        "A Node.js error that nobody caught, or a rejection that nobody handled.",
        "Reports of Rust, Ruby, .NET, PHP, C and C++; the last message of level fatal in any structured log.",
        "An exit code that such an end has. A kill from outside (137, 143, OOMKilled, a failed probe) is no crash.",
    ],
    confirm: "The container runs for longer than it ever did between two crashes, and its restart count stands still.",
    links: &[
        "https://kubernetes.io/docs/tasks/debug/debug-application/debug-running-pod/",
        "https://go.dev/ref/spec#Handling_panics",
        "https://docs.python.org/3/tutorial/errors.html",
        "https://nodejs.org/api/process.html#event-uncaughtexception",
    ],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let told = case.endings().iter().filter(|it| is_own_error(it.told.kind)).map(hypothesis);
    let silent = case.containers().filter(|container| {
        !case.endings().iter().any(|ending| ending.container.name() == container.name())
    });
    told.chain(silent.filter_map(by_signal)).collect()
}

/// What the kernel ends a program for by itself. An abort is the program's own doing.
fn signal(code: i32) -> Option<(&'static str, &'static str)> {
    Some(match code {
        132 => ("SIGILL", "it uses an instruction that this processor does not have"),
        134 => ("SIGABRT", "it gave itself up"),
        135 => ("SIGBUS", "it used memory that is not behind its mapping"),
        136 => ("SIGFPE", "it divided by zero, or the like"),
        139 => ("SIGSEGV", "it used memory that is not its own"),
        159 => ("SIGSYS", "it made a system call that its seccomp profile forbids"),
        _ => return None,
    })
}

/// A run that ended by a signal of its own making, with no report in the log.
fn by_signal(container: ContainerView<'_>) -> Option<Hypothesis> {
    let ended = container.last_ended()?;
    let (name, meaning) = signal(ended.exit_code())?;
    let place = format!("last state of {}/{}", container.pod().name(), container.name());
    let code = ended.exit_code();
    let found = Hypothesis::likely(CAUSE.id).because(Proof::quoted(
        format!("exit code {code} is {name}"),
        ended.reason(),
        place,
    ));
    let found = match last_words(&container) {
        Some((log, number, line)) => found.because(log.proof("its last words", line, number)),
        None => found,
    };
    Some(
        found
            .fact("container", container.name())
            .fact("pod", container.pod().name())
            .fact("message", format!("{meaning} ({name}, exit code {code})"))
            .fact("exit_code", code)
            .fact("native", name)
            .settle("kubectl -n {namespace} logs {pod} -c {container} --previous --tail=50"),
    )
}

fn last_words<'a>(
    container: &ContainerView<'a>,
) -> Option<(crate::diagnosis::LogView<'a>, u64, String)> {
    let log = container.log()?;
    let lines = log.text.lines().enumerate();
    let (at, line) = lines.filter(|(_, line)| !line.trim().is_empty()).last()?;
    Some((log, at as u64 + 1, quoted(line)))
}

/// What has a cause of its own is left to it.
fn is_own_error(kind: Kind) -> bool {
    match kind {
        Kind::Panic
        | Kind::Exception
        | Kind::Fatal
        | Kind::Native
        | Kind::HeapExhausted
        | Kind::MissingFile
        | Kind::MissingModule
        | Kind::Permission
        | Kind::AddressInUse
        | Kind::Unavailable
        | Kind::Credentials
        | Kind::Tls
        | Kind::PoolExhausted
        | Kind::ReadOnly
        | Kind::Disk
        | Kind::Config
        | Kind::Schema => true,
        Kind::UsageError
        | Kind::MissingVariable
        | Kind::CommandNotFound
        | Kind::NotExecutable
        | Kind::ExecFormat
        | Kind::Refused
        | Kind::TimedOut
        | Kind::UnknownName => false,
    }
}

fn hypothesis(ending: &Ending<'_>) -> Hypothesis {
    let mut hypothesis = ending.hypothesis(CAUSE.id, ending.told.why);
    if let Some(frame) = &ending.told.frame {
        let function = frame.function.as_ref().map(|name| format!(" ({name})"));
        let place = format!("{frame}{}", function.unwrap_or_default());
        let fact = format!("the innermost frame of its own code is {place}");
        hypothesis = hypothesis.because(Proof::fact(fact)).fact("place", place);
    }
    let unplaced = ending.told.frame.is_none().then(|| ending.told.message.trim_end_matches('.'));
    hypothesis.maybe("unplaced", unplaced).maybe("named", ending.told.named.as_deref())
}
