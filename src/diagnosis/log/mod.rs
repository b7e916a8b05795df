//! Reads the end of one container's log and says which line tells why it ended.
//!
//! Enters: text, at most a few hundred KiB, from anyone. Leaves: a [`Reading`]: the line that matters,
//! quoted verbatim, with its kind, the first frame of the user's own code and the thing it names; or
//! nothing, which is an answer too.
//!
//! The rules: the last fatal word before the exit, not the loudest; an error after which the program went
//! on is history; a trace inside a handled request is no crash; what is said after a request to stop is
//! the fault of whoever asked. *Text is data here: nothing in it is followed, and no text is too long,
//! too odd or too hostile to be read in one pass.*

mod beam;
mod choose;
mod failure;
mod found;
mod go;
mod java;
mod level;
mod lines;
mod module;
mod native;
mod network;
mod node;
mod others;
mod python;
mod record;
mod schema;
mod script;
mod search;
mod server;
mod service;
mod settings;
mod shell;
mod system;
mod tail;
mod usage;
mod variable;
mod window;

pub(super) use network::endpoint_in;

/// What the end of a log tells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// The line that tells why the program ended, if one does.
    pub told: Option<Told>,
    /// The last failed call to another service, where `told` speaks of something else: what may stand
    /// behind it.
    pub behind: Option<Told>,
    /// The line that says that the program was asked to stop. Then `told` is nothing: the one who asked
    /// is to blame.
    pub stopped: Option<Mark>,
}

/// One line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its number, from 1.
    pub line: u64,
    /// The line as it stands, without control characters, at most 300 characters of it.
    pub quote: String,
}

/// The line that matters, and what it says.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// What kind of failure.
    pub kind: Kind,
    /// How much the line itself proves.
    pub weight: Weight,
    /// Whose form it has.
    pub language: Language,
    /// Where it stands, and its words.
    pub mark: Mark,
    /// What it says, without prefixes: the panic's value, the exception's class and message.
    pub message: String,
    /// The innermost frame of the user's own code.
    pub frame: Option<Frame>,
    /// The thing it names: a variable, flag, file, command, module, key, or `host:port`.
    pub named: Option<String>,
    /// The other service it names, as `host:port` or `host`, where it tells of a call to one.
    pub endpoint: Option<String>,
    /// Why this line was chosen, in words.
    pub why: &'static str,
}

impl Told {
    /// The host and the port it failed to reach, where it names them.
    pub fn endpoint(&self) -> Option<(&str, Option<u16>)> {
        self.endpoint.as_deref().map(host_and_port)
    }

    /// The service that this program depends on and that failed it, with how; nothing where the line is
    /// about the program itself or names no host.
    pub fn edge(&self) -> Option<Edge<'_>> {
        let (host, port) = self.endpoint().filter(|_| self.kind.is_dependency())?;
        Some(Edge { host, port, failure: self.kind })
    }
}

/// A dependency that failed: an edge from the program that wrote the log to the service it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge<'a> {
    /// The host as the log names it: a name or an address.
    pub host: &'a str,
    /// The port, where the log names it.
    pub port: Option<u16>,
    /// How it failed: a [`Kind`] of which [`Kind::is_dependency`] is true.
    pub failure: Kind,
}

/// A place in the user's own code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The file as the trace names it.
    pub file: String,
    /// The line in it.
    pub line: Option<u32>,
    /// The function, where the trace names it.
    pub function: Option<String>,
}

impl std::fmt::Display for Frame {
    /// `/src/main.go:242`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file),
            None => f.write_str(&self.file),
        }
    }
}

/// What kind of failure a line tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A panic: the program found itself broken.
    Panic,
    /// An exception that nobody caught.
    Exception,
    /// The program gave up in its own words.
    Fatal,
    /// A signal or an abort in native code.
    Native,
    /// The language's own heap is full; not the kernel's doing.
    HeapExhausted,
    /// A flag or an argument it does not take, or lacks.
    UsageError,
    /// An environment variable it needs and does not find.
    MissingVariable,
    /// A file it needs and does not find.
    MissingFile,
    /// A module, package or class it needs and does not find.
    MissingModule,
    /// A command that a shell does not find.
    CommandNotFound,
    /// A command that a shell may not run.
    NotExecutable,
    /// A binary that the kernel cannot run.
    ExecFormat,
    /// Another service refused the connection.
    Refused,
    /// Another service did not answer in time, or there is no route to it.
    TimedOut,
    /// The name of another service does not resolve.
    UnknownName,
    /// Another service answered and then closed the connection, or answers that it is not ready.
    Unavailable,
    /// Another service does not accept the user, the password or the token.
    Credentials,
    /// A certificate or a TLS handshake: not trusted, expired, for another name, or not to be read.
    Tls,
    /// No connection left: in the program's own pool or at the other service.
    PoolExhausted,
    /// Another service takes no writes: a replica, or one that protects itself.
    ReadOnly,
    /// A file or a system call that it may not use.
    Permission,
    /// A port that is taken already.
    AddressInUse,
    /// No space left, or a file system that takes no writes.
    Disk,
    /// A setting or a configuration file that it does not understand.
    Config,
    /// A schema that does not fit: a table or column that is not there, a migration that failed.
    Schema,
}

impl Kind {
    /// Whether it is about reaching another service.
    pub fn is_network(self) -> bool {
        matches!(self, Self::Refused | Self::TimedOut | Self::UnknownName)
    }

    /// Whether it is about another service at all, reached or not.
    pub fn is_dependency(self) -> bool {
        self.is_network()
            || matches!(
                self,
                Self::Unavailable
                    | Self::Credentials
                    | Self::Tls
                    | Self::PoolExhausted
                    | Self::ReadOnly
            )
    }
}

/// How much a line proves, in rising order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// An error was logged, near the end.
    Logged,
    /// The program's own last word, in a form that programs use when they give up.
    Said,
    /// The language's own report of an end that nothing can survive.
    Ended,
}

/// Whose form a line has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// Go's runtime.
    Go,
    /// Python's interpreter.
    Python,
    /// A JVM.
    Java,
    /// Node.js.
    Node,
    /// Rust's standard library.
    Rust,
    /// Ruby's interpreter.
    Ruby,
    /// .NET's runtime.
    DotNet,
    /// PHP's interpreter.
    Php,
    /// C's and C++'s libraries, or the kernel.
    Native,
    /// A shell.
    Shell,
    /// A structured log line: JSON or `key=value`.
    Structured,
    /// Dart's runtime.
    Dart,
    /// Erlang's runtime, under Erlang or Elixir.
    Beam,
    /// A database, broker or proxy, in its own form.
    Server,
    /// Plain words.
    Text,
}

/// Reads the end of one log, however long it is. Linear in its length.
pub fn read(text: &str) -> Reading {
    read_bytes(text.as_bytes())
}

/// The host and the port of `db:5432`; an address of IPv6 has no port beside it.
pub(super) fn host_and_port(endpoint: &str) -> (&str, Option<u16>) {
    match endpoint.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => (host, port.parse().ok()),
        _ => (endpoint, None),
    }
}

/// What a structured line says, its message and the error beside it, whatever its level.
pub(super) fn said_by_record(line: &str) -> Option<String> {
    let start = line.find('{').filter(|start| *start < 120);
    let record =
        start.and_then(|start| record::json(&line[start..])).or_else(|| record::logfmt(line))?;
    let error = record.error.as_deref().and_then(|error| error.lines().next()).unwrap_or_default();
    let said = record.said.lines().next().unwrap_or_default();
    let whole = match (said.trim(), error.trim()) {
        ("", "") => return None,
        (said, "") => said.to_owned(),
        ("", error) => error.to_owned(),
        (said, error) if said.contains(error) => said.to_owned(),
        (said, error) => format!("{said}: {error}"),
    };
    Some(lines::bounded(&whole))
}

/// Whether one line, by itself, is an error or worse.
pub(super) fn is_error(line: &str) -> bool {
    level::read(&lines::Lines::new(line, 0), 0).is_some()
}

/// A call to another service that failed, as a program tells of it which goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FailedCall {
    pub(super) kind: Kind,
    /// `host:port`, or the host.
    pub(super) endpoint: String,
    /// Counts from 1.
    pub(super) line: u64,
    /// The line, bounded, verbatim.
    pub(super) quote: String,
    /// How often the last lines tell of it.
    pub(super) times: usize,
}

/// How many of a log's last lines are looked through for failed calls.
const LAST_CALLS: usize = 60;

/// The calls that the last lines of a log tell of, each endpoint once, the last first.
pub(super) fn failed_calls(text: &str) -> Vec<FailedCall> {
    let mut found: Vec<FailedCall> = Vec::new();
    let lines = text.lines().enumerate().collect::<Vec<_>>();
    for (at, line) in lines.into_iter().rev().take(LAST_CALLS) {
        let Some((kind, Some(endpoint))) = network::about(line, &line.to_ascii_lowercase()) else {
            continue;
        };
        match found.iter_mut().find(|it| it.endpoint == endpoint && it.kind == kind) {
            Some(known) => known.times += 1,
            None => found.push(FailedCall {
                kind,
                endpoint,
                line: at as u64 + 1,
                quote: lines::bounded(line.trim()),
                times: 1,
            }),
        }
    }
    found
}

/// As [`read`], of bytes that may be no text. This is the door for fuzzing.
pub fn read_bytes(bytes: &[u8]) -> Reading {
    let window = window::of(bytes);
    choose::choose(&lines::Lines::new(&window.text, window.lines_before))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Pieces of real reports, in any order and cut anywhere: what a hostile or broken program may write.
    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("panic: boom [recovered]\n".to_owned()),
            Just("\ngoroutine 1 [running]:\nmain.f(0x1)\n\t/a.go:1 +0x1\n".to_owned()),
            Just("Traceback (most recent call last):\n".to_owned()),
            Just("  File \"/a.py\", line 1, in f\n    x = os.environ['A_B']\n".to_owned()),
            Just("KeyError: 'A_B'\n".to_owned()),
            Just(
                "Exception in thread \"main\" a.b.XException: x\n\tat a.B.c(B.java:1)\n".to_owned()
            ),
            Just("Caused by: ".to_owned()),
            Just("Error: x\n    at f (/a.js:1:2)\n^\nNode.js v20\n".to_owned()),
            Just(
                "{\"level\":\"error\",\"err\":{\"stack\":\"Error: x\\n    at f (/a.js:1:2)\"}}\n"
                    .to_owned()
            ),
            Just("---> Description:\nAPPLICATION FAILED TO START\n".to_owned()),
            Just("\u{1b}[31mERROR dial tcp db:5432: connection refused\r\n".to_owned()),
            Just("received SIGTERM\n".to_owned()),
            "\\PC{0,40}\n?",
            "[ -~\\t\\n]{0,60}",
        ];
        proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn no_text_stops_the_reader(text in pieces(), cut in 0usize..400) {
            let text = &text[text.floor_char_boundary(cut.min(text.len()))..];
            let reading = read(text);
            for told in reading.told.iter().chain(&reading.behind) {
                prop_assert!(told.mark.line >= 1);
                prop_assert!(told.mark.line <= text.lines().count().max(1) as u64);
                prop_assert!(told.mark.quote.chars().count() <= 300);
                prop_assert!(told.message.chars().count() <= 300);
            }
            prop_assert!(reading.stopped.is_none() || reading.told.is_none());
        }

        #[test]
        fn quote_is_verbatim(text in pieces()) {
            let text = text.replace(['\u{1b}', '\r'], "");
            if let Some(told) = read(&text).told {
                let line = text.split('\n').nth(told.mark.line as usize - 1).unwrap_or_default();
                let printable: String = line.chars().filter(|c| !c.is_control() || *c == '\t').collect();
                prop_assert!(printable.contains(&told.mark.quote), "{:?} in {:?}", told.mark.quote, line);
            }
        }
    }

    #[test]
    fn nothing_found_is_an_answer() {
        assert_eq!(read(""), Reading::default());
        assert_eq!(read("listening on :8080\nGET / 200\n"), Reading::default());
    }
}
