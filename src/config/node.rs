//! One node of the merged tree, as serde reads it.

use std::collections::{BTreeMap, BTreeSet};

use config::{Value, ValueKind};
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::document::{join, sibling};
use super::layers::Layers;
use super::wrong::Wrong;

/// A node of the merged tree. Parts that were left out are passed over.
#[derive(Clone)]
pub(super) struct Node<'a> {
    value: &'a Value,
    path: String,
    layers: &'a Layers,
    left_out: &'a BTreeSet<String>,
    meant: &'a BTreeMap<String, &'static str>,
}

impl<'a> Node<'a> {
    /// The whole tree, without the paths in `left_out`, with the misspelt keys in `meant` read as what
    /// they were meant to be.
    pub(super) fn root(
        layers: &'a Layers,
        left_out: &'a BTreeSet<String>,
        meant: &'a BTreeMap<String, &'static str>,
    ) -> Self {
        Self { value: &layers.merged, path: String::new(), layers, left_out, meant }
    }

    fn child(&self, path: String, value: &'a Value) -> Option<Self> {
        (!self.left_out.contains(&path)).then(|| Self { value, path, ..self.clone() })
    }

    /// The children of a mapping, in a stable order.
    fn entries(&self) -> Vec<(&'a str, Self)> {
        let ValueKind::Table(table) = &self.value.kind else { return Vec::new() };
        let mut entries: Vec<(&'a str, Self)> = Vec::new();
        for (key, value) in table {
            let path = join(&self.path, key);
            let meant = self.meant.get(&path).copied();
            // A default steps back for the misspelt key that was meant to replace it.
            let replaced = self.meant.iter().any(|(it, meant)| sibling(it, meant) == path);
            if let (false, Some(node)) = (replaced, self.child(path, value)) {
                entries.push((meant.unwrap_or(key), node));
            }
        }
        entries.sort_by_key(|(key, _)| *key);
        entries
    }

    fn items(&self) -> Vec<Self> {
        let ValueKind::Array(items) = &self.value.kind else { return Vec::new() };
        let path = |index| format!("{}[{index}]", self.path);
        items.iter().enumerate().filter_map(|(i, value)| self.child(path(i), value)).collect()
    }

    /// The text of an environment variable, which stands for whatever is expected here.
    fn text_of_variable(&self) -> Option<&'a str> {
        match &self.value.kind {
            ValueKind::String(text) if self.layers.variable(&self.path).is_some() => Some(text),
            _ => None,
        }
    }

    fn visit<'de, V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Wrong> {
        match &self.value.kind {
            ValueKind::Nil => visitor.visit_unit(),
            ValueKind::Boolean(it) => visitor.visit_bool(*it),
            ValueKind::I64(it) => visitor.visit_i64(*it),
            ValueKind::I128(it) => visitor.visit_i128(*it),
            ValueKind::U64(it) => visitor.visit_u64(*it),
            ValueKind::U128(it) => visitor.visit_u128(*it),
            ValueKind::Float(it) => visitor.visit_f64(*it),
            ValueKind::String(it) => visitor.visit_str(it),
            ValueKind::Array(_) => visitor.visit_seq(Items(self.items().into_iter())),
            ValueKind::Table(_) => visitor.visit_map(Entries::of(self)),
        }
    }
}

/// Reads a number or a switch: from its own kind, or from the text of a variable.
macro_rules! scalar {
    ($($method:ident $visit:ident $kind:ty),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            match self.text_of_variable().map(|text| text.trim().parse::<$kind>()) {
                Some(Ok(it)) => visitor.$visit(it),
                _ => self.visit(visitor),
            }
            .map_err(|wrong| wrong.at(&self.path))
        }
    )*};
}

impl<'de> Deserializer<'de> for Node<'_> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.visit(visitor).map_err(|wrong| wrong.at(&self.path))
    }

    scalar!(
        deserialize_bool visit_bool bool,
        deserialize_i8 visit_i64 i64, deserialize_i16 visit_i64 i64,
        deserialize_i32 visit_i64 i64, deserialize_i64 visit_i64 i64,
        deserialize_u8 visit_u64 u64, deserialize_u16 visit_u64 u64,
        deserialize_u32 visit_u64 u64, deserialize_u64 visit_u64 u64,
        deserialize_f32 visit_f64 f64, deserialize_f64 visit_f64 f64
    );

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let path = self.path.clone();
        match self.value.kind {
            ValueKind::Nil => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
        .map_err(|wrong| wrong.at(&path))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        let path = self.path.clone();
        visitor.visit_newtype_struct(self).map_err(|wrong| wrong.at(&path))
    }

    /// A list that was begun and left empty is an empty list.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.value.kind {
            ValueKind::Nil => visitor.visit_seq(Items(Vec::new().into_iter())),
            _ => self.visit(visitor),
        }
        .map_err(|wrong| wrong.at(&self.path))
    }

    /// A section that was begun and left empty has all its defaults.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.value.kind {
            ValueKind::Nil => visitor.visit_map(Entries::of(&self)),
            _ => self.visit(visitor),
        }
        .map_err(|wrong| wrong.at(&self.path))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        let path = self.path.clone();
        let one = match (&self.value.kind, self.entries().as_slice()) {
            (ValueKind::String(word), _) => visitor.visit_enum(word.as_str().into_deserializer()),
            (_, [(name, node)]) => visitor.visit_enum(Variant { name, node: node.clone() }),
            _ => Err(de::Error::custom("expected one word, or one key with its settings")),
        };
        one.map_err(|wrong: Wrong| wrong.at(&path))
    }

    serde::forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct tuple tuple_struct identifier
        ignored_any
    }
}

/// The items of a list.
struct Items<'a>(std::vec::IntoIter<Node<'a>>);

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Wrong;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Wrong> {
        let Some(node) = self.0.next() else { return Ok(None) };
        let path = node.path.clone();
        seed.deserialize(node).map(Some).map_err(|wrong| wrong.at(&path))
    }
}

/// The entries of a mapping.
struct Entries<'a> {
    rest: std::vec::IntoIter<(&'a str, Node<'a>)>,
    value: Option<Node<'a>>,
}

impl<'a> Entries<'a> {
    fn of(node: &Node<'a>) -> Self {
        Self { rest: node.entries().into_iter(), value: None }
    }
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Wrong;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Wrong> {
        let Some((key, node)) = self.rest.next() else { return Ok(None) };
        let path = node.path.clone();
        self.value = Some(node);
        seed.deserialize(key.into_deserializer()).map(Some).map_err(|wrong: Wrong| wrong.at(&path))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Wrong> {
        match self.value.take() {
            Some(node) => {
                let path = node.path.clone();
                seed.deserialize(node).map_err(|wrong| wrong.at(&path))
            }
            None => Err(de::Error::custom("a value was asked for before its key")),
        }
    }
}

/// `name: settings`, one of several kinds.
struct Variant<'a> {
    name: &'a str,
    node: Node<'a>,
}

impl<'de, 'a> EnumAccess<'de> for Variant<'a> {
    type Error = Wrong;
    type Variant = Node<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self::Variant), Wrong> {
        let name = seed
            .deserialize(self.name.into_deserializer())
            .map_err(|wrong: Wrong| wrong.at(&self.node.path))?;
        Ok((name, self.node))
    }
}

impl<'de> VariantAccess<'de> for Node<'_> {
    type Error = Wrong;

    fn unit_variant(self) -> Result<(), Wrong> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Wrong> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Wrong> {
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        self.deserialize_map(visitor)
    }
}
