//! TLS fails: a certificate is expired, for another name, or of an unknown authority.

use super::prelude::*;
use crate::diagnosis::complaint::{Complaint, Heard, heard};

pub(super) static CAUSE: Cause = Cause {
    id: "certificate-not-accepted",
    title: "A TLS certificate is not accepted",
    since: "0.1.0",
    reads: &[Pods, Logs],
    clears: &["application-crashed", "readiness-probe-failing"],
    why: "Container {container} does not accept a certificate, or its own is not accepted: {message}. {reason}. The other side is {endpoint}.",
    fix: &[
        "Renew the certificate of {expired}.",
        "Renew the certificate, or mount the authority that signed it in {object}; the message says which is wrong.",
    ],
    avoid: &["Turning off verification: it hides who is on the other side."],
    looks_for: &[
        "x509, PKIX, OpenSSL and Node.js words about certificates in the log.",
        "`expired`: the time; `unknown authority`, `self-signed`: the trust store; `not valid for`, `does not match`: the name.",
        "A node whose clock is wrong shows it for pods on that node only.",
    ],
    confirm: "The container runs on, and its log no longer says so.",
    links: &["https://kubernetes.io/docs/tasks/tls/managing-tls-in-a-cluster/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let of = |it: &Heard<'_>| -> Option<Hypothesis> {
        let lower = it.quote.to_ascii_lowercase();
        // Go names both; which of them it is stands in the times behind.
        let early = lower.contains("is before") || lower.contains("not valid before");
        let expired = lower.contains("expired") && !early;
        let reason = if expired {
            "The certificate has expired"
        } else if early || lower.contains("not yet valid") {
            "The certificate is not valid yet, or a clock is wrong"
        } else if lower.contains("authority")
            || lower.contains("signed")
            || lower.contains("pkix")
            || lower.contains("issuer")
        {
            "The authority that signed it is not trusted"
        } else if lower.contains("match")
            || lower.contains("altname")
            || lower.contains("not valid for")
            || lower.contains("doesn't contain")
        {
            "It was issued for another name"
        } else if lower.contains("load certificate") {
            "The file cannot be read as a certificate"
        } else {
            ""
        };
        let found = it.hypothesis().fact("reason", reason);
        Some(found.maybe("expired", it.endpoint.as_deref().filter(|_| expired)))
    };
    heard(case, CAUSE.id, Complaint::Certificate, "TLS fails").iter().filter_map(of).collect()
}
