//! Which files a dump has, and their text within limits.

use std::fs;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

/// A larger file is not read as objects. Half a million pods would fit; more is not a dump but a mistake.
const LARGEST: u64 = 64 << 20;

/// One folder in which objects are looked for.
#[derive(Debug)]
pub(super) struct Folder {
    /// Where it is.
    pub(super) path: PathBuf,
    /// Its name, which is the namespace's; empty for the dump's own folder.
    pub(super) namespace: String,
    /// The folders in it, by name: one per pod.
    pub(super) pods: Vec<(String, PathBuf)>,
}

/// The dump's own folder, then one per namespace by name.
pub(super) fn folders(dir: &Path) -> io::Result<Vec<Folder>> {
    let namespaces = subfolders(dir)?;
    let mut all =
        vec![Folder { path: dir.into(), namespace: String::new(), pods: namespaces.clone() }];
    for (namespace, path) in namespaces {
        // A namespace that cannot be listed is one without pods' logs; its files are still tried.
        let pods = subfolders(&path).unwrap_or_default();
        all.push(Folder { path, namespace, pods });
    }
    Ok(all)
}

fn subfolders(dir: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

/// The files of a folder that may hold objects, by name.
pub(super) fn objects_in(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let of_objects = |path: &PathBuf| {
        path.extension().is_some_and(|it| ["json", "yaml", "yml"].iter().any(|known| it == *known))
    };
    let mut found: Vec<PathBuf> = entries.map(|it| it.path()).filter(of_objects).collect();
    found.sort();
    found
}

/// The text of a regular file that is not too large; `None` where there is none such.
pub(super) fn text(path: &Path) -> Option<String> {
    whole(path)?.ok()
}

/// The text of a regular file, or why it was not read; `None` where there is no file.
pub(super) fn whole(path: &Path) -> Option<Result<String, String>> {
    let meta = fs::symlink_metadata(path).ok()?;
    if meta.is_symlink() {
        return Some(Err("is a link; links in a dump are not followed".into()));
    }
    if !meta.is_file() {
        return None;
    }
    if meta.len() > LARGEST {
        return Some(Err(format!("is larger than {} MiB", LARGEST >> 20)));
    }
    Some(match fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) => Err(format!("cannot be read: {}", error.kind())),
    })
}

/// The end of a regular file, and whether its beginning was left out. For logs, where the end matters.
pub(super) fn end(path: &Path) -> Option<(String, bool)> {
    let meta = fs::symlink_metadata(path).ok()?;
    if !meta.is_file() {
        return None;
    }
    let skip = meta.len().saturating_sub(LARGEST);
    let mut file = fs::File::open(path).ok()?;
    file.seek(SeekFrom::Start(skip)).ok()?;
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes).ok()?;
    Some((String::from_utf8_lossy(&bytes).into_owned(), skip > 0))
}
