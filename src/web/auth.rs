//! Whether a request carries the credentials of the settings.

use std::path::Path;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::prelude::{BASE64_STANDARD, Engine};
use subtle::ConstantTimeEq;

use super::Settings;

/// Why a request may not go on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Denied {
    /// It has no credentials, or others.
    Wrong(&'static str),
    /// Ours cannot be read; that may heal, so the sender should try again.
    CannotTell(String),
}

/// Compares in constant time. What Alertmanager must be told is in the reason.
pub(super) async fn check(settings: &Settings, headers: &HeaderMap) -> Result<(), Denied> {
    let (wanted, advice) = if let Some(path) = &settings.bearer_token_file {
        (format!("Bearer {}", secret(path).await?), BEARER)
    } else if let Some(basic) = &settings.basic_auth {
        let password = secret(&basic.password_file).await?;
        let pair = format!("{}:{password}", basic.username);
        (format!("Basic {}", BASE64_STANDARD.encode(pair)), BASIC)
    } else {
        return Ok(());
    };
    let given = headers.get(AUTHORIZATION).map_or(&b""[..], |value| value.as_bytes());
    if bool::from(normal(given).ct_eq(wanted.as_bytes())) {
        Ok(())
    } else {
        Err(Denied::Wrong(advice))
    }
}

const BEARER: &str = "this needs a bearer token: set http_config.authorization.credentials_file of the \
                      webhook in alertmanager";
const BASIC: &str =
    "this needs a user and password: set http_config.basic_auth of the webhook in alertmanager";

async fn secret(path: &Path) -> Result<String, Denied> {
    let text = tokio::fs::read_to_string(path).await;
    let text = text.map_err(|e| Denied::CannotTell(format!("{}: {e}", path.display())))?;
    match text.trim() {
        // An empty secret would let in whoever sends none.
        "" => Err(Denied::CannotTell(format!("{} is empty", path.display()))),
        secret => Ok(secret.to_owned()),
    }
}

/// The scheme is not case-sensitive (RFC 9110, 11.1); what follows it is.
fn normal(given: &[u8]) -> Vec<u8> {
    let mut given = given.to_vec();
    for scheme in [&b"Bearer "[..], b"Basic "] {
        if given.len() >= scheme.len() && given[..scheme.len()].eq_ignore_ascii_case(scheme) {
            given[..scheme.len()].copy_from_slice(scheme);
        }
    }
    given
}
