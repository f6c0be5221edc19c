//! Rules of EventBridge with their targets, and the API destinations that targets may be.

use std::rc::Rc;

use serde_json::Value;

use super::Selection;
use crate::aws::call::pages;
use crate::aws::{Aws, concurrently};
use crate::resource::any::AnyLive;
use crate::resource::eventbridge::rule::EventbridgeRule;
use crate::resource::eventbridge::targets::{EventbridgeTargets, Target};
use crate::resource::eventbridge::{rule, targets};
use crate::resource::{Resource as _, Result, Tags};

/// A rule.
#[derive(Debug, Clone, Default)]
pub struct Rule {
    pub name: String,
    pub arn: String,
    pub bus: String,
    pub description: String,
    pub pattern: Option<Value>,
    /// `rate(…)` or `cron(…)`.
    pub schedule: Option<String>,
    pub role_arn: Option<String>,
    /// `ENABLED`, `DISABLED` or `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS`.
    pub state: String,
    pub targets: Vec<Target<String>>,
    /// Whether the targets were read.
    pub has_targets_read: bool,
    /// Whether a target has settings that are not in [`Target`].
    pub is_altered: bool,
    /// `None` if they could not be read.
    pub tags: Option<Tags>,
}

impl Rule {
    /// The rule and its targets as their kinds read them, by kind; without tags.
    pub fn live(&self) -> [(&'static str, AnyLive); 2] {
        let rule = rule::Live {
            name: self.name.clone(),
            bus_name: self.bus.clone(),
            arn: self.arn.clone(),
            description: self.description.clone(),
            pattern: self.pattern.clone(),
            schedule: self.schedule.clone(),
            role_arn: self.role_arn.clone(),
            state: self.state.clone(),
            managed_by: None,
            tags: Tags::new(),
        };
        let targets = targets::Live::of(&self.bus, &self.name, self.targets.clone());
        [
            (EventbridgeRule::KIND, Rc::new(rule)),
            (EventbridgeTargets::KIND, Rc::new(targets)),
        ]
    }
}

/// An address outside AWS that events go to.
#[derive(Debug, Clone, Default)]
pub struct ApiDestination {
    pub name: String,
    pub arn: String,
    /// It may be a secret: whoever knows a webhook's URL may post to it.
    pub url: String,
}

/// The rules of a region.
#[derive(Debug, Default)]
pub(super) struct Rules {
    pub selected: Vec<Rule>,
    pub managed: usize,
    pub hear_alarms: bool,
}

/// The selected rules of all buses, and what the others say.
pub(super) async fn all(aws: &Aws, selection: &Selection) -> Result<Rules> {
    let events = &aws.connection.clients.events;
    let buses = pages(async |token| {
        let request = events.list_event_buses().set_next_token(token);
        let page = aws
            .call("events:ListEventBuses", || request.clone().send())
            .await?;
        let names = page.event_buses().iter().filter_map(|bus| bus.name());
        Ok((names.map(str::to_owned).collect(), page.next_token))
    });
    let buses: Vec<String> = buses.await?;
    let rules: Vec<Vec<rule::Live>> = concurrently(&buses, async |bus| rule::all(aws, bus).await).await?;
    let (managed, rules): (Vec<_>, Vec<_>) = rules
        .into_iter()
        .flatten()
        .partition(|live| live.managed_by.is_some());
    let rule = |live: rule::Live| Rule {
        name: live.name,
        arn: live.arn,
        bus: live.bus_name,
        description: live.description,
        pattern: live.pattern,
        schedule: live.schedule,
        role_arn: live.role_arn,
        state: live.state,
        ..Rule::default()
    };
    let mut rules: Vec<_> = rules.into_iter().map(rule).collect();
    let hear_alarms = rules.iter().any(hears_alarms);
    rules.retain(|rule| selection.names(&rule.name));
    rules.sort_by(|one, other| (&one.bus, &one.name).cmp(&(&other.bus, &other.name)));
    Ok(Rules {
        selected: rules,
        managed: managed.len(),
        hear_alarms,
    })
}

/// Whether a rule hears of the changes of alarms.
fn hears_alarms(rule: &Rule) -> bool {
    let sources = rule.pattern.as_ref().and_then(|pattern| pattern.get("source"));
    let mut sources = sources.and_then(Value::as_array).into_iter().flatten();
    rule.state != "DISABLED" && sources.any(|source| source == "aws.cloudwatch")
}

/// Reads where the events of each rule go.
pub(super) async fn targets(aws: &Aws, rules: &mut [Rule]) -> Result<()> {
    let read = async |rule: &Rule| targets::all(aws, &rule.bus, &rule.name).await;
    let read: Vec<_> = concurrently(rules.iter(), read).await?;
    for (rule, (targets, is_altered)) in rules.iter_mut().zip(read) {
        (rule.targets, rule.is_altered, rule.has_targets_read) = (targets, is_altered, true);
    }
    Ok(())
}

/// The API destinations whose names are selected.
pub(super) async fn destinations(aws: &Aws, selection: &Selection) -> Result<Vec<ApiDestination>> {
    let events = &aws.connection.clients.events;
    let destinations = pages(async |token| {
        let request = events.list_api_destinations().set_next_token(token);
        let page = aws
            .call("events:ListApiDestinations", || request.clone().send())
            .await?;
        let all = page.api_destinations().iter();
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let destination = |one: &aws_sdk_eventbridge::types::ApiDestination| ApiDestination {
            name: text(one.name()),
            arn: text(one.api_destination_arn()),
            url: text(one.invocation_endpoint()),
        };
        Ok((all.map(destination).collect(), page.next_token))
    });
    let mut destinations = destinations.await?;
    destinations.retain(|one| selection.names(&one.name));
    Ok(destinations)
}
