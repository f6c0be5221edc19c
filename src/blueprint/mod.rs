//! From the stack file to the graph of AWS resources: one file a feature.
//!
//! Everything between the sources and the destinations of a stack (roles, policies, permissions, keys,
//! queues, log groups) is derived here, and nowhere else.

use std::collections::BTreeMap;

use crate::aws::secret::Secret;
use crate::graph::Graph;
use crate::resource::Tags;
use crate::resource::tags::owned;
use crate::resource::{NodeId, Resource};
use crate::stack::Stack;

mod alarms;
mod key;
pub mod names;
mod relay;
mod topics;

pub use names::Names;

/// The webhook of a channel, as it goes into the relay's environment.
#[derive(Debug, Clone)]
pub enum Webhook {
    /// Encrypted beforehand; used as it is.
    Ciphertext(String),
    /// Encrypted during apply.
    Clear(Secret),
    /// Not known to who is only looking.
    NotAtHand,
}

/// Webhooks by channel key.
pub type Webhooks = BTreeMap<String, Webhook>;

/// Builds the graph of everything that `stack` asks for.
pub fn graph(stack: &Stack, webhooks: &Webhooks) -> Graph {
    let mut build = Build {
        stack,
        names: Names::of(stack),
        graph: Graph::default(),
    };
    let key = build.key();
    let relay = key.as_ref().and_then(|key| build.relay(key, webhooks));
    build.topics(key.as_ref(), relay.as_ref());
    build.alarms();
    build.graph
}

/// The key and its alias alone: what encrypting a webhook needs.
pub fn key_graph(stack: &Stack) -> Graph {
    let mut build = Build {
        stack,
        names: Names::of(stack),
        graph: Graph::default(),
    };
    build.key();
    build.graph
}

/// A graph in the making.
struct Build<'a> {
    stack: &'a Stack,
    names: Names<'a>,
    graph: Graph,
}

impl Build<'_> {
    /// The tags of the resource `R::KIND/key`.
    fn tags<R: Resource>(&self, key: &str) -> Tags {
        let id = NodeId {
            kind: R::KIND,
            key: key.to_owned(),
        };
        owned(&self.stack.stack, &id, &self.stack.tags)
    }
}

#[cfg(test)]
mod tests;
