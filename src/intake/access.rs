//! How Prometheus and Alertmanager are spoken to: time-out, certificates, credentials, a tenant's header.
//!
//! Every file is read again at every use, because mounted Secrets rotate.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Identity};

use super::{AlertmanagerSettings, BasicAuth, PrometheusSettings, TlsFiles};

/// What is needed to speak to one of them.
#[derive(Clone, Debug)]
pub(super) struct Access {
    /// The section of the settings: `prometheus`.
    whose: &'static str,
    timeout: Duration,
    bearer: Option<PathBuf>,
    basic: Option<BasicAuth>,
    headers: BTreeMap<String, String>,
    tls: TlsFiles,
    /// The client that was made last, and of which certificates.
    made: Arc<Mutex<Option<(Pem, reqwest::Client)>>>,
}

/// What the certificate files held: authority, certificate and key.
type Pem = [Option<Vec<u8>>; 3];

impl PrometheusSettings {
    /// How to speak to it. The crypto provider must be installed.
    pub(super) fn access(&self) -> Result<Access, String> {
        Access {
            whose: "prometheus",
            timeout: self.timeout,
            bearer: self.bearer_token_file.clone(),
            basic: self.basic_auth.clone(),
            headers: self.headers.clone(),
            tls: self.tls.clone(),
            made: Arc::default(),
        }
        .checked()
    }
}

impl AlertmanagerSettings {
    /// How to speak to it. The crypto provider must be installed.
    pub(super) fn access(&self, timeout: Duration) -> Result<Access, String> {
        Access {
            whose: "alertmanager",
            timeout,
            bearer: self.bearer_token_file.clone(),
            basic: self.basic_auth.clone(),
            headers: self.headers.clone(),
            tls: self.tls.clone(),
            made: Arc::default(),
        }
        .checked()
    }
}

impl Access {
    /// Faults of the settings are told at the start, not at the first poll.
    fn checked(self) -> Result<Self, String> {
        self.plain_headers()?;
        Ok(self)
    }

    /// A client with the certificates as the files hold them now. It follows no redirects, which would
    /// carry the credentials elsewhere.
    ///
    /// # Errors
    /// Where a file cannot be read or is no certificate; in words, with the setting's name.
    pub(super) async fn client(&self) -> Result<reqwest::Client, String> {
        let TlsFiles { ca_file, cert_file, key_file } = &self.tls;
        let mut pem: Pem = Pem::default();
        for (held, file) in pem.iter_mut().zip([ca_file, cert_file, key_file]) {
            let Some(file) = file else { continue };
            let read = tokio::fs::read(file).await;
            *held = Some(read.map_err(|e| format!("{}: {e}", file.display()))?);
        }
        if let Some((of, client)) = &*self.made()
            && *of == pem
        {
            return Ok(client.clone());
        }
        let client = self.make(&pem)?;
        *self.made() = Some((pem, client.clone()));
        Ok(client)
    }

    fn made(&self) -> std::sync::MutexGuard<'_, Option<(Pem, reqwest::Client)>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn make(&self, [ca, cert, key]: &Pem) -> Result<reqwest::Client, String> {
        let whose = self.whose;
        let mut builder = reqwest::Client::builder()
            .timeout(self.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("firsthand/", env!("CARGO_PKG_VERSION")));
        if let Some(ca) = ca {
            let fault = || format!("{whose}.tls.ca_file holds no certificate in PEM form");
            let certificates = Certificate::from_pem_bundle(ca).map_err(|_| fault())?;
            if certificates.is_empty() {
                return Err(fault());
            }
            builder = builder.tls_certs_only(certificates);
        }
        if let (Some(cert), Some(key)) = (cert, key) {
            let both = [cert.as_slice(), b"\n", key].concat();
            let identity = Identity::from_pem(&both).map_err(|_| {
                format!(
                    "{whose}.tls: cert_file and key_file are no certificate and key in PEM form"
                )
            })?;
            builder = builder.identity(identity);
        }
        builder.build().map_err(|error| format!("{whose}: no HTTP client: {error}"))
    }

    /// The headers of a request: the tenant's, and credentials read anew.
    ///
    /// # Errors
    /// Where a credential's file cannot be read; in words.
    pub(super) async fn headers(&self) -> Result<HeaderMap, String> {
        let mut headers = self.plain_headers()?;
        let value = if let Some(path) = &self.bearer {
            format!("Bearer {}", secret(path).await?)
        } else if let Some(basic) = &self.basic {
            let password = secret(&basic.password_file).await?;
            let pair = format!("{}:{password}", basic.username);
            format!("Basic {}", BASE64_STANDARD.encode(pair))
        } else {
            return Ok(headers);
        };
        let mut value = HeaderValue::from_str(&value)
            .map_err(|_| "the credentials hold a character no header may have".to_owned())?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
        Ok(headers)
    }

    fn plain_headers(&self) -> Result<HeaderMap, String> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let fault = || format!("{}.headers: \"{name}\" cannot be sent as a header", self.whose);
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| fault())?;
            let mut value = HeaderValue::from_str(value).map_err(|_| fault())?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(headers)
    }
}

async fn secret(path: &Path) -> Result<String, String> {
    let text = tokio::fs::read_to_string(path).await;
    text.map(|t| t.trim().to_owned()).map_err(|e| format!("{}: {e}", path.display()))
}
