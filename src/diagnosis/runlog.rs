//! The logs of a container: which one tells of the run that ended, and where a line of it stands.

use super::container::ContainerView;
use super::ended::Ended;
use super::{Instance, Log, Proof};

impl<'a> ContainerView<'a> {
    /// The log of the newest ended run, or of the present run where none has ended. Where no log of it was
    /// read, its end may still stand in the termination message (`FallbackToLogsOnError`).
    pub fn log(self) -> Option<LogView<'a>> {
        let wanted = self.log_of(self.wanted_instance());
        // While a container waits both names mean one run; either answer will do. While it runs they do
        // not, and the present run says nothing about how the last one ended.
        let either = || {
            let one_run = !self.is_running();
            one_run.then(|| {
                self.log_of(Instance::Previous).or_else(|| self.log_of(Instance::Current))
            })?
        };
        wanted.or_else(either).or_else(|| self.last_words())
    }

    fn last_words(self) -> Option<LogView<'a>> {
        let ended = self.last_ended().filter(|ended| !ended.never_began())?;
        let text = ended.message()?;
        let name = format!("termination message of {}/{}", self.pod().name(), self.name());
        Some(LogView { name, text, cut: false })
    }

    /// The log of the present run, where one runs.
    pub fn running_log(self) -> Option<LogView<'a>> {
        self.is_running().then(|| self.log_of(Instance::Current))?
    }

    /// Why the log that [`Self::log`] would return could not be read.
    pub fn log_unavailable(self) -> Option<String> {
        if self.log().is_some() {
            return None;
        }
        let wanted = self.wanted_instance();
        let found = self.logs().find(|log| log.instance == wanted).or_else(|| self.logs().next());
        Some(match found {
            Some(log) => log.text.unavailable().unwrap_or("it is empty").to_owned(),
            None => "it is not in the evidence".to_owned(),
        })
    }

    /// `previous log of web-7d9`, with the container where the pod has several.
    pub fn log_name(self) -> String {
        self.label(self.wanted_instance())
    }

    fn logs(self) -> impl Iterator<Item = &'a Log> {
        let logs = self.pod().world().logs_of(&self.pod().object().metadata);
        logs.iter().copied().filter(move |log| log.container == self.name())
    }

    /// Which log tells of the newest ended run: `kubectl logs` while that run is still the container's
    /// state, `kubectl logs --previous` once another has begun or is waited for.
    fn wanted_instance(self) -> Instance {
        let ended_before = self.status().is_some_and(|status| {
            let last = status.last_state.as_ref().and_then(|state| state.terminated.as_ref());
            let now = status.state.as_ref().and_then(|state| state.terminated.as_ref());
            last.is_some() && now.is_none()
        });
        if ended_before { Instance::Previous } else { Instance::Current }
    }

    fn log_of(self, instance: Instance) -> Option<LogView<'a>> {
        let id = self.last_ended().and_then(Ended::container_id);
        let by_id = (instance == self.wanted_instance() && id.is_some())
            .then(|| self.logs().find(|log| log.container_id.as_deref() == id && has_text(log)))
            .flatten();
        let log = by_id.or_else(|| self.logs().find(|l| l.instance == instance && has_text(l)))?;
        let text = log.text.read()?;
        Some(LogView { name: self.label(instance), text, cut: log.cut })
    }

    fn label(self, instance: Instance) -> String {
        let which = match instance {
            Instance::Previous => "previous log",
            Instance::Current => "log",
        };
        let several = self.pod().containers().len() > 1;
        let container = if several { format!("/{}", self.name()) } else { String::new() };
        format!("{which} of {}{container}", self.pod().name())
    }
}

fn has_text(log: &Log) -> bool {
    log.text.read().is_some_and(|text| !text.trim().is_empty())
}

/// The log of one run.
#[derive(Clone, Debug)]
pub struct LogView<'a> {
    /// `previous log of web-7d9`.
    pub name: String,
    /// The text: the end of the log, already redacted.
    pub text: &'a str,
    /// Whether its beginning was cut off.
    pub cut: bool,
}

impl LogView<'_> {
    /// Where line `number` (from 1) stands: `previous log of web-7d9, line 214`.
    pub fn source(&self, number: u64) -> String {
        if self.cut {
            return format!("{}, line {number} of its end", self.name);
        }
        format!("{}, line {number}", self.name)
    }

    /// A line of this log as proof of `fact`.
    pub fn proof(&self, fact: impl Into<String>, quote: impl Into<String>, number: u64) -> Proof {
        Proof::quoted(fact, quote, self.source(number))
    }
}
