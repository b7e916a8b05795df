//! A YAML document with the position of everything in it.

use std::collections::HashMap;
use std::fmt;

use config::{Map, Value, ValueKind};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

/// Line and column, both from 1.
pub(super) type Position = (u64, u64);

/// A document as values for layering, and where each of them was written.
#[derive(Clone, Debug, Default)]
pub(super) struct Document {
    /// The keys of the document's mapping.
    pub(super) root: Map<String, Value>,
    /// By path (`receivers[0].slack`): the key of a mapping's entry, the value of a list's.
    positions: HashMap<String, Position>,
}

/// A document that is no YAML, or no mapping.
#[derive(Debug)]
pub(super) struct Malformed {
    /// What is wrong.
    pub(super) what: String,
    /// Where.
    pub(super) position: Position,
}

impl Document {
    /// Parses `text`; `origin` is remembered on every value.
    pub(super) fn parse(text: &str, origin: &str) -> Result<Self, Malformed> {
        let node: Spanned<Node> = serde_saphyr::from_str(text).map_err(malformed)?;
        let position = (node.referenced.line().max(1), node.referenced.column().max(1));
        let mut document = Self::default();
        match node.value {
            Node::Mapping(entries) => {
                document.root = document.mapping("", entries, origin);
                Ok(document)
            }
            Node::Null => Ok(document),
            _ => Err(Malformed {
                what: "the document is not a mapping of settings".into(),
                position,
            }),
        }
    }

    /// Where `path` was written, or the nearest part of the document around it.
    pub(super) fn position(&self, path: &str) -> Option<Position> {
        let mut path = path;
        loop {
            if let Some(position) = self.positions.get(path) {
                return Some(*position);
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }

    /// Whether `path` stands in it.
    pub(super) fn holds(&self, path: &str) -> bool {
        self.positions.contains_key(path)
    }

    fn mapping(
        &mut self,
        path: &str,
        entries: Vec<(Spanned<String>, Spanned<Node>)>,
        origin: &str,
    ) -> Map<String, Value> {
        let mut map = Map::new();
        for (key, value) in entries {
            let path = join(path, &key.value);
            self.positions.insert(path.clone(), position(&key));
            let value = self.value(&path, value.value, origin);
            map.insert(key.value, value);
        }
        map
    }

    fn value(&mut self, path: &str, node: Node, origin: &str) -> Value {
        let kind = match node {
            Node::Null => ValueKind::Nil,
            Node::Bool(it) => ValueKind::Boolean(it),
            Node::Int(it) => ValueKind::I64(it),
            Node::Float(it) => ValueKind::Float(it),
            Node::Text(it) => ValueKind::String(it),
            Node::Sequence(items) => ValueKind::Array(
                items
                    .into_iter()
                    .enumerate()
                    .map(|(index, item)| {
                        let path = format!("{path}[{index}]");
                        self.positions.insert(path.clone(), position(&item));
                        self.value(&path, item.value, origin)
                    })
                    .collect(),
            ),
            Node::Mapping(entries) => ValueKind::Table(self.mapping(path, entries, origin)),
        };
        Value::new(Some(&origin.to_owned()), kind)
    }
}

/// `a.b` from `a` and `b`.
pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The path of another key in the same mapping.
pub(super) fn sibling(path: &str, key: &str) -> String {
    join(path.rfind('.').map_or("", |dot| &path[..dot]), key)
}

fn position<T>(spanned: &Spanned<T>) -> Position {
    (spanned.referenced.line(), spanned.referenced.column())
}

/// The parser's complaint, in one line and without its picture of the source.
fn malformed(error: serde_saphyr::Error) -> Malformed {
    let at = error.location();
    let text = error.without_snippet().to_string();
    let text = text.lines().next().unwrap_or_default();
    // The parser's advice to whoever calls it is none to whoever writes settings.
    let text = text.split(", set DuplicateKeyPolicy").next().unwrap_or(text);
    // The place is said in front, in the same form as everywhere.
    let what = text.split(" at line ").next().unwrap_or(text).trim_end_matches([' ', ':', '(']);
    Malformed {
        what: format!("not readable as YAML: {what}"),
        position: at.map_or((1, 1), |at| (at.line().max(1), at.column().max(1))),
    }
}

/// One node of the document.
enum Node {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Sequence(Vec<Spanned<Node>>),
    Mapping(Vec<(Spanned<String>, Spanned<Node>)>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_bool<E>(self, it: bool) -> Result<Node, E> {
        Ok(Node::Bool(it))
    }

    fn visit_i64<E>(self, it: i64) -> Result<Node, E> {
        Ok(Node::Int(it))
    }

    fn visit_u64<E: serde::de::Error>(self, it: u64) -> Result<Node, E> {
        i64::try_from(it).map(Node::Int).map_err(|_| E::custom("the number is too large"))
    }

    fn visit_f64<E>(self, it: f64) -> Result<Node, E> {
        Ok(Node::Float(it))
    }

    fn visit_str<E>(self, it: &str) -> Result<Node, E> {
        Ok(Node::Text(it.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Node::Sequence(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries: Vec<(Spanned<String>, Spanned<Node>)> = Vec::new();
        while let Some((key, value)) = map.next_entry::<Spanned<String>, Spanned<Node>>()? {
            if entries.iter().any(|(known, _)| known.value == key.value) {
                return Err(A::Error::custom(format!("the key `{}` stands twice", key.value)));
            }
            entries.push((key, value));
        }
        Ok(Node::Mapping(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_knows_where_it_was_written() {
        let text = "listen: here\nroute:\n  routes:\n    - receiver: a\n    - receiver: b\n";
        let document = Document::parse(text, "x").unwrap();
        assert_eq!(document.position("listen"), Some((1, 1)));
        assert_eq!(document.position("route.routes[1].receiver"), Some((5, 7)));
        assert_eq!(document.position("route.routes[1].missing"), Some((5, 7)));
    }

    #[test]
    fn an_empty_document_is_no_settings_and_no_fault() {
        for text in ["", "# nothing\n", "---\n"] {
            assert!(Document::parse(text, "x").unwrap().root.is_empty(), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_yaml_is_refused_with_its_place() {
        let told = Document::parse("a: 1\nb: [1, 2\nc: 3\n", "x").unwrap_err();
        assert!(told.position.0 >= 2, "{told:?}");
        assert!(!told.what.contains('\n'), "{told:?}");
        let told = Document::parse("a: 1\na: 2\n", "x").unwrap_err();
        assert!(told.what.contains('a'), "{told:?}");
        assert_eq!(told.position.0, 2, "{told:?}");
    }
}
