//! A trail that somebody stopped, and the result of the guard's work.

use super::{Actor, Content, Notice, Source, mark, text, time};
use crate::contract::GuardOutcome;
use crate::json::Json;
use serde_json::Value;

/// A `StopLogging` call and what the guard did about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Guarded {
    pub outcome: GuardOutcome,
    /// The EventBridge event, without the envelope.
    pub event: Json,
}

impl Guarded {
    /// Who stopped the trail, as far as the call says.
    pub fn actor(&self) -> Actor {
        Actor::read(self.event.pointer("/detail/userIdentity").unwrap_or(&Value::Null))
    }

    /// Name of the trail.
    pub fn trail(&self) -> Option<String> {
        let name = text(self.event.pointer("/detail/requestParameters")?, "name")?;
        Some(name.rsplit('/').next().unwrap_or(&name).to_owned())
    }
}

impl From<Guarded> for Notice {
    fn from(guarded: Guarded) -> Self {
        let sent = text(&guarded.event, "time").as_deref().and_then(time::parse);
        Self {
            source: Source {
                sent,
                ..Source::default()
            },
            test: mark::read(&guarded.event),
            content: Content::Guard(Box::new(guarded)),
        }
    }
}
