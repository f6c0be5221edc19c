//! Targets of rules.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::operation::list_targets_by_rule::ListTargetsByRuleOutput;
use aws_sdk_eventbridge::operation::put_targets::PutTargetsOutput;
use aws_sdk_eventbridge::operation::remove_targets::RemoveTargetsOutput;
use aws_sdk_eventbridge::types as sdk;
use aws_smithy_mocks::mock;

use super::{Fake, missing, place};

impl Fake {
    pub(super) fn target_rules(&self) -> Vec<aws_smithy_mocks::Rule> {
        let script = &self.script;
        let (put, list, remove) = (self.with(), self.with(), self.with());
        vec![
            script.rule_or(
                "put-targets",
                mock!(Client::put_targets),
                |r| {
                    let ids: Vec<_> = r.targets().iter().map(sdk::Target::id).collect();
                    format!("{} {}", r.rule().unwrap(), ids.join(" "))
                },
                move |r| {
                    put(&|state| {
                        let place = place(r.event_bus_name(), r.rule());
                        let answer = PutTargetsOutput::builder();
                        if let Some((code, text)) = state.failures.pop_front() {
                            let entry = sdk::PutTargetsResultEntry::builder()
                                .target_id(r.targets()[0].id())
                                .error_code(code)
                                .error_message(text);
                            let answer = answer.failed_entry_count(1).failed_entries(entry.build());
                            return Ok(answer.build());
                        }
                        let targets = state.targets.entry(place).or_default();
                        targets.retain(|old| !r.targets().iter().any(|new| new.id() == old.id()));
                        targets.extend(r.targets().iter().cloned());
                        Ok(answer.build())
                    })
                },
            ),
            script.rule_or(
                "targets",
                mock!(Client::list_targets_by_rule),
                |r| r.rule().unwrap().to_owned(),
                move |r| {
                    list(&|state| {
                        let place = place(r.event_bus_name(), r.rule());
                        if !state.rules.contains_key(&place) {
                            return Err(missing());
                        }
                        let targets = state.targets.get(&place).cloned();
                        Ok(ListTargetsByRuleOutput::builder().set_targets(targets).build())
                    })
                },
            ),
            script.rule_or(
                "remove-targets",
                mock!(Client::remove_targets),
                |r| format!("{} {}", r.rule().unwrap(), r.ids().join(" ")),
                move |r| {
                    remove(&|state| {
                        let place = place(r.event_bus_name(), r.rule());
                        let answer = RemoveTargetsOutput::builder();
                        if let Some((code, text)) = state.failures.pop_front() {
                            let entry = sdk::RemoveTargetsResultEntry::builder()
                                .target_id(&r.ids()[0])
                                .error_code(code)
                                .error_message(text);
                            let answer = answer.failed_entry_count(1).failed_entries(entry.build());
                            return Ok(answer.build());
                        }
                        let targets = state.targets.entry(place).or_default();
                        targets.retain(|target| !r.ids().iter().any(|id| id == target.id()));
                        Ok(answer.build())
                    })
                },
            ),
        ]
    }
}
