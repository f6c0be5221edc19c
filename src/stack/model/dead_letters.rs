//! Where EventBridge puts what the targets of a rule do not take.

use std::fmt;

use schemars::JsonSchema;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use super::form::Or;

/// The dead-letter queue of a rule's targets.
#[derive(Debug, Clone, Default, PartialEq, Eq, JsonSchema)]
#[schemars(from = "Or<bool, String>")]
pub enum DeadLetterQueue {
    /// The stack's own: `true`.
    #[default]
    Own,
    /// None: `false`.
    Off,
    /// Somebody else's, by its ARN.
    Existing(String),
}

impl<'de> Deserialize<'de> for DeadLetterQueue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SwitchOrArn;

        impl Visitor<'_> for SwitchOrArn {
            type Value = DeadLetterQueue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`true`, `false` or the ARN of a queue")
            }

            fn visit_bool<E: Error>(self, on: bool) -> Result<DeadLetterQueue, E> {
                Ok(match on {
                    true => DeadLetterQueue::Own,
                    false => DeadLetterQueue::Off,
                })
            }

            fn visit_str<E: Error>(self, arn: &str) -> Result<DeadLetterQueue, E> {
                Ok(DeadLetterQueue::Existing(arn.to_owned()))
            }
        }

        deserializer.deserialize_any(SwitchOrArn)
    }
}
