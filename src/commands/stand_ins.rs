//! The local mode makes what somebody else owns in AWS and the stack cannot do without, unless it is there.

use super::App;
use crate::aws::tags::STACK_TAG;
use crate::blueprint::Names;
use crate::output::Failure;
use crate::resource::kms::key;
use crate::resource::sns::topic;
use crate::stack::{Loaded, Topic};

impl App {
    /// In the local mode, the stack with its own key, and its own topics that it hears, in place of existing ones that the local
    /// AWS does not have.
    pub(super) async fn stood_in(&self, mut loaded: Loaded) -> Result<Loaded, Failure> {
        let stack = &loaded.stack;
        // Nothing can be subscribed to a topic that is not there.
        let is_heard = |topic: &Topic| topic.existing.is_some() && !topic.to.is_empty();
        let names_others = stack.key.existing.is_some() || stack.topics.values().any(is_heard);
        if !self.global.local || !names_others {
            return Ok(loaded);
        }
        let access = self.access(&stack.stack, stack.region.as_deref()).await?;
        let (aws, names) = (&access.aws, Names::of(stack));
        let scope = aws.scope().await?;
        let mut own = Vec::new();
        for (name, _) in stack.topics.iter().filter(|(_, topic)| is_heard(topic)) {
            let arn = names.topic_arn(name).fill_computed(scope).unwrap_or_default();
            let tags = topic::read_tags(aws, &arn).await?;
            let is_there = tags.is_some_and(|tags| tags.get(STACK_TAG) != Some(&stack.stack));
            own.extend((!is_there).then(|| name.clone()));
        }
        let lacks_key = stack.key.existing.is_some() && key::arn_of(aws, &names.key()).await?.is_none();
        for (name, topic) in &mut loaded.stack.topics {
            if own.contains(name) {
                topic.own();
            }
        }
        if lacks_key {
            loaded.stack.key.existing = None;
        }
        Ok(loaded)
    }
}
