//! Reminders of what goes on: a schedule has the relay look into the table of incidents for what is due.

use alertctl_relay::Signal;

use super::Build;
use super::function::Function;
use super::wiring::Wiring;
use crate::aws::policy::Statement;
use crate::resource::dynamodb::table::DynamodbTable;
use crate::resource::{NodeId, Ref};
use crate::stack::Stack;

/// The key of the rule that reminds people. No key in a stack file contains a dot.
const REMIND: &str = "incidents.remind";
/// After how many minutes the relay looks again for what is due.
const LOOKS: i32 = 5;

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

/// Allows the relay to find what people are to be reminded of, and where the last look came to.
pub(super) fn may_find(table: &Ref<DynamodbTable>) -> Statement {
    Statement::allow("FindIncidents", &["dynamodb:GetItem", "dynamodb:Scan"]).on(table.arn())
}
