//! The name server does not answer: no name resolves, whatever it is.

use super::prelude::*;
use crate::diagnosis::ObjectRef;
use crate::diagnosis::complaint::{Complaint, Heard, heard};

/// What clusters call the Service of their name server, in kube-system.
const NAME_SERVERS: [&str; 3] = ["kube-dns", "coredns", "rke2-coredns-rke2-coredns"];

pub(super) static CAUSE: Cause = Cause {
    id: "dns-unavailable",
    title: "The name server does not answer",
    since: "0.1.0",
    reads: &[Pods, Logs],
    clears: &["application-crashed"],
    why: "Container {container} gets no name resolved: {message}. Its name server is {server}. Service {service} has no ready endpoint.",
    fix: &[
        "Look at the cluster's DNS: its pods (CoreDNS, kube-dns), its Service, and what forbids UDP and TCP port 53 to it.",
        "Correct dnsPolicy and dnsConfig in {object}: it names a name server of its own.",
    ],
    avoid: &["Changing the address that {workload} is given: no name would resolve."],
    looks_for: &[
        "A look-up that ended with a time-out, a refusal or no route to port 53; SERVFAIL (Go: `server misbehaving`); EAI_AGAIN, `Temporary failure in name resolution`.",
        "Not: NXDOMAIN or `no such host`, where the name server answered that there is no such name.",
        "A Service that does not exist is told before it: some name servers answer SERVFAIL for what they do not know.",
    ],
    confirm: "The same name resolves from the pod.",
    links: &["https://kubernetes.io/docs/tasks/administer-cluster/dns-debugging-resolution/"],
    weigh,
};

/// The cluster's own name server, where none of its pods is ready.
fn silent_name_server(case: &Case<'_>) -> Option<ObjectRef> {
    let world = case.world();
    let mut known = NAME_SERVERS.iter().filter(|name| world.service("kube-system", name).is_some());
    let name = known.next()?;
    let (ready, _) = world.endpoints("kube-system", name)?;
    (ready == 0).then(|| ObjectRef::new("Service", "kube-system", *name))
}

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let of = |it: &Heard<'_>| -> Hypothesis {
        let server = it.after(" on ", &[' ', ',']).and_then(|it| it.strip_suffix(':').or(Some(it)));
        let server = server.and_then(|it| it.strip_suffix(":53"));
        let silent = ["timeout", "timed out", "refused", "unreachable"]
            .iter()
            .any(|word| it.quote.contains(word));
        let mut found = it.hypothesis();
        if !(silent && server.is_some()) {
            // The server answered, and said that it could not say.
            found.certainty = found.certainty.min(Certainty::Likely);
        }
        let found = found
            .maybe("server", server)
            .settle("kubectl -n kube-system get pods -l k8s-app=kube-dns");
        match silent_name_server(case) {
            Some(service) => {
                let fact = format!("{service} has no ready endpoint");
                let mut found = found.because(Proof::fact(fact)).fact("service", &service.name);
                found.certainty = Certainty::Certain;
                found.target(service)
            }
            None => found,
        }
    };
    heard(case, CAUSE.id, Complaint::Resolver, "no name server answers").iter().map(of).collect()
}
