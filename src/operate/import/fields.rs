//! The fields of an entry of a stack file.

use serde_yaml::{Mapping, Value};

use crate::resource::cloudwatch::alarm::Options;

/// Fields in the order in which people read them. What has its default value is not added.
#[derive(Default)]
pub(super) struct Fields(pub Mapping);

impl Fields {
    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        self.0.insert(key.into(), value.into());
    }

    pub fn some(&mut self, key: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.set(key, value);
        }
    }

    /// Adds a list or a mapping that is not empty.
    pub fn full(&mut self, key: &str, value: Value) {
        let is_empty = match &value {
            Value::Sequence(items) => items.is_empty(),
            Value::Mapping(fields) => fields.is_empty(),
            _ => false,
        };
        if !is_empty {
            self.set(key, value);
        }
    }

    /// Adds the wait of an alarm that was just created or changed.
    pub fn warm_up(&mut self, options: &Options) {
        if let Some(warm_up) = &options.warm_up {
            let mut wait = Self::default();
            wait.set("minutes", warm_up.minutes);
            wait.some("full", warm_up.full.then_some(true));
            self.set("warm_up", wait.0);
        }
    }
}
