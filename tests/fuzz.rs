//! The doors through which strangers' bytes come in, given broken ones for a while: bytes of our own
//! corpora, cut, spliced, repeated and spoiled. No input may panic, and none may take long.
//!
//! Each door is tried for a sixth of `FIRSTHAND_FUZZ_SECONDS`, ten if it is not set. The same run is made
//! again with the same `FIRSTHAND_FUZZ_SEED`; a number is printed for each door with `--nocapture`. An input
//! that fails is kept in the temporary folder, and named.

#![expect(clippy::print_stdout, reason = "how much was tried is the result")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use firsthand::brief::text;
use firsthand::collect::{dump, redact};
use firsthand::diagnosis::log::read_bytes;
use firsthand::diagnosis::{Evidence, Scope, Source, diagnose};
use firsthand::intake::{self, Poller, PrometheusSettings};
use jiff::Timestamp;

#[path = "fuzz/mutate.rs"]
mod mutate;

use mutate::{Dice, mutated};

/// Longer than any of the inputs should take, in a build without optimisation on a busy machine. They are
/// small enough that only work that grows with their square comes near.
const SLOW: Duration = Duration::from_secs(20);

#[test]
fn log_reader() {
    door("log reader", &logs(), |bytes| {
        let reading = read_bytes(bytes);
        let lines = bytes.split(|byte| *byte == b'\n').count() as u64;
        for told in reading.told.iter().chain(&reading.behind) {
            assert!((1..=lines).contains(&told.mark.line), "line {}", told.mark.line);
        }
    });
}

#[test]
fn redactor() {
    let mut seeds = logs();
    seeds.extend(
        ["leaks.txt", "innocent.txt", "alike.txt"].map(|file| {
            std::fs::read(root().join("tests/redaction").join(file)).expect("a corpus")
        }),
    );
    door("redactor", &seeds, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let (clean, _) = redact(&text);
        assert_eq!(clean.matches('\n').count(), text.matches('\n').count(), "it keeps its lines");
    });
}

#[test]
fn webhook_body() {
    let seeds = [WEBHOOK.as_bytes().to_vec(), b"{\"alerts\":[{\"labels\":{}}]}".to_vec()];
    door("webhook body", &seeds, |bytes| {
        if let Ok(heard) = intake::parse(bytes, "prod-eu", "cluster", Timestamp::UNIX_EPOCH) {
            assert!(heard.signals.len() <= bytes.len());
        }
        intake::sample(bytes);
    });
}

/// What Alertmanager sends.
const WEBHOOK: &str = r#"{"version":"4","groupKey":"{}:{alertname=\"KubePodCrashLooping\"}","truncatedAlerts":1,
"status":"firing","receiver":"firsthand","groupLabels":{"alertname":"KubePodCrashLooping"},
"externalURL":"https://alerts.example.com","alerts":[{"status":"firing",
"labels":{"alertname":"KubePodCrashLooping","namespace":"shop","pod":"checkout-7d9f8b6c5d-x2k4p","severity":"critical"},
"annotations":{"summary":"it crashes","runbook_url":"https://runbooks.example.com/kubepodcrashlooping"},
"startsAt":"2026-11-20T02:14:00.123Z","endsAt":"0001-01-01T00:00:00Z",
"generatorURL":"https://prometheus.example.com/graph?g0.expr=up","fingerprint":"8f1c2b7e3a4d4c9b"},
{"status":"resolved","labels":{"alertname":"TargetDown","job":"api"},"startsAt":"2026-11-20T01:00:00+01:00",
"endsAt":"2026-11-20T02:00:00Z"}]}"#;

/// Objects, events with their messages, metrics and logs of a dump, and the diagnosis of what was read.
#[test]
fn dump_and_its_events() {
    let folders: Vec<_> = folders().iter().map(|folder| files(folder, folder)).collect();
    let mut dice = Dice::of(seed());
    let mut tried = Tried::of("dump and its events");
    while tried.goes_on() {
        let files = &folders[dice.below(folders.len())];
        let spoilt = dice.below(files.len());
        let copy = tempfile::tempdir().expect("a folder");
        let mut input = Vec::new();
        for (number, (name, bytes)) in files.iter().enumerate() {
            let path = copy.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            if number == spoilt {
                input = mutated(bytes, bytes, &mut dice);
                std::fs::write(path, &input).expect("a file");
            } else {
                std::fs::write(path, bytes).expect("a file");
            }
        }
        tried.run(&input, |_| {
            let evidence = dump::read(copy.path()).expect("a folder is a dump");
            diagnose(&evidence, &Scope::Everything);
        });
    }
}

/// What the kubelet, the scheduler or an attacker may write into an event, among real evidence.
#[test]
fn event_messages() {
    let all: Vec<_> = folders().iter().map(|it| dump::read(it).expect("a dump")).collect();
    let messages = |it: &Evidence| -> Vec<Vec<u8>> {
        let events = it.events.items().iter();
        events.filter_map(|event| Some(event.message.as_ref()?.clone().into_bytes())).collect()
    };
    let seeds: Vec<Vec<u8>> = all.iter().flat_map(messages).collect();
    let told: Vec<_> = all.iter().filter(|it| !it.events.items().is_empty()).collect();
    let mut dice = Dice::of(seed());
    let mut tried = Tried::of("event messages");
    while tried.goes_on() {
        let (one, other) = (dice.below(seeds.len()), dice.below(seeds.len()));
        let input = mutated(&seeds[one], &seeds[other], &mut dice);
        let mut evidence = told[dice.below(told.len())].clone();
        if let Source::Read(events) = &mut evidence.events {
            let at = dice.below(events.len());
            events[at].message = Some(redact(&String::from_utf8_lossy(&input)).0.into_owned());
        }
        tried.run(&input, |_| {
            let diagnosis = diagnose(&evidence, &Scope::Everything);
            let printed = text::diagnosis(&diagnosis, evidence.taken_at, &text::Options::default());
            assert!(!printed.contains('\u{1b}'), "nothing moves the cursor");
        });
    }
}

/// What answers on Prometheus' address, which may be a proxy's page as well.
#[test]
fn promql_answers() {
    firsthand::tls::install();
    let answer = Arc::new(Mutex::new(Vec::new()));
    let served = Arc::clone(&answer);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let url = runtime.block_on(async move {
        let app = axum::Router::new().fallback(move || {
            let body = served.lock().expect("whole").clone();
            async move { ([("content-type", "application/json")], body) }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, app).await });
        url
    });
    let settings = PrometheusSettings { url: Some(url), ..PrometheusSettings::default() };
    let poller = Poller::new(settings, "prod-eu").expect("a poller");
    let seeds: Vec<Vec<u8>> = ANSWERS.iter().map(|it| it.as_bytes().to_vec()).collect();
    door("PromQL answers", &seeds, |bytes| {
        *answer.lock().expect("whole") = bytes.to_vec();
        // An answer that makes no sense is a fault in words.
        drop(runtime.block_on(poller.poll(None, Timestamp::UNIX_EPOCH)));
    });
}

/// What Prometheus and Thanos say.
const ANSWERS: [&str; 3] = [
    r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"kube_pod_container_status_waiting_reason","namespace":"shop","pod":"checkout-7d9f8b6c5d-x2k4p","container":"server","reason":"CrashLoopBackOff","uid":"1"},"value":[1763604000.123,"1"]}]}}"#,
    r#"{"status":"success","isPartial":true,"warnings":["store away"],"data":{"resultType":"vector","result":[{"metric":{},"value":[1763604000,"NaN"]},{"metric":{"pod":"x"},"value":[1e9,"+Inf"]}]}}"#,
    r#"{"status":"error","errorType":"bad_data","error":"invalid parameter \"query\""}"#,
];

fn door(name: &'static str, seeds: &[Vec<u8>], enter: impl Fn(&[u8])) {
    assert!(!seeds.is_empty(), "{name} has seeds");
    let mut dice = Dice::of(seed());
    let mut tried = Tried::of(name);
    while tried.goes_on() {
        let (one, other) = (dice.below(seeds.len()), dice.below(seeds.len()));
        let input = mutated(&seeds[one], &seeds[other], &mut dice);
        tried.run(&input, &enter);
    }
}

/// What a door was given so far.
struct Tried {
    door: &'static str,
    until: Instant,
    count: u64,
    slowest: Duration,
}

impl Tried {
    fn of(door: &'static str) -> Self {
        let seconds = setting("FIRSTHAND_FUZZ_SECONDS").unwrap_or(10);
        let until = Instant::now() + Duration::from_millis(seconds * 1_000 / 6);
        Self { door, until, count: 0, slowest: Duration::ZERO }
    }

    /// At least once, however little time there is.
    fn goes_on(&self) -> bool {
        let on = self.count == 0 || Instant::now() < self.until;
        if !on {
            println!("{}: {} inputs, slowest {:?}", self.door, self.count, self.slowest);
        }
        on
    }

    fn run(&mut self, input: &[u8], enter: impl Fn(&[u8])) {
        let began = Instant::now();
        let stood = catch_unwind(AssertUnwindSafe(|| enter(input))).is_ok();
        let took = began.elapsed();
        self.count += 1;
        self.slowest = self.slowest.max(took);
        if !stood || took > SLOW {
            let name = format!("firsthand-fuzz-{}-{}", self.door.replace(' ', "-"), self.count);
            let path = std::env::temp_dir().join(name);
            std::fs::write(&path, input).expect("the input can be kept");
            panic!("{}: {} bytes in {took:?}, kept in {}", self.door, input.len(), path.display());
        }
    }
}

fn seed() -> u64 {
    setting("FIRSTHAND_FUZZ_SEED").unwrap_or(1)
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|it| it.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn inside(path: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> =
        std::fs::read_dir(path).expect("a folder").flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn logs() -> Vec<Vec<u8>> {
    let folders = inside(&root().join("tests/logs")).into_iter().filter(|path| path.is_dir());
    let files = folders.flat_map(|folder| inside(&folder));
    let logs = files.filter(|path| path.extension().is_some_and(|end| end == "log"));
    logs.map(|path| std::fs::read(path).expect("a log")).collect()
}

/// Every folder of `tests/scenarios/CAUSE`.
fn folders() -> Vec<PathBuf> {
    let causes = inside(&root().join("tests/scenarios")).into_iter().filter(|path| path.is_dir());
    causes.flat_map(|cause| inside(&cause)).filter(|path| path.is_dir()).collect()
}

/// All files below `folder`, by their names below `top`.
fn files(top: &Path, folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for path in inside(folder) {
        if path.is_dir() {
            all.extend(files(top, &path));
        } else {
            let name = path.strip_prefix(top).expect("it is below").to_owned();
            all.push((name, std::fs::read(&path).expect("a file")));
        }
    }
    all
}
