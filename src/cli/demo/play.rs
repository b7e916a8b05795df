//! Puts the world, the daemon and the audience together, and lets the time pass.

use std::io::{IsTerminal as _, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::stories::{self, Step, Story};
use crate::config;
use crate::daemon::Daemon;
use crate::standin::alertmanager::{Alerts, Pace};
use crate::standin::kubernetes::{Kubernetes, Objects};
use crate::standin::prometheus::Prometheus;
use crate::standin::slack::{Options, Slack};
use crate::standin::world::World;
use crate::standin::{page, terminal};

/// How often the world moves on.
const STEP: Duration = Duration::from_millis(250);

/// After this many seconds the story ends even when the incident has not.
const LONGEST: i64 = 150;

/// The channel of the demo's Slack.
const CHANNEL: &str = "C0ALERTS01";

/// The channel of those who depend on what fails.
const STATUS: &str = "C0STATUS01";

/// The demo's token; the stand-in takes no other.
const TOKEN: &str = "xoxb-demo";

/// Plays a story until its incident has ended.
pub(super) async fn play(
    story: &Story,
    listen: SocketAddr,
    once: bool,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let stand_ins = StandIns::start().await?;
    let stop = CancellationToken::new();
    let daemon = start_daemon(folder.path(), &stand_ins, stop.clone()).await?;
    let page = page::serve(listen, stand_ins.slack.clone()).await?;

    introduce(story, page, out)?;
    let mut audience =
        [CHANNEL, STATUS].map(|name| terminal::Channel::new(stand_ins.slack.clone(), name));
    let webhook = format!("http://{}/alertmanager", daemon.address());
    let mut stage = Stage::new(stand_ins, webhook)?;
    tokio::select! {
        played = stage.play(story, &mut audience, out) => played?,
        signal = tokio::signal::ctrl_c() => signal?,
    }
    if !once && std::io::stdout().is_terminal() {
        writeln!(out, "\nThe channel stays at http://{page} until Ctrl-C.")?;
        out.flush()?;
        tokio::signal::ctrl_c().await?;
    }
    stop.cancel();
    daemon.ended().await
}

fn introduce(story: &Story, page: SocketAddr, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "{}: {}", story.name, story.about)?;
    writeln!(out, "The channel as Slack would show it: http://{page}")?;
    writeln!(
        out,
        "The real daemon runs over a stand-in cluster, Prometheus, Alertmanager and Slack in this \
         process.\nOnly the pace is the demo's: polls every 2 s instead of 15 s, recovery watched for \
         12 s instead of 10 min.\n"
    )?;
    Ok(out.flush()?)
}

/// The stand-ins that the daemon speaks to.
struct StandIns {
    slack: Slack,
    kubernetes: Kubernetes,
    prometheus: Prometheus,
}

impl StandIns {
    async fn start() -> anyhow::Result<Self> {
        let options = Options {
            token: TOKEN.into(),
            channels: vec![CHANNEL.into(), STATUS.into()],
            ..Options::default()
        };
        Ok(Self {
            slack: Slack::start(options).await?,
            kubernetes: Kubernetes::start(Objects::default()).await?,
            prometheus: Prometheus::start().await?,
        })
    }
}

/// The daemon as `run` starts it, from a settings file.
async fn start_daemon(
    folder: &Path,
    stand_ins: &StandIns,
    stop: CancellationToken,
) -> anyhow::Result<Daemon> {
    let file = folder.join("firsthand.yaml");
    std::fs::write(folder.join("slack-token"), TOKEN)?;
    let settings = include_str!("demo.yaml")
        .replace("KUBERNETES", &stand_ins.kubernetes.url())
        .replace("PROMETHEUS", &stand_ins.prometheus.url())
        .replace("SLACK", &stand_ins.slack.url());
    std::fs::write(&file, settings)?;
    let settings = config::read(Some(&file), &config::Environment::new())?;
    Daemon::start(settings, stop).await
}

/// The world and everyone who looks at it.
struct Stage {
    stand_ins: StandIns,
    world: World,
    alerts: Alerts,
    webhook: String,
    client: reqwest::Client,
    /// Bodies that the daemon has not taken yet; sent again, as Alertmanager does.
    unsent: Vec<serde_json::Value>,
}

impl Stage {
    fn new(stand_ins: StandIns, webhook: String) -> anyhow::Result<Self> {
        let now = Timestamp::now();
        let pace =
            Pace { hold: SignedDuration::from_secs(4), window: SignedDuration::from_secs(12) };
        Ok(Self {
            stand_ins,
            world: stories::shop(now),
            alerts: Alerts::new("prod-eu", pace),
            webhook,
            client: reqwest::Client::builder().timeout(Duration::from_secs(9)).build()?,
            unsent: Vec::new(),
        })
    }

    async fn play(
        &mut self,
        story: &Story,
        audience: &mut [terminal::Channel],
        out: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let began = Timestamp::now();
        let mut steps = story.steps.iter().peekable();
        let mut tick = tokio::time::interval(STEP);
        loop {
            tick.tick().await;
            let now = Timestamp::now();
            let second = now.duration_since(began).as_secs();
            if let Some(Step { told, deed, .. }) = steps.next_if(|step| second >= step.at) {
                writeln!(out, "── {told}\n")?;
                deed(&mut self.world);
            }
            self.pass(now).await;
            for channel in &mut *audience {
                channel.print_news(out)?;
            }
            out.flush()?;
            if steps.peek().is_none() && self.is_over() || second > LONGEST {
                return Ok(());
            }
        }
    }

    /// Lets the world move on and shows it to Kubernetes, Prometheus and Alertmanager.
    async fn pass(&mut self, now: Timestamp) {
        self.world.tick(now);
        let objects = self.world.objects();
        self.stand_ins.kubernetes.change(|served| *served = objects);
        let samples = self.world.samples();
        self.unsent.extend(self.alerts.evaluate(now, &samples));
        self.stand_ins.prometheus.scrape(now, samples);
        while let Some(body) = self.unsent.first() {
            let sent = self.client.post(&self.webhook).json(body).send().await;
            if !sent.is_ok_and(|answer| answer.status().is_success()) {
                break;
            }
            self.unsent.remove(0);
        }
    }

    /// Every incident has ended when its thread says so in the channel and the message is current.
    fn is_over(&self) -> bool {
        let messages = self.stand_ins.slack.messages(CHANNEL);
        let mut main = messages.iter().filter(|message| message.thread_ts.is_none()).peekable();
        main.peek().is_some()
            && main.all(|message| message.text.to_lowercase().contains("resolved"))
    }
}
