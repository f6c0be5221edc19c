//! The charts that an invocation still has to draw.

use crate::card::{Card, Sketch};
use crate::contract::ChannelKey;
use crate::destination::MessageId;
use std::sync::{Mutex, PoisonError};

/// The charts that this invocation still has to draw.
#[derive(Default)]
pub(in crate::runtime) struct Charts(Mutex<Vec<Wanted>>);

/// A chart, and the message whose thread gets it.
pub(in crate::runtime) struct Wanted {
    pub channel: ChannelKey,
    pub id: MessageId,
    /// The headline.
    pub alt: String,
    pub sketch: Sketch,
}

impl Charts {
    /// Takes note of the chart that a new message is to get, if it is to get one.
    pub fn want(&self, channel: &ChannelKey, card: &Card, id: Option<&MessageId>) {
        if let (Some(sketch), Some(id)) = (&card.sketch, id) {
            let headline = card.in_time.as_ref().unwrap_or(&card.headline);
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(Wanted {
                    channel: channel.clone(),
                    id: id.clone(),
                    alt: headline.plain(),
                    sketch: sketch.clone(),
                });
        }
    }

    /// The charts so far, which are not wanted any more then.
    pub fn take(&self) -> Vec<Wanted> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
