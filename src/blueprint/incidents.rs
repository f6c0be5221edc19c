//! The table of messages that are updated until an alarm is over: a Slack app can change what it posted, if it still
//! knows the message's id.

use std::collections::BTreeMap;

use alertctl_relay::{INCIDENTS, Signal};

use super::Build;
use super::function::{Function, plain};
use super::rules::Wiring;
use crate::aws::policy::Statement;
use crate::resource::dynamodb::table::DynamodbTable;
use crate::resource::lambda::function::EnvValue;
use crate::resource::{NodeId, Ref};
use crate::stack::Stack;

/// The key of the table in the graph; there is one per stack.
const KEY: &str = "incidents";
/// The key of the rule that reminds people. No key in a stack file contains a dot.
const REMIND: &str = "incidents.remind";
/// After how many minutes the relay looks again for what is due.
const LOOKS: i32 = 5;

impl Build<'_> {
    /// Adds the table if messages of some channel can be updated.
    pub(super) fn incidents(&mut self) {
        if !self.updates(self.stack.channels.keys()) {
            return;
        }
        let table = self.graph.add(
            KEY,
            DynamodbTable {
                name: self.names.incidents(),
                partition_key: "pk",
                ttl: "ttl",
                tags: self.tags::<DynamodbTable>(KEY),
            },
        );
        self.incidents = Some(table);
    }

    /// The table, if a function that notifies `to` updates messages.
    pub(super) fn incidents_of(&self, to: &[String]) -> Option<&Ref<DynamodbTable>> {
        self.incidents.as_ref().filter(|_| self.updates(to))
    }

    fn updates<'t>(&self, to: impl IntoIterator<Item = &'t String>) -> bool {
        to.into_iter().any(|key| {
            let channel = self.stack.channels.get(key);
            channel.is_some_and(|channel| channel.channel_type.is_slack_app())
        })
    }
}

/// The environment variable with the table's name.
pub(super) fn variable(table: &Ref<DynamodbTable>) -> BTreeMap<String, EnvValue> {
    plain([(INCIDENTS, table.name().into())])
}

impl Build<'_> {
    /// The schedule on which the relay looks for incidents that people are to be reminded of. `allowed` lets its rule invoke
    /// the relay.
    pub(super) fn reminding(&self, relay: &Function, allowed: &[NodeId]) -> Option<Wiring> {
        reminds(self.stack).then(|| {
            let target = self.signalled(relay, &Signal::Remind);
            let what = "reminds of what goes on";
            self.scheduled(
                REMIND.to_owned(),
                "reminders",
                what,
                LOOKS,
                target,
                allowed.to_vec(),
            )
        })
    }
}

/// Whether people are reminded of what goes on.
pub(super) fn reminds(stack: &Stack) -> bool {
    stack.channels.values().any(|channel| channel.remind.is_some())
}

/// Allows the relay to find what people are to be reminded of.
pub(super) fn may_find(table: &Ref<DynamodbTable>) -> Statement {
    Statement::allow("FindIncidents", &["dynamodb:Scan"]).on(table.arn())
}

/// Allows a function to keep the ids of its messages in the table, and to find them.
pub(super) fn may_update(table: &Ref<DynamodbTable>) -> Statement {
    Statement::allow("KeepIncidents", &["dynamodb:GetItem", "dynamodb:UpdateItem"]).on(table.arn())
}
