//! The ids of a stack's nodes, and references between nodes.

use std::fmt;
use std::marker::PhantomData;

use serde::{Serialize, Serializer};

use super::Resource;
use crate::aws::Text;

/// A node of a stack: `kind/key`, such as `sns-topic/alerts`. The id of a node in another region than the stack's own
/// ends in that region, such as `eventbridge-rule/logins@us-east-1`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId {
    pub kind: &'static str,
    /// The key in the stack file, or the physical name if the resource is no longer in the file.
    pub key: String,
}

impl NodeId {
    /// The region of the node, if it is not the stack's own.
    pub fn region(&self) -> Option<&str> {
        // A key may contain an e-mail address, whose domain contains a dot.
        let (_, region) = self.key.rsplit_once('@')?;
        (!region.contains('.')).then_some(region)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.key)
    }
}

impl Serialize for NodeId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A typed reference to a node. Only [`crate::engine::graph::Graph::add`] creates one, so a cycle is impossible.
#[derive(Debug)]
pub struct Ref<R> {
    id: NodeId,
    name: String,
    arn: Text,
    of: PhantomData<fn() -> R>,
}

impl<R> Clone for Ref<R> {
    fn clone(&self) -> Self {
        Self {
            id: self.id.clone(),
            name: self.name.clone(),
            arn: self.arn.clone(),
            of: PhantomData,
        }
    }
}

impl<R: Resource> Ref<R> {
    pub(crate) fn to(id: NodeId, resource: &R) -> Self {
        // The ARN that a resource computes for itself is for the stack's own region.
        let own = resource.arn().filter(|_| id.region().is_none());
        Self {
            name: resource.name(),
            arn: own.unwrap_or_else(|| Text::arn_of(&id)),
            id,
            of: PhantomData,
        }
    }
}

impl<R> Ref<R> {
    /// A reference to something that is not among the wanted resources.
    pub(crate) fn given(id: NodeId, name: String, arn: Option<&str>) -> Self {
        Self {
            name,
            arn: arn.map_or_else(|| Text::arn_of(&id), Text::from),
            id,
            of: PhantomData,
        }
    }

    /// The node referred to.
    pub fn id(&self) -> &NodeId {
        &self.id
    }

    /// Its physical name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its ARN: computed if it follows from its name, otherwise known after apply.
    pub fn arn(&self) -> Text {
        self.arn.clone()
    }

    /// The unique id that AWS generates for it, known after apply.
    pub fn unique_id(&self) -> Text {
        Text::id_of(&self.id)
    }
}

#[cfg(test)]
impl<R> Ref<R> {
    /// A reference to the node `id` with this name, whose ARN AWS generates.
    pub(crate) fn named(id: NodeId, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            arn: Text::arn_of(&id),
            id,
            of: PhantomData,
        }
    }

    /// The same with an ARN that follows from the name.
    pub(crate) fn with_arn(self, arn: Text) -> Self {
        Self { arn, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::NodeId;

    #[test]
    fn an_address_in_a_key_is_no_region() {
        let region = |key: &str| {
            let id = NodeId {
                kind: "sns-subscription",
                key: key.to_owned(),
            };
            id.region().map(str::to_owned)
        };
        assert_eq!(region("alerts-email-oncall@example.com"), None);
        assert_eq!(region("alerts"), None);
        assert_eq!(region("logins@us-east-1").as_deref(), Some("us-east-1"));
    }
}
