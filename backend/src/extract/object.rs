//! Structures come as JSON objects: serde would also take an array of their members in order, which no document describes.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::json::escaped;

/// Where an array was sent in place of an object, by what was read from it.
pub(super) fn list_for_object(sent: &Value, read: &Value) -> Option<String> {
    let below = |name: &dyn fmt::Display, sent, read| {
        let inner = list_for_object(sent, read)?;
        Some(format!("/{name}{inner}"))
    };
    match (sent, read) {
        (Value::Array(_), Value::Object(_)) => Some(String::new()),
        (Value::Array(sent), Value::Array(read)) => {
            sent.iter().zip(read).enumerate().find_map(|(index, (sent, read))| below(&index, sent, read))
        }
        (Value::Object(sent), Value::Object(read)) => {
            sent.iter().find_map(|(name, sent)| below(&escaped(name), sent, read.get(name)?))
        }
        _ => None,
    }
}

/// A structure whose members came by their names: for what [`parse_checked`] reads below the top.
#[derive(Debug)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members))
            }
        }
        deserializer.deserialize_map(Members(PhantomData)).map(Self)
    }
}
