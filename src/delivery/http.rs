//! One POST to somebody else's HTTP endpoint, and what to make of the answer.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use secrecy::{ExposeSecret, SecretString};

use super::{Settings, Trouble, secret};

/// How much of an answer is read. What matters of it is a word or two.
const ANSWER: usize = 4096;

/// An answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// Its beginning. Never logged: it may repeat what was sent.
    pub(super) body: String,
}

/// A client that goes where it is told and nowhere else. It honours the proxy variables.
///
/// # Errors
/// Why none can be built.
pub(super) fn client(pace: &Settings) -> Result<reqwest::Client, String> {
    crate::tls::install();
    reqwest::Client::builder()
        .timeout(pace.timeout)
        // A signed body, or an address that is a secret, is not carried elsewhere.
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("firsthand/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| format!("no HTTP client can be built: {}", error.without_url()))
}

/// Posts JSON. The address is a secret.
pub(super) async fn post(
    client: &reqwest::Client,
    url: &SecretString,
    body: Vec<u8>,
) -> Result<Answer, Trouble> {
    let request = client.post(url.expose_secret()).header(CONTENT_TYPE, "application/json");
    let mut response = request.body(body).send().await.map_err(|error| unsent(&error))?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let mut body = Vec::new();
    // The status has come: whatever becomes of the rest, the message is there or is not.
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() >= ANSWER {
            body.truncate(ANSWER);
            break;
        }
    }
    Ok(Answer { status, headers, body: String::from_utf8_lossy(&body).into_owned() })
}

/// An address that is written in the settings, in a file or in a variable.
pub(super) fn address(
    url: Option<&str>,
    file: Option<&Path>,
    variable: Option<&str>,
) -> Result<SecretString, Trouble> {
    if let (Some(url), None, None) = (url, file, variable) {
        return Ok(SecretString::from(url));
    }
    secret::read(file, variable).map_err(|why| {
        tracing::error!(why, "address of a receiver unreadable");
        Trouble::Broken("url_unreadable".into(), "see the log for which file or variable")
    })
}

/// Whether a request that got no answer can have arrived.
pub(super) fn unsent(error: &reqwest::Error) -> Trouble {
    if error.is_connect() {
        Trouble::Away("connect".into())
    } else if error.is_timeout() {
        Trouble::Unsure("timeout".into())
    } else if error.is_builder() {
        Trouble::Broken("bad_url".into(), "check the receiver's url")
    } else {
        Trouble::Unsure("connection".into())
    }
}

/// What a status means, where nothing else is known of the receiver.
pub(super) fn judge(status: u16, headers: &HeaderMap) -> Result<(), Trouble> {
    let why = format!("http_{status}");
    match status {
        200..=299 => Ok(()),
        408 | 425 | 429 | 500.. => {
            let pause = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            match pause.and_then(wait) {
                Some(pause) => Err(Trouble::Limited(pause)),
                None => Err(Trouble::Away(why)),
            }
        }
        400 | 413 | 422 => Err(Trouble::Refused(why)),
        _ => Err(Trouble::Broken(why, "check the receiver's url and secret")),
    }
}

/// `Retry-After` in either of its forms: seconds, or a date.
fn wait(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default())
}

/// At most `most` characters; what is cut ends in `…`.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::header::HeaderMap;

    use super::{Trouble, cut, judge, wait};

    #[test]
    fn retry_after_is_read_in_both_forms() {
        assert_eq!(wait("17"), Some(Duration::from_secs(17)));
        assert_eq!(wait("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("soon"), None);
    }

    #[test]
    fn statuses_are_sorted_by_what_helps() {
        let judge = |status| judge(status, &HeaderMap::new());
        assert_eq!(judge(204), Ok(()));
        assert!(matches!(judge(503), Err(Trouble::Away(_))));
        assert!(matches!(judge(422), Err(Trouble::Refused(_))));
        assert!(matches!(judge(404), Err(Trouble::Broken(..))));
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!((cut("été", 3), cut("étés", 3)), ("été".to_owned(), "ét…".to_owned()));
    }
}
