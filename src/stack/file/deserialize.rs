//! Types read from the tree by serde. A mismatch is a typed error with its path.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, Expected, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::scalar::Scalar;
use super::tree::{Entry, Kind, Node};

/// The first thing in the tree that does not match the type.
#[derive(Debug)]
pub struct Mismatch {
    /// Keys and indices from the node that was read to the one that does not match, the last step first.
    steps: Vec<String>,
    pub what: What,
}

/// What does not match.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// The mapping at the path lacks this key.
    Missing { key: &'static str },
    /// The mapping at the path has a key that the type does not know.
    UnknownKey {
        key: String,
        known: &'static [&'static str],
    },
    /// The text at the path is not one of the choices.
    UnknownVariant {
        variant: String,
        known: &'static [&'static str],
    },
    /// A value of another type, both in serde's words.
    Type { found: Found, expected: String },
    /// What the model itself says: the fact and, if there is any, the way on.
    Said { fact: String, way_on: Option<String> },
}

/// What was found in place of another type.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    Nothing,
    List,
    Mapping,
    /// A number, a text or a truth value, in serde's words, such as "integer `5`".
    Scalar(String),
}

impl Mismatch {
    /// Keys and indices, from the root down.
    pub fn path(&self) -> Vec<String> {
        self.steps.iter().rev().cloned().collect()
    }

    fn below(mut self, step: impl Into<String>) -> Self {
        self.steps.push(step.into());
        self
    }
}

impl From<What> for Mismatch {
    fn from(what: What) -> Self {
        Self { steps: vec![], what }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", self.path().join("."), self.what)
    }
}

impl std::error::Error for Mismatch {}

impl de::Error for Mismatch {
    /// The model's own errors have the way on in their second line.
    fn custom<T: fmt::Display>(message: T) -> Self {
        let message = message.to_string();
        let (fact, way_on) = match message.split_once('\n') {
            Some((fact, way_on)) => (fact.to_owned(), Some(way_on.to_owned())),
            None => (message, None),
        };
        What::Said { fact, way_on }.into()
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Unit | Unexpected::Option => Found::Nothing,
            Unexpected::Seq => Found::List,
            Unexpected::Map => Found::Mapping,
            scalar => Found::Scalar(scalar.to_string()),
        };
        let expected = expected.to_string();
        What::Type { found, expected }.into()
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_variant(variant: &str, known: &'static [&'static str]) -> Self {
        let variant = variant.to_owned();
        What::UnknownVariant { variant, known }.into()
    }

    fn unknown_field(key: &str, known: &'static [&'static str]) -> Self {
        let key = key.to_owned();
        What::UnknownKey { key, known }.into()
    }

    fn missing_field(key: &'static str) -> Self {
        What::Missing { key }.into()
    }
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match &self.kind {
            Kind::List(items) => visitor.visit_seq(Items { items, next: 0 }),
            Kind::Map(entries) => visitor.visit_map(Entries { entries, value: None }),
            Kind::Scalar { .. } => match self.scalar() {
                Some(Scalar::Bool(is)) => visitor.visit_bool(is),
                Some(Scalar::Unsigned(number)) => visitor.visit_u64(number),
                Some(Scalar::Signed(number)) => visitor.visit_i64(number),
                Some(Scalar::Float(number)) => visitor.visit_f64(number),
                Some(Scalar::Text(text)) => visitor.visit_borrowed_str(text),
                Some(Scalar::Null) | None => visitor.visit_unit(),
            },
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.is_nothing() {
            true => visitor.visit_none(),
            false => visitor.visit_some(self),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match &self.kind {
            Kind::Scalar {
                text,
                filled: Some(filled),
                ..
            } => {
                filled.set_text();
                visitor.visit_borrowed_str(text)
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_str(visitor)
    }

    /// `key:` without a value is an empty list.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match &self.kind {
            Kind::List(items) => visitor.visit_seq(Items { items, next: 0 }),
            _ if self.is_nothing() => visitor.visit_seq(Items { items: &[], next: 0 }),
            _ => self.deserialize_any(visitor),
        }
    }

    /// `key:` without a value is an empty mapping. A list is refused, although serde would read a struct from one, field by
    /// field.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        let entries = match &self.kind {
            Kind::Map(entries) => entries.as_slice(),
            Kind::List(_) => return Err(de::Error::invalid_type(Unexpected::Seq, &visitor)),
            _ if self.is_nothing() => &[],
            _ => return self.deserialize_any(visitor),
        };
        visitor.visit_map(Entries { entries, value: None })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.deserialize_map(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    /// The enums of a stack file are choices between words.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        match self.scalar() {
            Some(Scalar::Text(text)) => visitor.visit_enum(Word(text)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct
        tuple tuple_struct identifier
    }
}

struct Items<'de> {
    items: &'de [Node],
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Mismatch;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Mismatch> {
        let index = self.next;
        let Some(item) = self.items.get(index) else {
            return Ok(None);
        };
        self.next += 1;
        let read = seed.deserialize(item);
        read.map(Some)
            .map_err(|mismatch| mismatch.below(index.to_string()))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len() - self.next)
    }
}

struct Entries<'de> {
    entries: &'de [Entry],
    /// The entry whose key was read.
    value: Option<&'de Entry>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Mismatch;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Mismatch> {
        let Some((entry, rest)) = self.entries.split_first() else {
            return Ok(None);
        };
        (self.entries, self.value) = (rest, Some(entry));
        let key: StrDeserializer<'_, Mismatch> = entry.key.as_str().into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Mismatch> {
        let entry = self.value.take();
        let entry =
            entry.ok_or_else(|| <Mismatch as de::Error>::custom("a value was asked for before its key"))?;
        let read = seed.deserialize(&entry.value);
        read.map_err(|mismatch| mismatch.below(&entry.key))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

/// One word of a choice.
struct Word<'de>(&'de str);

impl<'de> EnumAccess<'de> for Word<'de> {
    type Error = Mismatch;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Mismatch> {
        let word: StrDeserializer<'_, Mismatch> = self.0.into_deserializer();
        Ok((seed.deserialize(word)?, self))
    }
}

impl<'de> VariantAccess<'de> for Word<'de> {
    type Error = Mismatch;

    fn unit_variant(self) -> Result<(), Mismatch> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _seed: T) -> Result<T::Value, Mismatch> {
        Err(de::Error::invalid_type(
            Unexpected::UnitVariant,
            &"a variant with a value",
        ))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Mismatch> {
        Err(de::Error::invalid_type(Unexpected::UnitVariant, &visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        Err(de::Error::invalid_type(Unexpected::UnitVariant, &visitor))
    }
}
