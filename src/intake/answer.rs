//! One query and its answer. The envelope is decoded here and not by the client crate, because the
//! crate drops `warnings` (a partial answer of Thanos, a truncated one of Prometheus), reads a body of
//! any size, and hides the message of an error type it does not know.

use std::collections::BTreeMap;

use prometheus_http_query::Client;
use prometheus_http_query::Error;
use reqwest::header::HeaderMap;
use serde::Deserialize;

use super::alertmanager::bounded;

/// The largest answer read. A series takes about 200 bytes, so this is 40,000 containers that moved.
const BODY: usize = 8 * 1024 * 1024;
/// The most series asked for, where Prometheus knows the parameter (2.53 and later).
const SERIES: usize = 40_000;
/// The most warnings kept of one answer.
const WARNINGS: usize = 10;

/// The words for an answer that only says that it is partial.
const PARTIAL: &str = "isPartial: a part of its storage did not answer";

/// The answer of an instant query.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) samples: Vec<Sample>,
    pub(super) warnings: Vec<String>,
    /// In which words it says that something is left out of it.
    pub(super) partial: Option<String>,
}

/// One series of an instant vector.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) value: f64,
}

/// Asks for `query` at `at` (seconds since 1970). The error is one sentence without the URL, which may
/// hold a password.
pub(super) async fn ask(
    client: &Client,
    headers: &HeaderMap,
    query: String,
    at: i64,
) -> Result<Answer, String> {
    let mut request = client.query(query).at(at).query("limit", SERIES);
    for (name, value) in headers {
        request = request.header(name.clone(), value.clone());
    }
    let (status, body) = whole(request.post_raw().await).await?;
    decode(status, &body)
}

/// The answer's status and body, bounded.
async fn whole(response: Result<reqwest::Response, Error>) -> Result<(u16, Vec<u8>), String> {
    let mut response = response.map_err(unreachable)?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| broken(&e, "prometheus"))? {
        if body.len() + chunk.len() > BODY {
            return Err(format!(
                "the answer is larger than {} MiB; narrow prometheus.matchers",
                BODY / 1024 / 1024
            ));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status.as_u16(), body))
}

/// One series of a range: its labels, and times and values, oldest first.
#[derive(Debug, Deserialize)]
pub(super) struct Course {
    #[serde(default)]
    pub(super) metric: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) values: Vec<(f64, String)>,
}

/// Asks for `query` at each step of a range (seconds since 1970).
pub(super) async fn ask_range(
    client: &Client,
    headers: &HeaderMap,
    query: String,
    (from, until, step): (i64, i64, i64),
) -> Result<Vec<Course>, String> {
    let range = client.query_range(query, from, until, step as f64).query("limit", SERIES);
    let mut request = range;
    for (name, value) in headers {
        request = request.header(name.clone(), value.clone());
    }
    let (status, body) = whole(request.post_raw().await).await?;
    let data = envelope(status, &body)?;
    if data.result_type != "matrix" {
        return Err(format!("the answer is a {}, not a matrix", data.result_type));
    }
    Ok(data.result.into_iter().filter_map(|it| serde_json::from_value(it).ok()).collect())
}

fn envelope(status: u16, body: &[u8]) -> Result<Data, String> {
    let envelope: Envelope = serde_json::from_slice(body).map_err(|_| not_an_answer(status))?;
    if envelope.status != "success" {
        let kind = envelope.error_type.unwrap_or_else(|| "error".to_owned());
        let error = envelope.error.unwrap_or_default();
        return Err(bounded(&format!("{status} {kind}: {error}"), 400));
    }
    envelope.data.ok_or_else(|| "the answer has no data".to_owned())
}

fn unreachable(error: Error) -> String {
    match &error {
        Error::Client(client) => match client.inner() {
            Some(inner) => broken(inner, "prometheus"),
            None => "the request could not be made".to_owned(),
        },
        other => bounded(&other.to_string(), 200),
    }
}

/// What broke, by its kind and its chain of causes. The error's own text is not used: it says only that
/// something failed, and for which URL.
pub(super) fn broken(error: &reqwest::Error, whose: &str) -> String {
    if error.is_timeout() {
        return match whose {
            "prometheus" => "no answer in time; raise prometheus.timeout if it is slow".to_owned(),
            _ => "no answer in time".to_owned(),
        };
    }
    let kind = match error {
        e if e.is_connect() => "cannot connect",
        e if e.is_body() || e.is_decode() => "the answer broke off",
        _ => "the request failed",
    };
    let mut said = vec![kind.to_owned()];
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        said.push(inner.to_string());
        cause = inner.source();
    }
    said.dedup();
    bounded(&said.join(": "), 300)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    status: String,
    data: Option<Data>,
    error_type: Option<String>,
    error: Option<String>,
    warnings: Option<Vec<String>>,
    infos: Option<Vec<String>>,
    /// VictoriaMetrics: some of its storage did not answer.
    is_partial: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    result_type: String,
    #[serde(default)]
    result: Vec<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct Series {
    #[serde(default)]
    metric: BTreeMap<String, String>,
    value: (f64, String),
}

fn decode(status: u16, body: &[u8]) -> Result<Answer, String> {
    let envelope: Envelope = serde_json::from_slice(body).map_err(|_| not_an_answer(status))?;
    if envelope.status != "success" {
        let kind = envelope.error_type.unwrap_or_else(|| "error".to_owned());
        let error = envelope.error.unwrap_or_default();
        return Err(bounded(&format!("{status} {kind}: {error}"), 400));
    }
    let data = envelope.data.ok_or_else(|| "the answer has no data".to_owned())?;
    if data.result_type != "vector" {
        return Err(format!("the answer is a {}, not a vector", data.result_type));
    }
    let mut answer = Answer::default();
    let mut strange = 0_usize;
    for series in data.result {
        // A native histogram has no `value`; it is no counter of ours.
        let read = serde_json::from_value::<Series>(series).ok();
        let Some((labels, value)) =
            read.and_then(|s| Some((s.metric, s.value.1.parse::<f64>().ok()?)))
        else {
            strange += 1;
            continue;
        };
        answer.samples.push(Sample { labels, value });
    }
    // What PromQL finds odd about a query leaves nothing out of its answer.
    let lacks = |warning: &&String| !warning.starts_with("PromQL ");
    let left_out = envelope.is_partial.filter(|partial| *partial).map(|_| PARTIAL.to_owned());
    let left_out = envelope.warnings.iter().flatten().find(lacks).cloned().or(left_out);
    answer.partial = left_out.map(|warning| bounded(&warning, 300));
    let warnings = envelope.warnings.into_iter().chain(envelope.infos).flatten();
    let warnings = warnings.chain(envelope.is_partial.filter(|it| *it).map(|_| PARTIAL.to_owned()));
    answer.warnings = warnings.map(|w| bounded(&w, 300)).take(WARNINGS).collect();
    if strange > 0 {
        answer.warnings.push(format!("{strange} series have no plain value and were left out"));
    }
    Ok(answer)
}

fn not_an_answer(status: u16) -> String {
    let advice = match status {
        401 | 403 => "set prometheus.bearer_token_file or prometheus.basic_auth",
        404 => "prometheus.url is perhaps missing a path",
        500..=599 => "is it behind a proxy that cannot reach it",
        _ => "is prometheus.url that of Prometheus",
    };
    format!("it answered {status} without Prometheus' JSON; {advice}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_and_infos_are_kept() {
        let body = br#"{"status":"success","data":{"resultType":"vector","result":[]},
            "warnings":["partial response"],"infos":["not a counter"]}"#;
        assert_eq!(decode(200, body).unwrap().warnings, ["partial response", "not a counter"]);
    }

    #[test]
    fn an_unknown_error_type_still_says_its_message() {
        // VictoriaMetrics writes the status as the type.
        let body = br#"{"status":"error","errorType":"422","error":"cannot parse \"x\""}"#;
        assert_eq!(decode(422, body).unwrap_err(), "422 422: cannot parse \"x\"");
    }

    #[test]
    fn a_login_page_is_not_an_answer() {
        let said = decode(403, b"<html>sign in</html>").unwrap_err();
        assert!(said.contains("403") && said.contains("bearer_token_file"), "{said}");
    }

    proptest::proptest! {
        /// Real answers with bytes that are others, missing or again.
        #[test]
        fn no_answer_stops_the_reader(
            status: u16,
            spoilt in proptest::collection::vec((0usize..400, proptest::prelude::any::<u8>(), 0usize..3), 1..8),
        ) {
            let mut body = br#"{"status":"success","data":{"resultType":"vector","result":[
                {"metric":{"pod":"a"},"value":[1e9,"NaN"]},{"metric":{"pod":"b"},"histogram":[1,{}]}]},
                "warnings":["x"],"errorType":"bad_data","error":"parse error"}"#.to_vec();
            for (at, byte, how) in spoilt {
                let at = at % body.len();
                match how {
                    0 => body[at] = byte,
                    1 if body.len() > 1 => drop(body.remove(at)),
                    _ => body.insert(at, body[at]),
                }
            }
            if let Err(why) = decode(status, &body) {
                assert!(why.chars().count() <= 420, "{why}");
            }
        }
    }

    #[test]
    fn special_values_and_histograms_do_not_spoil_the_rest() {
        let body = br#"{"status":"success","data":{"resultType":"vector","result":[
            {"metric":{"pod":"a"},"value":[1,"NaN"]},
            {"metric":{"pod":"b"},"histogram":[1,{}]},
            {"metric":{"pod":"c"},"value":[1.5,"3"]}]}}"#;
        let answer = decode(200, body).unwrap();
        assert_eq!(answer.samples.len(), 2);
        assert_eq!(answer.samples[1].value, 3.0);
        assert_eq!(answer.warnings.len(), 1);
    }
}
