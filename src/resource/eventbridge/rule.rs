//! An EventBridge rule: it selects the events of a bus that go to its targets.

use std::time::Duration;

use alertctl_relay::{console_page, encode_fragment};
use aws_sdk_eventbridge::types as sdk;
use serde_json::Value;

use crate::aws::fault::gone;
use crate::aws::wait;
use crate::aws::{concurrently, concurrently_found};
use crate::resource::access::{ANY, Access, Phase};
use crate::resource::eventbridge;
use crate::resource::eventbridge::event_bus::EventbridgeEventBus;
use crate::resource::eventbridge::{DEFAULT_BUS, explained, listed, put_tags};
use crate::resource::{
    About, Aws, Changes, Context, Fault, Fields, Handling, Known, NodeId, Observed, Output, Presence, Ref,
    Regions, Resource, Result, Tags, Wanted, tags,
};

mod history;
mod read;
mod template;

pub use history::{KEPT, Lookup, Page, look_up};
pub(in crate::resource) use read::all;
pub use read::{Now, now};
pub(super) use read::{left, of_stack};
use read::{look, read};

/// How long EventBridge may still see targets that were removed from a rule.
const TARGETS_GONE: Duration = Duration::from_secs(5 * 60);

/// The desired rule.
#[derive(Debug, Clone)]
pub struct EventbridgeRule {
    pub name: String,
    pub description: String,
    /// `None` for the account's default bus.
    pub bus: Option<Ref<EventbridgeEventBus>>,
    pub trigger: Trigger,
    pub state: RuleState,
    pub tags: Tags,
}

/// When a rule sends something to its targets.
#[derive(Debug, Clone, PartialEq)]
pub enum Trigger {
    /// For each event that matches this pattern, which has at most 2,048 characters.
    Pattern(Value),
    /// At these times, such as `rate(60 minutes)`; only on the default bus.
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html>
    Schedule(String),
}

/// Whether a rule matches, and which events via CloudTrail it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleState {
    /// All events except management events of read-only calls (`Describe…`, `Get…`, `List…`).
    Enabled,
    /// All events, including those.
    EnabledWithAllManagementEvents,
    Disabled,
}

/// A rule as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    pub(in crate::resource) name: String,
    pub(in crate::resource) bus_name: String,
    pub(in crate::resource) arn: String,
    pub(in crate::resource) description: String,
    pub(in crate::resource) pattern: Option<Value>,
    pub(in crate::resource) schedule: Option<String>,
    /// A rule of ours has no role. Its targets may have one.
    pub(in crate::resource) role_arn: Option<String>,
    pub(in crate::resource) state: String,
    /// The AWS service that created the rule for itself.
    pub(in crate::resource) managed_by: Option<String>,
    pub(in crate::resource) tags: Tags,
}

const RULE: &str = "arn:{partition}:events:{region}:{account}:rule/{prefix}";

impl Resource for EventbridgeRule {
    const KIND: &'static str = "eventbridge-rule";
    const IMMUTABLE: &'static [&'static str] = &["name", "bus"];
    const HANDLING: Handling = Handling {
        // EventBridge refuses to delete a rule with targets.
        deleted_after: &["eventbridge-targets"],
        regions: Regions::Any,
        ..Handling::USUAL
    };
    const ACCESS: &'static [Access] = &[
        Access::read(&["events:ListRules"], ANY).because("EventBridge lists rules as a whole"),
        Access::read(&["events:DescribeRule", "events:ListTagsForResource"], &[RULE]),
        Access::write(&["events:PutRule", "events:TagResource"], &[RULE]),
        Access::change(&["events:UntagResource"], &[RULE]),
        Access::delete(&["events:DeleteRule"], &[RULE]),
        Access::of(Phase::Backtest, &["cloudtrail:LookupEvents"], ANY)
            .because("CloudTrail knows no permission for a part of the event history"),
    ];
    type Live = Live;

    fn refs(&self) -> Vec<NodeId> {
        self.bus.iter().map(|bus| bus.id().clone()).collect()
    }

    fn name(&self) -> String {
        on_bus(self.bus_name(), &self.name)
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        let named = concurrently(wanted.iter().map(|wanted| wanted.desired), |desired| {
            read(aws, desired.bus_name(), &desired.name, Some(&desired.tags))
        });
        let places = wanted.iter().map(|wanted| wanted.desired);
        let places = places.map(|desired| (desired.bus_name(), desired.name.as_str()));
        let places = places.collect();
        let orphans = async {
            concurrently_found(left(aws, &places).await?, async |place| {
                let live = of_stack(aws, place).await?;
                Ok(live.map(|live| (live.node(Self::KIND), live)))
            })
            .await
        };
        let (wanted, orphans) = futures::try_join!(named, orphans)?;
        Ok(Observed { wanted, orphans })
    }

    fn fields(&self, _known: &Known) -> Fields {
        let Self {
            name,
            description,
            bus: _,
            trigger,
            state,
            tags,
        } = self;
        Fields::default()
            .set("name", name.as_str())
            .set("bus", self.bus_name())
            .set_some(
                "description",
                Some(description.as_str()).filter(|text| !text.is_empty()),
            )
            .set_some("pattern", trigger.pattern().cloned())
            .set_some("schedule", trigger.schedule())
            .set("state", state.to_sdk().as_str())
            .tags(tags)
    }

    fn live_fields(live: &Live) -> Fields {
        let Live {
            name,
            bus_name,
            arn: _,
            description,
            pattern,
            schedule,
            role_arn,
            state,
            managed_by: _,
            tags,
        } = live;
        Fields::default()
            .set("name", name.as_str())
            .set("bus", bus_name.as_str())
            .set_some(
                "description",
                Some(description.as_str()).filter(|text| !text.is_empty()),
            )
            .set_some("pattern", pattern.clone())
            .set_some("schedule", schedule.as_deref())
            .set_some("role_arn", role_arn.as_deref())
            .set("state", state.as_str())
            .live_tags(tags)
    }

    fn live_name(live: &Live) -> String {
        on_bus(&live.bus_name, &live.name)
    }

    fn output(live: &Live) -> Output {
        Output::of_arn(live.arn.clone())
    }

    fn console_page(name: &str, _output: &Output, region: &str) -> Option<String> {
        let (bus, rule) = name.rsplit_once('/').unwrap_or((DEFAULT_BUS, name));
        let (bus, rule) = (encode_fragment(bus), encode_fragment(rule));
        console_page(region, "events/home", &format!("/eventbus/{bus}/rules/{rule}"))
    }

    fn about(live: &Live) -> About {
        let managed =
            |service: &String| format!("created by {service} for itself: nobody else may change it");
        About {
            remark: live.managed_by.as_ref().map(managed),
            ..About::default()
        }
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Live> {
        // PutRule would overwrite a rule that was created with this name after the plan.
        let there = look(cx.aws, self.bus_name(), &self.name).await?;
        let live_tags = match there {
            Presence::Absent => None,
            // Created by a call whose answer was lost, or by a retry.
            Presence::Ours(tags) => Some(tags),
            Presence::Foreign(_) => {
                let text = format!("the rule `{}` exists and is not this stack's", self.name());
                return Err(Fault::new("events:PutRule", "RuleAlreadyExists", text).hint(
                    "somebody created it in the meantime: choose another name, or see `alertctl plan` for \
                     how to adopt it",
                ));
            }
        };
        let arn = self.put(Some(&self.tags), cx).await?;
        if let Some(live_tags) = live_tags {
            // PutRule ignores tags for an existing rule.
            put_tags(cx.aws, &arn, &live_tags, &self.tags).await?;
        }
        Ok(self.expected(arn))
    }

    async fn update(&self, live: Live, changes: &Changes, cx: &Context<'_>) -> Result<Live> {
        // Ownership first: if a later call fails, the next run finishes the rest.
        put_tags(cx.aws, &live.arn, &live.tags, &self.tags).await?;
        if changes.iter().any(|change| !change.field.starts_with("tags.")) {
            self.put(None, cx).await?;
        }
        Ok(self.expected(live.arn))
    }

    async fn delete(live: Live, cx: &Context<'_>) -> Result<()> {
        let events = &cx.aws.connection.clients.events;
        let Live { name, bus_name, .. } = &live;
        let request = events.delete_rule().name(name).event_bus_name(bus_name);
        let what = format!("the targets of rule `{}` to be deleted", on_bus(bus_name, name));
        let deleted = wait::until(TARGETS_GONE, "events:DeleteRule", &what, async || {
            match gone(cx.aws.call("events:DeleteRule", || request.clone().send()).await) {
                Err(fault) if has_targets(&fault) => {
                    // The targets were just removed and are still visible, or somebody added them to our rule after
                    // the plan.
                    eventbridge::targets::clear(cx.aws, bus_name, name).await?;
                    Ok(None)
                }
                result => result.map(Some),
            }
        });
        deleted.await.map_err(explained)
    }
}

impl Trigger {
    fn pattern(&self) -> Option<&Value> {
        match self {
            Self::Pattern(pattern) => Some(pattern),
            Self::Schedule(_) => None,
        }
    }

    fn schedule(&self) -> Option<&str> {
        match self {
            Self::Pattern(_) => None,
            Self::Schedule(schedule) => Some(schedule),
        }
    }
}

impl RuleState {
    fn to_sdk(self) -> sdk::RuleState {
        match self {
            Self::Enabled => sdk::RuleState::Enabled,
            Self::EnabledWithAllManagementEvents => sdk::RuleState::EnabledWithAllCloudtrailManagementEvents,
            Self::Disabled => sdk::RuleState::Disabled,
        }
    }
}

impl EventbridgeRule {
    /// `default`, or the name of the stack's own bus.
    fn bus_name(&self) -> &str {
        self.bus.as_ref().map_or(DEFAULT_BUS, Ref::name)
    }

    /// Sets everything: PutRule resets what is left out. Returns the ARN.
    async fn put(&self, tags: Option<&Tags>, cx: &Context<'_>) -> Result<String> {
        let events = &cx.aws.connection.clients.events;
        let request = events
            .put_rule()
            .name(&self.name)
            .event_bus_name(self.bus_name())
            .description(&self.description)
            .set_event_pattern(self.trigger.pattern().map(Value::to_string))
            .set_schedule_expression(self.trigger.schedule().map(str::to_owned))
            .state(self.state.to_sdk())
            .set_tags(tags.map(listed));
        let answer = cx.aws.call("events:PutRule", || request.clone().send()).await;
        Ok(answer.map_err(explained)?.rule_arn.unwrap_or_default())
    }

    fn expected(&self, arn: String) -> Live {
        Live {
            name: self.name.clone(),
            bus_name: self.bus_name().to_owned(),
            arn,
            description: self.description.clone(),
            pattern: self.trigger.pattern().cloned(),
            schedule: self.trigger.schedule().map(str::to_owned),
            role_arn: None,
            state: self.state.to_sdk().as_str().to_owned(),
            managed_by: None,
            tags: self.tags.clone(),
        }
    }
}

impl Live {
    /// The node of `kind` that has the same key as this rule's node.
    pub(super) fn node(&self, kind: &'static str) -> NodeId {
        let name = EventbridgeRule::live_name(self);
        NodeId {
            kind,
            key: tags::node(EventbridgeRule::KIND, &self.tags, &name).key,
        }
    }
}

/// A rule's physical name. The default bus is left out, as in ARNs.
pub(super) fn on_bus(bus: &str, name: &str) -> String {
    match bus {
        DEFAULT_BUS => name.to_owned(),
        bus => format!("{bus}/{name}"),
    }
}

/// The bus and the name of the rule with this physical name. A bus name may contain a `/`, a rule name cannot.
pub(super) fn place(physical: &str) -> (&str, &str) {
    physical.rsplit_once('/').unwrap_or((DEFAULT_BUS, physical))
}

/// "Rule can't be deleted since it has targets."
fn has_targets(fault: &Fault) -> bool {
    fault.says("ValidationException", "has targets")
}

#[cfg(test)]
mod tests;
