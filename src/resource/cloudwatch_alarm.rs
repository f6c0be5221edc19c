//! A CloudWatch metric alarm.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::{AlarmType, StateValue, Tag};
use futures::{StreamExt, TryStreamExt, stream};

use super::{
    Aws, Changes, Cx, Fault, Fields, Known, NodeId, Observed, Output, Presence, Resource, Result, Tags, Text,
    Wanted, tags,
};
use crate::aws::fault::gone;

mod condition;
mod metrics;
mod options;

pub use condition::{Condition, EvaluationWindow};
pub use metrics::{AlarmMetric, MetricQuery, MetricStat};
pub use options::{Options, PropagateTags, WarmUp};

/// The desired alarm.
#[derive(Debug, Clone)]
pub struct CloudwatchAlarm {
    pub name: String,
    pub description: Option<String>,
    pub actions_enabled: bool,
    /// ARNs; those of topics are computed, and CloudWatch does not look whether they exist.
    pub alarm_actions: Vec<Text>,
    pub ok_actions: Vec<Text>,
    pub insufficient_data_actions: Vec<Text>,
    pub metric: AlarmMetric,
    /// `None` for a PromQL query, which holds its own.
    pub condition: Option<Condition>,
    pub options: Options,
    pub tags: Tags,
}

/// An alarm as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    name: String,
    arn: String,
    /// All but the tags, under the names of the desired fields.
    settings: Fields,
    /// Why it is in `ALARM`, when it is.
    alarm: Option<String>,
    tags: Tags,
}

/// How many alarms one call describes.
const BATCH: usize = 100;

impl Resource for CloudwatchAlarm {
    const KIND: &'static str = "cloudwatch-alarm";
    // Composite alarms share their names with metric alarms: adopting one's name replaces it.
    const IMMUTABLE: &'static [&'static str] = &["type"];
    type Live = Live;

    fn refs(&self) -> Vec<NodeId> {
        Vec::new()
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        let names: Vec<_> = wanted.iter().map(|wanted| wanted.desired.name.as_str()).collect();
        let (named, tagged) = futures::try_join!(describe(aws, &names), aws.tagged())?;
        let listed: BTreeMap<_, _> = tagged
            .iter()
            .filter(|tagged| tagged.service() == "cloudwatch")
            .filter_map(|tagged| Some((tagged.resource().strip_prefix("alarm:")?, &tagged.tags)))
            .collect();
        // The list is a little behind: what it does not hold yet is asked for its tags itself.
        let named = stream::iter(named)
            .map(async |live| match listed.get(live.name.as_str()) {
                Some(tags) => Ok(Live {
                    tags: (*tags).clone(),
                    ..live
                }),
                None => Ok(Live {
                    tags: read_tags(aws, &live.arn).await?,
                    ..live
                }),
            })
            .buffered(16)
            .try_collect();
        let left: Vec<_> = listed
            .keys()
            .copied()
            .filter(|name| !names.contains(name))
            .collect();
        let (named, left): (Vec<Live>, _) = futures::try_join!(named, describe(aws, &left))?;
        let named: BTreeMap<_, _> = named.iter().map(|live| (live.name.as_str(), live)).collect();
        let present = |name: &&str| match named.get(*name) {
            Some(live) => Presence::by_tag(aws, &live.tags, (*live).clone()),
            None => Presence::Absent,
        };
        let orphan = |live: Live| {
            let tags = listed.get(live.name.as_str()).map(|tags| (*tags).clone());
            let tags = tags.unwrap_or_default();
            (tags::node(Self::KIND, &tags, &live.name), Live { tags, ..live })
        };
        Ok(Observed {
            wanted: names.iter().map(present).collect(),
            orphans: left.into_iter().map(orphan).collect(),
        })
    }

    fn fields(&self, known: &Known) -> Fields {
        self.settings(known).tags(&self.tags)
    }

    fn live_fields(live: &Live) -> Fields {
        live.settings.clone().live_tags(&live.tags)
    }

    fn live_name(live: &Live) -> String {
        live.name.clone()
    }

    fn output(live: &Live) -> Output {
        Output {
            arn: live.arn.clone(),
            id: String::new(),
        }
    }

    fn remark(live: &Live) -> Option<String> {
        live.alarm.clone()
    }

    async fn create(&self, cx: &Cx<'_>) -> Result<Live> {
        self.put(Some(&self.tags), cx).await?;
        let arn = Text::arn("cloudwatch", format!("alarm:{}", self.name));
        self.wished(cx.text(&arn)?, cx)
    }

    async fn update(&self, live: Live, changes: &Changes, cx: &Cx<'_>) -> Result<Live> {
        let cloudwatch = &cx.aws.connection.clients.cloudwatch;
        if changes.iter().any(|change| !change.field.starts_with("tags.")) {
            // Tags of an alarm that is there are ignored by this call.
            self.put(None, cx).await?;
        }
        let (put, remove) = tags::patch(&live.tags, &self.tags);
        if !put.is_empty() {
            let put = Some(in_aws_words(&put));
            let send = cloudwatch
                .tag_resource()
                .resource_arn(&live.arn)
                .set_tags(put)
                .send();
            cx.aws.call("cloudwatch:TagResource", send).await?;
        }
        if !remove.is_empty() {
            let remove = Some(remove);
            let send = cloudwatch
                .untag_resource()
                .resource_arn(&live.arn)
                .set_tag_keys(remove)
                .send();
            cx.aws.call("cloudwatch:UntagResource", send).await?;
        }
        self.wished(live.arn, cx)
    }

    async fn delete(live: Live, cx: &Cx<'_>) -> Result<()> {
        let cloudwatch = &cx.aws.connection.clients.cloudwatch;
        let send = cloudwatch.delete_alarms().alarm_names(&live.name).send();
        gone(cx.aws.call("cloudwatch:DeleteAlarms", send).await).map_err(|fault| {
            match fault.message.contains("composite alarm") {
                true => fault.hint("a composite alarm refers to it: change that one first"),
                false => fault,
            }
        })
    }
}

impl CloudwatchAlarm {
    fn settings(&self, known: &Known) -> Fields {
        let Self {
            name,
            description,
            actions_enabled,
            alarm_actions,
            ok_actions,
            insufficient_data_actions,
            metric,
            condition,
            options,
            tags: _,
        } = self;
        let actions = |texts: &[Text]| {
            let arns: Result<Vec<_>, _> = texts.iter().map(|text| text.fill(known)).collect();
            arns.map(in_order)
        };
        let fields = Fields::default()
            .set("name", name.as_str())
            .set_some(
                "description",
                description.as_deref().filter(|text| !text.is_empty()),
            )
            .set("actions_enabled", *actions_enabled)
            .when_known("alarm_actions", actions(alarm_actions))
            .when_known("ok_actions", actions(ok_actions))
            .when_known("insufficient_data_actions", actions(insufficient_data_actions));
        let fields = metric.fields(fields);
        let fields = match condition {
            Some(condition) => condition.fields(fields),
            None => fields,
        };
        options.fields(fields)
    }

    fn wished(&self, arn: String, cx: &Cx<'_>) -> Result<Live> {
        Ok(Live {
            name: self.name.clone(),
            arn,
            settings: self.settings(&cx.known),
            alarm: None,
            tags: self.tags.clone(),
        })
    }

    /// Sets everything, whatever was there; the alarm's state stays.
    async fn put(&self, tags: Option<&Tags>, cx: &Cx<'_>) -> Result<()> {
        let actions = |texts: &[Text]| {
            texts
                .iter()
                .map(|text| cx.text(text))
                .collect::<Result<Vec<_>>>()
                .map(Some)
        };
        let put = cx.aws.connection.clients.cloudwatch.put_metric_alarm();
        let put = self.options.put(self.metric.put(put));
        let put = match &self.condition {
            Some(condition) => condition.put(put),
            None => put,
        };
        let send = put
            .alarm_name(&self.name)
            .set_alarm_description(self.description.clone())
            .actions_enabled(self.actions_enabled)
            .set_alarm_actions(actions(&self.alarm_actions)?)
            .set_ok_actions(actions(&self.ok_actions)?)
            .set_insufficient_data_actions(actions(&self.insufficient_data_actions)?)
            .set_tags(tags.map(in_aws_words))
            .send();
        let sent = cx.aws.call("cloudwatch:PutMetricAlarm", send).await;
        sent.map(drop)
            .map_err(|fault| {
                match fault.is(&["LimitExceeded", "LimitExceededFault"]) {
            true => fault.hint(
                "the account's alarms in this region are used up: delete some, or ask AWS for more (quota \
                 `Number of CloudWatch alarms`)",
            ),
            false => fault,
        }
            })
    }
}

/// An alarm as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Now {
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
    /// The states on which it tells somebody.
    pub tells_on: Vec<&'static str>,
}

/// The alarm called `name`; `None` where there is none.
pub async fn now(aws: &Aws, name: &str) -> Result<Option<Now>> {
    let send = aws
        .connection
        .clients
        .cloudwatch
        .describe_alarms()
        .alarm_names(name)
        .send();
    let answer = aws.call("cloudwatch:DescribeAlarms", send).await?;
    let now = |alarm: &aws_sdk_cloudwatch::types::MetricAlarm| {
        let actions = [
            ("ALARM", alarm.alarm_actions()),
            ("OK", alarm.ok_actions()),
            ("INSUFFICIENT_DATA", alarm.insufficient_data_actions()),
        ];
        let on = actions.into_iter().filter(|(_, actions)| !actions.is_empty());
        Now {
            state: alarm
                .state_value()
                .map_or("INSUFFICIENT_DATA", StateValue::as_str)
                .to_owned(),
            tells_on: on.map(|(state, _)| state).collect(),
        }
    };
    Ok(answer.metric_alarms().first().map(now))
}

/// Puts the alarm `name` into `state` (`OK`, `ALARM`, `INSUFFICIENT_DATA`) until its next evaluation, and so
/// runs the actions of that state.
pub async fn set_state(aws: &Aws, name: &str, state: &str, reason: &str) -> Result<()> {
    let send = aws
        .connection
        .clients
        .cloudwatch
        .set_alarm_state()
        .alarm_name(name)
        .state_value(StateValue::from(state))
        .state_reason(reason)
        .send();
    aws.call("cloudwatch:SetAlarmState", send).await.map(drop)
}

/// Describes the alarms with these names, of both types; their tags are not part of the answer.
async fn describe(aws: &Aws, names: &[&str]) -> Result<Vec<Live>> {
    let batches = stream::iter(names.chunks(BATCH)).map(async |names| {
        let send = aws
            .connection
            .clients
            .cloudwatch
            .describe_alarms()
            .set_alarm_names(Some(names.iter().map(|name| (*name).to_owned()).collect()))
            .alarm_types(AlarmType::MetricAlarm)
            .alarm_types(AlarmType::CompositeAlarm)
            .max_records(BATCH as i32)
            .send();
        let answer = aws.call("cloudwatch:DescribeAlarms", send).await?;
        let metric = answer.metric_alarms().iter().map(metrics::read);
        let composite = answer.composite_alarms().iter().map(metrics::read_composite);
        Ok::<Vec<Live>, Fault>(metric.chain(composite).collect())
    });
    batches.buffered(8).try_concat().await
}

async fn read_tags(aws: &Aws, arn: &str) -> Result<Tags> {
    let cloudwatch = &aws.connection.clients.cloudwatch;
    let send = cloudwatch.list_tags_for_resource().resource_arn(arn).send();
    let answer = aws.call("cloudwatch:ListTagsForResource", send).await?;
    let pair = |tag: &Tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned()));
    Ok(answer.tags().iter().filter_map(pair).collect())
}

/// Actions run in no particular order.
fn in_order(mut arns: Vec<String>) -> Vec<String> {
    arns.sort_unstable();
    arns
}

fn in_aws_words(tags: &Tags) -> Vec<Tag> {
    tags.iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}

#[cfg(test)]
#[path = "tests/cloudwatch_alarm.rs"]
mod tests;
