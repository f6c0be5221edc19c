//! The table of messages that are updated until an alarm is over: a Slack app can change what it posted, if it still
//! knows the message's id.

use std::collections::BTreeMap;

use alertctl_relay::{ChannelType, INCIDENTS};

use super::Build;
use super::function::plain;
use crate::aws::policy::Statement;
use crate::resource::Ref;
use crate::resource::dynamodb::table::DynamodbTable;
use crate::resource::lambda::function::EnvValue;

/// The key of the table in the graph; there is one per stack.
const KEY: &str = "incidents";

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
            channel.is_some_and(|channel| matches!(channel.channel_type, ChannelType::SlackBot { .. }))
        })
    }
}

/// The environment variable with the table's name.
pub(super) fn variable(table: &Ref<DynamodbTable>) -> BTreeMap<String, EnvValue> {
    plain([(INCIDENTS, table.name().into())])
}

/// Allows a function to keep the ids of its messages in the table, and to find them.
pub(super) fn may_update(table: &Ref<DynamodbTable>) -> Statement {
    Statement::allow("KeepIncidents", &["dynamodb:GetItem", "dynamodb:UpdateItem"]).on(table.arn())
}
