//! The way to Slack: straight, or through the proxy that the environment names.
//!
//! `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` mean here what they mean to every other client of
//! this process.

use std::sync::Arc;
use std::task::{self, Poll};

use futures::future::BoxFuture;
use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

/// Opens connections; TLS is spoken over them by others.
#[derive(Clone)]
pub(super) struct Way {
    direct: HttpConnector,
    proxies: Arc<Matcher>,
}

impl Way {
    /// As the environment says at this moment.
    pub(super) fn from_environment() -> Self {
        let mut direct = HttpConnector::new();
        // TLS begins above this.
        direct.enforce_http(false);
        Self { direct, proxies: Arc::new(Matcher::from_env()) }
    }
}

impl Service<Uri> for Way {
    type Response = TokioIo<TcpStream>;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut task::Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.direct.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let mut direct = self.direct.clone();
        let Some(proxy) = self.proxies.intercept(&to) else {
            return Box::pin(async move { Ok(direct.call(to).await?) });
        };
        let mut tunnel = Tunnel::new(proxy.uri().clone(), direct);
        if let Some(user) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(user.clone());
        }
        Box::pin(async move { Ok(tunnel.call(to).await?) })
    }
}
