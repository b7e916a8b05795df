//! The methods, with the real one's answers and error words.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures::stream;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::{Call, Order, Posted, State, World, rules};

/// What a method answers: the fields beside `ok: true`, the word beside `ok: false`, or not yet.
type Answer = Result<Map<String, Value>, Refusal>;

enum Refusal {
    Word(&'static str),
    TooFast(Duration),
}

impl From<&'static str> for Refusal {
    fn from(word: &'static str) -> Self {
        Self::Word(word)
    }
}

pub(super) fn router(world: World) -> Router {
    Router::new().route("/api/{method}", post(posted).get(asked)).with_state(world)
}

async fn posted(
    Shared(world): Shared<World>,
    Path(method): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    answer(&world, &method, &headers, body).await
}

async fn asked(
    Shared(world): Shared<World>,
    Path(method): Path<String>,
    headers: HeaderMap,
    Query(query): Query<Map<String, Value>>,
) -> Response {
    answer(&world, &method, &headers, Value::Object(query)).await
}

async fn answer(world: &World, method: &str, headers: &HeaderMap, body: Value) -> Response {
    let order = {
        let mut state = world.lock();
        state.calls.push(Call {
            method: method.to_owned(),
            at: Instant::now(),
            body: body.clone(),
        });
        state.order_for(method)
    };
    let done = match order {
        Some(Order::Status(429)) => return too_many(1),
        Some(Order::RetryAfter(seconds)) => return too_many(seconds),
        Some(Order::Status(status)) => {
            return StatusCode::from_u16(status).unwrap_or_default().into_response();
        }
        Some(Order::Error(word)) => return said(&json!({ "ok": false, "error": word })),
        Some(Order::Html) => {
            return ([(header::CONTENT_TYPE, "text/html")], "<html>sign in</html>").into_response();
        }
        Some(Order::Silence) => return std::future::pending().await,
        Some(Order::Reset) => return broken(),
        Some(done @ (Order::DoneSilence | Order::DoneReset)) => Some(done),
        None => None,
    };
    let result = world.lock().call(method, headers, &body);
    world.changed();
    match done {
        Some(Order::DoneSilence) => return std::future::pending().await,
        Some(_) => return broken(),
        None => {}
    }
    match result {
        Ok(mut fields) => {
            fields.insert("ok".into(), true.into());
            said(&Value::Object(fields))
        }
        Err(Refusal::Word(word)) => said(&json!({ "ok": false, "error": word })),
        Err(Refusal::TooFast(wait)) => too_many(wait.as_secs_f64().ceil().max(1.0) as u64),
    }
}

fn said(value: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json; charset=utf-8")], value.to_string()).into_response()
}

fn too_many(seconds: u64) -> Response {
    let body = json!({ "ok": false, "error": "ratelimited" });
    let mut response = said(&body);
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    response
}

/// An answer that breaks off takes the connection with it.
fn broken() -> Response {
    let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    Body::from_stream(stream::once(async move { Err::<Bytes, _>(reset) })).into_response()
}

impl State {
    fn order_for(&mut self, method: &str) -> Option<Order> {
        let next = self.orders.iter().position(|(of, _)| of == method);
        next.and_then(|at| self.orders.remove(at))
            .map(|(_, order)| order)
            .or_else(|| self.standing.clone())
    }

    fn call(&mut self, method: &str, headers: &HeaderMap, body: &Value) -> Answer {
        let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        match token.and_then(|value| value.strip_prefix("Bearer ")) {
            None => return Err("not_authed".into()),
            Some(token) if token != self.options.token => return Err("invalid_auth".into()),
            Some(_) => {}
        }
        match method {
            "auth.test" => Ok(fields(json!({
                "url": "https://standin.slack.com/", "team": "Stand-in", "user": "firsthand",
                "team_id": "T0STANDIN1", "user_id": "U0FIRSTHND", "bot_id": "B0FIRSTHND",
            }))),
            "chat.postMessage" => self.post(body),
            "chat.update" => self.update(body),
            "conversations.history" => self.history(body),
            "conversations.replies" => self.replies(body),
            _ => Err("unknown_method".into()),
        }
    }

    fn post(&mut self, body: &Value) -> Answer {
        let channel = self.channel(body)?;
        let (text, blocks) = self.content(body)?;
        let thread_ts = body["thread_ts"].as_str().map(str::to_owned);
        if let Some(ts) = &thread_ts
            && !self.messages.iter().any(|m| m.channel == channel && &m.ts == ts)
        {
            return Err("thread_not_found".into());
        }
        self.take_turn(&channel)?;
        let metadata = body["metadata"].clone();
        let key = &metadata["event_payload"]["key"];
        if !key.is_null()
            && self.messages.iter().any(|m| &m.metadata["event_payload"]["key"] == key)
        {
            self.violations.push(format!("told twice: {key}"));
        }
        let message = Posted {
            channel,
            ts: self.next_ts(),
            broadcast: body["reply_broadcast"] == true,
            thread_ts,
            text,
            blocks,
            metadata,
            ..Posted::default()
        };
        let answer = stands(&message);
        self.messages.push(message);
        Ok(answer)
    }

    fn update(&mut self, body: &Value) -> Answer {
        let channel = self.channel(body)?;
        let (text, blocks) = self.content(body)?;
        let now = self.next_ts();
        let message = self
            .messages
            .iter_mut()
            .find(|m| m.channel == channel && body["ts"] == m.ts)
            .ok_or("message_not_found")?;
        let said_at = message.edited_ts.replace(now).unwrap_or_else(|| message.ts.clone());
        let before = (
            said_at,
            std::mem::replace(&mut message.text, text),
            std::mem::replace(&mut message.blocks, blocks),
        );
        message.history.push(before);
        Ok(stands(message))
    }

    fn history(&self, body: &Value) -> Answer {
        let channel = self.readable(body)?;
        let found = self
            .messages
            .iter()
            .rev()
            .filter(|m| m.channel == channel && (m.thread_ts.is_none() || m.broadcast));
        Ok(page(found, body))
    }

    fn replies(&self, body: &Value) -> Answer {
        let channel = self.readable(body)?;
        let thread = body["ts"].as_str().unwrap_or_default();
        if !self.messages.iter().any(|m| m.channel == channel && m.ts == thread) {
            return Err("thread_not_found".into());
        }
        let found = self.messages.iter().filter(|m| {
            m.channel == channel && (m.ts == thread || m.thread_ts.as_deref() == Some(thread))
        });
        Ok(page(found, body))
    }

    fn channel(&self, body: &Value) -> Result<String, &'static str> {
        let channel = body["channel"].as_str().ok_or("channel_not_found")?;
        let known = self.options.channels.iter().any(|known| known == channel);
        known.then(|| channel.to_owned()).ok_or("channel_not_found")
    }

    fn readable(&self, body: &Value) -> Result<String, &'static str> {
        if self.options.history { self.channel(body) } else { Err("missing_scope") }
    }

    /// Text and blocks within the limits; what is allowed and unwise is noted.
    fn content(&mut self, body: &Value) -> Result<(String, Vec<Value>), &'static str> {
        let text = body["text"].as_str().unwrap_or_default().to_owned();
        let blocks = match &body["blocks"] {
            Value::Null => Vec::new(),
            Value::Array(blocks) => blocks.clone(),
            _ => return Err("invalid_blocks_format"),
        };
        rules::limits(&text, &blocks)?;
        self.violations.extend(rules::objections(&text, &blocks, body));
        Ok((text, blocks))
    }

    /// One message a second and channel, after a short burst.
    fn take_turn(&mut self, channel: &str) -> Result<(), Refusal> {
        let (now, pace) = (Instant::now(), self.options.pace);
        let due = self.on_pace_at.get(channel).copied().unwrap_or(now).max(now);
        let ahead = pace * self.options.burst.saturating_sub(1);
        if due > now + ahead {
            return Err(Refusal::TooFast(due - now - ahead));
        }
        self.on_pace_at.insert(channel.to_owned(), due + pace);
        Ok(())
    }

    fn next_ts(&mut self) -> String {
        self.last_ts = Timestamp::now().as_microsecond().max(self.last_ts + 1);
        format!("{}.{:06}", self.last_ts / 1_000_000, self.last_ts % 1_000_000)
    }
}

fn stands(message: &Posted) -> Map<String, Value> {
    fields(json!({ "channel": message.channel, "ts": message.ts, "message": shown(message, true) }))
}

fn shown(message: &Posted, metadata: bool) -> Value {
    let mut shown = json!({
        "type": "message", "user": "U0FIRSTHND", "bot_id": "B0FIRSTHND",
        "ts": message.ts, "text": message.text, "blocks": message.blocks,
    });
    if let Some(thread) = &message.thread_ts {
        shown["thread_ts"] = json!(thread);
    }
    if metadata && !message.metadata.is_null() {
        shown["metadata"] = message.metadata.clone();
    }
    shown
}

/// One page, as `limit`, `cursor` and `oldest` want it.
fn page<'a>(found: impl Iterator<Item = &'a Posted>, body: &Value) -> Map<String, Value> {
    let number = |name: &str| body[name].as_str().and_then(|text| text.parse::<usize>().ok());
    let (limit, from) = (number("limit").unwrap_or(100).min(999), number("cursor").unwrap_or(0));
    let oldest = body["oldest"].as_str().unwrap_or_default();
    let metadata = body["include_all_metadata"] == "true";
    let all: Vec<Value> =
        found.filter(|m| m.ts.as_str() > oldest).map(|m| shown(m, metadata)).collect();
    let more = all.len() > from + limit;
    let cursor = if more { (from + limit).to_string() } else { String::new() };
    let messages: Vec<Value> = all.into_iter().skip(from).take(limit).collect();
    fields(json!({
        "messages": messages, "has_more": more, "response_metadata": { "next_cursor": cursor },
    }))
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
