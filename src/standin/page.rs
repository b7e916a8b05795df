//! The channel as Slack's own client would show it: the same messages, laid out in the same way, kept
//! current while somebody looks.
//!
//! Enters: the messages of a [`Slack`] stand-in. Leaves: one page without any asset from elsewhere.
//! *It renders what was posted and adds no word of its own to a message*: what looks wrong here looks
//! wrong in Slack.

mod blocks;
mod mrkdwn;

use std::net::SocketAddr;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::{Timestamp, tz::TimeZone};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Deserialize;
use serde_json::json;

use super::slack::{Posted, Slack};

pub use blocks::render as render_message;

/// Serves the page on `listen`; port 0 takes a free one. Returns where it is.
///
/// # Errors
/// When the address cannot be bound.
pub async fn serve(listen: SocketAddr, slack: Slack) -> std::io::Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router(slack)).await });
    Ok(address)
}

/// `/`: the page. `/fragment?rev=`: its two panes where they have changed since, else 204.
pub fn router(slack: Slack) -> Router {
    Router::new().route("/", get(whole)).route("/fragment", get(fragment)).with_state(slack)
}

async fn whole(State(slack): State<Slack>) -> Markup {
    let revision = *slack.changes().borrow();
    page(&slack.everything(), revision)
}

#[derive(Deserialize)]
struct Since {
    #[serde(default)]
    rev: u64,
}

async fn fragment(State(slack): State<Slack>, Query(since): Query<Since>) -> Response {
    let revision = *slack.changes().borrow();
    if revision == since.rev {
        return StatusCode::NO_CONTENT.into_response();
    }
    let messages = slack.everything();
    let panes = json!({
        "rev": revision,
        "channel": channel(&messages).into_string(),
        "thread": thread(&messages).into_string(),
    });
    axum::Json(panes).into_response()
}

/// The whole page, as it stands at that revision of the channel.
pub fn page(messages: &[Posted], revision: u64) -> Markup {
    let name = messages.first().map_or("alerts", |message| message.channel.as_str());
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "# " (name) }
                style { (PreEscaped(include_str!("page/style.css"))) }
            }
            body data-rev=(revision) {
                header.top { b { "# " (name) } span { "a stand-in of Slack; times are UTC" } }
                main {
                    section.pane #channel { (channel(messages)) }
                    aside.pane #thread { (thread(messages)) }
                }
                script { (PreEscaped(include_str!("page/live.js"))) }
            }
        }
    }
}

/// What stands in the channel: messages, and replies that were also sent to it.
fn channel(messages: &[Posted]) -> Markup {
    let shown: Vec<_> = messages.iter().filter(|m| m.thread_ts.is_none() || m.broadcast).collect();
    html! {
        @if shown.is_empty() { p.nothing { "Nothing was said yet." } }
        @for (i, posted) in shown.iter().enumerate() {
            @let day = date(&posted.ts);
            @if i == 0 || shown.get(i - 1).is_some_and(|before| date(&before.ts) != day) {
                div.day { span { (day) } }
            }
            @let parent = posted.thread_ts.as_ref().and_then(|ts| messages.iter().find(|m| m.ts == *ts));
            (message(posted, parent.map(|parent| html! {
                p.aside { "replied to a thread: " span.link { (blocks::with_dots(&title(parent))) } }
            })))
            @if parent.is_none() { (replies(messages, posted)) }
        }
    }
}

/// The newest thread, beside the channel.
fn thread(messages: &[Posted]) -> Markup {
    let newest = messages.iter().rev().find_map(|m| m.thread_ts.as_ref());
    let parent = newest.and_then(|ts| messages.iter().find(|m| m.ts == *ts));
    let Some(parent) = parent else {
        return html! { h2 { "Thread" } p.nothing { "No replies yet." } };
    };
    let replies: Vec<_> = replies_to(messages, parent).collect();
    html! {
        h2 { "Thread" }
        (message(parent, None))
        div.count { span { (replies.len()) @if replies.len() == 1 { " reply" } @else { " replies" } } }
        @for reply in replies {
            (message(reply, reply.broadcast.then(|| html! { p.aside { "also sent to the channel" } })))
        }
    }
}

fn message(posted: &Posted, above: Option<Markup>) -> Markup {
    let key = format!("{}/{}", posted.ts, posted.edited_ts.as_deref().unwrap_or_default());
    html! {
        article.message data-key=(key) {
            div.avatar { "F" }
            div.body {
                @if let Some(above) = above { (above) }
                div.by {
                    b { "Firsthand" } span.app { "APP" }
                    time title=(posted.ts) { (clock(&posted.ts)) }
                }
                @if posted.blocks.is_empty() { p { (mrkdwn::render(&posted.text)) } }
                @else { (render_message(&posted.blocks)) }
                @if let Some(edited) = &posted.edited_ts {
                    span.edited title={ "edited " (clock(edited)) } { "(edited)" }
                }
            }
        }
    }
}

/// `4 replies  Last reply 02:42`.
fn replies(messages: &[Posted], parent: &Posted) -> Markup {
    let replies: Vec<_> = replies_to(messages, parent).collect();
    html! {
        @if let Some(last) = replies.last() {
            div.replies {
                span.mini { "F" }
                span.link { (replies.len()) @if replies.len() == 1 { " reply" } @else { " replies" } }
                " last reply " (clock(&last.ts))
            }
        }
    }
}

fn replies_to<'m>(messages: &'m [Posted], parent: &'m Posted) -> impl Iterator<Item = &'m Posted> {
    messages.iter().filter(|m| m.thread_ts.as_deref() == Some(parent.ts.as_str()))
}

/// The message's header, else its text's beginning.
fn title(posted: &Posted) -> String {
    let header = posted.blocks.iter().find(|block| block["type"] == "header");
    let text = header.and_then(|block| block["text"]["text"].as_str()).unwrap_or(&posted.text);
    text.chars().take(90).collect()
}

fn moment(ts: &str) -> Timestamp {
    let seconds = ts.split('.').next().and_then(|seconds| seconds.parse().ok()).unwrap_or(0);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn clock(ts: &str) -> String {
    moment(ts).to_zoned(TimeZone::UTC).strftime("%H:%M:%S").to_string()
}

fn date(ts: &str) -> String {
    moment(ts).to_zoned(TimeZone::UTC).strftime("%A, %-d %B").to_string()
}
