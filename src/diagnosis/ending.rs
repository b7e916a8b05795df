//! How a container's last run ended: its log read beside its exit code, because neither proves alone.

use super::log::{Kind, Language, Told, Weight, read};
use super::{Case, Certainty, ContainerView, Hypothesis, LogView, Proof};

/// What the log of one container in trouble tells, weighed against how the run ended.
pub(super) struct Ending<'a> {
    pub(super) container: ContainerView<'a>,
    pub(super) log: LogView<'a>,
    pub(super) told: Told,
    /// The failed call to another service that may stand behind `told`.
    pub(super) behind: Option<Told>,
    /// How much log and exit code prove together.
    pub(super) certainty: Certainty,
    /// What does not fit, in words.
    doubt: Option<String>,
}

/// One ending for each distinct log of the containers in trouble; none where the log tells of a request to
/// stop, or where the kernel or the kubelet ended the run.
pub(super) fn endings<'a>(case: &Case<'a>) -> Vec<Ending<'a>> {
    case.logs().into_iter().filter_map(|(container, log)| ending(container, log)).collect()
}

fn ending<'a>(container: ContainerView<'a>, log: LogView<'a>) -> Option<Ending<'a>> {
    let reading = read(log.text);
    let told = reading.told?;
    if ended_from_outside(container, &told) {
        return None;
    }
    let (certainty, doubt) = judge(container, &told)?;
    Some(Ending { container, log, told, behind: reading.behind, certainty, doubt })
}

/// Whether the kernel, a probe or a deletion ended the run: what the log says then is not why.
fn ended_from_outside(container: ContainerView<'_>, told: &Told) -> bool {
    let Some(ended) = container.last_ended() else { return false };
    let killed = matches!(ended.exit_code(), 137 | 143);
    let by_probe = container
        .events()
        .iter()
        .any(|event| event.reason() == "Killing" && event.message().contains("probe"));
    let own_end = told.weight == Weight::Ended && fits(told, ended.exit_code());
    ended.reason() == "OOMKilled"
        || (killed && !told.kind.is_network())
        || (by_probe && !own_end && !told.kind.is_network())
}

/// How much the line proves, given the exit code; nothing where the code says that all went well.
fn judge(container: ContainerView<'_>, told: &Told) -> Option<(Certainty, Option<String>)> {
    let Some(code) = container.exit_code() else {
        let doubt = "the container has not ended: it runs".to_owned();
        return (told.weight > Weight::Logged || told.kind.is_network())
            .then_some((Certainty::Possible, Some(doubt)));
    };
    if code == 0 {
        let doubt = "the container ended with exit code 0, which says success".to_owned();
        return (told.weight == Weight::Ended).then_some((Certainty::Possible, Some(doubt)));
    }
    if matches!(code, 137 | 143) {
        let doubt = format!("exit code {code} is a kill from outside, not the program's own end");
        return Some((Certainty::Possible, Some(doubt)));
    }
    if !fits(told, code) {
        let doubt = format!("exit code {code} is not the one that such an end has by itself");
        return Some((Certainty::Likely, Some(doubt)));
    }
    Some(match told.weight {
        Weight::Ended => (Certainty::Certain, None),
        Weight::Said if says_all(told.kind) => (Certainty::Certain, None),
        Weight::Said | Weight::Logged => (Certainty::Likely, None),
    })
}

/// Complaints about the launch itself: with an exit code that is not 0 and nothing behind them in the log
/// they leave no room for another reason.
fn says_all(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::UsageError
            | Kind::MissingVariable
            | Kind::CommandNotFound
            | Kind::NotExecutable
            | Kind::ExecFormat
    )
}

/// Whether a run that ended so has that exit code. Launchers (npm, shells) turn any code into their own, so
/// 1 always fits; codes above 128 are signals.
fn fits(told: &Told, code: i32) -> bool {
    match (told.language, told.weight) {
        (_, Weight::Logged | Weight::Said) => code != 0,
        (Language::Go, _) => matches!(code, 1 | 2 | 134),
        (Language::Rust, _) => matches!(code, 1 | 101 | 134),
        (Language::Native | Language::DotNet, _) => code == 1 || code > 128,
        // V8 and the JVM abort where they run out of memory.
        (Language::Node | Language::Java, _) if told.kind == Kind::HeapExhausted => {
            matches!(code, 1 | 3 | 134)
        }
        (Language::Php, _) => matches!(code, 1 | 255),
        (Language::Shell, _) => matches!(code, 1 | 2 | 126 | 127),
        _ => code > 0 && code < 128,
    }
}

impl Ending<'_> {
    /// A hypothesis with everything that every cause says of an ending: the quote, the exit code, the
    /// doubt, the command that shows the log.
    pub(super) fn hypothesis(&self, cause: &'static str, fact: impl Into<String>) -> Hypothesis {
        let told = &self.told;
        let frame = told.frame.as_ref();
        let mut hypothesis = Hypothesis::with(cause, self.certainty)
            .because(self.log.proof(fact, &told.mark.quote, told.mark.line))
            .fact("container", self.container.name())
            .fact("pod", self.container.pod().name())
            .fact("message", told.message.trim_end_matches('.'))
            .maybe("frame", frame)
            .maybe("function", frame.and_then(|frame| frame.function.as_deref()))
            .maybe("exit_code", self.container.exit_code());
        if let Some(code) = self.container.exit_code() {
            let restarts = self.container.restarts();
            let times = match restarts {
                0 | 1 => String::new(),
                more => format!(", restarted {more} times"),
            };
            hypothesis = hypothesis.because(Proof::fact(format!("exit code {code}{times}")));
        }
        if let Some(doubt) = &self.doubt {
            hypothesis = hypothesis.against(Proof::fact(doubt.clone()));
        }
        let previous = if self.log.name.starts_with("previous") { " --previous" } else { "" };
        hypothesis.settle(format!(
            "kubectl -n {{namespace}} logs {{pod}} -c {{container}}{previous} --tail=50"
        ))
    }
}
