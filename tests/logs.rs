//! Logs with noise, and beside each the line that tells why its program ended.
//!
//! `tests/logs/NAME.log` is what a container wrote, much of it recorded from real programs; `NAME.told` is
//! what the reader must say of it. `UPDATE=1 cargo test --test logs` rewrites them: read the diff.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use firsthand::diagnosis::log::{Reading, read};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/logs");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let logs = entries.filter(|path| path.extension().is_some_and(|end| end == "log"));
    let trials = logs.map(|path| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        Trial::test(name, move || check(&path))
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit();
}

fn check(log: &PathBuf) -> Result<(), Failed> {
    let text = fs::read_to_string(log)?;
    let told = words(&read(&text));
    let side = log.with_extension("told");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&side, &told)?;
    }
    let expected = fs::read_to_string(&side).unwrap_or_default();
    if expected == told {
        return Ok(());
    }
    let diff = similar::TextDiff::from_lines(&expected, &told).unified_diff().to_string();
    Err(format!("{}\n{diff}UPDATE=1 cargo test --test logs rewrites it", side.display()).into())
}

fn words(reading: &Reading) -> String {
    let mut text = String::new();
    if let Some(stop) = &reading.stopped {
        let _ = writeln!(text, "asked to stop, line {}: {}", stop.line, stop.quote);
    }
    let Some(told) = &reading.told else {
        text.push_str("nothing\n");
        return text;
    };
    let _ = writeln!(text, "line {}: {}", told.mark.line, told.mark.quote);
    let _ = writeln!(text, "{:?}, {:?}, {:?}", told.kind, told.weight, told.language);
    let _ = writeln!(text, "message: {}", told.message);
    if let Some(frame) = &told.frame {
        let _ = writeln!(text, "frame: {frame} {}", frame.function.as_deref().unwrap_or_default());
    }
    if let Some(named) = &told.named {
        let _ = writeln!(text, "named: {named}");
    }
    if let Some(behind) = &reading.behind {
        let _ = writeln!(text, "behind: {:?} {}", behind.kind, behind.mark.quote);
    }
    text
}
