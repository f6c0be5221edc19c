//! CloudFormation in the account 444455556666, behind a role, and the hub's bus.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::operation::create_stack::CreateStackOutput;
use aws_sdk_cloudformation::operation::delete_stack::DeleteStackOutput;
use aws_sdk_cloudformation::operation::describe_stack_events::DescribeStackEventsOutput;
use aws_sdk_cloudformation::operation::describe_stacks::DescribeStacksOutput;
use aws_sdk_cloudformation::operation::get_template::GetTemplateOutput;
use aws_sdk_cloudformation::operation::update_stack::UpdateStackOutput;
use aws_sdk_cloudformation::types::{self as sdk, Capability, OnFailure};
use aws_smithy_mocks::{RuleMode, mock, mock_client};

use super::*;
use crate::resource::tests::eventbridge_fake;

type Refusal = (&'static str, String);
/// Resource, status and reason.
type Event = (&'static str, &'static str, &'static str);

/// A stack, also a deleted one.
#[derive(Clone, Default)]
pub struct Kept {
    pub name: String,
    pub id: String,
    pub status: String,
    /// The statuses that it will be in, one for each look at it.
    pub next: VecDeque<&'static str>,
    pub body: String,
    pub parameters: Vec<sdk::Parameter>,
    pub tags: Vec<sdk::Tag>,
    pub is_protected: bool,
    token: String,
    /// Newest first.
    pub events: Vec<Event>,
}

#[derive(Default)]
pub struct Cloud {
    pub stacks: BTreeMap<String, Kept>,
    made: usize,
    /// The statuses and events of operations to come, if they do not succeed.
    pub fates: VecDeque<(Vec<&'static str>, Vec<Event>)>,
}

impl Cloud {
    /// The stack of this name, or of this id even if it is deleted.
    pub fn find(&mut self, name: &str) -> Option<&mut Kept> {
        let mut all = self.stacks.values_mut();
        all.find(|stack| stack.id == name || stack.name == name && stack.status != "DELETE_COMPLETE")
    }

    /// What becomes of an operation that starts with `status`.
    fn begin(&mut self, id: &str, status: &str, end: &'static str) {
        let (next, events) = self.fates.pop_front().unwrap_or_else(|| (vec![end], Vec::new()));
        let stack = self.stacks.get_mut(id).unwrap();
        status.clone_into(&mut stack.status);
        stack.next = next.into();
        stack.events = events;
    }
}

fn missing(name: &str) -> Refusal {
    ("ValidationError", format!("Stack with id {name} does not exist"))
}

#[derive(Clone)]
pub struct Fake {
    pub script: Script,
    pub bus: eventbridge_fake::Fake,
    cloud: Arc<Mutex<Cloud>>,
}

impl Fake {
    /// A hub whose bus is there, and an empty account.
    pub fn new() -> Self {
        let bus = eventbridge_fake::Fake::new("eu-west-1");
        let tags = owned(&node(EventbridgeEventBus::KIND, "organization.members"));
        bus.state.lock().unwrap().tags.insert(BUS.to_owned(), tags);
        let (script, cloud) = (bus.script.clone(), Arc::default());
        Self { script, bus, cloud }
    }

    pub fn cloud(&self) -> MutexGuard<'_, Cloud> {
        self.cloud.lock().unwrap()
    }

    /// The tags of the bus that tell of stacks.
    pub fn records(&self) -> Vec<(String, String)> {
        let state = self.bus.state.lock().unwrap();
        let tags = state.tags[BUS].clone().into_iter();
        tags.filter(|(key, _)| key.starts_with("alertctl:spoke:"))
            .collect()
    }

    pub fn remember(&self, key: &str, value: &str) {
        let mut state = self.bus.state.lock().unwrap();
        let tags = state.tags.get_mut(BUS).unwrap();
        tags.insert(key.to_owned(), value.to_owned());
    }

    /// The calls that change something.
    pub fn written(&self) -> Vec<String> {
        let reads = ["tags", "stacks", "template", "events"];
        let read = |line: &String| reads.contains(&line.split(' ').next().unwrap_or_default());
        self.script.log().into_iter().filter(|line| !read(line)).collect()
    }

    /// The hub. Its index of tags knows what the buses had when they were made.
    pub fn aws(&self) -> Aws {
        let id = node(EventbridgeEventBus::KIND, "organization.members");
        self.aws_with(vec![tagged(BUS, owned(&id))])
    }

    /// The hub with this index of tags.
    pub fn aws_with(&self, index: Vec<crate::aws::tags::Tagged>) -> Aws {
        let aws = Aws::mocked(index, |clients| self.bus.put(clients));
        let roles = ["alertctl-deploy", "ops/other"];
        roles.into_iter().fold(aws, |aws, role| {
            let role = format!("arn:aws:iam::444455556666:role/{role}");
            aws.and_with_role(&role, "eu-central-1", |clients| {
                clients.cloudformation = self.client()
            })
        })
    }

    fn with(&self) -> Arc<Mutex<Cloud>> {
        self.cloud.clone()
    }

    fn client(&self) -> Client {
        let script = &self.script;
        let (create, update, delete) = (self.with(), self.with(), self.with());
        let (describe, template, events) = (self.with(), self.with(), self.with());
        let rules = [
            script.rule_or(
                "create",
                mock!(Client::create_stack),
                |r| r.stack_name().unwrap().to_owned(),
                move |r| {
                    let mut cloud = create.lock().unwrap();
                    let (name, token) = (r.stack_name().unwrap(), r.client_request_token().unwrap());
                    assert_eq!(r.on_failure(), Some(&OnFailure::Delete));
                    capable(r.capabilities())?;
                    if let Some(stack) = cloud.find(name) {
                        if stack.token == token {
                            return Ok(CreateStackOutput::builder().stack_id(&stack.id).build());
                        }
                        return Err(("AlreadyExistsException", format!("Stack [{name}] already exists")));
                    }
                    cloud.made += 1;
                    let id = format!("{STACKS}{name}/{}", cloud.made);
                    let stack = Kept {
                        name: name.to_owned(),
                        id: id.clone(),
                        body: r.template_body().unwrap().to_owned(),
                        parameters: r.parameters().to_vec(),
                        tags: r.tags().to_vec(),
                        token: token.to_owned(),
                        ..Kept::default()
                    };
                    cloud.stacks.insert(id.clone(), stack);
                    cloud.begin(&id, "CREATE_IN_PROGRESS", "CREATE_COMPLETE");
                    Ok(CreateStackOutput::builder().stack_id(id).build())
                },
            ),
            script.rule_or(
                "update",
                mock!(Client::update_stack),
                |r| r.stack_name().unwrap().to_owned(),
                move |r| {
                    let mut cloud = update.lock().unwrap();
                    let name = r.stack_name().unwrap();
                    capable(r.capabilities())?;
                    let stack = cloud.find(name).ok_or_else(|| missing(name))?;
                    let may = matches!(State::of(&stack.status), State::Whole | State::Partial);
                    if !may {
                        let text = format!(
                            "Stack:{} is in {} state and can not be updated.",
                            stack.id, stack.status
                        );
                        return Err(("ValidationError", text));
                    }
                    let sent = (r.template_body().unwrap(), r.parameters(), r.tags());
                    if sent == (&*stack.body, &*stack.parameters, &*stack.tags) {
                        return Err(("ValidationError", "No updates are to be performed.".into()));
                    }
                    stack.body = sent.0.to_owned();
                    stack.parameters = sent.1.to_vec();
                    stack.tags = sent.2.to_vec();
                    let id = stack.id.clone();
                    cloud.begin(&id, "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE");
                    Ok(UpdateStackOutput::builder().stack_id(id).build())
                },
            ),
            script.rule_or(
                "delete",
                mock!(Client::delete_stack),
                |r| r.stack_name().unwrap().to_owned(),
                move |r| {
                    let mut cloud = delete.lock().unwrap();
                    let name = r.stack_name().unwrap();
                    let Some(stack) = cloud.find(name) else {
                        return Ok(DeleteStackOutput::builder().build());
                    };
                    if stack.is_protected {
                        let text = format!(
                            "Stack [{name}] cannot be deleted while TerminationProtection is enabled"
                        );
                        return Err(("ValidationError", text));
                    }
                    let id = stack.id.clone();
                    cloud.begin(&id, "DELETE_IN_PROGRESS", "DELETE_COMPLETE");
                    Ok(DeleteStackOutput::builder().build())
                },
            ),
            script.rule_or(
                "stacks",
                mock!(Client::describe_stacks),
                |r| r.stack_name().unwrap().to_owned(),
                move |r| {
                    let mut cloud = describe.lock().unwrap();
                    let name = r.stack_name().unwrap();
                    let stack = cloud.find(name).ok_or_else(|| missing(name))?;
                    let shown = stack.shown();
                    if let Some(next) = stack.next.pop_front() {
                        next.clone_into(&mut stack.status);
                    }
                    Ok(DescribeStacksOutput::builder().stacks(shown).build())
                },
            ),
            script.rule_or(
                "template",
                mock!(Client::get_template),
                |r| r.stack_name().unwrap().to_owned(),
                move |r| {
                    let mut cloud = template.lock().unwrap();
                    let name = r.stack_name().unwrap();
                    let stack = cloud.find(name).ok_or_else(|| missing(name))?;
                    Ok(GetTemplateOutput::builder().template_body(&stack.body).build())
                },
            ),
            script.rule_or(
                "events",
                mock!(Client::describe_stack_events),
                |r| r.next_token().unwrap_or_default().to_owned(),
                move |r| {
                    let mut cloud = events.lock().unwrap();
                    let name = r.stack_name().unwrap();
                    let stack = cloud.find(name).ok_or_else(|| missing(name))?;
                    // Two a page.
                    let at = r.next_token().map_or(0, |token| token.parse().unwrap());
                    let page = stack
                        .events
                        .iter()
                        .skip(at)
                        .take(2)
                        .map(|event| said(&stack.id, event));
                    let next = (at + 2 < stack.events.len()).then(|| (at + 2).to_string());
                    Ok(DescribeStackEventsOutput::builder()
                        .set_stack_events(Some(page.collect()))
                        .set_next_token(next)
                        .build())
                },
            ),
        ];
        mock_client!(aws_sdk_cloudformation, RuleMode::MatchAny, &rules)
    }
}

impl Kept {
    fn shown(&self) -> sdk::Stack {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        sdk::Stack::builder()
            .stack_id(&self.id)
            .stack_name(&self.name)
            .creation_time(aws_smithy_types::DateTime::from_secs(0))
            .stack_status(self.status.as_str().into())
            .set_description(body["Description"].as_str().map(str::to_owned))
            .set_parameters(Some(self.parameters.clone()))
            .set_tags(Some(self.tags.clone()))
            .enable_termination_protection(self.is_protected)
            .build()
    }
}

/// A template with a role is refused without the capability.
fn capable(given: &[Capability]) -> Result<(), Refusal> {
    match given.contains(&Capability::CapabilityNamedIam) {
        true => Ok(()),
        false => Err((
            "InsufficientCapabilitiesException",
            "Requires capabilities".into(),
        )),
    }
}

fn said(id: &str, (resource, status, reason): &Event) -> sdk::StackEvent {
    let (physical, kind) = match *resource {
        "stack" => (id, "AWS::CloudFormation::Stack"),
        _ => ("", "AWS::Events::Rule"),
    };
    sdk::StackEvent::builder()
        .stack_id(id)
        .logical_resource_id(*resource)
        .physical_resource_id(physical)
        .resource_type(kind)
        .resource_status((*status).into())
        .resource_status_reason(*reason)
        .build()
}
