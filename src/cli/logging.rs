//! What is said on stderr, and how.

use anyhow::Context;
use clap::ValueEnum;
use tracing_subscriber::{EnvFilter, filter::Directive, fmt, prelude::*};

/// Targets that would say more than they should: `slack_morphism` prints request URIs at debug, and the
/// HTTP stack says nothing that helps an operator. `kube_client` logs each call that fails as an error,
/// without saying which; those are blind spots, and said as such.
const CAPPED: [&str; 5] =
    ["slack_morphism=info", "hyper_util=info", "hyper=info", "h2=info", "kube_client=off"];

/// Options about the log, the same for every command.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Log (on stderr)")]
pub struct Args {
    /// How log lines are written
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORM")]
    pub log_format: LogFormat,
    /// How much is logged: a level, or a filter as in `info,firsthand::delivery=debug`
    #[arg(long, global = true, env = "RUST_LOG", value_name = "LEVEL", hide_env = true)]
    pub log_level: Option<String>,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// Starts the log, at the `usual` level where none was asked for. Called once.
///
/// # Errors
/// When the filter cannot be read.
pub fn start(args: &Args, usual: &str) -> anyhow::Result<()> {
    let filter = filter(args.log_level.as_deref().unwrap_or(usual))?;
    let lines = fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(filter);
    match args.log_format {
        LogFormat::Text => {
            let colour = std::io::IsTerminal::is_terminal(&std::io::stderr())
                && std::env::var_os("NO_COLOR").is_none();
            registry.with(lines.with_ansi(colour).with_target(false)).try_init()
        }
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init(),
    }
    .context("starting the log")
}

/// The filter as given, with the talkative targets capped unless it names them itself.
fn filter(wanted: &str) -> anyhow::Result<EnvFilter> {
    let mut filter = EnvFilter::try_new(wanted).with_context(|| {
        format!(
            "log level `{wanted}`; use error, warn, info, debug or trace, or `info,target=debug`"
        )
    })?;
    for cap in CAPPED {
        let target = cap.split('=').next().unwrap_or(cap);
        if target == "slack_morphism" || !wanted.contains(&format!("{target}=")) {
            filter = filter.add_directive(cap.parse::<Directive>().context("a log cap")?);
        }
    }
    Ok(filter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slack_uris_stay_out_of_the_log_even_when_asked_for() {
        let filter = filter("trace,slack_morphism=trace").unwrap().to_string();
        assert!(filter.contains("slack_morphism=info"), "{filter}");
        assert!(!filter.contains("slack_morphism=trace"), "{filter}");
    }

    #[test]
    fn a_level_that_cannot_be_read_is_refused_with_the_levels_there_are() {
        let error = format!("{:#}", filter("firsthand=loud").unwrap_err());
        assert!(error.contains("use error, warn, info, debug or trace"), "{error}");
    }
}
