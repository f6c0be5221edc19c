//! What is subscribed to.

use super::endpoint::label;
use crate::aws::Scope;
use crate::resource::sns::topic::{self, SnsTopic};
use crate::resource::{Ref, Text};

/// The topic of a subscription.
#[derive(Debug, Clone)]
pub enum SubscribedTopic {
    Own(Ref<SnsTopic>),
    /// The ARN of one that the stack does not own, literal or computed. Only the stack's own function subscribes to it,
    /// which says whose subscription it is.
    Existing(Text),
}

impl SubscribedTopic {
    pub(super) fn name(&self) -> String {
        match self {
            Self::Own(topic) => topic.name().to_owned(),
            Self::Existing(arn) => label(arn).rsplit(':').next().unwrap_or_default().to_owned(),
        }
    }

    pub(super) fn arn(&self, scope: &Scope) -> String {
        match self {
            Self::Own(own) => topic::arn(own.name(), scope),
            Self::Existing(arn) => arn.fill_computed(scope).unwrap_or_default(),
        }
    }
}
