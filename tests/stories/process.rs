//! The daemon as a process of its own: its log, its signals, its exit code.

use std::fs::File;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::stage::{PANIC, PATIENCE, Stage, crash_looping, crashes, ended, post, released, until};

/// A running `firsthand run`. It ends with this value.
pub(crate) struct Process {
    child: Child,
    /// Where it listens.
    pub(crate) url: String,
}

impl Process {
    /// Starts it with the stage's settings; its log goes to the file `log` there.
    pub(crate) async fn run(stage: &mut Stage, level: &str) -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
        let address = free.expect("a free port").to_string();
        stage.settings["listen"] = json!(address);
        let log = File::options().append(true).create(true).open(stage.path("log")).expect("a log");
        let child = Command::new(env!("CARGO_BIN_EXE_firsthand"))
            .args(["run", "--log-level", level, "--config"])
            .arg(stage.settings_file())
            .current_dir(stage.folder())
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the daemon starts");
        let url = format!("http://{address}");
        let process = Self { child, url };
        until("it listens", async || {
            reqwest::get(format!("{}/-/healthy", process.url)).await.ok().map(drop)
        })
        .await;
        process
    }

    /// What Kubernetes sends when a pod is deleted.
    fn terminate(&self) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().expect("kill");
        assert!(sent.success());
    }

    fn ended(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("its own child") {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // By its own pid; it may be gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_to_stop_it_ends_well_and_the_next_one_goes_on_in_the_same_thread() {
    let mut stage = Stage::of(released(&["checkout"], 2, &crashes(PANIC))).await;
    let alert = crash_looping(&stage.pods("checkout")[0]);
    let mut first = Process::run(&mut stage, "info").await;
    assert_eq!(post(&first.url, std::slice::from_ref(&alert)).await.0, 200);
    let before = stage.message("the evidence", |told| !told.thread.is_empty()).await;
    let began = Instant::now();
    first.terminate();
    assert_eq!(first.ended().code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());

    stage.world.roll_back("checkout");
    stage.pass(30);
    let second = Process::run(&mut stage, "info").await;
    assert_eq!(post(&second.url, &[ended(&alert)]).await.0, 200);
    let after = stage.message("it is over", |told| told.is_resolved()).await;
    assert_eq!(after.ts, before.ts);
    assert!(after.thread.len() > before.thread.len() && after.tells_once(), "{after:#?}");
    let log = std::fs::read_to_string(stage.path("log")).expect("a log");
    assert!(!log.contains("panicked") && !log.contains(" ERROR "), "{log}");
    stage.nothing_improper();
}
