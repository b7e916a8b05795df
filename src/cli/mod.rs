//! The command line: one file per subcommand, each answering one question.
//!
//! Enters: arguments. Leaves: results on the given output, talk on stderr, and an [`Outcome`] that
//! becomes the exit code: 0 fine, 1 found something, 2 could not answer (wrong use, unreachable). These
//! three never change their meaning.
//!
//! *No command writes to the cluster, asks a question on the terminal, or decides anything that a room
//! decides.* A command reads its arguments, calls the rooms and prints.

mod check;
mod completions;
mod db;
mod demo;
mod diagnose;
mod dump;
mod explain;
mod init;
mod live;
pub mod logging;
mod reach;
mod records;
mod route;
mod run;
mod update;
mod version;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

pub(crate) use reach::Reach;

/// Everything that can be typed.
#[derive(Debug, Parser)]
#[command(
    name = "firsthand",
    version,
    about = "Takes the evidence of a Kubernetes incident first hand and says what it proves",
    after_help = "Exit code: 0 fine, 1 found something, 2 could not answer.",
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How to talk meanwhile.
    #[command(flatten)]
    pub log: logging::Args,
}

/// The subcommands, in the order a newcomer meets them.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the daemon: alerts and metrics in, messages out
    Run(run::Args),
    /// What is wrong here? In a namespace, one workload, or a dump
    Diagnose(diagnose::Args),
    /// Write the evidence of a namespace to a folder, redacted, to be diagnosed or sent elsewhere
    Dump(dump::Args),
    /// Which incidents are there, and how does one stand?
    Incidents(records::Incidents),
    /// What happened in an incident, and why was what decided? All of it, in order
    Timeline(records::Timeline),
    /// Draft the postmortem of an incident from its record
    Postmortem(records::Postmortem),
    /// Tell everyone who hears of an incident something in your own words
    Update(update::Args),
    /// Is this settings file good? Names every fault at once
    Check(check::Args),
    /// Who would hear? Shows the way of something with these labels through the route tree
    Route(route::Args),
    /// What does a cause mean? Without one, lists all
    Explain(explain::Args),
    /// Print a settings file to begin with, from what is found in the cluster
    Init(init::Args),
    /// How much is kept? Also copies the store, and gives room back
    Db(db::Args),
    /// Watch the real daemon work through an incident in a stand-in world
    Demo(demo::Args),
    /// Which version is this?
    Version(version::Args),
    /// Print the completions for a shell
    Completions(completions::Args),
}

/// What a command found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is wrong.
    Fine,
    /// Something is wrong, and it was said.
    Found,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Fine => Self::SUCCESS,
            Outcome::Found => Self::from(1),
        }
    }
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// Runs one command; results go to `out`.
///
/// # Errors
/// When the question could not be answered: wrong use, something unreadable or unreachable.
pub async fn run(command: Command, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    match command {
        Command::Run(args) => run::run(args, out).await,
        Command::Diagnose(args) => diagnose::run(args, out).await,
        Command::Dump(args) => dump::run(args, out).await,
        Command::Incidents(args) => records::incidents(args, out).await,
        Command::Timeline(args) => records::timeline(args, out).await,
        Command::Postmortem(args) => records::postmortem(args, out).await,
        Command::Update(args) => update::run(args, out).await,
        Command::Check(args) => check::run(args, out).await,
        Command::Route(args) => route::run(&args, out),
        Command::Explain(args) => explain::run(&args, out),
        Command::Init(args) => init::run(args, out).await,
        Command::Db(args) => db::run(args, out).await,
        Command::Demo(args) => demo::run(args, out).await,
        Command::Version(args) => version::run(&args, out),
        Command::Completions(args) => completions::run(&args, out),
    }
}

impl Cli {
    /// How much a command logs where nobody asked: the demo shows a channel, and its daemon's log would
    /// stand between the messages.
    pub fn usual_log_level(&self) -> &'static str {
        if matches!(self.command, Command::Demo(_)) { "error" } else { "info" }
    }

    /// Reads the process's arguments.
    ///
    /// # Errors
    /// The exit code, when help or a complaint was printed instead: 0 after help, 2 after wrong use.
    pub fn from_arguments() -> Result<Self, ExitCode> {
        let mut command = Self::command();
        if is_plugin() {
            command = command.name("kubectl-firsthand").bin_name("kubectl firsthand");
        }
        command.try_get_matches().and_then(|found| Self::from_arg_matches(&found)).map_err(|told| {
            let _ = told.print();
            ExitCode::from(u8::try_from(told.exit_code()).unwrap_or(2))
        })
    }
}

/// Whether kubectl started this program, by a link called `kubectl-firsthand` in the PATH.
fn is_plugin() -> bool {
    let program = std::env::args_os().next().unwrap_or_default();
    std::path::Path::new(&program).file_stem().is_some_and(|name| name == "kubectl-firsthand")
}

/// Whether an error only says that the reader of our output went away, as `head` does.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
    })
}

/// The process's environment, as far as it is text.
fn environment() -> crate::config::Environment {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}
