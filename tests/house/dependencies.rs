//! What may not be in the tree, and that what is in it is explained.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use regex::Regex;

use crate::{none, root, text};

/// A second TLS or crypto provider, or a second idea of time.
const FORBIDDEN: &[&str] =
    &["aws-lc-rs", "aws-lc-sys", "chrono", "native-tls", "openssl", "openssl-sys"];

#[test]
fn one_tls_provider_and_one_idea_of_time() {
    // Of this target: Cargo.lock also names what other systems would need.
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--edges", "normal,build,dev"])
        .args(["--prefix", "none", "--format", "{p}"])
        .current_dir(root())
        .output()
        .expect("cargo can be started");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8_lossy(&tree.stdout);
    let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(names.contains("rustls"), "the tree was not read: {names:?}");
    let complaints: Vec<String> = FORBIDDEN
        .iter()
        .filter(|name| names.contains(**name))
        .map(|name| format!("{name} is in the tree; see `cargo tree -i {name}`"))
        .collect();
    none(&complaints);
}

#[test]
fn every_dependency_is_explained_once() {
    let named = Regex::new(r"^\| *((?:`[a-z0-9_-]+`[, ]*(?:and )?)+)\|").unwrap();
    let name = Regex::new(r"`([a-z0-9_-]+)`").unwrap();
    let manifest = text(Path::new("Cargo.toml")).unwrap();
    let mut ours: Vec<&str> = Vec::new();
    let mut section = "";
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if ["[dependencies]", "[dev-dependencies]"].contains(&section) {
            ours.extend(line.split_once(" = ").map(|(name, _)| name));
        }
    }
    assert!(ours.len() > 20, "the manifest was not read: {ours:?}");
    let page = text(Path::new("ARCHITECTURE.md")).unwrap();
    // Only the rows below the heading about dependencies, up to the next heading.
    let about =
        page.lines().skip_while(|line| !(line.starts_with('#') && line.contains("ependenc")));
    let rows = about.skip(1).take_while(|line| !line.starts_with('#'));
    let explained: Vec<String> = rows
        .filter_map(|line| named.captures(line))
        .flat_map(|row| name.captures_iter(&row[1]).map(|it| it[1].to_owned()).collect::<Vec<_>>())
        .collect();
    let mut complaints = Vec::new();
    for dependency in &ours {
        let times = explained.iter().filter(|it| it == dependency).count();
        if times != 1 {
            complaints.push(format!("{dependency}: explained {times} times in ARCHITECTURE.md"));
        }
    }
    let strangers = explained.iter().filter(|it| !ours.contains(&it.as_str()));
    complaints.extend(strangers.map(|it| format!("{it}: explained, and no dependency")));
    none(&complaints);
}
