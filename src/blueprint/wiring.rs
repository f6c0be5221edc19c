//! A rule with its targets, and the queue for events that EventBridge could not deliver to them.

use std::collections::{BTreeMap, BTreeSet};

use super::Build;
use super::buses::{ARRIVALS, Buses, MEMBERS};
use crate::aws::Text;
use crate::aws::policy::Statement;
use crate::resource::eventbridge::rule::{EventbridgeRule, RuleState, Trigger};
use crate::resource::eventbridge::targets::{EventbridgeTargets, Target};
use crate::resource::sqs::queue::SqsQueue;
use crate::resource::{NodeId, Ref};
use crate::stack::DeadLetterQueue;

/// The key of the dead-letter queue for events that EventBridge could not deliver.
const UNDELIVERED: &str = "rules";

/// One rule to add, with its targets.
#[derive(Clone)]
pub(super) struct Wiring {
    /// The key in the graph.
    pub key: String,
    pub name: String,
    pub description: String,
    pub trigger: Trigger,
    pub state: RuleState,
    /// Other regions in which the same rule forwards to this one.
    pub regions: Vec<String>,
    /// The key for events from those regions.
    pub arrivals: String,
    /// The key of a custom bus.
    pub bus: Option<String>,
    pub targets: Vec<Target>,
    /// Where events go that a target does not take.
    pub dead_letter_queue: DeadLetterQueue,
    /// What must exist before an event may arrive.
    pub after: Vec<NodeId>,
}

impl Build<'_> {
    /// Adds the rule and its targets; `undelivered` is the stack's own dead-letter queue, if any rule has it.
    pub(super) fn wire(&mut self, wiring: Wiring, buses: &Buses, undelivered: Option<&Ref<SqsQueue>>) {
        let bus = wiring.bus.as_ref().map(|key| buses[key].clone());
        let mut dimensions = BTreeMap::from([("RuleName".to_owned(), wiring.name.clone())]);
        dimensions.extend(
            bus.as_ref()
                .map(|bus| ("EventBusName".to_owned(), bus.name().to_owned())),
        );
        let undelivered = undelivered.filter(|_| wiring.dead_letter_queue == DeadLetterQueue::Own);
        let queue = match wiring.dead_letter_queue {
            DeadLetterQueue::Own => Some(Text::arn("sqs", self.names.rule_dead_letters())),
            DeadLetterQueue::Off => None,
            DeadLetterQueue::Existing(arn) => Some(arn.into()),
        };
        let lost = match queue {
            Some(_) => "InvocationsFailedToBeSentToDlq",
            None => "FailedInvocations",
        };
        self.watched.rules.push((lost, dimensions));
        let rule = self.graph.add(
            &wiring.key,
            EventbridgeRule {
                name: wiring.name.clone(),
                description: wiring.description,
                bus,
                trigger: wiring.trigger,
                state: wiring.state,
                tags: self.tags::<EventbridgeRule>(&wiring.key),
            },
        );
        let with_queue = |target| Target {
            dead_letter_queue: queue.clone(),
            ..target
        };
        let parks = undelivered.map(|queue| queue.id().clone());
        self.graph.add_after(
            wiring.key,
            EventbridgeTargets {
                rule,
                targets: wiring.targets.into_iter().map(with_queue).collect(),
            },
            wiring.after.into_iter().chain(parks),
        );
    }

    /// Adds the dead-letter queue for the rules of one region; a rule can only use a queue in its own region.
    pub(super) fn undelivered<'w>(
        &mut self,
        region: Option<&str>,
        wirings: impl IntoIterator<Item = &'w Wiring>,
        after: Vec<NodeId>,
    ) -> Ref<SqsQueue> {
        let queue = self.names.rule_dead_letters();
        let (key, arn) = match region {
            None => (UNDELIVERED.to_owned(), Text::arn("sqs", queue.as_str())),
            Some(region) => (
                format!("{UNDELIVERED}@{region}"),
                Text::arn_in(region, "sqs", queue.as_str()),
            ),
        };
        let sources: BTreeSet<_> = wirings
            .into_iter()
            .map(|wiring| {
                let (key, rules) = match wiring.bus.clone().filter(|_| region.is_none()) {
                    Some(key) if key.starts_with(ARRIVALS) || key == MEMBERS => self.arrivals_allowed_as(),
                    key => (key, self.named_or_prefix(&wiring.name)),
                };
                let bus = key.map(|key| self.bus_name(Some(&key)));
                self.rule_arn(bus.as_deref(), &rules, region)
            })
            .collect();
        let statement = Statement::allow("RulesMayPark", &["sqs:SendMessage"])
            .service("events.amazonaws.com")
            .on(arn);
        let statement = sources.into_iter().fold(statement, |statement, arn| {
            statement.when("ArnLike", "aws:SourceArn", arn)
        });
        self.dead_letters(&key, queue, vec![statement], after)
    }
}
