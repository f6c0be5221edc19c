//! Rules, and the tags of rules and buses.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::operation::delete_rule::DeleteRuleOutput;
use aws_sdk_eventbridge::operation::describe_rule::DescribeRuleOutput;
use aws_sdk_eventbridge::operation::list_rules::ListRulesOutput;
use aws_sdk_eventbridge::operation::list_tags_for_resource::ListTagsForResourceOutput;
use aws_sdk_eventbridge::operation::put_rule::PutRuleOutput;
use aws_sdk_eventbridge::operation::tag_resource::TagResourceOutput;
use aws_sdk_eventbridge::operation::untag_resource::UntagResourceOutput;
use aws_sdk_eventbridge::types as sdk;
use aws_smithy_mocks::mock;

use super::{Fake, missing, place, read};
use crate::resource::eventbridge::listed;

impl Fake {
    pub(super) fn rule_rules(&self) -> Vec<aws_smithy_mocks::Rule> {
        let script = &self.script;
        let (put, list, describe, delete) = (self.with(), self.with(), self.with(), self.with());
        vec![
            script.rule_or(
                "put",
                mock!(Client::put_rule),
                |r| {
                    let state = r.state().map_or("", sdk::RuleState::as_str);
                    format!("{} {state} tags={}", r.name().unwrap(), r.tags().len())
                },
                move |r| {
                    put(&|state| {
                        let place = place(r.event_bus_name(), r.name());
                        let arn = state.rule_arn(&place.0, &place.1);
                        if !state.rules.contains_key(&place) {
                            state.tags.insert(arn.clone(), read(r.tags()));
                        }
                        let rule = sdk::Rule::builder()
                            .name(&place.1)
                            .event_bus_name(&place.0)
                            .arn(&arn)
                            .set_description(r.description.clone().filter(|text| !text.is_empty()))
                            .set_event_pattern(r.event_pattern.clone())
                            .set_schedule_expression(r.schedule_expression.clone())
                            .set_role_arn(r.role_arn.clone())
                            .set_state(r.state.clone());
                        state.rules.insert(place, rule.build());
                        Ok(PutRuleOutput::builder().rule_arn(arn).build())
                    })
                },
            ),
            script.rule_or(
                "rules",
                mock!(Client::list_rules),
                |r| {
                    format!(
                        "{} {}",
                        r.event_bus_name().unwrap(),
                        r.next_token().unwrap_or_default()
                    )
                },
                move |r| {
                    list(&|state| {
                        let bus = r.event_bus_name().unwrap();
                        if bus != "default" && !state.buses.contains_key(bus) {
                            return Err(missing());
                        }
                        let at: usize = r.next_token().map_or(0, |token| token.parse().unwrap());
                        let all = state.rules.iter().filter(|(place, _)| place.0 == bus);
                        let mut left = all.map(|(_, rule)| rule.clone()).skip(at);
                        let page: Vec<_> = left.by_ref().take(state.page).collect();
                        let next = left.next().map(|_| (at + page.len()).to_string());
                        let page = ListRulesOutput::builder().set_rules(Some(page));
                        Ok(page.set_next_token(next).build())
                    })
                },
            ),
            script.rule_or(
                "describe",
                mock!(Client::describe_rule),
                |r| r.name().unwrap().to_owned(),
                move |r| {
                    describe(&|state| {
                        let place = place(r.event_bus_name(), r.name());
                        let rule = state.rules.get(&place).ok_or_else(missing)?;
                        let rule = DescribeRuleOutput::builder()
                            .set_arn(rule.arn.clone())
                            .set_managed_by(rule.managed_by.clone());
                        Ok(rule.build())
                    })
                },
            ),
            script.rule_or(
                "delete",
                mock!(Client::delete_rule),
                |r| r.name().unwrap().to_owned(),
                move |r| {
                    delete(&|state| {
                        let place = place(r.event_bus_name(), r.name());
                        if state
                            .targets
                            .get(&place)
                            .is_some_and(|targets| !targets.is_empty())
                        {
                            let text = "Rule can't be deleted since it has targets.";
                            return Err(("ValidationException", text.into()));
                        }
                        state.rules.remove(&place);
                        Ok(DeleteRuleOutput::builder().build())
                    })
                },
            ),
        ]
    }

    pub(super) fn tag_rules(&self) -> Vec<aws_smithy_mocks::Rule> {
        let script = &self.script;
        let (tags, tag, untag) = (self.with(), self.with(), self.with());
        vec![
            script.rule_or(
                "tags",
                mock!(Client::list_tags_for_resource),
                |r| r.resource_arn().unwrap().to_owned(),
                move |r| {
                    tags(&|state| {
                        let tags = state.tags.get(r.resource_arn().unwrap()).ok_or_else(missing)?;
                        let tags = Some(listed(tags));
                        Ok(ListTagsForResourceOutput::builder().set_tags(tags).build())
                    })
                },
            ),
            script.rule_or(
                "tag",
                mock!(Client::tag_resource),
                |r| r.tags().len().to_string(),
                move |r| {
                    tag(&|state| {
                        let tags = state
                            .tags
                            .get_mut(r.resource_arn().unwrap())
                            .ok_or_else(missing)?;
                        tags.extend(read(r.tags()));
                        Ok(TagResourceOutput::builder().build())
                    })
                },
            ),
            script.rule_or(
                "untag",
                mock!(Client::untag_resource),
                |r| r.tag_keys().join(" "),
                move |r| {
                    untag(&|state| {
                        let tags = state
                            .tags
                            .get_mut(r.resource_arn().unwrap())
                            .ok_or_else(missing)?;
                        tags.retain(|key, _| !r.tag_keys().contains(key));
                        Ok(UntagResourceOutput::builder().build())
                    })
                },
            ),
        ]
    }
}
