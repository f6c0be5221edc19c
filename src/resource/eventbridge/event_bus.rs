//! An EventBridge event bus that the stack owns. The account's default bus is never managed.

use alertctl_relay::{console_page, encode_fragment};
use aws_sdk_eventbridge::types::{DeadLetterConfig, LogConfig};
use serde_json::Value;

use crate::aws::fault::{found, gone};
use crate::aws::policy::{self, Policy};
use crate::resource::access::{ANY, Access};
use crate::resource::cloudformation::stack::record;
use crate::resource::eventbridge::{DEFAULT_BUS, EVENT_BUS, bus_arn, explained, listed, put_tags, read_tags};
use crate::resource::{
    Aws, Changes, Context, Fault, Fields, Handling, Known, Observed, Output, Resource, Result, Tags, Wanted,
    converge, named,
};

mod template;

/// The desired bus.
#[derive(Debug, Clone)]
pub struct EventbridgeEventBus {
    pub name: String,
    pub description: Option<String>,
    /// Who else may send events to it; its statements have [`MEMBERS`] as their id.
    pub policy: Option<Policy>,
    pub tags: Tags,
}

/// The id of the statement that alertctl writes into the policy of a bus. A policy without it is somebody else's and stays.
pub const MEMBERS: &str = "MembersMaySend";

/// A bus as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    name: String,
    arn: String,
    description: Option<String>,
    /// As alertctl wrote it.
    policy: Option<Value>,
    others: Others,
    tags: Tags,
}

/// Settings that alertctl does not manage. They are sent back with each update so that they stay unchanged.
#[derive(Debug, Clone, PartialEq, Default)]
struct Others {
    kms_key: Option<String>,
    dead_letters: Option<DeadLetterConfig>,
    log: Option<LogConfig>,
}

const BUS: &str = "arn:{partition}:events:{region}:{account}:event-bus/{prefix}";

impl Resource for EventbridgeEventBus {
    const KIND: &'static str = EVENT_BUS;
    const HANDLING: Handling = Handling {
        // EventBridge refuses to delete a bus with rules. The spokes of an organization send to it until they are gone, and
        // its tags remember those that no stack set has.
        deleted_after: &[
            "cloudformation-stack",
            "cloudformation-stack-set",
            "eventbridge-rule",
            "eventbridge-targets",
        ],
        ..Handling::USUAL
    };
    const ACCESS: &'static [Access] = &[
        Access::read(&["events:DescribeEventBus", "events:ListTagsForResource"], &[BUS]),
        Access::write(&["events:CreateEventBus", "events:TagResource"], &[BUS]),
        Access::change(&["events:UntagResource", "events:UpdateEventBus"], &[BUS]),
        Access::write(&["events:PutPermission"], ANY).because("EventBridge has no type of resource for it"),
        Access::delete(&["events:DeleteEventBus"], &[BUS]),
    ];
    type Live = Live;

    fn name(&self) -> String {
        self.name.clone()
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        let listed = async || {
            let mut names = aws.tagged_names("events", "event-bus/").await?;
            names.retain(|name| *name != DEFAULT_BUS);
            Ok(names)
        };
        named::observe(
            aws,
            wanted,
            listed,
            async |name, _| read(aws, name).await,
            |live| &live.tags,
        )
        .await
    }

    fn uses(&self, access: &Access) -> bool {
        self.policy.is_some() || !access.actions.contains(&"events:PutPermission")
    }

    fn fields(&self, known: &Known) -> Fields {
        let Self {
            name,
            description,
            policy,
            tags,
        } = self;
        let description = description.as_deref().filter(|text| !text.is_empty());
        let fields = Fields::default()
            .set("name", name.as_str())
            .set_some("description", description);
        let fields = match policy {
            Some(policy) => fields.policy("policy", policy, known),
            None => fields,
        };
        fields.tags(tags)
    }

    fn live_fields(live: &Live) -> Fields {
        let Live {
            name,
            arn: _,
            description,
            policy,
            others: _,
            tags,
        } = live;
        Fields::default()
            .set("name", name.as_str())
            .set_some("description", description.as_deref())
            .set_some("policy", policy.clone())
            .live_tags(tags)
    }

    fn live_name(live: &Live) -> String {
        live.name.clone()
    }

    fn output(live: &Live) -> Output {
        Output::of_arn(live.arn.clone())
    }

    fn console_page(name: &str, _output: &Output, region: &str) -> Option<String> {
        console_page(
            region,
            "events/home",
            &format!("/eventbus/{}", encode_fragment(name)),
        )
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Live> {
        let events = &cx.aws.connection.clients.events;
        let request = events
            .create_event_bus()
            .name(&self.name)
            .set_description(self.description.clone())
            .set_tags(Some(listed(&self.tags)));
        let created = cx.aws.call("events:CreateEventBus", || request.clone().send());
        let arn = match created.await.map_err(explained) {
            Err(fault) if fault.is(&["ResourceAlreadyExistsException"]) => {
                // After a lost answer or a retry the bus may already exist: it is ours only if its tags say so.
                return match read(cx.aws, &self.name).await? {
                    Some(live) if cx.aws.owns(&live.tags) => converge(self, live, cx).await,
                    Some(_) => Err(fault.hint(
                        "somebody created a bus with this name in the meantime: choose another name, or see \
                         `alertctl plan` for how to adopt it",
                    )),
                    None => Err(fault),
                };
            }
            result => result?.event_bus_arn.unwrap_or_default(),
        };
        Ok(Live {
            name: self.name.clone(),
            arn,
            description: self.description.clone(),
            policy: self.permit(cx).await?,
            others: Others::default(),
            tags: self.tags.clone(),
        })
    }

    async fn update(&self, live: Live, changes: &Changes, cx: &Context<'_>) -> Result<Live> {
        let events = &cx.aws.connection.clients.events;
        // Ownership first: if a later call fails, the next run finishes the rest.
        put_tags(cx.aws, &live.arn, &live.tags, &self.tags).await?;
        if changes.touch("description") {
            let Others {
                kms_key,
                dead_letters,
                log,
            } = &live.others;
            let request = events
                .update_event_bus()
                .name(&self.name)
                .description(self.description.as_deref().unwrap_or_default())
                .set_kms_key_identifier(kms_key.clone())
                .set_dead_letter_config(dead_letters.clone())
                .set_log_config(log.clone());
            let updated = cx.aws.call("events:UpdateEventBus", || request.clone().send());
            updated.await.map_err(explained)?;
        }
        let policy = match changes.touch("policy") {
            true => self.permit(cx).await?,
            false => live.policy.clone(),
        };
        Ok(Live {
            description: self.description.clone(),
            policy,
            tags: self.tags.clone(),
            ..live
        })
    }

    async fn delete(live: Live, cx: &Context<'_>) -> Result<()> {
        record::none_unseen(cx.aws, &live.name, &live.tags)?;
        let events = &cx.aws.connection.clients.events;
        // EventBridge may still see rules that were just deleted.
        let request = events.delete_event_bus().name(&live.name);
        let deleted = cx.aws.call("events:DeleteEventBus", || request.clone().send());
        gone(deleted.await).map_err(|fault| match has_rules(&fault) {
            true => Fault { hint: None, ..fault }.hint(
                "rules that are not this stack's are on the bus: delete them, then run the same command again",
            ),
            false => explained(fault),
        })
    }
}

impl EventbridgeEventBus {
    /// Sets the wanted policy in place of the one that the bus has, and returns it.
    async fn permit(&self, cx: &Context<'_>) -> Result<Option<Value>> {
        let Some(policy) = &self.policy else {
            return Ok(None);
        };
        let document = cx.policy(policy)?;
        let events = &cx.aws.connection.clients.events;
        let request = events
            .put_permission()
            .event_bus_name(&self.name)
            .policy(&document);
        let permitted = cx.aws.call("events:PutPermission", || request.clone().send());
        permitted.await.map_err(explained)?;
        Ok(Some(policy::parse(&document)))
    }
}

/// "Event bus can't be deleted since it has rules."
fn has_rules(fault: &Fault) -> bool {
    fault.says("ValidationException", "can't be deleted")
}

async fn read(aws: &Aws, name: &str) -> Result<Option<Live>> {
    let events = &aws.connection.clients.events;
    let arn = bus_arn(aws, name).await?;
    let bus = async {
        let request = events.describe_event_bus().name(name);
        found(
            aws.call("events:DescribeEventBus", || request.clone().send())
                .await,
        )
    };
    let (bus, tags) = futures::try_join!(bus, read_tags(aws, &arn))?;
    let (Some(bus), Some(tags)) = (bus, tags) else {
        return Ok(None);
    };
    Ok(Some(Live {
        name: name.to_owned(),
        arn: bus.arn.unwrap_or(arn),
        description: bus.description.filter(|text| !text.is_empty()),
        policy: bus
            .policy
            .filter(|text| text.contains(MEMBERS))
            .map(|text| policy::parse(&text)),
        others: Others {
            kms_key: bus.kms_key_identifier,
            dead_letters: bus.dead_letter_config,
            log: bus.log_config,
        },
        tags,
    }))
}

#[cfg(test)]
mod tests;
