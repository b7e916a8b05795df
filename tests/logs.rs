//! Logs with noise, and beside each the line that tells why its program ended.
//!
//! `tests/logs/LANGUAGE/NAME.log` is the end of what a container wrote, most of it recorded from real
//! programs; [`noise`] puts ordinary lines of the same style before it. `NAME.told` says where the log is
//! from, which noise it gets, and what the reader must say of it. `UPDATE=1 cargo test --test logs`
//! rewrites the last: read the diff.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use firsthand::diagnosis::log::{Reading, read, read_bytes};
use libtest_mimic::{Arguments, Failed, Trial};

#[path = "logs/hostile.rs"]
mod hostile;
#[path = "logs/noise.rs"]
mod noise;

/// So many ordinary lines stand before every end.
const NOISE: usize = 220;

fn main() {
    let mut trials: Vec<Trial> = cases()
        .into_iter()
        .flat_map(|case| {
            let wrapped = case.clone();
            [
                Trial::test(case.name.clone(), move || case.check()),
                Trial::test(format!("{} as runtimes keep it", wrapped.name), move || {
                    wrapped.check_wrapped()
                }),
            ]
        })
        .collect();
    trials.extend(noise::STYLES.iter().map(|style| {
        Trial::test(format!("nothing but noise, {style}"), move || only_noise(style))
    }));
    trials.extend(hostile::trials());
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

#[derive(Clone)]
struct Case {
    name: String,
    log: PathBuf,
    text: String,
    /// Where it is from, and the style of its noise.
    head: [String; 2],
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/logs");
    let inside = |path: &Path| -> Vec<PathBuf> {
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let folders = inside(&folder).into_iter().filter(|path| path.is_dir());
    let files = folders.flat_map(|path| inside(&path));
    let mut logs: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|end| end == "log")).collect();
    logs.sort();
    logs.iter().map(|log| case(&folder, log)).collect()
}

fn case(folder: &Path, log: &Path) -> Case {
    let side = fs::read_to_string(log.with_extension("told")).unwrap_or_default();
    let field = |name: &str, none: &str| {
        side.lines().find_map(|line| line.strip_prefix(name)).unwrap_or(none).to_owned()
    };
    Case {
        name: log.strip_prefix(folder).unwrap().with_extension("").display().to_string(),
        log: log.to_owned(),
        text: fs::read_to_string(log).unwrap(),
        head: [field("from: ", "not noted"), field("noise: ", "plain")],
    }
}

impl Case {
    /// The log with its noise. The name decides the noise, so that it is always the same.
    fn whole(&self) -> String {
        let seed = self
            .name
            .bytes()
            .fold(7, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
        noise::lines(&self.head[1], seed, NOISE) + &self.text
    }

    fn check(&self) -> Result<(), Failed> {
        let [from, noise] = &self.head;
        let told = format!("from: {from}\nnoise: {noise}\n{}", words(&read(&self.whole())));
        let side = self.log.with_extension("told");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&side, &told)?;
        }
        let expected = fs::read_to_string(&side).unwrap_or_default();
        if expected == told {
            return Ok(());
        }
        let diff = similar::TextDiff::from_lines(&expected, &told).unified_diff().to_string();
        let side = side.display();
        Err(format!("{side}\n{diff}UPDATE=1 cargo test --test logs rewrites it").into())
    }

    /// The same log with what runtimes and tools put around each line says the same.
    fn check_wrapped(&self) -> Result<(), Failed> {
        if self.name.starts_with("wrapped/") {
            return Ok(());
        }
        let plain = self.whole();
        let expected = essence(&read(&plain));
        for wrap in [of_cri, of_kubectl, of_docker, of_compose] {
            let wrapped: String = plain.lines().map(wrap).collect();
            let told = essence(&read_bytes(wrapped.as_bytes()));
            if told != expected {
                let first = wrapped.lines().next().unwrap_or_default();
                return Err(format!("{told:?} where {expected:?} was told: {first}").into());
            }
        }
        Ok(())
    }
}

fn of_cri(line: &str) -> String {
    format!("2026-11-21T02:11:07.123456789Z stderr F {line}\n")
}

fn of_kubectl(line: &str) -> String {
    format!("2026-11-21T02:11:07.123456789Z {line}\n")
}

fn of_docker(line: &str) -> String {
    let time = "2026-11-21T02:11:07.123456789Z";
    serde_json::json!({ "log": format!("{line}\n"), "stream": "stderr", "time": time }).to_string()
        + "\n"
}

fn of_compose(line: &str) -> String {
    format!("web-1  | {line}\n")
}

/// What must not change with the wrapping.
fn essence(reading: &Reading) -> Option<(u64, String, Option<String>)> {
    let told = reading.told.as_ref()?;
    Some((told.mark.line, format!("{:?}", told.kind), told.named.clone()))
}

fn only_noise(style: &str) -> Result<(), Failed> {
    for seed in 0..40 {
        let text = noise::lines(style, seed, NOISE);
        if let Some(told) = read(&text).told {
            return Err(format!("seed {seed}: {told:?}").into());
        }
    }
    Ok(())
}

/// Lines are counted from the end of the noise.
fn words(reading: &Reading) -> String {
    let mut text = String::new();
    let number = |line: u64| line as i64 - NOISE as i64;
    if let Some(stop) = &reading.stopped {
        let _ = writeln!(text, "asked to stop, line {}: {}", number(stop.line), stop.quote);
    }
    let Some(told) = &reading.told else {
        text.push_str("nothing\n");
        return text;
    };
    let _ = writeln!(text, "line {}: {}", number(told.mark.line), told.mark.quote);
    let _ = writeln!(text, "{:?}, {:?}, {:?}", told.kind, told.weight, told.language);
    let _ = writeln!(text, "message: {}", told.message);
    if let Some(frame) = &told.frame {
        let _ = writeln!(text, "frame: {frame} {}", frame.function.as_deref().unwrap_or_default());
    }
    if let Some(named) = &told.named {
        let _ = writeln!(text, "named: {named}");
    }
    if let Some(endpoint) = told.endpoint.as_ref().filter(|it| told.named.as_ref() != Some(*it)) {
        let _ = writeln!(text, "endpoint: {endpoint}");
    }
    if let Some(behind) = &reading.behind {
        let _ = writeln!(text, "behind: {:?} {}", behind.kind, behind.mark.quote);
    }
    text
}
