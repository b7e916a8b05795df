//! `firsthand demo`: the real daemon over a small stand-in world, playing one incident in about a minute.
//!
//! The world (a cluster, its Prometheus and Alertmanager, a Slack) lives in this process on loopback;
//! the daemon is the one that `run` starts, with settings read from a file like any other. Only the
//! pace is the demo's own, and it says so.

mod play;
mod stories;

use std::io::Write;
use std::net::SocketAddr;

use anyhow::Context as _;

use super::Outcome;
use stories::{STORIES, Story};

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:\n  firsthand demo --list")]
pub struct Args {
    /// Which incident to play; see --list
    #[arg(value_name = "STORY", default_value = STORIES[0].name)]
    story: String,
    /// List the incidents that can be played
    #[arg(long)]
    list: bool,
    /// Where the page with the channel is served
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// End when the story has ended, instead of keeping the page up
    #[arg(long)]
    once: bool,
}

/// Plays the story.
pub(super) async fn run(args: Args, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    if args.list {
        for Story { name, about, .. } in STORIES {
            writeln!(out, "{name:<18}{about}")?;
        }
        return Ok(Outcome::Fine);
    }
    let story = STORIES.iter().find(|story| story.name == args.story).with_context(|| {
        let names: Vec<&str> = STORIES.iter().map(|story| story.name).collect();
        format!("no story {:?}; there are {}", args.story, names.join(", "))
    })?;
    play::play(story, args.listen, args.once, out).await?;
    Ok(Outcome::Fine)
}
