//! One collection: its deadline, its budget of calls, and what it could not see.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use futures::{AsyncRead, AsyncReadExt as _};
use jiff::Timestamp;
use k8s_openapi::{ListableResource, NamespaceResourceScope, Resource};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;

use super::api::{Place, Refusal};
use super::logs;
use super::metrics::PrometheusSource;
use crate::collect::Settings;
use crate::collect::decode::decode;
use crate::collect::redact::Seen;
use crate::diagnosis::{BlindSpot, Evidence, Source};

/// Objects on one page of a list. What the API server is asked for at once, and what is decoded at once.
const PAGE: &str = "500";
/// Pages of one list. 5,000 events is more than a namespace in trouble writes in an hour.
const PAGES: usize = 10;
/// Bytes of one answer. A page of 500 large pods is about 10 MiB.
const ANSWER: u64 = 64 << 20;

/// One collection.
pub(super) struct Round<'a> {
    pub(super) settings: &'a Settings,
    client: &'a kube::Client,
    pub(super) prometheus: Option<&'a PrometheusSource>,
    pub(super) now: Timestamp,
    until: Instant,
    calls: AtomicU32,
    seen: Seen,
    missed: Mutex<Vec<BlindSpot>>,
}

impl<'a> Round<'a> {
    pub(super) fn new(
        settings: &'a Settings,
        client: &'a kube::Client,
        prometheus: Option<&'a PrometheusSource>,
        now: Timestamp,
        seen: Seen,
    ) -> Self {
        Self {
            settings,
            client,
            prometheus,
            now,
            until: Instant::now() + settings.deadline,
            calls: AtomicU32::new(0),
            seen,
            missed: Mutex::default(),
        }
    }

    /// Adds what was noted on the way, and tells the number of calls.
    pub(super) fn close(self, mut evidence: Evidence) -> (Evidence, u32) {
        evidence.taken_at = self.now;
        logs::forget_repeated(&self.settings.logs, &mut evidence);
        self.seen.close(&mut evidence);
        evidence.missed.extend(self.missed.into_inner().unwrap_or_else(PoisonError::into_inner));
        (evidence, self.calls.load(Ordering::Relaxed).min(self.settings.calls))
    }

    /// All objects of a kind in a namespace that the selector chooses (empty: all).
    pub(super) async fn list<T>(&self, namespace: &str, selector: &str) -> Source<Vec<T>>
    where
        T: Resource<Scope = NamespaceResourceScope> + ListableResource + DeserializeOwned,
    {
        let Some(place) = Place::within::<T>(namespace) else {
            return Source::Unavailable(format!("{namespace:?} is not the name of a namespace"));
        };
        self.list_in(&place, namespace, selector).await
    }

    /// The objects of a kind that is in no namespace.
    pub(super) async fn list_at<T>(&self, place: &Place, selector: &str) -> Source<Vec<T>>
    where
        T: Resource + DeserializeOwned,
    {
        self.list_in(place, "", selector).await
    }

    async fn list_in<T>(&self, place: &Place, space: &str, selector: &str) -> Source<Vec<T>>
    where
        T: Resource + DeserializeOwned,
    {
        // A list that expires on the way begins anew, once: what was read may no longer be so.
        for _ in 0..2 {
            match self.pages(place, space, selector).await {
                Ok(objects) => return Source::Read(objects),
                Err(Refusal::Expired) => {}
                Err(refusal) => return Source::Unavailable(refusal.words()),
            }
        }
        Source::Unavailable(Refusal::Expired.words())
    }

    async fn pages<T>(&self, place: &Place, space: &str, selector: &str) -> Result<Vec<T>, Refusal>
    where
        T: Resource + DeserializeOwned,
    {
        let mut objects = Vec::new();
        let mut token = String::new();
        for _ in 0..PAGES {
            let mut query = vec![("limit", PAGE)];
            query.extend((!selector.is_empty()).then_some(("labelSelector", selector)));
            query.extend((!token.is_empty()).then_some(("continue", token.as_str())));
            let page = match self.json(&place.page(&query), &place.words).await {
                Ok(page) => page,
                // What was read so far is still worth more than nothing.
                Err(refusal @ (Refusal::Other(_) | Refusal::Bad(_))) if !token.is_empty() => {
                    self.miss(
                        &place.words,
                        format!("only the first {}: {}", objects.len(), refusal.words()),
                    );
                    return Ok(objects);
                }
                Err(refusal) => return Err(refusal),
            };
            token = page["metadata"]["continue"].as_str().unwrap_or_default().to_owned();
            let Value::Array(items) = page.get("items").cloned().unwrap_or_default() else { break };
            objects.extend(items.into_iter().filter_map(|item| self.decode(item, space)));
            if token.is_empty() {
                return Ok(objects);
            }
        }
        self.miss(&place.words, format!("only the first {} were read", objects.len()));
        Ok(objects)
    }

    /// One object of a namespace; `None` where the API server says that there is none.
    pub(super) async fn get<T>(&self, namespace: &str, name: &str) -> Source<Option<T>>
    where
        T: Resource<Scope = NamespaceResourceScope> + ListableResource + DeserializeOwned,
    {
        match Place::within::<T>(namespace) {
            Some(place) => self.one(&place, namespace, name).await,
            None => Source::Unavailable(format!("{namespace:?} is not the name of a namespace")),
        }
    }

    /// One object of a collection.
    pub(super) async fn one<T>(&self, place: &Place, space: &str, name: &str) -> Source<Option<T>>
    where
        T: Resource + DeserializeOwned,
    {
        let Some(path) = place.object(name) else {
            return Source::Unavailable(format!("{name:?} is not a name"));
        };
        match self.json(&path, &place.words).await {
            Ok(object) => Source::Read(self.decode(object, space)),
            Err(Refusal::NotFound) => Source::Read(None),
            Err(refusal) => Source::Unavailable(refusal.words()),
        }
    }

    fn decode<T: Resource + DeserializeOwned>(&self, item: Value, namespace: &str) -> Option<T> {
        let decoded = decode(item, namespace, &self.seen);
        decoded.map_err(|(name, why)| self.miss(&format!("{} {name}", T::KIND), why)).ok()
    }

    /// Notes that a part of a source was not seen.
    pub(super) fn miss(&self, source: &str, why: String) {
        let missed = BlindSpot { source: source.into(), why };
        self.missed.lock().unwrap_or_else(PoisonError::into_inner).push(missed);
    }

    /// Text without its secrets.
    pub(super) fn clean(&self, text: &str) -> String {
        self.seen.redact(text).into_owned()
    }

    async fn json(&self, path: &str, what: &str) -> Result<Value, Refusal> {
        let body = self.within(async {
            let mut body = Vec::new();
            let stream = self.open(path, what).await?;
            let read = stream.take(ANSWER).read_to_end(&mut body).await;
            read.map_err(|error| {
                Refusal::Other(format!("the answer broke off: {}", error.kind()))
            })?;
            Ok(body)
        });
        let body = body.await?;
        serde_json::from_slice(&body).map_err(|_| {
            Refusal::Other("the answer is not what the Kubernetes API would say".into())
        })
    }

    /// The answer to one call, to be read within the deadline. Not the client's own way to decode it:
    /// that logs the whole body of an answer it does not understand, and answers have no bound.
    pub(super) async fn open(
        &self,
        path: &str,
        what: &str,
    ) -> Result<impl AsyncRead + Unpin, Refusal> {
        if self.calls.fetch_add(1, Ordering::Relaxed) >= self.settings.calls {
            let calls = self.settings.calls;
            return Err(Refusal::Other(format!("not asked: all {calls} calls were used up")));
        }
        let request = http::Request::get(path).body(Vec::new());
        let request = request.map_err(|_| Refusal::Other("not an address of the API".into()))?;
        let stream = self.client.request_stream(request).await;
        stream.map(Box::pin).map_err(|error| Refusal::of(&error, what))
    }

    /// Holds the deadline.
    pub(super) async fn within<T>(
        &self,
        doing: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        let within = self.settings.deadline;
        tokio::time::timeout_at(self.until, doing)
            .await
            .unwrap_or_else(|_| Err(Refusal::Other(format!("timed out after {within:?}"))))
    }
}
