//! The merged tree read into [`Settings`], going on after a fault.
//!
//! Serde stops at the first error. So the tree is read again and again: each error is noted with its path,
//! the part at that path is left out, and reading starts over until nothing is wrong any more. What
//! remains is complete enough for the checks that come after, so that one run names every fault.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::Settings;
use super::document::{join, sibling};
use super::fault::{Fault, Level};
use super::layers::Layers;
use super::node::Node;
use super::wrong::{Kind, Wrong};

/// How many faults are named at most. Each costs one reading of the tree.
const MOST: usize = 100;

/// The faults found so far, and which parts of the tree were left out because of them.
#[derive(Debug, Default)]
pub(super) struct Walk {
    faults: BTreeSet<Fault>,
    left_out: BTreeSet<String>,
    /// Misspelt keys, by path, and what they were probably meant to be. Reading goes on as if that stood there.
    meant: BTreeMap<String, &'static str>,
}

impl Walk {
    /// Reads the settings; `None` when too little was left.
    pub(super) fn settings(&mut self, layers: &Layers) -> Option<Settings> {
        self.faults.extend(layers.faults.iter().cloned());
        for _ in 0..MOST {
            let root = Node::root(layers, &self.left_out, &self.meant);
            let wrong = match Settings::deserialize(root) {
                Ok(settings) => return Some(settings),
                Err(wrong) => wrong,
            };
            if !self.follows(&wrong) {
                self.note(&wrong, layers);
            }
            let meant = wrong.meant();
            let at = wrong.at.unwrap_or_default();
            if let Some(meant) = meant.filter(|meant| !layers.holds(&sibling(&at, meant))) {
                self.meant.insert(at, meant);
                continue;
            }
            if at.is_empty() || !self.left_out.insert(at) {
                return None;
            }
        }
        None
    }

    /// Notes a fault of meaning at `path`, a path in the settings as they were read. Not noted when
    /// something at, above or below it is faulty already.
    pub(super) fn fault(&mut self, layers: &Layers, path: &str, what: String, advice: String) {
        self.meaning(layers, path, Level::Fault, what, advice);
    }

    /// The same for what is only suspicious.
    pub(super) fn warning(&mut self, layers: &Layers, path: &str, what: String, advice: String) {
        self.meaning(layers, path, Level::Warning, what, advice);
    }

    fn meaning(&mut self, layers: &Layers, path: &str, level: Level, what: String, advice: String) {
        let path = self.written(path);
        let known = self.left_out.iter().any(|out| within(out, &path) || within(&path, out));
        if !known {
            self.faults.insert(Fault { place: layers.place(&path), path, level, what, advice });
        }
    }

    /// Every fault, in the order of their places.
    pub(super) fn into_faults(self) -> Vec<Fault> {
        self.faults.into_iter().collect()
    }

    fn note(&mut self, wrong: &Wrong, layers: &Layers) {
        let at = wrong.at.as_deref().unwrap_or_default();
        let path = match &wrong.kind {
            Kind::Missing(name) => join(at, name),
            _ => at.to_owned(),
        };
        let (what, advice) = wrong.words();
        let (place, level) = (layers.place(&path), Level::Fault);
        self.faults.insert(Fault { place, path, level, what, advice });
    }

    /// Whether the error only follows from a part that was left out.
    fn follows(&self, wrong: &Wrong) -> bool {
        let at = wrong.at.as_deref().unwrap_or_default();
        match &wrong.kind {
            Kind::Missing(name) => {
                let path = join(at, name);
                let spelt = |(it, meant): (&String, &&str)| sibling(it, meant) == path;
                self.left_out.contains(&path) || self.meant.iter().any(spelt)
            }
            Kind::Unknown { .. } => false,
            Kind::Other { .. } => {
                self.meant.contains_key(at)
                    || self.left_out.iter().any(|out| out != at && within(out, at))
            }
        }
    }

    /// The path as it was written: entries of lists that were left out are counted again, and misspelt keys
    /// are as they were spelt.
    fn written(&self, path: &str) -> String {
        let mut written = String::new();
        let mut rest = path;
        while let Some(open) = rest.find('[') {
            let close = rest.find(']').unwrap_or(rest.len() - 1);
            written.push_str(&rest[..open]);
            let mut wanted: usize = rest[open + 1..close].parse().unwrap_or(0);
            let mut index = 0;
            loop {
                if !self.left_out.contains(&format!("{written}[{index}]")) {
                    if wanted == 0 {
                        break;
                    }
                    wanted -= 1;
                }
                index += 1;
            }
            written.push_str(&format!("[{index}]"));
            rest = &rest[close + 1..];
        }
        written.push_str(rest);
        let spelt = self.meant.iter().find_map(|(it, meant)| {
            let right = sibling(it, meant);
            within(&written, &right).then(|| format!("{it}{}", &written[right.len()..]))
        });
        spelt.unwrap_or(written)
    }
}

/// Whether `path` is `outer` or lies within it.
fn within(path: &str, outer: &str) -> bool {
    path.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_that_were_left_out_are_counted_again() {
        let left_out = BTreeSet::from(["receivers[0]".to_owned(), "receivers[2]".to_owned()]);
        let walk = Walk { left_out, ..Walk::default() };
        assert_eq!(walk.written("receivers[0].name"), "receivers[1].name");
        assert_eq!(walk.written("receivers[1].slack"), "receivers[3].slack");
        assert_eq!(walk.written("route.routes[1].routes[0]"), "route.routes[1].routes[0]");
    }

    #[test]
    fn a_path_lies_within_itself_and_what_is_above_it() {
        assert!(within("a.b[0].c", "a.b"));
        assert!(within("a.b", "a.b"));
        assert!(!within("a.bc", "a.b"));
    }
}
