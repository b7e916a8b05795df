//! Custom resources out of the files that no other source claims.

use std::path::Path;

use serde_json::Value;

use super::objects::Reader;
use super::{ABSENT, files};
use crate::collect::custom;
use crate::diagnosis::{CustomResource, Source};

/// Files of a dump that hold something else.
const OTHERS: [&str; 4] = ["alerts", "snapshot", "endpoints", "expected"];

/// All custom resources with conditions; read where any folder has a file of them.
pub(super) fn all(reader: &mut Reader<'_>) -> Source<Vec<CustomResource>> {
    let mut found: Option<Vec<CustomResource>> = None;
    for folder in reader.folders {
        for path in files::objects_in(&folder.path) {
            let stem = path.file_stem().and_then(|it| it.to_str()).unwrap_or_default();
            if OTHERS.contains(&stem) || reader.read.iter().any(|read| read == stem) {
                continue;
            }
            let shown = path.strip_prefix(reader.dir).unwrap_or(&path).display().to_string();
            match files::whole(&path) {
                None => {}
                Some(Err(why)) => reader.miss(&shown, &why),
                Some(Ok(text)) => {
                    let values = of_file(reader, &shown, &text);
                    let objects = values.into_iter().filter_map(|mut value| {
                        custom::of(&mut value, &folder.namespace, &reader.seen)
                    });
                    found.get_or_insert_default().extend(objects);
                }
            }
        }
    }
    found.map_or_else(|| Source::Unavailable(ABSENT.into()), Source::Read)
}

fn of_file(reader: &mut Reader<'_>, shown: &str, text: &str) -> Vec<Value> {
    // A file of another purpose that happens to lie here is no fault of the dump.
    match Path::new(shown).extension().is_some_and(|it| it == "json") {
        true => serde_json::from_str(text).map(super::objects::items).unwrap_or_default(),
        false => reader.values(shown, text),
    }
}
