//! What may not be in the tree, and that what is in it is explained.

use std::collections::BTreeSet;
use std::process::Command;

use crate::{none, root};

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
