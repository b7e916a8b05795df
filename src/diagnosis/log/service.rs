//! What another service answers: not this user, not this certificate, no connection left, no writes, not
//! now.

use std::sync::LazyLock;

use regex::Regex;

use super::Kind;
use super::failure::has;
use super::network::endpoint_in;

const CREDENTIALS: [&str; 40] = [
    "password authentication failed",
    "access denied for user",
    "wrongpass",
    "noauth",
    "err invalid password",
    "client sent auth, but no password is set",
    "authentication failed",
    "authenticationfailed",
    "auth failed",
    "login failed for user",
    "invalid username or password",
    "invalid username-password pair",
    "invalid credentials",
    "bad credentials",
    "incorrect username or password",
    "sasl authentication",
    "saslauthentication",
    "access_refused",
    "unable to locate credentials",
    "could not load credentials",
    "no valid credential",
    "could not find default credentials",
    "could not automatically determine credentials",
    "401 unauthorized",
    "status code 401",
    "http 401",
    "invalid api key",
    "incorrect api key",
    "invalidaccesskeyid",
    "signaturedoesnotmatch",
    "expiredtoken",
    "invalidclienttokenid",
    "no pg_hba.conf entry",
    "fe_sendauth: no password supplied",
    "requires authentication",
    "authentication required",
    "not authorized",
    "not_authorized",
    "missing authentication credentials",
    "code = unauthenticated",
];
const TLS: [&str; 36] = [
    "x509:",
    "certificate verify failed",
    "certificate_verify_failed",
    "certificate has expired",
    "cert_has_expired",
    "unable to get local issuer certificate",
    "unable to get issuer cert",
    "unable_to_verify_leaf",
    "unable to verify the first certificate",
    "self-signed certificate",
    "self signed certificate",
    "depth_zero_self_signed",
    "pkix path",
    "sslhandshake",
    "sslexception",
    "handshake failure",
    "handshake_failure",
    "tls handshake",
    "ssl handshake",
    "tls: ",
    "err_tls_cert",
    "certificate signed by unknown authority",
    "ssl routines",
    "ssl_error_ssl",
    "wrong version number",
    "record_layer_failure",
    "the remote certificate",
    "ssl connection could not be established",
    "invalidcertificate",
    "unknownissuer",
    "does not support ssl",
    "not support tls",
    "bad certificate",
    "ssl is not enabled",
    "no ssl encryption",
    "unsupported or unrecognized ssl message",
];
const POOL: [&str; 24] = [
    "too many connections",
    "too many clients",
    "remaining connection slots",
    "max number of clients reached",
    "pool exhausted",
    "pool timed out",
    "poolexhausted",
    "pooltimeout",
    "connection pool is full",
    "pool is exhausted",
    "queuepool limit",
    "connection is not available, request timed out",
    "timeout acquiring a connection",
    "timeout exceeded when trying to connect",
    "prior to obtaining a connection from the pool",
    "could not obtain a connection",
    "could not get a resource from the pool",
    "timed out fetching a new connection",
    "resourcerequest timed out",
    "max_user_connections",
    "max client connections reached",
    "no more connections allowed",
    "sequelizeconnectionacquiretimeouterror",
    "could not obtain a database connection",
];
const READ_ONLY: [&str; 14] = [
    "readonly you can't write",
    "read-only transaction",
    "read only transaction",
    "--read-only option",
    "--super-read-only",
    "notwritableprimary",
    "not master",
    "not primary",
    "read only replica",
    "read-only replica",
    "read-only-allow-delete",
    "index read-only",
    "oom command not allowed",
    "misconf redis is configured to save",
];
const UNAVAILABLE: [&str; 45] = [
    "connection reset",
    "econnreset",
    "broken pipe",
    "server closed the connection unexpectedly",
    "connection closed by",
    "connection was closed",
    "closed connection",
    "the database system is",
    "loading redis is loading",
    "redis is loading",
    "service unavailable",
    "bad gateway",
    "socket hang up",
    "nobrokersavailable",
    "no brokers available",
    "broker may not be available",
    "all brokers down",
    "allbrokersdown",
    "no resolvable bootstrap",
    "no living connections",
    "nonodesavailable",
    "no nodes available",
    "clusterdown",
    "masterdown",
    "lost connection to mysql",
    "mysql server has gone away",
    "lost connection to server",
    "gone away",
    "communications link failure",
    "code = unavailable",
    "statuscode.unavailable",
    "14 unavailable",
    "no healthy upstream",
    "server selection",
    "serverselection",
    "brokernotavailable",
    "kafkaconnectionerror",
    "node_not_connected",
    "unexpected eof",
    "server terminated",
    "connection lost",
    "connection aborted",
    "coordinator_not_available",
    "connectionerror",
    "connectionexception",
];

/// A definite answer, which nothing else in the message explains better.
pub(super) fn about(message: &str, lower: &str) -> Option<(Kind, Option<String>)> {
    let kind = if has(lower, &POOL) {
        Kind::PoolExhausted
    } else if has(lower, &READ_ONLY) {
        Kind::ReadOnly
    } else if has(lower, &CREDENTIALS) && !lower.contains("connection refused") {
        return Some((Kind::Credentials, user_in(message).or_else(|| endpoint_in(message))));
    } else if has(lower, &TLS) && !has(lower, &["no such file", "connection refused"]) {
        Kind::Tls
    } else {
        return None;
    };
    Some((kind, endpoint_in(message)))
}

/// It answered and went away, or says that it is not ready; nobody says more.
pub(super) fn unavailable(message: &str, lower: &str) -> Option<(Kind, Option<String>)> {
    has(lower, &UNAVAILABLE).then(|| (Kind::Unavailable, endpoint_in(message)))
}

fn user_in(message: &str) -> Option<String> {
    static USER: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r#"(?i)(?:for user|login failed for user|user name|username|\buser)[:=]? ?["'`‘]([^"'`’\s@]+)"#,
        )
        .ok()
    });
    Some(super::lines::bounded(USER.as_ref()?.captures(message)?.get(1)?.as_str()))
}
