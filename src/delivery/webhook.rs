//! Anything that takes an HTTP POST: the brief as JSON, signed, with a key to drop repeats by.
//!
//! Headers: `X-Firsthand-Timestamp` (seconds since 1970), `X-Firsthand-Signature` (`v1=` and the
//! hex HMAC-SHA256 of `timestamp.body` under the shared secret; absent without a secret),
//! `Idempotency-Key` (the same in every attempt to tell the same thing). Whoever verifies should
//! also refuse old timestamps.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::{Told, Trouble, secret};
use crate::brief::{self, Context};
use crate::incident::{Debt, Owed};

/// Anything that takes an HTTP POST with the brief as JSON (`docs/schema`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where to. Never logged: such addresses often hold a secret.
    pub url: String,
    /// The file that holds the secret to sign with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_file: Option<PathBuf>,
    /// Or the environment variable that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_env: Option<String>,
}

#[derive(Debug)]
pub(super) struct Webhook {
    settings: Settings,
    client: reqwest::Client,
}

impl Webhook {
    pub(super) fn new(settings: &Settings, pace: &super::Settings) -> Result<Self, String> {
        crate::tls::install();
        let client = reqwest::Client::builder()
            .timeout(pace.timeout)
            // A signed body goes where the settings say and nowhere else.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("firsthand/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| format!("no HTTP client can be built: {}", error.without_url()))?;
        Ok(Self { settings: settings.clone(), client })
    }

    pub(super) async fn tell(&self, debt: &Debt, context: &Context) -> Result<Told, Trouble> {
        let brief = match &debt.what {
            Owed::Main => brief::json::main(&debt.incident, context),
            Owed::Reply { reply, .. } => brief::json::reply(reply, &debt.incident, context),
        };
        let body = serde_json::to_vec(&brief)
            .map_err(|error| Trouble::Refused(format!("unwritable: {error}")))?;
        let at = Timestamp::now().as_second();
        let mut request = self
            .client
            .post(&self.settings.url)
            .header(CONTENT_TYPE, "application/json")
            .header("X-Firsthand-Timestamp", at)
            .header("Idempotency-Key", format!("{}@{}", debt.key, debt.revision));
        if let Some(secret) = self.secret()? {
            request = request.header("X-Firsthand-Signature", sign(&secret, at, &body));
        }
        let response = request.body(body).send().await.map_err(|error| unsent(&error))?;
        judge(response.status().as_u16(), response.headers())?;
        Ok(Told { revision: debt.revision, place: None })
    }

    fn secret(&self) -> Result<Option<SecretString>, Trouble> {
        let Settings { secret_file, secret_env, .. } = &self.settings;
        if secret_file.is_none() && secret_env.is_none() {
            return Ok(None);
        }
        secret::read(secret_file.as_deref(), secret_env.as_deref()).map(Some).map_err(|why| {
            tracing::error!(why, "webhook secret unreadable");
            Trouble::Broken("secret_unreadable".into(), "see the log for which file or variable")
        })
    }
}

/// `v1=` and the hex HMAC-SHA256 of `timestamp.body`.
fn sign(secret: &SecretString, at: i64, body: &[u8]) -> String {
    let mut signature = "v1=".to_owned();
    // HMAC takes keys of any length, so there is always one.
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) {
        mac.update(at.to_string().as_bytes());
        mac.update(b".");
        mac.update(body);
        for byte in mac.finalize().into_bytes() {
            let _ = write!(signature, "{byte:02x}");
        }
    }
    signature
}

/// Whether a request that got no answer can have arrived.
fn unsent(error: &reqwest::Error) -> Trouble {
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

fn judge(status: u16, headers: &HeaderMap) -> Result<(), Trouble> {
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::header::HeaderMap;
    use secrecy::SecretString;

    use super::{Trouble, judge, sign, wait};

    #[test]
    fn signature_is_that_of_any_other_hmac() {
        // printf '1700000000.{}' | openssl dgst -sha256 -hmac hook-secret
        let signature = sign(&SecretString::from("hook-secret"), 1_700_000_000, b"{}");
        assert_eq!(
            signature,
            "v1=dbf225485a6050dcdd76bf39f33e9bbf2c608ea346b5db374a78057f5e3e8aa8"
        );
    }

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
}
