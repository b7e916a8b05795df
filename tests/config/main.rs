//! Settings files: the good ones load, each bad one is refused in the words at its head.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use firsthand::config::{self, DEFAULTS, Environment, Settings};
use firsthand::diagnosis;
use serde_json::Value;

mod reference;

/// The folder of the files. It also holds the secrets that they name.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config")
}

/// Settings files below it, in order.
fn files(kind: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder().join(kind))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "yaml"))
        .collect();
    files.sort();
    files
}

/// Comment lines at the head of a file that begin with `# NAME `.
fn head(file: &Path, name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap();
    let start = format!("# {name} ");
    text.lines().filter_map(|line| line.strip_prefix(&start)).map(str::to_owned).collect()
}

/// The environment a file asks for: `# env NAME=value`.
fn environment(file: &Path) -> Environment {
    let pair = |line: String| line.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned()));
    head(file, "env").into_iter().filter_map(pair).collect()
}

#[test]
fn good_files_load_without_a_word() {
    let files = files("good");
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        let examined = config::examine(Some(&file), &environment(&file)).unwrap();
        assert!(examined.faults.is_empty(), "{}: {:#?}", file.display(), examined.faults);
        assert!(examined.settings.is_some(), "{}", file.display());
    }
}

/// With `UPDATE=1` the words at the heads are rewritten.
#[test]
fn bad_files_are_refused_in_the_words_at_their_head() {
    let files = files("bad");
    assert!(files.len() >= 15, "{}", files.len());
    let mut wrong = Vec::new();
    for file in files {
        let examined = config::examine(Some(&file), &environment(&file)).unwrap();
        let place = format!("{}/", file.parent().unwrap().display());
        let told: Vec<String> =
            examined.faults.iter().map(|fault| fault.to_string().replace(&place, "")).collect();
        assert!(!told.is_empty(), "{}: nothing is refused", file.display());
        let expected = head(&file, "says");
        if told != expected {
            if std::env::var_os("UPDATE").is_some() {
                rewrite(&file, &told);
            } else {
                wrong.push(format!(
                    "{}\n  said:\n    {}\n  expected:\n    {}",
                    file.display(),
                    told.join("\n    "),
                    expected.join("\n    ")
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\nUPDATE=1 cargo test --test config", wrong.join("\n"));
}

/// Puts the words at the head. They say line numbers, so there is a second round when their number grew.
fn rewrite(file: &Path, told: &[String]) {
    let text = std::fs::read_to_string(file).unwrap();
    let rest: Vec<&str> = text.lines().filter(|line| !line.starts_with("# says ")).collect();
    let head: String = told.iter().map(|line| format!("# says {line}\n")).collect();
    std::fs::write(file, head + &rest.join("\n") + "\n").unwrap();
}

#[test]
fn a_fault_tells_what_it_is_in_json_too() {
    let file = folder().join("bad/unknown-key.yaml");
    let examined = config::examine(Some(&file), &Environment::new()).unwrap();
    let fault = serde_json::to_value(&examined.faults[0]).unwrap();
    assert_eq!(fault["path"], "receivers[0].slack.chanel");
    assert_eq!(fault["do"], "did you mean `channel`?");
    assert!(
        fault["line"].as_u64().unwrap() > 1 && fault["column"].as_u64().unwrap() > 1,
        "{fault}"
    );
}

#[test]
fn defaults_in_yaml_and_in_code_are_the_same() {
    let from_yaml: Settings = serde_saphyr::from_str(DEFAULTS).unwrap();
    assert_eq!(from_yaml, Settings::default());
}

#[test]
fn causes_named_in_the_defaults_exist() {
    let known: Vec<&str> = diagnosis::causes::ALL.iter().map(|cause| cause.id).collect();
    let named = Settings::default().incident.tell_at_once;
    let unknown: Vec<&String> = named.iter().filter(|it| !known.contains(&it.as_str())).collect();
    assert!(unknown.is_empty(), "{unknown:?}; there are: {known:?}");
}

#[test]
fn the_reference_names_every_key() {
    let named: Value = serde_saphyr::from_str(DEFAULTS).unwrap();
    let there: Value = serde_json::to_value(config::schema()).unwrap();
    let mut keys = BTreeSet::new();
    reference::settings(&there, &mut |path, _| {
        // Entries of lists and receivers stand there as examples, in comments.
        if !path.contains("[]") && !path.contains("basic_auth.") {
            keys.insert(path.to_owned());
        }
    });
    let mut in_yaml = BTreeSet::new();
    paths(&named, "", &mut in_yaml);
    // Words that the user may add to are no keys.
    in_yaml.retain(|path| !path.starts_with("incident.severity.at_most."));
    assert!(keys.len() > 40, "{keys:?}");
    assert_eq!(in_yaml, keys);
}

/// Every path of a document.
fn paths(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    let Value::Object(map) = value else { return };
    for (key, value) in map {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        paths(value, &path, found);
        found.insert(path);
    }
}

#[test]
fn every_key_of_the_reference_has_a_comment() {
    let lines: Vec<&str> = DEFAULTS.lines().collect();
    // Those whose neighbour's comment speaks of both.
    let spoken_of = ["- ", "count:", "within:", "first:", "slowest:", "SEV"];
    for (index, line) in lines.iter().enumerate() {
        let key = line.trim_start();
        if !key.is_empty()
            && !key.starts_with('#')
            && !spoken_of.iter().any(|it| key.starts_with(it))
        {
            let above = lines[index - 1].trim_start();
            assert!(above.starts_with('#'), "line {}: {line} has no comment", index + 1);
        }
    }
}

#[test]
fn the_environment_is_laid_over_the_file() {
    let file = folder().join("good/minimal.yaml");
    let environment = Environment::from([
        ("FIRSTHAND__PROMETHEUS__POLL_INTERVAL".to_owned(), "45s".to_owned()),
        ("FIRSTHAND__STORE__MAX_MIB".to_owned(), "64".to_owned()),
        ("FIRSTHAND__CLUSTER__NAME".to_owned(), "007".to_owned()),
        ("FIRSTHAND__LISTEN".to_owned(), String::new()),
        // What Kubernetes puts into every pod for a Service called firsthand.
        ("FIRSTHAND_PORT".to_owned(), "tcp://10.0.0.1:9095".to_owned()),
        ("FIRSTHAND_SERVICE_HOST".to_owned(), "10.0.0.1".to_owned()),
    ]);
    let settings = config::read(Some(&file), &environment).unwrap();
    assert_eq!(settings.prometheus.poll_interval.as_secs(), 45);
    assert_eq!(settings.store.max_mib, 64);
    assert_eq!(settings.cluster.name, "007");
    assert_eq!(settings.listen, Settings::default().listen);
}

#[test]
fn relative_paths_start_at_the_settings_file() {
    let file = folder().join("good/readme.yaml");
    let settings = config::read(Some(&file), &Environment::new()).unwrap();
    assert_eq!(settings.store.path, folder().join("good/./firsthand.db"));
    let slack = settings.receivers[0].slack.as_ref().unwrap();
    assert_eq!(slack.token_file.as_deref(), Some(&*folder().join("good/./slack-token")));
}

#[test]
fn a_single_receiver_needs_no_route() {
    let file = folder().join("good/minimal.yaml");
    let settings = config::read(Some(&file), &Environment::new()).unwrap();
    assert_eq!(settings.route.receivers(&Default::default()), ["oncall"]);
}

#[test]
fn the_readme_shows_a_file_that_loads() {
    let readme = folder().join("../../README.md");
    let shown = std::fs::read_to_string(folder().join("good/readme.yaml")).unwrap();
    assert!(std::fs::read_to_string(readme).unwrap().contains(&shown));
}

#[test]
fn a_file_that_cannot_be_read_is_no_answer() {
    let told = config::read(Some(Path::new("/nowhere/firsthand.yaml")), &Environment::new());
    let told = told.unwrap_err().to_string();
    assert!(told.contains("/nowhere/firsthand.yaml: no such file"), "{told}");
    let told = config::read(Some(&folder()), &Environment::new()).unwrap_err().to_string();
    assert!(told.contains("a folder"), "{told}");
}
