//! Incidents as the ledger would hand them over, one for each form a message can take. The names are
//! invented; the quoted words are what the components really print.

use std::collections::BTreeMap;

use firsthand::brief::Context;
use firsthand::diagnosis::{
    BlindSpot, Certainty, Change, Choice, Diagnosis, EventLine, Excerpt, Finding, Health,
    Hypothesis, Neighbours, ObjectRef, Presence, Proof, RestartCount, Rollout, ServiceHealth,
    Waiting,
};
use firsthand::incident::public::{self, Known, Public, Standing, Words};
use firsthand::incident::storm::{Fate, Member, Shared, Storm};
use firsthand::incident::watch::{Heartbeat, Part, Watching, Watchman};
use firsthand::incident::{
    Closed, Entry, Heard, Incident, JoinedAlert, Named, Reply, Restarted, Rules, Severity, State,
    Subject, hear,
};
use jiff::Timestamp;

/// A moment of the night of the incidents: `02:14`, `02:14:30`.
pub(crate) fn at(clock: &str) -> Timestamp {
    let seconds = if clock.len() == 5 { ":00" } else { "" };
    format!("2026-11-21T{clock}{seconds}Z").parse().expect("a time of day")
}

/// The words are made at that moment, in the cluster `prod-eu`.
pub(crate) fn context(clock: &str) -> Context {
    let alertmanager_url = Some("https://alerts.example.com".into());
    Context { cluster: "prod-eu".into(), alertmanager_url, ..Context::at(at(clock)) }
}

fn proof(fact: &str, quote: &str, source: &str) -> Proof {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Proof { fact: fact.into(), quote: some(quote), source: some(source) }
}

fn choice(label: &str, command: &str, text: &str) -> Choice {
    let command = (!command.is_empty()).then(|| command.to_owned());
    Choice { label: label.into(), command, text: text.into() }
}

fn hypothesis(cause: &str, certainty: Certainty, summary: &str) -> Hypothesis {
    Hypothesis {
        cause: cause.into(),
        certainty,
        summary: summary.into(),
        because: vec![],
        against: vec![],
        settle: vec![],
        target: None,
        facts: BTreeMap::new(),
    }
}

/// What was recorded of the crash loop that a release brought.
pub(crate) fn timeline() -> Vec<Entry> {
    let entry = |clock: &str, source: &str, text: &str| Entry {
        at: at(clock),
        source: source.into(),
        text: text.into(),
    };
    vec![
        entry(
            "02:12:20",
            "prometheus",
            "checkout-67cb7-85lnb/server restarted, 1 times by now: Error, exit code 2",
        ),
        entry("02:12:20", "firsthand", "opened"),
        entry("02:14", "alertmanager", "KubePodCrashLooping fires since 02:14"),
        entry("02:14:02", "firsthand", "state: investigating → identified"),
        entry("02:14:02", "firsthand", "spoke: KubePodCrashLooping fires"),
        entry(
            "02:24",
            "firsthand",
            "noted: 2 pods were deleted by hand. The crash goes on; the back-off began again.",
        ),
        entry("02:27", "firsthand", "state: identified → monitoring"),
        entry(
            "02:42",
            "firsthand",
            "closed: recovered: healthy 15 min, no restart since 02:26, alert ended 02:41",
        ),
    ]
}

/// Thirty-four workloads of six namespaces, most of them on a node that is lost.
pub(crate) fn storm() -> Incident {
    let subject =
        Subject { cluster: "prod-eu".into(), object: None, group: "many workloads".into() };
    let mut incident = Incident::open("FH-20261121-0212-many-workloads", subject, at("02:12"));
    incident.since = at("02:11");
    incident.spoken_at = Some(at("02:12"));
    incident.state = State::Identified;
    incident.severity = Severity::Sev1;
    incident.severity_reason = "34 workloads fail, 9 Services have no serving endpoint".into();
    incident.told.insert("ops".into());
    incident.revision = 3;
    let places = ["shop", "pay", "search", "ship", "mail", "batch"];
    let members = (0..34).map(|i| (format!("FH-{i:02}"), member(places[i % 6], i)));
    incident.storm = Some(Box::new(Storm {
        crowd: true,
        members: members.collect(),
        shared: Some(Shared {
            what: "Node node-7".into(),
            members: 31,
            certainty: Certainty::Certain,
            summary: "Node node-7 does not answer any more: its kubelet stopped at 02:10 UTC."
                .into(),
            quote: Some("Kubelet stopped posting node status.".into()),
            source: Some("condition Ready of Node node-7".into()),
            next: vec![choice(
                "look",
                "kubectl get node node-7 -o wide",
                "at the node; what runs on it is moved once it is drained or deleted",
            )],
        }),
        joined_at: at("02:13"),
        named_at: Some(at("02:13")),
    }));
    incident
}

fn named() -> Vec<Named> {
    let storm = storm().storm.expect("a storm");
    let mut named: Vec<_> = storm
        .members
        .into_values()
        .map(|member| Named {
            namespace: member.namespace().to_owned(),
            kind: "Deployment".into(),
            name: member.name,
        })
        .collect();
    named.sort_by(|a, b| a.namespace.cmp(&b.namespace));
    named
}

fn member(namespace: &str, i: usize) -> Member {
    let name = format!("{}-{i}", ["checkout", "web", "worker", "api"][i % 4]);
    let shares = if i < 31 { vec!["Node node-7".to_owned()] } else { Vec::new() };
    Member {
        object: Some(ObjectRef::new("Deployment", namespace, &name)),
        silent: if i < 9 { vec![name.clone()] } else { Vec::new() },
        name,
        severity: if i < 9 { Severity::Sev2 } else { Severity::Sev3 },
        predicate: if i < 31 { "has lost pods".into() } else { "is crash-looping".into() },
        shares: shares.into_iter().collect(),
        fate: if i < 30 { Fate::Failing } else { Fate::Watched },
        since: at("02:11"),
        named: true,
    }
}

/// The same when all of it is over.
pub(crate) fn storm_over() -> Incident {
    let mut incident = storm();
    incident.state = State::Resolved;
    let storm = incident.storm.as_mut().expect("a storm");
    for member in storm.members.values_mut() {
        member.fate = Fate::Ended("recovered".into());
    }
    incident.closed = Some(Closed {
        at: at("02:40"),
        how: "recovered".into(),
        because: "all 34 recovered".into(),
    });
    incident
}

/// A member's own message, told before its parent opened.
pub(crate) fn member_of_storm() -> Incident {
    Incident { parent: Some(storm().id), ..crash_looping() }
}

fn event(clock: &str, count: i32, reason: &str, message: &str) -> EventLine {
    EventLine {
        at: Some(at(clock)),
        count,
        kind: "Warning".into(),
        object: "Pod checkout-67cb7-85lnb".into(),
        reason: reason.into(),
        message: message.into(),
    }
}

fn alert(name: &str, clock: &str) -> JoinedAlert {
    let pairs = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    };
    JoinedAlert {
        name: name.into(),
        labels: pairs(&[("alertname", name), ("namespace", "shop"), ("pod", "checkout-67cb7-85lnb"), ("severity", "warning")]),
        annotations: pairs(&[
            ("summary", "Pod is crash looping."),
            ("runbook_url", "https://runbooks.example.com/kubepodcrashlooping"),
            ("dashboard", "https://grafana.example.com/d/pods?var-namespace=shop"),
        ]),
        starts_at: at(clock),
        ended_at: None,
        generator_url: Some("https://prometheus.example.com/graph?g0.expr=max_over_time%28kube_pod_container_status_waiting_reason%5B5m%5D%29".into()),
        external_url: None,
    }
}

fn down(ready: i32, desired: i32) -> Health {
    Health {
        presence: Presence::Present,
        desired,
        ready,
        updated: desired,
        services: vec![ServiceHealth {
            name: "checkout".into(),
            ready: ready as usize,
            total: desired as usize,
        }],
        neighbours: Some(Neighbours { failing: 1, total: 12 }),
        failing: vec![format!("{ready} of {desired} pods ready")],
        ..Health::default()
    }
}

fn up() -> Health {
    Health {
        rollout_complete: true,
        ready_since: Some(at("02:27")),
        neighbours: Some(Neighbours { failing: 0, total: 12 }),
        failing: vec![],
        ..down(2, 2)
    }
}

fn open(kind: &str, name: &str, clock: &str) -> Incident {
    let subject = Subject {
        cluster: "prod-eu".into(),
        object: Some(ObjectRef::new(kind, "shop", name)),
        group: String::new(),
    };
    let mut incident = Incident::open("FH-20261121-0211-4k7q", subject, at(clock));
    incident.spoken_at = Some(at(clock));
    incident.revision = 3;
    incident
}

/// A Go program that panics since its newest revision: proved.
pub(crate) fn panic_finding() -> Finding {
    let mut panic = hypothesis(
        "app-panic",
        Certainty::Certain,
        "the application panics while placing an order",
    );
    panic.because = vec![
        proof(
            "the log ends in a Go panic",
            "panic: runtime error: invalid memory address or nil pointer dereference\nmain.(*checkoutService).PlaceOrder(0xc0001, {0x1, 0x2})\n\t/src/main.go:242",
            "previous log of checkout-67cb7-85lnb, line 214",
        ),
        proof("exit code 2, eight times in 3 min", "", ""),
    ];
    let mut oom = hypothesis(
        "oom-killed",
        Certainty::Possible,
        "The kernel killed the container at its memory limit.",
    );
    oom.against = vec![proof("the exit code is 2, not 137", "", "")];
    let mut probe = hypothesis(
        "liveness-probe-wrong",
        Certainty::Possible,
        "The liveness probe kills a container that works.",
    );
    probe.settle = vec!["kubectl -n shop get events --field-selector reason=Unhealthy".into()];
    Finding {
        steward: None,
        object: ObjectRef::new("Deployment", "shop", "checkout"),
        symptom: "CrashLoopBackOff".into(),
        predicate: "is crash-looping".into(),
        since: Some(at("02:11")),
        health: down(0, 2),
        behind: None,
        hypotheses: vec![panic, oom, probe],
        rollout: Some(Rollout {
            from_revision: Some("41".into()),
            to_revision: Some("42".into()),
            at: Some(at("02:10")),
            changes: vec![Change {
                what: "image".into(),
                container: Some("server".into()),
                from: Some("checkout:1.4.1".into()),
                to: Some("checkout:1.4.2".into()),
                at: None,
            }],
            can_roll_back: true,
        }),
        next: vec![
            choice(
                "roll back",
                "kubectl -n shop rollout undo deployment/checkout --to-revision=41",
                "revision 41 ran until 02:10 UTC",
            ),
            choice("fix forward", "", "/src/main.go:242 (PlaceOrder), then release again"),
        ],
        avoid: vec!["deleting the pods: that resets the back-off and loses the log above".into()],
        unknown: vec!["whether orders in flight were saved".into()],
        excerpt: Some(Excerpt {
            source: "previous log of checkout-67cb7-85lnb, container server".into(),
            first_line: 211,
            lines: [
                "level=info msg=\"placing order\" order=8123 items=2",
                "level=info msg=\"charging card\" order=8123",
                "level=warn msg=\"promotion service answered null\"",
                "panic: runtime error: invalid memory address or nil pointer dereference",
                "[signal SIGSEGV: segmentation violation code=0x1 addr=0x18 pc=0x7d3a5c]",
                "goroutine 34 [running]:",
                "main.(*checkoutService).PlaceOrder(0xc0001, {0x1, 0x2})",
                "\t/src/main.go:242 +0x1fc",
            ]
            .map(String::from)
            .to_vec(),
        }),
        events: vec![
            event("02:10:04", 1, "Pulled", "Successfully pulled image \"checkout:1.4.2\" in 812ms"),
            event("02:10:05", 4, "Started", "Started container server"),
            event(
                "02:13:58",
                8,
                "BackOff",
                "Back-off restarting failed container server in pod checkout-67cb7-85lnb_shop(7f0c)",
            ),
        ],
    }
}

/// The typical main message: crash-looping, proved, alerted.
pub(crate) fn crash_looping() -> Incident {
    let mut incident = open("Deployment", "checkout", "02:12");
    incident.state = State::Identified;
    incident.severity = Severity::Sev2;
    incident.severity_reason = "no ready pod; Service checkout has no serving endpoint".into();
    incident.since = at("02:11");
    incident.alerts.insert("a1".into(), alert("KubePodCrashLooping", "02:14"));
    incident.restarts = ["02:11", "02:11:20", "02:12", "02:14"]
        .map(|clock| Restarted {
            at: at(clock),
            pod: "checkout-67cb7-85lnb".into(),
            container: "server".into(),
        })
        .to_vec();
    incident.finding = Some(panic_finding());
    incident.health = down(0, 2);
    incident.found_at = Some(at("02:14"));
    incident.looked_at = Some(at("02:14"));
    incident.looks = 3;
    incident.redacted = 2;
    incident
}

/// Killed for memory from outside the container's own limit: likely, not proved.
pub(crate) fn likely_oom() -> Incident {
    let mut oom = hypothesis(
        "killed-by-node",
        Certainty::Likely,
        "killed by the kernel for memory, from outside the container's own limit",
    );
    oom.because = vec![proof(
        "the last run ended with 137",
        "Last State: Terminated, Reason: OOMKilled, Exit Code: 137",
        "status of pod search-5d8f-x2x9p",
    )];
    oom.against =
        vec![proof("not the limit: there is none; not a probe: no Unhealthy event", "", "")];
    oom.settle = vec!["kubectl get events -A --field-selector reason=SystemOOM".into()];
    let mut incident = open("StatefulSet", "search", "02:12");
    incident.severity = Severity::Sev3;
    incident.since = at("02:11");
    incident.health = down(1, 3);
    incident.health.services = vec![ServiceHealth { name: "search".into(), ready: 1, total: 3 }];
    incident.finding = Some(Finding {
        steward: None,
        object: ObjectRef::new("StatefulSet", "shop", "search"),
        symptom: "OOMKilled".into(),
        predicate: "is being killed and restarted".into(),
        behind: None,
        hypotheses: vec![oom],
        rollout: None,
        next: vec![choice(
            "look",
            "kubectl -n shop describe pod search-5d8f-x2x9p",
            "what the node says of its memory",
        )],
        avoid: vec![],
        unknown: vec![],
        excerpt: None,
        events: vec![],
        health: incident.health.clone(),
        since: Some(at("02:11")),
    });
    incident.alerts.insert("a1".into(), alert("KubePodCrashLooping", "02:14"));
    incident.looks = 1;
    incident.looked_at = Some(at("02:14"));
    incident.blind_spots = vec![BlindSpot {
        source: "node metrics".into(),
        why: "Prometheus has no node_memory_* for node-7".into(),
    }];
    incident
}

/// Nothing proves or suggests anything.
pub(crate) fn not_enough_evidence() -> Incident {
    let mut none = hypothesis(
        "not-enough-evidence",
        Certainty::Possible,
        "Not enough evidence. The container exited with code 1 and its log is empty.",
    );
    none.settle =
        vec!["kubectl -n shop logs report-worker-7d9-abcde --previous --container worker".into()];
    let mut incident = likely_oom();
    incident.subject.object = Some(ObjectRef::new("Deployment", "shop", "report-worker"));
    incident.blind_spots = vec![BlindSpot {
        source: "previous log of report-worker-7d9-abcde".into(),
        why: "forbidden".into(),
    }];
    if let Some(finding) = &mut incident.finding {
        finding.object = ObjectRef::new("Deployment", "shop", "report-worker");
        finding.predicate = "is crash-looping".into();
        finding.hypotheses = vec![none];
        finding.next = vec![];
    }
    incident
}

/// A Secret that does not exist, seen by the poll before any alert; rolling back would not help.
pub(crate) fn missing_secret() -> Incident {
    let mut incident = crash_looping();
    incident.subject.object = Some(ObjectRef::new("Deployment", "shop", "payments"));
    incident.alerts.clear();
    incident.restarts.clear();
    incident.redacted = 0;
    incident.severity = Severity::Sev3;
    let mut secret = hypothesis(
        "secret-missing",
        Certainty::Certain,
        "Secret payments-db does not exist in shop (it exists in staging)",
    );
    secret.because = vec![proof(
        "the kubelet says so",
        "secret \"payments-db\" not found",
        "container waiting message of payments-5c9-8hx2k",
    )];
    secret.target = Some(ObjectRef::new("Secret", "shop", "payments-db"));
    incident.health = down(1, 2);
    incident.health.waiting = vec![Waiting {
        pod: "payments-5c9-8hx2k".into(),
        container: "server".into(),
        reason: "CreateContainerConfigError".into(),
    }];
    incident.finding = Some(Finding {
        steward: None,
        object: ObjectRef::new("Deployment", "shop", "payments"),
        symptom: "CreateContainerConfigError".into(),
        predicate: "cannot start".into(),
        behind: None,
        hypotheses: vec![secret],
        health: incident.health.clone(),
        rollout: None,
        next: vec![
            choice(
                "create it",
                "kubectl -n shop create secret generic payments-db --from-literal=password=…",
                "with the keys that the pod reads: password",
            ),
            choice(
                "correct the name",
                "kubectl -n shop edit deployment/payments",
                "if another Secret was meant",
            ),
        ],
        avoid: vec!["rolling back: revision 7 asks for the same Secret".into()],
        unknown: vec![],
        excerpt: None,
        events: vec![],
        since: Some(at("02:11")),
    });
    incident
}

/// Rolled back; the pods are healthy, the alert's window still reaches back.
pub(crate) fn monitoring() -> Incident {
    let mut incident = crash_looping();
    incident.state = State::Monitoring;
    incident.health = up();
    incident.healthy_since = Some(at("02:27"));
    incident.looked_at = Some(at("02:38"));
    incident.revision = 6;
    incident
}

/// Verified and over.
pub(crate) fn resolved() -> Incident {
    let mut incident = monitoring();
    incident.state = State::Resolved;
    incident.alerts.values_mut().for_each(|alert| alert.ended_at = Some(at("02:41")));
    incident.closed = Some(Closed {
        at: at("02:42"),
        how: "recovered".into(),
        because: "healthy 15 min, no restart since 02:26, alert ended 02:41".into(),
    });
    incident
}

/// Deleted while it failed: closed, not recovered.
pub(crate) fn gone() -> Incident {
    let mut incident = resolved();
    incident.closed = Some(Closed {
        at: at("02:42"),
        how: "gone".into(),
        because: "Deployment checkout was deleted".into(),
    });
    incident
}

/// Back within the day.
pub(crate) fn relapsed() -> Incident {
    let mut incident = crash_looping();
    incident.relapses = 1;
    incident
}

/// An alert about nothing in Kubernetes.
pub(crate) fn without_object() -> Incident {
    let subject =
        Subject { cluster: "prod-eu".into(), object: None, group: "CertificateExpiresSoon".into() };
    let mut incident = Incident::open("FH-20261121-0214-9d2c", subject, at("02:14"));
    incident.severity = Severity::Sev3;
    incident.severity_reason = "the alert says warning".into();
    let mut alert = alert("CertificateExpiresSoon", "02:14");
    alert
        .annotations
        .insert("summary".into(), "shop.example.com: certificate expires in 6 days".into());
    alert.labels.remove("pod");
    incident.alerts.insert("a1".into(), alert);
    incident
}

/// Prometheus does not answer, as the house tells it of itself.
pub(crate) fn blind() -> Incident {
    let mut watchman =
        Watchman::new(Watching::default(), "prod-eu", Heartbeat::default(), at("02:00"));
    let why = "http://prometheus.monitoring.svc:9090: cannot connect: connection refused";
    watchman.saw(Part::Prometheus, Some(why.into()), at("02:09"));
    let told = watchman.due(at("02:14"));
    match hear(None, &told[0], "FH-20261121-0214-5b1e", at("02:14"), &Rules::default()) {
        Heard::Decided(decision) => decision.incident,
        Heard::Ignored(why) => panic!("{why}"),
    }
}

/// An alert of a cluster that is not ours.
pub(crate) fn other_cluster() -> Incident {
    let mut incident = open("Deployment", "checkout", "02:14");
    incident.subject.cluster = "prod-us".into();
    incident.severity = Severity::Sev3;
    incident.severity_reason =
        "the alert says warning; this cluster cannot be seen from here".into();
    incident.alerts.insert("a1".into(), alert("KubePodCrashLooping", "02:14"));
    incident
}

/// The first words, before any evidence.
pub(crate) fn first_words() -> Incident {
    let mut incident = open("Deployment", "checkout", "02:14");
    incident.severity = Severity::Sev3;
    incident.alerts.insert("a1".into(), alert("KubePodCrashLooping", "02:14"));
    incident
}

/// Text that wants to mention, link, format, hide and overflow, everywhere where text from outside stands.
pub(crate) const HOSTILE: &str = "<!channel> <@U123> <https://evil.example|click> &amp; *bold* _it_ ~no~ `code` :sob: \u{202e}txt.exe\u{202c} @here </div><script>alert(1)</script> 日本語 عربي 😀 \"quoted\\\" \u{1b}[31mred\u{1b}[0m";

/// Everything at its limits and hostile: 60 alerts, names of 253 characters, quotes of 3,000, a
/// thousand backticks, 200 events, 500 log lines.
pub(crate) fn overflowing() -> Incident {
    let long = |n: usize| HOSTILE.chars().cycle().take(n).collect::<String>();
    let mut incident = crash_looping();
    incident.subject.object = Some(ObjectRef::new("Deployment", "n".repeat(63), "x".repeat(253)));
    incident.subject.cluster = long(300);
    incident.severity_reason = long(2_000);
    incident.relapses = 12;
    for n in 0..60 {
        let mut alert = alert(&format!("{n} {HOSTILE}"), "02:14");
        alert.annotations.insert(
            "runbook_url".into(),
            format!("https://runbooks.example.com/{}", long(200).replace(char::is_whitespace, "+")),
        );
        alert.labels.insert("namespace".into(), long(900));
        incident.alerts.insert(format!("a{n}"), alert);
    }
    incident.health.services = (0..40)
        .map(|n| ServiceHealth { name: format!("service-{n}-{HOSTILE}"), ready: 0, total: 2 })
        .collect();
    incident.health.restarts = vec![RestartCount {
        uid: "u".into(),
        pod: "p".into(),
        container: "c".into(),
        count: i32::MAX,
        last_started_at: None,
        last_ended_at: None,
    }];
    incident.blind_spots = (0..20)
        .map(|n| BlindSpot { source: format!("{n} {}", long(300)), why: long(500) })
        .collect();
    incident.redacted = u32::MAX;
    let finding = incident.finding.as_mut().expect("it has one");
    finding.predicate = long(400);
    let best = &mut finding.hypotheses[0];
    best.certainty = Certainty::Likely;
    best.summary = long(3_000);
    best.because = vec![
        proof(&long(900), &format!("{}\n{}", "`".repeat(1_000), long(3_000)), &long(900)),
        proof(&long(900), "", ""),
        proof(&long(900), "", ""),
    ];
    best.against = (0..9).map(|_| proof(&long(900), "", "")).collect();
    best.settle = (0..9).map(|_| "\"\\".repeat(900)).collect();
    best.target = Some(ObjectRef::new("Secret", "n".repeat(63), "s".repeat(253)));
    let best = best.clone();
    finding.hypotheses.extend((0..30).map(|_| best.clone()));
    let changes = &mut finding.rollout.as_mut().expect("it has one").changes;
    changes.extend((0..40).map(|n| Change {
        what: format!("env {n} {}", long(300)),
        container: Some(long(90)),
        from: Some(long(900)),
        to: Some(long(900)),
        at: Some(at("02:09")),
    }));
    finding.next = (0..9).map(|_| choice(&long(200), &long(3_000), &long(900))).collect();
    finding.avoid = (0..9).map(|_| long(900)).collect();
    finding.unknown = (0..9).map(|_| long(900)).collect();
    finding.events = (0..200).map(|n| event("02:13", n, "BackOff", &long(900))).collect();
    let lines = (0..500)
        .map(|n| format!("{n} {}", if n == 250 { long(9_000) } else { long(120) }))
        .collect();
    finding.excerpt = Some(Excerpt { source: long(900), first_line: 9_000, lines });
    incident
}

/// One of each kind of reply.
pub(crate) fn replies() -> Vec<(&'static str, Reply)> {
    vec![
        ("evidence", Reply::Evidence { at: at("02:14"), finding: Box::new(panic_finding()) }),
        ("severity", Reply::Severity { at: at("02:19"), from: Severity::Sev2, to: Severity::Sev1, reason: "Service frontend has no endpoints either".into() }),
        ("members", Reply::Members { at: at("02:13"), total: 34, members: named() }),
        (
            "identified",
            Reply::Identified {
                at: at("02:16"),
                summary: "the application panics while placing an order".into(),
                quote: Some("panic: runtime error: invalid memory address or nil pointer dereference".into()),
                source: Some("previous log of checkout-67cb7-85lnb, line 214".into()),
            },
        ),
        ("note", Reply::Note { at: at("02:24"), text: "Two pods were deleted by hand. The crash goes on; the back-off began again. The log above is kept here.".into() }),
        (
            "resolved",
            Reply::Resolved { at: at("02:42"), since: at("02:11"), how: "recovered".into(), because: "healthy 15 min, no restart since 02:26, alert ended 02:41".into() },
        ),
        (
            "checklist",
            Reply::Checklist {
                at: at("02:14"),
                severity: Severity::Sev2,
                items: vec![
                    (true, "Told, as SEV2: no ready pod; Service checkout has no serving endpoint".into()),
                    (true, "Cause proved, not guessed".into()),
                    (false, "Somebody leads, and has said so here".into()),
                ],
            },
        ),
        (
            "words",
            Reply::Words {
                at: at("02:20"),
                by: "Dana".into(),
                text: "We go back to the release of <!channel> yesterday.".into(),
            },
        ),
        (
            "update",
            Reply::Update {
                at: at("02:16"),
                was: Box::new(Standing { cause: Known::Not, ..public::standing_of(&crash_looping()) }),
                is: Box::new(public::standing_of(&crash_looping())),
                next_at: Some(at("03:14")),
            },
        ),
        ("postmortem", Reply::Postmortem { at: at("02:43"), timeline: timeline() }),
        ("relapse", Reply::Relapse { at: at("02:58"), resolved_at: at("02:42"), reason: "0 of 2 pods ready, CrashLoopBackOff".into() }),
    ]
}

/// What stakeholders are told: with and without a word of its owners about what it means, at its end, of
/// what was deleted, and of many at once.
pub(crate) fn public() -> Vec<(&'static str, Incident, &'static str)> {
    let told = |mut incident: Incident, next: Option<&str>, words: bool| {
        let is = public::standing_of(&incident);
        let words = words.then(|| Words {
            at: at("02:20"),
            by: "Dana".into(),
            text: "We go back to the release of yesterday; orders of the last minutes are kept."
                .into(),
        });
        incident.public = Some(Public {
            told: is.clone(),
            standing: is,
            told_at: at("02:14"),
            next_at: next.map(at),
            words,
        });
        incident
    };
    let mut owned = crash_looping();
    owned.about.service = Some("web shop".into());
    owned.about.impact = Some("customers cannot place orders".into());
    let mut over = resolved();
    over.about = owned.about.clone();
    vec![
        ("public", told(owned, Some("03:14"), true), "02:21"),
        ("public-unknown", told(not_enough_evidence(), Some("03:14"), false), "02:14"),
        ("public-monitoring", told(monitoring(), Some("03:14"), false), "02:38"),
        ("public-resolved", told(over, None, false), "02:42"),
        ("public-gone", told(gone(), None, false), "02:42"),
        ("public-storm", told(storm(), Some("02:44"), false), "02:14"),
    ]
}

/// A namespace with two findings, and others that are well.
pub(crate) fn shop() -> Diagnosis {
    let secret = missing_secret().finding.expect("it has one");
    Diagnosis {
        findings: vec![panic_finding(), secret],
        healthy: (0..10)
            .map(|n| (ObjectRef::new("Deployment", "shop", format!("well-{n}")), up()))
            .collect(),
        blind_spots: vec![BlindSpot {
            source: "node metrics".into(),
            why: "prometheus not configured".into(),
        }],
    }
}

/// One healthy workload.
pub(crate) fn well() -> Diagnosis {
    Diagnosis {
        healthy: vec![(ObjectRef::new("Deployment", "shop", "checkout"), up())],
        ..Diagnosis::default()
    }
}
