//! The API server forbids the pod something: its ServiceAccount lacks the right.

use super::prelude::*;
use crate::diagnosis::ObjectRef;
use crate::diagnosis::complaint::{Complaint, Heard, heard};

pub(super) static CAUSE: Cause = Cause {
    id: "api-access-forbidden",
    title: "The ServiceAccount lacks a right on the API",
    since: "0.1.0",
    reads: &[Pods, Logs, Rights],
    clears: &["application-crashed", "readiness-probe-failing"],
    why: "Container {container} may not do what it needs: ServiceAccount {account} lacks the right to {verb} {resource} in {scope}. Binding {binding} names ServiceAccount {subject} instead, which does not exist.",
    fix: &[
        "Correct the subject of {binding}: it names {subject}, the pods run as {account}.",
        "Bind a role to ServiceAccount {account} that allows {verb} on {resource}.",
    ],
    avoid: &["Giving the account cluster-admin: one missing right is no reason for all of them."],
    looks_for: &[
        "`is forbidden: User \"system:serviceaccount:NS:NAME\" cannot VERB resource …` in a container's log.",
        "The role bindings of the namespace: which of them name the account, and which name one that does not exist.",
    ],
    confirm: "kubectl auth can-i says yes, and the log no longer says forbidden.",
    links: &["https://kubernetes.io/docs/reference/access-authn-authz/rbac/"],
    weigh,
};

fn weigh(case: &Case<'_>) -> Vec<Hypothesis> {
    let of = |it: &Heard<'_>| -> Option<Hypothesis> {
        let user = it.after("system:serviceaccount:", &['"', '\\', ' '])?;
        let (space, account) = user.split_once(':')?;
        let verb = it.after(" cannot ", &[' ']);
        // `error retrieving resource lock …` stands before it, and is about something else.
        let denied = it.quote.split_once(" cannot ").map_or("", |(_, denied)| denied);
        let after = |words: &str| {
            let rest = denied.split_once(words)?.1.split([' ', ':']).next()?;
            let word = rest.trim_matches(['"', '\'', '\\']);
            (!word.is_empty()).then_some(word)
        };
        let resource = after("resource ");
        let group = after("in API group ");
        let resource = resource.map(|it| match group {
            Some(group) if !group.is_empty() => format!("{it}.{group}"),
            _ => it.to_owned(),
        });
        let scope = match after("in the namespace ") {
            Some(namespace) => format!("namespace {namespace}"),
            None => "the whole cluster".to_owned(),
        };
        let found = it
            .hypothesis()
            .fact("account", account)
            .maybe("verb", verb)
            .maybe("resource", resource.as_deref())
            .fact("scope", scope)
            .target(ObjectRef::new("ServiceAccount", space, account));
        let found = match verb.zip(resource) {
            Some((verb, resource)) => found.settle(format!(
                "kubectl auth can-i {verb} {resource} -n {space} --as=system:serviceaccount:{user}"
            )),
            None => found,
        };
        Some(match dangling(case, space) {
            Some((binding, subject)) => found
                .because(Proof::fact(format!(
                    "{binding} names ServiceAccount {subject}, which does not exist"
                )))
                .fact("binding", binding)
                .fact("subject", subject),
            None => found,
        })
    };
    heard(case, CAUSE.id, Complaint::Forbidden, "the API server forbids it")
        .iter()
        .filter_map(of)
        .collect()
}

/// A binding of the namespace whose subject is an account that is not there.
fn dangling(case: &Case<'_>, space: &str) -> Option<(String, String)> {
    let accounts = case.evidence().service_accounts.read()?;
    let exists = |namespace: &str, name: &str| {
        accounts.iter().any(|it| {
            it.metadata.namespace.as_deref() == Some(namespace)
                && it.metadata.name.as_deref() == Some(name)
        })
    };
    let bindings = case.evidence().role_bindings.items().iter();
    let here = bindings.filter(|it| it.metadata.namespace.as_deref() == Some(space));
    let mut dangling = here.flat_map(|binding| {
        let subjects = binding.subjects.iter().flatten();
        subjects.filter(|it| it.kind == "ServiceAccount").filter_map(move |subject| {
            let at = subject.namespace.as_deref().unwrap_or(space);
            let name = binding.metadata.name.as_deref()?;
            (at == space && !exists(at, &subject.name))
                .then(|| (format!("rolebinding/{name}"), subject.name.clone()))
        })
    });
    dangling.next()
}
