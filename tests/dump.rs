//! What `firsthand dump` writes is what was seen: read back, it gives the same diagnosis.

use std::path::{Path, PathBuf};

use firsthand::collect::dump;
use firsthand::diagnosis::{Scope, diagnose};

/// The folders of `tests/scenarios`, each a cluster as some operator saw it.
fn scenarios() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let folders = |dir: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(dir).expect("a folder").flatten();
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
    };
    folders(&root).iter().flat_map(|cause| folders(cause)).collect()
}

#[test]
fn every_scenario_survives_being_written_and_read_back() {
    let all = scenarios();
    assert!(all.len() > 100, "{}", all.len());
    for folder in all {
        let seen = dump::read(&folder).expect("a scenario");
        let copy = tempfile::tempdir().expect("a folder");
        dump::write(&seen, copy.path()).expect("a dump");
        let again = dump::read(copy.path()).expect("our own dump");
        assert_eq!(again.taken_at, seen.taken_at, "{}", folder.display());
        assert_eq!(again.logs.len(), seen.logs.len(), "{}", folder.display());
        let (first, second) =
            (diagnose(&seen, &Scope::Everything), diagnose(&again, &Scope::Everything));
        assert_eq!(first, second, "{}", folder.display());
    }
}

#[cfg(unix)]
#[test]
fn a_dump_can_be_read_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let seen = dump::read(&scenarios()[0]).expect("a scenario");
    let copy = tempfile::tempdir().expect("a folder");
    dump::write(&seen, copy.path()).expect("a dump");
    let mode = std::fs::metadata(copy.path().join("snapshot.json")).expect("a file").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
}
