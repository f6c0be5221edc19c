//! The table of incidents. A Slack app can change what it posted, if it still knows the message's id; and a service that pages
//! people does not know by itself that an end is newer than the beginning that comes after it.

use std::collections::BTreeMap;

use alertctl_relay::INCIDENTS;

use super::Build;
use super::environment::plain;
use crate::aws::policy::Statement;
use crate::resource::Ref;
use crate::resource::dynamodb::table::DynamodbTable;
use crate::resource::lambda::function::EnvValue;

/// The key of the table in the graph; there is one per stack.
const KEY: &str = "incidents";
impl Build<'_> {
    /// Adds the table if some channel keeps incidents.
    pub(super) fn incidents(&mut self) {
        if !self.keeps(self.stack.channels.keys()) {
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

    /// The table, if a function that notifies `to` tells a channel of incidents.
    pub(super) fn incidents_of(&self, to: &[String]) -> Option<&Ref<DynamodbTable>> {
        self.incidents.as_ref().filter(|_| self.keeps(to))
    }

    fn keeps<'t>(&self, to: impl IntoIterator<Item = &'t String>) -> bool {
        to.into_iter().any(|key| {
            let channel = self.stack.channels.get(key);
            channel.is_some_and(|channel| channel.channel_type.keeps_incidents())
        })
    }
}

/// The environment variable with the table's name.
pub(super) fn variable(table: &Ref<DynamodbTable>) -> BTreeMap<String, EnvValue> {
    plain([(INCIDENTS, table.name().into())])
}

/// Allows a function to keep in the table what channels show of incidents; what was there is in the answer.
pub(super) fn may_update(table: &Ref<DynamodbTable>) -> Statement {
    Statement::allow("KeepIncidents", &["dynamodb:UpdateItem"]).on(table.arn())
}

#[cfg(test)]
mod tests {
    use crate::blueprint::tests::{rights_of_the_relay, written};

    #[test]
    fn the_table_is_there_for_who_keeps_incidents() {
        let stack = |channel: &str| {
            format!(
                "stack: a\nregion: eu-west-1\nchannels: {{ c: {{ {channel} }} }}\ntopics: {{ t: {{ to: [c] }} }}\n"
            )
        };
        for (channel, is_there) in [
            ("webhook: { env: HOOK }", false),
            ("discord: { webhook: { env: HOOK } }", false),
            ("signed_webhook: { address: { env: HOOK } }", false),
            ("slack: { bot: { env: TOKEN }, channel: C0123ABCD }", true),
            ("pagerduty: { key: { env: KEY } }", true),
            ("jira_service_management: { key: { env: KEY } }", true),
            ("opsgenie: { key: { env: KEY } }", true),
        ] {
            let text = stack(channel);
            assert_eq!(
                written(&text).contains("dynamodb-table/incidents"),
                is_there,
                "{channel}"
            );
            let rights = rights_of_the_relay(&text);
            let actions: Vec<_> = rights
                .iter()
                .filter(|right| right["Sid"] == "KeepIncidents")
                .collect();
            assert_eq!(actions.len(), usize::from(is_there), "{channel}");
            assert!(
                actions
                    .iter()
                    .all(|right| right["Action"] == serde_json::json!(["dynamodb:UpdateItem"])),
                "{actions:?}"
            );
        }
    }
}
