//! Reads rules. The rules of each bus are listed once. Tags are read for each rule, because no list contains them.

use std::collections::HashSet;
use std::rc::Rc;

use aws_sdk_eventbridge::types as sdk;
use serde_json::Value;

use super::Live;
use crate::aws::Aws;
use crate::aws::call::pages;
use crate::aws::fault::{Result, found};
use crate::aws::tags::Tags;
use crate::resource::eventbridge::{DEFAULT_BUS, read_tags, tags_of};
use crate::resource::{Presence, tags};

/// Bus and name of the rules in the tagging index that are not `wanted`.
pub(in crate::resource) async fn left<'a>(
    aws: &'a Aws,
    wanted: &HashSet<(&str, &str)>,
) -> Result<Vec<(&'a str, &'a str)>> {
    let rules = aws.tagged_names("events", "rule/").await?.into_iter();
    let places = rules.map(|rule| rule.rsplit_once('/').unwrap_or((DEFAULT_BUS, rule)));
    Ok(places.filter(|place| !wanted.contains(place)).collect())
}

/// The current state of the rule at this place, if it still belongs to the stack.
pub(in crate::resource) async fn of_stack(aws: &Aws, (bus, name): (&str, &str)) -> Result<Option<Live>> {
    Ok(match read(aws, bus, name, None).await? {
        Presence::Ours(live) => Some(live),
        Presence::Foreign(_) | Presence::Absent => None,
    })
}

/// The rule `name`, which should have the tags `wanted`.
///
/// The tags of a rule are not read if the tagging index already has the wanted ones: with dozens of rules, reading
/// tags would be most of a plan's calls. The index is seconds behind, so tags that differ or are missing there are
/// read.
pub(super) async fn read(aws: &Aws, bus: &str, name: &str, wanted: Option<&Tags>) -> Result<Presence<Live>> {
    let (rules, tagged) = futures::try_join!(of_bus(aws, bus), aws.tagged())?;
    let Some(rule) = rules.iter().find(|rule| rule.name() == Some(name)) else {
        return Ok(Presence::Absent);
    };
    let live = Live {
        bus_name: bus.to_owned(),
        ..Live::of(rule)
    };
    // A rule that an AWS service manages is the service's, whatever its tags.
    if live.managed_by.is_some() {
        return Ok(Presence::Foreign(live));
    }
    let indexed = tagged.iter().find(|tagged| tagged.arn == live.arn);
    let tags = match (indexed, wanted) {
        (Some(indexed), Some(wanted)) if tags::are(&indexed.tags, wanted) => {
            Rc::new(Some(indexed.tags.clone()))
        }
        _ => tags_of(aws, &live.arn).await?,
    };
    Ok(match tags.as_ref() {
        Some(tags) => Presence::of(
            aws.owns(tags),
            Live {
                tags: tags.clone(),
                ..live
            },
        ),
        None => Presence::Absent,
    })
}

/// The current state of a rule with a pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct Now {
    pub name: String,
    pub pattern: Value,
    /// Whether it matches events at all.
    pub enabled: bool,
}

/// The rules of a bus that have a pattern. Empty if there is no such bus.
pub async fn now(aws: &Aws, bus: &str) -> Result<Vec<Now>> {
    let rules = of_bus(aws, bus).await?;
    let now = |rule: &sdk::Rule| {
        let live = Live::of(rule);
        Some(Now {
            name: live.name,
            pattern: live.pattern?,
            enabled: live.state != sdk::RuleState::Disabled.as_str(),
        })
    };
    Ok(rules.iter().filter_map(now).collect())
}

/// All rules of a bus, whoever made them, without their tags. Empty if there is no such bus.
pub(in crate::resource) async fn all(aws: &Aws, bus: &str) -> Result<Vec<Live>> {
    Ok(of_bus(aws, bus).await?.iter().map(Live::of).collect())
}

/// The same as EventBridge lists them, which is done once.
async fn of_bus(aws: &Aws, bus: &str) -> Result<Rc<Vec<sdk::Rule>>> {
    aws.once(format!("events:ListRules {bus}"), async || {
        let rules = pages(async |token| {
            let request = aws.connection.clients.events.list_rules();
            let request = request.event_bus_name(bus).set_next_token(token);
            let page = aws.call("events:ListRules", || request.clone().send()).await?;
            Ok((page.rules.unwrap_or_default(), page.next_token))
        });
        Ok(found(rules.await)?.unwrap_or_default())
    })
    .await
}

/// The current owner of the rule `name`, with its tags.
pub(super) async fn look(aws: &Aws, bus: &str, name: &str) -> Result<Presence<Tags>> {
    let request = aws.connection.clients.events.describe_rule();
    let request = request.name(name).event_bus_name(bus);
    let Some(rule) = found(aws.call("events:DescribeRule", || request.clone().send()).await)? else {
        return Ok(Presence::Absent);
    };
    let tags = read_tags(aws, rule.arn().unwrap_or_default()).await?;
    Ok(match tags {
        Some(tags) if rule.managed_by().is_none_or(str::is_empty) => {
            Presence::of(aws.owns(&tags), tags.clone())
        }
        Some(tags) => Presence::Foreign(tags),
        None => Presence::Absent,
    })
}

impl Live {
    fn of(rule: &sdk::Rule) -> Self {
        let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        // AWS stores the pattern as text. Key order and spaces have no meaning.
        let parsed = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
        Self {
            name: rule.name().unwrap_or_default().to_owned(),
            bus_name: rule.event_bus_name().unwrap_or(DEFAULT_BUS).to_owned(),
            arn: rule.arn().unwrap_or_default().to_owned(),
            description: rule.description().unwrap_or_default().to_owned(),
            pattern: rule.event_pattern().filter(|text| !text.is_empty()).map(parsed),
            schedule: text(rule.schedule_expression()),
            role_arn: text(rule.role_arn()),
            state: rule.state().map_or("", sdk::RuleState::as_str).to_owned(),
            managed_by: text(rule.managed_by()),
            tags: Tags::new(),
        }
    }
}
