//! An EventBridge of one region that stores what it is sent.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::operation::create_event_bus::CreateEventBusOutput;
use aws_sdk_eventbridge::operation::delete_event_bus::DeleteEventBusOutput;
use aws_sdk_eventbridge::operation::delete_rule::DeleteRuleOutput;
use aws_sdk_eventbridge::operation::describe_event_bus::DescribeEventBusOutput;
use aws_sdk_eventbridge::operation::describe_rule::DescribeRuleOutput;
use aws_sdk_eventbridge::operation::list_rules::ListRulesOutput;
use aws_sdk_eventbridge::operation::list_tags_for_resource::ListTagsForResourceOutput;
use aws_sdk_eventbridge::operation::list_targets_by_rule::ListTargetsByRuleOutput;
use aws_sdk_eventbridge::operation::put_rule::PutRuleOutput;
use aws_sdk_eventbridge::operation::put_targets::PutTargetsOutput;
use aws_sdk_eventbridge::operation::remove_targets::RemoveTargetsOutput;
use aws_sdk_eventbridge::operation::tag_resource::TagResourceOutput;
use aws_sdk_eventbridge::operation::untag_resource::UntagResourceOutput;
use aws_sdk_eventbridge::operation::update_event_bus::UpdateEventBusOutput;
use aws_sdk_eventbridge::types as sdk;
use aws_smithy_mocks::{RuleMode, mock, mock_client};

use crate::aws::Clients;
use crate::aws::discovery::{STACK_TAG, Tagged};
use crate::resource::eventbridge::listed;
use crate::resource::tests::script::Script;
use crate::resource::{Aws, Tags};

/// Bus and rule.
type Place = (String, String);
/// Code and message.
type Refusal = (&'static str, String);

#[derive(Clone)]
pub struct Fake {
    pub script: Script,
    pub state: Arc<Mutex<State>>,
}

pub struct State {
    region: &'static str,
    pub buses: BTreeMap<String, DescribeEventBusOutput>,
    pub rules: BTreeMap<Place, sdk::Rule>,
    pub targets: BTreeMap<Place, Vec<sdk::Target>>,
    pub tags: BTreeMap<String, Tags>,
    /// The refusals that the next calls to put or remove targets report for their first target.
    pub failures: VecDeque<Refusal>,
    /// The number of rules on one page of the list.
    pub page: usize,
}

impl State {
    fn arn(&self, resource: &str) -> String {
        format!("arn:aws:events:{}:123456789012:{resource}", self.region)
    }

    pub fn rule_arn(&self, bus: &str, name: &str) -> String {
        self.arn(&match bus {
            "default" => format!("rule/{name}"),
            bus => format!("rule/{bus}/{name}"),
        })
    }

    pub fn bus_arn(&self, name: &str) -> String {
        self.arn(&format!("event-bus/{name}"))
    }
}

fn missing() -> Refusal {
    ("ResourceNotFoundException", "does not exist.".into())
}

fn place(bus: Option<&str>, name: Option<&str>) -> Place {
    let bus = bus.expect("EventBusName is always passed");
    (bus.to_owned(), name.unwrap_or_default().to_owned())
}

impl Fake {
    pub fn new(region: &'static str) -> Self {
        let state = State {
            region,
            buses: BTreeMap::new(),
            rules: BTreeMap::new(),
            targets: BTreeMap::new(),
            tags: BTreeMap::new(),
            failures: VecDeque::new(),
            page: 100,
        };
        Self {
            script: Script::default(),
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// The stack `mission` in its home region, with an up-to-date tagging index.
    pub fn aws(&self) -> Aws {
        Aws::mocked(self.tagged(), |clients| self.put(clients))
    }

    /// The resources with the tag of the stack `mission`.
    pub fn tagged(&self) -> Vec<Tagged> {
        let state = self.state.lock().unwrap();
        let ours = state
            .tags
            .iter()
            .filter(|(_, tags)| tags.get(STACK_TAG).is_some_and(|stack| stack == "mission"));
        ours.map(|(arn, tags)| Tagged {
            arn: arn.clone(),
            tags: tags.clone(),
        })
        .collect()
    }

    /// The calls that change something.
    pub fn written(&self) -> Vec<String> {
        let reads = ["rules", "tags", "targets", "describe", "bus"];
        let read = |line: &String| reads.contains(&line.split(' ').next().unwrap_or_default());
        self.script.log().into_iter().filter(|line| !read(line)).collect()
    }

    fn with<T>(&self) -> impl Fn(&dyn Fn(&mut State) -> T) -> T + Send + Sync + use<T> {
        let state = self.state.clone();
        move |f| f(&mut state.lock().unwrap())
    }

    pub fn put(&self, clients: &mut Clients) {
        let rules: Vec<_> = [self.bus_rules(), self.rule_rules(), self.target_rules()].concat();
        clients.events = mock_client!(aws_sdk_eventbridge, RuleMode::MatchAny, &rules);
    }

    fn bus_rules(&self) -> Vec<aws_smithy_mocks::Rule> {
        let script = &self.script;
        let (create, describe, update, delete) = (self.with(), self.with(), self.with(), self.with());
        vec![
            script.rule_or(
                "create-bus",
                mock!(Client::create_event_bus),
                |r| {
                    format!(
                        "{} {:?} tags={}",
                        r.name().unwrap(),
                        r.description(),
                        r.tags().len()
                    )
                },
                move |r| {
                    create(&|state| {
                        let name = r.name().unwrap();
                        if state.buses.contains_key(name) {
                            return Err(("ResourceAlreadyExistsException", format!("{name} exists")));
                        }
                        let arn = state.bus_arn(name);
                        let bus = DescribeEventBusOutput::builder()
                            .name(name)
                            .arn(&arn)
                            .set_description(r.description.clone());
                        state.buses.insert(name.to_owned(), bus.build());
                        state.tags.insert(arn.clone(), read(r.tags()));
                        Ok(CreateEventBusOutput::builder().event_bus_arn(arn).build())
                    })
                },
            ),
            script.rule_or(
                "bus",
                mock!(Client::describe_event_bus),
                |r| r.name().unwrap().to_owned(),
                move |r| describe(&|state| state.buses.get(r.name().unwrap()).cloned().ok_or_else(missing)),
            ),
            script.rule_or(
                "update-bus",
                mock!(Client::update_event_bus),
                |r| {
                    format!(
                        "{} {:?} {:?}",
                        r.name().unwrap(),
                        r.description(),
                        r.kms_key_identifier()
                    )
                },
                move |r| {
                    update(&|state| {
                        let bus = state.buses.get_mut(r.name().unwrap()).ok_or_else(missing)?;
                        bus.description = r.description.clone();
                        bus.kms_key_identifier = r.kms_key_identifier.clone();
                        Ok(UpdateEventBusOutput::builder().build())
                    })
                },
            ),
            script.rule_or(
                "delete-bus",
                mock!(Client::delete_event_bus),
                |r| r.name().unwrap().to_owned(),
                move |r| {
                    delete(&|state| {
                        let name = r.name().unwrap();
                        if state.rules.keys().any(|(bus, _)| bus == name) {
                            let text = "Event bus can't be deleted since it has rules.";
                            return Err(("ValidationException", text.into()));
                        }
                        state.buses.remove(name);
                        Ok(DeleteEventBusOutput::builder().build())
                    })
                },
            ),
        ]
    }

    fn rule_rules(&self) -> Vec<aws_smithy_mocks::Rule> {
        let script = &self.script;
        let (put, list, describe, delete) = (self.with(), self.with(), self.with(), self.with());
        let (tags, tag, untag) = (self.with(), self.with(), self.with());
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

    fn target_rules(&self) -> Vec<aws_smithy_mocks::Rule> {
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

fn read(tags: &[sdk::Tag]) -> Tags {
    tags.iter()
        .map(|tag| (tag.key().to_owned(), tag.value().to_owned()))
        .collect()
}
