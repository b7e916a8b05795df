//! What is installed: the chart renders what it rendered before, refuses what it must, asks for no right
//! that the code does not use, and every file made from another one is fresh.
//!
//! `tests/deploy/build` builds helm; where there is no Go, what needs helm is reported as ignored, and why.
//! `UPDATE=1 cargo test --test deploy` rewrites what is made.

#![expect(clippy::print_stderr, reason = "a skipped check must say why")]

mod extras;
mod generated;
mod helm;
mod metrics;
mod render;
mod restricted;
mod rules;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};

use helm::Helm;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let helm = if arguments.list { Err("only listed".to_owned()) } else { Helm::find() };
    if let (Err(why), false) = (&helm, arguments.list) {
        eprintln!("what needs helm is skipped: {why}");
    }
    let helm = helm.map(Arc::new).ok();
    let mut trials = generated::trials();
    trials.extend(rules::trials());
    trials.extend(extras::trials());
    for (name, check) in render::checks().into_iter().chain(extras::checks()) {
        let helm = helm.clone();
        let ignored = helm.is_none();
        let run = move || match &helm {
            Some(helm) => check(helm).map_err(Failed::from),
            None => Ok(()),
        };
        trials.push(Trial::test(name, run).with_ignored_flag(ignored));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A path of the checkout.
fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The text of a file of the checkout.
fn text(path: &str) -> Result<String, String> {
    std::fs::read_to_string(root(path)).map_err(|error| format!("{path}: {error}"))
}

/// Files of a folder that end so, by their stems, in order.
fn stems(folder: &str, ending: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root(folder)).expect("the folder is there");
    let mut stems: Vec<String> = entries
        .filter_map(|entry| {
            let name = entry.expect("an entry").file_name().into_string().expect("text");
            name.strip_suffix(ending).map(str::to_owned)
        })
        .collect();
    stems.sort();
    assert!(!stems.is_empty(), "nothing in {folder}");
    stems
}

/// The file says what is made now; with `UPDATE=1` it is made to.
fn fresh(path: &str, now: &str) -> Result<(), String> {
    let file = root(path);
    if std::env::var_os("UPDATE").is_some() {
        let folder = file.parent().ok_or("no folder")?;
        std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        return std::fs::write(&file, now).map_err(|error| format!("{path}: {error}"));
    }
    let before = std::fs::read_to_string(&file).unwrap_or_default();
    if before == now {
        return Ok(());
    }
    let diff = similar::TextDiff::from_lines(&before, now);
    let diff = diff.unified_diff().context_radius(2).header(path, "made now").to_string();
    Err(format!("{diff}\nUPDATE=1 cargo test --test deploy rewrites it"))
}
