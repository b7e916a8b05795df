//! `firsthand explain`: what does a cause mean, what somebody sees of one, or a severity?

use std::io::Write;
use std::path::PathBuf;

use anyhow::bail;

use super::{Format, Outcome};
use crate::brief::{
    explain_json, explain_list, explain_severity, explain_severity_json, explain_sign,
    explain_sign_json, explain_text,
};
use crate::config;
use crate::diagnosis::Cause;
use crate::diagnosis::causes::ALL;
use crate::diagnosis::signs::{SIGNS, causes_that_mention, sign_called};

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Examples:\n  firsthand explain env-var-missing\n  firsthand explain 137\n  firsthand explain CrashLoopBackOff"
)]
pub struct Args {
    /// A cause as findings name it; or a state, an exit code, the reason of an event, the name of an
    /// alert; or `severity`. Without one, all causes are listed
    #[arg(value_name = "WHAT")]
    cause: Option<String>,
    /// The settings file, for `severity`: its matrix, and who hears
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How to print the answer
    #[arg(long, short, value_enum, default_value_t)]
    output: Format,
}

/// Explains one cause, or lists all; or explains the severities.
pub(super) fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    if args.cause.as_deref() == Some("severity") {
        return severity(args, out);
    }
    let sign = args.cause.as_deref().filter(|name| !ALL.iter().any(|it| it.id == *name));
    if let Some(sign) = sign.and_then(sign_called) {
        match args.output {
            Format::Text => write!(out, "{}", explain_sign(sign))?,
            Format::Json => writeln!(out, "{:#}", explain_sign_json(sign))?,
        }
        return Ok(Outcome::Fine);
    }
    match (&args.cause, args.output) {
        (None, Format::Text) => write!(out, "{}", explain_list(ALL))?,
        (None, Format::Json) => {
            let all: Vec<_> = ALL.iter().map(|cause| explain_json(cause)).collect();
            writeln!(out, "{:#}", serde_json::Value::from(all))?;
        }
        (Some(id), Format::Text) => write!(out, "{}", explain_text(find(id)?))?,
        (Some(id), Format::Json) => writeln!(out, "{:#}", explain_json(find(id)?))?,
    }
    Ok(Outcome::Fine)
}

fn severity(args: &Args, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    let settings = config::read_to_look(args.config.as_deref(), &super::environment())?;
    let route = args.config.as_ref().map(|_| &settings.route);
    match args.output {
        Format::Text => write!(out, "{}", explain_severity(&settings.incident, route))?,
        Format::Json => {
            writeln!(out, "{:#}", explain_severity_json(&settings.incident, route))?;
        }
    }
    Ok(Outcome::Fine)
}

fn find(id: &str) -> anyhow::Result<&'static Cause> {
    if let Some(cause) = ALL.iter().find(|cause| cause.id == id) {
        return Ok(cause);
    }
    let mentioned: Vec<&str> = causes_that_mention(id).iter().map(|cause| cause.id).collect();
    if !mentioned.is_empty() {
        bail!("no cause is called {id:?}; these speak of it: {}", mentioned.join(", "));
    }
    let names =
        ALL.iter().map(|cause| cause.id).chain(SIGNS.iter().flat_map(|it| it.names).copied());
    let likeness = |name: &&str| (strsim::jaro_winkler(name, id) * 1000.0) as u32;
    match names.max_by_key(likeness).filter(|name| likeness(name) > 700) {
        Some(near) => bail!("nothing is called {id:?}; did you mean {near:?}?"),
        None => bail!("nothing is called {id:?}; firsthand explain lists all causes"),
    }
}
