//! The house rules that a compiler does not check: who imports whom, what a room's door says, what may
//! not be in the tree of dependencies, and that the documents are true.

mod dependencies;
mod documents;
mod rooms;

use std::path::{Path, PathBuf};

/// The checkout.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `folder` that ends so, as paths from the checkout, in order. Build output and
/// version control are passed over.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let (path, name) = (entry.path(), entry.file_name());
            if ["target", ".git"].iter().any(|passed| name == **passed) {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else if name.to_string_lossy().ends_with(ending) {
                found.push(path.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no {ending} below {folder}");
    found
}

/// A file of the checkout; `None` when it is not text.
fn text(path: &Path) -> Option<String> {
    String::from_utf8(std::fs::read(root().join(path)).unwrap()).ok()
}

/// Fails with every complaint, one per line.
#[track_caller]
fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}
