//! Messages as people and machines get them. `UPDATE=1 cargo test --test messages` rewrites what is
//! expected; read the difference before committing it.

#[path = "messages/hostile.rs"]
mod hostile;
#[path = "messages/incidents.rs"]
mod incidents;
#[path = "messages/limits.rs"]
mod limits;
#[path = "messages/page.rs"]
mod page;

use std::path::Path;

use firsthand::brief::{Context, document, json, markdown, slack, text};
use firsthand::incident::{Audience, Incident};
use incidents::{at, context};
use serde_json::{Value, json};

/// Every main message that is kept as a golden file, and the time at which it is read.
fn mains() -> Vec<(&'static str, Incident, &'static str)> {
    vec![
        ("crash-looping", incidents::crash_looping(), "02:14"),
        ("likely", incidents::likely_oom(), "02:14"),
        ("not-enough-evidence", incidents::not_enough_evidence(), "02:14"),
        ("poll-born", incidents::missing_secret(), "02:14"),
        ("monitoring", incidents::monitoring(), "02:38"),
        ("resolved", incidents::resolved(), "02:42"),
        ("gone", incidents::gone(), "02:42"),
        ("relapsed", incidents::relapsed(), "02:58"),
        ("no-object", incidents::without_object(), "02:14"),
        ("blind", incidents::blind(), "02:14"),
        ("other-cluster", incidents::other_cluster(), "02:14"),
        ("storm", incidents::storm(), "02:14"),
        ("storm-over", incidents::storm_over(), "02:42"),
        ("storm-member", incidents::member_of_storm(), "02:14"),
        ("first-words", incidents::first_words(), "02:14"),
    ]
}

#[test]
fn main_messages_read_as_agreed() {
    for (name, incident, clock) in mains() {
        let context = context(clock);
        let message = slack::main(&incident, &context);
        let body = json!({"text": message.text, "blocks": message.blocks});
        golden(&format!("{name}.json"), &pretty(&body));
        golden(&format!("{name}.md"), &markdown::main(&incident, &context));
        golden(&format!("{name}.txt"), &text::main(&incident, &context));
    }
}

#[test]
fn stakeholders_are_told_as_agreed() {
    let schema = json!(schemars::schema_for!(json::PublicBrief));
    fresh("docs/schema/update-v1.json", &pretty(&schema));
    let form = jsonschema::validator_for(&schema).expect("the update's schema is one");
    for (name, incident, clock) in incidents::public() {
        let context = Context { audience: Audience::Stakeholders, ..context(clock) };
        let message = slack::main(&incident, &context);
        limits::check(&message).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let body = json!({"text": message.text, "blocks": message.blocks});
        golden(&format!("{name}.json"), &pretty(&body));
        let told = text::main(&incident, &context);
        golden(&format!("{name}.txt"), &told);
        assert!(form.is_valid(&json!(json::public_main(&incident, &context))));
        for secret in ["checkout-67cb7", "panic", "kubectl", "pod"] {
            assert!(!told.contains(secret), "{name} says {secret}: {told}");
            assert!(!body.to_string().contains(secret), "{name} says {secret}: {body}");
        }
    }
}

#[test]
fn replies_read_as_agreed() {
    let incident = incidents::crash_looping();
    for (name, reply) in incidents::replies() {
        let context = context("02:58");
        let message = slack::reply(&reply, &incident, &context);
        let body = json!({"text": message.text, "blocks": message.blocks});
        golden(&format!("reply-{name}.json"), &pretty(&body));
        golden(&format!("reply-{name}.md"), &markdown::reply(&reply, &incident, &context));
        golden(&format!("reply-{name}.txt"), &text::reply(&reply, &incident, &context));
    }
}

#[test]
fn diagnoses_read_as_agreed() {
    for (name, diagnosis, workload) in [
        ("shop", incidents::shop(), None),
        ("well", incidents::well(), Some("checkout".to_owned())),
    ] {
        let options = text::Options {
            namespace: Some("shop".into()),
            workload,
            took: Some(std::time::Duration::from_millis(210)),
            api_calls: Some(23),
            colour: false,
        };
        let taken_at = at("02:14");
        golden(&format!("diagnose-{name}.txt"), &text::diagnosis(&diagnosis, taken_at, &options));
        golden(
            &format!("diagnose-{name}.md"),
            &markdown::diagnosis(&diagnosis, taken_at, Some("shop")),
        );
        golden(
            &format!("diagnose-{name}.json"),
            &pretty(&json!(json::diagnosis(&diagnosis, taken_at))),
        );
        let message = slack::diagnosis(&diagnosis, taken_at, Some("shop"));
        limits::check(&message).unwrap_or_else(|fault| panic!("diagnose-{name}: {fault}"));
    }
}

#[test]
fn postmortems_read_as_agreed() {
    for (name, incident) in
        [("postmortem", incidents::resolved()), ("postmortem-unknown", incidents::first_words())]
    {
        let context = context("09:00");
        let draft = firsthand::brief::postmortem(&incident, &incidents::timeline(), &context);
        golden(&format!("{name}.md"), &document::to_markdown(&draft));
        golden(&format!("{name}.html"), &document::to_html(&draft));
    }
}

#[test]
fn webhook_bodies_keep_their_published_form() {
    let incident = incidents::crash_looping();
    let main = json!(json::main(&incident, &context("02:14")));
    golden("webhook-main.json", &pretty(&main));
    let (_, reply) = incidents::replies().remove(1);
    golden(
        "webhook-reply.json",
        &pretty(&json!(json::reply(&reply, &incident, &context("02:19")))),
    );
}

#[test]
fn published_schemas_are_fresh_and_hold() {
    let brief = json!(schemars::schema_for!(json::Brief));
    let diagnosis = json!(schemars::schema_for!(json::DiagnosisForm));
    fresh("docs/schema/brief-v1.json", &pretty(&brief));
    fresh("docs/schema/diagnosis-v1.json", &pretty(&diagnosis));
    let briefs = jsonschema::validator_for(&brief).expect("the brief's schema is one");
    let hostile = incidents::overflowing();
    for incident in mains().into_iter().map(|(_, incident, _)| incident).chain([hostile]) {
        assert!(briefs.is_valid(&json!(json::main(&incident, &context("02:42")))));
        for (_, reply) in incidents::replies() {
            assert!(briefs.is_valid(&json!(json::reply(&reply, &incident, &context("02:42")))));
        }
    }
    let diagnoses = jsonschema::validator_for(&diagnosis).expect("the diagnosis' schema is one");
    for told in [incidents::shop(), incidents::well()] {
        assert!(diagnoses.is_valid(&json!(json::diagnosis(&told, at("02:14")))));
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("a value prints") + "\n"
}

fn golden(name: &str, now: &str) {
    fresh(&format!("tests/messages/{name}"), now);
}

/// The file says what is made now; with `UPDATE=1` it is made to.
pub(crate) fn fresh(path: &str, now: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("the folder can be made");
        std::fs::write(&file, now).expect("the file can be written");
        return;
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    if expected != now {
        let diff = similar::TextDiff::from_lines(expected.as_str(), now);
        panic!(
            "{path} differs (UPDATE=1 cargo test --test messages rewrites it)\n{}",
            diff.unified_diff()
        );
    }
}
