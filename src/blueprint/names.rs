//! Physical names and computed ARNs of a stack.

use crate::aws::Text;
use crate::stack::{Alarm, Stack, Topic};

/// The names of a stack's resources: the stack file's own, or derived ones.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    stack: &'a Stack,
}

impl<'a> Names<'a> {
    /// The names of `stack`.
    pub fn of(stack: &'a Stack) -> Self {
        Self { stack }
    }

    /// `alias/…` of the stack's key.
    pub fn key_alias(&self) -> String {
        let alias = self
            .stack
            .key
            .alias
            .clone()
            .unwrap_or_else(|| self.stack.default_name("key"));
        format!("alias/{alias}")
    }

    /// The relay function, which is also what webhooks are encrypted for.
    pub fn function(&self) -> String {
        self.stack
            .relay
            .name
            .clone()
            .unwrap_or_else(|| self.stack.default_name("relay"))
    }

    /// ARN of the relay function.
    pub fn function_arn(&self) -> Text {
        Text::arn("lambda", format!("function:{}", self.function()))
    }

    /// The path of the stack's roles; roles under it belong to the stack.
    pub fn role_path(&self) -> String {
        format!("/alertctl/{}/", self.stack.stack)
    }

    /// The relay's role.
    pub fn role(&self) -> String {
        limited(format!("{}-role", self.function()), 64)
    }

    /// ARN of the relay's role.
    pub fn role_arn(&self) -> Text {
        Text::global_arn("iam", format!("role{}{}", self.role_path(), self.role()))
    }

    /// The relay's log group, where Lambda looks for it.
    pub fn log_group(&self) -> String {
        format!("/aws/lambda/{}", self.function())
    }

    /// The queue that keeps what could not be delivered.
    pub fn dead_letters(&self) -> String {
        limited(format!("{}-dead-letters", self.function()), 80)
    }

    /// ARN of that queue.
    pub fn dead_letters_arn(&self) -> Text {
        Text::arn("sqs", self.dead_letters())
    }

    /// The topic with this key.
    pub fn topic(&self, key: &str, topic: &Topic) -> String {
        topic.name.clone().unwrap_or_else(|| self.stack.default_name(key))
    }

    /// The statement of the relay's policy that lets this topic invoke it.
    pub fn topic_statement(&self, key: &str, topic: &Topic) -> String {
        limited(format!("alertctl-topic-{}", self.topic(key, topic)), 100)
    }

    /// ARN of the topic with this key; the stack file's checks know that it exists.
    pub fn topic_arn(&self, key: &str) -> Text {
        let name = self
            .stack
            .topics
            .get(key)
            .map_or_else(|| key.to_owned(), |topic| self.topic(key, topic));
        Text::arn("sns", name)
    }

    /// The alarm with this key.
    pub fn alarm(&self, key: &str, alarm: &Alarm) -> String {
        alarm.name.clone().unwrap_or_else(|| self.stack.default_name(key))
    }
}

/// A derived name within AWS's limit: what is too long ends in a digest of the whole.
fn limited(name: String, limit: usize) -> String {
    if name.len() <= limit {
        return name;
    }
    let digest = crate::aws::secret::fingerprint(&name);
    format!("{}-{}", &name[..limit - 9], &digest[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_but_stay_apart() {
        let (one, two) = (
            limited("a".repeat(70) + "1", 64),
            limited("a".repeat(70) + "2", 64),
        );
        assert_eq!(one.len(), 64);
        assert_ne!(one, two);
        assert_eq!(limited("short".into(), 64), "short");
    }
}
