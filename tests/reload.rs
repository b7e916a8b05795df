//! Settings are read again when somebody asks, and a faulty file changes nothing.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The daemon, ended with the test.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn write(folder: &Path, port: u16, more: &str) {
    let text = format!(
        "listen: 127.0.0.1:{port}\ncluster: {{ api_url: \"http://127.0.0.1:1\" }}\n\
         receivers: [ {{ name: mine, log: {{}} }} ]\n{more}\n"
    );
    std::fs::write(folder.join("firsthand.yaml"), text).unwrap();
}

/// The answer's status and body, once anybody answers.
async fn ask(request: reqwest::RequestBuilder) -> (u16, String) {
    for _ in 0..500 {
        if let Ok(answer) = request.try_clone().unwrap().send().await {
            return (answer.status().as_u16(), answer.text().await.unwrap_or_default());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nobody answers");
}

#[tokio::test]
async fn a_faulty_file_keeps_the_old_settings_and_says_so() {
    firsthand::tls::install();
    let folder = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    write(folder.path(), port, "");
    let log = std::fs::File::create(folder.path().join("log")).unwrap();
    let daemon = Command::new(env!("CARGO_BIN_EXE_firsthand"))
        .args(["run", "--config"])
        .arg(folder.path().join("firsthand.yaml"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    let daemon = Daemon(daemon);
    let client = reqwest::Client::new();
    let at = |path: &str| format!("http://127.0.0.1:{port}{path}");
    let successful = async |expected: &str| {
        for _ in 0..3000 {
            let (_, page) = ask(client.get(at("/metrics"))).await;
            if page.contains(&format!("firsthand_config_last_reload_successful {expected}\n")) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("never {expected}");
    };
    successful("1").await;

    write(folder.path(), port, "storre: { keep: 1d }");
    let (status, said) = ask(client.post(at("/-/reload"))).await;
    assert_eq!(status, 500);
    assert!(said.contains("storre") && said.contains("did you mean"), "{said}");
    successful("0").await;
    assert_eq!(ask(client.get(at("/-/healthy"))).await.0, 200);

    write(folder.path(), port, "web: { bearer_token_file: token }");
    std::fs::write(folder.path().join("token"), "hush").unwrap();
    assert_eq!(ask(client.post(at("/-/reload"))).await.0, 200);
    successful("1").await;
    // The new settings hold: alerts need the token now, and so does a reload.
    assert_eq!(ask(client.post(at("/alertmanager"))).await.0, 401);
    assert_eq!(ask(client.post(at("/-/reload"))).await.0, 401);
    // A rotated secret needs no reload.
    std::fs::write(folder.path().join("token"), "other").unwrap();
    assert_eq!(ask(client.post(at("/-/reload")).bearer_auth("other")).await.0, 200);

    write(folder.path(), port, "top: 1");
    let hangup = Command::new("kill").args(["-HUP", &daemon.0.id().to_string()]).status().unwrap();
    assert!(hangup.success());
    successful("0").await;
}
