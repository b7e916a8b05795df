//! `firsthand incidents`, `timeline` and `postmortem`: what the ledger has recorded.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use serde_json::json;

use super::{Format, Outcome};
use crate::brief::{self, Context, document};
use crate::config;
use crate::incident::Incident;
use crate::ledger::Ledger;

/// Which ledger is read.
#[derive(Debug, clap::Args)]
pub(crate) struct Store {
    /// The settings file, for where the store is; else ./firsthand.db
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Arguments of `incidents`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:\n  firsthand incidents --limit 50")]
pub struct Incidents {
    #[command(subcommand)]
    show: Option<Show>,
    /// How many at most; open ones come first
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u32,
    /// How to print the answer
    #[arg(long, short, value_enum, default_value_t, global = true)]
    output: Format,
    #[command(flatten)]
    store: Store,
}

/// One incident.
#[derive(Debug, clap::Subcommand)]
enum Show {
    /// Show one incident as it stands
    Show {
        /// Its id: FH-20261121-0211-checkout
        id: String,
    },
}

/// Arguments of `timeline`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:\n  firsthand timeline FH-20261121-0211-checkout")]
pub struct Timeline {
    /// The incident: FH-20261121-0211-checkout
    id: String,
    /// How to print the answer
    #[arg(long, short, value_enum, default_value_t)]
    output: Format,
    #[command(flatten)]
    store: Store,
}

/// Arguments of `postmortem`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:\n  firsthand postmortem FH-20261121-0211-checkout -o html")]
pub struct Postmortem {
    /// The incident: FH-20261121-0211-checkout
    id: String,
    /// The form of the draft
    #[arg(long, short, value_enum, default_value_t)]
    output: Draft,
    #[command(flatten)]
    store: Store,
}

/// The form of a draft.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Draft {
    /// For a wiki.
    #[default]
    Markdown,
    /// One file for a browser.
    Html,
    /// For programs.
    Json,
}

/// Lists the incidents, or shows one.
pub(super) async fn incidents(args: Incidents, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    let (ledger, context) = args.store.open().await?;
    if let Some(Show::Show { id }) = &args.show {
        let incident = find(&ledger, id).await?;
        match args.output {
            Format::Text => write!(out, "{}", brief::text::main(&incident, &context))?,
            Format::Json => writeln!(out, "{:#}", json!(brief::json::main(&incident, &context)))?,
        }
        return Ok(Outcome::Fine);
    }
    let all = ledger.recent(args.limit).await.context("reading the store")?;
    match args.output {
        Format::Json => {
            let all: Vec<_> = all.iter().map(|it| brief::json::main(it, &context)).collect();
            writeln!(out, "{:#}", json!(all))?;
        }
        Format::Text if all.is_empty() => writeln!(out, "no incident is recorded")?,
        Format::Text => write!(out, "{}", brief::records::list(&all, &context))?,
    }
    Ok(Outcome::Fine)
}

/// Prints everything that was recorded of one incident, in order.
pub(super) async fn timeline(args: Timeline, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    let (ledger, _) = args.store.open().await?;
    let incident = find(&ledger, &args.id).await?;
    let entries = ledger.timeline(&incident.id).await.context("reading the store")?;
    match args.output {
        Format::Json => writeln!(out, "{:#}", json!(entries))?,
        Format::Text => write!(out, "{}", brief::records::timeline(&entries))?,
    }
    Ok(Outcome::Fine)
}

/// Prints the draft of a postmortem.
pub(super) async fn postmortem(args: Postmortem, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    let (ledger, context) = args.store.open().await?;
    let incident = find(&ledger, &args.id).await?;
    let entries = ledger.timeline(&incident.id).await.context("reading the store")?;
    let draft = brief::postmortem(&incident, &entries, &context);
    match args.output {
        Draft::Markdown => write!(out, "{}", document::to_markdown(&draft))?,
        Draft::Html => writeln!(out, "{}", document::to_html(&draft))?,
        Draft::Json => writeln!(out, "{:#}", json!(draft))?,
    }
    Ok(Outcome::Fine)
}

impl Store {
    /// The ledger beside a daemon that may be writing to it, to add a signal.
    pub(super) async fn open_to_write(&self) -> anyhow::Result<(Ledger, Context)> {
        let (path, context) = self.found()?;
        let ledger = Ledger::open_beside(&path).await.context("opening the store")?;
        Ok((ledger, context))
    }

    /// The ledger beside a daemon that may be writing to it, and what words about it depend on.
    async fn open(&self) -> anyhow::Result<(Ledger, Context)> {
        let (path, context) = self.found()?;
        let ledger = Ledger::open_to_read(&path).await.context("opening the store")?;
        Ok((ledger, context))
    }

    fn found(&self) -> anyhow::Result<(PathBuf, Context)> {
        let settings = config::read_to_look(self.config.as_deref(), &super::environment())?;
        let path = &settings.store.path;
        if !path.exists() {
            bail!("there is no store at {}; name the settings file with --config", path.display());
        }
        let context = Context {
            cluster: settings.cluster.name.clone(),
            rules: settings.incident.clone(),
            ..Context::at(Timestamp::now())
        };
        Ok((path.clone(), context))
    }
}

/// The incident of that id, or of the only one that ends in it: people say `checkout`.
pub(super) async fn find(ledger: &Ledger, id: &str) -> anyhow::Result<Incident> {
    if let Some(incident) = ledger.incident(id).await.context("reading the store")? {
        return Ok(incident);
    }
    let recent = ledger.recent(1_000).await.context("reading the store")?;
    let mut near = recent.into_iter().filter(|incident| incident.id.ends_with(&format!("-{id}")));
    match (near.next(), near.next()) {
        (Some(one), None) => Ok(one),
        (Some(one), Some(other)) => {
            bail!("{id} may be {} or {}; name one of them", one.id, other.id)
        }
        (None, _) => bail!("there is no incident {id}; firsthand incidents lists them"),
    }
}
