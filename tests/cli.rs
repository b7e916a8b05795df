//! The command line as it is typed: answers on stdout, talk on stderr, and exit codes that mean something.

#[expect(dead_code, reason = "shared with the tests of the ledger")]
mod story;

use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use clap::{CommandFactory, Parser};
use firsthand::cli::Cli;
use firsthand::incident::{Claim, Outcome, Say};
use serde_json::Value;
use story::{Desk, at, incident, say};

/// The built program, with nothing of the environment that could steer it.
fn firsthand(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_firsthand"));
    command.current_dir(folder).env_clear().stdin(Stdio::null());
    command
}

/// Runs a line as it would be typed, without the program's name.
fn typed(folder: &Path, line: &str) -> Output {
    firsthand(folder).args(line.split_whitespace()).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A folder with good settings and their secret.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("slack-token", "xoxb-1-2-not-a-real-token\n");
    desk.write(
        "firsthand.yaml",
        "receivers:\n  - name: oncall\n    slack: { channel: C0ALERTS01, token_file: slack-token }\n",
    );
    desk
}

#[test]
fn the_version_is_told_to_people_and_to_programs() {
    let desk = Desk::new();
    let told = out(&typed(&desk.path(""), "version"));
    assert!(told.starts_with(concat!("firsthand ", env!("CARGO_PKG_VERSION"), " (")), "{told}");
    let data: Value =
        serde_json::from_str(&out(&typed(&desk.path(""), "version -o json"))).expect("JSON");
    assert_eq!(data["schema"], "firsthand/version/v1");
    assert_eq!(data["version"], env!("CARGO_PKG_VERSION"));
    assert!(data["causes"].as_u64().is_some_and(|it| it > 0), "{data}");
}

#[test]
fn good_settings_are_fine_in_one_line() {
    let desk = desk();
    let told = typed(&desk.path(""), "check --config firsthand.yaml");
    assert_eq!(told.status.code(), Some(0), "{}", err(&told));
    assert_eq!(
        out(&told),
        "firsthand.yaml: fine: cluster kubernetes, receivers oncall, store ./firsthand.db, \
         nothing polled (no prometheus.url)\n"
    );
    assert_eq!(err(&told), "");
}

#[test]
fn faults_are_found_and_all_of_them_are_told() {
    let desk = desk();
    desk.write("bad.yaml", "listen: 9095\nreceivers: [{ name: a, slak: {} }]\ntop: 1\n");
    let told = typed(&desk.path(""), "check --config bad.yaml");
    assert_eq!(told.status.code(), Some(1), "{}", err(&told));
    let text = out(&told);
    assert!(text.lines().count() >= 3, "{text}");
    assert!(text.lines().all(|line| line.starts_with("bad.yaml:")), "{text}");
    let told = typed(&desk.path(""), "check --config bad.yaml -o json");
    let data: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(data["schema"], "firsthand/check/v1");
    assert_eq!(data["fine"], false);
    assert_eq!(data["faults"].as_array().unwrap().len(), text.lines().count());
}

#[test]
fn what_cannot_be_answered_is_exit_code_2_and_one_line() {
    let desk = desk();
    for line in ["check --config nowhere.yaml", "run --config nowhere.yaml"] {
        let told = typed(&desk.path(""), line);
        assert_eq!(told.status.code(), Some(2), "{line}");
        assert_eq!(
            err(&told),
            "error: settings file nowhere.yaml: no such file; give the right one with --config\n"
        );
        assert_eq!(out(&told), "");
    }
    for wrong in ["", "check", "chek --config x", "check --config", "completions klingon"] {
        assert_eq!(typed(&desk.path(""), wrong).status.code(), Some(2), "{wrong}");
    }
}

#[test]
fn the_daemon_refuses_bad_settings_with_every_fault() {
    let desk = desk();
    desk.write("bad.yaml", "listen: 9095\ntop: 1\n");
    let told = typed(&desk.path(""), "run --config bad.yaml");
    assert_eq!(told.status.code(), Some(2));
    let text = err(&told);
    assert!(text.starts_with("error: 3 faults in the settings\n  bad.yaml:1:1: listen"), "{text}");
}

#[tokio::test]
async fn what_is_not_delivered_is_shown_by_check() {
    let desk = desk();
    let ledger = desk.ledger().await;
    say(&ledger, &incident("checkout"), &["oncall"], &[Say::Main]).await;
    let Claim::Owed(debt) = ledger.claim("oncall", at("2030-01-01T00:00:00Z")).await.unwrap()
    else {
        panic!("nothing is owed");
    };
    let parked =
        Outcome::Parked { at: at("2030-01-01T00:01:00Z"), why: "channel_not_found".into() };
    ledger.settle(debt.id, &parked).await.unwrap();
    ledger.close().await;

    let told = typed(&desk.path(""), "check --config firsthand.yaml");
    assert_eq!(told.status.code(), Some(1), "{}", err(&told));
    let text = out(&told);
    assert!(text.contains("receiver oncall: main of"), "{text}");
    assert!(text.contains("channel_not_found"), "{text}");
    assert!(text.contains("2030-01-01T00:01:00Z"), "{text}");
}

#[test]
fn help_fits_a_screen() {
    let mut command = Cli::command();
    let names: Vec<String> = command.get_subcommands().map(|it| it.get_name().to_owned()).collect();
    let mut lines = vec![("firsthand".to_owned(), command.render_help().to_string())];
    for name in names {
        let help = Cli::try_parse_from(["firsthand", &name, "-h"]).unwrap_err().to_string();
        lines.push((name, help));
    }
    for (name, help) in lines {
        assert!(help.lines().count() <= 40, "{name}: {} lines", help.lines().count());
    }
}

/// The example at the end of every `--help` is typed here, except where it would not end by itself.
#[test]
fn the_examples_of_the_help_work() {
    let desk = desk();
    let mut command = Cli::command();
    command.build();
    for subcommand in command.get_subcommands() {
        let name = subcommand.get_name();
        let help = subcommand.clone().render_long_help().to_string();
        let example = help.trim_end().lines().last().unwrap().trim();
        let line = example.strip_prefix("firsthand ").unwrap_or_else(|| {
            panic!("firsthand {name} --help does not end in an example, but in: {example}")
        });
        // A shell takes what follows `>`.
        let line = line.split(" >").next().unwrap_or_default();
        Cli::try_parse_from(format!("firsthand {line}").split_whitespace())
            .unwrap_or_else(|error| panic!("{example}: {error}"));
        if [
            "run",
            "demo",
            "diagnose",
            "dump",
            "incidents",
            "timeline",
            "postmortem",
            "db",
            "update",
        ]
        .contains(&name)
        {
            continue;
        }
        let told = typed(&desk.path(""), line);
        assert_eq!(told.status.code(), Some(0), "{example}: {}", err(&told));
        assert!(!told.stdout.is_empty(), "{example}");
    }
    let told = typed(&desk.path(""), "explain severity --config firsthand.yaml");
    assert!(
        out(&told).contains("SEV4  in namespaces and clusters called ci, demo"),
        "{}",
        err(&told)
    );
    assert!(out(&told).contains("told: "), "{}", out(&told));
}

#[test]
fn there_are_completions_for_every_shell_and_they_know_the_commands() {
    let desk = desk();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let told = typed(&desk.path(""), &format!("completions {shell}"));
        assert_eq!(told.status.code(), Some(0), "{shell}");
        assert!(out(&told).contains("check"), "{shell}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let desk = desk();
    let mut child = firsthand(&desk.path(""))
        .args(["completions", "zsh"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said, "");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn the_version_is_the_crates() {
    let desk = desk();
    let told = typed(&desk.path(""), "--version");
    assert_eq!(out(&told), concat!("firsthand ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn a_log_level_that_cannot_be_read_is_refused() {
    let desk = desk();
    let told = typed(&desk.path(""), "check --config firsthand.yaml --log-level firsthand=loud");
    assert_eq!(told.status.code(), Some(2));
    assert!(err(&told).starts_with("error: log level `firsthand=loud`"), "{}", err(&told));
}

#[cfg(unix)]
#[test]
fn a_link_called_kubectl_firsthand_is_a_plugin_of_kubectl() {
    let desk = desk();
    let link = desk.path("kubectl-firsthand");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_firsthand"), &link).unwrap();
    let told = Command::new(&link).args(["dump", "--help"]).env_clear().output().unwrap();
    assert!(out(&told).contains("Usage: kubectl firsthand dump"), "{}", out(&told));
}

#[test]
fn a_dump_does_not_go_into_a_folder_of_somebody_elses_files() {
    let desk = desk();
    let told = typed(&desk.path(""), "dump -n shop .");
    assert_eq!(told.status.code(), Some(2));
    assert!(
        err(&told).contains("is not empty; name another folder, or give --force"),
        "{}",
        err(&told)
    );
}

/// Settings with a route tree.
fn routes(desk: &Desk) {
    desk.write(
        "firsthand.yaml",
        r#"receivers:
  - { name: oncall, slack: { channel: C0ALERTS01, token_file: slack-token } }
  - { name: pager, webhook: { url: "https://example.com/hook", secret_file: slack-token } }
route:
  receiver: oncall
  routes:
    - matchers: [ namespace="payments", team=~"a|b" ]
      receiver: pager
    - matchers: [ 'sev=~"SEV1|SEV2"' ]
      receiver: pager
      continue: true
      mute_time_intervals: [night]
    - matchers: [ namespace="shop" ]
time_intervals:
  - name: night
    time_intervals: [ { times: [ { start_time: "00:00", end_time: "06:00" } ] } ]
"#,
    );
}

#[test]
fn the_way_through_the_route_tree_is_shown() {
    let desk = desk();
    routes(&desk);
    let told = typed(&desk.path(""), "route namespace=shop sev=SEV2 --at 2026-11-21T12:00:00Z");
    assert_eq!(told.status.code(), Some(0), "{}", err(&told));
    assert_eq!(
        out(&told),
        "namespace=shop sev=SEV2\n\
         \u{20} \u{2713} route\n\
         \u{20}   \u{2717} namespace=\"payments\", team=~\"a|b\": not namespace=\"payments\"\n\
         \u{20}   \u{2713} sev=~\"SEV1|SEV2\" \u{2192} pager, and the next is asked\n\
         \u{20}   \u{2713} namespace=\"shop\" \u{2192} oncall\n\
         hears: pager, oncall\n"
    );
    let told = typed(&desk.path(""), "route sev=SEV1 --at 2026-11-21T02:11:00Z");
    assert_eq!(told.status.code(), Some(1), "{}", err(&told));
    assert!(out(&told).ends_with("nobody hears at 2026-11-21T02:11:00Z\n"), "{}", out(&told));
    let told = typed(&desk.path(""), "route nonsense");
    assert_eq!(told.status.code(), Some(2));
    assert!(err(&told).contains("write it as in namespace=payments"), "{}", err(&told));
}

#[test]
fn the_alerts_of_a_webhook_are_asked_about_one_by_one() {
    let desk = desk();
    routes(&desk);
    desk.write(
        "alert.json",
        r#"{"version":"4","status":"firing","receiver":"x","externalURL":"http://am","groupKey":"g","alerts":[
            {"status":"firing","labels":{"alertname":"KubePodCrashLooping","namespace":"shop",
              "pod":"checkout-67cb7-85lnb","severity":"critical"},"annotations":{},
              "startsAt":"2026-11-21T02:14:00Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"","fingerprint":"f1"}]}"#,
    );
    let told = typed(&desk.path(""), "route --alert alert.json -o json sev=SEV3");
    assert_eq!(told.status.code(), Some(0), "{}", err(&told));
    let data: Value = serde_json::from_slice(&told.stdout).unwrap();
    let answer = &data["answers"][0];
    assert_eq!(answer["alert"], "KubePodCrashLooping");
    assert_eq!(answer["labels"]["severity"], "critical");
    assert_eq!(answer["labels"]["cluster"], "kubernetes");
    assert_eq!(answer["receivers"], serde_json::json!(["oncall"]));
    let told = typed(&desk.path(""), "route --alert alert.json");
    assert!(out(&told).contains("sev is not given"), "{}", out(&told));
}

/// A settings file and a ledger with one incident that was told.
async fn recorded() -> Desk {
    let desk = desk();
    let ledger = desk.ledger().await;
    let mut told = incident("checkout");
    told.spoken_at = Some(told.opened_at);
    say(&ledger, &told, &["oncall"], &[Say::Main]).await;
    ledger.close().await;
    desk
}

#[tokio::test]
async fn incidents_are_listed_shown_and_drafted_from_the_record() {
    let desk = recorded().await;
    let folder = desk.path("");
    let told = typed(&folder, "incidents --config firsthand.yaml");
    assert!(out(&told).contains("FH-checkout  SEV4"), "{}{}", out(&told), err(&told));
    assert!(out(&told).contains("investigating · shop / Deployment checkout"), "{}", out(&told));
    let told = typed(&folder, "incidents show checkout -o json");
    let brief: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(brief["incident"]["id"], "FH-checkout");
    let told = typed(&folder, "timeline FH-checkout");
    assert!(out(&told).contains("02:14:00  firsthand  decided to say 1 things"), "{}", out(&told));
    let told = typed(&folder, "update --by Dana checkout We go back.");
    assert!(out(&told).contains("FH-checkout: nobody was told"), "{}{}", out(&told), err(&told));
    let told = typed(&folder, "update checkout");
    assert_eq!(told.status.code(), Some(2), "{}", err(&told));
    let told = typed(&folder, "postmortem checkout -o html");
    assert!(out(&told).starts_with("<!DOCTYPE html>"), "{}", out(&told));
}

#[tokio::test]
async fn what_is_not_recorded_is_said_to_be_so() {
    let desk = recorded().await;
    let told = typed(&desk.path(""), "timeline FH-nothing");
    assert_eq!(told.status.code(), Some(2));
    assert!(err(&told).contains("there is no incident FH-nothing; firsthand incidents lists them"));
    let empty = Desk::new();
    let told = typed(&empty.path(""), "incidents");
    assert_eq!(told.status.code(), Some(2));
    assert!(err(&told).contains("there is no store at"), "{}", err(&told));
}

#[test]
fn the_settings_that_init_prints_are_good() {
    let desk = desk();
    let told = typed(&desk.path(""), "init");
    assert_eq!(told.status.code(), Some(0), "{}", err(&told));
    assert!(err(&told).contains("the cluster was not looked at"), "{}", err(&told));
    desk.write("new.yaml", &out(&told));
    let told = typed(&desk.path(""), "check --config new.yaml");
    assert_eq!(told.status.code(), Some(0), "{}{}", out(&told), err(&told));
}

#[tokio::test]
async fn the_store_is_measured_copied_and_made_smaller() {
    let desk = desk();
    let ledger = desk.ledger().await;
    say(&ledger, &incident("checkout"), &["oncall"], &[Say::Main]).await;
    // Beside a running daemon.
    let told = typed(&desk.path(""), "db info");
    assert_eq!(told.status.code(), Some(0), "{}", err(&told));
    assert!(out(&told).contains("incidents  1, 1 of them open"), "{}", out(&told));
    let told = typed(&desk.path(""), "db backup copy.db");
    assert_eq!(told.status.code(), Some(0), "{}", err(&told));
    let told = typed(&desk.path(""), "db backup copy.db");
    assert_eq!(told.status.code(), Some(2));
    assert!(err(&told).contains("is there already"), "{}", err(&told));
    let told = typed(&desk.path(""), "db vacuum");
    assert_eq!(told.status.code(), Some(2), "{}", out(&told));
    ledger.close().await;
    drop(ledger);
    let told = typed(&desk.path(""), "db vacuum");
    assert_eq!(told.status.code(), Some(0), "{}", err(&told));
    let copy = firsthand::ledger::Ledger::open_to_read(&desk.path("copy.db")).await.unwrap();
    assert_eq!(copy.info().await.unwrap().incidents, 1);
}
