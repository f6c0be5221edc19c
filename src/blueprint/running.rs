//! The functions and dead-letter queues of a stack, for the commands that look after a running stack.

use super::{Home, Names, names};
use crate::resource::Resource as _;
use crate::resource::lambda::function::LambdaFunction;
use crate::resource::sqs::queue::SqsQueue;
use crate::stack::Stack;

/// The functions of a stack and its dead-letter queues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// Physical names.
    pub functions: Vec<String>,
    pub dead_letters: Vec<DeadLetters>,
}

/// A dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetters {
    pub name: String,
    /// Its region, if that is not the stack's own.
    pub region: Option<String>,
    /// The function that owns the queue; `None` for a queue of rules.
    pub function: Option<String>,
}

impl Running {
    /// The functions and queues that `stack` has at `home`.
    pub fn of<'a>(stack: &'a Stack, home: impl Into<Home<'a>>) -> Self {
        let physical = Names::of(stack);
        let graph = names(stack, home);
        let of_kind = |kind: &'static str| graph.nodes().iter().filter(move |node| node.id.kind == kind);
        let functions: Vec<_> = of_kind(LambdaFunction::KIND)
            .map(|node| node.resource.name())
            .collect();
        let dead_letters = of_kind(SqsQueue::KIND).filter_map(|node| {
            let name = node.resource.name();
            let function = functions
                .iter()
                .find(|function| physical.dead_letters_of(function) == name)
                .cloned();
            // Buffers are queues, too, but not dead-letter queues.
            (function.is_some() || name == physical.rule_dead_letters()).then(|| DeadLetters {
                region: node.id.region().map(str::to_owned),
                name,
                function,
            })
        });
        Self {
            dead_letters: dead_letters.collect(),
            functions,
        }
    }

    /// The functions with their log groups.
    pub fn logs(&self, stack: &Stack) -> Vec<(String, String)> {
        let names = Names::of(stack);
        let log = |function: &String| (function.clone(), names.log_group_of(function));
        self.functions.iter().map(log).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_and_dead_letters_are_those_of_the_graph() {
        let text = "
stack: mission
region: eu-west-1
channels:
  project: { webhook: { env: A }, buffer: true }
topics:
  mail: {}
rules:
  access: { preset: iam-changes, to: [project] }
endpoints:
  hook: { token: { sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 }, to: [mail] }
";
        let stack = crate::stack::parse("stack.yaml", text).unwrap().stack;
        let running = Running::of(&stack, "eu-west-1");
        assert_eq!(running.functions, ["mission-relay", "mission-hook-ingest"]);
        let lines: Vec<_> = running
            .dead_letters
            .iter()
            .map(|one| (one.name.as_str(), one.region.as_deref(), one.function.as_deref()))
            .collect();
        assert_eq!(
            lines,
            [
                ("mission-relay-dead-letters", None, Some("mission-relay")),
                (
                    "mission-hook-ingest-dead-letters",
                    None,
                    Some("mission-hook-ingest")
                ),
                ("mission-rules-dead-letters", None, None),
                ("mission-rules-dead-letters", Some("us-east-1"), None),
            ]
        );
    }

    /// API Gateway waits for the answer of the function behind the buttons: nothing would ever come into such a queue.
    #[test]
    fn the_function_behind_buttons_has_no_dead_letters() {
        let text = "
stack: mission
region: eu-west-1
channels: { app: { slack: { bot: { env: TOKEN }, channel: C0123ABCD, actions: true } } }
topics: { alerts: { to: [app] } }
";
        let stack = crate::stack::parse("stack.yaml", text).unwrap().stack;
        let running = Running::of(&stack, "eu-west-1");
        assert_eq!(running.functions.len(), 2, "{running:?}");
        let owners: Vec<_> = running
            .dead_letters
            .iter()
            .map(|one| one.function.as_deref())
            .collect();
        assert_eq!(owners, [Some("mission-relay")]);
        let graph = names(&stack, "eu-west-1");
        let nodes: Vec<_> = graph.nodes().iter().map(|node| node.id.to_string()).collect();
        let asynchronous = nodes
            .iter()
            .filter(|id| id.starts_with("lambda-event-invoke-config/"));
        assert_eq!(
            asynchronous.collect::<Vec<_>>(),
            ["lambda-event-invoke-config/relay"]
        );
    }

    #[test]
    fn another_accounts_trail_has_no_guard() {
        let text = "
stack: mission
region: eu-west-1
topics: { mail: {} }
trail: { existing: \"arn:aws:cloudtrail:eu-west-1:111111111111:trail/all\", to: [mail] }
";
        let stack = crate::stack::parse("stack.yaml", text).unwrap().stack;
        let of = |account| {
            let home = Home {
                region: "eu-west-1",
                account: Some(account),
                key: None,
            };
            Running::of(&stack, home).functions
        };
        assert_eq!(of("111111111111"), ["mission-guard"]);
        assert!(of("222222222222").is_empty());
    }
}
