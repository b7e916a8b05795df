//! A stand-in of Slack's Web API, as strict as the real one: it enforces the limits of messages and
//! blocks, the pace of a channel and the error words, answers badly on order, and remembers
//! everything.
//!
//! Enters: `auth.test`, `chat.postMessage`, `chat.update`, `conversations.history` and
//! `conversations.replies` on loopback. Leaves: the channels as people would see them
//! ([`Slack::messages`], [`Slack::thread`]), and what a careful reviewer would object to although
//! Slack itself accepts it ([`Slack::violations`]).

mod api;
mod rules;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::Instant;

/// How the stand-in behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// The only token it takes.
    pub token: String,
    /// Channels the bot is in. Others are `channel_not_found`.
    pub channels: Vec<String>,
    /// A channel takes one message in this time, after a short burst; else 429 with `Retry-After`.
    pub pace: Duration,
    /// How many messages the burst is.
    pub burst: u32,
    /// Whether the token has the history scopes; without them searching is `missing_scope`.
    pub history: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            token: "xoxb-standin".into(),
            channels: vec!["C0ALERTS01".into()],
            pace: Duration::from_secs(1),
            burst: 2,
            history: true,
        }
    }
}

/// A message as it stands in a channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Posted {
    /// The channel.
    pub channel: String,
    /// Its name for ever: seconds since 1970 with six decimals.
    pub ts: String,
    /// The message it replies to.
    pub thread_ts: Option<String>,
    /// Whether the reply is also shown in the channel.
    pub broadcast: bool,
    /// The text, for notifications and search.
    pub text: String,
    /// The blocks.
    pub blocks: Vec<Value>,
    /// When it was last edited.
    pub edited_ts: Option<String>,
    /// The metadata it was posted with.
    pub metadata: Value,
    /// What it said before: when that was said, text, blocks. Oldest first.
    pub history: Vec<(String, String, Vec<Value>)>,
}

/// A bad answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// This HTTP status, nothing done. 429 comes with `Retry-After: 1`.
    Status(u16),
    /// 429 with this many seconds, nothing done.
    RetryAfter(u64),
    /// `ok: false` with this word, nothing done.
    Error(String),
    /// No answer at all, nothing done.
    Silence,
    /// The connection breaks, nothing done.
    Reset,
    /// Done, and no answer.
    DoneSilence,
    /// Done, and the connection breaks.
    DoneReset,
    /// Status 200 and a page of HTML, nothing done: a captive portal.
    Html,
}

/// One call that arrived, answered or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// `chat.postMessage`, …
    pub method: String,
    /// When it arrived.
    pub at: Instant,
    /// Its arguments.
    pub body: Value,
}

/// The running stand-in. A cheap clone; it listens until the runtime ends.
#[derive(Clone, Debug)]
pub struct Slack {
    address: SocketAddr,
    world: World,
}

#[derive(Clone, Debug)]
struct World {
    state: Arc<Mutex<State>>,
    changes: Arc<watch::Sender<u64>>,
}

#[derive(Debug, Default)]
struct State {
    options: Options,
    messages: Vec<Posted>,
    calls: Vec<Call>,
    violations: Vec<String>,
    orders: VecDeque<(String, Order)>,
    standing: Option<Order>,
    /// Per channel: when the next message would be on pace.
    on_pace_at: HashMap<String, Instant>,
    last_ts: i64,
}

impl Slack {
    /// Starts it on a free port of loopback.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start(options: Options) -> std::io::Result<Self> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let world = World {
            state: Arc::new(Mutex::new(State { options, ..State::default() })),
            changes: Arc::new(watch::Sender::new(0)),
        };
        let app = api::router(world.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self { address, world })
    }

    /// What to set as `api_url`.
    pub fn url(&self) -> String {
        format!("http://{}/api/", self.address)
    }

    /// The messages of a channel in order, replies not counted.
    pub fn messages(&self, channel: &str) -> Vec<Posted> {
        let state = self.world.lock();
        let top = state.messages.iter().filter(|m| m.channel == channel && m.thread_ts.is_none());
        top.cloned().collect()
    }

    /// The replies to a message, in order.
    pub fn thread(&self, ts: &str) -> Vec<Posted> {
        let state = self.world.lock();
        let replies = state.messages.iter().filter(|m| m.thread_ts.as_deref() == Some(ts));
        replies.cloned().collect()
    }

    /// Every message of every channel, replies included, in the order of arrival.
    pub fn everything(&self) -> Vec<Posted> {
        self.world.lock().messages.clone()
    }

    /// What Slack would accept and a careful reviewer would not: mentions, forged links, unescaped
    /// text, missing fallback text, unfurled links, a repeated metadata key.
    pub fn violations(&self) -> Vec<String> {
        self.world.lock().violations.clone()
    }

    /// Every call that arrived.
    pub fn calls(&self) -> Vec<Call> {
        self.world.lock().calls.clone()
    }

    /// Answers the next `times` calls of that method badly.
    pub fn order(&self, method: &str, order: &Order, times: usize) {
        let mut state = self.world.lock();
        state.orders.extend((0..times).map(|_| (method.to_owned(), order.clone())));
    }

    /// Answers every call badly, until called with `None`.
    pub fn down(&self, order: Option<Order>) {
        self.world.lock().standing = order;
    }

    /// Somebody deletes a message.
    pub fn delete(&self, ts: &str) {
        self.world.lock().messages.retain(|m| m.ts != ts);
        self.world.changed();
    }

    /// Changes how it behaves: a rotated token, another channel.
    pub fn change(&self, change: impl FnOnce(&mut Options)) {
        change(&mut self.world.lock().options);
    }

    /// Told of every change, with the number of changes so far.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.world.changes.subscribe()
    }
}

impl World {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }
}
