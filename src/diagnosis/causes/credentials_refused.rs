//! Another service refuses the credentials, the user or the database that the program names.

use super::prelude::*;
use crate::diagnosis::complaint::{Complaint, Heard, heard};

pub(super) static CAUSE: Cause = Cause {
    id: "credentials-refused",
    title: "A service refuses the credentials it is given",
    since: "0.1.0",
    reads: &[Pods, Logs],
    clears: &["application-crashed", "readiness-probe-failing"],
    why: "Container {container} is refused by a service it needs: {refused}. The service is {endpoint}.",
    fix: &[
        "Create {missing} on the service, or correct the name that {object} uses.",
        "Give {workload} credentials that the service accepts: compare the Secret it reads with the user on the service.",
        "Restore the user's rights on the service, if they were taken away.",
    ],
    avoid: &["Restarting {workload}: it logs in with the same credentials again."],
    looks_for: &[
        "Words of databases and brokers about a login: PostgreSQL, MySQL, MongoDB, Redis, RabbitMQ, Kafka, SQL Server, object stores.",
        "The service answers: neither the network nor the service's health is the fault.",
    ],
    confirm: "The container runs on, and its log no longer says so.",
    links: &["https://kubernetes.io/docs/concepts/configuration/secret/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let of = |it: &Heard<'_>| -> Option<Hypothesis> {
        let missing = it
            .after("role \"", &['"'])
            .filter(|_| it.quote.contains("does not exist"))
            .map(|name| format!("user {name}"))
            .or_else(|| {
                let name = it
                    .after("database \"", &['"'])
                    .or_else(|| it.after("Unknown database '", &['\'']))?;
                Some(format!("database {name}"))
            });
        let refused = match &missing {
            Some(missing) => format!("{missing} does not exist there"),
            None => it.message.clone(),
        };
        Some(it.hypothesis().fact("refused", refused).maybe("missing", missing))
    };
    heard(case, CAUSE.id, Complaint::Credentials, "the service refuses it")
        .iter()
        .filter_map(of)
        .collect()
}
