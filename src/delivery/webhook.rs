//! Anything that takes an HTTP POST: the brief as JSON, signed, with a key to drop repeats by.
//!
//! Headers: `X-Firsthand-Timestamp` (seconds since 1970), `X-Firsthand-Signature` (`v1=` and the
//! hex HMAC-SHA256 of `timestamp.body` under the shared secret; absent without a secret),
//! `Idempotency-Key` (the same in every attempt to tell the same thing). Whoever verifies should
//! also refuse old timestamps.

use std::fmt::Write;
use std::path::PathBuf;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use reqwest::header::CONTENT_TYPE;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::to_vec;
use sha2::Sha256;

use super::{Told, Trouble, http, secret};
use crate::brief::{self, Context};
use crate::incident::{Audience, Debt, Owed};

/// Anything that takes an HTTP POST with the brief as JSON (`docs/schema`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where to. Never logged: such addresses often hold a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Or the file that holds the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_file: Option<PathBuf>,
    /// Or the environment variable that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_env: Option<String>,
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
        Ok(Self { settings: settings.clone(), client: http::client(pace)? })
    }

    pub(super) async fn tell(&self, debt: &Debt, context: &Context) -> Result<Told, Trouble> {
        let incident = &debt.incident;
        let brief = match (&debt.what, context.audience) {
            (Owed::Main, Audience::Oncall) => to_vec(&brief::json::main(incident, context)),
            (Owed::Reply { reply, .. }, Audience::Oncall) => {
                to_vec(&brief::json::reply(reply, incident, context))
            }
            (Owed::Main, Audience::Stakeholders) => {
                to_vec(&brief::json::public_main(incident, context))
            }
            (Owed::Reply { reply, .. }, Audience::Stakeholders) => {
                to_vec(&brief::json::public_reply(reply, incident, context))
            }
        };
        let body = brief.map_err(|error| Trouble::Refused(format!("unwritable: {error}")))?;
        let at = Timestamp::now().as_second();
        let Settings { url, url_file, url_env, .. } = &self.settings;
        let url = http::address(url.as_deref(), url_file.as_deref(), url_env.as_deref())?;
        let mut request = self
            .client
            .post(url.expose_secret())
            .header(CONTENT_TYPE, "application/json")
            .header("X-Firsthand-Timestamp", at)
            .header("Idempotency-Key", format!("{}@{}", debt.key, debt.revision));
        if let Some(secret) = self.secret()? {
            request = request.header("X-Firsthand-Signature", sign(&secret, at, &body));
        }
        let response = request.body(body).send().await.map_err(|error| http::unsent(&error))?;
        http::judge(response.status().as_u16(), response.headers())?;
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

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::sign;

    #[test]
    fn signature_is_that_of_any_other_hmac() {
        // printf '1700000000.{}' | openssl dgst -sha256 -hmac hook-secret
        let signature = sign(&SecretString::from("hook-secret"), 1_700_000_000, b"{}");
        assert_eq!(
            signature,
            "v1=dbf225485a6050dcdd76bf39f33e9bbf2c608ea346b5db374a78057f5e3e8aa8"
        );
    }
}
