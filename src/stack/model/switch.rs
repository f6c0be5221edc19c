//! What is written `true`, `false`, or as settings of its own.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// What the file says of something that can be switched on.
pub enum Switch<T> {
    Off,
    On(T),
}

/// The settings of something that can be switched on.
pub trait Switched: Default {
    /// What can be written, for people.
    const FORMS: &'static str;
}

impl<T> Switch<T> {
    /// The settings, if it is on.
    pub fn on(self) -> Option<T> {
        match self {
            Self::Off => None,
            Self::On(settings) => Some(settings),
        }
    }
}

impl<'de, T: Switched + Deserialize<'de>> Deserialize<'de> for Switch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SwitchOrSettings<T>(PhantomData<T>);

        impl<'de, T: Switched + Deserialize<'de>> Visitor<'de> for SwitchOrSettings<T> {
            type Value = Switch<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(T::FORMS)
            }

            fn visit_bool<E>(self, on: bool) -> Result<Self::Value, E> {
                Ok(match on {
                    true => Switch::On(T::default()),
                    false => Switch::Off,
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Switch::On)
            }
        }

        deserializer.deserialize_any(SwitchOrSettings(PhantomData))
    }
}
