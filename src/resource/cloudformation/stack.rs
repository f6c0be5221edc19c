//! A CloudFormation stack in another account, made with a role of that account: the way into accounts that no stack set
//! reaches, such as an organization's management account.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::aws::Scope;
use crate::aws::tags::{HUB_ACCOUNT_TAG, HUB_REGION_TAG};
use crate::resource::access::Access;
use crate::resource::eventbridge::bus_arn;
use crate::resource::eventbridge::event_bus::EventbridgeEventBus;
use crate::resource::{
    About, Aws, Changes, Context, Fields, Handling, Health, Known, NodeId, Observed, Output, Presence, Ref,
    Resource, Result, Tags, Text, Verdict, Wanted, tags,
};

pub mod access;
mod calls;
mod failure;
mod found;
mod operation;
pub mod record;
mod sent;
mod state;
mod template;
mod unread;

use found::Found;
use record::{Place, Record};
use sent::Sent;
use state::State;

/// The desired stack.
#[derive(Debug, Clone)]
pub struct CloudformationStack {
    pub name: String,
    /// Twelve digits.
    pub account: String,
    /// A role of that account that the hub's deployer may assume: its name, with its path if it has one.
    pub role: String,
    pub region: String,
    pub description: String,
    /// The template, without a description.
    pub template: Value,
    /// A value for each parameter of the template.
    pub parameters: BTreeMap<String, Text>,
    /// With the tag of the hub, without `alertctl:stack`: CloudFormation copies them to the resources.
    pub tags: Tags,
    /// The hub's bus, whose tags remember the stack.
    pub bus: Ref<EventbridgeEventBus>,
}

/// A stack as it is, and what the hub remembers of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    /// Where it is, and the role that reads it.
    place: Place,
    /// The ARN of the hub's bus.
    bus: String,
    /// The role that the bus remembers. `None` if the bus does not know the stack.
    recorded: Option<String>,
    /// `None` if only the bus remembers it: a run was killed, or somebody else deleted it.
    stack: Option<Found>,
}

/// The status of a stack that is only remembered.
const MISSING: &str = "does not exist";

impl Resource for CloudformationStack {
    const KIND: &'static str = record::KIND;
    const HANDLING: Handling = Handling {
        // An account that the set reached has a spoke of the same names until the set is gone.
        changed_after_deletions_of: &["cloudformation-stack-set"],
        ..Handling::USUAL
    };
    const ACCESS: &'static [Access] = access::OF_DEPLOYER;
    type Live = Live;

    fn refs(&self) -> Vec<NodeId> {
        vec![self.bus.id().clone()]
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn subject(&self) -> String {
        format!("{}:role/{}", self.account, self.role.trim_start_matches('/'))
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        let buses: Vec<_> = wanted.iter().map(|wanted| wanted.desired.bus.name()).collect();
        let named = unread::each(wanted, async |wanted: &Wanted<'_, Self>| {
            let place = wanted.desired.place();
            let stack = read_alone(aws, &place).await;
            stack.map_err(|fault| fault.of(|| format!("{} ({})", wanted.id, place.name)))
        });
        let (records, named) = futures::try_join!(record::all(aws, &buses), named)?;
        let is = |record: &Record, wanted: &Wanted<'_, Self>| wanted.desired.place().is_same(&record.place);
        let left = records
            .iter()
            .filter(|record| !wanted.iter().any(|wanted| is(record, wanted)));
        let left = unread::each(left, async |record| orphan(aws, record).await).await?;
        let (named, orphans) = unread::both(named, left)?;
        let mut seen = Vec::new();
        for (Wanted { desired, .. }, stack) in wanted.iter().zip(named) {
            let place = desired.place();
            let record = records.iter().find(|record| record.place.is_same(&place));
            let live = Live {
                place,
                bus: bus_arn(aws, desired.bus.name()).await?,
                recorded: record.map(|record| record.place.role.clone()),
                stack,
            };
            seen.push(live.presence(&aws.stack, aws.scope().await?));
        }
        Ok(Observed {
            wanted: seen,
            orphans,
        })
    }

    fn fields(&self, known: &Known) -> Fields {
        let Self {
            name,
            account,
            role,
            region,
            description,
            template,
            parameters,
            tags,
            bus: _,
        } = self;
        let fields = Fields::default()
            .set("name", name.as_str())
            .set("account", account.as_str())
            .set("region", region.as_str())
            .set("role", role.as_str())
            .set("description", description.as_str())
            .set("template", template.clone());
        let parameters = parameters.iter();
        let fields = parameters.fold(fields, |fields, (key, value)| {
            fields.text(format!("parameters.{key}"), value, known)
        });
        fields.tags(&with_hub(tags, &known.scope))
    }

    fn live_fields(live: &Live) -> Fields {
        let Live {
            place:
                Place {
                    account,
                    region,
                    role: _,
                    name,
                },
            bus: _,
            recorded,
            stack,
        } = live;
        let fields = Fields::default()
            .set("name", name.as_str())
            .set("account", account.as_str())
            .set("region", region.as_str())
            .set_some("role", recorded.as_deref());
        let Some(stack) = stack else {
            return fields.set("status", MISSING);
        };
        let Found {
            id: _,
            status,
            reason: _,
            description,
            template,
            parameters,
            tags,
            is_protected: _,
        } = stack;
        let unfinished = state::is_unfinished(status).then_some(status.as_str());
        let fields = fields
            .set("description", description.as_str())
            .set("template", template.clone())
            // An unfinished status is a difference, since no stack is to be in one: the update ends it.
            .set_some("status", unfinished);
        let parameters = parameters.iter();
        let fields = parameters.fold(fields, |fields, (key, value)| {
            fields.set(format!("parameters.{key}"), value.as_str())
        });
        fields.live_tags(tags)
    }

    fn live_name(live: &Live) -> String {
        live.place.name.clone()
    }

    fn output(live: &Live) -> Output {
        let id = live.stack.as_ref().map(|stack| stack.id.clone());
        Output::of_arn(id.unwrap_or_default())
    }

    fn about(live: &Live) -> About {
        let Some(stack) = &live.stack else {
            return About {
                health: Some(Health::new(Verdict::Failed, MISSING)),
                ..About::default()
            };
        };
        let is_stuck = State::of(&stack.status) == State::Stuck;
        let protected = "termination protection is on, so CloudFormation refuses to delete it until somebody turns \
                         that off";
        About {
            health: Some(state::health(&stack.status, stack.reason.as_deref())),
            remark: is_stuck.then(|| failure::stuck(&live.place.region, stack)),
            data_loss: stack.is_protected.then(|| protected.to_owned()),
            ..About::default()
        }
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Live> {
        self.bring(cx, false).await
    }

    async fn update(&self, live: Live, _changes: &Changes, cx: &Context<'_>) -> Result<Live> {
        let is_foreign = |stack: &Found| !is_ours(stack, cx);
        // Who adopts it has agreed to that.
        self.bring(cx, live.stack.as_ref().is_some_and(is_foreign)).await
    }

    /// The resources are made while the rest of the stack is.
    async fn settle(&self, live: &Live, cx: &Context<'_>) -> Result<()> {
        let begun = live
            .stack
            .as_ref()
            .and_then(|stack| Some((stack, operation::action(&stack.status)?)));
        let Some((stack, action)) = begun else {
            return Ok(());
        };
        operation::finished(&*live.place.there(cx.aws).await?, &stack.id, action).await
    }

    async fn delete(live: Live, cx: &Context<'_>) -> Result<()> {
        if let Some(stack) = &live.stack {
            operation::delete(&*live.place.there(cx.aws).await?, &stack.id).await?;
        }
        record::remove(cx.aws, &live.bus, &live.place).await
    }
}

impl CloudformationStack {
    fn place(&self) -> Place {
        let Self {
            account,
            region,
            role,
            name,
            ..
        } = self;
        Place {
            account: account.clone(),
            region: region.clone(),
            role: role.clone(),
            name: name.clone(),
        }
    }

    /// Begins to bring the stack from whatever state it is in to the desired one: it may be missing, half made by a run
    /// that was killed, or beyond repair. If it is `adopted`, somebody else may have made it.
    async fn bring(&self, cx: &Context<'_>, adopted: bool) -> Result<Live> {
        let (place, bus) = (self.place(), cx.text(&self.bus.arn())?);
        let there = place.there(cx.aws).await?;
        let mut stack = operation::at_rest(&there, &self.name).await?;
        if let Some(stack) = stack.as_ref().filter(|stack| !adopted && !is_ours(stack, cx)) {
            return Err(failure::is_foreign(stack));
        }
        record::put(cx.aws, &bus, &place).await?;
        if let Some(broken) = stack.take_if(|stack| State::of(&stack.status) == State::Broken) {
            operation::delete(&there, &broken.id).await?;
        }
        let stack = match stack {
            None => self.make(&there, cx).await?,
            Some(stuck) if State::of(&stuck.status) == State::Stuck => {
                return Err(failure::is_stuck(&self.region, &stuck));
            }
            Some(stack) => {
                let sent = self.sent(&stack.tags, cx)?;
                let status = match calls::update(&there, &sent).await? {
                    true => state::UPDATING,
                    false => stack.status.as_str(),
                };
                sent.begun(stack.id.clone(), status)
            }
        };
        Ok(Live {
            recorded: Some(self.role.clone()),
            stack: Some(stack),
            place,
            bus,
        })
    }

    async fn make(&self, there: &Aws, cx: &Context<'_>) -> Result<Found> {
        let sent = self.sent(&Tags::new(), cx)?;
        let id = match calls::create(there, &sent).await {
            // After a lost answer it may be there already: it is ours only if its tags say so.
            Err(fault) if fault.is(&["AlreadyExistsException"]) => {
                match calls::read(there, &self.name).await? {
                    Some(stack) if is_ours(&stack, cx) => return Ok(stack),
                    Some(stack) => return Err(failure::is_foreign(&stack)),
                    None => return Err(fault),
                }
            }
            id => id?,
        };
        Ok(sent.begun(id, state::CREATING))
    }

    /// What to send to CloudFormation. `live` are the tags that it has now: those of others stay.
    fn sent(&self, live: &Tags, cx: &Context<'_>) -> Result<Sent> {
        let parameters = self.parameters.iter();
        let parameters = parameters.map(|(key, value)| Ok((key.clone(), cx.text(value)?)));
        Ok(Sent {
            name: self.name.clone(),
            description: self.description.clone(),
            template: self.template.clone(),
            parameters: parameters.collect::<Result<_>>()?,
            tags: tags::merged(live, &with_hub(&self.tags, &cx.known.scope)),
        })
    }
}

impl Live {
    /// Whose it is, for the hub `hub` in `scope`.
    fn presence(self, hub: &str, scope: &Scope) -> Presence<Self> {
        match &self.stack {
            None if self.recorded.is_none() => Presence::Absent,
            Some(stack) if !stack.is_of(hub, scope) => Presence::Foreign(self),
            _ => Presence::Ours(self),
        }
    }
}

impl Place {
    /// Calls in its account and region.
    async fn there(&self, aws: &Aws) -> Result<std::rc::Rc<Aws>> {
        aws.in_account(&self.account, &self.role, &self.region).await
    }
}

fn is_ours(stack: &Found, cx: &Context<'_>) -> bool {
    stack.is_of(&cx.aws.stack, &cx.known.scope)
}

/// The tags with the hub's account and region: elsewhere, a hub of the same name may have the same target.
fn with_hub(tags: &Tags, scope: &Scope) -> Tags {
    let mut tags = tags.clone();
    tags.insert(HUB_ACCOUNT_TAG.to_owned(), scope.account.clone());
    tags.insert(HUB_REGION_TAG.to_owned(), scope.region.clone());
    tags
}

async fn read(aws: &Aws, place: &Place) -> Result<Option<Found>> {
    calls::read(&*place.there(aws).await?, &place.name).await
}

/// The same, unless it is the spoke of another hub of this name. Nobody may adopt that: each of the two hubs would change it back.
async fn read_alone(aws: &Aws, place: &Place) -> Result<Option<Found>> {
    let Some(stack) = read(aws, place).await? else {
        return Ok(None);
    };
    match stack.of_namesake(&aws.stack, aws.scope().await?) {
        Some(region) => Err(failure::of_namesake(place, &aws.stack, region)),
        None => Ok(Some(stack)),
    }
}

/// A stack that left the stack file. If it was taken over by somebody else, only its record is left to remove.
async fn orphan(aws: &Aws, record: &Record) -> Result<(NodeId, Live)> {
    let (id, place) = (record.place.id(), &record.place);
    let stack = read(aws, place).await.map_err(|fault| {
        let help = format!("{}; {}", fault.help(), record.forget(&aws.connection.region));
        let fault = fault.of(|| format!("{id} ({})", place.name));
        crate::resource::Fault {
            hint: Some(help),
            ..fault
        }
    })?;
    let scope = aws.scope().await?;
    let live = Live {
        place: place.clone(),
        bus: record.bus.clone(),
        recorded: Some(place.role.clone()),
        stack: stack.filter(|stack| stack.is_of(&aws.stack, scope)),
    };
    Ok((id, live))
}

#[cfg(test)]
mod tests;
