//! Routes mean here what they mean in Alertmanager: random trees and labels, and `amtool` as the judge.
//!
//! Five hundred cases take some seconds. `FIRSTHAND_ROUTE_CASES=10000 cargo test --test routes` asks more,
//! `FIRSTHAND_ROUTE_SEED` asks others. Before 0.27 amtool knows only the older syntax of matchers, and is
//! asked only about that.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use firsthand::incident::Matchers;
use firsthand::incident::route::Route;

/// Label sets that one tree is asked about. Each is one run of amtool.
const PER_TREE: usize = 10;

/// Label names; the last ones only the newer syntax can write.
const NAMES: &[&str] = &["namespace", "sev", "team", "a:b", "_x", "app.io/name", "été"];

/// Values, of labels and in matchers.
const VALUES: &[&str] = &[
    "",
    "payments",
    "shop",
    "SEV1",
    "SEV2",
    "SEV20",
    "web-1",
    "web-12",
    "a b",
    "été",
    "٣",
    "x,y",
    "a\"b",
    "back\\slash",
    "{x}",
    "n\nl",
    "a{2}",
    "[",
    "A",
    "1.2",
    "&",
];

/// Regular expressions in Go's words.
const PATTERNS: &[&str] = &[
    "",
    ".*",
    ".+",
    "SEV1|SEV2",
    "SEV.",
    r"web-\d+",
    r"\w+",
    r"\W+",
    r"\d",
    "(?i)sev1",
    "[[]",
    "[^a-z]*",
    r"\Qa{2}\E",
    "a{2}",
    "{x}",
    r"[\w-]+",
    r"a\sb",
    "a.b",
    "(?s)n.l",
    r"\bweb\b.*",
    "(pay|sh).*",
    "x,y",
    r"[[:upper:]]+\d",
    "web-1?",
    r"1\.2",
    "[a&&b]",
    "[+--]",
    "^SEV1$",
    "$^",
    r"\pL+",
    "SEV1|",
    r"a\x20b",
];

#[test]
#[expect(clippy::print_stdout, reason = "a run of ten thousand says what it compared")]
fn routes_mean_what_they_mean_in_alertmanager() {
    let cases = number("FIRSTHAND_ROUTE_CASES").unwrap_or(500);
    let seed = number("FIRSTHAND_ROUTE_SEED").unwrap_or(1);
    let amtool = amtool();
    let newer = newer(&amtool);
    let folder = tempfile::tempdir().unwrap();
    let (next, differ) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let trees = cases.div_ceil(PER_TREE);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let tree = next.fetch_add(1, Ordering::Relaxed);
                    if tree >= trees {
                        return;
                    }
                    let found = one_tree(&amtool, newer, folder.path(), tree, seed);
                    differ.lock().unwrap().extend(found);
                }
            });
        }
    });
    let differ = differ.into_inner().unwrap();
    println!("{} cases in {trees} trees, {} differ", trees * PER_TREE, differ.len());
    assert!(differ.is_empty(), "seed {seed}:\n{}", differ[..differ.len().min(5)].join("\n"));
}

/// Asks about one tree; what differs is told with everything that is needed to ask again.
fn one_tree(amtool: &Path, newer: bool, folder: &Path, tree: usize, seed: usize) -> Vec<String> {
    let mut dice = Dice::new(seed as u64, tree as u64);
    let mut receivers = 0;
    let route = node(&mut dice, newer, 0, &mut receivers);
    let file = folder.join(format!("{tree}.yml"));
    let named: Vec<_> =
        (0..receivers).map(|n| serde_json::json!({ "name": format!("r{n}") })).collect();
    let settings = serde_json::json!({ "route": route, "receivers": named });
    std::fs::write(&file, settings.to_string()).unwrap();
    let ours: Route =
        serde_json::from_value(route).unwrap_or_else(|why| panic!("{why}: {settings}"));
    let mut differ = Vec::new();
    for _ in 0..PER_TREE {
        let labels = labels(&mut dice, newer);
        let theirs = ask(amtool, &file, &labels, newer);
        let mine: Vec<&str> = ours.hits(&labels).iter().map(|hit| hit.receiver).collect();
        if theirs != mine.join(",") {
            differ.push(format!("{labels:?}\n  ours {mine:?}\n  amtool {theirs}\n  {settings}"));
        }
    }
    differ
}

fn node(dice: &mut Dice, newer: bool, depth: usize, receivers: &mut usize) -> serde_json::Value {
    let mut route = serde_json::Map::new();
    if depth == 0 || dice.below(4) > 0 {
        route.insert("receiver".into(), format!("r{receivers}").into());
        *receivers += 1;
    }
    if depth > 0 {
        let matchers: Vec<String> = (0..dice.below(3)).map(|_| matchers(dice, newer)).collect();
        route.insert("matchers".into(), matchers.into());
        route.insert("continue".into(), (dice.below(3) == 0).into());
    }
    let children = if depth < 3 { dice.below(4 - depth) + usize::from(depth == 0) } else { 0 };
    let children: Vec<_> = (0..children).map(|_| node(dice, newer, depth + 1, receivers)).collect();
    route.insert("routes".into(), children.into());
    route.into()
}

/// One text of one or two matchers that both read, in one of the many ways to write them.
fn matchers(dice: &mut Dice, newer: bool) -> String {
    loop {
        let mut text = matcher(dice, newer);
        if dice.below(4) == 0 {
            let comma = dice.of(&[",", ", ", " ,"]);
            write!(text, "{comma}{}", matcher(dice, newer)).unwrap();
        }
        match dice.below(6) {
            0 => text = format!("{{{text}}}"),
            1 => text = format!("{{ {text}, }}"),
            2 => text.push(','),
            _ => {}
        }
        // What neither can read is another test's; amtool would refuse the whole file.
        if text.parse::<Matchers>().is_ok() {
            return text;
        }
    }
}

fn matcher(dice: &mut Dice, newer: bool) -> String {
    let name = dice.of(names(newer));
    let name = match newer && dice.below(3) == 0 || name.contains(['.', '/']) && dice.below(2) == 0
    {
        true => format!("\"{name}\""),
        false => name.to_owned(),
    };
    let sign = dice.of(&["=", "!=", "=~", "!~", "=", "=~"]);
    let value = dice.of(if sign.ends_with('~') { PATTERNS } else { VALUES });
    let value = match dice.below(4) {
        0 => value.to_owned(),
        1 => format!("\"{}\"", value.replace('"', "\\\"")),
        _ => {
            format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
        }
    };
    let space = dice.of(&["", "", " "]);
    format!("{name}{space}{sign}{space}{value}")
}

fn labels(dice: &mut Dice, newer: bool) -> BTreeMap<String, String> {
    let count = dice.below(5);
    (0..count).map(|_| (dice.of(names(newer)).to_owned(), dice.of(VALUES).to_owned())).collect()
}

fn names(newer: bool) -> &'static [&'static str] {
    if newer { NAMES } else { &NAMES[..5] }
}

/// Who hears, in amtool's words.
fn ask(amtool: &Path, file: &Path, labels: &BTreeMap<String, String>, newer: bool) -> String {
    let mut command = Command::new(amtool);
    command.args(["config", "routes", "test", "--config.file"]).arg(file).env("GOMAXPROCS", "1");
    for (name, value) in labels {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let name = if newer { format!("\"{name}\"") } else { name.clone() };
        command.arg(format!("{name}=\"{value}\""));
    }
    let told = command.stdin(Stdio::null()).output().unwrap();
    let words = String::from_utf8(told.stdout).unwrap();
    assert!(told.status.success(), "{command:?}: {words}{}", String::from_utf8_lossy(&told.stderr));
    // Warnings about old syntax come before the answer.
    words.trim_end_matches('\n').lines().last().unwrap_or_default().to_owned()
}

/// On the PATH, or where the test cluster's programs are built.
fn amtool() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    let folders =
        std::env::split_paths(&path).chain(cache.map(|it| it.join("firsthand/cluster-bin")));
    let found = folders.map(|folder| folder.join("amtool")).find(|file| file.is_file());
    found.expect(
        "amtool is missing: apt-get install prometheus-alertmanager, or tests/cluster/build",
    )
}

/// Whether it knows names of any script: from 0.27 on.
fn newer(amtool: &Path) -> bool {
    let told = Command::new(amtool).arg("--version").output().unwrap();
    let words = String::from_utf8_lossy(&told.stdout) + String::from_utf8_lossy(&told.stderr);
    let version = words.split_whitespace().find(|word| word.starts_with("0.")).map(str::to_owned);
    let minor = version.as_deref().and_then(|it| it.split('.').nth(1)?.parse::<u32>().ok());
    // Built without a stamp by `go install`: then it is the newest.
    minor.is_none_or(|minor| minor >= 27)
}

fn number(variable: &str) -> Option<usize> {
    std::env::var(variable).ok().map(|text| text.parse().expect(variable))
}

/// The same numbers for the same seed, on every machine.
struct Dice(u64);

impl Dice {
    fn new(seed: u64, tree: u64) -> Self {
        Self(
            seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ tree.wrapping_mul(0xD1B5_4A32_D192_ED03) | 1,
        )
    }

    fn below(&mut self, end: usize) -> usize {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % end
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
}
