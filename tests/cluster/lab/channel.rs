//! The channel of one story, as its readers see it.

use firsthand::standin::slack::{Options, Posted, Slack};
use serde_json::Value;

/// The channel's id.
pub(crate) const CHANNEL: &str = "C0ALERTS01";
/// The bot's token.
pub(crate) const TOKEN: &str = "xoxb-lab";

/// Parts of rich text that are one paragraph each.
const LINES: [&str; 3] = ["rich_text_section", "rich_text_preformatted", "rich_text_quote"];

/// A Slack stand-in with one channel, as strict and as slow as the real one.
#[derive(Debug)]
pub(crate) struct Channel(Slack);

impl Channel {
    pub(crate) async fn open() -> Self {
        let options = Options { token: TOKEN.into(), ..Options::default() };
        Self(Slack::start(options).await.expect("Slack"))
    }

    /// What to set as `api_url`.
    pub(crate) fn url(&self) -> String {
        self.0.url()
    }

    /// The main messages, each in words.
    pub(crate) fn messages(&self) -> Vec<String> {
        self.0.messages(CHANNEL).iter().map(words).collect()
    }

    /// The main message about a workload; two of them are a fault of their own.
    pub(crate) fn message(&self, workload: &str) -> Option<Posted> {
        let mut about =
            self.0.messages(CHANNEL).into_iter().filter(|posted| about(posted, workload));
        let first = about.next();
        if let Some(second) = about.next() {
            panic!("{workload} has two messages; the second one:\n{}", words(&second));
        }
        first
    }

    /// The replies to the message about a workload, each in words.
    pub(crate) fn thread(&self, workload: &str) -> Vec<String> {
        let main = self.message(workload);
        main.map_or_else(Vec::new, |main| self.0.thread(&main.ts).iter().map(words).collect())
    }

    /// Whether the last reply about a workload was also shown to the whole channel.
    pub(crate) fn last_was_broadcast(&self, workload: &str) -> bool {
        let main = self.message(workload);
        main.is_some_and(|main| self.0.thread(&main.ts).last().is_some_and(|last| last.broadcast))
    }

    /// What a careful reviewer would object to.
    pub(crate) fn violations(&self) -> Vec<String> {
        self.0.violations()
    }

    /// Everything that was said, for people.
    pub(crate) fn transcript(&self) -> String {
        let mut all = String::new();
        for main in self.0.messages(CHANNEL) {
            for (at, text, _) in &main.history {
                all.push_str(&format!("  (at {at}: {})\n", text.replace('\n', " ")));
            }
            all.push_str(&format!("{}\n", words(&main)));
            for reply in self.0.thread(&main.ts) {
                all.push_str(&format!("    ↳ {}\n", words(&reply).replace('\n', "\n      ")));
            }
        }
        all
    }
}

/// Where a message names its workload: `identified · depot-1f2e / Deployment packer · lab`.
fn about(posted: &Posted, workload: &str) -> bool {
    let words = words(posted);
    let mut places = words.lines().flat_map(|line| line.split(" · "));
    places.any(|it| it.contains(" / ") && it.split_whitespace().next_back() == Some(workload))
}

/// All that people can read in a message, in its order.
pub(crate) fn words(posted: &Posted) -> String {
    let mut said = vec![posted.text.clone()];
    posted.blocks.iter().for_each(|block| collect(block, &mut said));
    said.join("\n")
}

fn collect(value: &Value, said: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            // A line of rich text comes in pieces.
            if let Some(Value::Array(pieces)) = fields.get("elements")
                && fields["type"].as_str().is_some_and(|kind| LINES.contains(&kind))
            {
                let line: String =
                    pieces.iter().filter_map(|piece| piece["text"].as_str()).collect();
                said.push(line);
                return;
            }
            match fields.get("text") {
                Some(Value::String(text)) => said.push(text.clone()),
                _ => fields.values().for_each(|value| collect(value, said)),
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, said)),
        _ => {}
    }
}
