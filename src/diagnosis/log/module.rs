//! Modules, packages, classes and libraries that are not there.

use super::Kind;
use super::failure::first_word;

/// What stands right before the name.
const MODULES: [&str; 16] = [
    "Cannot find module ",
    "Cannot find package ",
    "No module named ",
    "ClassNotFoundException: ",
    "NoClassDefFoundError: ",
    "Could not find or load main class ",
    "error while loading shared libraries: ",
    "cannot load such file -- ",
    "Could not import module ",
    "Could not load file or assembly ",
    "Can't locate ",
    "uninitialized constant ",
    "cannot import name ",
    "Error relocating ",
    "Error loading shared library ",
    "Could not find gem ",
];

pub(super) fn about(message: &str) -> Option<(Kind, Option<String>)> {
    let opens = MODULES.iter().find(|words| message.contains(**words))?;
    if *opens == "Can't locate " && !message.contains("@INC") {
        return None;
    }
    Some((Kind::MissingModule, first_word(message.split_once(opens)?.1)))
}
